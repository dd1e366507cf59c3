package twilio

import (
	"net/netip"
	"testing"

	"callbox/routing/directory"
	"callbox/routing/directory/store"
)

// adopt has the lab in a file of its own, and its account as whoever asks.
func (e *edge) adopt() {
	e.t.Helper()
	problems, err := e.store.Adopt(e.t.Context(), directory.LabContents(netip.AddrPort{}), store.Base{Name: "dir.yaml", ReadOnly: true})
	if err != nil || len(problems) > 0 {
		e.t.Fatal(err, problems)
	}
	e.mine = "AC00000000000000000000000000000911"
}

// TestTheFileComesFirst writes to rows of a file in ways that other rules refuse, too: none of them may advise what the
// file does not let happen.
func TestTheFileComesFirst(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, e *edge) {
		e.adopt()
		refused := func(method, path string, parameters ...string) {
			t.Helper()
			e.refused(400, 20001, []string{"is from dir.yaml; change it there and reload"}, method, path, parameters...)
		}
		first := func(list, key string, filter ...string) string {
			t.Helper()
			rows := e.must("GET", list, filter...).rows(key, "sid")
			if len(rows) == 0 {
				t.Fatalf("%s has no %s", list, key)
			}
			return rows[0]
		}
		number := first("IncomingPhoneNumbers.json", "incoming_phone_numbers", "PhoneNumber", "+14155550100")
		address := e.must("GET", "IncomingPhoneNumbers/"+number+".json").str("emergency_address_sid")
		refused("DELETE", "IncomingPhoneNumbers/"+number+".json")
		refused("POST", "IncomingPhoneNumbers/"+number+".json", "EmergencyAddressSid", e.address())
		refused("POST", "IncomingPhoneNumbers/"+number+".json", "EmergencyAddressSid", "nonsense")
		refused("DELETE", "Addresses/"+address+".json")
		refused("POST", "Addresses/"+address+".json", "Street", "1 Elsewhere St")

		acl, list := first("SIP/IpAccessControlLists.json", "ip_access_control_lists"), first("SIP/CredentialLists.json", "credential_lists")
		domain := first("SIP/Domains.json", "domains", "PageSize", "100")
		for _, path := range []string{"SIP/IpAccessControlLists/" + acl, "SIP/CredentialLists/" + list, "SIP/Domains/" + domain} {
			refused("DELETE", path+".json")
			refused("POST", path+".json", "FriendlyName", "", "DomainName", "no name", "EmergencyCallerSid", "PN1")
		}
		entries := "SIP/IpAccessControlLists/" + acl + "/IpAddresses"
		users := "SIP/CredentialLists/" + list + "/Credentials"
		refused("POST", entries+".json", "IpAddress", "nowhere")
		refused("POST", entries+"/"+first(entries+".json", "ip_addresses")+".json", "IpAddress", "nowhere")
		refused("DELETE", entries+"/"+first(entries+".json", "ip_addresses")+".json")
		refused("POST", users+".json", "Username", "bob", "Password", "weak")
		refused("POST", users+"/"+first(users+".json", "credentials")+".json", "Password", "weak")
		refused("DELETE", users+"/"+first(users+".json", "credentials")+".json")

		trunk := "/v1/Trunks/" + first("/v1/Trunks", "trunks")
		refused("DELETE", trunk)
		refused("POST", trunk, "DomainName", "no name")
		refused("POST", trunk+"/Recording", "Mode", "nonsense")
		refused("POST", trunk+"/OriginationUrls")
		refused("POST", trunk+"/PhoneNumbers", "PhoneNumberSid", number)
		refused("POST", trunk+"/IpAccessControlLists", "IpAccessControlListSid", acl)
		refused("DELETE", trunk+"/IpAccessControlLists/"+acl)
		refused("POST", "SIP/Domains/"+domain+"/IpAccessControlListMappings.json", "IpAccessControlListSid", acl)
		refused("POST", "SIP/Domains/"+domain+"/Auth/Calls/CredentialListMappings.json", "CredentialListSid", "nonsense")
		refused("POST", "/2010-04-01/Accounts/"+e.mine+".json", "Status", "closed")

		e.mine = e.other // whose a list is comes before what it belongs to
		e.refused(404, 20404, nil, "POST", entries+".json", "FriendlyName", "pbx", "IpAddress", "192.0.2.7")
		e.refused(404, 20404, nil, "POST", "SIP/Domains/"+domain+"/IpAccessControlListMappings.json", "IpAccessControlListSid", acl)
		e.refused(404, 20404, nil, "DELETE", "SIP/IpAccessControlLists/"+acl+".json")
	})
}
