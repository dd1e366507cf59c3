package sim

import (
	"cmp"
	"slices"
	"time"

	"callbox/psap/sim/voice"
	"callbox/sip/audio"
)

// Call is a snapshot of one call at the simulator.
type Call struct {
	CallID     string // X-Callbox-Call, else the Call-ID header
	SIPCallID  string
	Centre     string // the user part that was called, or that calls
	Outgoing   bool   // the centre calls somebody back
	Name       string // what the centre calls itself
	Dialled    string // what the caller dialled, where the edge says so
	Number     string // the number received, "" for none
	CallerName string // the name received, of the caller or of who lives at the address, "" for none
	Address    string // the address received on one line, "" for none
	Point      *Point // the coordinates received, nil for none
	Beside     Beside // what else was received
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
	TransferTo string      // whom the agent sends the caller to, "" for none
	Transfer   string      // how that stands, such as "180 Ringing" or "200 OK"
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
	maxPast   = 500
	maxSaid   = 50
	maxDigits = 200
)

// Calls returns the live calls and the last 500 ended ones, oldest first.
func (s *Server) Calls() []Call { return s.callsWith(func(string) bool { return true }) }

// CallsOf returns those calls of Calls whose CallID is id: one for every centre that the edge tried for its call.
func (s *Server) CallsOf(id string) []Call {
	return s.callsWith(func(c string) bool { return c == id })
}

// callsWith returns the calls whose CallID is wanted, oldest first.
func (s *Server) callsWith(wanted func(id string) bool) []Call {
	s.mu.Lock()
	var calls []Call
	for _, c := range s.past[max(len(s.past)-maxPast, 0):] {
		if wanted(c.CallID) {
			c.Said = slices.Clone(c.Said)
			calls = append(calls, c)
		}
	}
	var live []*session
	for c := range s.live {
		if wanted(c.info.CallID) { // never changes
			live = append(live, c)
		}
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
	if len(s.past) >= 2*maxPast { // not one at a time: that would move them all with every call
		s.past = slices.Delete(s.past, 0, len(s.past)-maxPast)
	}
}

func (c *session) snapshot() Call {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.begun(time.Now())
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

// utterance is a sentence and when it begins.
type utterance struct {
	at   time.Time
	line string
}

// noteSpeech puts what is played from now on in the place of what is still to come of the speech before it.
func (c *session) noteSpeech(speech []voice.Speech) {
	now := time.Now()
	var coming []utterance
	at := now
	for _, s := range speech {
		coming = append(coming, utterance{at, s.Words.String()})
		at = at.Add(s.Duration())
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.begun(now)
	c.coming = coming
	c.begun(now)
}

// begun moves the sentences that have begun by now to those that were said. The caller holds c.mu.
func (c *session) begun(now time.Time) {
	for len(c.coming) > 0 && !c.coming[0].at.After(now) {
		if line := c.coming[0].line; line != "" {
			c.info.Said = append(c.info.Said, line)
		}
		c.coming = c.coming[1:]
	}
	if n := len(c.info.Said) - maxSaid; n > 0 {
		c.info.Said = slices.Delete(c.info.Said, 0, n)
	}
}

func (c *session) noteDigit(d byte) {
	c.note(func(i *Call) {
		i.Digits += string(rune(d))
		i.Digits = i.Digits[max(len(i.Digits)-maxDigits, 0):]
	})
}
