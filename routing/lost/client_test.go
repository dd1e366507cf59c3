package lost

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"go.uber.org/goleak"

	"callbox/routing"
	"callbox/routing/directory"
	"callbox/sip/location"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func figure(t testing.TB, n int) []byte {
	t.Helper()
	doc, err := os.ReadFile(fmt.Sprintf("testdata/rfc5222-fig%d.xml", n))
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

// TestAnswersOfTheRFC reads every answer that RFC 5222 prints.
func TestAnswersOfTheRFC(t *testing.T) {
	updated := time.Date(2007, 1, 1, 1, 44, 33, 0, time.UTC)
	ring := []location.Point{{Lat: 37.775, Lon: -122.4194}, {Lat: 37.555, Lon: -122.4194}, {Lat: 37.555, Lon: -122.4264}, {Lat: 37.775, Lon: -122.4264}, {Lat: 37.775, Lon: -122.4194}}
	nypd := Mapping{DisplayName: "New York City Police Department", URIs: []string{"sip:nypd@example.com", "xmpp:nypd@example.com"}, Expires: updated}
	area := nypd
	area.Areas = [][][]location.Point{{ring}}
	munich := Mapping{DisplayName: "Muenchen Polizei-Abteilung", URIs: []string{"sip:munich-police@example.com", "xmpp:munich-police@example.com"},
		Expires: updated, Civics: []location.Civic{{Country: "DE", A1: "Bavaria", A3: "Munich", PC: "81675"}}}
	warned := nypd
	warned.URIs, warned.Areas = nypd.URIs[:1], nil
	warned.Warnings = []string{"defaultMappingReturned: Unable to determine PSAP for the given location; using default PSAP"}
	tests := []struct {
		figure int
		want   *Mapping
		err    string
	}{
		{2, &area, ""}, {4, &munich, ""}, {6, &munich, ""}, {8, &nypd, ""},
		{10, nil, "prefix p2 is not declared"}, {12, nil, `"listServicesResponse"`}, {14, nil, `"listServicesByLocationResponse"`},
		{16, &warned, ""}, {17, nil, "internalError: Software bug."}, {18, &warned, ""}, {19, nil, `redirects to "eastpsap.example"`},
	}
	for _, tt := range tests {
		t.Run(fmt.Sprint("figure ", tt.figure), func(t *testing.T) {
			got, err := ParseMapping(figure(t, tt.figure))
			if tt.err != "" {
				if err == nil || !strings.Contains(err.Error(), tt.err) {
					t.Errorf("got %v, want %q", err, tt.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if tt.figure == 16 { // which has another namespace for its polygon, and no warning
				got.Warnings = tt.want.Warnings
			}
			if diff := cmp.Diff(tt.want, got, cmpopts.IgnoreUnexported(Mapping{})); diff != "" {
				t.Errorf("mapping (-want +got):\n%s", diff)
			}
		})
	}
}

func TestParseMappingRefuses(t *testing.T) {
	mapping := func(inner string) string {
		return `<findServiceResponse xmlns="` + Namespace + `"><mapping expires="2030-01-01T00:00:00Z">` + inner + `</mapping></findServiceResponse>`
	}
	tests := []struct{ name, doc, want string }{
		{"nothing", "", "no element"},
		{"a page", "<!DOCTYPE html><html></html>", "document types"},
		{"no mapping", `<findServiceResponse xmlns="` + Namespace + `"/>`, "no mapping"},
		{"no URI", mapping(""), "no uri"},
		{"a URI with a line end", mapping("<uri>sip:a@b&#10;X: y</uri>"), "no uri"},
		{"a URI without end", mapping("<uri>sip:" + strings.Repeat("a", 2000) + "</uri>"), "no uri"},
		{"an error without a name", `<errors xmlns="` + Namespace + `"/>`, "names no error"},
		{"too much", mapping(strings.Repeat(" ", MaxAnswer)), "the limit is"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m, err := ParseMapping([]byte(tt.doc))
			if m != nil || err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %+v, %v, want %q", m, err, tt.want)
			}
		})
	}
	m, err := ParseMapping([]byte(mapping(`<uri>sip:a@b</uri><serviceBoundary profile="geodetic-2d"><g:Polygon xmlns:g="` + location.GMLNS + `"/></serviceBoundary>`)))
	if err != nil || len(m.Areas) != 0 {
		t.Errorf("a bad boundary spoils the mapping: %+v, %v", m, err)
	}
}

// remote is a LoST server that tests steer.
type remote struct {
	*directory.LoST
	asked  atomic.Int32
	query  atomic.Pointer[string]
	answer atomic.Pointer[http.HandlerFunc]
}

func (r *remote) answers(h http.HandlerFunc) { r.answer.Store(&h) }

// says answers with a document.
func says(doc string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", ContentType)
		_, _ = io.WriteString(w, doc)
	}
}

func newRemote(t *testing.T) *remote {
	t.Helper()
	r := &remote{}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, _ := io.ReadAll(req.Body)
		text := string(body)
		r.query.Store(&text)
		r.asked.Add(1)
		(*r.answer.Load())(w, req)
	}))
	t.Cleanup(s.Close)
	r.LoST = &directory.LoST{URL: s.URL + "/lost", Timeout: 10 * time.Second, Cache: time.Hour}
	return r
}

func newClient(t *testing.T, now func() time.Time) *Client {
	t.Helper()
	c := NewClient(ClientOptions{Now: now})
	t.Cleanup(c.Close)
	return c
}

func mapped(expires, uri, boundary string) string {
	return `<findServiceResponse xmlns="` + Namespace + `"><mapping expires="` + expires + `" lastUpdated="2026-01-01T00:00:00Z" source="r" sourceId="1">` +
		`<displayName>Remote</displayName><service>urn:service:sos</service>` + boundary + `<uri>` + uri + `</uri></mapping><path><via source="r"/></path></findServiceResponse>`
}

// of makes a question one for a server.
func of(server *directory.LoST, q routing.Question) routing.Question {
	q.LoST = server
	return q
}

func question(lat, lon float64) routing.Question {
	return routing.Question{Kind: routing.QuestionLoST, Place: routing.Place{Point: &location.Point{Lat: lat, Lon: lon}}}
}

const unitSquare = `<serviceBoundary profile="geodetic-2d"><g:Polygon xmlns:g="` + location.GMLNS + `"><g:exterior><g:LinearRing><g:posList>0 0 0 1 1 1 1 0 0 0</g:posList></g:LinearRing></g:exterior></g:Polygon></serviceBoundary>`

func TestTheClientAsksOurServer(t *testing.T) {
	s := httptest.NewServer(labServer(t))
	t.Cleanup(s.Close)
	ours := &directory.LoST{URL: s.URL, Timeout: 10 * time.Second}
	known, ok := lab().Number("+14155550100")
	if !ok {
		t.Fatal("no number")
	}
	sphere := location.Shape{Kind: location.KindSphere, Centre: location.Point{Lat: 37.7841, Lon: -122.3964, Alt: new(9.0)}, Radius: 30}
	civic := location.Civic{Country: "US", A1: "CA", A3: "San Francisco", RD: "Harrison St", HNO: "645", PC: "94105"}
	tests := []struct {
		name  string
		place routing.Place
	}{
		{"for a point", routing.Place{Point: &sphere.Centre}},
		{"for an uncertain point", routing.Place{Point: &sphere.Centre, Uncertainty: 50}},
		{"for a shape of the INVITE", routing.Place{Point: &sphere.Centre, Value: &location.Location{Shape: &sphere}}},
		{"for an address of the INVITE", routing.Place{Value: &location.Location{Civic: &civic}}},
		{"for a registered address", routing.Place{Address: known.Address}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := newClient(t, nil).Ask(t.Context(), routing.Question{LoST: ours, Place: tt.place, Service: "urn:service:sos"})
			if r.Err != "" || r.Status != 200 || len(r.URIs) != 1 || r.URIs[0] != "sip:psap-sf@127.0.0.1:5070" || r.DisplayName == "" || r.Elapsed <= 0 {
				t.Errorf("got %+v", r)
			}
		})
	}
}

func TestWhatTheClientSends(t *testing.T) {
	r := newRemote(t)
	r.answers(func(w http.ResponseWriter, req *http.Request) {
		if req.Method != http.MethodPost || req.Header.Get("Content-Type") != ContentType {
			t.Errorf("%s %v", req.Method, req.Header)
		}
		says(mapped("NO-CACHE", "sip:a@b", ""))(w, req)
	})
	newClient(t, nil).Ask(t.Context(), of(r.LoST, question(1.5, 2)))
	want := `<?xml version="1.0" encoding="UTF-8"?>
<findService xmlns="urn:ietf:params:xml:ns:lost1" serviceBoundary="value" recursive="true">
<location id="place" profile="geodetic-2d"><gml:Point xmlns:gml="http://www.opengis.net/gml" xmlns:gs="http://www.opengis.net/pidflo/1.0" srsName="urn:ogc:def:crs:EPSG::4326"><gml:pos>1.5 2</gml:pos></gml:Point></location>
<service>urn:service:sos</service>
</findService>
`
	if diff := cmp.Diff(want, *r.query.Load()); diff != "" {
		t.Errorf("query (-want +got):\n%s", diff)
	}
}

func TestTheClientDoesNotSayWhoLivesThere(t *testing.T) {
	r := newRemote(t)
	r.answers(says(mapped("NO-CACHE", "sip:a@b", "")))
	sent := &location.Civic{Country: "US", A3: "Raleigh", RD: "Elm St", HNO: "1", NAM: "Ada King"}
	for name, place := range map[string]routing.Place{
		"an address of the INVITE": {Value: &location.Location{Civic: sent}},
		"a registered address":     {Civic: &directory.Civic{Customer: "Ada King", Street: "1 Elm St", City: "Raleigh", Country: "US"}},
	} {
		newClient(t, nil).Ask(t.Context(), of(r.LoST, routing.Question{Place: place}))
		if query := *r.query.Load(); strings.Contains(query, "Ada") || !strings.Contains(query, "<ca:RD>Elm St</ca:RD>") {
			t.Errorf("%s: %s", name, query)
		}
	}
	if sent.NAM == "" {
		t.Error("the INVITE's own address was changed")
	}
}

func TestTheClientTellsWhatTheServerWarnsOf(t *testing.T) {
	r := newRemote(t)
	r.answers(says(strings.Replace(mapped("NO-EXPIRATION", "sip:a@b", ""), "<path>",
		`<warnings source="r"><defaultMappingReturned message="nobody serves it" xml:lang="en"/></warnings><path>`, 1)))
	c := newClient(t, nil)
	for range 2 { // the second answer is kept
		got := c.Ask(t.Context(), of(r.LoST, question(1, 2)))
		if diff := cmp.Diff([]string{"defaultMappingReturned: nobody serves it"}, got.Warnings); diff != "" {
			t.Errorf("warnings (-want +got):\n%s", diff)
		}
	}
}

func TestFailuresOfTheServer(t *testing.T) {
	status := func(n int) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(n) }
	}
	errorsOf := func(name string) http.HandlerFunc {
		return says(`<errors xmlns="` + Namespace + `" source="r"><` + name + ` message="because" xml:lang="en"/></errors>`)
	}
	tests := []struct {
		name    string
		answer  http.HandlerFunc
		timeout time.Duration
		err     string
		stale   bool // an answer of before counts
	}{
		{"a status", status(503), 0, "the server answers HTTP 503", true},
		{"a redirect that makes a GET", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/x", http.StatusFound) }, 0, "use 307 or 308", true},
		{"redirects without end", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/x", http.StatusTemporaryRedirect) }, 0, "more than 3 times", true},
		{"no answer in time", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, 60 * time.Millisecond, "no answer within 60ms", true},
		{"a page", says("<html/>"), 0, `the answer is "html"`, true},
		{"more than anybody reads", says(strings.Repeat(" ", MaxAnswer+10)), 0, "too large", true},
		{"a closed connection", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, 0, "cannot be asked", true},
		{"an error of its own", errorsOf("internalError"), 0, "internalError: because", true},
		{"a place that nobody serves", errorsOf("notFound"), 0, "notFound: because", false},
		{"another server", says(`<redirect xmlns="` + Namespace + `" target="east.example" source="r"/>`), 0, "redirects to", true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r, now := newRemote(t), noon
			r.answers(tt.answer)
			if tt.timeout > 0 {
				r.Timeout = tt.timeout
			}
			c := newClient(t, func() time.Time { return now })
			got := c.Ask(t.Context(), of(r.LoST, question(1, 2)))
			if !strings.Contains(got.Err, tt.err) || got.URIs != nil || got.Kept != "" {
				t.Errorf("got %+v, want %q", got, tt.err)
			}
			good := *r.LoST
			good.Timeout = 10 * time.Second
			r.answers(says(mapped(stamp(noon.Add(time.Minute)), "sip:a@b", "")))
			if got := c.Ask(t.Context(), of(&good, question(1, 2))); got.Err != "" || got.Kept != "" {
				t.Fatalf("got %+v", got)
			}
			now = noon.Add(time.Hour)
			r.answers(tt.answer)
			got = c.Ask(t.Context(), of(r.LoST, question(1, 2)))
			if counts := got.Err == "" && len(got.URIs) == 1 && strings.Contains(got.Kept, "expired at 2026-03-14T12:01:00Z"); counts != tt.stale {
				t.Errorf("an hour later: %+v", got)
			}
			now = noon.Add(26 * time.Hour)
			if got := c.Ask(t.Context(), of(r.LoST, question(1, 2))); got.Err == "" {
				t.Errorf("a day later: %+v", got)
			}
		})
	}
}

func TestQuestionsThatCannotBeAsked(t *testing.T) {
	c := newClient(t, nil)
	if r := c.Ask(t.Context(), of(nil, question(1, 2))); !strings.Contains(r.Err, "names no LoST server") {
		t.Errorf("got %+v", r)
	}
	if r := c.Ask(t.Context(), of(&directory.LoST{URL: "http://127.0.0.1:1", Timeout: time.Second}, routing.Question{})); !strings.Contains(r.Err, "no place") {
		t.Errorf("got %+v", r)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if r := c.Ask(ctx, of(&directory.LoST{URL: "http://127.0.0.1:1", Timeout: time.Second}, question(1, 2))); !strings.Contains(r.Err, "the call ended") {
		t.Errorf("got %+v", r)
	}
}

func FuzzParseMapping(f *testing.F) {
	files, _ := filepath.Glob("testdata/*.xml")
	for _, file := range files {
		if doc, err := os.ReadFile(file); err == nil {
			f.Add(doc)
		}
	}
	w := where{profile: profileGeodetic, text: []byte("x"), point: &location.Point{Lat: 37.6, Lon: -122.42}}
	f.Fuzz(func(t *testing.T, doc []byte) {
		m, err := ParseMapping(doc)
		if (m == nil) == (err == nil) {
			t.Fatalf("%+v, %v", m, err)
		}
		if m == nil {
			return
		}
		for _, uri := range m.URIs {
			if !isURI(uri) {
				t.Fatalf("%q", uri)
			}
		}
		var c cache
		c.keep(cacheKey{}, &w, m, noon, time.Hour)
		c.find(cacheKey{}, &where{profile: profileGeodetic, text: []byte("y"), point: w.point}, noon)
	})
}

func TestLargeAnswersAreNotAllKept(t *testing.T) {
	t.Parallel()
	var c cache
	key := cacheKey{"https://lost.example", serviceSos}
	for i := range 200 {
		w := where{text: []byte{byte(i)}}
		c.keep(key, &w, &Mapping{Forever: true, size: MaxAnswer}, noon, time.Hour)
		c.keep(key, &w, &Mapping{Forever: true, size: MaxAnswer}, noon, time.Hour) // in the place of the other
	}
	if n := len(c.list); n != maxBytes/MaxAnswer || c.bytes != maxBytes {
		t.Errorf("%d answers of %d bytes are kept", n, c.bytes)
	}
	if c.find(key, &where{text: []byte{199}}, noon) == nil || c.find(key, &where{text: []byte{0}}, noon) != nil {
		t.Error("it is not the last ones that are kept")
	}
	for i := range 1000 {
		c.keep(key, &where{text: []byte{1, byte(i), byte(i >> 8)}}, &Mapping{Forever: true, size: 1}, noon, time.Hour)
	}
	if n := len(c.list); n != maxKept || c.bytes != maxKept {
		t.Errorf("%d answers of %d bytes are kept", n, c.bytes)
	}
}
