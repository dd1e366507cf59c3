package twilio

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"callbox/routing/directory/store"
)

// guarded makes a domain and two lists to guard it with.
func (e *edge) guarded(t *testing.T) (domain, acl, list string) {
	t.Helper()
	return e.must("POST", "SIP/Domains.json", "DomainName", "lab.sip.twilio.com").sid(),
		e.must("POST", "SIP/IpAccessControlLists.json", "FriendlyName", "Office").sid(),
		e.must("POST", "SIP/CredentialLists.json", "FriendlyName", "Phones").sid()
}

func TestMappings(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, e *edge) {
		sid, acl, list := e.guarded(t)
		domain := "SIP/Domains/" + sid
		auth := func(want string) { t.Helper(); e.must("GET", domain+".json").has(t, map[string]any{"auth_type": want}) }

		older := e.must("POST", domain+"/IpAccessControlListMappings.json", "IpAccessControlListSid", acl)
		if older.status != 201 {
			t.Error(older.status)
		}
		older.has(t, map[string]any{"sid": acl, "friendly_name": "Office", "domain_sid": sid, "account_sid": e.mine,
			"uri": "/2010-04-01/Accounts/" + e.mine + "/" + domain + "/IpAccessControlListMappings/" + acl + ".json"})
		e.must("GET", domain+"/IpAccessControlListMappings/"+acl+".json").has(t, older.body)
		auth("IP_ACL")
		newer := e.must("POST", domain+"/Auth/Calls/CredentialListMappings.json", "CredentialListSid", list)
		newer.has(t, map[string]any{"sid": list, "friendly_name": "Phones", "account_sid": e.mine})
		auth("IP_ACL,CREDENTIAL_LIST")
		e.must("POST", "SIP/Domains.json", "DomainName", "open.sip.twilio.com")
		if got := e.must("GET", "SIP/Domains.json").rows("domains", "auth_type"); !cmp.Equal(got, []string{"", "IP_ACL,CREDENTIAL_LIST"}) {
			t.Error(got)
		}

		// Both ways lead to the same rows.
		e.must("GET", domain+"/Auth/Calls/IpAccessControlListMappings/"+acl+".json").has(t, map[string]any{"sid": acl})
		e.must("GET", domain+"/CredentialListMappings/"+list+".json").has(t, map[string]any{"sid": list, "domain_sid": sid})
		for path, key := range map[string]string{
			"/IpAccessControlListMappings.json": "ip_access_control_list_mappings", "/Auth/Calls/IpAccessControlListMappings.json": "contents",
		} {
			if got := e.must("GET", domain+path).rows(key, "sid"); !cmp.Equal(got, []string{acl}) {
				t.Error(path, got)
			}
		}
		e.bad(21231, "taken", domain+"/Auth/Calls/IpAccessControlListMappings.json", "IpAccessControlListSid", acl)
		e.bad(21231, "taken", domain+"/CredentialListMappings.json", "CredentialListSid", list)

		// Registrations are apart from calls.
		registrations := domain + "/Auth/Registrations/CredentialListMappings"
		if got := e.must("GET", registrations+".json").rows("contents", "sid"); len(got) != 0 {
			t.Error(got)
		}
		e.must("POST", registrations+".json", "CredentialListSid", list).has(t, map[string]any{"sid": list})
		e.must("DELETE", domain+"/CredentialListMappings/"+list+".json")
		auth("IP_ACL")
		e.refused(404, 20404, nil, "GET", domain+"/Auth/Calls/CredentialListMappings/"+list+".json")
		e.must("GET", registrations+"/"+list+".json")
		e.must("DELETE", domain+"/Auth/Calls/IpAccessControlListMappings/"+acl+".json")
		auth("")
		e.must("DELETE", registrations+"/"+list+".json")
		e.refused(404, 20404, nil, "DELETE", registrations+"/"+list+".json")
		if xml := e.must("GET", domain+"/IpAccessControlListMappings").text; !strings.Contains(xml, "<SipIpAccessControlListMappings") {
			t.Error(xml)
		}
	})
}

func TestAMappedListStays(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, e *edge) {
		sid, acl, list := e.guarded(t)
		domain := "SIP/Domains/" + sid
		trunk := e.must("POST", "/v1/Trunks", "DomainName", "lab.pstn.twilio.com").sid()
		e.must("POST", domain+"/IpAccessControlListMappings.json", "IpAccessControlListSid", acl)
		e.must("POST", "/v1/Trunks/"+trunk+"/IpAccessControlLists", "IpAccessControlListSid", acl)
		e.must("POST", domain+"/Auth/Registrations/CredentialListMappings.json", "CredentialListSid", list)
		e.refused(400, 21236, []string{sid, "lab.sip.twilio.com", trunk, "lab.pstn.twilio.com"}, "DELETE", "SIP/IpAccessControlLists/"+acl+".json")
		e.refused(400, 21241, []string{sid, "lab.sip.twilio.com for registrations"}, "DELETE", "SIP/CredentialLists/"+list+".json")
		e.must("GET", "SIP/IpAccessControlLists/"+acl+".json")

		// What it guards may go, and the mappings go with it.
		e.must("DELETE", domain+".json")
		e.must("DELETE", "SIP/CredentialLists/"+list+".json")
		e.refused(400, 21236, []string{trunk}, "DELETE", "SIP/IpAccessControlLists/"+acl+".json")
		e.must("DELETE", "/v1/Trunks/"+trunk)
		if n := count[store.Mapping](e); n != 0 {
			t.Errorf("%d mappings outlive what they guard", n)
		}
		e.must("DELETE", "SIP/IpAccessControlLists/"+acl+".json")
	})
}

func TestAListMappedInManyPlacesNamesSome(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, e *edge) {
		_, acl, _ := e.guarded(t)
		for i := range 7 {
			d := e.must("POST", "SIP/Domains.json", "DomainName", fmt.Sprintf("n%d.sip.twilio.com", i)).sid()
			e.must("POST", "SIP/Domains/"+d+"/IpAccessControlListMappings.json", "IpAccessControlListSid", acl)
			if i == 5 {
				e.refused(400, 21236, []string{" n1.sip.twilio.com for calls", "and 1 more: "}, "DELETE", "SIP/IpAccessControlLists/"+acl+".json")
			}
		}
		e.refused(400, 21236, []string{" n2.sip.twilio.com for calls", "and 2 more: "}, "DELETE", "SIP/IpAccessControlLists/"+acl+".json")
	})
}

func TestMappingsRefuseBadInput(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, e *edge) {
		sid, acl, list := e.guarded(t)
		domain := "SIP/Domains/" + sid
		theirs := &store.ACL{Common: store.Common{AccountSID: e.other}, FriendlyName: "Theirs"}
		insert(e, theirs)
		theirDomain := &store.Domain{Common: store.Common{AccountSID: e.other}, DomainName: "their.sip.twilio.com"}
		insert(e, theirDomain)
		trunk := "/v1/Trunks/" + e.must("POST", "/v1/Trunks").sid()
		for path, code := range map[string]int{
			domain + "/IpAccessControlListMappings.json": 21231, domain + "/Auth/Calls/IpAccessControlListMappings.json": 21231,
			trunk + "/IpAccessControlLists": 21245,
		} {
			e.bad(code, "IpAccessControlListSid", path)
			e.bad(code, "IpAccessControlListSid", path, "CredentialListSid", list)
			e.bad(code, "AL and 32", path, "IpAccessControlListSid", list)
			e.bad(code, "not a list of this account", path, "IpAccessControlListSid", "AL"+strings.Repeat("0", 32))
			e.bad(code, "not a list of this account", path, "IpAccessControlListSid", theirs.SID)
		}
		for path, code := range map[string]int{
			domain + "/CredentialListMappings.json": 21231, domain + "/Auth/Calls/CredentialListMappings.json": 21231,
			domain + "/Auth/Registrations/CredentialListMappings.json": 21231, trunk + "/CredentialLists": 21245,
		} {
			e.bad(code, "CredentialListSid", path)
			e.bad(code, "CL and 32", path, "CredentialListSid", acl)
			e.bad(code, "not a list of this account", path, "CredentialListSid", "CL"+strings.Repeat("0", 32))
		}
		e.refused(404, 20404, nil, "POST", "SIP/Domains/"+theirDomain.SID+"/IpAccessControlListMappings.json", "IpAccessControlListSid", acl)
		e.refused(404, 20404, nil, "GET", "SIP/Domains/"+theirDomain.SID+"/Auth/Calls/CredentialListMappings.json")
		e.refused(404, 20404, nil, "GET", domain+"/IpAccessControlListMappings/"+acl+".json") // not mapped
		e.refused(404, 20404, nil, "DELETE", domain+"/IpAccessControlListMappings/"+list+".json")
		if n := count[store.Mapping](e); n != 0 {
			t.Errorf("%d mappings", n)
		}
	})
}
