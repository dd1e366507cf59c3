// Package sim is the simulated call centres: a real SIP user agent with one user part per centre, each following a
// script, with G.711 audio. Its services read a caller's number and address back (933) and announce that no call
// centre could be reached. It must not know how calls are routed.
package sim

import (
	"errors"
	"net/netip"
	"time"

	"github.com/rs/zerolog"
)

// Options configure a Server. The zero value serves the embedded scripts on 127.0.0.1:5070.
type Options struct {
	Address   string     // host:port for SIP over UDP and TCP; port 0 picks one; "" is 127.0.0.1:5070
	Advertise netip.Addr // address to write into SDP; zero is our address towards the caller
	Centres   []Centre   // centres that exist besides those of the scripts; they follow the default script
	Scripts   string     // YAML file of scripts; "" means the embedded ones
	Voice     string     // auto, builtin, espeak-ng or flite; "" is auto
	RTPMin    uint16     // range of RTP ports; 0 lets the system pick
	RTPMax    uint16
	Logger    zerolog.Logger
}

// Centre names one simulated call centre.
type Centre struct {
	ID   string // the user part it is called by
	Name string // what it calls itself, such as "San Francisco"
}

// Server is the simulator. Its methods are safe for concurrent use.
type Server struct{}

// New returns a server that is not listening yet. A script file with errors gives strict.Problems.
func New(o Options) (*Server, error) { return nil, errors.New("not implemented") }

// Start binds the SIP ports and serves them. On an error nothing stays bound.
func (s *Server) Start() error { return errors.New("not implemented") }

// Addr returns the bound SIP address, the same port for UDP and TCP.
func (s *Server) Addr() netip.AddrPort { return netip.AddrPort{} }

// Close hangs up every call, stops listening and waits for the server's goroutines.
func (s *Server) Close() error { return nil }

// SetCentres replaces Options.Centres, as after a reload of the directory. Live calls go on.
func (s *Server) SetCentres(c []Centre) {}

// SetScript makes centre id follow sc from its next call on; an unknown id becomes a centre.
func (s *Server) SetScript(id string, sc Script) {}

// Script returns the script centre or service id follows, false when there is none.
func (s *Server) Script(id string) (Script, bool) { return Script{}, false }

// Calls returns the live calls and up to 100 ended ones, oldest first.
func (s *Server) Calls() []Call { return nil }

// Script says what a centre does with a call.
type Script struct{}

// Call is a snapshot of one call at the simulator.
type Call struct {
	CallID     string // X-Callbox-Call, else the Call-ID header
	Centre     string
	StartedAt  time.Time
	AnsweredAt time.Time
	EndedAt    time.Time
}
