// Package sim is the simulated call centres: a real SIP user agent with one user part per centre, each following a
// script, with G.711 audio. Its services read a caller's number and address back (933) and announce that no call
// centre could be reached. It must not know how calls are routed.
package sim

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"

	"github.com/rs/zerolog"

	"callbox/psap/sim/voice"
	"callbox/sip/agent"
	"callbox/sip/audio"
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
	MaxCalls  int // live calls; more are answered 503; 0 is 10000
	UserAgent string
	Logger    zerolog.Logger
	Starved   func(error) // told when no file descriptor is left for what a call needs; nil tells the log
	Programs  bool        // only calls of Server.Program are taken: there are no centres
}

// Centre names one simulated call centre.
type Centre struct {
	ID   string // the user part it is called by
	Name string // what it calls itself, such as "San Francisco"
}

// Server is the simulator. Its methods are safe for concurrent use.
type Server struct {
	o       Options
	log     zerolog.Logger
	speaker *voice.Speaker
	pacer   *audio.Pacer
	ports   *ports

	agent *agent.Agent   // set by Start
	addr  netip.AddrPort // set by Start

	ctx    context.Context // ends with Close
	cancel context.CancelFunc
	calls  sync.WaitGroup

	mu       sync.Mutex // guards what follows
	scripts  scripts
	changed  map[string]Script  // over those of the files, by ID
	centres  map[string]string  // names by ID
	programs map[string]Program // that wait for their call
	live     map[*session]struct{}
	past     []Call
	closed   bool
	overflow uint64 // calls ended because more happened on them than was handled
}

// New returns a server that is not listening yet. A script file with errors gives strict.Problems.
func New(o Options) (*Server, error) {
	if o.Address == "" {
		o.Address = "127.0.0.1:5070"
	}
	if o.MaxCalls == 0 {
		o.MaxCalls = 10000
	}
	if o.RTPMin > o.RTPMax {
		return nil, fmt.Errorf("RTP ports %d-%d are no range", o.RTPMin, o.RTPMax)
	}
	scripts, err := loadScripts(o.Scripts)
	if err != nil {
		return nil, err
	}
	speaker, err := voice.New(o.Voice, o.Logger)
	if err != nil {
		return nil, err
	}
	speaker.Starved = o.Starved
	s := &Server{
		o: o, log: o.Logger, speaker: speaker, scripts: scripts,
		pacer: audio.NewPacer(), live: make(map[*session]struct{}),
	}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	s.SetCentres(o.Centres)
	return s, nil
}

// Start binds the SIP ports and serves them. On an error nothing stays bound.
func (s *Server) Start() error {
	ports, err := openPorts(s.o.RTPMin, s.o.RTPMax)
	if err != nil {
		return err
	}
	a, err := s.listen()
	if err != nil {
		ports.close()
		return err
	}
	addr, err := netip.ParseAddrPort(a.Addrs()[0].Address)
	if err != nil {
		ports.close()
		return errors.Join(fmt.Errorf("listener: %w", err), a.Close())
	}
	s.mu.Lock()
	s.agent, s.addr, s.ports = a, addr, ports
	s.mu.Unlock()
	what := "simulated call centres are listening"
	if s.o.Programs {
		what = "the voice of TwiML is listening"
	}
	s.log.Info().Stringer("address", addr).Str("voice", s.speaker.Voice()).Msg(what)
	return nil
}

// listen starts the agent with the same port for UDP and TCP.
func (s *Server) listen() (*agent.Agent, error) {
	const attempts = 10 // a port picked for TCP may be taken for UDP
	host, port, err := net.SplitHostPort(s.o.Address)
	if err != nil {
		return nil, fmt.Errorf("address: %w", err)
	}
	for attempt := 1; ; attempt++ {
		address := s.o.Address
		if port == "0" {
			if address, err = freePort(host); err != nil {
				return nil, err
			}
		}
		a, err := agent.New(agent.Options{
			Listeners: []agent.Listener{{Network: "udp", Address: address}, {Network: "tcp", Address: address}},
			UserAgent: s.o.UserAgent, Logger: s.log, OnInvite: s.invite, Replaces: !s.o.Programs, Starved: s.o.Starved,
		})
		if err != nil {
			return nil, err
		}
		if err = a.Start(); err == nil {
			return a, nil
		}
		if port != "0" || attempt == attempts {
			return nil, err
		}
	}
}

// freePort returns host with a port that was free a moment ago.
func freePort(host string) (string, error) {
	l, err := net.Listen("tcp", net.JoinHostPort(host, "0"))
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

// Addr returns the bound SIP address, the same port for UDP and TCP; before Start it is not valid.
func (s *Server) Addr() netip.AddrPort {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.addr
}

// Close hangs up every call, stops listening and waits for the server's goroutines.
func (s *Server) Close() error {
	s.mu.Lock()
	s.closed = true
	agent, ports := s.agent, s.ports
	s.mu.Unlock()
	s.cancel()
	s.calls.Wait()
	s.pacer.Close()
	if agent == nil {
		return nil
	}
	err := agent.Close()
	ports.close()
	return err
}

// SetCentres replaces Options.Centres, as after a reload of the directory. Live calls go on.
func (s *Server) SetCentres(c []Centre) {
	centres := make(map[string]string, len(c))
	for _, c := range c {
		centres[c.ID] = c.Name
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.centres = centres
}

// invite takes a new call.
func (s *Server) invite(in *agent.Incoming) {
	id := centreOf(in)
	program, performs := s.takeProgram(id)
	script, ok := Script{}, performs
	if !performs && !s.o.Programs {
		script, ok = s.Script(id)
	}
	if !ok {
		in.Refuse(404, "Not Found", warning("there is no simulated call centre of this name"))
		return
	}
	d, err := read(in)
	if err != nil {
		in.Refuse(415, "Unsupported Media Type", agent.Header{Name: "Accept", Value: "application/sdp, multipart/mixed"})
		return
	}
	var old *session
	if in.Replaces != nil {
		if old, ok = s.replaced(in.Replaces); !ok {
			in.Refuse(481, "Call/Transaction Does Not Exist", warning("there is no call to take the place of"))
			return
		}
		script.Ring, script.EarlyMedia = 0, false // somebody is on the line already
	}
	c := newSession(s, in, script, d)
	c.replaces = old
	if performs {
		c.show = newPerformance(program)
	}
	s.mu.Lock()
	if s.closed || len(s.live) >= s.o.MaxCalls {
		s.mu.Unlock()
		in.Refuse(503, "Service Unavailable", agent.Header{Name: "Retry-After", Value: "10"})
		return
	}
	s.live[c] = struct{}{}
	c.info.Name = s.nameOf(id, script)
	s.calls.Add(1)
	c.leg = in.Accept(c.sink) // under the lock: a call that replaces another looks for it by its leg
	s.mu.Unlock()
	defer s.calls.Done()
	c.run(s.ctx)
}

// centreOf is the centre that an INVITE is for: one for a service (urn:service:sos) names it in Route.
func centreOf(in *agent.Incoming) string {
	if in.RequestURI.Scheme == "urn" {
		return in.Route.User
	}
	return in.RequestURI.User
}

// nameOf returns what centre id calls itself. The caller holds s.mu.
func (s *Server) nameOf(id string, script Script) string {
	return cmp.Or(s.centres[id], script.Name, id)
}

func warning(text string) agent.Header {
	return agent.Header{Name: "Warning", Value: `399 callbox "` + text + `"`}
}
