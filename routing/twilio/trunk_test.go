package twilio

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"callbox/routing/directory/store"
	"callbox/routing/directory/store/storetest"
)

func TestTrunks(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, e *edge) {
		plain := e.must("POST", "/v1/Trunks")
		url := e.http.URL + "/v1/Trunks/" + plain.sid()
		path := "/v1/Trunks/" + plain.sid()
		if plain.status != 201 {
			t.Error(plain.status)
		}
		plain.has(t, map[string]any{
			"account_sid": e.mine, "domain_name": nil, "friendly_name": nil, "disaster_recovery_url": nil, "disaster_recovery_method": "POST",
			"secure": false, "cnam_lookup_enabled": false, "symmetric_rtp_enabled": false, "transfer_mode": "disable-all",
			"transfer_caller_id": "from-transferee", "auth_type": "", "auth_type_set": []any{}, "url": url,
			"recording": map[string]any{"mode": "do-not-record", "trim": "do-not-trim"},
			"links": map[string]any{"origination_urls": url + "/OriginationUrls", "credential_lists": url + "/CredentialLists",
				"ip_access_control_lists": url + "/IpAccessControlLists", "phone_numbers": url + "/PhoneNumbers", "recordings": url + "/Recording"},
		})
		all := map[string]any{
			"friendly_name": "3CX", "domain_name": "mypbx.pstn.twilio.com", "disaster_recovery_url": "http://dr.example.com/",
			"disaster_recovery_method": "GET", "transfer_mode": "sip-only", "transfer_caller_id": "from-transferor", "secure": true,
			"cnam_lookup_enabled": true,
		}
		e.must("POST", path, "FriendlyName", "3CX", "DomainName", "MyPBX.pstn.twilio.com", "DisasterRecoveryUrl", "http://dr.example.com/",
			"DisasterRecoveryMethod", "GET", "TransferMode", "sip-only", "TransferCallerId", "from-transferor", "Secure", "true",
			"CnamLookupEnabled", "true").has(t, all)
		e.must("POST", path).has(t, all)
		e.must("GET", path).has(t, all)
		e.must("POST", path, "DomainName", "", "Secure", "false").has(t, map[string]any{"domain_name": nil, "secure": false})

		list := e.must("GET", "/v1/Trunks")
		meta, _ := list.body["meta"].(map[string]any)
		if got := list.rows("trunks", "sid"); !cmp.Equal(got, []string{plain.sid()}) || meta["key"] != "trunks" || meta["page_size"] != 50.0 {
			t.Error(list.text)
		}
		e.must("DELETE", path)
		e.refused(404, 20404, nil, "GET", path)
	})
}

func TestTrunksRefuseBadInput(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, e *edge) {
		insert(e, &store.Trunk{Common: store.Common{AccountSID: e.other}, DomainName: "lab.pstn.ashburn.twilio.com"})
		one := "/v1/Trunks/" + e.must("POST", "/v1/Trunks", "DomainName", "one.pstn.twilio.com", "FriendlyName", "One").sid()
		for _, path := range []string{"/v1/Trunks", one} {
			e.bad(21245, "longer than 64", path, "FriendlyName", strings.Repeat("x", 65))
			e.bad(21245, ".pstn.twilio.com", path, "DomainName", "one.sip.twilio.com")
			e.bad(21245, "reach the same", path, "DomainName", "two.pstn.ashburn.twilio.com")
			e.bad(21245, "SID of another account", path, "DomainName", e.other+".pstn.twilio.com")
			e.bad(21248, "taken", path, "DomainName", "LAB.pstn.twilio.com")
			e.bad(21402, "DisasterRecoveryUrl", path, "DisasterRecoveryUrl", "nowhere")
			e.bad(21403, "GET or POST", path, "DisasterRecoveryMethod", "DELETE")
			e.bad(21245, "disable-all", path, "TransferMode", "all")
			e.bad(21245, "from-transferee", path, "TransferCallerId", "nobody")
			e.bad(21245, "true or false", path, "Secure", "tls")
			e.bad(21245, "true or false", path, "CnamLookupEnabled", "2")
		}
		e.bad(21248, "taken", "/v1/Trunks", "DomainName", "one.pstn.twilio.com")
		lab := &store.Trunk{Common: store.Common{AccountSID: e.mine, Origin: store.OriginLab}, DomainName: "old.pstn.ashburn.twilio.com"}
		insert(e, lab)
		e.must("POST", "/v1/Trunks/"+lab.SID, "DomainName", "old.pstn.ashburn.twilio.com", "Secure", "true") // as it is
		e.must("GET", one).has(t, map[string]any{"domain_name": "one.pstn.twilio.com", "friendly_name": "One"})
		if n := count[store.Trunk](e); n != 3 {
			t.Errorf("%d trunks: a refused one stayed", n)
		}
	})
}

func TestTrunksAreAnAccountsOwn(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, e *edge) {
		theirs := &store.Trunk{Common: store.Common{AccountSID: e.other}}
		insert(e, theirs)
		path := "/v1/Trunks/" + theirs.SID
		for _, c := range [][2]string{
			{"GET", path}, {"POST", path}, {"DELETE", path}, {"GET", path + "/Recording"}, {"POST", path + "/Recording"},
			{"GET", path + "/OriginationUrls"}, {"POST", path + "/OriginationUrls"}, {"GET", path + "/PhoneNumbers"},
			{"POST", path + "/PhoneNumbers"}, {"GET", path + "/CredentialLists"}, {"POST", path + "/IpAccessControlLists"},
		} {
			e.refused(404, 20404, nil, c[0], c[1])
		}
		if got := e.must("GET", "/v1/Trunks").rows("trunks", "sid"); len(got) != 0 {
			t.Error(got)
		}
		// A key for every account sees all of them, and writes to the one it names.
		if a := e.as(e.mine, "any", "GET", path); a.status != 200 {
			t.Error(a.text)
		}
		if a := e.as(e.mine, "any", "POST", "/v1/Trunks"); a.str("account_sid") != e.mine {
			t.Error(a.text)
		}
		if a := e.as("SK1", "any", "POST", "/v1/Trunks"); a.status != 403 {
			t.Error(a.text)
		}
		nobody := "AC" + strings.Repeat("0", 32)
		if a := e.as(nobody, "any", "POST", "/v1/Trunks"); a.status != 403 || !strings.Contains(a.text, nobody) {
			t.Error(a.text)
		}
		if a := e.as(e.mine, "read", "POST", "/v1/Trunks"); a.status != 403 {
			t.Error(a.text)
		}
	})
}

func TestTrunksAreGuardedByLists(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, e *edge) {
		_, acl, list := e.guarded(t)
		trunk := "/v1/Trunks/" + e.must("POST", "/v1/Trunks").sid()
		one := e.must("POST", trunk+"/CredentialLists", "CredentialListSid", list).has(t, map[string]any{
			"sid": list, "friendly_name": "Phones", "account_sid": e.mine, "url": e.http.URL + trunk + "/CredentialLists/" + list})
		e.must("GET", trunk+"/CredentialLists/"+list).has(t, one.body)
		e.must("GET", trunk).has(t, map[string]any{"auth_type": "CREDENTIAL_LIST", "auth_type_set": []any{"CREDENTIAL_LIST"}})
		e.must("POST", trunk+"/IpAccessControlLists", "IpAccessControlListSid", acl)
		e.must("GET", trunk).has(t, map[string]any{"auth_type": "IP_ACL,CREDENTIAL_LIST", "auth_type_set": []any{"IP_ACL", "CREDENTIAL_LIST"}})
		e.bad(21245, "taken", trunk+"/IpAccessControlLists", "IpAccessControlListSid", acl)
		if got := e.must("GET", trunk+"/IpAccessControlLists").rows("ip_access_control_lists", "sid"); !cmp.Equal(got, []string{acl}) {
			t.Error(got)
		}
		e.must("DELETE", trunk+"/CredentialLists/"+list)
		e.refused(404, 20404, nil, "GET", trunk+"/CredentialLists/"+list)
		e.must("GET", trunk).has(t, map[string]any{"auth_type": "IP_ACL"})
	})
}

func TestRecording(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, e *edge) {
		trunk := "/v1/Trunks/" + e.must("POST", "/v1/Trunks").sid()
		e.must("GET", trunk+"/Recording").has(t, map[string]any{"mode": "do-not-record", "trim": "do-not-trim"})
		e.must("POST", trunk+"/Recording", "Mode", "record-from-answer-dual", "Trim", "trim-silence")
		set := map[string]any{"mode": "record-from-answer-dual", "trim": "trim-silence"}
		e.must("GET", trunk+"/Recording").has(t, set)
		e.must("GET", trunk).has(t, map[string]any{"recording": set})
		e.bad(21245, "do-not-record", trunk+"/Recording", "Mode", "always")
		e.bad(21245, "trim-silence", trunk+"/Recording", "Trim", "a little")
	})
}

func TestATrunkWithEmergencyNumbersStays(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, e *edge) {
		trunk := "/v1/Trunks/" + e.must("POST", "/v1/Trunks").sid()
		safe, plain := e.plant(e.mine, "+14155550100", "registered"), e.plant(e.mine, "+14155550101", "unregistered")
		for _, n := range []*store.Number{safe, plain} {
			e.must("POST", trunk+"/PhoneNumbers", "PhoneNumberSid", n.SID)
		}
		e.must("POST", trunk+"/OriginationUrls", "Weight", "1", "Priority", "1", "Enabled", "true", "FriendlyName", "x", "SipUrl", "sip:x.example")
		e.refused(400, 21634, []string{"+14155550100", "emergency"}, "DELETE", trunk)
		if got := stored[store.Number](e, plain.SID).TrunkSID; got == "" {
			t.Error("a refused deletion took a number off")
		}
		e.must("DELETE", trunk+"/PhoneNumbers/"+safe.SID)
		e.must("DELETE", trunk)
		if got := stored[store.Number](e, plain.SID).TrunkSID; got != "" {
			t.Error("the number is on a trunk that is gone:", got)
		}
		if n := count[store.OriginationURL](e); n != 0 {
			t.Errorf("%d origination URLs outlive their trunk", n)
		}
	})
}

func TestATrunkTakesAllItsNumbersOff(t *testing.T) {
	t.Parallel()
	e := newEdge(t, storetest.Open(t, storetest.SQLite, store.Options{}))
	sid := e.trunk()
	e.write(func(tx *store.Tx) error {
		numbers := make([]store.Number, releasedAtOnce+1)
		for i := range numbers {
			numbers[i] = store.Number{Common: store.Common{AccountSID: e.mine}, PhoneNumber: fmt.Sprintf("+1415555%04d", i), TrunkSID: sid}
		}
		return store.InsertMany(tx, numbers)
	})
	e.must("DELETE", "/v1/Trunks/"+sid)
	e.write(func(tx *store.Tx) error {
		n, err := store.Count[store.Number](tx, store.Query{Where: []store.Cond{{Column: "trunk_sid", Op: store.NotEqual, Value: ""}}})
		if n != 0 {
			t.Errorf("%d numbers are on a trunk that is gone", n)
		}
		return err
	})
}

func TestNumbersOfATrunk(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, e *edge) {
		one, two := "/v1/Trunks/"+e.must("POST", "/v1/Trunks").sid(), "/v1/Trunks/"+e.must("POST", "/v1/Trunks").sid()
		n := e.plant(e.mine, "+14155550100", "registered")
		n.VoiceApplicationSID = "AP" + strings.Repeat("a", 32)
		e.write(func(tx *store.Tx) error { return store.Save(tx, n) })
		numbers := one + "/PhoneNumbers"
		on := e.must("POST", numbers, "PhoneNumberSid", n.SID)
		if on.status != 201 {
			t.Error(on.status)
		}
		on.has(t, map[string]any{"sid": n.SID, "phone_number": "+14155550100", "trunk_sid": strings.TrimPrefix(one, "/v1/Trunks/"),
			"voice_application_sid": nil, "url": e.http.URL + numbers + "/" + n.SID})
		if got := stored[store.Number](e, n.SID); got.VoiceApplicationSID != "" {
			t.Error("both a trunk and a voice application handle the number")
		}
		e.must("GET", numbers+"/"+n.SID).has(t, on.body)
		e.bad(21245, "already", numbers, "PhoneNumberSid", n.SID)
		e.must("POST", two+"/PhoneNumbers", "PhoneNumberSid", n.SID) // changes over
		e.refused(404, 20404, nil, "GET", numbers+"/"+n.SID)
		if got := e.must("GET", two+"/PhoneNumbers").rows("phone_numbers", "phone_number"); !cmp.Equal(got, []string{"+14155550100"}) {
			t.Error(got)
		}
		e.must("DELETE", two+"/PhoneNumbers/"+n.SID)
		e.refused(404, 20404, nil, "DELETE", two+"/PhoneNumbers/"+n.SID)
		if got := stored[store.Number](e, n.SID); got.TrunkSID != "" || got.EmergencyAddressStatus != "registered" {
			t.Errorf("%+v", got)
		}
		theirs := e.plant(e.other, "+14155550101", "unregistered")
		e.bad(21245, "PhoneNumberSid", numbers)
		e.bad(21245, "PN and 32", numbers, "PhoneNumberSid", "+14155550100")
		e.bad(21245, "not a phone number of this account", numbers, "PhoneNumberSid", theirs.SID)
	})
}

func TestAVoiceApplicationTakesANumberOffItsTrunk(t *testing.T) {
	t.Parallel()
	n := store.Number{TrunkSID: "TK1"}
	setVoiceApplication(&n, "")
	if n.TrunkSID != "TK1" {
		t.Error("no application, and yet off the trunk")
	}
	setVoiceApplication(&n, "AP1")
	if n.TrunkSID != "" || n.VoiceApplicationSID != "AP1" {
		t.Errorf("%+v", n)
	}
	setTrunk(&n, "")
	if n.VoiceApplicationSID != "AP1" {
		t.Error("no trunk, and yet no application")
	}
}

func TestOrigination(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, e *edge) {
		trunk := e.must("POST", "/v1/Trunks").sid()
		urls := "/v1/Trunks/" + trunk + "/OriginationUrls"
		with := func(change ...string) []string {
			fields := map[string]string{"Weight": "1", "Priority": "0", "Enabled": "true", "FriendlyName": "pbx", "SipUrl": "sip:pbx.example.com"}
			for i := 0; i+1 < len(change); i += 2 {
				fields[change[i]] = change[i+1]
			}
			var out []string
			for k, v := range fields {
				if v != "" {
					out = append(out, k, v)
				}
			}
			return out
		}
		one := e.must("POST", urls, with()...)
		at := urls + "/" + one.sid()
		one.has(t, map[string]any{"account_sid": e.mine, "trunk_sid": trunk, "weight": 1.0, "priority": 0.0, "enabled": true,
			"friendly_name": "pbx", "sip_url": "sip:pbx.example.com", "url": e.http.URL + at})
		e.must("GET", at).has(t, one.body)
		e.must("POST", at, "Weight", "65535", "Priority", "65535", "Enabled", "false", "FriendlyName", "sbc", "SipUrl", "sips:[2001:db8::1]:5061").
			has(t, map[string]any{"weight": 65535.0, "priority": 65535.0, "enabled": false, "friendly_name": "sbc", "sip_url": "sips:[2001:db8::1]:5061"})
		for _, empty := range []string{"", " "} {
			e.bad(21245, "FriendlyName", at, "FriendlyName", empty)
			e.bad(21245, "FriendlyName", urls, append(with("FriendlyName", ""), "FriendlyName", empty)...)
		}
		e.must("POST", at, "Priority", "5").has(t, map[string]any{"weight": 65535.0, "priority": 5.0, "enabled": false})
		for _, name := range []string{"Weight", "Priority", "Enabled", "FriendlyName", "SipUrl"} {
			e.bad(21245, name, urls, with(name, "")...)
		}
		for name, value := range map[string]string{"Weight": "0", "Priority": "-1", "Enabled": "maybe", "SipUrl": "https://x.example",
			"FriendlyName": strings.Repeat("x", 65)} {
			e.bad(21245, name, urls, with(name, value)...)
			e.bad(21245, name, at, name, value)
		}
		e.bad(21245, "Weight", at, "Weight", "65536")
		e.bad(21245, "Priority", at, "Priority", "65536")
		for i := range maxOriginationURLs - 1 {
			e.must("POST", urls, with("FriendlyName", fmt.Sprint(i))...)
		}
		e.bad(21249, "10 origination URLs", urls, with()...)
		e.must("DELETE", at)
		e.refused(404, 20404, nil, "GET", at)
		if got := e.must("GET", urls).rows("origination_urls", "sid"); len(got) != maxOriginationURLs-1 {
			t.Error(got)
		}
	})
}

func TestTrunksHaveTheProvidersLimit(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, e *edge) {
		e.write(func(tx *store.Tx) error {
			for range maxTrunks {
				if err := store.Insert(tx, &store.Trunk{Common: store.Common{AccountSID: e.mine}}); err != nil {
					return err
				}
			}
			return nil
		})
		e.bad(21244, "100 trunks", "/v1/Trunks")
	})
}
