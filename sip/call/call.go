// Package call names what every part of callbox says about a call: its ID, its legs, its events and the one
// reason it ended. It owns no behaviour, imports the standard library only, and knows neither SIP messages nor sockets.
package call

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"time"
)

// ID names one call through the edge, both legs included: "CA" and 32 lower-case hex digits, the shape of a Twilio
// call SID. It appears as call_id in the log, the CDR and the API and is unrelated to either leg's Call-ID header.
type ID string

// NewID returns a fresh random ID.
func NewID() ID {
	var b [16]byte
	rand.Read(b[:]) // never fails: crypto/rand aborts the process instead
	return ID("CA" + hex.EncodeToString(b[:]))
}

// Leg tells the two sides of a call apart.
type Leg uint8

// The two legs: A is the caller's, B the call centre's.
const (
	LegNone Leg = iota
	LegA
	LegB
)

// String returns "a", "b" or "".
func (l Leg) String() string {
	switch l {
	case LegA:
		return "a"
	case LegB:
		return "b"
	}
	return ""
}

// MarshalText writes the leg's name.
func (l Leg) MarshalText() ([]byte, error) { return []byte(l.String()), nil }

// UnmarshalText reads a leg's name; an unknown one is an error.
func (l *Leg) UnmarshalText(b []byte) error {
	switch string(b) {
	case "a":
		*l = LegA
	case "b":
		*l = LegB
	case "":
		*l = LegNone
	default:
		return fmt.Errorf("unknown leg %q", b)
	}
	return nil
}

// State is how far a call has come.
type State uint8

// The states, in order; a call never goes back to an earlier one.
const (
	StateNew         State = iota // INVITE received, not yet decided
	StateDecided                  // a verdict exists
	StateProgressing              // a target was rung
	StateAnswered                 // both legs are up
	StateEnded                    // one EndReason is set
)

var stateNames = [...]string{"new", "decided", "progressing", "answered", "ended"}

// String returns the state's snake_case name.
func (s State) String() string {
	if int(s) < len(stateNames) {
		return stateNames[s]
	}
	return fmt.Sprintf("state(%d)", uint8(s))
}

// MarshalText writes the state's name.
func (s State) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads a state's name; an unknown one is an error.
func (s *State) UnmarshalText(b []byte) error {
	for i, n := range stateNames {
		if n == string(b) {
			*s = State(i)
			return nil
		}
	}
	return fmt.Errorf("unknown call state %q", b)
}

// Event is one step of a call as the log, the CDR, the metrics and the API tell it. Events of one call are emitted in
// order by the goroutine that owns the call.
type Event struct {
	At     time.Time `json:"at"`
	Call   ID        `json:"call_id"`
	Leg    Leg       `json:"leg,omitzero"` // "a" or "b", absent for what concerns both
	Kind   EventKind `json:"kind"`
	Target string    `json:"target,omitempty"` // the call centre's ID, where one is meant
	Status int       `json:"sip_status,omitempty"`
	Detail string    `json:"detail,omitempty"`
}

// EventKind says what happened.
type EventKind string

// The kinds of events, in the order a plain call meets them.
const (
	EventReceived       EventKind = "received"    // INVITE taken from the caller
	EventDecided        EventKind = "decided"     // Decide answered
	EventALI            EventKind = "ali"         // a target is shown another number than the caller's, or cannot be
	EventAsked          EventKind = "asked"       // somebody outside is asked what the decision has to know
	EventReplied        EventKind = "replied"     // what came of that
	EventDialled        EventKind = "dialled"     // INVITE sent to a target
	EventRinging        EventKind = "ringing"     // 180 from a target
	EventEarlyMedia     EventKind = "early_media" // 183 with SDP from a target
	EventPassedOver     EventKind = "passed_over" // a target failed; the next one is tried
	EventAnswered       EventKind = "answered"    // 200 on both legs
	EventMediaUp        EventKind = "media_up"    // first RTP packet relayed from a side
	EventReoffered      EventKind = "reoffered"   // re-INVITE or UPDATE passed end to end
	EventHeld           EventKind = "held"
	EventResumed        EventKind = "resumed"
	EventInfo           EventKind = "info"            // INFO passed end to end
	EventCallback       EventKind = "callback"        // a call centre calls somebody back
	EventStep           EventKind = "step"            // a callback goes on to whom the detail says
	EventTransferring   EventKind = "transferring"    // the call centre sends the caller to the target
	EventTransferred    EventKind = "transferred"     // the target has taken its place
	EventTransferFailed EventKind = "transfer_failed" // the target has not
	EventListening      EventKind = "listening"       // somebody hears the call, or barges in
	EventUnheard        EventKind = "listener_gone"   // they do not, or not any more
	EventCancelled      EventKind = "cancelled"
	EventEnded          EventKind = "ended"
)
