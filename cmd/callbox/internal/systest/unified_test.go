package systest

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

// unified sends a request to the JSON API as curl does, logged in by the account's number at Bandwidth, and returns the answer.
func (l *lab) unified(t *testing.T, method, path, body string, want int) (answer map[string]any) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, l.url("/api/v2/accounts/9100911/emergency"+path), strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.SetBasicAuth("9100911", l.token(t))
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != want {
		t.Fatalf("%s %s: %s %v %s", method, path, resp.Status, err, text)
	}
	_ = json.Unmarshal(text, &answer)
	return answer
}

// A provider walk: an address, an endpoint that is ordered there, who is told of it, and the endpoint calls.
func TestAnEndpointIsOrderedAndCalls(t *testing.T) {
	onEachDatabase(t, func(t *testing.T, s settings) {
		l := startLab(t, s)
		desk := startHook(t, func() string { return l.token(t) }, func(int) int { return http.StatusOK })
		address := l.unified(t, http.MethodPost, "/addresses", `{"id": "rental", "addressLine1": "100 Elm Street", "addressLine2": "Apt 4",
			"city": "Raleigh", "state": "NC", "postalCode": "27601"}`, http.StatusCreated)
		if address["validationStatus"] != "VALID" {
			t.Errorf("the address: %v", address)
		}
		order := l.unified(t, http.MethodPost, "/endpoints",
			`{"endpoints": [{"id": "carolPhone0003", "phoneNumber": "+19195550103", "name": "Carol", "lang": "en", "addressId": "rental"}]}`, http.StatusAccepted)
		if order["orderStatus"] != "RECEIVED" {
			t.Errorf("the order: %v", order)
		}
		call := caller{from: "sip:carolPhone0003@lab.emergency.bandwidth.com", to: "911", domain: "lab.emergency.bandwidth.com"}
		l.dial(t, "before the order is done", call, refused(403, 32206))
		l.stepClock(t, 10*time.Second)
		eventually(t, 30*time.Second, "the order is done", func() error {
			details := l.unified(t, http.MethodGet, fmt.Sprintf("/orders/%s/details", order["orderId"]), "", http.StatusOK)
			if details["status"] != "COMPLETED" {
				return fmt.Errorf("the order is %v", details)
			}
			return nil
		})
		l.unified(t, http.MethodPost, "/notifications", fmt.Sprintf(`{"id": "1", "type": "HTTP", "recipient": %q}`, desk.server.URL+"/desk"), http.StatusCreated)
		l.unified(t, http.MethodPost, "/notifications", `{"id": "2", "type": "SMS", "recipient": "+19195550199"}`, http.StatusCreated)
		l.unified(t, http.MethodPost, "/notificationGroups", `{"id": "1", "endpoints": ["carolPhone0003"], "notifications": ["1", "2"]}`, http.StatusCreated)
		call.scenario, call.hold = "answered.xml", 300*time.Millisecond
		_, id := l.call(t, call).answer()
		r := l.record(t, id)
		if r.AnsweredBy != "psap-raleigh" || r.Caller != "+19195550103" {
			t.Errorf("answered by %s, caller %s", r.AnsweredBy, r.Caller)
		}
		kinds := map[string]bool{}
		for _, n := range l.untilTold(t, id, 2) {
			kinds[n.Kind] = true
		}
		if got := desk.got(); !kinds["webhook"] || !kinds["sms"] || len(got) != 1 || got[0].Get("Endpoint") != "carolPhone0003" ||
			!strings.Contains(got[0].Get("Address"), "ELM ST") && !strings.Contains(got[0].Get("Address"), "Elm Street") {
			t.Errorf("told %v: %v", kinds, got)
		}
		l.unified(t, http.MethodDelete, "/addresses/rental", "", http.StatusBadRequest)
	})
}
