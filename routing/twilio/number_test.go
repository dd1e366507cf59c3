package twilio

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"callbox/routing/directory/store"
	"callbox/routing/directory/store/storetest"
	"callbox/routing/registration"
)

const (
	ap = "AP0123456789abcdef0123456789ABCDEF"
	bu = "BU0123456789abcdef0123456789abcdef"
	ri = "RI0123456789abcdef0123456789abcdef"
)

// number takes a number into the account and returns its path.
func (e *edge) number(phone string, parameters ...string) (sid, path string) {
	e.t.Helper()
	sid = e.must("POST", "IncomingPhoneNumbers.json", append([]string{"PhoneNumber", phone}, parameters...)...).sid()
	return sid, "IncomingPhoneNumbers/" + sid + ".json"
}

// address makes an address for emergencies.
func (e *edge) address(change ...string) (sid string) {
	e.t.Helper()
	return e.must("POST", "Addresses.json", harrison(change...)...).sid()
}

// trunk makes a trunk past the API.
func (e *edge) trunk() string {
	e.t.Helper()
	row := store.Trunk{Common: store.Common{AccountSID: e.mine}, FriendlyName: "t"}
	e.write(func(t *store.Tx) error { return store.Insert(t, &row) })
	return row.SID
}

func TestNumbers(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, e *edge) {
		made := e.must("POST", "IncomingPhoneNumbers.json", "PhoneNumber", "+18089255327", "VoiceUrl", "https://example.com/voice",
			"VoiceMethod", "get", "SmsUrl", "", "VoiceApplicationSid", ap, "BundleSid", bu, "IdentitySid", ri, "ApiVersion", "2010-04-01",
			"VoiceCallerIdLookup", "true", "VoiceReceiveMode", "fax", "StatusCallback", "http://example.com/s", "AccountSid", e.mine)
		if made.status != 201 || made.str("friendly_name") != "(808) 925-5327" || made.str("voice_method") != "GET" ||
			made.str("voice_application_sid") != ap || made.str("emergency_address_status") != "unregistered" ||
			made.str("emergency_status") != "Inactive" || made.str("type") != "local" || made.str("status") != "in-use" ||
			made.body["trunk_sid"] != nil || made.body["voice_caller_id_lookup"] != true || made.str("voice_receive_mode") != "fax" ||
			made.str("sms_method") != "POST" || made.str("phone_number") != "+18089255327" {
			t.Error(made.text)
		}
		one := "IncomingPhoneNumbers/" + made.sid()
		if d := cmp.Diff(made.body, e.must("GET", one+".json").body); d != "" {
			t.Error(d)
		}
		xml := e.must("GET", one)
		for _, want := range []string{"<IncomingPhoneNumber><AccountSid>" + e.mine, "<Capabilities><Voice>true</Voice><SMS>false</SMS>",
			"<Uri>/2010-04-01/Accounts/" + e.mine + "/" + one + "</Uri>", "<VoiceReceiveMode>fax</VoiceReceiveMode>"} {
			if !strings.Contains(xml.text, want) {
				t.Errorf("%s is not in %s", want, xml.text)
			}
		}
		changed := e.must("POST", one+".json", "FriendlyName", "front desk", "VoiceUrl", "", "VoiceMethod", "POST", "BundleSid", "")
		if changed.str("friendly_name") != "front desk" || changed.body["voice_url"] != nil || changed.body["bundle_sid"] != nil ||
			changed.str("identity_sid") != ri || changed.str("voice_application_sid") != ap {
			t.Error(changed.text)
		}
		if a := e.must("DELETE", one+".json"); a.status != 204 {
			t.Error(a.text)
		}
		for _, method := range []string{"GET", "POST", "DELETE"} {
			e.refused(404, 20404, nil, method, one+".json")
		}
		e.number("+18089255327")
	})
}

func TestNumbersAreTakenOnce(t *testing.T) {
	t.Parallel()
	const list = "IncomingPhoneNumbers.json"
	eachEngine(t, func(t *testing.T, e *edge) {
		sid, _ := e.number("+14155550100")
		e.refused(400, 21422, []string{"+14155550100", sid}, "POST", list, "PhoneNumber", "+14155550100")
		a := e.as(e.other, "token", "POST", "/2010-04-01/Accounts/"+e.other+"/"+list, "PhoneNumber", "+14155550100")
		if a.code() != 21422 || strings.Contains(a.text, sid) {
			t.Error("somebody else's number:", a.text)
		}
		if a := e.must("POST", list, "PhoneNumber", " 14155550109"); a.str("phone_number") != "+14155550109" {
			t.Error("a plus that was not escaped:", a.text)
		}
		e.refused(400, 21421, []string{"required"}, "POST", list)
		for _, phone := range []string{"4155550100", "+1415555010a", "911", "+0", "+12345678901234567890", "sip:x@y"} {
			e.refused(400, 21421, []string{"PhoneNumber"}, "POST", list, "PhoneNumber", phone)
		}
		for _, phone := range []string{"+141555501999999", "+10155550199", "+141555501", "+4420794601", "+4402079460100"} {
			e.refused(400, 21421, []string{"PhoneNumber", phone}, "POST", list, "PhoneNumber", phone)
		}
		e.refused(400, 21422, []string{"country"}, "POST", list, "PhoneNumber", "+5511999999999")
		if a := e.must("POST", list, "AreaCode", "415"); a.str("phone_number") != "+14155550101" {
			t.Error("555-0100 is taken, 555-0101 free:", a.text)
		}
		for _, code := range []string{"911", "41", "abc", "876", "4155"} {
			e.refused(400, 21451, []string{"AreaCode"}, "POST", list, "AreaCode", code)
		}
		e.write(func(tx *store.Tx) error {
			for i := range 100 {
				n := store.Number{Common: store.Common{AccountSID: e.other}, PhoneNumber: fmt.Sprintf("+161355501%02d", i)}
				if err := store.Insert(tx, &n); err != nil {
					return err
				}
			}
			return nil
		})
		e.refused(400, 21452, []string{"613"}, "POST", list, "AreaCode", "613")
		e.refused(400, 21457, []string{"AreaCode"}, "POST", "IncomingPhoneNumbers/Local.json", "AreaCode", "415")
		e.refused(400, 21421, []string{"PhoneNumber"}, "POST", "IncomingPhoneNumbers/Local.json")
		for _, phone := range []string{"+14155550107", " 14155550107"} {
			e.refused(400, 21458, []string{"toll-free"}, "POST", "IncomingPhoneNumbers/TollFree.json", "PhoneNumber", phone)
		}
	})
}

func TestNumbersRefuseBadInput(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, e *edge) {
		_, one := e.number("+14155550100")
		before := e.must("GET", one)
		long := strings.Repeat("x", 2100)
		for _, c := range []struct {
			code        int
			name, value string
		}{
			{20002, "FriendlyName", long[:65]}, {21402, "VoiceUrl", "nonsense"}, {21402, "VoiceUrl", "http://x/" + long}, {21402, "SmsUrl", "ftp://x/"},
			{21402, "StatusCallback", "x"}, {21403, "VoiceMethod", "PUT"}, {21403, "SmsFallbackMethod", "x"}, {20001, "VoiceCallerIdLookup", "maybe"},
			{20001, "VoiceReceiveMode", "telex"}, {20001, "ApiVersion", "2008-08-01"}, {20001, "TrunkSid", "TK1"},
			{20001, "TrunkSid", "TK00000000000000000000000000000000"}, {20001, "VoiceApplicationSid", "PN00000000000000000000000000000000"},
			{20001, "AddressSid", "AD00000000000000000000000000000000"}, {20001, "EmergencyAddressSid", "AD00000000000000000000000000000000"},
			{20001, "EmergencyAddressSid", "nonsense"}, {20001, "EmergencyStatus", "Maybe"}, {21473, "AccountSid", e.other}, {21470, "AccountSid", "AC1"}, {20001, "BundleSid", "x"},
		} {
			e.refused(400, c.code, []string{c.name}, "POST", one, "VoiceReceiveMode", "fax", c.name, c.value)
		}
		e.must("POST", one, "Colour", "red")
		after := e.must("GET", one)
		if d := cmp.Diff(before.body, after.body); d != "" {
			t.Error("a refused change was kept:", d)
		}
		if a := e.as(e.other, "token", "DELETE", "/2010-04-01/Accounts/"+e.other+"/"+one); a.status != 404 {
			t.Error("somebody else's number:", a.text)
		}
	})
}

func TestATrunkAndAVoiceApplicationExcludeEachOther(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, e *edge) {
		tk := e.trunk()
		_, one := e.number("+14155550100", "VoiceApplicationSid", ap)
		if a := e.must("POST", one, "TrunkSid", tk); a.str("trunk_sid") != tk || a.body["voice_application_sid"] != nil {
			t.Error(a.text)
		}
		if a := e.must("POST", one, "VoiceApplicationSid", ap, "TrunkSid", ""); a.body["trunk_sid"] != nil || a.str("voice_application_sid") != ap {
			t.Error(a.text)
		}
		e.must("POST", one, "TrunkSid", tk)
		if a := e.must("POST", one, "VoiceApplicationSid", ap); a.body["trunk_sid"] != nil {
			t.Error(a.text)
		}
		e.refused(400, 20001, []string{"TrunkSid"}, "POST", one, "TrunkSid", tk, "VoiceApplicationSid", ap)
		theirs := store.Trunk{Common: store.Common{AccountSID: e.other}}
		e.write(func(t *store.Tx) error { return store.Insert(t, &theirs) })
		e.refused(400, 20001, []string{theirs.SID}, "POST", one, "TrunkSid", theirs.SID)
	})
}

func TestEmergencyAddresses(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, e *edge) {
		ad, other := e.address(), e.address("Street", "631 Harrison St")
		sid, one := e.number("+14155550100")
		status := func(want string) {
			t.Helper()
			if a := e.must("GET", one); a.str("emergency_address_status") != want {
				t.Errorf("want %s: %s", want, a.text)
			}
		}
		if a := e.must("POST", one, "EmergencyAddressSid", ad); a.str("emergency_address_status") != "pending-registration" ||
			a.str("emergency_address_sid") != ad {
			t.Error(a.text)
		}
		e.refused(409, 20409, []string{"pending"}, "POST", one, "EmergencyAddressSid", "")
		e.step(15 * time.Minute)
		status("registered")
		e.refused(409, 20409, []string{ad}, "POST", one, "EmergencyAddressSid", other)
		e.must("POST", one, "EmergencyAddressSid", ad)
		e.refused(409, 20409, []string{ad, "unregistered"}, "DELETE", one)
		e.refused(409, 20409, []string{sid, "+14155550100"}, "DELETE", "Addresses/"+ad+".json")
		e.refused(409, 20409, []string{sid}, "POST", "Addresses/"+ad+".json", "Street", "633 Harrison St")
		e.refused(409, 20409, []string{sid}, "POST", "Addresses/"+ad+".json", "EmergencyEnabled", "false")
		if a := e.must("POST", "Addresses/"+ad+".json", "FriendlyName", "lobby", "Street", "645 Harrison St."); a.str("friendly_name") != "lobby" ||
			a.body["validated"] != true {
			t.Error(a.text)
		}
		users := e.must("GET", "Addresses/"+ad+"/DependentPhoneNumbers.json")
		if d := cmp.Diff([]string{sid}, users.rows("dependent_phone_numbers", "sid")); d != "" {
			t.Error(d)
		}
		if a := e.must("POST", one, "EmergencyAddressSid", ""); a.str("emergency_address_status") != "pending-unregistration" {
			t.Error(a.text)
		}
		e.refused(409, 20409, nil, "DELETE", one)
		e.refused(409, 20409, nil, "DELETE", "Addresses/"+ad+".json")
		e.step(15 * time.Minute)
		status("unregistered")
		e.refused(409, 20409, []string{"from"}, "POST", one, "EmergencyAddressSid", other)
		e.must("DELETE", "Addresses/"+ad+".json")
		e.step(30 * time.Minute)
		e.must("POST", one, "EmergencyAddressSid", other)
		e.step(15 * time.Minute)
		status("registered")
		e.must("POST", one, "EmergencyAddressSid", "")
		e.step(15 * time.Minute)
		e.must("DELETE", one)
	})
}

func TestWhatCannotBeAnEmergencyAddress(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, e *edge) {
		_, one := e.number("+14155550100")
		e.refused(400, 21628, []string{"EmergencyEnabled"}, "POST", one, "EmergencyAddressSid", e.address("EmergencyEnabled", "false"))
		_, british := e.number("+442079460000")
		e.refused(400, 21615, []string{"GB", "US"}, "POST", british, "EmergencyAddressSid", e.address())
		e.refused(400, 21615, nil, "POST", "IncomingPhoneNumbers.json", "PhoneNumber", "+442079460001", "EmergencyAddressSid", e.address())
		if a := e.must("GET", "IncomingPhoneNumbers.json", "PhoneNumber", "+442079460001"); len(a.rows("incoming_phone_numbers", "sid")) != 0 {
			t.Error("a refused number was kept:", a.text)
		}
		theirs := store.Address{Common: store.Common{AccountSID: e.other}, EmergencyEnabled: true, Validated: true, IsoCountry: "US"}
		e.write(func(t *store.Tx) error { return store.Insert(t, &theirs) })
		e.refused(400, 20001, []string{theirs.SID}, "POST", one, "EmergencyAddressSid", theirs.SID)
		if a := e.must("POST", "IncomingPhoneNumbers.json", "PhoneNumber", "+14155550102", "EmergencyAddressSid", e.address()); a.str("emergency_address_status") != "pending-registration" {
			t.Error(a.text)
		}
	})
}

func TestEmergencyStatus(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, e *edge) {
		_, one := e.number("+14155550100")
		if a := e.must("POST", one, "EmergencyStatus", "Active", "EmergencyAddressSid", e.address()); a.str("emergency_status") != "Inactive" {
			t.Error("EmergencyStatus was heeded:", a.text)
		}
	})
	t.Run("strict", func(t *testing.T) {
		t.Parallel()
		e := newEdge(t, storetest.Open(t, storetest.SQLite, store.Options{}), func(o *Options) { o.Registration.Strict = true })
		ad := e.address()
		_, one := e.number("+14155550100")
		e.refused(400, 22222, nil, "POST", one, "EmergencyStatus", "Active", "EmergencyAddressSid", ad)
		e.refused(409, 20409, []string{"registered"}, "POST", one, "EmergencyStatus", "Active")
		e.must("POST", one, "EmergencyAddressSid", ad)
		e.step(15 * time.Minute)
		path := "/2010-04-01/Accounts/" + e.mine + "/" + strings.TrimSuffix(one, ".json") // XML: the document's enumeration lacks what follows
		if a := e.do("POST", path, "EmergencyStatus", "active"); !strings.Contains(a.text, "<EmergencyStatus>Pending Activation<") {
			t.Error(a.text)
		}
		e.step(5 * time.Minute)
		if a := e.must("GET", one); a.str("emergency_status") != registration.Active {
			t.Error(a.text)
		}
	})
}

func TestAnEmergencyCallerIDIsNotReleased(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, e *edge) {
		sid, one := e.number("+14155550100")
		d := store.Domain{Common: store.Common{AccountSID: e.mine}, DomainName: "acme.sip.twilio.com", EmergencyCallerSID: sid}
		e.write(func(t *store.Tx) error { return store.Insert(t, &d) })
		e.refused(409, 20409, []string{d.SID, "acme.sip.twilio.com"}, "DELETE", one)
		if a := e.must("GET", one); a.sid() != sid {
			t.Error(a.text)
		}
	})
}

func TestTheAddressOfANumberIsNotDeleted(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, e *edge) {
		ad := e.address("EmergencyEnabled", "false")
		sid, one := e.number("+14155550100", "AddressSid", ad)
		e.refused(409, 20409, []string{"+14155550100"}, "DELETE", "Addresses/"+ad+".json")
		e.must("POST", "Addresses/"+ad+".json", "Street", "1 Anywhere")
		if d := cmp.Diff([]string{sid}, e.must("GET", "Addresses/"+ad+"/DependentPhoneNumbers.json").rows("dependent_phone_numbers", "sid")); d != "" {
			t.Error(d)
		}
		e.must("POST", one, "AddressSid", "")
		e.must("DELETE", "Addresses/"+ad+".json")
		e.refused(404, 20404, nil, "GET", "Addresses/"+ad+"/DependentPhoneNumbers.json")
	})
}
