package registrar

import (
	"net/netip"
	"time"

	"callbox/routing"
)

// Request is what the registrar needs to know of a REGISTER.
type Request struct {
	Source    netip.AddrPort // where it really came from
	Local     netip.AddrPort // our address that it came to
	Transport string         // udp, tcp, tls, ws or wss
	Host      string         // of the Request-URI
	User      string         // of the AOR, which is in To
	AORHost   string
	CallID    string
	CSeq      uint32
	Contacts  []Contact
	Star      bool // Contact: *
	Expires   int  // the header field in seconds, -1 for none
	Path      []string
	UserAgent string
	Outbound  bool          // the phone supports RFC 5626
	Direct    bool          // no proxy is between
	Again     bool          // this very request was accepted a moment ago: it changes nothing
	Proof     routing.Proof // a nil interface when no credentials were sent that can be used
}

// Contact is one binding that a REGISTER asks for, or that the answer lists.
type Contact struct {
	URI      string
	Scheme   string     // of the URI, lower case
	Host     netip.Addr // of the URI, the zero Addr for a name
	Port     uint16     // of the URI, 0 for none
	Q        int        // thousandths
	Expires  int        // seconds, -1 where nothing is said
	Instance string     // +sip.instance
	RegID    int
}

// Answer is what becomes of a REGISTER.
type Answer struct {
	Status     int
	Reason     string    // the reason phrase
	Sentence   string    // for people: what is wrong and the mend, "" where there is nothing to say
	Code       int       // the provider's error code, 0 where it has none
	Realm      string    // of a 401
	Contacts   []Contact // of a 200: all bindings, Expires is what remains
	MinExpires int       // of a 423, seconds
	RetryAfter int       // of a 503, seconds
	Outbound   bool      // of a 200: the flow is used as RFC 5626 wants
}

// Binding is one device of a user: where it is and how to reach it. It does not change.
type Binding struct {
	SID        string // RG and 32 hex digits; the same for the same device
	AccountSID string
	DomainSID  string
	Domain     string // the directory's name of the domain
	User       string
	URI        string // its Contact
	Q          int    // thousandths
	Instance   string
	RegID      int
	CallID     string
	CSeq       uint32
	Transport  string
	Remote     netip.AddrPort // where its REGISTER came from
	Local      netip.AddrPort // our address that it came to
	Path       []string
	UserAgent  string
	Natted     bool // its Contact names another address than Remote
	Created    time.Time
	Refreshed  time.Time
	Expires    time.Time
	State      State
	StateSince time.Time // zero for StateUnknown
}

// State is what is known of a device now.
type State string

// The states of a device.
const (
	StateUnknown State = "unknown" // it is asked nothing, or registered at another edge
	StateAnswers State = "answers" // it answered the last keepalive
	StateSilent  State = "silent"  // it answered none of the last two
	StateOpen    State = "open"    // its connection is there
	StateClosed  State = "closed"  // its connection is gone, and with it the way to it
)

// lost tells that a call would hardly reach the device.
func (s State) lost() bool { return s == StateSilent || s == StateClosed }

// Refusals of a registrar in the provider's numbers.
const (
	codeCredentials = 32202 // SIP: bad user credentials
	codeTransport   = 32209 // SIP: secure transport required
	codeBindings    = 32007 // SIP: too many bindings for the AOR
	codeRate        = 32008 // SIP: registration per second limit reached
	codeSupport     = 32210 // SIP: registration not supported
)

func refusal(status int, reason, sentence string, code int) Answer {
	return Answer{Status: status, Reason: reason, Sentence: sentence, Code: code}
}

func forbidden(sentence string, code int) Answer { return refusal(403, "Forbidden", sentence, code) }
