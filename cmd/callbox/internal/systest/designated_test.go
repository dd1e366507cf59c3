package systest

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"callbox/sip/call"
)

// whereHook is the web service of a designated number: it answers by who calls.
type whereHook struct {
	server *httptest.Server
	mu     sync.Mutex
	asked  []string // what it was asked, with the credentials
	answer http.HandlerFunc
}

func startWhereHook(t *testing.T) *whereHook {
	t.Helper()
	h := &whereHook{}
	h.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, password, _ := r.BasicAuth()
		h.mu.Lock()
		h.asked = append(h.asked, r.Method+" "+r.RequestURI+" "+user+" "+password)
		answer := h.answer
		h.mu.Unlock()
		answer(w, r)
	}))
	t.Cleanup(h.server.Close)
	return h
}

// says has the service answer so from now on, and forgets what it was asked.
func (h *whereHook) says(status int, body string) {
	h.does(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	})
}

// does has the service do so from now on, and forgets what it was asked.
func (h *whereHook) does(answer http.HandlerFunc) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.asked, h.answer = nil, answer
}

func (h *whereHook) got() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.asked)
}

const (
	designatedNumber = "+19195550911"
	designatedPath   = "/api/v1/accounts/" + labAccount + "/emergency-numbers/" + designatedNumber
	bandwidthHost    = "lab.emergency.bandwidth.com"
)

// designate gives the lab's designated number this service.
func (l *lab) designate(t *testing.T, h *whereHook, more string) {
	t.Helper()
	l.put(t, designatedPath, `{"url":"`+h.server.URL+`/where?app=1"`+more+`}`, http.StatusOK)
}

// hookStep is what the record of a call says of the web service.
func hookStep(t *testing.T, r call.Record) call.Step {
	t.Helper()
	i := slices.IndexFunc(r.Trace, func(s call.Step) bool { return s.Name == "emergency_api" })
	if i < 0 {
		t.Fatalf("no step of the web service in %+v", r.Trace)
	}
	return r.Trace[i]
}

// dialDesignated calls the designated number from a mobile phone and returns the record of the call.
func (l *lab) dialDesignated(t *testing.T, exit int) call.Record {
	t.Helper()
	p := phone(t, exit, designatedNumber, "--from", "+19995550188", "--domain", bandwidthHost, "--edge", l.sip(), "--duration", "200ms")
	return l.record(t, p.CallID)
}

// TestABrokenWindowAtElmStreet is the provider's own story: the tenant of a house presses a button, her phone calls the
// designated number, and her service tells who calls and where help is needed, which is not where she is.
func TestABrokenWindowAtElmStreet(t *testing.T) {
	t.Parallel()
	l, h := startLab(t, settings{}), startWhereHook(t)
	l.designate(t, h, `,"user":"ada","password":"window pane"`)
	h.says(200, `{"aeui": "alicePhone0001", "location_id": "elmStreet100"}`)
	r := l.dialDesignated(t, 0)
	if got, want := fmt.Sprint(h.got()), "[GET /where?app=1&to=%2B19195550911&from=%2B19995550188 ada window pane]"; got != want {
		t.Errorf("the service was asked %s, want %s", got, want)
	}
	if r.Verdict != "psap" || r.AnsweredBy != "psap-raleigh" || r.Caller != "+19195550100" {
		t.Errorf("verdict %s, answered by %s for %s\n%+v", r.Verdict, r.AnsweredBy, r.Caller, r.Trace)
	}
	s := hookStep(t, r)
	for _, want := range []string{h.server.URL + "/where?app=1&to=%2B19195550911", "200", " ms", "alicePhone0001", "elmStreet100"} {
		if !strings.Contains(s.Saw, want) {
			t.Errorf("the step of the web service says %q, and not %q", s.Saw, want)
		}
	}
	if s.Outcome != "applied" || strings.Contains(s.Saw, "window pane") {
		t.Errorf("step %+v", s)
	}
	if got := events(r); !slices.Contains(got, call.EventAsked) || !slices.Contains(got, call.EventReplied) {
		t.Errorf("events %v", got)
	}
	l.shown(t, r.ID, "Alice", "+19195550100", "100 Elm St", "Raleigh")

	// Before that day she has tried it: 933 reads back who she is and where she usually is.
	p := phone(t, 0, "933", "--from", "alicePhone0001", "--domain", bandwidthHost, "--edge", l.sip(), "--duration", "200ms")
	r = l.record(t, p.CallID)
	if r.Verdict != "test" || r.Caller != "+19195550100" {
		t.Errorf("933: verdict %s for %s\n%+v", r.Verdict, r.Caller, r.Trace)
	}
	l.shown(t, r.ID, "+19195550100", "900 Main Campus Dr", "Suite 500")
}

func TestWhatBecomesOfTheAnswersOfAWebService(t *testing.T) {
	t.Parallel()
	l, h := startLab(t, settings{}), startWhereHook(t)
	l.designate(t, h, "")
	for _, tt := range []struct {
		name   string
		status int
		body   string
		centre string
		saw    string
	}{
		{"a point at the location", 200, `{"aeui":"alicePhone0001","location_id":"mainCampus","lat":35.7724,"lon":-78.6775}`, "psap-raleigh", "mainCampus"},
		{"a point alone", 203, `{"aeui":"bobSoftphone02","lat":35.7723,"lon":-78.6776}`, "psap-raleigh", "bobSoftphone02"},
		{"a point far from the location", 200, `{"aeui":"alicePhone0001","location_id":"mainCampus","lat":47.6205,"lon":-122.3493,"radius":75}`, "psap-seattle", "alicePhone0001"},
		{"404", 404, `{"error":"who is that?"}`, "ecc-us", "404"},
		{"500", 500, "", "ecc-us", "500"},
		{"a redirect to elsewhere", 302, "", "ecc-us", "another host"},
		{"nobody we know", 200, `{"aeui":"mallory0000001","location_id":"elmStreet100"}`, "ecc-us", "mallory0000001"},
		{"nowhere we know", 200, `{"aeui":"alicePhone0001","location_id":"atlantis"}`, "ecc-us", "atlantis"},
		{"swapped coordinates", 200, `{"aeui":"alicePhone0001","lat":-78.6776,"lon":35.7723}`, "ecc-us", "swapped"},
		{"a field that is there twice", 200, `{"aeui":"alicePhone0001","aeui":"x","location_id":"elmStreet100"}`, "ecc-us", "twice"},
		{"a page", 200, `<html>It works!</html>`, "ecc-us", "no JSON"},
	} {
		h.says(tt.status, tt.body)
		if tt.status == 302 {
			h.does(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Location", "http://192.0.2.1/")
				w.WriteHeader(http.StatusFound)
			})
		}
		r := l.dialDesignated(t, 0)
		if s := hookStep(t, r); r.AnsweredBy != tt.centre || !strings.Contains(s.Saw, tt.saw) {
			t.Errorf("%s: answered by %s, want %s; the step says %q, want %q", tt.name, r.AnsweredBy, tt.centre, s.Saw, tt.saw)
		}
		if n := len(h.got()); n != 1 {
			t.Errorf("%s: the service was asked %d times", tt.name, n)
		}
	}
}

func TestAWebServiceThatDoesNotAnswerCostsACallItsTimeAndNoMore(t *testing.T) {
	t.Parallel()
	l, h := startLab(t, settings{}), startWhereHook(t)
	l.designate(t, h, "")
	h.does(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	r := l.dialDesignated(t, 0)
	if r.AnsweredBy != "ecc-us" || r.PostDialMS < 450 || r.PostDialMS > 5000 {
		t.Errorf("answered by %s after %v ms", r.AnsweredBy, r.PostDialMS)
	}
	if s := hookStep(t, r); !strings.Contains(s.Saw, "no complete answer within 450ms") {
		t.Errorf("the step says %q", s.Saw)
	}
	// The number's setting has 404 refuse, and its circuit shows what has been.
	l.designate(t, h, `,"refuse_on_404":true`)
	h.says(404, "")
	r = l.dialDesignated(t, 4)
	if s := hookStep(t, r); r.SIPStatus != 403 || s.Outcome != "failed" {
		t.Errorf("status %d, step %+v", r.SIPStatus, s)
	}
	_, body := l.get(t, designatedPath)
	if !strings.Contains(string(body), `"state":"closed"`) || !strings.Contains(string(body), `"asked":2,"failed":1`) {
		t.Errorf("%s", body)
	}
	_, figures := l.get(t, "/metrics")
	for _, want := range []string{
		`callbox_hook_circuit_state{number="+19195550911"} 0`, `callbox_hook_number_requests_total{number="+19195550911",result="failed"} 1`,
		`callbox_hook_request_seconds_count{result="failed"} 1`, `callbox_hook_request_seconds_count{result="ok"} 1`,
	} {
		if !strings.Contains(string(figures), want) {
			t.Errorf("no %s in the metrics", want)
		}
	}
}

func TestATrialShowsWhatAWebServiceSaysAndWhatBecomesOfTheCall(t *testing.T) {
	t.Parallel()
	l, h := startLab(t, settings{}), startWhereHook(t)
	l.designate(t, h, `,"parameters":"title"`)
	h.says(200, `{"aeui":"alicePhone0001","location_id":"elmStreet100"}`)
	resp, err := http.Post(l.url(designatedPath+"/try"), "application/json", strings.NewReader(`{"from":"9195550188"}`))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var got struct {
		Request  string
		Status   int
		Decision struct {
			Verdict string
			Targets []foretold
		}
	}
	if err := json.NewDecoder(resp.Body).Decode(&got); err != nil {
		t.Fatal(err)
	}
	if got.Status != 200 || got.Decision.Verdict != "psap" || len(got.Decision.Targets) == 0 || got.Decision.Targets[0].ID != "psap-raleigh" ||
		!strings.HasSuffix(got.Request, "/where?app=1&To=%2B19195550911&From=%2B19195550188") {
		t.Errorf("%s: %+v", resp.Status, got)
	}
	if asked := h.got(); len(asked) != 1 || !strings.Contains(asked[0], "From=%2B19195550188") {
		t.Errorf("asked %v", asked)
	}
}

// shown checks what the call-taker was given.
func (l *lab) shown(t *testing.T, id call.ID, wants ...string) {
	t.Helper()
	var page struct{ Transcripts []json.RawMessage }
	eventually(t, 10*time.Second, "the call-taker's side is told", func() error {
		_, body := l.get(t, "/api/v1/calls/"+string(id))
		if err := json.Unmarshal(body, &page); err != nil {
			return err
		}
		if len(page.Transcripts) == 0 {
			return fmt.Errorf("no transcript in %s", body)
		}
		return nil
	})
	for _, want := range wants {
		if !strings.Contains(string(page.Transcripts[0]), want) {
			t.Errorf("the call-taker was not given %q: %s", want, page.Transcripts[0])
		}
	}
}
