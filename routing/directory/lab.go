package directory

import (
	_ "embed"
	"net/netip"
)

//go:embed lab.yaml
var labYAML []byte

// LabFile names the embedded lab in problems.
const LabFile = "lab.yaml"

// LabContents returns the embedded lab with its simulated centres at sim, 127.0.0.1:5070 when sim is the zero value.
func LabContents(sim netip.AddrPort) *File {
	f, problems := Parse(LabFile, labYAML, Options{Sim: sim})
	if len(problems) > 0 { // a test loads the same bytes
		return &File{Network: &Network{}}
	}
	return f
}

// Lab returns a snapshot of the embedded lab.
func Lab(sim netip.AddrPort) *Snapshot {
	s, _ := LabContents(sim).Snapshot() // a test loads the same bytes
	return s
}
