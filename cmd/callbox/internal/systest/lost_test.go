package systest

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"callbox/sip/call"
)

const lostNS = "urn:ietf:params:xml:ns:lost1"

// lost sends a query to the edge's LoST server and returns status and answer.
func (l *lab) lost(t *testing.T, kind, query string) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, l.url("/lost"), strings.NewReader(query))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", kind)
	w, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Body.Close()
	body, err := io.ReadAll(w.Body)
	if err != nil {
		t.Fatal(err)
	}
	return w.StatusCode, string(body)
}

func findServiceAt(where string) string {
	return `<?xml version="1.0"?><findService xmlns="` + lostNS + `" serviceBoundary="value" validateLocation="true">` + where + `<service>urn:service:sos</service></findService>`
}

func TestOutsideClientsAskWhoServesAPlace(t *testing.T) {
	t.Parallel()
	l := startLab(t, settings{})
	point := func(pos string) string {
		return `<location id="p" profile="geodetic-2d"><g:Point xmlns:g="http://www.opengis.net/gml" srsName="urn:ogc:def:crs:EPSG::4326"><g:pos>` + pos + `</g:pos></g:Point></location>`
	}
	elm := `<location id="c" profile="civic"><civicAddress xmlns="urn:ietf:params:xml:ns:pidf:geopriv10:civicAddr"><country>US</country><A1>NC</A1><A3>Raleigh</A3><RD>Elm</RD><STS>Street</STS><HNO>100</HNO><PC>27601</PC></civicAddress></location>`
	tests := []struct {
		name, query string
		want        []string
	}{
		{"by point", findServiceAt(point("37.7841 -122.3964")), []string{"<uri>sip:psap-sf@" + l.host + ":6070</uri>", "<serviceNumber>911</serviceNumber>", "<gml:Polygon ", `<locationUsed id="p"/>`}},
		{"by address", findServiceAt(elm), []string{"<uri>sip:psap-raleigh@", "<valid>country A1 A3 RD STS HNO PC</valid>", `<serviceBoundary profile="civic">`}},
		{"where nobody serves", findServiceAt(point("0 -30")), []string{"<errors ", "<notFound "}},
		{"with swapped coordinates", findServiceAt(point("-122.3964 37.7841")), []string{"<locationInvalid ", "look swapped"}},
		{"which services there are", `<listServices xmlns="` + lostNS + `"/>`, []string{"<serviceList>urn:service:sos urn:service:test.sos</serviceList>"}},
		{"what is no LoST", `<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>`, []string{"<badRequest ", "document types and entities are refused"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			status, answer := l.lost(t, "application/lost+xml", tt.query)
			for _, want := range tt.want {
				if status != http.StatusOK || !strings.Contains(answer, want) {
					t.Errorf("%d, want %s in\n%s", status, want, answer)
				}
			}
		})
	}
	if status, answer := l.lost(t, "application/json", "{}"); status != http.StatusUnsupportedMediaType {
		t.Error(status, answer)
	}
	if status, answer := l.lost(t, "application/lost+xml", strings.Repeat(" ", 70000)); status != http.StatusRequestEntityTooLarge {
		t.Error(status, answer)
	}
}

// lostServer is a LoST server of somebody else's.
type lostServer struct {
	*httptest.Server
	asked  atomic.Int32
	answer atomic.Pointer[http.HandlerFunc]
}

func startLoST(t *testing.T) *lostServer {
	t.Helper()
	s := &lostServer{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.asked.Add(1)
		_, _ = io.Copy(io.Discard, r.Body)
		(*s.answer.Load())(w, r)
	}))
	t.Cleanup(s.Close)
	return s
}

// does has the server answer so from now on.
func (s *lostServer) does(h http.HandlerFunc) { s.answer.Store(&h) }

// maps has the server name a centre.
func (s *lostServer) maps(uri, expires string) {
	s.does(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/lost+xml")
		fmt.Fprintf(w, `<findServiceResponse xmlns="%s"><mapping expires="%s" lastUpdated="2026-01-01T00:00:00Z" source="theirs.example" sourceId="1">`+
			`<displayName xml:lang="en">Their centre</displayName><service>urn:service:sos</service><uri>%s</uri></mapping>`+
			`<path><via source="theirs.example"/></path></findServiceResponse>`, lostNS, expires, uri)
	})
}

func TestAnotherLoSTServerSaysWhoServesTheCaller(t *testing.T) {
	t.Parallel()
	s := startLoST(t)
	l := prepareLab(t, settings{directory: directoryOf(t, target{id: "psap-own", uri: "sip:psap-own@sim"}, target{id: "psap-theirs", uri: "sip:psap-theirs@sim"},
		target{id: "ecc-us", uri: "sip:ecc-us@sim"}) + "lost: {url: \"" + s.URL + "/lost\", timeout: 1s}\n"})
	l.start(t)
	theirs := "sip:psap-theirs@" + l.host + ":6070"
	in := func(d time.Duration) string { return time.Now().Add(d).UTC().Format(time.RFC3339) }
	tests := []struct {
		name       string
		does       func()
		answeredBy string
		asked      int32
		outcome    string
		saw        string
	}{
		{"a status is no answer", func() { s.does(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) }) }, "psap-own", 1, "failed", "HTTP 502"},
		{"one that is too late is none", func() { s.does(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }) }, "psap-own", 1, "failed", "no answer within 1s"},
		{"its answer comes before the own areas", func() { s.maps(theirs, "NO-CACHE") }, "psap-theirs", 1, "applied", "psap-theirs"},
		{"a centre that the directory does not know is rung too", func() { s.maps("sip:test-service@"+l.host+":6070", "NO-CACHE") }, "lost", 1, "applied", "sip:test-service@"},
		{"an answer that may be kept", func() { s.maps(theirs, in(time.Hour)) }, "psap-theirs", 1, "applied", "psap-theirs"},
		{"is not asked for again", func() { s.does(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }) }, "psap-theirs", 0, "applied", "known for another"},
	}
	for _, tt := range tests { // one after the other: the server is one
		tt.does()
		s.asked.Store(0)
		p := phone(t, 0, "911", "--from", "+14155550100", "--edge", l.sip(), "--duration", "100ms")
		r := l.record(t, p.CallID)
		i := slices.IndexFunc(r.Trace, func(s call.Step) bool { return s.Name == "lost" })
		if i < 0 || r.Trace[i].Outcome != tt.outcome || !strings.Contains(r.Trace[i].Saw, tt.saw) || r.AnsweredBy != tt.answeredBy || s.asked.Load() != tt.asked {
			t.Errorf("%s: answered by %s, asked %d times, trace %+v", tt.name, r.AnsweredBy, s.asked.Load(), r.Trace)
		}
	}
}
