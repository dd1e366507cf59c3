package twilio

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestAccounts(t *testing.T) {
	t.Parallel()
	const list = "/2010-04-01/Accounts.json"
	eachEngine(t, func(t *testing.T, e *edge) {
		mine := "/2010-04-01/Accounts/" + e.mine + ".json"
		a := e.must("GET", mine)
		if a.str("friendly_name") != "mine" || a.body["auth_token"] != nil || a.str("status") != "active" || a.str("type") != "Full" {
			t.Error(a.text)
		}
		if d := cmp.Diff([]string{e.mine}, e.must("GET", list).rows("accounts", "sid")); d != "" {
			t.Error(d)
		}
		if d := cmp.Diff([]string{e.other, e.mine}, e.as("key", "any", "GET", list).rows("accounts", "sid")); d != "" {
			t.Error(d)
		}
		if d := cmp.Diff([]string{e.other}, e.as("key", "any", "GET", list, "FriendlyName", "other", "Status", "active").rows("accounts", "sid")); d != "" {
			t.Error(d)
		}
		if a := e.must("POST", mine, "FriendlyName", "renamed", "Status", "active"); a.str("friendly_name") != "renamed" {
			t.Error(a.text)
		}
		e.refused(400, 21477, []string{"Status", "closed"}, "POST", mine, "Status", "closed")
		e.refused(400, 21475, []string{"Status"}, "POST", mine, "Status", "asleep")
		e.refused(400, 20002, []string{"FriendlyName"}, "POST", mine, "FriendlyName", strings.Repeat("x", 65))
		e.refused(403, 20403, nil, "POST", list, "FriendlyName", "sub")
		e.refused(401, 20003, nil, "GET", "/2010-04-01/Accounts/"+e.other+".json")
		if a := e.as("key", "any", "GET", "/2010-04-01/Accounts/AC00000000000000000000000000000000/Addresses.json"); a.status != 404 {
			t.Error("an account that is not there:", a.text)
		}
		made := e.as("key", "any", "POST", list, "FriendlyName", "third")
		if made.status != 201 || made.str("friendly_name") != "third" || made.str("status") != "active" {
			t.Error(made.text)
		}
		if got := e.as(made.sid(), "token", "GET", made.str("uri")); got.str("friendly_name") != "third" {
			t.Error(got.text)
		}
		if a := e.as(e.mine, "wrong", "GET", mine); a.status != 401 || a.code() != 20003 || a.header.Get("WWW-Authenticate") != `Basic realm="Twilio API"` {
			t.Error(a.text, a.header)
		}
		xml := e.must("GET", "/2010-04-01/Accounts")
		if !strings.Contains(xml.text, `<Accounts page="0" pagesize="50" start="0" end="0" uri="/2010-04-01/Accounts?PageSize=50&amp;Page=0"`) ||
			!strings.Contains(xml.text, "<SubresourceUris><Addresses>/2010-04-01/Accounts/"+e.mine+"/Addresses</Addresses>") {
			t.Error(xml.text)
		}
	})
}
