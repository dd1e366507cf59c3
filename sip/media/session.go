package media

import (
	"errors"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"callbox/sip/call"
)

// Session is the media of one call: two sides, each with an RTP and an RTCP port. Its methods and those of its sides
// are safe for concurrent use and never wait for the network.
type Session struct {
	relay      *Relay
	worker     *worker
	notify     func(Notice)
	slot       int32
	generation int32

	mu       sync.Mutex // held by the worker for one packet, by others for one call of a method
	sides    [2]Side
	closed   bool
	held     bool
	muxed    bool // the RTCP sockets are closed, since both peers take RTCP by way of RTP
	timedOut bool
	quiet    time.Duration // since when no RTP has come
	final    call.Media    // once closed

	listeners []*Listener // who hears both sides beside them
}

// Side returns the half of the session that faces leg l; any leg but B is A.
func (s *Session) Side(l call.Leg) *Side {
	if l == call.LegB {
		return &s.sides[1]
	}
	return &s.sides[0]
}

// Hold suspends the media time-out, or lets it start afresh. A call that is not answered yet may be held too.
func (s *Session) Hold(on bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.held = on
	s.listen(s.relay.clock())
}

// listen starts to wait for media anew. mu is held.
func (s *Session) listen(now time.Duration) {
	s.quiet, s.sides[0].quiet, s.sides[1].quiet = now, now, now
}

// Stats returns the figures so far. It may be called at any time, from a notice too.
func (s *Session) Stats() call.Media {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.stats()
}

func (s *Session) stats() call.Media {
	if s.closed {
		return s.final
	}
	m := call.Media{FromCaller: s.sides[0].flow.figures(), FromCentre: s.sides[1].flow.figures()}
	a, b := m.FromCaller.Packets > 0, m.FromCentre.Packets > 0
	m.OneWay, m.NoMedia = a != b, !a && !b
	return m
}

// Close stops the session, puts its ports into quarantine and returns the final figures; a second call returns the
// same. A notice that was already under way may still arrive.
func (s *Session) Close() call.Media {
	s.mu.Lock()
	if s.closed {
		defer s.mu.Unlock()
		return s.final
	}
	s.final = s.stats()
	s.closed = true
	s.sides[0].part()
	s.sides[1].part()
	final := s.final
	s.mu.Unlock()

	s.shutListeners()
	s.worker.loop.do(func(int) { s.closeSockets() })
	s.worker.remove(s)
	return final
}

// silence tells what silence there is to notice just now: of both sides once, of one side each time it has lasted for
// another two time-outs.
func (s *Session) silence(now, timeout time.Duration) (Notice, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	armed := s.sides[0].told && s.sides[1].told
	if s.closed || s.held || s.timedOut || !armed {
		return Notice{}, false
	}
	if now-s.quiet >= timeout {
		s.timedOut = true
		return Notice{Kind: NoticeTimeout}, true
	}
	for i := range s.sides {
		if sd := &s.sides[i]; now-sd.quiet >= 2*timeout {
			sd.quiet = now
			return Notice{Kind: NoticeSilence, Side: sd.leg}, true
		}
	}
	return Notice{}, false
}

// addTo adds the session's counts to m.
func (s *Session) addTo(m *Metrics) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.timedOut {
		m.Timeouts++
	}
	for i := range s.sides {
		m.addFlow(&s.sides[i].flow)
	}
}

// openSockets opens the sockets of both sides on ports of the range; on an error none stays open.
func (s *Session) openSockets() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sides[0].port, s.sides[1].port = 0, 0
	for i := range s.sides {
		sd := &s.sides[i]
		_, err := s.relay.ports.take(func(port uint16) error { return sd.openSockets(s.relay.binding, port) })
		if err != nil {
			s.closeSockets()
			return err
		}
	}
	return nil
}

// closeSockets closes the sockets that are open and puts their ports into quarantine.
func (s *Session) closeSockets() {
	for i := range s.sides {
		if sd := &s.sides[i]; sd.port != 0 {
			sd.closeSockets()
			s.relay.ports.give(sd.port)
		}
	}
}

// fitRTCP closes the RTCP sockets when both peers have agreed to multiplex (RFC 5761), and opens them again when that
// has changed. While only one has offered it the other may still say no.
func (s *Session) fitRTCP() {
	s.mu.Lock()
	same := s.closed || s.muxed == (s.sides[0].mux && s.sides[1].mux)
	s.mu.Unlock()
	if same {
		return
	}
	var errs [2]error
	s.worker.loop.do(func(epoll int) {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.closed {
			return
		}
		s.muxed = s.sides[0].mux && s.sides[1].mux
		for i := range s.sides {
			errs[i] = s.fitSocket(epoll, 2*i+1)
		}
	})
	for i, err := range errs { // here, since the log's descriptor may be another file in do
		if err != nil {
			s.relay.logger.Warn().Err(err).Uint16("port", s.sides[i].port+1).Msg("a call goes on without RTCP on its own port")
		}
	}
}

// fitSocket does it for socket k.
func (s *Session) fitSocket(epoll, k int) (err error) {
	sd := &s.sides[k/2]
	switch open := sd.fds[1] >= 0; {
	case s.muxed && open:
		unix.Close(sd.fds[1])
		sd.fds[1] = -1
	case !s.muxed && !open:
		if sd.fds[1], err = openSocket(s.relay.binding, sd.port+1); err == nil {
			err = s.worker.watchSocket(epoll, s, k)
		}
	}
	return err
}

// openSockets opens the side's RTP and RTCP sockets on port and the one above; on an error neither stays open.
func (sd *Side) openSockets(b binding, port uint16) error {
	var errs [2]error
	for i := range sd.fds {
		sd.fds[i], errs[i] = openSocket(b, port+uint16(i))
	}
	if err := errors.Join(errs[:]...); err != nil {
		sd.closeSockets()
		return err
	}
	sd.port = port
	return nil
}

func (sd *Side) closeSockets() {
	for i, fd := range sd.fds {
		if fd >= 0 {
			unix.Close(fd)
		}
		sd.fds[i] = -1
	}
}
