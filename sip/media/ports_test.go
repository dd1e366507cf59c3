package media

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// testClock is a clock that only its test moves.
type testClock struct {
	mu  sync.Mutex
	now time.Duration
}

func (c *testClock) read() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *testClock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now += d
}

func first(int) int        { return 0 }
func fine(uint16) error    { return nil }
func taken(p uint16) error { return fmt.Errorf("bind rtp port %d: %w", p, unix.EADDRINUSE) }

func newTestPorts(t *testing.T, lo, hi uint16, rest time.Duration) (*ports, *testClock) {
	t.Helper()
	clock := &testClock{}
	p, err := newPorts(lo, hi, rest, clock.read, first)
	if err != nil {
		t.Fatal(err)
	}
	return p, clock
}

func TestPortRangeIsWholePairs(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		lo, hi uint16
		want   string // the ports in order, or the error
	}{
		{"an even range", 30000, 30003, "30000 30002"},
		{"an odd start loses its first port", 30001, 30005, "30002 30004"},
		{"an even end loses its last port", 30000, 30004, "30000 30002"},
		{"the end of all ports", 65532, 65535, "65532 65534"},
		{"one pair is too few", 30000, 30001, "rtp ports 30000-30001: a call needs two pairs, each an even port and the next"},
		{"backwards", 30010, 30000, "rtp ports 30010-30000: a call needs two pairs, each an even port and the next"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p, err := newPorts(tt.lo, tt.hi, time.Second, (&testClock{}).read, first)
			var got []string
			if err != nil {
				got = append(got, err.Error())
			} else {
				for range p.pairs {
					port, err := p.take(fine)
					if err != nil {
						t.Fatal(err)
					}
					got = append(got, fmt.Sprint(port))
				}
			}
			if s := strings.Join(got, " "); s != tt.want {
				t.Errorf("got %q, want %q", s, tt.want)
			}
		})
	}
}

func TestPortsRestAfterACall(t *testing.T) {
	t.Parallel()
	p, clock := newTestPorts(t, 30000, 30003, 10*time.Second)
	a, _ := p.take(fine)
	b, _ := p.take(fine)
	p.give(a)
	clock.advance(time.Second)
	p.give(b)
	if used, resting := p.count(); used != 0 || resting != 4 {
		t.Errorf("%d ports used and %d resting, want 0 and 4", used, resting)
	}
	clock.advance(10 * time.Second)
	if _, resting := p.count(); resting != 0 {
		t.Errorf("%d ports rest on after the quarantine", resting)
	}
}

func TestARestedPairIsPreferredAndAnExhaustedRangeWakesTheLongestRestingOne(t *testing.T) {
	t.Parallel()
	p, clock := newTestPorts(t, 30000, 30005, 10*time.Second)
	a, _ := p.take(fine)
	b, _ := p.take(fine)
	p.give(a)
	clock.advance(time.Second)
	p.give(b)
	c, err := p.take(fine)
	if err != nil || c == a || c == b || p.woken != 0 {
		t.Fatalf("took %d (%v) though a pair was free", c, err)
	}
	for i, want := range []uint16{a, b} {
		if got, err := p.take(fine); err != nil || got != want || p.woken != uint64(i+1) {
			t.Errorf("took %d (%v), %d woken, want %d", got, err, p.woken, want)
		}
	}
	_, err = p.take(fine)
	want := "no free rtp ports: of the 3 pairs in 30000-30005, 3 are in use, 0 are taken by other programs"
	if !errors.Is(err, ErrNoPorts) || err.Error() != want {
		t.Errorf("error %q, want %q", err, want)
	}
}

func TestPortsWithoutQuarantineComeBackAtOnce(t *testing.T) {
	t.Parallel()
	p, _ := newTestPorts(t, 30000, 30003, -1)
	a, _ := p.take(fine)
	b, _ := p.take(fine)
	p.give(a)
	if got, err := p.take(fine); err != nil || got != a || got == b {
		t.Errorf("took %d (%v), want %d", got, err, a)
	}
}

func TestPortsOfOtherProgramsAreSkipped(t *testing.T) {
	t.Parallel()
	p, _ := newTestPorts(t, 30000, 30007, 0)
	got, err := p.take(func(port uint16) error {
		if port < 30004 {
			return taken(port)
		}
		return nil
	})
	if err != nil || got < 30004 {
		t.Errorf("took %d (%v), want 30004 or 30006", got, err)
	}
	_, err = p.take(taken)
	if !errors.Is(err, ErrNoPorts) || !strings.Contains(err.Error(), "1 are in use, 3 are taken by other programs") {
		t.Errorf("error %v does not tell who has the ports", err)
	}
	for range 3 {
		if got, err := p.take(fine); err != nil {
			t.Errorf("ports that were given up by their program: took %d (%v)", got, err)
		}
	}
	if used, _ := p.count(); used != 8 {
		t.Errorf("%d ports in use, want all 8", used)
	}
}

func TestAnErrorThatIsNotThePortsEndsTheSearch(t *testing.T) {
	t.Parallel()
	p, _ := newTestPorts(t, 30000, 30007, 0)
	tries := 0
	_, err := p.take(func(uint16) error { tries++; return unix.EMFILE })
	if !errors.Is(err, unix.EMFILE) || errors.Is(err, ErrNoPorts) || tries != 1 {
		t.Errorf("after %d tries: %v, want EMFILE after one", tries, err)
	}
	if used, _ := p.count(); used != 0 {
		t.Errorf("%d ports leaked", used)
	}
	for range p.pairs {
		if _, err := p.take(fine); err != nil {
			t.Error(err)
		}
	}
}

func TestAPortIsTheOneThatRandSays(t *testing.T) {
	t.Parallel()
	p, err := newPorts(30000, 30009, 0, (&testClock{}).read, func(n int) int { return n - 1 })
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []uint16{30008, 30006, 30004} {
		if got, err := p.take(fine); err != nil || got != want {
			t.Errorf("took %d (%v), want %d", got, err, want)
		}
	}
}

func TestPortsAreNeverSharedBetweenGoroutines(t *testing.T) {
	t.Parallel()
	p, _ := newTestPorts(t, 30000, 30199, -1)
	var mu sync.Mutex
	held := map[uint16]bool{}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 200 {
				port, err := p.take(fine)
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				if held[port] {
					t.Errorf("port %d handed out twice", port)
				}
				held[port] = true
				mu.Unlock()
				mu.Lock()
				delete(held, port)
				mu.Unlock()
				p.give(port)
			}
		})
	}
	wg.Wait()
}
