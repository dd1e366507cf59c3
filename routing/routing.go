// Package routing decides what becomes of an emergency call: Decide maps a request and an immutable directory snapshot
// to a verdict, the ordered targets and the trace of every rule. It is pure: no clock, no I/O, no SIP messages.
package routing

import (
	"fmt"
	"net/netip"
	"time"

	"callbox/routing/directory"
	"callbox/sip/location"
)

// Request is what a decision needs to know of an INVITE.
type Request struct {
	Source    netip.Addr // where it really came from
	Port      uint16     // the port there, 0 where it is not known
	Transport string     // udp, tcp, tls, ws or wss
	Scheme    string     // of the Request-URI: sip, sips, tel or urn
	User      string     // its user part, or all after tel: or urn: ("service:sos.police")
	Host      string     // its host without port and brackets; for tel and urn the host of To, else of From
	From      Identity
	Claims    []Claim // other identities, in the order of the message
	Proof     Proof   // digest credentials, a nil interface when none were sent

	Locations     []location.Location // what the INVITE says of where the caller is, the preferred one first, each checked
	LocationRefs  []string            // IDs of the account's locations that its Geolocation names, in order
	LocationFault string              // why a location of it cannot be read, "" where all can
	Geolocation   GeolocationRouting
	Replies       []Reply // to the questions of earlier decisions of this request
}

// Identity is who a request says it is from.
type Identity struct {
	Scheme, User, Host string
}

// Claim is an identity that a request bears beside From. It counts only where the peer has passed the guards of its domain
// or trunk, and where the settings of that name its source (RFC 3325 section 6, for a trust domain of two).
type Claim struct {
	Source directory.IdentitySource
	Identity
}

// Proof is the digest credentials of a request. Verify tells whether they prove knowledge of a password, given by the hex
// hashes of user, realm and password. One that also has a method Stale() bool which returns true is answered by a fresh
// challenge instead of a refusal.
type Proof interface {
	Username() string
	Verify(realm, md5, sha256 string) bool
}

// Health tells which centres are in service. It must not block.
type Health interface {
	InService(psap string) bool
}

// Verdict is the outcome of a decision.
type Verdict uint8

// The verdicts.
const (
	VerdictRefuse    Verdict = iota // answer Status with Reason
	VerdictChallenge                // answer 407 for Realm
	VerdictPSAP                     // ring Targets: a PSAP, its overflow, the ECC last
	VerdictECC                      // ring the national ECC, the only target
	VerdictTest                     // connect the test service, the only target
	VerdictAsk                      // ask Question, then decide again with the reply
)

var verdictNames = [...]string{"refuse", "challenge", "psap", "ecc", "test", "ask"}

// String returns refuse, challenge, psap, ecc, test or ask.
func (v Verdict) String() string {
	if int(v) < len(verdictNames) {
		return verdictNames[v]
	}
	return fmt.Sprintf("verdict(%d)", uint8(v))
}

// Decision is what becomes of a call. It holds references into the snapshot, which stays valid.
type Decision struct {
	Verdict   Verdict
	Status    int    // SIP status of a refusal or challenge, else 0
	Reason    string // a refusal's sentence for people: printable ASCII without quotes and backslashes
	Code      int    // Twilio error code of a refusal, 0 where it has none
	Realm     string // of a challenge
	Account   string // SID, "" until a domain or trunk is found
	Domain    string // the directory's name of the domain or trunk
	Trunk     bool   // Domain is a trunk
	Secure    bool   // TLS and SRTP are required there; TLS has been seen to
	Caller    Caller
	Dialled   string // the emergency or test number, a URN resolved for the caller's country
	Country   string // the caller number's country
	Service   string // RFC 5031 label of what was asked for: sos, sos.police, ...; test.sos for a test call
	Emergency bool   // a real emergency call will be made, not a test
	Targets   []Target
	FeeCents  int64                    // US cents
	Warning   int                      // Twilio warning code
	Notify    []directory.Notification // whom the domain or trunk wants told of its calls
	Place     Place                    // where help is needed
	Question  *Question                // what VerdictAsk wants to know, or what was asked before; nil for nothing
	Reply     *Reply                   // what came of that, nil for VerdictAsk
	Trace     Trace

	// TestCentre is who would have been rung, by ID, for a call to urn:service:test.sos that the test service takes: it loops
	// media and says so (RFC 6881 section 15). "" for every other call.
	TestCentre string

	// BadLocation says why none of the locations in the INVITE could be used, for a Geolocation-Error (RFC 6442 section
	// 4.4); "" where there is none or one is good.
	BadLocation string
}

// Caller is the number or endpoint a call is made for.
type Caller struct {
	Number   string                   // E.164; of an endpoint its callback number, "" where it has none
	Country  string                   // ISO 3166-1 alpha-2
	Replaced bool                     // the domain's Emergency Caller ID took the place of From
	Source   directory.IdentitySource // where the number was found, unless it was replaced
	Service  directory.Service
	Address  *directory.Address  // the registered address, of an endpoint that of its place; nil for none
	Endpoint *directory.Endpoint // nil for a number
	Callback string              // the number a call centre can call back, E.164, "" for none: Number unless a hook gave another
	Name     string              // of an endpoint or as a hook gave it, "" for none
}

// TargetKind says why a target is in the list.
type TargetKind uint8

// The kinds of targets.
const (
	TargetPSAP     TargetKind = iota // serves the caller's address
	TargetOverflow                   // on that centre's overflow list
	TargetECC                        // the national emergency call centre
	TargetTest                       // the test service
)

var targetNames = [...]string{"psap", "overflow", "ecc", "test"}

// String returns psap, overflow, ecc or test.
func (k TargetKind) String() string {
	if int(k) < len(targetNames) {
		return targetNames[k]
	}
	return fmt.Sprintf("target(%d)", uint8(k))
}

// Target is one centre to ring.
type Target struct {
	ID, Name string
	URI      string           // sip or sips
	Ring     time.Duration    // how long it may ring before the next target
	NG       *directory.NG911 // how it is called where it is a next-generation centre, nil where it is none; not to be changed
	Kind     TargetKind
	Policy   directory.AnswerPolicy
	Deliver  directory.Delivery // what it is given about the caller
	SRTP     directory.SRTP
}

// Direct has the target called at another URI and by that name: the INVITE to a next-generation centre names the service no
// more, but who is there.
func (t *Target) Direct(uri string) {
	t.URI = uri
	if t.NG != nil {
		ng := *t.NG
		ng.RequestURI, t.NG = directory.RequestCentre, &ng
	}
}

// Provider's figures and codes.
const (
	feeCents            = 7500  // for an emergency call from a US or CA number without a registered address
	warningUnregistered = 22221 // such a call was made

	codeNumber      = 32101 // SIP: invalid phone number dialled
	codeACL         = 32201 // SIP: source IP address not in ACL
	codeCredentials = 32202 // SIP: bad user credentials
	codeCallerID    = 32204 // SIP: From phone number not verified
	codeFrom        = 32206 // SIP: invalid From number
	codeTransport   = 32209 // SIP: secure transport required
)
