package twilio

import (
	"encoding/xml"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"unicode/utf8"

	"callbox/routing/directory/store"
	"callbox/routing/directory/store/storetest"
)

// FuzzAPI asks anything of the whole API: whatever comes, the answer is one of its own and well formed, never a fault.
func FuzzAPI(f *testing.F) {
	e := newEdge(f, storetest.Open(f, storetest.SQLite, store.Options{}))
	sid, _ := e.number("+14155550100", "EmergencyAddressSid", e.address())
	domain := e.must("POST", "SIP/Domains.json", "DomainName", "fuzz.sip.twilio.com")
	for _, seed := range [][3]string{
		{"POST", "/Addresses", strings.Join([]string{"CustomerName=a", "Street=645+Harrison+St", "City=San+Francisco", "Region=CA",
			"PostalCode=94105", "IsoCountry=US", "EmergencyEnabled=true", "StreetSecondary=%5D%5D%3E"}, "&")},
		{"POST", "/IncomingPhoneNumbers.json", "PhoneNumber=%2B14155550101&VoiceUrl=http%3A%2F%2F%5B::1%5D%2F&FriendlyName=%00"},
		{"POST", "/IncomingPhoneNumbers.json", "AreaCode=415"},
		{"POST", "/IncomingPhoneNumbers/" + sid + ".json", "EmergencyAddressSid=&TrunkSid=&VoiceApplicationSid="},
		{"GET", "/IncomingPhoneNumbers?PhoneNumber=%2B1*5&PageSize=1&FriendlyName=%F0%9F%9A%92", ""},
		{"GET", "/IncomingPhoneNumbers/Mobile.json?PageToken=PB0-81ce2f08", ""},
		{"DELETE", "/IncomingPhoneNumbers/" + sid, ""},
		{"POST", "/SIP/Domains/" + domain.sid() + ".json", "EmergencyCallingEnabled=true&EmergencyCallerSid=" + sid},
		{"POST", "/SIP/IpAccessControlLists.json", "FriendlyName=x"},
		{"POST", "/SIP/CredentialLists", "FriendlyName=%ff"},
		{"GET", "/Usage/Records/Daily.json?StartDate=2026-01-01&Category=calls", ""},
		{"GET", "/Calls.json?StartTime%3E=2026-11-21&Status=completed", ""},
		{"PUT", "/%zz", "%zz"},
	} {
		f.Add(seed[0], seed[1], seed[2])
	}
	handler := New(e.options)
	f.Fuzz(func(t *testing.T, method, path, body string) {
		r, err := http.NewRequest(method, "http://edge/2010-04-01/Accounts/"+e.mine+path, strings.NewReader(body))
		if err != nil {
			return // net/http would refuse it, too
		}
		r.SetBasicAuth(e.mine, "token")
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		if w.Code >= 500 || w.Code < 200 {
			t.Fatalf("%s %q with %q answers %d %s", method, path, body, w.Code, w.Body)
		}
		if !utf8.Valid(w.Body.Bytes()) {
			t.Fatalf("%s %q with %q: not UTF-8: %q", method, path, body, w.Body)
		}
		if strings.HasPrefix(w.Header().Get("Content-Type"), "application/xml") {
			var v struct{}
			if err := xml.Unmarshal(w.Body.Bytes(), &v); err != nil {
				t.Fatalf("%s %q with %q: %v\n%s", method, path, body, err, w.Body)
			}
		}
	})
}
