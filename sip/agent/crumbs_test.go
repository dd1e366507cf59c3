package agent

import (
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// piecewise is a connection whose peer sends a message in pieces, one every so often, and then waits.
type piecewise struct {
	net.Conn // for its addresses
	msg      string
	size     int
	every    time.Duration
	begun    time.Time
	answered chan string
	ended    chan struct{}
	once     sync.Once

	at               int // how much was read
	reads, deadlines atomic.Int32
}

// Read returns all that has come, as a kernel does, and waits for the next piece where nothing has.
func (c *piecewise) Read(b []byte) (int, error) {
	c.reads.Add(1)
	var next <-chan time.Time
	if c.at < len(c.msg) {
		next = time.After(time.Until(c.begun.Add(time.Duration(c.at/c.size) * c.every)))
	}
	select {
	case <-next:
	case <-c.ended:
		return 0, io.EOF
	}
	due := c.size * (1 + int(time.Since(c.begun)/max(c.every, 1)))
	if c.every == 0 {
		due = c.at + c.size // a record of TLS at a time
	}
	n := copy(b, c.msg[c.at:min(len(c.msg), due)])
	c.at += n
	return n, nil
}

func (c *piecewise) Write(b []byte) (int, error) {
	select {
	case c.answered <- string(b):
	default:
	}
	return len(b), nil
}

func (c *piecewise) Close() error {
	c.once.Do(func() { close(c.ended) })
	return nil
}

func (c *piecewise) SetReadDeadline(time.Time) error {
	c.deadlines.Add(1)
	return nil
}

func (c *piecewise) SetWriteDeadline(time.Time) error { return nil }

// inPieces has an agent read OPTIONS, padded to length, in pieces.
func inPieces(t *testing.T, length, size int, every time.Duration, test func(a *Agent, c *piecewise)) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a, err := New(Options{OnInvite: func(*Incoming) {}})
		if err != nil {
			t.Fatal(err)
		}
		near, far := net.Pipe()
		defer near.Close()
		defer far.Close()
		msg := "OPTIONS sip:edge.example SIP/2.0\r\nVia: SIP/2.0/TCP c.example;branch=z9hG4bK1\r\nFrom: <sip:c@c.example>;tag=1\r\n" +
			"To: <sip:edge.example>\r\nCall-ID: 1\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\nSubject: \r\n\r\n"
		msg = strings.Replace(msg, "Subject: ", "Subject: "+strings.Repeat("x", length-len(msg)), 1)
		c := &piecewise{
			Conn: near, msg: msg, size: size, every: every, begun: time.Now(),
			answered: make(chan string, 1), ended: make(chan struct{}),
		}
		if !a.goStream(c, &boundListener{Listener: Listener{Network: "tcp"}}) {
			t.Fatal("not taken")
		}
		test(a, c)
		a.Close()
	})
}

func TestAMessageInPiecesIsReadInTime(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name         string
		length, size int
		every        time.Duration
		late         time.Duration // it may be answered after its last piece
		reads        int           // at most, with the one that waits for more
	}{
		{"byte by byte, slowly", 400, 1, 50 * time.Millisecond, crumbPause, 30},
		{"byte by byte, quickly", 400, 1, time.Millisecond, 400 * time.Millisecond, 20},
		{"segments of a bad line", 6000, 1400, time.Second, 0, 8},
		{"many small segments", 60000, 536, 10 * time.Millisecond, 0, 120},
		{"a head, then the end of it", 400, 350, time.Second, 0, 4},
		{"line by line at once", 400, 20, 0, 0, 30},
	} {
		t.Run(tc.name, func(t *testing.T) {
			inPieces(t, tc.length, tc.size, tc.every, func(_ *Agent, c *piecewise) {
				whole := c.begun.Add(time.Duration((tc.length-1)/tc.size) * tc.every)
				answer := <-c.answered
				if late := time.Since(whole); late < 0 || late > tc.late || !strings.HasPrefix(answer, "SIP/2.0 ") {
					t.Errorf("answered %v after the end: %q", late, answer)
				}
				synctest.Wait()
				if r, d := int(c.reads.Load()), c.deadlines.Load(); r > tc.reads || d > 3 {
					t.Errorf("%d reads and %d deadlines", r, d)
				}
			})
		})
	}
}

func TestADripThatIsWaitedForEndsAtOnce(t *testing.T) {
	inPieces(t, 400, 1, 50*time.Millisecond, func(a *Agent, _ *piecewise) {
		<-time.After(5*time.Second + 10*time.Millisecond)
		begun := time.Now()
		a.Close() // waits for who reads
		if took := time.Since(begun); took > 0 {
			t.Errorf("that took %v", took)
		}
	})
}
