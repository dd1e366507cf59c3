package hook

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"
)

// State is how the service of a number has fared. It is for people to see: every call asks, whatever it is.
type State uint8

// The states.
const (
	StateClosed State = iota // it answers, or has not been asked
	StateHalf                // it has answered again, but not often enough, or has not been asked for a while since it failed
	StateOpen                // it has failed time and again
)

// String returns closed, half or open.
func (s State) String() string { return [...]string{"closed", "half", "open"}[min(s, StateOpen)] }

const (
	openAfter  = 5 // failures one after the other
	closeAfter = 3 // answers one after the other
	halfAfter  = 30 * time.Second
	keepState  = 24 * time.Hour
)

// circuit is what is known of one number's service.
type circuit struct {
	open               bool
	failures, answers  int // one after the other
	asked, failed      uint64
	last, lastFailure  time.Time
	status             int
	elapsed, lastTotal time.Duration
	why                string
}

// Circuit is the state of the service of a designated number since the edge has started.
type Circuit struct {
	Number  string
	State   State
	Asked   uint64
	Failed  uint64        // of those
	Last    time.Time     // when it was asked last
	Status  int           // of its last answer, 0 for none
	Elapsed time.Duration // of the last question
	Total   time.Duration // of all
	Err     string        // why the last question failed, "" if it did not
}

// judge counts what came of a question. A 404 is an answer: the service does not know the caller.
func (c *Client) judge(number string, res Result) {
	now := time.Now()
	c.mu.Lock()
	defer c.mu.Unlock()
	x := c.circuits[number]
	if x == nil {
		c.forget(now)
		x = &circuit{}
		c.circuits[number] = x
	}
	x.asked++
	x.last, x.status, x.elapsed = now, res.Status, res.Elapsed
	x.lastTotal += res.Elapsed
	var s *statusError
	if res.Err == nil || errors.As(res.Err, &s) && s.status == http.StatusNotFound {
		x.failures, x.why = 0, ""
		if x.answers++; x.answers >= closeAfter {
			x.open = false
		}
		return
	}
	x.answers, x.why, x.lastFailure = 0, res.Err.Error(), now
	x.failed++
	if x.failures++; x.failures >= openAfter {
		x.open = true
	}
}

// forget drops the circuits of numbers that nobody calls. mu is held.
func (c *Client) forget(now time.Time) {
	for n, x := range c.circuits {
		if now.Sub(x.last) > keepState {
			delete(c.circuits, n)
		}
	}
}

func (x *circuit) state(now time.Time) State {
	switch {
	case !x.open:
		return StateClosed
	case x.answers > 0, now.Sub(x.lastFailure) >= halfAfter:
		return StateHalf
	}
	return StateOpen
}

func (x *circuit) describe(number string, now time.Time) Circuit {
	return Circuit{
		Number: number, State: x.state(now), Asked: x.asked, Failed: x.failed, Last: x.last,
		Status: x.status, Elapsed: x.elapsed, Total: x.lastTotal, Err: x.why,
	}
}

// Circuit returns the state of a number's service, false where it has not been asked.
func (c *Client) Circuit(number string) (Circuit, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	x := c.circuits[number]
	if x == nil {
		return Circuit{Number: number}, false
	}
	return x.describe(number, time.Now()), true
}

// Circuits returns the states of all services that have been asked, by number.
func (c *Client) Circuits() []Circuit {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	all := make([]Circuit, 0, len(c.circuits))
	for n, x := range c.circuits {
		all = append(all, x.describe(n, now))
	}
	slices.SortFunc(all, func(a, b Circuit) int { return strings.Compare(a.Number, b.Number) })
	return all
}
