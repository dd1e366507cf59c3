package twilio

import (
	"net/netip"
	"sync/atomic"
	"testing"

	"callbox/routing"
	"callbox/routing/directory"
	"callbox/routing/directory/store"
)

// proof is the digest credentials of one who knows a password.
type proof struct{ user, password string }

func (p proof) Username() string { return p.user }

func (p proof) Verify(realm, md5, sha256 string) bool {
	h := directory.MakeHA1(p.user, directory.Secret(p.password))
	return realm == directory.Realm && h.MD5 == md5 && h.SHA256 == sha256
}

// decider decides calls by what a mirror of the edge's store has published.
type decider struct {
	t        *testing.T
	snapshot atomic.Pointer[directory.Snapshot]
}

func newDecider(t *testing.T, e *edge) *decider {
	t.Helper()
	c := &decider{t: t}
	m, err := e.store.Mirror(t.Context(), directory.LabContents(netip.AddrPort{}).Network, c.snapshot.Store)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Close)
	return c
}

// expect decides a call to 911 at a host and fails the test unless the verdict, and a refusal's status, are as wanted.
func (c *decider) expect(verdict routing.Verdict, status int, host, from string, more ...func(*routing.Request)) routing.Decision {
	c.t.Helper()
	r := routing.Request{Source: netip.MustParseAddr("192.0.2.1"), Transport: "udp", Scheme: "sip", User: "911", Host: host,
		From: routing.Identity{Scheme: "sip", User: from, Host: host}}
	for _, f := range more {
		f(&r)
	}
	d := routing.Decide(c.snapshot.Load(), nil, r)
	if d.Verdict != verdict || d.Status != status {
		c.t.Errorf("a call from %s at %s: %s %d %s, want %s %d", from, host, d.Verdict, d.Status, d.Reason, verdict, status)
	}
	return d
}

func by(user, password string) func(*routing.Request) {
	return func(r *routing.Request) { r.Proof = proof{user, password} }
}

func source(address string) func(*routing.Request) {
	return func(r *routing.Request) { r.Source = netip.MustParseAddr(address) }
}

// TestTheNextCallMeetsWhatIsProvisioned changes one thing at a time and looks at the very next decision.
func TestTheNextCallMeetsWhatIsProvisioned(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, e *edge) {
		c := newDecider(t, e)
		refuse, challenge, psap := routing.VerdictRefuse, routing.VerdictChallenge, routing.VerdictPSAP
		const from, host = "+14155550100", "lab.sip.us1.twilio.com" // localized: the domain is created without a region
		c.expect(refuse, 404, host, from)
		domain := "SIP/Domains/" + e.must("POST", "SIP/Domains.json", "DomainName", "lab.sip.twilio.com").sid()
		e.plant(e.mine, from, "registered")
		c.expect(refuse, 403, host, from) // nobody may call at a domain without a mapping

		acl := e.must("POST", "SIP/IpAccessControlLists.json", "FriendlyName", "Office").sid()
		entries := "SIP/IpAccessControlLists/" + acl + "/IpAddresses"
		e.must("POST", domain+"/IpAccessControlListMappings.json", "IpAccessControlListSid", acl)
		c.expect(refuse, 403, host, from) // an empty list lets nobody in
		entry := e.must("POST", entries+".json", "FriendlyName", "pbx", "IpAddress", "192.0.2.7", "CidrPrefixLength", "24").sid()
		c.expect(refuse, 403, host, from) // emergency calling is not enabled
		e.must("POST", domain+".json", "EmergencyCallingEnabled", "true")
		for _, h := range []string{host, "lab.sip.twilio.com", "LAB.sip.dublin.twilio.com"} {
			c.expect(psap, 0, h, from)
		}
		c.expect(refuse, 403, host, from, source("198.51.100.1"))
		e.must("POST", entries+"/"+entry+".json", "IpAddress", "198.51.100.0")
		c.expect(psap, 0, host, from, source("198.51.100.1"))
		c.expect(refuse, 403, host, from)
		e.must("POST", entries+".json", "FriendlyName", "six", "IpAddress", "2001:db8::", "CidrPrefixLength", "64")
		c.expect(psap, 0, host, from, source("2001:db8::5"))
		e.must("DELETE", entries+"/"+entry+".json")
		c.expect(refuse, 403, host, from, source("198.51.100.1"))
		e.must("DELETE", domain+"/Auth/Calls/IpAccessControlListMappings/"+acl+".json")
		c.expect(refuse, 403, host, from, source("2001:db8::5"))

		list := e.must("POST", "SIP/CredentialLists.json", "FriendlyName", "Phones").sid()
		users := "SIP/CredentialLists/" + list + "/Credentials"
		alice := e.must("POST", users+".json", "Username", "alice", "Password", password).sid()
		e.must("POST", domain+"/Auth/Calls/CredentialListMappings.json", "CredentialListSid", list)
		c.expect(challenge, 407, host, from)
		c.expect(psap, 0, host, from, by("alice", password))
		e.must("POST", users+"/"+alice+".json", "Password", "Another-Pass-1")
		c.expect(refuse, 403, host, from, by("alice", password))
		c.expect(psap, 0, host, from, by("alice", "Another-Pass-1"))
		e.must("DELETE", users+"/"+alice+".json")
		c.expect(refuse, 403, host, from, by("alice", "Another-Pass-1"))
		e.must("POST", users+".json", "Username", "alice", "Password", password)
	})
}

func TestTheNextCallMeetsADomainAsItIs(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, e *edge) {
		c := newDecider(t, e)
		refuse, psap := routing.VerdictRefuse, routing.VerdictPSAP
		const from, host = "+14155550100", "lab.sip.us1.twilio.com"
		sid, _, list := e.guarded(t)
		domain := "SIP/Domains/" + sid
		n := e.plant(e.mine, from, "registered")
		e.must("POST", "SIP/CredentialLists/"+list+"/Credentials.json", "Username", "alice", "Password", password)
		e.must("POST", domain+"/CredentialListMappings.json", "CredentialListSid", list)
		e.must("POST", domain+".json", "EmergencyCallingEnabled", "true")
		c.expect(psap, 0, host, from, by("alice", password))

		e.must("POST", domain+".json", "Secure", "true")
		c.expect(refuse, 403, host, from, by("alice", password))
		c.expect(psap, 0, host, from, by("alice", password), func(r *routing.Request) { r.Transport = "tls" })
		e.must("POST", domain+".json", "Secure", "false")

		c.expect(refuse, 403, host, "alice", by("alice", password)) // From is no number
		e.must("POST", domain+".json", "EmergencyCallerSid", n.SID)
		if d := c.expect(psap, 0, host, "alice", by("alice", password)); d.Caller.Number != from || !d.Caller.Replaced {
			t.Errorf("the Emergency Caller ID is not the caller: %+v", d.Caller)
		}
		e.must("POST", domain+".json", "EmergencyCallerSid", "")
		c.expect(refuse, 403, host, "alice", by("alice", password))
		e.must("POST", domain+".json", "DomainName", "new.sip.twilio.com")
		c.expect(refuse, 404, host, from, by("alice", password))
		c.expect(psap, 0, "new.sip.us1.twilio.com", from, by("alice", password))
		e.must("DELETE", domain+".json")
		c.expect(refuse, 404, "new.sip.us1.twilio.com", from, by("alice", password))
	})
}

func TestTheNextCallMeetsATrunkAsItIs(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, e *edge) {
		c := newDecider(t, e)
		refuse, psap := routing.VerdictRefuse, routing.VerdictPSAP
		const from, host = "+14155550100", "pbx.pstn.ashburn.twilio.com"
		n := e.plant(e.mine, from, "registered")
		trunk := "/v1/Trunks/" + e.must("POST", "/v1/Trunks", "FriendlyName", "3CX").sid()
		c.expect(refuse, 404, host, from)
		e.must("POST", trunk, "DomainName", "pbx.pstn.twilio.com")
		c.expect(refuse, 403, host, from)
		acl := e.must("POST", "SIP/IpAccessControlLists.json", "FriendlyName", "Office").sid()
		e.must("POST", "SIP/IpAccessControlLists/"+acl+"/IpAddresses.json", "FriendlyName", "pbx", "IpAddress", "192.0.2.1")
		list := e.must("POST", "SIP/CredentialLists.json", "FriendlyName", "Phones").sid()
		e.must("POST", "SIP/CredentialLists/"+list+"/Credentials.json", "Username", "3cx", "Password", password)
		e.must("POST", trunk+"/IpAccessControlLists", "IpAccessControlListSid", acl)
		e.must("POST", trunk+"/CredentialLists", "CredentialListSid", list)
		c.expect(refuse, 403, host, from, by("3cx", password)) // the number is not on the trunk
		e.must("POST", trunk+"/PhoneNumbers", "PhoneNumberSid", n.SID)
		c.expect(routing.VerdictChallenge, 407, host, from)
		c.expect(psap, 0, host, from, by("3cx", password))
		c.expect(refuse, 403, host, from, by("3cx", password), source("192.0.2.2")) // both must pass
		e.must("POST", trunk, "Secure", "true")
		c.expect(refuse, 403, host, from, by("3cx", password))
		e.must("POST", trunk, "Secure", "false")
		e.must("DELETE", trunk+"/PhoneNumbers/"+n.SID)
		c.expect(refuse, 403, host, from, by("3cx", password))
		e.must("DELETE", trunk)
		c.expect(refuse, 404, host, from, by("3cx", password))
	})
}

func TestPhonesRegisterWithTheListForIt(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, e *edge) {
		c := newDecider(t, e)
		sid, _, list := e.guarded(t)
		e.must("POST", "SIP/CredentialLists/"+list+"/Credentials.json", "Username", "alice", "Password", password)
		e.must("POST", "SIP/Domains/"+sid+".json", "SipRegistration", "true")
		at := "SIP/Domains/" + sid + "/Auth/Registrations/CredentialListMappings"
		registrars := func() int {
			d, ok := c.snapshot.Load().Domain("lab.sip.twilio.com")
			if !ok || !d.Registration || len(d.Access.Credentials) != 0 {
				t.Fatalf("%+v", d)
			}
			return len(d.Registrars)
		}
		if n := registrars(); n != 0 {
			t.Error(n)
		}
		e.must("POST", at+".json", "CredentialListSid", list)
		if n := registrars(); n != 1 {
			t.Error(n)
		}
		e.must("DELETE", at+"/"+list+".json")
		if n := registrars(); n != 0 {
			t.Error(n)
		}
	})
}

// TestOneOfTwoWithOneNameWins has many clients create the same at once.
func TestOneOfTwoWithOneNameWins(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, e *edge) {
		const clients = 8
		made := make(chan int, 2*clients)
		for range clients {
			go func() { made <- e.do("POST", "SIP/Domains.json", "DomainName", "lab.sip.twilio.com").status }()
			go func() { made <- e.do("POST", "SIP/CredentialLists.json", "FriendlyName", "Phones").status }()
		}
		created := 0
		for range 2 * clients {
			if status := <-made; status == 201 {
				created++
			} else if status != 400 {
				t.Error(status)
			}
		}
		if created != 2 || count[store.Domain](e) != 1 || count[store.CredentialList](e) != 1 {
			t.Errorf("%d created", created)
		}
	})
}
