package twiliotest

import (
	"strings"
	"testing"
)

const account = "/2010-04-01/Accounts/ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

// address is the provider's example of an answer.
const address = `{"account_sid": "ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "city": "SF", "customer_name": "name",
 "date_created": "Tue, 18 Aug 2015 17:07:30 +0000", "date_updated": "Tue, 18 Aug 2015 17:07:30 +0000", "emergency_enabled": false,
 "friendly_name": "Main Office", "iso_country": "US", "postal_code": "94019", "region": "CA",
 "sid": "ADaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "street": "4th", "street_secondary": null, "validated": false, "verified": false,
 "uri": "/2010-04-01/Accounts/ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/Addresses/ADaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.json"}`

func TestCheck(t *testing.T) {
	t.Parallel()
	one := account + "/Addresses/ADaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.json"
	for _, c := range []struct {
		name, method, path, body string
		status                   int
		wrong                    string // what the error has, "" for none
	}{
		{"the provider's example", "GET", one, address, 200, ""},
		{"created", "POST", account + "/Addresses.json", address, 201, ""},
		{"deleted", "DELETE", one, "", 204, ""},
		{"a list is looked into", "GET", account + "/Addresses.json", `{"addresses":[{}]}`, 200, "not there"},
		{"a wrong status", "POST", account + "/Addresses.json", address, 200, "200 is not a status"},
		{"a field missing", "GET", one, strings.Replace(address, `"validated"`, `"valid"`, 1), 200, ".validated is not there"},
		{"a wrong type", "GET", one, strings.Replace(address, `"validated": false`, `"validated": "no"`, 1), 200, "boolean"},
		{"a SID of another kind", "GET", one, strings.Replace(address, `"sid": "AD`, `"sid": "PN`, 1), 200, "sid"},
		{"a date of another format", "GET", one, strings.ReplaceAll(address, "Tue, 18 Aug 2015 17:07:30 +0000", "2015-08-18"), 200, "rfc-2822"},
		{"no such path", "GET", account + "/Nothings.json", "{}", 200, "no GET"},
		{"a body after a deletion", "DELETE", one, "{}", 204, "none belongs"},
		{"an error", "GET", one, `{"code":20404,"message":"m","more_info":"u","status":404}`, 404, ""},
		{"an error of another status", "GET", one, `{"code":20404,"message":"m","more_info":"u","status":400}`, 404, "404"},
		{"an error without a code", "GET", one, `{"message":"m","more_info":"u","status":404}`, 404, "code"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			err := Check(c.method, c.path, c.status, []byte(c.body))
			if c.wrong == "" && err != nil || c.wrong != "" && (err == nil || !strings.Contains(err.Error(), c.wrong)) {
				t.Errorf("got %v, want %q", err, c.wrong)
			}
		})
	}
}
