package agent

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/emiago/sipgo/sip"
)

const (
	streamQueue      = 256              // messages waiting to be written to one connection; a full queue closes it
	streamIdle       = 10 * time.Minute // a connection on which nothing was read for so long is closed
	streamWrite      = 5 * time.Second  // a peer that takes nothing for so long is gone
	handshakeTimeout = 5 * time.Second
	connectTimeout   = 3 * time.Second
	maxStreams       = 8192 // connections open at once; more are refused
)

// stream is one TCP or TLS connection, taken or made.
type stream struct {
	raw       net.Conn // the TCP connection
	conn      net.Conn // what is read and written: raw, or TLS over it
	transport string
	local     netip.AddrPort
	remote    netip.AddrPort
	out       chan []byte
	gone      chan struct{}
	once      sync.Once
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
	select {
	case <-s.gone:
		return errFlowGone
	case s.out <- b:
		return nil
	default: // the peer reads nothing; waiting would hold up every call on this connection
		s.close()
		return errFlowGone
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
			a.log.Warn().Err(err).Str("listener", l.bound.String()).Msg("accept failed")
			if !a.pause(50 * time.Millisecond) {
				return
			}
			continue
		}
		if !a.goStream(conn, l.Network) {
			conn.Close()
		}
	}
}

// goStream starts serving a connection; false when there are too many or the agent is closing.
func (a *Agent) goStream(conn net.Conn, transport string) bool {
	s := newStream(conn, transport)
	if !a.addStream(s) {
		return false
	}
	return a.spawn(func() { a.runStream(s, func() error { return handshake(conn, a.opts.TLS, transport, s) }) })
}

func newStream(conn net.Conn, transport string) *stream {
	raw := conn
	if t, ok := conn.(*tls.Conn); ok {
		raw = t.NetConn()
	}
	return &stream{
		raw: raw, conn: conn, transport: transport, local: addrPort(conn.LocalAddr()), remote: addrPort(conn.RemoteAddr()),
		out: make(chan []byte, streamQueue), gone: make(chan struct{}),
	}
}

func addrPort(a net.Addr) netip.AddrPort {
	if t, ok := a.(*net.TCPAddr); ok {
		ap := t.AddrPort()
		return netip.AddrPortFrom(ap.Addr().Unmap(), ap.Port())
	}
	return netip.AddrPort{}
}

func handshake(conn net.Conn, conf *tls.Config, transport string, s *stream) error {
	if transport != "tls" {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), handshakeTimeout)
	defer cancel()
	t := tls.Server(conn, conf)
	if err := t.HandshakeContext(ctx); err != nil {
		return err
	}
	s.conn = t
	return nil
}

// runStream owns a connection: it reads on this goroutine, writes on another, and returns when both are done.
func (a *Agent) runStream(s *stream, ready func() error) {
	defer a.dropStream(s)
	if err := ready(); err != nil {
		a.log.Debug().Err(err).Str("source", s.remote.String()).Msg("tls handshake failed")
		s.close()
		return
	}
	written := make(chan struct{})
	go func() {
		defer close(written)
		s.write()
	}()
	a.readStream(s)
	s.close()
	<-written
}

func (s *stream) write() {
	for {
		select {
		case <-s.gone:
			return
		case b := <-s.out:
			s.conn.SetWriteDeadline(time.Now().Add(streamWrite))
			if _, err := s.conn.Write(b); err != nil {
				s.close()
				return
			}
		}
	}
}

func (a *Agent) readStream(s *stream) {
	buf := make([]byte, 16<<10)
	par := a.parser.NewSIPStream()
	defer par.Close()
	f := flow{transport: s.transport, stream: s, remote: s.remote}
	for {
		s.conn.SetReadDeadline(time.Now().Add(streamIdle))
		n, err := s.conn.Read(buf)
		if err != nil {
			if !errors.Is(err, io.EOF) && !errors.Is(err, net.ErrClosed) {
				a.log.Debug().Err(err).Str("source", s.remote.String()).Msg("connection read failed")
			}
			return
		}
		if !a.streamBytes(f, par, buf[:n]) {
			return
		}
	}
}

// streamBytes feeds bytes to the parser; false when the stream has lost its framing and must be closed.
func (a *Agent) streamBytes(f flow, par *sip.ParserStream, b []byte) (ok bool) {
	defer a.recovered("stream")
	if par.Buffer().Len() == 0 && len(b) == 4 && string(b) == "\r\n\r\n" { // RFC 5626 section 3.5.1
		return f.send([]byte("\r\n")) == nil
	}
	par.Write(b)
	for par.Buffer().Len() > 0 {
		m, _, err := par.ParseNext()
		if errors.Is(err, io.ErrUnexpectedEOF) {
			return true
		}
		if err != nil {
			a.unparsed(f, b, err)
			return false
		}
		a.receive(f, readPacket(m))
	}
	return true
}

// dial finds or makes a connection to remote. It blocks until it is up.
func (a *Agent) dial(ctx context.Context, transport string, remote netip.AddrPort, host string) (*stream, error) {
	if s := a.streamTo(transport, remote); s != nil {
		return s, nil
	}
	ctx, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", remote.String())
	if err != nil {
		return nil, err
	}
	if transport == "tls" {
		conf := &tls.Config{}
		if a.opts.ClientTLS != nil {
			conf = a.opts.ClientTLS.Clone()
		}
		if conf.ServerName == "" {
			conf.ServerName = host
		}
		t := tls.Client(conn, conf)
		if err := t.HandshakeContext(ctx); err != nil {
			conn.Close()
			return nil, err
		}
		conn = t
	}
	s := newStream(conn, transport)
	if !a.addStream(s) || !a.spawn(func() { a.runStream(s, func() error { return nil }) }) {
		conn.Close()
		return nil, errFlowGone
	}
	return s, nil
}

// streamTo returns an open connection to remote, or nil.
func (a *Agent) streamTo(transport string, remote netip.AddrPort) *stream {
	a.streamMu.Lock()
	defer a.streamMu.Unlock()
	s := a.streams[streamKey{transport, remote}]
	if s == nil || s.closed() {
		return nil
	}
	return s
}

type streamKey struct {
	transport string
	remote    netip.AddrPort
}

func (a *Agent) addStream(s *stream) bool {
	a.streamMu.Lock()
	defer a.streamMu.Unlock()
	if len(a.streams) >= maxStreams || a.closing() {
		return false
	}
	a.streams[streamKey{s.transport, s.remote}] = s
	return true
}

func (a *Agent) dropStream(s *stream) {
	a.streamMu.Lock()
	k := streamKey{s.transport, s.remote}
	if a.streams[k] == s {
		delete(a.streams, k)
	}
	a.streamMu.Unlock()
	a.streamLost(s)
}
