package systest

import (
	"encoding/xml"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
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

	desk := l.tellDesk(t, "9zdRwdQqZW99uYr")
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

	desk.hears(t, "9zdRwdQqZW99uYr")

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

// frontDesk is a web server of a customer's front desk.
type frontDesk struct {
	mu    sync.Mutex
	calls []url.Values
}

// tellDesk has a notification group tell a desk of an endpoint's calls, by the orders of Bandwidth's API.
func (l *lab) tellDesk(t *testing.T, endpoint string) *frontDesk {
	t.Helper()
	d := &frontDesk{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, password, _ := r.BasicAuth()
		if err := r.ParseForm(); err != nil || user != "desk" || password != "x23388%SLHss" {
			t.Errorf("the desk was told by %q, %v", user, err)
		}
		d.mu.Lock()
		defer d.mu.Unlock()
		d.calls = append(d.calls, r.PostForm)
	}))
	t.Cleanup(server.Close)
	var recipient, group struct {
		ID    string `xml:"EmergencyNotificationRecipient>Identifier"`
		Group string `xml:"AddedEmergencyNotificationGroup>Identifier"`
	}
	l.bandwidth(t, http.MethodPost, "/emergencyNotificationRecipients", "<EmergencyNotificationRecipient><Description>Desk</Description><Type>CALLBACK</Type><Callback><Url>"+
		server.URL+"</Url><Credentials><Username>desk</Username><Password>x23388%SLHss</Password></Credentials></Callback></EmergencyNotificationRecipient>", http.StatusCreated, &recipient)
	l.bandwidth(t, http.MethodPost, "/emergencyNotificationGroupOrders", `<EmergencyNotificationGroupOrder><AddedEmergencyNotificationGroup><Description>5th floor</Description>
		<AddedEmergencyNotificationRecipients><EmergencyNotificationRecipient><Identifier>`+recipient.ID+`</Identifier></EmergencyNotificationRecipient></AddedEmergencyNotificationRecipients>
		</AddedEmergencyNotificationGroup></EmergencyNotificationGroupOrder>`, http.StatusCreated, &group)
	l.stepClock(t, 3*time.Second)
	l.become(t, "/emergencyNotificationGroups/"+group.Group)
	l.bandwidth(t, http.MethodPost, "/emergencyNotificationEndpointOrders", `<EmergencyNotificationEndpointOrder><EmergencyNotificationEndpointAssociations><EmergencyNotificationGroup><Identifier>`+
		group.Group+`</Identifier></EmergencyNotificationGroup><AddedAssociations><EepToEngAssociations><EepAeuiIds><Identifier>`+endpoint+`</Identifier></EepAeuiIds></EepToEngAssociations>
		</AddedAssociations></EmergencyNotificationEndpointAssociations></EmergencyNotificationEndpointOrder>`, http.StatusCreated, nil)
	l.stepClock(t, 3*time.Second)
	for deadline := time.Now().Add(20 * time.Second); ; pause(t, 100*time.Millisecond) {
		var in struct {
			Group string `xml:"AlternateEndUserIdentifier>E911>EmergencyNotificationGroup>Identifier"`
		}
		l.bandwidth(t, http.MethodGet, "/aeuis/"+endpoint, "", http.StatusOK, &in)
		if in.Group == group.Group {
			return d
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s is in the group %q, want %q", endpoint, in.Group, group.Group)
		}
	}
}

// become waits until something is there.
func (l *lab) become(t *testing.T, path string) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); pause(t, 100*time.Millisecond) {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, l.url("/api/accounts/9100911"+path), nil)
		if err != nil {
			t.Fatal(err)
		}
		r.SetBasicAuth(labAccount, l.token(t))
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		if answer.StatusCode == http.StatusOK {
			return
		}
	}
	t.Fatal(path, "does not come about")
}

// hears waits until the desk was told that an endpoint's call was placed.
func (d *frontDesk) hears(t *testing.T, endpoint string) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); ; pause(t, 100*time.Millisecond) {
		d.mu.Lock()
		calls := slices.Clone(d.calls)
		d.mu.Unlock()
		for _, form := range calls {
			if strings.Contains(form.Encode(), endpoint) {
				return
			}
		}
		if time.Now().After(deadline) {
			t.Fatalf("the desk was told %v, nothing of %s", calls, endpoint)
		}
	}
}
