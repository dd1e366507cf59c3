// Package doctor listens to a PBX that is pointed at it as at a trunk, answers its calls, and says what is right and wrong
// with the way it is set up, in general words and in those of 3CX, each with its mend. What it saw and how that is judged
// are apart: the rules are pure.
package doctor

import (
	"net/netip"
	"time"
)

// Wanted is what a PBX that is set up well does.
type Wanted struct {
	Dialled []string // emergency and test numbers that must come, such as 911 and 933
	Numbers []string // caller numbers of the account, E.164; empty takes any
	Country string   // ISO code, for numbers written without their country
	User    string   // the user name of the trunk's credentials, "" where it has none
	Secure  bool     // TLS and SRTP are required
}

// Seen is all that a PBX did.
type Seen struct {
	For           time.Duration
	Calls         []Call
	Registrations []Registration
	Keepalives    []Keepalive
	Backs         []Back
}

// Call is one INVITE and what came of it.
type Call struct {
	CallID    string
	Source    netip.AddrPort
	Transport string
	Dialled   string // the user part of the Request-URI
	From      string // the user part of From
	FromHost  string
	Contact   string
	UserAgent string

	Asserted map[string]string // user parts of P-Asserted-Identity, Remote-Party-ID, P-Preferred-Identity and Diversion
	Require  []string
	Supports []string
	Session  string // Session-Expires
	MinSE    string

	Auth  Auth
	Offer *Offer // nil for none
	Flaw  string // why the offer cannot be read or used

	Answered, Acked, NoAck bool           // NoAck: 32 s went by
	Packets                int            // of RTP
	Heard                  netip.AddrPort // where RTP came from
}

// Offer is what an INVITE's description says.
type Offer struct {
	Addr   netip.Addr // not valid where it names none
	Proto  string
	Codecs []string
	Events bool     // telephone-event
	Suites []string // of a=crypto
}

// Auth is how a challenge was answered.
type Auth struct {
	Challenged bool
	Answered   bool
	User       string
	Realm      string
	WantRealm  string
	Algorithm  string
	Right      bool   // user and password
	Flaw       string // why the credentials could not be read
}

// Registration is one AOR that was registered.
type Registration struct {
	Source    netip.AddrPort
	Transport string
	AOR       string
	Contact   string
	UserAgent string
	Auth      Auth
}

// Keepalive is OPTIONS outside a dialog.
type Keepalive struct {
	Source    netip.AddrPort
	Transport string
	UserAgent string
}

// Back is an OPTIONS of ours to where callbacks would go.
type Back struct {
	To     string
	Source netip.Addr // the PBX that named it; not valid for an origination URI
	Status int        // 0 for no answer
	Why    string     // no answer came
}
