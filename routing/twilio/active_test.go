package twilio

import (
	"strings"
	"testing"
	"time"

	"callbox/routing"
	"callbox/routing/directory/store"
	"callbox/routing/directory/store/storetest"
)

// TestAStrictEmergencyStatusDecidesCalls follows a number through its activation and deactivation.
func TestAStrictEmergencyStatusDecidesCalls(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, engine string) {
		e := newEdge(t, storetest.Open(t, engine, store.Options{RequireActive: true}), func(o *Options) { o.Registration.Strict = true })
		c := newDecider(t, e)
		const from, host = "+14155550100", "lab.sip.twilio.com"
		domain := "SIP/Domains/" + e.must("POST", "SIP/Domains.json", "DomainName", host, "EmergencyCallingEnabled", "true").sid()
		acl := e.must("POST", "SIP/IpAccessControlLists.json", "FriendlyName", "Office").sid()
		e.must("POST", "SIP/IpAccessControlLists/"+acl+"/IpAddresses.json", "FriendlyName", "pbx", "IpAddress", "192.0.2.1")
		e.must("POST", domain+"/IpAccessControlListMappings.json", "IpAccessControlListSid", acl)
		sid, one := e.number(from, "EmergencyAddressSid", e.address())
		expect := func(want routing.Verdict, when string) {
			t.Helper()
			for _, d := range []*decider{c, newDecider(t, e)} { // what followed the change, and what is loaded anew
				if got := d.expect(want, 0, host, from); got.Verdict != want {
					t.Error(when)
				}
			}
		}
		status := func(to string) { // XML: the enumeration of the provider's document lacks what is pending
			t.Helper()
			if a := e.do("POST", "IncomingPhoneNumbers/"+sid, "EmergencyStatus", to); !strings.Contains(a.text, "<EmergencyStatus>Pending ") {
				t.Error(a.text)
			}
		}
		expect(routing.VerdictECC, "pending registration")
		e.step(registered)
		if a := e.must("GET", one); a.str("emergency_address_status") != "registered" || a.str("emergency_status") != "Inactive" {
			t.Error(a.text)
		}
		expect(routing.VerdictECC, "registered, Inactive")
		e.bad(21231, "its EmergencyStatus is Inactive", domain+".json", "EmergencyCallerSid", sid)
		status("Active")
		expect(routing.VerdictECC, "pending activation")
		e.step(5 * time.Minute)
		expect(routing.VerdictPSAP, "Active")
		e.must("POST", domain+".json", "EmergencyCallerSid", sid)
		status("Inactive")
		expect(routing.VerdictPSAP, "pending deactivation")
		e.step(5 * time.Minute)
		expect(routing.VerdictECC, "Inactive again")
	})
}

func TestNumbersOfAFileAreActive(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, engine string) {
		e := newEdge(t, storetest.Open(t, engine, store.Options{RequireActive: true}), func(o *Options) { o.Registration.Strict = true })
		e.adopt()
		newDecider(t, e).expect(routing.VerdictPSAP, 0, "lab.sip.us1.twilio.com", "+14155550100", source("127.0.0.1"))
	})
}
