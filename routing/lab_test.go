package routing

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"callbox/routing/directory"
)

// Hosts of the lab.
const (
	hostLab    = "lab.sip.us1.twilio.com"
	hostStore  = "store.sip.us1.twilio.com"
	hostPhones = "phones.sip.us1.twilio.com"
	hostQuiet  = "quiet.sip.us1.twilio.com"
	hostTrunk  = "lab.pstn.ashburn.twilio.com"
)

// digest is a Proof whose password is known.
type digest struct {
	user, realm string
	ha1         directory.HA1
	stale       bool
}

// knows is the proof of a user who knows a password.
func knows(user string, password directory.Secret) digest {
	return digest{user: user, realm: directory.Realm, ha1: directory.MakeHA1(user, password)}
}

func (d digest) Username() string { return d.user }
func (d digest) Stale() bool      { return d.stale }
func (d digest) Verify(realm, md5, sha256 string) bool {
	return !d.stale && d.realm == realm && d.ha1 == directory.HA1{MD5: md5, SHA256: sha256}
}

var alice = knows("alice", "Callbox-lab-911")

// down is a Health in which the listed centres are out of service.
type down string

func (d down) InService(id string) bool {
	for out := range strings.SplitSeq(string(d), " ") {
		if out == id {
			return false
		}
	}
	return true
}

// request is a call from number to dialled on host, from loopback and as alice.
func request(number, dialled, host string) Request {
	return Request{
		Source: netip.MustParseAddr("127.0.0.1"), Transport: "udp", Scheme: "sip", User: dialled, Host: host,
		From: Identity{Scheme: "sip", User: number, Host: host}, Proof: alice,
	}
}

// summary is a decision on one line: verdict, caller, targets, what the first gets, and money.
func summary(d Decision) string {
	switch d.Verdict {
	case VerdictRefuse, VerdictChallenge:
		s := fmt.Sprintf("%s %d", d.Verdict, d.Status)
		if d.Code != 0 {
			s += fmt.Sprintf(" (%d)", d.Code)
		}
		return s
	}
	ids := make([]string, len(d.Targets))
	for i, t := range d.Targets {
		ids[i] = t.ID
	}
	s := fmt.Sprintf("%s %s", d.Verdict, strings.Join(ids, ","))
	if d.Caller.Replaced {
		s += " as " + d.Caller.Number
	}
	s += ", " + strings.TrimSuffix(d.Targets[0].Deliver.String(), " (pidf)")
	if d.FeeCents != 0 || d.Warning != 0 {
		s += fmt.Sprintf(", fee %d warning %d", d.FeeCents, d.Warning)
	}
	return s
}

// What the lab's contract promises, every number on every host.
func TestEveryLabNumberOnEveryHost(t *testing.T) {
	const (
		sf      = "psap psap-sf,psap-oakland,ecc-us, number and address"
		store   = "psap psap-sf,psap-oakland,ecc-us as +14155550100, number and address"
		fee     = "ecc ecc-us, number, fee 7500 warning 22221"
		unknown = "refuse 403 (32204)"
		quiet   = "refuse 403"
		foreign = "refuse 403" // the Emergency Caller ID is a US number
	)
	rows := []struct{ number, dialled, lab, store string }{
		{"+14155550100", "911", sf, sf},
		{"+14155550100", "112", sf, sf},
		{"+12125550100", "911", "psap psap-nyc,psap-newark,ecc-us, number and address", ""},
		{"+14155550101", "911", "psap psap-sf,psap-oakland,ecc-us, nothing", ""},
		{"+14155550102", "911", fee, store},
		{"+18005550103", "911", "ecc ecc-us, number", ""},
		{"+14155550104", "911", fee, store},
		{"+16135550100", "911", "psap psap-ottawa,psap-gatineau,ecc-ca, number and address", ""},
		{"+442079460100", "999", "psap psap-london,psap-manchester,ecc-gb, number and address", ""},
		{"+442079460100", "112", "psap psap-london,psap-manchester,ecc-gb, number and address", ""},
		{"+35315550100", "112", "psap psap-dublin,psap-cork,ecc-ie, number and address", ""},
		{"+61255500100", "000", "psap psap-sydney,psap-melbourne,ecc-au, number and address", ""},
		{"+33155500100", "15", "psap psap-paris,psap-versailles,ecc-fr, number and address", ""},
		{"+493055500100", "110", "psap psap-berlin,psap-potsdam,ecc-de, number and address", ""},
		{"+4315550100", "133", "psap psap-vienna,psap-st-poelten,ecc-at, number and address", ""},
		{"+19995550199", "911", unknown, store},
		{"+19995550199", "999", unknown, foreign},
		{"+14155550100", "933", "test test-service, number and address", ""},
		{"+14155550102", "933", "test test-service, number", "test test-service as +14155550100, number and address"},
		{"+18005550103", "933", "test test-service, number and address", ""},
		{"+19995550199", "933", unknown, "test test-service as +14155550100, number and address"},
	}
	s := directory.Lab(netip.AddrPort{})
	for _, r := range rows {
		onStore := r.store
		if onStore == "" { // a number fit for emergency calls calls as itself
			onStore = r.lab
		}
		for host, want := range map[string]string{
			hostLab: r.lab, hostPhones: r.lab, hostTrunk: r.lab, hostStore: onStore, hostQuiet: quiet,
		} {
			t.Run(r.number+" dials "+r.dialled+" on "+host, func(t *testing.T) {
				d := Decide(s, nil, request(r.number, r.dialled, host))
				if got := summary(d); got != want {
					t.Errorf("got  %s\nwant %s\n%s", got, want, Text(d))
				}
				if d.Domain != host || d.Trunk != (host == hostTrunk) || d.Account != "AC00000000000000000000000000000911" {
					t.Errorf("domain %q, trunk %v, account %q", d.Domain, d.Trunk, d.Account)
				}
			})
		}
	}
}
