package twilio

import (
	"fmt"
	"strings"
	"testing"

	"callbox/routing/directory/store"
)

// plant adds a number of an account with an address in a state past the API.
func (e *edge) plant(account, e164, status string) *store.Number {
	e.t.Helper()
	n := &store.Number{Common: store.Common{AccountSID: account}, PhoneNumber: e164, FriendlyName: e164, Country: "US",
		Service: "e911", EmergencyStatus: "Active", EmergencyAddressStatus: status, VoiceReceiveMode: "voice"}
	if status != "unregistered" {
		a := &store.Address{Common: store.Common{AccountSID: account}, CustomerName: "Twilio", Street: "645 Harrison St",
			City: "San Francisco", Region: "CA", PostalCode: "94105", IsoCountry: "US", EmergencyEnabled: true, Validated: true}
		insert(e, a)
		n.EmergencyAddressSID = a.SID
	}
	insert(e, n)
	return n
}

func TestDomains(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, e *edge) {
		plain := e.must("POST", "SIP/Domains.json", "DomainName", "Scranton.sip.twilio.com")
		path := "SIP/Domains/" + plain.sid()
		whole := "/2010-04-01/Accounts/" + e.mine + "/" + path
		if plain.status != 201 {
			t.Error(plain.status)
		}
		plain.has(t, map[string]any{
			"account_sid": e.mine, "api_version": "2010-04-01", "auth_type": "", "domain_name": "scranton.sip.twilio.com",
			"friendly_name": nil, "uri": whole + ".json", "voice_url": nil, "voice_method": "POST", "voice_fallback_url": nil,
			"voice_fallback_method": "POST", "voice_status_callback_url": nil, "voice_status_callback_method": "POST",
			"sip_registration": false, "emergency_calling_enabled": false, "secure": false, "byoc_trunk_sid": nil, "emergency_caller_sid": nil,
			"subresource_uris": map[string]any{
				"credential_list_mappings":        whole + "/CredentialListMappings.json",
				"ip_access_control_list_mappings": whole + "/IpAccessControlListMappings.json",
			},
		})
		e.must("GET", path+".json").has(t, plain.body)
		byoc := "BY" + strings.Repeat("a", 32)
		n := e.plant(e.mine, "+14155550100", "registered")
		e.must("POST", path+".json", "FriendlyName", "Scranton Office", "VoiceUrl", "https://dm.example.com/app", "VoiceMethod", "get",
			"VoiceFallbackUrl", "http://dm.example.com/fallback", "VoiceFallbackMethod", "GET", "VoiceStatusCallbackUrl", "http://dm.example.com/s",
			"VoiceStatusCallbackMethod", "GET", "SipRegistration", "True", "EmergencyCallingEnabled", "true", "Secure", "1",
			"ByocTrunkSid", byoc, "EmergencyCallerSid", n.SID, "DomainName", "stamford.sip.twilio.com", "Unheard", "of")
		all := map[string]any{
			"friendly_name": "Scranton Office", "voice_url": "https://dm.example.com/app", "voice_method": "GET",
			"voice_fallback_url": "http://dm.example.com/fallback", "voice_fallback_method": "GET",
			"voice_status_callback_url": "http://dm.example.com/s", "voice_status_callback_method": "GET", "sip_registration": true,
			"emergency_calling_enabled": true, "secure": true, "byoc_trunk_sid": byoc, "emergency_caller_sid": n.SID,
			"domain_name": "stamford.sip.twilio.com",
		}
		e.must("GET", path+".json").has(t, all)
		e.must("POST", path+".json") // nothing given, nothing changed
		e.must("GET", path+".json").has(t, all)
		e.must("POST", path+".json", "EmergencyCallerSid", "", "ByocTrunkSid", "", "VoiceUrl", "", "FriendlyName", "",
			"EmergencyCallingEnabled", "false").has(t, map[string]any{"emergency_caller_sid": nil, "byoc_trunk_sid": nil, "voice_url": nil,
			"friendly_name": nil, "emergency_calling_enabled": false, "secure": true})
		if xml := e.must("GET", path).text; !strings.Contains(xml, "<SipDomain>") || !strings.Contains(xml, "<DomainName>stamford") {
			t.Error(xml)
		}
		e.must("DELETE", path+".json")
		e.refused(404, 20404, nil, "GET", path+".json")
	})
}

func TestDomainsRefuseBadInput(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, e *edge) {
		all := "SIP/Domains.json"
		at := "SIP/Domains/" + e.must("POST", all, "DomainName", "lab.sip.twilio.com", "FriendlyName", "Lab").sid() + ".json"
		e.bad(21232, "DomainName", all)
		e.bad(21232, "DomainName", all, "DomainName", "")
		e.bad(21232, ".sip.twilio.com", all, "DomainName", "lab.example.com")
		e.bad(21232, "reach the same", all, "DomainName", "x.sip.us1.twilio.com")
		e.bad(21232, "longer than 253", all, "DomainName", strings.Repeat("x", 254))
		e.bad(21232, "taken", all, "DomainName", "LAB.sip.twilio.com")
		for _, path := range []string{all, at} {
			name := fmt.Sprintf("n%d.sip.twilio.com", len(path))
			e.bad(21231, "longer than 64", path, "DomainName", name, "FriendlyName", strings.Repeat("x", 65))
			e.bad(21402, "VoiceUrl", path, "DomainName", name, "VoiceUrl", "ftp://x")
			e.bad(21402, "VoiceFallbackUrl", path, "DomainName", name, "VoiceFallbackUrl", "x")
			e.bad(21402, "VoiceStatusCallbackUrl", path, "DomainName", name, "VoiceStatusCallbackUrl", "http://")
			e.bad(21403, "VoiceMethod", path, "DomainName", name, "VoiceMethod", "PUT")
			e.bad(21231, "true or false", path, "DomainName", name, "Secure", "perhaps")
			e.bad(21231, "true or false", path, "DomainName", name, "EmergencyCallingEnabled", "on")
			e.bad(21300, "ByocTrunkSid", path, "DomainName", name, "ByocTrunkSid", "BY1")
			e.bad(21231, "EmergencyCallerSid", path, "DomainName", name, "EmergencyCallerSid", "+14155550100")
			e.bad(21231, "not a phone number of this account", path, "DomainName", name, "EmergencyCallerSid", "PN"+strings.Repeat("0", 32))
		}
		e.bad(21232, "empty", at, "DomainName", "")
		e.must("GET", at).has(t, map[string]any{"domain_name": "lab.sip.twilio.com", "friendly_name": "Lab", "secure": false})
		if n := count[store.Domain](e); n != 1 {
			t.Errorf("%d domains: a refused one stayed", n)
		}
	})
}

func TestAnEmergencyCallerIDNeedsARegisteredAddress(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, e *edge) {
		at := "SIP/Domains/" + e.must("POST", "SIP/Domains.json", "DomainName", "lab.sip.twilio.com").sid() + ".json"
		for i, status := range []string{"unregistered", "pending-registration", "registration-failure", "pending-unregistration"} {
			n := e.plant(e.mine, fmt.Sprintf("+1415555020%d", i), status)
			e.refused(400, 21231, []string{n.PhoneNumber, status}, "POST", at, "EmergencyCallerSid", n.SID)
		}
		bare := &store.Number{Common: store.Common{AccountSID: e.mine}, PhoneNumber: "+14155550299", EmergencyAddressStatus: "registered"}
		insert(e, bare)
		e.bad(21231, "no registered emergency address", at, "EmergencyCallerSid", bare.SID)
		theirs := e.plant(e.other, "+14155550300", "registered")
		e.bad(21231, "not a phone number of this account", at, "EmergencyCallerSid", theirs.SID)
		e.bad(21231, "not a phone number of this account", "SIP/Domains.json", "DomainName", "new.sip.twilio.com", "EmergencyCallerSid", theirs.SID)
		mine := e.plant(e.mine, "+14155550301", "registered")
		e.must("POST", at, "EmergencyCallerSid", mine.SID).has(t, map[string]any{"emergency_caller_sid": mine.SID})
	})
}

func TestAHostIsTakenInAllItsForms(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, e *edge) {
		insert(e, &store.Domain{Common: store.Common{AccountSID: e.other, Origin: store.OriginLab}, DomainName: "lab.sip.us1.twilio.com",
			Aliases: "old.sip.dublin.twilio.com pbx.example.com"})
		all := "SIP/Domains.json"
		e.bad(21232, "taken", all, "DomainName", "lab.sip.twilio.com")
		e.bad(21232, "taken", all, "DomainName", "old.sip.twilio.com")
		at := "SIP/Domains/" + e.must("POST", all, "DomainName", "free.sip.twilio.com").sid() + ".json"
		e.bad(21232, "taken", at, "DomainName", "Lab.sip.twilio.com")

		own := &store.Domain{Common: store.Common{AccountSID: e.mine, Origin: store.OriginLab}, DomainName: "phones.sip.us1.twilio.com"}
		insert(e, own)
		at = "SIP/Domains/" + own.SID + ".json"
		// As it is, from a client that sends all it knows:
		e.must("POST", at, "DomainName", "phones.sip.us1.twilio.com", "Secure", "true").
			has(t, map[string]any{"domain_name": "phones.sip.us1.twilio.com", "secure": true})
		e.must("POST", at, "DomainName", "phones.sip.twilio.com").has(t, map[string]any{"domain_name": "phones.sip.twilio.com"})
	})
}

func TestADomainOfAFileIsReadOnly(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, e *edge) {
		d := &store.Domain{Common: store.Common{AccountSID: e.mine}, DomainName: "pbx.sip.twilio.com"}
		list := &store.ACL{Common: store.Common{AccountSID: e.mine}, FriendlyName: "Office"}
		d.Origin = store.OriginFile
		insert(e, d)
		insert(e, list)
		path := "SIP/Domains/" + d.SID
		e.bad(20001, d.SID, path+".json", "Secure", "true")
		e.refused(400, 20001, []string{d.SID}, "DELETE", path+".json")
		e.bad(20001, d.SID, path+"/IpAccessControlListMappings.json", "IpAccessControlListSid", list.SID)
		e.must("GET", path+".json").has(t, map[string]any{"secure": false, "auth_type": ""})
	})
}

func TestDomainsHaveTheProvidersLimit(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, e *edge) {
		e.write(func(tx *store.Tx) error {
			for i := range maxDomains {
				if err := store.Insert(tx, &store.Domain{Common: store.Common{AccountSID: e.mine}, DomainName: fmt.Sprintf("d%d.sip.twilio.com", i)}); err != nil {
					return err
				}
			}
			return nil
		})
		e.bad(21230, "100 domains", "SIP/Domains.json", "DomainName", "one-more.sip.twilio.com")
		e.must("GET", "SIP/Domains.json", "PageSize", "1000")
	})
}
