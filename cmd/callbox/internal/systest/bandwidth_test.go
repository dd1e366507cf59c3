package systest

import (
	"encoding/xml"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"callbox/sip/call"
)

// bandwidth sends a document, "" for none, to Bandwidth's API for the lab's account and reads the answer into out, whose
// status must be as wanted.
func (l *lab) bandwidth(t *testing.T, method, path, body string, want int, out any) (location string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, l.url("/api/accounts/9100911"+path), strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.SetBasicAuth(labAccount, l.token(t))
	r.Header.Set("Content-Type", "application/xml; charset=utf-8")
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != want {
		t.Fatalf("%s %s: %s %v %s", method, path, answer.Status, err, text)
	}
	if out != nil {
		if err := xml.Unmarshal(text, out); err != nil {
			t.Fatalf("%s %s: %v in %s", method, path, err, text)
		}
	}
	return answer.Header.Get("Location")
}

// bandwidthOrder is what a client reads of an order.
type bandwidthOrder struct {
	OrderID string `xml:"E911Order>OrderId"`
	Status  string `xml:"ProcessingStatus"`
	Errors  []struct {
		Code string `xml:"Code"`
	} `xml:"ErrorList>AEUIError"`
}

// provision sends an order and waits until it came about; it must end as wanted.
func (l *lab) provision(t *testing.T, order, want string) {
	t.Helper()
	var made, o bandwidthOrder
	location := l.bandwidth(t, http.MethodPost, "/e911s", order, http.StatusCreated, &made)
	if !strings.HasSuffix(location, "/e911s/"+made.OrderID) {
		t.Fatalf("Location is %q, the order %q", location, made.OrderID)
	}
	l.stepClock(t, 3*time.Second) // of lab time until it is done
	for deadline := time.Now().Add(20 * time.Second); ; {
		o = bandwidthOrder{}
		l.bandwidth(t, http.MethodGet, "/e911s/"+made.OrderID, "", http.StatusOK, &o)
		switch {
		case o.Status == want:
			return
		case o.Status != "RECEIVED" && o.Status != "PROCESSING", time.Now().After(deadline):
			t.Fatalf("the order is %s, want %s", o.Status, want)
		}
		pause(t, 100*time.Millisecond)
	}
}

// pause waits between two looks.
func pause(t *testing.T, d time.Duration) {
	t.Helper()
	select {
	case <-t.Context().Done():
	case <-time.After(d):
	}
}

// TestABandwidthCustomerProvisionsAndCalls walks the way of a customer: validate an address, order a location and an
// endpoint, poll, call by the endpoint's identifier, and clean up.
func TestABandwidthCustomerProvisionsAndCalls(t *testing.T) {
	t.Parallel()
	l := startLab(t, settings{})
	const address = `<HouseNumber>900</HouseNumber><StreetName>%</StreetName><StreetSuffix>Drive</StreetSuffix><AddressLine2>Suite 500</AddressLine2>
		<City>Raleigh</City><StateCode>NC</StateCode><Zip>27606</Zip><Country>US</Country>`
	street := func(name string) string { return strings.Replace(address, "%", name, 1) }
	var found struct {
		Message string `xml:"ErrorMessage"`
		Name    string `xml:"GeocodedAddress>StreetName"`
	}
	l.bandwidth(t, http.MethodPost, "/geocodeRequest", "<RequestAddress>"+street("Main Campuss")+"</RequestAddress>", http.StatusConflict, &found)
	if found.Name != "MAIN CAMPUS" || !strings.Contains(found.Message, `Valid value - "MAIN CAMPUS"`) {
		t.Errorf("the adjustments: %+v", found)
	}
	l.bandwidth(t, http.MethodPost, "/geocodeRequest", "<RequestAddress>"+street(found.Name)+"</RequestAddress>", http.StatusOK, nil)

	l.provision(t, "<E911Order><AdditionalAddresses><Address><LocationId>CorpOffice5thFloor</LocationId>"+street("Main Campus")+"</Address></AdditionalAddresses></E911Order>", "ADJUSTED_COMPLETE")
	l.provision(t, `<E911Order><AlternateEndUserIdentifiers><AlternateEndUserIdentifier><PIDFLOEnabled>true</PIDFLOEnabled><Identifier>9zdRwdQqZW99uYr</Identifier>
		<CallbackNumber>9195551234</CallbackNumber><CallerName>5th Floor Conference Phone</CallerName><LocationId>CorpOffice5thFloor</LocationId>
		</AlternateEndUserIdentifier></AlternateEndUserIdentifiers></E911Order>`, "COMPLETE")

	const trunk = "lab.emergency.bandwidth.com"
	for dialled, want := range map[string]struct{ verdict, by string }{"911": {"psap", "psap-raleigh"}, "933": {"test", "test933"}} {
		_, id := l.call(t, caller{scenario: "answered.xml", from: "sip:9zdRwdQqZW99uYr@" + trunk, to: dialled, domain: trunk, hold: time.Second}).answer()
		r := l.record(t, id)
		if r.Verdict != want.verdict || r.Endpoint != "9zdRwdQqZW99uYr" || r.CallbackNumber != "+19195551234" || r.CallerName != "5th Floor Conference Phone" {
			t.Errorf("%s: verdict %s, answered by %s, endpoint %q called %q, callback %q", dialled, r.Verdict, r.AnsweredBy, r.Endpoint, r.CallerName, r.CallbackNumber)
		}
		if dialled == "911" && r.AnsweredBy != want.by {
			t.Errorf("answered by %s, want %s", r.AnsweredBy, want.by)
		}
		if r.Place == nil || !strings.Contains(strings.ToUpper(r.Place.Address), "900 MAIN CAMPUS DR") {
			t.Errorf("%s: the place is %+v", dialled, r.Place)
		}
	}

	deletes := func(inside string) string {
		return "<E911Order>" + inside + "<DeleteTNSpecificE911Address>true</DeleteTNSpecificE911Address></E911Order>"
	}
	place := deletes("<AdditionalAddresses><Address><LocationId>CorpOffice5thFloor</LocationId></Address></AdditionalAddresses>")
	l.provision(t, place, "FAILED") // the endpoint is there
	l.provision(t, deletes("<AlternateEndUserIdentifiers><AlternateEndUserIdentifier><Identifier>9zdRwdQqZW99uYr</Identifier></AlternateEndUserIdentifier></AlternateEndUserIdentifiers>"), "COMPLETE")
	l.provision(t, place, "COMPLETE")
	_, id := l.call(t, caller{scenario: "refused.xml", from: "sip:9zdRwdQqZW99uYr@" + trunk, to: "911", domain: trunk}).answer()
	if r := l.recordWhen(t, id, "it ended", func(r call.Record) bool { return !r.EndedAt.IsZero() }); r.Endpoint != "" {
		t.Errorf("a deleted endpoint calls: %+v", r)
	}
}
