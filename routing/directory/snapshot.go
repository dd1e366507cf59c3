package directory

import (
	"net/netip"

	"callbox/config/strict"
)

// Snapshot is everything a decision reads. It never changes and is safe for concurrent use.
type Snapshot struct{}

// Lab returns the embedded lab with its simulated centres at sim, 127.0.0.1:5070 when sim is the zero value.
func Lab(sim netip.AddrPort) *Snapshot { return nil }

// Options fill in what a directory file leaves to the place it is loaded at.
type Options struct {
	Sim netip.AddrPort // address of the built-in simulated centres, the URI host "sim"; zero is 127.0.0.1:5070
}

// PSAPs returns every centre, ECCs included, for the registry and the simulator, in the order of the file.
func (s *Snapshot) PSAPs() []PSAP { return nil }

// Domain finds a domain by any of its host forms.
func (s *Snapshot) Domain(host string) (*Domain, bool) { return nil, false }

// Trunk finds a trunk by any of its host forms.
func (s *Snapshot) Trunk(host string) (*Trunk, bool) { return nil, false }

// Number finds a number by E.164.
func (s *Snapshot) Number(e164 string) (*Number, bool) { return nil, false }

// Announcement returns the URI of the announcement that plays when every target failed, "" for none.
func (s *Snapshot) Announcement() string { return "" }

// Test returns the test service.
func (s *Snapshot) Test() TestService { return TestService{} }

// Load builds a snapshot from directory YAML; file names it in problems.
func Load(file string, src []byte, o Options) (*Snapshot, strict.Problems) { return nil, nil }
