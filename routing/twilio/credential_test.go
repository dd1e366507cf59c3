package twilio

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"callbox/routing/directory"
	"callbox/routing/directory/store"
)

const password = "IWasAtSignal2018"

// stored reads a row past the API.
func stored[R store.Row](e *edge, sid string) (row R) {
	e.t.Helper()
	if err := e.store.View(e.t.Context(), func(tx *store.Tx) (err error) {
		row, err = store.Get[R](tx, "", sid)
		return err
	}); err != nil {
		e.t.Fatal(err)
	}
	return row
}

func TestCredentialLists(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, e *edge) {
		list := e.must("POST", "SIP/CredentialLists.json", "FriendlyName", "Low Rises")
		path := "SIP/CredentialLists/" + list.sid()
		whole := "/2010-04-01/Accounts/" + e.mine + "/" + path
		list.has(t, map[string]any{"account_sid": e.mine, "friendly_name": "Low Rises", "uri": whole + ".json",
			"subresource_uris": map[string]any{"credentials": whole + "/Credentials.json"}})
		e.must("GET", path+".json").has(t, list.body)
		e.must("POST", path+".json", "FriendlyName", "High Rises").has(t, map[string]any{"friendly_name": "High Rises"})

		alice := e.must("POST", path+"/Credentials.json", "Username", "alice", "Password", password)
		at := path + "/Credentials/" + alice.sid() + ".json"
		alice.has(t, map[string]any{"account_sid": e.mine, "username": "alice", "credential_list_sid": list.sid(),
			"uri": "/2010-04-01/Accounts/" + e.mine + "/" + at})
		e.must("GET", at).has(t, alice.body)
		bob := e.must("POST", path+"/Credentials.json", "Username", "bob", "Password", password).sid()
		if got := e.must("GET", path+"/Credentials.json").rows("credentials", "sid"); !cmp.Equal(got, []string{bob, alice.sid()}) {
			t.Error(got)
		}
		if xml := e.must("GET", path+"/Credentials").text; !strings.Contains(xml, "<SipCredential><Sid>"+bob) {
			t.Error(xml)
		}
		e.must("DELETE", at)
		e.refused(404, 20404, nil, "GET", at)
		e.must("DELETE", path+".json")
		if n := count[store.Credential](e); n != 0 {
			t.Errorf("%d credentials outlive their list", n)
		}
	})
}

func TestAPasswordIsKeptAsHashesOnly(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, e *edge) {
		path := "SIP/CredentialLists/" + e.must("POST", "SIP/CredentialLists.json", "FriendlyName", "Phones").sid() + "/Credentials"
		holds := func(sid, password string) {
			t.Helper()
			c := stored[store.Credential](e, sid)
			if want := directory.MakeHA1("alice", directory.Secret(password)); c.HA1MD5 != want.MD5 || c.HA1SHA256 != want.SHA256 {
				t.Errorf("the hashes are not those of %s", password)
			}
		}
		made := e.must("POST", path+".json", "Username", "alice", "Password", password)
		holds(made.sid(), password)
		at := path + "/" + made.sid() + ".json"
		changed := e.must("POST", at, "Password", "Another-Pass-1", "Username", "mallory")
		changed.has(t, map[string]any{"username": "alice"}) // the provider changes the password only
		holds(made.sid(), "Another-Pass-1")
		e.must("POST", at) // nothing to change
		holds(made.sid(), "Another-Pass-1")

		c := stored[store.Credential](e, made.sid())
		var audit []store.AuditEntry
		if err := e.store.View(t.Context(), func(tx *store.Tx) (err error) {
			audit, err = store.Find[store.AuditEntry](tx, store.Query{})
			return err
		}); err != nil || len(audit) < 3 {
			t.Fatal(audit, err)
		}
		seen := fmt.Sprint(made.text, changed.text, e.must("GET", at).text, e.must("GET", path+".json").text, e.must("GET", path).text,
			e.do("POST", at, "Password", "weak-Secret").text, audit)
		for _, secret := range []string{password, "Another-Pass-1", "weak-Secret", c.HA1MD5, c.HA1SHA256} {
			if strings.Contains(seen, secret) {
				t.Errorf("%s is shown: %s", secret, seen)
			}
		}
	})
}

func TestCredentialsRefuseBadInput(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, e *edge) {
		lists := "SIP/CredentialLists.json"
		path := "SIP/CredentialLists/" + e.must("POST", lists, "FriendlyName", "Phones").sid()
		users := path + "/Credentials.json"
		at := path + "/Credentials/" + e.must("POST", users, "Username", "alice", "Password", password).sid() + ".json"

		e.bad(21240, "FriendlyName", lists)
		e.bad(21240, "longer than 64", lists, "FriendlyName", strings.Repeat("x", 65))
		e.bad(21240, "taken", lists, "FriendlyName", "Phones")
		e.bad(21240, "FriendlyName", path+".json", "FriendlyName", "")

		e.bad(21243, "Username", users, "Password", password)
		e.bad(21243, "Password", users, "Username", "bob")
		e.bad(21243, "32 characters", users, "Username", strings.Repeat("x", 33), "Password", password)
		e.must("POST", users, "Username", strings.Repeat("x", 32), "Password", password)
		e.bad(21243, "ASCII", users, "Username", "bob smith", "Password", password)
		for _, weak := range []string{"Short-1", "nocapitals-1234", "NOSMALLS-1234", "No-Digits-At-All"} {
			e.bad(21243, "at least 12 characters", users, "Username", "bob", "Password", weak)
			e.bad(21243, "at least 12 characters", at, "Password", weak)
		}
		e.bad(21243, "at least 12 characters", at, "Password", "")
		e.bad(21243, "taken", users, "Username", "alice", "Password", password)
		e.must("POST", users, "Username", "Alice", "Password", password) // another user: digest names have case
		if n := count[store.Credential](e); n != 3 {
			t.Errorf("%d credentials", n)
		}
	})
}

func TestAnotherAccountsCredentialsAreNotThere(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, e *edge) {
		theirs := &store.CredentialList{Common: store.Common{AccountSID: e.other}, FriendlyName: "Theirs"}
		insert(e, theirs)
		user := &store.Credential{Common: store.Common{AccountSID: e.other}, ListSID: theirs.SID, Username: "eve"}
		insert(e, user)
		path := "SIP/CredentialLists/" + theirs.SID
		for _, c := range [][2]string{
			{"GET", path}, {"POST", path}, {"DELETE", path}, {"GET", path + "/Credentials"}, {"POST", path + "/Credentials"},
			{"GET", path + "/Credentials/" + user.SID}, {"POST", path + "/Credentials/" + user.SID}, {"DELETE", path + "/Credentials/" + user.SID},
		} {
			e.refused(404, 20404, nil, c[0], c[1]+".json", "FriendlyName", "mine", "Username", "eve", "Password", password)
		}
	})
}

func TestCredentialsHaveTheProvidersLimits(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, e *edge) {
		full := &store.CredentialList{Common: store.Common{AccountSID: e.mine}, FriendlyName: "full"}
		e.write(func(tx *store.Tx) error {
			if err := store.Insert(tx, full); err != nil {
				return err
			}
			for i := range maxCredentials {
				if err := store.Insert(tx, &store.Credential{Common: store.Common{AccountSID: e.mine}, ListSID: full.SID,
					Username: fmt.Sprint(i)}); err != nil {
					return err
				}
			}
			for i := range maxCredentialLists - 1 {
				if err := store.Insert(tx, &store.CredentialList{Common: store.Common{AccountSID: e.mine}, FriendlyName: fmt.Sprint(i)}); err != nil {
					return err
				}
			}
			return nil
		})
		e.bad(21242, "1000 credentials", "SIP/CredentialLists/"+full.SID+"/Credentials.json", "Username", "one-more", "Password", password)
		e.bad(21239, "100", "SIP/CredentialLists.json", "FriendlyName", "one more")
	})
}
