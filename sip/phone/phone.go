// Package phone is the softphone behind `callbox call`: it places one call with G.711 audio, plays and records WAV
// files, sends DTMF, and tells how the call went. It must not know how calls are routed.
package phone

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"time"

	"github.com/rs/zerolog"

	"callbox/sip/sdp"
)

// Options describe one call. To, Domain and Edge are required.
type Options struct {
	To        string // the number, a SIP URI or a URN to dial
	From      string // the caller's number or user part; "" calls anonymously
	Domain    string // host of the Request-URI and of From
	Edge      string // host:port the INVITE is sent to
	Transport string // udp, tcp or tls; "" is udp

	Username string // digest credentials, "" for none
	Password string

	Play     string        // WAV file to play once answered; "" plays silence
	Tone     bool          // play a 440 Hz tone instead of silence when Play is ""
	Record   string        // WAV file to write what is heard to, early media included; "" records nothing
	Duration time.Duration // hang up so long after the answer; 0 waits for the other side or ctx
	DTMF     string        // digits to send once answered; each comma waits a second before the next
	SRTP     sdp.Security  // what is offered, and taken
	Codecs   []string      // PCMU and PCMA in order of preference; empty means both

	ClientTLS *tls.Config // for transport tls; nil verifies against the system's roots
	UserAgent string      // "" is callbox-phone
	Logger    zerolog.Logger
	OnEvent   func(Event) // what happens as it happens, in order; must not block
}

// Event is one step of the call, for a person who watches.
type Event struct {
	At     time.Time
	Kind   EventKind
	Status int    // the SIP status it came with, 0 for none
	Detail string // the reason phrase, the codec, the digit
}

// EventKind says what an Event is.
type EventKind string

// The steps of a call.
const (
	EventDialled    EventKind = "dialled"
	EventProgress   EventKind = "progress"    // a 1xx without audio
	EventEarlyMedia EventKind = "early_media" // a 1xx with audio
	EventAnswered   EventKind = "answered"
	EventHeard      EventKind = "heard" // the first audio packet
	EventDigit      EventKind = "digit" // a DTMF digit came in
	EventEnded      EventKind = "ended"
)

// HungUpBy says who ended an answered call.
type HungUpBy string

// The ways an answered call ends.
const (
	HungUpNobody HungUpBy = ""       // the call was never answered
	HungUpCaller HungUpBy = "caller" // this phone, after Duration or because ctx ended
	HungUpCallee HungUpBy = "callee" // BYE came
	HungUpLost   HungUpBy = "lost"   // the dialog or its transport was lost
)

// Result is how a call went.
type Result struct {
	Status     int    // the final SIP status
	Reason     string // its reason phrase
	Sentence   string // why: the text of the edge's Warning 399, or with Local the cause; "" for none
	ErrorCode  string // X-Callbox-Error, a Twilio error code, "" for none
	CallID     string // X-Callbox-Call, the edge's name for the call
	RetryAfter string // Retry-After as sent
	SIPCallID  string
	Voice      string // X-Callbox-Voice, what a simulated centre speaks with
	Said       string // the text in the body of the answer, as that to urn:service:test.sos has; lines end in \n
	Local      bool   // the status was made here (a timeout, an unreachable peer), not received

	BadCertificate bool // Local, because the edge's certificate was not accepted

	Codec      string        // the codec of the answered call
	SRTP       string        // its crypto-suite, "" for plain RTP
	EarlyMedia bool          // audio was offered before the answer
	Setup      time.Duration // INVITE to final answer
	Talk       time.Duration // answer to end
	HungUpBy   HungUpBy

	PacketsSent     uint64
	PacketsReceived uint64
	PacketsLost     uint64
	Digits          string  // DTMF heard
	LevelDBFS       float64 // level of what was heard; -96 for silence
}

// FailedError is the error of Call when the call was not answered. It holds what Result holds.
type FailedError struct{ Result Result }

// Error returns the SIP answer and the sentence that says why on one line.
func (e *FailedError) Error() string {
	text := fmt.Sprintf("%d %s", e.Result.Status, e.Result.Reason)
	if e.Result.Sentence != "" {
		text += ": " + e.Result.Sentence
	}
	if e.Result.ErrorCode != "" {
		text += " (error " + e.Result.ErrorCode + ")"
	}
	return text
}

// Call places the call and blocks until it is over, its audio written. When the call is not answered the error is a
// *FailedError; other errors mean that it was not placed, or that its recording could not be written. Ending ctx hangs
// up or cancels.
func Call(ctx context.Context, o Options) (result Result, err error) {
	target, err := target(o)
	if err != nil {
		return Result{}, err
	}
	sound, err := openSound(o)
	if err != nil {
		return Result{}, err
	}
	defer func() { err = errors.Join(err, sound.close()) }()
	line, err := openLine(ctx, o, sound)
	if err != nil {
		return Result{}, err
	}
	c := newConversation(o, line, sound)
	defer func() {
		err = errors.Join(err, line.close())
		result = c.result(sound)
		if failed, ok := errors.AsType[*FailedError](err); ok {
			failed.Result = result
		}
	}()
	if err := line.dial(target, c.sink, o); err != nil {
		return Result{}, err
	}
	return Result{}, c.run(ctx)
}
