package systest

import (
	"strings"
	"testing"
	"time"

	api "github.com/twilio/twilio-go/rest/api/v2010"
	trunking "github.com/twilio/twilio-go/rest/trunking/v1"
)

var (
	harrison = place{"645 Harrison St.", "", "San Francisco", "CA", "94105", "US"}
	fifth    = place{"350 5th Ave", "Fl 21", "New York", "NY", "10118", "US"}
)

// The provider's guide, use case 1: a number with an address of its own, at a domain enabled for emergency calling.
func TestANumberIsRegisteredAndCallsForHelp(t *testing.T) {
	onEachDatabase(t, func(t *testing.T, s settings) {
		l := startLab(t, s)
		c := l.customer(t)
		n, d := c.number(t, "+14155550123"), c.domain(t, "walk", false)
		call := caller{from: "+14155550123", to: "911", domain: "walk.sip.us1.twilio.com"}
		l.dial(t, "before emergency calling is enabled", call, refused(403, 0))
		ok[any](t)(c.api.UpdateSipDomain(*d.Sid, (&api.UpdateSipDomainParams{}).SetEmergencyCallingEnabled(true)))
		l.dial(t, "without an address", call, answered("ecc-us", "+14155550123").with(toECC))

		a := c.address(t, harrison)
		if status := c.associate(t, *n.Sid, *a.Sid); status != "pending-registration" {
			t.Errorf("associated, the number is %s", status)
		}
		c.becomes(t, *n.Sid, "registered")
		l.dial(t, "registered", call, answered("psap-sf", "+14155550123"))
		l.dial(t, "the test number", caller{from: "+14155550123", to: "933", domain: call.domain}, answered("test-service", "+14155550123").with(toTest))
		users := ok[[]api.ApiV2010DependentPhoneNumber](t)(c.api.ListDependentPhoneNumber(*a.Sid, &api.ListDependentPhoneNumberParams{}))
		if len(users) != 1 || *users[0].PhoneNumber != "+14155550123" {
			t.Errorf("the address is used by %+v", users)
		}
	})
}

// Use case 2: an Emergency Caller ID stands in for every phone of a store.
func TestAStoreGetsAnEmergencyCallerID(t *testing.T) {
	onEachDatabase(t, func(t *testing.T, s settings) {
		l := startLab(t, s)
		c := l.customer(t)
		n, a, d := c.number(t, "+14155550124"), c.address(t, harrison), c.domain(t, "shop", true)
		call := caller{from: "+15005550999", to: "911", domain: "shop.sip.us1.twilio.com"}
		l.dial(t, "a phone without a number of the account", call, refused(403, 32204))

		set := (&api.UpdateSipDomainParams{}).SetEmergencyCallerSid(*n.Sid)
		if _, err := c.api.UpdateSipDomain(*d.Sid, set); err == nil {
			t.Error("a number without a registered address became the Emergency Caller ID")
		}
		c.associate(t, *n.Sid, *a.Sid)
		c.becomes(t, *n.Sid, "registered")
		got := ok[*api.ApiV2010SipDomain](t)(c.api.UpdateSipDomain(*d.Sid, set))
		if got.EmergencyCallerSid == nil || *got.EmergencyCallerSid != *n.Sid {
			t.Errorf("the domain tells Emergency Caller ID %v", got.EmergencyCallerSid)
		}
		replaced := answered("psap-sf", "+14155550124").with(func(o *outcome) { o.Replaced = true })
		l.dial(t, "the caller ID is set", call, replaced)
		if err := c.api.DeleteIncomingPhoneNumber(*n.Sid, &api.DeleteIncomingPhoneNumberParams{}); err == nil {
			t.Error("the number of an Emergency Caller ID was released")
		}
		l.dial(t, "the number is still there", call, replaced)
		ok[any](t)(c.api.UpdateSipDomain(*d.Sid, (&api.UpdateSipDomainParams{}).SetEmergencyCallerSid("")))
		l.dial(t, "the caller ID is cleared", call, refused(403, 32204))
	})
}

// The provider's guide: change a number's emergency address, modify it, and take it away.
func TestAnAddressIsChangedModifiedAndDeleted(t *testing.T) {
	onEachDatabase(t, func(t *testing.T, s settings) {
		l := startLab(t, s)
		c := l.customer(t)
		n, west, d := c.number(t, "+14155550125"), c.address(t, harrison), c.domain(t, "move", true)
		call := caller{from: "+14155550125", to: "911", domain: "move.sip.us1.twilio.com"}
		c.associate(t, *n.Sid, *west.Sid)
		c.becomes(t, *n.Sid, "registered")
		l.dial(t, "in the west", call, answered("psap-sf", "+14155550125"))
		if err := c.api.DeleteAddress(*west.Sid, &api.DeleteAddressParams{}); err == nil {
			t.Fatal("an address in use was deleted")
		}
		if _, err := c.api.UpdateAddress(*west.Sid, (&api.UpdateAddressParams{}).SetStreet("500 Harrison St")); err == nil {
			t.Error("an address in use was modified")
		}

		if status := c.associate(t, *n.Sid, ""); status != "pending-unregistration" && status != "unregistered" {
			t.Errorf("without its address the number is %s", status)
		}
		c.becomes(t, *n.Sid, "unregistered")
		l.dial(t, "between two addresses", call, answered("ecc-us", "+14155550125").with(toECC))
		l.stepClock(t, time.Hour) // the wait between two associations
		c.associate(t, *n.Sid, *c.address(t, fifth).Sid)
		c.becomes(t, *n.Sid, "registered")
		l.dial(t, "in the east", call, answered("psap-nyc", "+14155550125"))

		ok[any](t)(c.api.UpdateAddress(*west.Sid, (&api.UpdateAddressParams{}).SetCustomerName("Nobody's now")))
		if err := c.api.DeleteAddress(*west.Sid, &api.DeleteAddressParams{}); err != nil {
			t.Errorf("an address that nobody uses: %v", err)
		}
		_, err := c.api.FetchAddress(*west.Sid, &api.FetchAddressParams{})
		refusedWith(t, "the deleted address", err, 404, 20404)
		ok[any](t)(c.api.UpdateSipDomain(*d.Sid, (&api.UpdateSipDomainParams{}).SetEmergencyCallingEnabled(false)))
		l.dial(t, "emergency calling is disabled", call, refused(403, 0))
	})
}

// The provider's guide for a PBX: a trunk with an access control list and credentials, and a number with an address.
func TestAPBXGetsATrunk(t *testing.T) {
	onEachDatabase(t, func(t *testing.T, s settings) {
		l := startLab(t, s)
		c := l.customer(t)
		tr := ok[*trunking.TrunkingV1Trunk](t)(c.trunk.CreateTrunk((&trunking.CreateTrunkParams{}).SetFriendlyName("3CX").
			SetDomainName("mypbx.pstn.twilio.com")))
		call := caller{
			scenario: "digest.xml", from: "+14155550126", to: "911", domain: "mypbx.pstn.ashburn.twilio.com",
			user: "3cx", password: "Trunk-secret-1",
		}
		plain := call
		plain.scenario = "refused.xml"
		n := c.number(t, "+14155550126")
		l.dial(t, "a trunk without access control", plain, refused(403, 0))
		ok[any](t)(c.trunk.CreateIpAccessControlList(*tr.Sid, (&trunking.CreateIpAccessControlListParams{}).
			SetIpAccessControlListSid(c.acl(t, "pbx", "127.0.0.0", 8))))
		ok[any](t)(c.trunk.CreateCredentialList(*tr.Sid, (&trunking.CreateCredentialListParams{}).
			SetCredentialListSid(c.credentials(t, "pbx", "3cx", "Trunk-secret-1"))))
		ok[any](t)(c.trunk.CreateOriginationUrl(*tr.Sid, (&trunking.CreateOriginationUrlParams{}).SetFriendlyName("pbx").
			SetSipUrl("sip:pbx.example.com").SetPriority(10).SetWeight(10).SetEnabled(true)))
		wrong := call
		wrong.scenario, wrong.password = "digest_refused.xml", "Trunk-secret-2"
		l.dial(t, "a wrong password", wrong, refused(403, 32202))
		c.associate(t, *n.Sid, *c.address(t, harrison).Sid)
		c.becomes(t, *n.Sid, "registered")
		call.scenario = "digest.xml"
		elsewhere := call
		elsewhere.scenario = "digest_refused.xml"
		l.dial(t, "a number that is not on the trunk", elsewhere, refused(403, 32204))
		ok[any](t)(c.trunk.CreatePhoneNumber(*tr.Sid, (&trunking.CreatePhoneNumberParams{}).SetPhoneNumberSid(*n.Sid)))
		l.dial(t, "the number is on the trunk", call, answered("psap-sf", "+14155550126"))
		err := c.trunk.DeleteTrunk(*tr.Sid)
		refusedWith(t, "a trunk with an emergency number", err, 400, 21634)
		l.dial(t, "the trunk is still there", call, answered("psap-sf", "+14155550126"))
	})
}

func TestAnUnknownOrNearAddressIsNotGuessed(t *testing.T) {
	t.Parallel()
	l := startLab(t, settings{})
	c := l.customer(t)
	create := func(street string, correct bool) error {
		in := (&api.CreateAddressParams{}).SetFriendlyName("Twilio").SetCustomerName("Twilio").SetStreet(street).
			SetCity("San Francisco").SetRegion("CA").SetPostalCode("94105").SetIsoCountry("US").SetEmergencyEnabled(true).
			SetAutoCorrectAddress(correct)
		_, err := c.api.CreateAddress(in)
		return err
	}
	refusedWith(t, "an address that is nowhere", create("1 Nowhere Lane", true), 400, 21628)
	err := create("645 Harison St", false)
	refusedWith(t, "a misspelt street", err, 400, 21629)
	const suggestion = "Failed to validate address. Check the suggested address. | FriendlyName: Twilio, CustomerName: Twilio, " +
		"Street: 645 HARRISON ST, Locality: SAN FRANCISCO, Region: CA, PostalCode: 94105, IsoCountry: US"
	if err == nil || !strings.Contains(err.Error(), suggestion) {
		t.Errorf("the suggestion is %v", err)
	}
	if err := create("645 Harison St", true); err != nil {
		t.Errorf("a misspelt street that may be corrected: %v", err)
	}
}

func TestWrongCredentialsAreRefused(t *testing.T) {
	t.Parallel()
	l := startLab(t, settings{})
	_, err := l.customerAs(labAccount, "wrong").api.FetchAccount(labAccount)
	refusedWith(t, "a wrong token", err, 401, 20003)
	a := ok[*api.ApiV2010Account](t)(l.customer(t).api.FetchAccount(labAccount))
	if a.Sid == nil || *a.Sid != labAccount || a.Status == nil || *a.Status != "active" {
		t.Errorf("the account is %+v", a)
	}
}
