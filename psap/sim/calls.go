package sim

import (
	"cmp"
	"slices"
	"time"

	"callbox/sip/audio"
)

// Call is a snapshot of one call at the simulator.
type Call struct {
	CallID     string // X-Callbox-Call, else the Call-ID header
	SIPCallID  string
	Centre     string // the user part that was called
	Name       string // what the centre calls itself
	Dialled    string // what the caller dialled, where the edge says so
	Number     string // the number received, "" for none
	Address    string // the address received on one line, "" for none
	State      State
	StartedAt  time.Time
	AnsweredAt time.Time // zero when never answered
	EndedAt    time.Time // zero while it is up
	EndedBy    string    // caller, centre or lost
	Status     int       // the final status given, 0 while there is none
	Voice      string    // builtin, espeak-ng or flite; "" when nothing is said
	Codec      string
	Held       bool        // by the caller
	Said       []string    // the sentences begun, oldest first, the last 50
	Digits     string      // DTMF received, the last 200
	Media      audio.Stats // zero for a script without media
}

// State is how far a call has come.
type State string

// The states.
const (
	StateRinging  State = "ringing"
	StateAnswered State = "answered"
	StateEnded    State = "ended"
)

// Bounds of what is remembered.
const (
	maxPast   = 100
	maxSaid   = 50
	maxDigits = 200
)

// Calls returns the live calls and up to 100 ended ones, oldest first.
func (s *Server) Calls() []Call {
	s.mu.Lock()
	calls := slices.Clone(s.past)
	live := make([]*session, 0, len(s.live))
	for c := range s.live {
		live = append(live, c)
	}
	s.mu.Unlock()
	for _, c := range live {
		calls = append(calls, c.snapshot())
	}
	slices.SortStableFunc(calls, func(a, b Call) int {
		return cmp.Or(a.StartedAt.Compare(b.StartedAt), cmp.Compare(a.CallID, b.CallID))
	})
	return calls
}

// ended moves a call from the live ones to the past.
func (s *Server) ended(c *session) {
	call := c.snapshot()
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.live, c)
	s.past = append(s.past, call)
	if len(s.past) > maxPast {
		s.past = slices.Delete(s.past, 0, len(s.past)-maxPast)
	}
}

func (c *session) snapshot() Call {
	c.mu.Lock()
	defer c.mu.Unlock()
	call := c.info
	call.Said = slices.Clone(call.Said)
	if c.stream != nil {
		call.Media = c.stream.Stats()
	}
	return call
}

// note changes the call's snapshot.
func (c *session) note(f func(*Call)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	f(&c.info)
}

func (c *session) noteSaid(line string) {
	c.note(func(i *Call) {
		i.Said = append(i.Said, line)
		if len(i.Said) > maxSaid {
			i.Said = slices.Delete(i.Said, 0, len(i.Said)-maxSaid)
		}
	})
}

func (c *session) noteDigit(d byte) {
	c.note(func(i *Call) {
		i.Digits += string(rune(d))
		i.Digits = i.Digits[max(len(i.Digits)-maxDigits, 0):]
	})
}
