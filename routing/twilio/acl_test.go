package twilio

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"callbox/routing/directory/store"
)

// has fails the test unless an answer's fields are as wanted.
func (a answer) has(t *testing.T, want map[string]any) answer {
	t.Helper()
	for name, value := range want {
		if got, there := a.body[name]; !there || !cmp.Equal(got, value) {
			t.Errorf("%s is %v, want %v", name, got, value)
		}
	}
	return a
}

// insert adds a row past the API.
func insert[R store.Row](e *edge, row *R) {
	e.t.Helper()
	e.write(func(tx *store.Tx) error { return store.Insert(tx, row) })
}

// count returns how many rows of a kind there are.
func count[R store.Row](e *edge) (n int) {
	e.t.Helper()
	if err := e.store.View(e.t.Context(), func(tx *store.Tx) (err error) {
		n, err = store.Count[R](tx, store.Query{})
		return err
	}); err != nil {
		e.t.Fatal(err)
	}
	return n
}

// bad is refused with a 400 and one word.
func (e *edge) bad(code int, word, path string, parameters ...string) {
	e.t.Helper()
	e.refused(400, code, []string{word}, "POST", path, parameters...)
}

func TestACLs(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, e *edge) {
		list := e.must("POST", "SIP/IpAccessControlLists.json", "FriendlyName", "Office")
		path := "SIP/IpAccessControlLists/" + list.sid()
		whole := "/2010-04-01/Accounts/" + e.mine + "/" + path
		list.has(t, map[string]any{"account_sid": e.mine, "friendly_name": "Office", "uri": whole + ".json",
			"subresource_uris": map[string]any{"ip_addresses": whole + "/IpAddresses.json"}})
		e.must("GET", path+".json").has(t, list.body)
		e.must("POST", path+".json", "FriendlyName", "Offices").has(t, map[string]any{"sid": list.sid(), "friendly_name": "Offices"})
		e.must("POST", path+".json", "FriendlyName", "Offices") // its own name is free to itself

		entry := e.must("POST", path+"/IpAddresses.json", "FriendlyName", "pbx", "IpAddress", "192.0.2.1")
		at := path + "/IpAddresses/" + entry.sid() + ".json"
		entry.has(t, map[string]any{"ip_address": "192.0.2.1", "cidr_prefix_length": 32.0, "ip_access_control_list_sid": list.sid(),
			"uri": "/2010-04-01/Accounts/" + e.mine + "/" + at})
		e.must("GET", at).has(t, entry.body)
		e.must("POST", at, "CidrPrefixLength", "24").has(t, map[string]any{"ip_address": "192.0.2.1", "cidr_prefix_length": 24.0})
		e.must("POST", at, "IpAddress", "192.0.2.7", "FriendlyName", "sbc").
			has(t, map[string]any{"ip_address": "192.0.2.7", "cidr_prefix_length": 24.0, "friendly_name": "sbc"})
		six := e.must("POST", path+"/IpAddresses.json", "FriendlyName", "six", "IpAddress", "2001:DB8::1").
			has(t, map[string]any{"ip_address": "2001:db8::1", "cidr_prefix_length": 128.0})
		if got := e.must("GET", path+"/IpAddresses.json").rows("ip_addresses", "sid"); !cmp.Equal(got, []string{six.sid(), entry.sid()}) {
			t.Error(got)
		}
		if a := e.must("DELETE", at); a.status != 204 || a.text != "" {
			t.Error(a.status, a.text)
		}
		e.refused(404, 20404, nil, "GET", at)
		e.must("DELETE", path+".json")
		e.refused(404, 20404, nil, "DELETE", path+".json")
		e.refused(404, 20404, nil, "GET", path+"/IpAddresses.json")
		if n := count[store.ACLEntry](e); n != 0 {
			t.Errorf("%d addresses outlive their list", n)
		}
		xml := e.must("POST", "SIP/IpAccessControlLists", "FriendlyName", "A & B").text
		if !strings.Contains(xml, "<SipIpAccessControlList><Sid>AL") || !strings.Contains(xml, "<FriendlyName>A &amp; B</FriendlyName>") {
			t.Error(xml)
		}
		if xml := e.must("GET", "SIP/IpAccessControlLists").text; !strings.Contains(xml, "<SipIpAccessControlLists page=\"0\"") {
			t.Error(xml)
		}
	})
}

func TestACLsRefuseBadInput(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, e *edge) {
		lists := "SIP/IpAccessControlLists.json"
		path := "SIP/IpAccessControlLists/" + e.must("POST", lists, "FriendlyName", "Office").sid()
		entries := path + "/IpAddresses.json"
		e.must("POST", entries, "FriendlyName", "pbx", "IpAddress", "192.0.2.1")
		at := path + "/IpAddresses/" + e.must("POST", entries, "FriendlyName", "sbc", "IpAddress", "192.0.2.2").sid() + ".json"

		e.bad(21235, "FriendlyName", lists)
		e.bad(21235, "FriendlyName", lists, "FriendlyName", " ")
		e.bad(21235, "longer than 255", lists, "FriendlyName", strings.Repeat("é", 256))
		e.must("POST", lists, "FriendlyName", strings.Repeat("é", 255))
		e.bad(21235, "taken", lists, "FriendlyName", "Office")
		e.bad(21235, "2 times", lists, "FriendlyName", "a", "FriendlyName", "b")
		e.bad(21235, "FriendlyName", path+".json")

		e.bad(21235, "FriendlyName", entries, "IpAddress", "192.0.2.3")
		e.bad(21235, "IpAddress", entries, "FriendlyName", "x")
		e.bad(21235, "IPv4", entries, "FriendlyName", "x", "IpAddress", "here")
		e.bad(21235, "CidrPrefixLength", entries, "FriendlyName", "x", "IpAddress", "192.0.2.3", "CidrPrefixLength", "33")
		e.bad(21235, "CidrPrefixLength", entries, "FriendlyName", "x", "IpAddress", "192.0.2.3", "CidrPrefixLength", "0")
		e.bad(21235, "whole number", entries, "FriendlyName", "x", "IpAddress", "192.0.2.3", "CidrPrefixLength", "all")
		e.bad(21235, "taken", entries, "FriendlyName", "pbx", "IpAddress", "192.0.2.3")
		e.bad(21235, "taken", entries, "FriendlyName", "x", "IpAddress", "192.0.2.1")
		e.must("POST", entries, "FriendlyName", "x", "IpAddress", "192.0.2.1", "CidrPrefixLength", "24") // another network
		e.bad(21235, "taken", at, "IpAddress", "192.0.2.1")
		e.bad(21235, "IpAddress", at, "IpAddress", "")
		e.bad(21235, "FriendlyName", at, "FriendlyName", "")
		e.bad(21235, "FriendlyName", at, "FriendlyName", " ")
		e.bad(21235, "CidrPrefixLength", at, "IpAddress", "192.0.2.9", "CidrPrefixLength", "128")
		// A length is not carried over to the other family, where 32 would be a network of a provider's size.
		e.must("POST", at, "IpAddress", "2001:db8::1").has(t, map[string]any{"ip_address": "2001:db8::1", "cidr_prefix_length": 128.0})
		e.must("POST", at, "IpAddress", "192.0.2.9").has(t, map[string]any{"cidr_prefix_length": 32.0, "friendly_name": "sbc"})
	})
}

func TestAnotherAccountsACLsAreNotThere(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, e *edge) {
		theirs := &store.ACL{Common: store.Common{AccountSID: e.other}, FriendlyName: "Theirs"}
		insert(e, theirs)
		entry := &store.ACLEntry{Common: store.Common{AccountSID: e.other}, ListSID: theirs.SID, IPAddress: "192.0.2.1", CIDRPrefixLength: 32}
		insert(e, entry)
		path := "SIP/IpAccessControlLists/" + theirs.SID
		for _, c := range [][2]string{
			{"GET", path}, {"POST", path}, {"DELETE", path}, {"GET", path + "/IpAddresses"}, {"POST", path + "/IpAddresses"},
			{"GET", path + "/IpAddresses/" + entry.SID}, {"DELETE", path + "/IpAddresses/" + entry.SID},
			{"GET", "SIP/IpAccessControlLists/" + entry.SID}, {"GET", "SIP/IpAccessControlLists/AL0"},
		} {
			e.refused(404, 20404, []string{"was not found"}, c[0], c[1]+".json", "FriendlyName", "mine", "IpAddress", "192.0.2.2")
		}
		lists := "SIP/IpAccessControlLists.json"
		e.must("POST", lists, "FriendlyName", "Theirs") // names are an account's own
		one := e.must("POST", lists, "FriendlyName", "one").sid()
		two := e.must("POST", lists, "FriendlyName", "two").sid()
		in := e.must("POST", "SIP/IpAccessControlLists/"+one+"/IpAddresses.json", "FriendlyName", "x", "IpAddress", "192.0.2.1").sid()
		e.refused(404, 20404, nil, "GET", "SIP/IpAccessControlLists/"+two+"/IpAddresses/"+in+".json")
	})
}

func TestACLsHaveTheProvidersLimits(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, e *edge) {
		full := &store.ACL{Common: store.Common{AccountSID: e.mine}, FriendlyName: "full"}
		e.write(func(tx *store.Tx) error {
			if err := store.Insert(tx, full); err != nil {
				return err
			}
			for i := range maxACLEntries {
				if err := store.Insert(tx, &store.ACLEntry{Common: store.Common{AccountSID: e.mine}, ListSID: full.SID,
					FriendlyName: fmt.Sprint(i), IPAddress: fmt.Sprintf("10.0.0.%d", i), CIDRPrefixLength: 32}); err != nil {
					return err
				}
			}
			for i := range maxACLs - 1 {
				if err := store.Insert(tx, &store.ACL{Common: store.Common{AccountSID: e.mine}, FriendlyName: fmt.Sprint(i)}); err != nil {
					return err
				}
			}
			return nil
		})
		e.bad(21237, "100 IP addresses", "SIP/IpAccessControlLists/"+full.SID+"/IpAddresses.json", "FriendlyName", "x", "IpAddress", "192.0.2.1")
		e.bad(21255, "1000", "SIP/IpAccessControlLists.json", "FriendlyName", "one more")
	})
}
