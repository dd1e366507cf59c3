// Package routing decides what becomes of an emergency call: Decide maps a request and an immutable directory snapshot
// to a verdict, the ordered targets and the trace of every rule. It is pure: no clock, no I/O, no SIP messages.
package routing

import (
	"net/netip"
	"time"

	"callbox/routing/directory"
	"callbox/sip/call"
)

// Request is what a decision needs to know of an INVITE.
type Request struct {
	Source    netip.Addr // where it really came from
	Transport string     // udp, tcp or tls
	Scheme    string     // of the Request-URI: sip, sips, tel or urn
	User      string     // its user part, or all after tel: or urn: ("service:sos.police")
	Host      string     // its host; for tel and urn the host of To, else of From
	From      Identity
	Proof     Proof // digest credentials, nil when none were sent
}

// Identity is who a request says it is from.
type Identity struct {
	Scheme, User, Host string
}

// Proof is the digest credentials of a request. One that also has a method Stale() bool which returns true is
// answered by a fresh challenge instead of a refusal.
type Proof interface {
	Username() string
	Verify(password string) bool
}

// Health tells which centres are in service.
type Health interface {
	InService(psap string) bool
}

// Verdict is the outcome of a decision.
type Verdict uint8

// The verdicts.
const (
	VerdictRefuse    Verdict = iota // answer Status with Reason
	VerdictChallenge                // answer 401 for Realm
	VerdictPSAP                     // ring Targets: a PSAP or its overflow, the ECC last
	VerdictECC                      // ring the national ECC
	VerdictTest                     // connect the test service
)

// Decision is what becomes of a call. It holds references into the snapshot, which stays valid.
type Decision struct {
	Verdict   Verdict
	Status    int    // SIP status of a refusal or challenge, else 0
	Reason    string // a refusal's sentence for people, printable ASCII without quotes
	Code      int    // Twilio error code of a refusal, 0 where it has none
	Realm     string // of a challenge
	Account   string // SID
	Domain    string // the directory's name of the domain or trunk
	Trunk     bool   // Domain is a trunk
	Caller    Caller
	Dialled   string // the emergency or test number, a URN resolved for the caller's country
	Country   string // the caller number's country
	Service   string // RFC 5031 label: sos, sos.police, ...; test.sos for a test call
	Emergency bool   // a real emergency call, not a test
	Targets   []Target
	FeeCents  int64 // US cents
	Warning   int   // Twilio warning code
	Trace     Trace
}

// Caller is the number a call is made for.
type Caller struct {
	Number   string // E.164
	Country  string
	Replaced bool // the domain's Emergency Caller ID took the place of From
	Service  directory.Service
	Address  *directory.Address // the registered address, nil for none
}

// TargetKind says why a target is in the list.
type TargetKind uint8

// The kinds of targets.
const (
	TargetPSAP TargetKind = iota
	TargetOverflow
	TargetECC
	TargetTest
)

// Target is one centre to ring.
type Target struct {
	ID, Name, URI string
	Kind          TargetKind
	Ring          time.Duration
	Policy        directory.AnswerPolicy
	Deliver       directory.Delivery
}

// Trace is what every rule of a decision saw.
type Trace struct{}

// Steps renders the trace, one step per rule.
func (t *Trace) Steps() []call.Step { return nil }

// Decide returns the verdict for r with its targets in ring order. It never blocks, and Targets is never empty unless
// the verdict is VerdictRefuse or VerdictChallenge. A nil Health takes every centre for being in service.
func Decide(s *directory.Snapshot, h Health, r Request) Decision { return Decision{} }

// String returns refuse, challenge, psap, ecc or test.
func (v Verdict) String() string { return "" }

// String returns psap, overflow, ecc or test.
func (k TargetKind) String() string { return "" }

// Text renders a decision for people, aligned, one rule a line.
func Text(d Decision) string { return "" }
