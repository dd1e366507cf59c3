package twilio

import (
	"errors"
	"strings"
	"testing"

	"callbox/routing/directory/store"
	"callbox/routing/directory/store/storetest"
)

func TestLenientLabsRegisterAddressesThatNoGuideKnows(t *testing.T) {
	t.Parallel()
	e := newEdge(t, storetest.Open(t, storetest.SQLite, store.Options{}), func(o *Options) { o.Lenient = true })
	a := e.must("POST", "Addresses.json", harrison("Street", "1 Nowhere Blvd")...)
	if a.body["validated"] != false || a.body["emergency_enabled"] != true || a.str("street") != "1 Nowhere Blvd" {
		t.Error(a.text)
	}
	_, one := e.number("+14155550100", "EmergencyAddressSid", a.sid())
	e.step(registered)
	if a := e.must("GET", one); a.str("emergency_address_status") != "registered" {
		t.Error(a.text)
	}
	e.must("POST", "Addresses/"+a.sid()+".json", "EmergencyEnabled", "true", "FriendlyName", "in use and said again")
	e.refused(400, 21628, nil, "POST", "IncomingPhoneNumbers.json", "PhoneNumber", "+14155550101", "EmergencyAddressSid", e.address("EmergencyEnabled", "false"))
}

func TestAnAddressOfALenientTimeIsCheckedAgain(t *testing.T) {
	t.Parallel()
	e := newEdge(t, storetest.Open(t, storetest.SQLite, store.Options{}))
	row := store.Address{Common: store.Common{AccountSID: e.mine}, CustomerName: "Twilio", Street: "645 Harrison St.",
		City: "San Francisco", Region: "CA", PostalCode: "94105", IsoCountry: "US", EmergencyEnabled: true}
	unknown := row
	unknown.Street = "1 Nowhere Blvd"
	e.write(func(t *store.Tx) error { return errors.Join(store.Insert(t, &row), store.Insert(t, &unknown)) })
	one := "Addresses/" + row.SID + ".json"
	_, number := e.number("+14155550100")
	e.refused(400, 21628, []string{"EmergencyEnabled=true"}, "POST", number, "EmergencyAddressSid", row.SID)
	if a := e.must("POST", one, "FriendlyName", "hq"); a.body["validated"] != false {
		t.Error("a new name is no check:", a.text)
	}
	if a := e.must("POST", one, "EmergencyEnabled", "true"); a.body["validated"] != true {
		t.Error("what the refusal advises has no effect:", a.text)
	}
	e.must("POST", number, "EmergencyAddressSid", row.SID)
	e.refused(400, 21628, []string{"validated"}, "POST", "Addresses/"+unknown.SID+".json", "EmergencyEnabled", "true")
}

func TestTheDatabaseAway(t *testing.T) {
	t.Parallel()
	e := newEdge(t, storetest.Open(t, storetest.SQLite, store.Options{}))
	_, one := e.number("+14155550100")
	if err := e.store.Close(); err != nil {
		t.Fatal(err)
	}
	e.refused(503, 20503, nil, "GET", one)
	e.refused(503, 20503, nil, "POST", one, "FriendlyName", "x")
	e.refused(503, 20503, nil, "GET", "Addresses.json")
	if a := e.do("GET", "Addresses"); !strings.Contains(a.text, "<Code>20503</Code>") {
		t.Error(a.text)
	}
}

func TestRowsOfAFileAreReadOnly(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, e *edge) {
		ad := store.Address{Common: store.Common{AccountSID: e.mine, Origin: store.OriginFile}, FriendlyName: "hq", EmergencyEnabled: true, Validated: true, IsoCountry: "US"}
		n := store.Number{Common: store.Common{AccountSID: e.mine, Origin: store.OriginFile}, PhoneNumber: "+14155550100", Country: "US", Service: "e911",
			EmergencyStatus: "Inactive", EmergencyAddressStatus: "unregistered"}
		e.write(func(t *store.Tx) error {
			if err := store.Insert(t, &ad); err != nil {
				return err
			}
			return store.Insert(t, &n)
		})
		number, address := "IncomingPhoneNumbers/"+n.SID+".json", "Addresses/"+ad.SID+".json"
		e.must("GET", number)
		e.refused(400, 20001, []string{n.SID, "change it there and reload"}, "POST", number, "FriendlyName", "x")
		e.refused(400, 20001, []string{n.SID}, "POST", number, "EmergencyAddressSid", e.address())
		e.refused(400, 20001, []string{n.SID}, "DELETE", number)
		e.refused(400, 20001, []string{ad.SID}, "POST", address, "FriendlyName", "x")
		e.refused(400, 20001, []string{ad.SID}, "DELETE", address)
		if a := e.must("GET", number); a.str("emergency_address_status") != "unregistered" || a.body["emergency_address_sid"] != nil {
			t.Error("a refused change was kept:", a.text)
		}
		_, own := e.number("+14155550101", "EmergencyAddressSid", ad.SID) // what a file has may be used
		e.step(registered)
		if a := e.must("GET", own); a.str("emergency_address_status") != "registered" {
			t.Error(a.text)
		}
		// What else stands in the way comes after the file: what it advises would be in vain.
		e.refused(400, 20001, []string{ad.SID, "change it there"}, "POST", address, "Street", "1 Nowhere Blvd")
		e.refused(400, 20001, []string{ad.SID, "change it there"}, "DELETE", address)
		trunk := store.Trunk{Common: store.Common{AccountSID: e.mine, Origin: store.OriginFile}, DomainName: "file.pstn.twilio.com"}
		e.write(func(t *store.Tx) error { return store.Insert(t, &trunk) })
		e.must("POST", own, "TrunkSid", trunk.SID)
		e.refused(400, 20001, []string{trunk.SID, "change it there"}, "DELETE", "/v1/Trunks/"+trunk.SID)
	})
}
