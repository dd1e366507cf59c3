// Package directory owns what the edge knows about its customers and call centres: accounts, domains, trunks, numbers,
// addresses, credential lists, access control lists, PSAPs and ECCs, and the immutable Snapshot of them that decisions
// read without locks. It knows neither SIP messages nor HTTP, and decides nothing.
package directory

import (
	"net/netip"
	"time"

	"callbox/config/strict"
	"callbox/routing/area"
)

// Secret is a password. It prints and marshals as ***; use string(s) only to prove knowledge of it.
type Secret = strict.Secret

// Account owns domains, trunks, numbers and addresses.
type Account struct {
	SID         string // AC and 32 hex digits
	Name        string
	BandwidthID string // digits by which Bandwidth's API knows it, "" for none
}

// Access is what guards a domain or a trunk. Where both lists are set, a request must pass both; where neither is, no
// request passes.
type Access struct {
	ACLs        []*ACL
	Credentials []*CredentialList
}

// ACL is a named list of source networks.
type ACL struct {
	SID      string // AL and 32 hex digits
	Name     string
	Networks []netip.Prefix
}

// CredentialList is a named list of digest users.
type CredentialList struct {
	SID   string // CL and 32 hex digits
	Name  string
	users map[string]func() HA1 // functions: fmt calls no method below an unexported field, but cannot look into these
}

// HA1 returns the hashes of a user's password, false for a user who is not in the list.
func (l *CredentialList) HA1(user string) (HA1, bool) {
	h, ok := l.users[user]
	if !ok {
		return HA1{}, false
	}
	return h(), true
}

// Contains tells whether an address is in one of the list's networks; an IPv4 address may come mapped into IPv6.
func (l *ACL) Contains(a netip.Addr) bool {
	a = a.Unmap().WithZone("")
	for _, n := range l.Networks {
		if n.Contains(a) {
			return true
		}
	}
	return false
}

// CallerIDMode says when a domain's Emergency Caller ID takes the place of From.
type CallerIDMode uint8

// The modes of an Emergency Caller ID.
const (
	CallerIDFallback CallerIDMode = iota // only where From is no number fit for emergency calls
	CallerIDAlways                       // on every call
)

// Domain is a SIP domain: the host phones and PBXs send calls to.
type Domain struct {
	SID          string // SD and 32 hex digits
	Name         string // the host name as written in the directory, lower case
	Account      *Account
	Emergency    bool   // emergency calling is enabled
	CallerID     string // Emergency Caller ID, "" for none; in force while that number has a registered address
	CallerIDMode CallerIDMode
	Registration bool              // phones may REGISTER
	Registrars   []*CredentialList // whose users may
	Secure       bool              // TLS and SRTP required
	Access       Access
	Settings     Settings // with its defaults filled in
}

// Trunk is an elastic SIP trunk: the termination host a PBX sends calls to.
type Trunk struct {
	SID      string // TK and 32 hex digits
	Name     string // the host name as written in the directory, lower case
	Account  *Account
	Secure   bool // TLS and SRTP required
	Access   Access
	Settings Settings // with its defaults filled in
}

// Service is the 911 service a number has.
type Service uint8

// The services of a number.
const (
	ServiceNone     Service = iota // neither: calls go to the national ECC
	ServiceE911                    // number and address reach the PSAP
	ServiceBasic911                // the same PSAP, nothing delivered
)

// AddressStatus is the state of a number's emergency address registration, in Twilio's words.
type AddressStatus uint8

// The states of an emergency address registration. Only StatusRegistered counts as having an address.
const (
	StatusUnregistered AddressStatus = iota
	StatusPending
	StatusRegistered
	StatusFailed
	StatusPendingUnregistration
	StatusUnregistrationFailed
)

// Format says how number and address are given to a call centre.
type Format uint8

// The formats.
const (
	FormatPIDF Format = iota // number in From and P-Asserted-Identity, address as a PIDF-LO body part (RFC 6442)
	FormatSIP                // number in From and P-Asserted-Identity, no body part
)

// SRTP says whether the media of calls to a centre is protected, with keys by SDP (RFC 4568).
type SRTP uint8

// The policies.
const (
	SRTPOff      SRTP = iota // RTP
	SRTPOptional             // offered; the centre chooses
	SRTPRequired             // a centre that answers without is passed over
)

// Delivery is what a centre is given about the caller. The zero value delivers nothing: From is anonymous.
type Delivery struct {
	Number  bool   `json:"number"`
	Address bool   `json:"address"`
	Format  Format `json:"format"`
}

// AnswerPolicy says which answers of a centre keep a call there. Every other failure, 6xx included, hands the call to
// the next target.
type AnswerPolicy struct {
	FollowRedirects bool `json:"follow_redirects"` // a 3xx Contact is tried within the ring time before the next target
	HideEarlyMedia  bool `json:"hide_early_media"` // the caller hears ringing until the answer, whatever the centre plays
	QueueAnswers    bool `json:"queue_answers"`    // early media (183 with SDP) ends the ring time: the centre's queue has the call
}

// PSAP is a call centre: a public safety answering point, or a national emergency call centre (ECC).
type PSAP struct {
	ID       string
	Name     string
	URI      string        // sip or sips
	Ring     time.Duration // how long it may ring before the next target
	Policy   AnswerPolicy
	Format   Format
	NG       NG911
	SRTP     SRTP
	Capacity int  // concurrent calls, 0 for no limit
	Probe    bool // OPTIONS tells whether it is in service; without it the centre always counts as such
	ECC      bool
	Country  string // the country an ECC stands for, "" for a PSAP
	Serves   area.Coverage
	Overflow []string // IDs, in order

	// PANI is the numbers it may be shown in the place of a caller's; none for most centres.
	PANI PANI

	// Callback is what the centre proves who it is with when it calls somebody back or registers, nil for nothing: it is
	// then known by the address of its URI alone.
	Callback *CentreUser

	chain []*PSAP // the overflow list resolved
}

// CentreUser is a call centre's digest user.
type CentreUser struct {
	Name string
	ha1  func() HA1 // a function: see CredentialList
}

// HA1 returns the hashes of its password.
func (u *CentreUser) HA1() HA1 { return u.ha1() }

// Chain returns the overflow list as centres, in order. The caller must not change it.
func (p *PSAP) Chain() []*PSAP { return p.chain }

// TestService is where calls to a test number such as 933 go.
type TestService struct {
	ID, Name, URI string
	Ring          time.Duration
}
