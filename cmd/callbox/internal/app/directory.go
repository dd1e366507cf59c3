package app

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"os"
	"strings"

	"github.com/rs/zerolog"

	"callbox/cmd/callbox/internal/web"
	"callbox/config/strict"
	"callbox/psap/sim"
	"callbox/routing/directory"
	"callbox/sip/call"
)

// LoadDirectory reads the directory file, the embedded lab when file is "", with its simulated centres at address.
func LoadDirectory(file string, address netip.AddrPort) (*directory.Snapshot, strict.Problems) {
	f, problems := readDirectory(file, address)
	if len(problems) > 0 {
		return nil, problems
	}
	s, _ := f.Snapshot() // what it would leave out is a problem of the file
	return s, nil
}

// readDirectory reads the directory file, the embedded lab when file is "".
func readDirectory(file string, address netip.AddrPort) (*directory.File, strict.Problems) {
	if file == "" {
		return directory.LabContents(address), nil
	}
	src, err := os.ReadFile(file)
	if err != nil {
		return nil, strict.Problems{unreadable(file, err)}
	}
	return directory.Parse(file, src, directory.Options{Sim: address})
}

// digest tells two contents of a file apart; zero is no file.
type digest [sha256.Size]byte

// digestOf returns the digest of a file, zero where it cannot be read.
func digestOf(file string) digest {
	src, err := os.ReadFile(file)
	if file == "" || err != nil {
		return digest{}
	}
	return sha256.Sum256(src)
}

// unreadable puts a file error into a problem.
func unreadable(file string, err error) strict.Problem {
	var p *fs.PathError
	if errors.As(err, &p) {
		err = p.Err
	}
	return strict.Problem{File: file, Message: "cannot be read: " + err.Error(), Mend: "name a file that this user may read"}
}

// sources are the digests of the files that a reload looks at.
type sources struct {
	scripts digest
}

// CheckScripts returns what is wrong with a file of scripts for the simulated centres.
func CheckScripts(file string) error {
	server, err := sim.New(sim.Options{Scripts: file, Voice: "builtin"})
	if err != nil {
		return err
	}
	return server.Close()
}

// Notes says what of a good directory with its simulated centres at address may not be meant: names that no script has,
// the embedded ones or those of the file scripts.
func Notes(s *directory.Snapshot, scripts string, address netip.AddrPort) []string {
	server, err := sim.New(sim.Options{Scripts: scripts, Voice: "builtin"})
	if err != nil {
		return nil // CheckScripts says what is wrong with them
	}
	defer server.Close()
	var notes []string
	note := func(what, uri, then string) {
		name, ok := simulatedName(uri, address)
		if _, known := server.Script(name); ok && !known {
			notes = append(notes, fmt.Sprintf("%s: no script is named %q, %s", what, name, then))
		}
	}
	for _, p := range s.PSAPs() {
		note("centre "+p.ID, p.URI, "so it does what the default script says")
	}
	note("test_service", s.Test().URI, "so its calls are answered 404")
	note("announcement", s.Announcement(), "so its calls are answered 404")
	return notes
}

// simulator is the built-in call centres, or with those switched off only the services every edge needs: the test
// service and the announcement, on a loopback port of the system's choice.
type simulator struct {
	server  *sim.Server
	enabled bool
}

// startSimulator comes before the directory, whose URIs need its real address.
func (a *App) startSimulator(context.Context) error {
	o := sim.Options{Voice: a.settings.Sim.Voice, Logger: a.part("sim"), Address: "127.0.0.1:0", Starved: a.reserve.starved}
	if a.settings.Sim.Enabled {
		o.Address, o.Scripts = a.settings.Sim.Address.String(), a.settings.Sim.Scripts
	}
	server, err := sim.New(o)
	var problems strict.Problems
	if errors.As(err, &problems) {
		return problems
	}
	if err != nil {
		return fmt.Errorf("build simulated call centres: %w", err)
	}
	if err := server.Start(); err != nil {
		return errors.Join(bindError("sim", o.Address, "--sim or sim.address", err), server.Close())
	}
	a.simulator = &simulator{server, a.settings.Sim.Enabled}
	a.sources.scripts = digestOf(o.Scripts)
	a.started(server.Close)
	return nil
}

// Transcripts returns what was spoken of a call at each centre here.
func (s *simulator) Transcripts(id call.ID) []web.Transcript {
	var out []web.Transcript
	for _, c := range s.server.CallsOf(string(id)) {
		out = append(out, web.Transcript{
			Centre: c.Centre, Name: c.Name, AnsweredAt: c.AnsweredAt.UTC(), Number: c.Number, CallerName: c.CallerName, Address: c.Address, Received: received(c), Voice: c.Voice,
			Said: append([]string{}, c.Said...), Digits: c.Digits,
			TransferTo: c.TransferTo, Transfer: c.Transfer,
		})
	}
	return out
}

// received is what a simulated centre was delivered beside number and address, nil for nothing.
func received(c sim.Call) *web.Received {
	b := c.Beside
	if c.Point == nil && len(b.Geolocation)+len(b.CallInfo) == 0 {
		return nil
	}
	r := &web.Received{Geolocation: b.Geolocation, Routing: b.Routing, CallInfo: b.CallInfo}
	if p := c.Point; p != nil {
		r.Point = &web.ReceivedPoint{Lat: p.Lat, Lon: p.Lon, Uncertainty: p.Uncertainty}
	}
	for _, d := range b.Data {
		r.AdditionalData = append(r.AdditionalData, web.ReceivedBlock(d))
	}
	return r
}

// follow makes the centres of a directory that live at the simulator exist there.
func (s *simulator) follow(n *directory.Network, log zerolog.Logger) {
	centres := simulated(n.PSAPs(), s.server.Addr())
	if s.enabled {
		s.server.SetCentres(centres)
	} else if len(centres) > 0 {
		log.Warn().Int("centres", len(centres)).Msg("call centres of the directory are simulated ones, which are switched off; their calls go to the next target")
	}
}

// simulated returns the centres whose URI leads to the simulator at address.
func simulated(psaps []directory.PSAP, address netip.AddrPort) []sim.Centre {
	var centres []sim.Centre
	for _, p := range psaps {
		if name, ok := simulatedName(p.URI, address); ok {
			centres = append(centres, sim.Centre{ID: name, Name: p.Name})
		}
	}
	return centres
}

// simulatedName returns the user part of a URI that leads to the simulator at address, false for any other.
func simulatedName(uri string, address netip.AddrPort) (string, bool) {
	_, rest, _ := strings.Cut(uri, ":")
	user, host, ok := strings.Cut(rest, "@")
	host, _, _ = strings.Cut(host, ";")
	return user, ok && host == address.String()
}

// readDirectory reads the directory for the first time.
func (a *App) readDirectory(context.Context) error {
	file, problems := readDirectory(a.settings.Directory, a.simulator.server.Addr())
	if len(problems) > 0 {
		return problems
	}
	a.file = file
	a.simulator.follow(file.Network, a.log)
	return nil
}
