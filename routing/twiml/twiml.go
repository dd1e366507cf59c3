// Package twiml reads the provider's markup for voice calls, which a customer's server answers a call with, and says step
// by step what to do by it. It is pure: no HTTP, no SIP, no clock. Verbs that a call back from a call centre does not need are
// refused in words.
package twiml

import (
	"fmt"
	"time"
)

// Bounds of a document. Its size is the provider's.
const (
	MaxBytes    = 64 << 10
	maxDepth    = 8
	maxElements = 1000
	maxTargets  = 10
	maxText     = 4096 // characters that one Say may have
	maxLoop     = 1000
	maxURL      = 4096
)

// Document is a response: verbs in order. It never changes.
type Document struct {
	Verbs    []Verb
	Warnings []Warning
}

// Verb is one of Say, Play, Pause, Dial, Reject, Hangup and Redirect.
type Verb interface {
	// Verb returns the element's name.
	Verb() string
}

// Say reads a text to the caller.
type Say struct {
	Text     string // at most 4096 characters; markup within is left out
	Voice    string // as written
	Language string // as written
	Loop     int    // times; 0 goes on until the call ends
}

// Play plays a sound file, or DTMF digits.
type Play struct {
	URL    string // as written, perhaps relative; Run makes it absolute; "" where there are digits only
	Digits string // of 0-9*#ABCD, w for half a second of silence
	Loop   int    // times; 0 goes on until the call ends
}

// Pause is silence.
type Pause struct{ Length time.Duration }

// Dial connects the caller with the first target that answers.
type Dial struct {
	Targets        []Target // one to ten; all at once unless Sequential
	Sequential     bool
	Timeout        time.Duration // of ringing, 5 s to 10 min
	TimeLimit      time.Duration // of the call
	CallerID       string        // "" keeps the caller's
	Action, Method string        // asked when the dialled call has ended; Action "" goes on with the next verb
	AnswerOnBridge bool          // the caller is answered when the target answers, not before
}

// Target is whom a Dial calls: a SIP or a Number.
type Target interface {
	// Noun returns the element's name.
	Noun() string
}

// SIP is a target by URI.
type SIP struct {
	URI            string // sip or sips with a host, without headers; at most 255 characters
	Headers        []Header
	User, Password string // for a challenge; never to be shown
}

// Header is a header field for the target's INVITE; its name begins with X-, or is User-to-User.
type Header struct{ Name, Value string }

// Number is a target by telephone number, in E.164.
type Number struct{ E164 string }

// Reject refuses the call without answering it, where it is the first verb; later it ends the call.
type Reject struct{ Busy bool }

// Hangup ends the call.
type Hangup struct{}

// Redirect goes on with another document.
type Redirect struct{ URL, Method string }

// Verb implements Verb.
func (*Say) Verb() string { return "Say" }

// Verb implements Verb.
func (*Play) Verb() string { return "Play" }

// Verb implements Verb.
func (*Pause) Verb() string { return "Pause" }

// Verb implements Verb.
func (*Dial) Verb() string { return "Dial" }

// Verb implements Verb.
func (*Reject) Verb() string { return "Reject" }

// Verb implements Verb.
func (*Hangup) Verb() string { return "Hangup" }

// Verb implements Verb.
func (*Redirect) Verb() string { return "Redirect" }

// Noun implements Target.
func (*SIP) Noun() string { return "Sip" }

// Noun implements Target.
func (*Number) Noun() string { return "Number" }

// The provider's codes of what can be wrong with a document. Those that begin with 13 stand where they are used.
const (
	CodeURL         = 11100 // invalid URL format
	CodeTooLarge    = 11750 // response body too large
	CodeEmpty       = 11770 // empty response body
	CodeParse       = 12100 // document parse failure
	CodeRoot        = 12102 // the root element must be Response
	CodeSchema      = 12200 // schema validation
	CodeContentType = 12300 // invalid Content-Type
)

// Error says why a document cannot be used, with the provider's code.
type Error struct {
	Code    int
	Line    int // 0 where there is none
	Message string
}

// Error implements error.
func (e *Error) Error() string {
	if e.Line == 0 {
		return fmt.Sprintf("TwiML: %s (error %d)", e.Message, e.Code)
	}
	return fmt.Sprintf("TwiML line %d: %s (error %d)", e.Line, e.Message, e.Code)
}

// ErrorCode returns the provider's code.
func (e *Error) ErrorCode() int { return e.Code }

// Warning is something in a document that has no effect, or another than its author may think.
type Warning struct {
	Code    int
	Line    int
	Message string
}

// String writes the warning for a trace.
func (w Warning) String() string {
	return fmt.Sprintf("TwiML line %d: %s (warning %d)", w.Line, w.Message, w.Code)
}
