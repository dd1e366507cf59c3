// Package link is an ALI link: the line protocol over TCP by which a legacy call centre's equipment asks for the record
// of a caller while it rings. It owns the protocol and its connections; what is known of calls it asks of Records, and
// it knows neither SIP nor how calls are routed. DESIGN.md of psap/ali has the messages.
package link

import (
	"errors"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"callbox/psap/ali"
)

// Records finds the record of a number: E.164. It must not block.
type Records interface {
	Find(number string) (ali.Screen, bool)
}

// Options configure a Server. Records is required.
type Options struct {
	Records Records
	Allow   []netip.Prefix // who may connect besides this machine
	Logger  zerolog.Logger

	Idle        time.Duration // a connection without a line is closed; 0 is 2 min
	Connections int           // at once; 0 is 64
	PerHost     int           // of one address; 0 is 8
}

// Figures count since the server was made.
type Figures struct {
	Connections       int    // now
	Found, Missed     uint64 // queries by their answer
	Heartbeats, Wrong uint64
	Refused           uint64 // connections
}

// Server serves an ALI link. Its methods are safe for concurrent use.
type Server struct {
	o       Options
	refusal zerolog.Logger // a flood of connections must not become one of lines

	found, missed, beats, wrong, refused atomic.Uint64

	mu       sync.Mutex // guards the rest
	listener net.Listener
	open     map[net.Conn]netip.Addr
	hosts    map[netip.Addr]int
	closed   bool
	running  sync.WaitGroup
}

// Limits of a connection.
const (
	lineTime  = 10 * time.Second // from a line's first byte to its end
	writeTime = 5 * time.Second
	mostWrong = 10 // lines that are no query, then the connection is closed
	mostAgain = 3  // times that one answer is sent again

	mostRefusals = 10 // connections whose refusal is logged in a minute; the figures have them all
)

// New returns a server that is not serving yet.
func New(o Options) *Server {
	if o.Idle <= 0 {
		o.Idle = 2 * time.Minute
	}
	if o.Connections <= 0 {
		o.Connections = 64
	}
	if o.PerHost <= 0 {
		o.PerHost = 8
	}
	return &Server{
		o: o, refusal: o.Logger.Sample(&zerolog.BurstSampler{Burst: mostRefusals, Period: time.Minute}),
		open: make(map[net.Conn]netip.Addr), hosts: make(map[netip.Addr]int),
	}
}

// Start serves on l, which the server then owns. It returns at once and is called once.
func (s *Server) Start(l net.Listener) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.listener = l
	s.running.Go(func() { s.accept(l) })
}

func (s *Server) accept(l net.Listener) {
	for {
		c, err := l.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil { // of one connection, or for want of descriptors, which others give back
			s.o.Logger.Warn().Err(err).Msg("a connection of the ALI link was lost")
			if !s.pause() {
				return
			}
			continue
		}
		if why := s.admit(c); why != "" {
			s.refused.Add(1)
			s.refusal.Warn().Stringer("source", c.RemoteAddr()).Str("why", why).Msg("connection of the ALI link refused")
			_ = c.Close()
		}
	}
}

// pause waits a little before the next try, false when the server is closed meanwhile.
func (s *Server) pause() bool {
	const poll = 100 * time.Millisecond
	timer := time.NewTimer(poll)
	defer timer.Stop()
	<-timer.C
	s.mu.Lock()
	defer s.mu.Unlock()
	return !s.closed
}

// admit serves a connection, or says why not.
func (s *Server) admit(c net.Conn) (why string) {
	at, err := netip.ParseAddrPort(c.RemoteAddr().String())
	if err != nil {
		return "its address cannot be read"
	}
	host := at.Addr().Unmap().WithZone("")
	if !s.allowed(host) {
		return "its address is not in ali.allow"
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.closed:
		return "the edge is going down"
	case len(s.open) >= s.o.Connections:
		return "there are too many connections"
	case s.hosts[host] >= s.o.PerHost:
		return "there are too many connections of its address"
	}
	s.open[c] = host
	s.hosts[host]++
	s.running.Go(func() {
		defer s.leave(c)
		s.serve(c)
	})
	return ""
}

func (s *Server) allowed(host netip.Addr) bool {
	if host.IsLoopback() {
		return true
	}
	for _, p := range s.o.Allow {
		if p.Contains(host) {
			return true
		}
	}
	return false
}

func (s *Server) leave(c net.Conn) {
	_ = c.Close()
	s.mu.Lock()
	defer s.mu.Unlock()
	host := s.open[c]
	delete(s.open, c)
	if s.hosts[host]--; s.hosts[host] == 0 {
		delete(s.hosts, host)
	}
}

// Close closes the listener and every connection and waits for the server's goroutines.
func (s *Server) Close() error {
	s.mu.Lock()
	s.closed = true
	var err error
	if s.listener != nil {
		err = s.listener.Close()
	}
	for c := range s.open {
		_ = c.Close()
	}
	s.mu.Unlock()
	s.running.Wait()
	return err
}

// Figures counts.
func (s *Server) Figures() Figures {
	s.mu.Lock()
	n := len(s.open)
	s.mu.Unlock()
	return Figures{
		Connections: n, Found: s.found.Load(), Missed: s.missed.Load(), Heartbeats: s.beats.Load(), Wrong: s.wrong.Load(),
		Refused: s.refused.Load(),
	}
}
