package link

import (
	"bytes"
	"errors"
	"io"
	"net"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"
	"go.uber.org/goleak"

	"callbox/psap/ali"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// known is the records of a test, by number.
type known map[string]ali.Screen

// Find implements Records.
func (k known) Find(number string) (ali.Screen, bool) {
	s, ok := k[number]
	return s, ok
}

var records = known{
	"+14155550100":  {Number: "+14155550100", Name: "Callbox San Francisco", Calls: 1, Call: "CA1"},
	"+442079460100": {Number: "+442079460100", Name: "Callbox London", Calls: 1, Call: "CA2"},
}

// start serves on a port of this machine until the test ends.
func start(t *testing.T, o Options) (*Server, string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	o.Records = records
	s := New(o)
	s.Start(l)
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s, l.Addr().String()
}

func dial(t *testing.T, address string) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	if err := c.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	return c
}

// ask sends text and returns what comes back: one frame, or one byte.
func ask(t *testing.T, c net.Conn, text string) string {
	t.Helper()
	if _, err := io.WriteString(c, text); err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 1)
	if _, err := io.ReadFull(c, b); err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	for b[0] == stx && b[len(b)-1] != etx {
		next := make([]byte, 1)
		if _, err := io.ReadFull(c, next); err != nil {
			t.Fatalf("%q: %v after %q", text, err, b)
		}
		b = append(b, next...)
	}
	return string(b)
}

func TestALinkAnswersInFrames(t *testing.T) {
	t.Parallel()
	s, address := start(t, Options{})
	c := dial(t, address)
	found := "\x02100\r" + records["+14155550100"].Text("\r") + "\x03"
	for _, q := range []struct{ name, sent, want string }{
		{"ten digits", "4155550100\r", found},
		{"a line feed ends a line, too", "\n4155550100\r\n", found},
		{"E.164", "+14155550100\r", found},
		{"the answer again", "\x15", found},
		{"a position", "415555010007\r", "\x02107" + found[4:]},
		{"a long position", "4155550100123\r", "\x021123" + found[4:]},
		{"a position apart", "+14155550100, 7\r", "\x02107" + found[4:]},
		{"an ACK says nothing", "\x064155550100\r", found},
		{"abroad", "+442079460100 07\r", "\x02107\r" + records["+442079460100"].Text("\r") + "\x03"},
		{"nobody's number", "2125550100\r", "\x02900\r(212) 555-0100  NO RECORD FOUND \r\x03"},
		{"a heartbeat", "H\r", "\x06"},
		{"no query", "GET / HTTP/1.1\r", "\x15"},
		{"no number", "0155550100\r", "\x15"},
		{"no position", "+14155550100 x\r", "\x15"},
		{"control characters", "4155\x1b50100\r", "\x15"},
	} {
		if got := ask(t, c, q.sent); got != q.want {
			t.Errorf("%s: %q was answered %q, want %q", q.name, q.sent, got, q.want)
		}
	}
	if f := s.Figures(); f.Found != 8 || f.Missed != 1 || f.Heartbeats != 1 || f.Wrong != 4 || f.Connections != 1 {
		t.Errorf("figures %+v", f)
	}
}

func TestALinkClosesOnNuisances(t *testing.T) {
	t.Parallel()
	_, address := start(t, Options{})
	for name, sent := range map[string]string{
		"a line without an end":   strings.Repeat("4", 1000),
		"nothing but wrong lines": strings.Repeat("x\r", 50),
	} {
		c := dial(t, address)
		_, _ = io.WriteString(c, sent) // it may be closed already
		b, err := io.ReadAll(c)
		if len(b) > mostWrong || bytes.Trim(b, "\x15") != nil || err != nil && !errors.Is(err, net.ErrClosed) && !strings.Contains(err.Error(), "reset") {
			t.Errorf("%s: %d bytes %.20q, %v", name, len(b), b, err)
		}
	}
}

func TestAnAnswerIsSentAgainAFewTimes(t *testing.T) {
	t.Parallel()
	_, address := start(t, Options{})
	c := dial(t, address)
	first := ask(t, c, "4155550100\r")
	for i := range mostAgain {
		if got := ask(t, c, "\x15"); got != first {
			t.Errorf("time %d: %q", i+1, got)
		}
	}
	if got := ask(t, c, "\x15\x15H\r"); got != "\x06" {
		t.Errorf("after that: %q", got)
	}
}

func TestALinkTakesFewConnections(t *testing.T) {
	t.Parallel()
	s, address := start(t, Options{Connections: 3, PerHost: 2})
	first, second := dial(t, address), dial(t, address)
	ask(t, first, "H\r")
	ask(t, second, "H\r")
	third := dial(t, address)
	if _, err := third.Read(make([]byte, 1)); err == nil {
		t.Error("a third connection of one address was served")
	}
	if n := s.Figures().Refused; n != 1 {
		t.Errorf("%d refused, want 1", n)
	}
	_ = first.Close()
	for s.Figures().Connections > 1 { // the end of first is noticed in its own time
		ask(t, second, "H\r")
	}
	if got := ask(t, dial(t, address), "H\r"); got != "\x06" {
		t.Errorf("in the place of the first: %q", got)
	}
}

func TestAFloodOfConnectionsIsLoggedInAFewLines(t *testing.T) {
	t.Parallel()
	var log lines
	s, address := start(t, Options{Connections: 1, Logger: zerolog.New(&log)})
	ask(t, dial(t, address), "H\r")
	for range 3 * mostRefusals {
		if _, err := dial(t, address).Read(make([]byte, 1)); err == nil {
			t.Fatal("a second connection was served")
		}
	}
	if f, n := s.Figures(), log.n.Load(); f.Refused != 3*mostRefusals || n == 0 || n > 2*mostRefusals { // a minute may end meanwhile
		t.Errorf("%d refused, %d lines", f.Refused, n)
	}
}

// lines counts what a logger writes.
type lines struct{ n atomic.Int64 }

// Write implements io.Writer.
func (l *lines) Write(b []byte) (int, error) {
	l.n.Add(1)
	return len(b), nil
}

func TestOnlyThoseNamedMayAskBesideThisMachine(t *testing.T) {
	t.Parallel()
	s := New(Options{Allow: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}})
	for host, want := range map[string]bool{"127.0.0.1": true, "127.9.9.9": true, "::1": true, "192.0.2.7": true, "198.51.100.7": false, "2001:db8::7": false} {
		if got := s.allowed(netip.MustParseAddr(host)); got != want {
			t.Errorf("%s may ask: %v, want %v", host, got, want)
		}
	}
}

func TestASilentOrSlowConnectionIsClosed(t *testing.T) {
	t.Parallel()
	for name, sent := range map[string]string{"silent": "", "slow": "4155", "nothing but ACKs": "\x06\x06\r\n"} {
		synctest.Test(t, func(t *testing.T) {
			s := New(Options{Records: records, Idle: time.Minute})
			ours, theirs := net.Pipe()
			done := make(chan struct{})
			began := time.Now()
			go func() {
				defer close(done)
				s.serve(ours)
			}()
			if _, err := io.WriteString(theirs, sent); err != nil {
				t.Error(err)
			}
			<-done
			want := time.Minute
			if name == "slow" {
				want = lineTime
			}
			if took := time.Since(began); took != want {
				t.Errorf("%s: closed after %v, want %v", name, took, want)
			}
			_, _ = ours.Close(), theirs.Close()
		})
	}
}

func TestAConnectionThatTakesNoAnswersIsClosed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := New(Options{Records: records})
		ours, theirs := net.Pipe()
		began := time.Now()
		go func() { _, _ = io.WriteString(theirs, "4155550100\r") }()
		s.serve(ours)
		if took := time.Since(began); took != writeTime {
			t.Errorf("closed after %v, want %v", took, writeTime)
		}
		_, _ = ours.Close(), theirs.Close()
	})
}

// recorded is a connection of which everything has come already.
type recorded struct {
	net.Conn
	in  *bytes.Reader
	out bytes.Buffer
}

func (r *recorded) Read(b []byte) (int, error)       { return r.in.Read(b) }
func (r *recorded) Write(b []byte) (int, error)      { return r.out.Write(b) }
func (r *recorded) SetReadDeadline(time.Time) error  { return nil }
func (r *recorded) SetWriteDeadline(time.Time) error { return nil }

func FuzzLink(f *testing.F) {
	for _, seed := range []string{"4155550100\r", "H\rh\n", "+14155550100 07\r\x15\x15\x15\x15\x15", "\x06\x00\r\n", "415555010012\r4155550100123\r", strings.Repeat("9", 40)} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, sent []byte) {
		c := &recorded{in: bytes.NewReader(sent)}
		New(Options{Records: records}).serve(c)
		out := c.out.Bytes()
		for len(out) > 0 {
			if out[0] == ack || out[0] == nak {
				out = out[1:]
				continue
			}
			end := bytes.IndexByte(out, etx)
			if out[0] != stx || end < 0 {
				t.Fatalf("an answer begins with %q", out[:min(len(out), 40)])
			}
			if frame := out[:end+1]; len(frame) > 511 || frame[1] != '1' && frame[1] != '9' || bytes.IndexByte(frame[1:], stx) >= 0 {
				t.Fatalf("a frame of %d bytes: %q", len(frame), frame)
			}
			out = out[end+1:]
		}
	})
}
