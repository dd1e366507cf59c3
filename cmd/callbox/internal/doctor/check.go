package doctor

import (
	"fmt"
	"slices"
	"strings"
)

// State is how a check came out.
type State string

// The states, from good to bad.
const (
	OK     State = "ok"
	Unseen State = "unseen" // nothing came that it could be told by
	Odd    State = "odd"    // it works here, but look at it
	Wrong  State = "wrong"
)

// Check is one line of the report.
type Check struct {
	ID      string `json:"id"`
	Title   string `json:"title"`
	State   State  `json:"state"`
	Saw     string `json:"saw,omitempty"`
	Mend    string `json:"mend,omitempty"`
	Mend3CX string `json:"mend_3cx,omitempty"`
}

// finding is what a rule says of one call; its zero value is that the rule does not apply.
type finding struct {
	state         State
	saw           string
	mend, mend3CX string
}

// rule judges one call.
type rule struct {
	id, title string
	of        func(Wanted, Call) finding
}

// Judge returns the checklist, in the order in which one would set up a PBX.
func Judge(w Wanted, s Seen) []Check {
	checks := []Check{keepalives(s), registered(s)}
	for _, n := range w.Dialled {
		checks = append(checks, dialled(w, s, n))
	}
	for _, r := range []rule{
		{"direct_dial", "emergency numbers come without a prefix", directDial},
		{"called_format", "other numbers come in E.164", calledFormat},
		{"caller_place", "From holds the caller's number", callerPlace},
		{"caller_format", "the caller's number is in E.164", callerFormat},
		{"caller_known", "the caller's number is one of the account", callerKnown},
		{"authentication", "credentials are right", authentication},
		{"transport", "signalling goes by the transport of the trunk", transport},
		{"srtp", "media is as the trunk wants it", encryption},
		{"codec", "G.711 is offered", codec},
		{"dtmf", "keys are sent as telephone-event", events},
		{"audio", "audio arrives from where SDP says", audioArrives},
		{"ack", "answers are acknowledged", acknowledged},
		{"session_timer", "session timers are in order", sessionTimer},
	} {
		checks = append(checks, r.judge(w, s.Calls))
	}
	return append(checks, wayBack(s))
}

// badness orders states.
func badness(s State) int { return slices.Index([]State{"", OK, Unseen, Odd, Wrong}, s) }

// judge puts what a rule says of all calls together: the worst counts.
func (r rule) judge(w Wanted, calls []Call) Check {
	c := Check{ID: r.id, Title: r.title}
	var saw []string
	for _, call := range calls {
		f := r.of(w, call)
		if f.state == "" {
			continue
		}
		if badness(f.state) > badness(c.State) {
			c.State, c.Mend, c.Mend3CX, saw = f.state, f.mend, f.mend3CX, nil
		}
		if f.state == c.State && f.saw != "" && !slices.Contains(saw, f.saw) {
			saw = append(saw, f.saw)
		}
	}
	if c.State == "" {
		c.State, c.Saw = Unseen, "no call came that shows it"
		if len(calls) == 0 {
			c.Saw = "no call came"
		}
		return c
	}
	if n := len(saw); n > 3 {
		saw = append(saw[:3], fmt.Sprintf("and %d more like that", n-3))
	}
	c.Saw = strings.Join(saw, "; ")
	return c
}

// Healthy tells whether nothing is wrong.
func Healthy(checks []Check) bool {
	return !slices.ContainsFunc(checks, func(c Check) bool { return c.State == Wrong })
}
