package agent

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"sync"
	"sync/atomic"
	"time"

	outage "callbox/sip/fault"
)

const (
	streamQueue    = 256             // messages waiting to be written to one connection; a full queue closes it
	streamWrite    = 5 * time.Second // a peer that takes nothing for so long is gone
	connectTimeout = 3 * time.Second
)

// stream is one TCP or TLS connection, taken or made.
type stream struct {
	raw       net.Conn // the TCP connection
	conn      net.Conn // what is read and written: raw, or TLS over it
	transport string
	local     netip.AddrPort
	remote    netip.AddrPort
	host      string        // what a certificate was checked for, of a connection that we made
	server    *tls.Config   // of a TLS connection taken
	peer      string        // who a verified certificate of the peer's is of, set before the first message is read
	done      chan struct{} // nothing more comes from the peer: what waits in out is the last
	gone      chan struct{}
	once      sync.Once
	up        atomic.Bool  // conn can be used
	requests  atomic.Bool  // requests of ours went this way and may wait for answers
	phone     atomic.Int64 // Unix seconds: a phone that is registered until then may be silent so long

	// The writer begins with the first message to write: most connections of a flood never get there.
	writing sync.Once
	out     chan []byte
	written chan struct{}

	// These are the connections' business.
	taken  bool // the peer made it
	kept   atomic.Bool
	places [2]place // among all connections, and among those of its address
}

func (s *stream) key() streamKey { return streamKey{s.transport, s.remote} }

// lastFor has a phone's connection stay open without a word for as long as the phone is registered, in seconds: it is the
// only way to it, and it may send nothing but the next REGISTER. On a nil stream it does nothing.
func (s *stream) lastFor(seconds int) {
	if s != nil {
		s.phone.Store(time.Now().Unix() + int64(seconds))
	}
}

func (s *stream) lasts() bool { return s.phone.Load() > time.Now().Unix() }

// serves tells whether requests for host may go this way: TLS has proven who the peer is for one host only.
func (s *stream) serves(host string) bool {
	return !s.closed() && (s.transport != "tls" || s.host == host)
}

// rest waits; false where the connection is closed meanwhile.
func (s *stream) rest(d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-s.gone:
		return false
	}
}

func (s *stream) closed() bool {
	select {
	case <-s.gone:
		return true
	default:
		return false
	}
}

func (s *stream) close() {
	s.once.Do(func() {
		close(s.gone)
		s.raw.Close()
	})
}

func (s *stream) send(b []byte) error {
	if s.closed() {
		return errFlowGone
	}
	select {
	case s.queue() <- b:
		return nil
	default: // it has ended, or the peer reads nothing; waiting would hold up every call on this connection
		s.close()
		return errFlowGone
	}
}

// queue returns where messages wait to be written, and has them written; nil after the end.
func (s *stream) queue() chan<- []byte {
	s.writing.Do(func() {
		s.out, s.written = make(chan []byte, streamQueue), make(chan struct{})
		go func() {
			defer close(s.written)
			s.write()
		}()
	})
	return s.out
}

// finish waits until what is queued is written. Nothing can be queued afterwards.
func (s *stream) finish() {
	close(s.done)
	s.writing.Do(func() {})
	if s.written != nil {
		<-s.written
	}
}

// accept takes connections until the listener is closed.
func (a *Agent) accept(l *boundListener, ln net.Listener) {
	for {
		conn, err := ln.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil { // out of descriptors, as a rule: wait for some to come back
			a.starved(l, err)
			if !a.pause(50 * time.Millisecond) {
				return
			}
			continue
		}
		if !a.goStream(conn, l) {
			conn.Close()
		}
	}
}

// isStarved tells whether descriptors have run out.
func isStarved(err error) bool { return outage.Descriptors(err) }

// starved says why no connection can be taken, and where descriptors have run out gives up the connection that is missed
// least, so that a call can come in by another.
func (a *Agent) starved(l *boundListener, err error) {
	if !isStarved(err) || a.opts.Starved == nil {
		a.log.Warn().Err(err).Str("listener", l.bound.String()).Msg("accept failed")
	} else {
		a.opts.Starved(err)
	}
	if isStarved(err) {
		a.streams.spare()
	}
}

// goStream starts serving a connection; false when there are too many or the agent is closing.
func (a *Agent) goStream(conn net.Conn, l *boundListener) bool {
	s := newStream(conn, l.Network, "")
	s.server = l.tls
	if !a.streams.take(s) {
		return false
	}
	return a.spawn(func() { a.runStream(s) })
}

func newStream(conn net.Conn, transport, host string) *stream {
	raw := conn
	if t, ok := conn.(*tls.Conn); ok {
		raw = t.NetConn()
	}
	s := &stream{
		raw: raw, conn: conn, transport: transport, local: addrPort(conn.LocalAddr()), remote: addrPort(conn.RemoteAddr()),
		host: host, done: make(chan struct{}), gone: make(chan struct{}),
	}
	s.up.Store(transport == "tcp" || conn != raw)
	return s
}

func addrPort(a net.Addr) netip.AddrPort {
	if t, ok := a.(*net.TCPAddr); ok {
		ap := t.AddrPort()
		return netip.AddrPortFrom(ap.Addr().Unmap(), ap.Port())
	}
	return netip.AddrPort{}
}

// runStream owns a connection: it reads on this goroutine, writes on another, and returns when both are done.
func (a *Agent) runStream(s *stream) {
	defer a.dropStream(s)
	defer s.close()
	if !s.up.Load() {
		if err := a.handshake(s); err != nil {
			a.count.handshakes.Add(1)
			a.log.Debug().Err(err).Str("source", s.remote.String()).Msg("tls handshake failed")
			return
		}
	}
	a.readStream(s)
	s.finish()
}

// write sends what is queued until the connection breaks, or until nothing more comes from the peer and all that it
// has asked is answered.
func (s *stream) write() {
	defer s.close()
	for {
		select {
		case <-s.gone:
			return
		case b := <-s.out:
			if !s.put(b, time.Now().Add(streamWrite)) {
				return
			}
		case <-s.done:
			until := time.Now().Add(streamWrite)
			for {
				select {
				case b := <-s.out:
					if !s.put(b, until) {
						return
					}
				default:
					return
				}
			}
		}
	}
}

func (s *stream) put(b []byte, until time.Time) bool {
	s.conn.SetWriteDeadline(until)
	_, err := s.conn.Write(b)
	return err == nil
}

func (a *Agent) readStream(s *stream) {
	f := flow{transport: s.transport, stream: s, remote: s.remote}
	var in framer
	var slow crumbs
	var heard, set time.Time // when it was told that it is of use; the deadline that is set
	proven, partial := !s.taken, false
	deadline := time.Now().Add(a.patience.idle)
	if !proven {
		deadline = time.Now().Add(a.patience.start)
	}
	for {
		if !deadline.Equal(set) {
			s.conn.SetReadDeadline(deadline)
			set = deadline
		}
		n, err := s.conn.Read(in.room())
		if err != nil && errors.Is(err, os.ErrDeadlineExceeded) && n == 0 && proven && !partial && s.lasts() {
			deadline = time.Now().Add(a.patience.idle)
			continue
		}
		if err != nil {
			if errors.Is(err, os.ErrDeadlineExceeded) && (!proven || partial) {
				a.count.late.Add(1)
			}
			if !errors.Is(err, io.EOF) && !errors.Is(err, net.ErrClosed) {
				a.log.Debug().Err(err).Str("source", s.remote.String()).Msg("connection read failed")
			}
			return
		}
		in.took(n)
		taken, ok := a.streamBytes(f, &in)
		if !ok {
			return
		}
		now := time.Now()
		if taken && s.taken && now.Sub(heard) > time.Second {
			proven, heard = true, now
			a.streams.heard(s)
		}
		switch { // a peer that drips bytes must not keep a connection for ever
		case !proven:
		case !in.partial():
			partial, deadline = false, now.Add(a.patience.idle)
		case taken || !partial:
			partial, deadline = true, now.Add(a.patience.message)
		}
		if d := slow.pause(&in, taken, now); d > 0 && !s.rest(min(d, deadline.Sub(now))) {
			return
		}
	}
}

// streamBytes takes the messages that are complete, and tells whether there was one. It is not ok when the stream has
// lost its framing and must be closed.
func (a *Agent) streamBytes(f flow, in *framer) (taken, ok bool) {
	for {
		b, ping, err := in.next()
		switch {
		case err != nil:
			a.unparsed(f, in.rest(), err)
			return taken, false
		case ping:
			ok = f.send([]byte("\r\n")) == nil
		case b == nil:
			return taken, true
		default:
			ok = true
			taken = a.streamMessage(f, b) || taken
		}
		if !ok {
			return taken, false
		}
	}
}

// streamMessage takes one message; false for one that says too little about itself to be answered. The next one begins
// where it ends all the same, and a connection may carry many calls, so that it stays.
func (a *Agent) streamMessage(f flow, b []byte) (taken bool) {
	defer a.recovered("stream")
	m, err := a.parse(b)
	if err != nil {
		return a.unparsed(f, b, err)
	}
	a.receive(f, readPacket(m))
	return true
}

// dial finds or makes a connection to remote, which is to be host. It blocks until it is up.
func (a *Agent) dial(ctx context.Context, transport string, remote netip.AddrPort, host string) (*stream, error) {
	if s := a.streams.to(transport, remote); s != nil && s.serves(host) {
		return s, nil
	}
	if !spoken(transport) { // a browser takes no connections
		return nil, errFlowGone
	}
	ctx, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", remote.String())
	if err != nil {
		return nil, err
	}
	if transport == "tls" {
		if conn, err = a.clientTLS(ctx, conn, host); err != nil {
			return nil, err
		}
	}
	s := newStream(conn, transport, host)
	use, ok := a.streams.made(s)
	if use != s { // another call was faster, or the agent is closing
		conn.Close()
	} else if ok = a.spawn(func() { a.runStream(s) }); !ok {
		s.close()
		a.streams.drop(s)
	}
	if !ok {
		return nil, errFlowGone
	}
	return use, nil
}

func (a *Agent) dropStream(s *stream) {
	a.streams.drop(s)
	if s.requests.Load() {
		a.streamLost(s)
	}
}
