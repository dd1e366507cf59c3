package twilio

import (
	"encoding/json"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// curls are the command lines of the provider's documents, as they stand there.
var curls = []struct{ name, line, has string }{
	{"create and validate an address (SIP trunking)",
		`curl -XPOST https://api.twilio.com/2010-04-01/Accounts/{Account SID}/Addresses \
    -d "FriendlyName=Twilio" \
    -d "CustomerName=Twilio" \
    -d "Street=645 Harrison St." \
    -d "City=San Francisco" \
    -d "PostalCode=94105" \
    -d "Region=CA" \
    -d "IsoCountry=US" \
    -d "EmergencyEnabled=True" \
    -u '{twilio account sid}:{twilio auth token}'`,
		"<EmergencyEnabled>true</EmergencyEnabled>"},
	{"disassociate an emergency address (SIP interfaces)",
		`curl -X POST https://api.twilio.com/2010-04-01/Accounts/ACXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX/IncomingPhoneNumbers/PNXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX.json \
--data-urlencode "EmergencyAddressSid=" \
-u ACXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX:your_auth_token`,
		`"emergency_address_status":"pending-unregistration"`},
}

// TestCurlLinesOfTheDocuments runs them with nothing changed but host and credentials.
func TestCurlLinesOfTheDocuments(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("curl"); err != nil {
		if os.Getenv("CALLBOX_REQUIRE_TOOLS") != "" {
			t.Fatal("curl is not installed: apt-get install curl")
		}
		t.Skip("curl is not installed")
	}
	eachEngine(t, func(t *testing.T, e *edge) {
		sid, one := e.number("+18089255327", "EmergencyAddressSid", e.address())
		e.step(registered)
		ours := strings.NewReplacer(
			"https://api.twilio.com", e.http.URL, "{Account SID}", e.mine, "{twilio account sid}:{twilio auth token}", e.mine+":token",
			"ACXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX:your_auth_token", e.mine+":token", "ACXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX", e.mine,
			"PNXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX", sid)
		for _, c := range curls {
			out, err := exec.CommandContext(t.Context(), "sh", "-c", ours.Replace(c.line)+" -sS --noproxy '*'").CombinedOutput()
			if err != nil || !strings.Contains(string(out), c.has) {
				t.Errorf("%s: %v\n%s", c.name, err, out)
			}
		}
		e.step(registered)
		if a := e.must("GET", one); a.str("emergency_address_status") != "unregistered" || a.body["emergency_address_sid"] != nil {
			t.Error(a.text)
		}
	})
}

// TestSamplesOfTheDocuments does what the documents' samples in other languages do, with the parameters that the provider's
// client libraries send for them, and compares the answers with the documents' field by field where their values are ours.
func TestSamplesOfTheDocuments(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, e *edge) {
		made := e.must("POST", "Addresses.json", "FriendlyName", "Twilio", "EmergencyEnabled", "true", "CustomerName", "Twilio",
			"Street", "645 Harrison St.", "City", "San Francisco", "Region", "CA", "PostalCode", "94105", "IsoCountry", "US")
		same(t, made, `{"city": "San Francisco", "customer_name": "Twilio", "emergency_enabled": true, "friendly_name": "Twilio",
			"iso_country": "US", "postal_code": "94105", "region": "CA", "street": "645 Harrison St.", "street_secondary": null, "verified": false}`)
		sid, one := e.number("+18089255327")
		e.must("POST", one, "EmergencyAddressSid", made.sid())
		e.step(registered)
		same(t, e.must("GET", one), `{"address_requirements": "none", "api_version": "2010-04-01", "beta": false,
			"emergency_status": "Active", "emergency_address_status": "registered", "emergency_address_sid": "`+made.sid()+`",
			"friendly_name": "(808) 925-5327", "phone_number": "+18089255327", "sid": "`+sid+`", "sms_fallback_method": "POST",
			"sms_fallback_url": "", "sms_method": "POST", "sms_url": "", "status_callback": "", "status_callback_method": "POST",
			"trunk_sid": null, "voice_caller_id_lookup": false, "voice_fallback_method": "POST", "voice_fallback_url": null,
			"voice_method": "POST", "voice_url": null, "voice_receive_mode": "voice", "status": "in-use",
			"uri": "/2010-04-01/Accounts/`+e.mine+`/IncomingPhoneNumbers/`+sid+`.json"}`)
		e.refused(409, 20409, nil, "DELETE", "Addresses/"+made.sid()+".json")
		e.must("POST", one, "EmergencyAddressSid", "")
		e.step(registered)
		if a := e.must("DELETE", "Addresses/"+made.sid()+".json"); a.status != 204 {
			t.Error(a.text)
		}
	})
}

// same compares the fields of a sample with an answer's.
func same(t *testing.T, a answer, sample string) {
	t.Helper()
	var want map[string]any
	if err := json.Unmarshal([]byte(sample), &want); err != nil {
		t.Fatal(err)
	}
	for field, value := range want {
		if a.body[field] != value {
			t.Errorf("%s is %v, not %v", field, a.body[field], value)
		}
	}
}
