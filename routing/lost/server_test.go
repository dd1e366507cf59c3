package lost

import (
	"flag"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"callbox/routing/directory"
)

var update = flag.Bool("update", false, "write the golden files anew")

var noon = time.Date(2026, 3, 14, 12, 0, 0, 0, time.UTC)

// lab is the embedded directory, which never changes.
var lab = sync.OnceValue(func() *directory.Snapshot { return directory.Lab(netip.AddrPort{}) })

// labServer answers over the lab, with keys that are the same in every run.
func labServer(t testing.TB) *Server {
	t.Helper()
	s := NewServer(Options{Snapshot: lab, Source: "lab.example", Now: func() time.Time { return noon }})
	s.salt = [16]byte{}
	return s
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}

// longLists are coordinates that say nothing to a reader.
var longLists = regexp.MustCompile(`(<gml:posList>[^ ]+ [^ ]+)( [^<]+)( [^ ]+ [^ <]+)</gml:posList>`)

func answered(t *testing.T, s *Server, query string) string {
	t.Helper()
	status, kind, body := s.Answer(ContentType, []byte(query))
	if status != http.StatusOK || kind != ContentType {
		t.Fatalf("%d %s: %s", status, kind, body)
	}
	return longLists.ReplaceAllString(string(body), "$1 …$3</gml:posList>")
}

// TestQueriesOfTheRFC answers every query that RFC 5222 prints, over the areas of the lab.
func TestQueriesOfTheRFC(t *testing.T) {
	for _, figure := range []string{"1", "3", "5", "7", "9", "11", "13", "15"} {
		t.Run("figure "+figure, func(t *testing.T) {
			query, err := os.ReadFile("testdata/rfc5222-fig" + figure + ".xml")
			if err != nil {
				t.Fatal(err)
			}
			golden(t, "answer-fig"+figure+".xml", answered(t, labServer(t), string(query)))
		})
	}
}

func find(attributes, profile, where, service string) string {
	return `<findService xmlns="` + Namespace + `" ` + attributes + `><location id="x" profile="` + profile + `">` + where +
		`</location><service>` + service + `</service></findService>`
}

func pointAt(pos string) string {
	return `<g:Point xmlns:g="http://www.opengis.net/gml" srsName="urn:ogc:def:crs:EPSG::4326"><g:pos>` + pos + `</g:pos></g:Point>`
}

func address(inner string) string {
	return `<civicAddress xmlns="urn:ietf:params:xml:ns:pidf:geopriv10:civicAddr">` + inner + `</civicAddress>`
}

const (
	harrison = `<country>US</country><A1>CA</A1><A3>San Francisco</A3><RD>Harrison St</RD><HNO>645</HNO><FLR>2</FLR><PC>94105</PC>`
	inSF     = "37.7841 -122.3964"
)

func TestFindService(t *testing.T) {
	tests := []struct{ name, query string }{
		{"a point", find("", profileGeodetic, pointAt(inSF), serviceSos)},
		{"a service with a number of its own", find("", profileGeodetic, pointAt("48.8700 2.3165"), "urn:service:sos.fire")},
		{"a service that the country has no number for", find("", profileGeodetic, pointAt(inSF), "urn:service:sos.marine")},
		{"a circle across a boundary", find("", profileGeodetic, `<s:Circle xmlns:s="http://www.opengis.net/pidflo/1.0" xmlns:g="http://www.opengis.net/gml"><g:pos>`+inSF+`</g:pos><s:radius>20000</s:radius></s:Circle>`, serviceSos)},
		{"a profile that is not named in GML 3.2", strings.NewReplacer(`profile=""`, "", "http://www.opengis.net/gml", "http://www.opengis.net/gml/3.2").Replace(find("", "", pointAt(inSF), serviceSos))},
		{"a profile that is not named", strings.ReplaceAll(find("", "", pointAt(inSF), serviceSos), `profile=""`, "")},
		{"a point that nobody serves", find("", profileGeodetic, pointAt("38.5816 -121.4944"), serviceSos)},
		{"a point at sea", find("", profileGeodetic, pointAt("0 -30"), serviceSos)},
		{"an address", find("", profileCivic, address(harrison), serviceSos)},
		{"an address with its boundary", find(`serviceBoundary="value"`, profileCivic, address(harrison), serviceSos)},
		{"an address of no centre", find("", profileCivic, address(`<country>US</country><A1>AK</A1><A3>Nome</A3>`), serviceSos)},
		{"an address of no country here", find("", profileCivic, address(`<country>ZZ</country><A3>Nowhere</A3>`), serviceSos)},
		{"a test", find("", profileGeodetic, pointAt(inSF), "urn:service:test.sos")},
		{"a test where there is none", find("", profileGeodetic, pointAt("48.8700 2.3165"), "urn:service:test.sos")},
		{"another service", find("", profileGeodetic, pointAt(inSF), "urn:service:counseling")},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			golden(t, "find/"+strings.ReplaceAll(tt.name, " ", "_")+".xml", answered(t, labServer(t), tt.query))
		})
	}
}

func TestValidation(t *testing.T) {
	tests := []struct{ name, address, want string }{
		{"an address that is known", harrison,
			"<valid>country A1 A3 RD HNO PC</valid>\n<unchecked>FLR</unchecked>\n"},
		{"a street in parts", `<country>US</country><A1>CA</A1><A3>San Francisco</A3><RD>Harrison</RD><STS>St</STS><HNO>645</HNO><PC>94105</PC>`,
			"<valid>country A1 A3 RD STS HNO PC</valid>\n"},
		{"a wrong postal code", strings.ReplaceAll(harrison, "94105", "94999"),
			"<valid>country A1 A3 RD HNO</valid>\n<invalid>PC</invalid>\n<unchecked>FLR</unchecked>\n"},
		{"a street misspelt", strings.ReplaceAll(harrison, "Harrison", "Harison"),
			"<valid>country A1 A3 HNO PC</valid>\n<invalid>RD</invalid>\n<unchecked>FLR</unchecked>\n"},
		{"a street that is not there", strings.ReplaceAll(harrison, "Harrison", "Nowhere"),
			"<valid>country PC</valid>\n<invalid>RD HNO</invalid>\n<unchecked>A1 A3 FLR</unchecked>\n"},
		{"a city alone", `<country>US</country><A1>CA</A1><A3>San Francisco</A3><x:y xmlns:x="u">z</x:y>`,
			"<valid>country A1 A3</valid>\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := answered(t, labServer(t), find(`validateLocation="true"`, profileCivic, address(tt.address), serviceSos))
			_, rest, ok := strings.Cut(got, "<locationValidation>\n")
			inner, _, _ := strings.Cut(rest, "</locationValidation>")
			if !ok || inner != tt.want {
				t.Errorf("got %s\nwant %s", inner, tt.want)
			}
		})
	}
	if got := answered(t, labServer(t), find(`validateLocation="true"`, profileGeodetic, pointAt(inSF), serviceSos)); strings.Contains(got, "locationValidation") {
		t.Error("a point was validated")
	}
}

func TestServices(t *testing.T) {
	list := `<listServices xmlns="` + Namespace + `">%s</listServices>`
	there := `<listServicesByLocation xmlns="` + Namespace + `"><location id="x" profile="geodetic-2d">` + pointAt("48.8700 2.3165") + `</location>%s</listServicesByLocation>`
	service := func(s string) string { return "<service>urn:service:" + s + "</service>" }
	tests := []struct{ name, query, want string }{
		{"those at the top", strings.ReplaceAll(list, "%s", ""), "sos test.sos"},
		{"those below sos anywhere", strings.ReplaceAll(list, "%s", service("sos")), "sos.police sos.fire sos.ambulance sos.mountain sos.marine sos.gas"},
		{"nothing is below a service", strings.ReplaceAll(list, "%s", service("sos.fire")), ""},
		{"those at the top in France", strings.ReplaceAll(there, "%s", ""), "sos"},
		{"those below sos in France", strings.ReplaceAll(there, "%s", service("sos")), "sos.police sos.fire sos.ambulance sos.marine"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := answered(t, labServer(t), tt.query)
			_, rest, ok := strings.Cut(got, "<serviceList>")
			inner, _, _ := strings.Cut(rest, "</serviceList>")
			inner = strings.ReplaceAll(inner, "urn:service:", "")
			if !ok || inner != tt.want {
				t.Errorf("got %q, want %q\n%s", inner, tt.want, got)
			}
		})
	}
}

func TestFaults(t *testing.T) {
	prism, err := os.ReadFile("testdata/rfc5222-fig15.xml")
	if err != nil {
		t.Fatal(err)
	}
	onlyPrism := regexp.MustCompile(`(?s)<location id="DEF.*?</location>`).ReplaceAllString(string(prism), "")
	tests := []struct{ name, query, fault, says string }{
		{"no XML", "hello", "badRequest", "text outside"},
		{"a document type", `<!DOCTYPE x [<!ENTITY a "b">]>` + find("", profileGeodetic, pointAt("1 2"), serviceSos), "badRequest", "document types"},
		{"another root", `<findService xmlns="urn:example"/>`, "badRequest", `namespace &#34;urn:example&#34;`},
		{"a response", `<findServiceResponse xmlns="` + Namespace + `"/>`, "badRequest", "send findService"},
		{"no location", `<findService xmlns="` + Namespace + `"><service>urn:service:sos</service></findService>`, "badRequest", "no location"},
		{"no service", strings.ReplaceAll(find("", profileGeodetic, pointAt("1 2"), "X"), "<service>X</service>", ""), "badRequest", "no service"},
		{"profiles that nobody knows", onlyPrism, "locationProfileUnrecognized", `unsupportedProfiles="not-yet-standardized-prism-profile"`},
		{"nothing in the location", find("", profileGeodetic, "", serviceSos), "locationInvalid", "nothing of the profile"},
		{"swapped coordinates", find("", profileGeodetic, pointAt("-122.4 37.7"), serviceSos), "locationInvalid", "look swapped"},
		{"a sphere", find("", profileGeodetic, `<s:Sphere xmlns:s="http://www.opengis.net/pidflo/1.0" xmlns:g="http://www.opengis.net/gml"><g:pos>1 2 3</g:pos><s:radius>2</s:radius></s:Sphere>`, serviceSos), "locationInvalid", "Sphere is not of the profile"},
		{"another reference system", find("", profileGeodetic, strings.ReplaceAll(pointAt("1 2"), "4326", "3857"), serviceSos), "SRSInvalid", "WGS84"},
		{"an address without country", find("", profileCivic, address("<A3>x</A3>"), serviceSos), "locationInvalid", "no country"},
		{"a loop", strings.ReplaceAll(find("", profileGeodetic, pointAt(inSF), serviceSos), "</findService>", `<path><via source="a"/><via source="lab.example"/></path></findService>`), "loop", "lab.example"},
		{"a path without end", strings.ReplaceAll(find("", profileGeodetic, pointAt(inSF), serviceSos), "</findService>", `<path>`+strings.Repeat(`<via source="a"/>`, 40)+`</path></findService>`), "badRequest", "more than 32"},
		{"a key of nobody", `<getServiceBoundary xmlns="` + Namespace + `" key="7214148E0433AFE2FA2D48003D31172E"/>`, "notFound", "no boundary has this key"},
		{"no key", `<getServiceBoundary xmlns="` + Namespace + `"/>`, "badRequest", "no key"},
		{"a service of no kind", `<listServices xmlns="` + Namespace + `"><service>urn:service:pizza</service></listServices>`, "serviceNotImplemented", "no emergency service"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := answered(t, labServer(t), tt.query)
			if !strings.Contains(got, "<errors ") || !strings.Contains(got, "<"+tt.fault+" ") || !strings.Contains(got, tt.says) {
				t.Errorf("got %s, want %s with %q", got, tt.fault, tt.says)
			}
		})
	}
	s := labServer(t)
	s.o.Snapshot = func() *directory.Snapshot { return nil }
	if got := answered(t, s, find("", profileGeodetic, pointAt(inSF), serviceSos)); !strings.Contains(got, "<internalError ") {
		t.Error(got)
	}
}

func TestAPathIsAnsweredWithThisServerAtItsEnd(t *testing.T) {
	got := answered(t, labServer(t), strings.ReplaceAll(find("", profileGeodetic, pointAt(inSF), serviceSos), "</findService>", `<path><via source="resolver.example"/></path></findService>`))
	if want := "<path>\n<via source=\"resolver.example\"/>\n<via source=\"lab.example\"/>\n</path>\n"; !strings.Contains(got, want) {
		t.Error(got)
	}
}

func TestABoundaryIsFetchedByItsReference(t *testing.T) {
	s := labServer(t)
	byValue := answered(t, s, find(`serviceBoundary="value"`, profileGeodetic, pointAt(inSF), serviceSos))
	byReference := answered(t, s, find("", profileGeodetic, pointAt(inSF), serviceSos))
	key := regexp.MustCompile(`<serviceBoundaryReference source="lab.example" key="([0-9a-f]{32})"/>`).FindStringSubmatch(byReference)
	if key == nil {
		t.Fatal(byReference)
	}
	boundary := regexp.MustCompile(`(?s)<serviceBoundary .*</serviceBoundary>`)
	got := answered(t, s, `<getServiceBoundary xmlns="`+Namespace+`" key="`+key[1]+`"/>`)
	if want := boundary.FindString(byValue); want == "" || boundary.FindString(got) != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
	other := NewServer(s.o)
	if answered(t, other, find("", profileGeodetic, pointAt(inSF), serviceSos)) == byReference {
		t.Error("another server has the same key")
	}
}

func TestBoundariesAreGoneThroughOnceForADirectory(t *testing.T) {
	d := lab()
	s := NewServer(Options{Snapshot: func() *directory.Snapshot { return d }})
	key := regexp.MustCompile(`key="([0-9a-f]{32})"`).FindStringSubmatch(answered(t, s, find("", profileGeodetic, pointAt(inSF), serviceSos)))
	known := s.known
	if known == nil || key == nil {
		t.Fatalf("known %v, key %v", known, key)
	}
	ask := func(key string) string {
		return answered(t, s, `<getServiceBoundary xmlns="`+Namespace+`" key="`+key+`"/>`)
	}
	if got := ask(strings.Repeat("0", 32)); !strings.Contains(got, "<notFound") || s.known != known {
		t.Errorf("known anew: %v, %s", s.known != known, got)
	}
	d = directory.Lab(netip.AddrPort{}) // loaded anew, with the same boundaries
	if got := ask(key[1]); !strings.Contains(got, "<serviceBoundary ") || s.known == known {
		t.Errorf("known anew: %v, %s", s.known != known, got)
	}
}

func TestHTTP(t *testing.T) {
	query := find("", profileGeodetic, pointAt(inSF), serviceSos)
	tests := []struct {
		name, method, kind, body string
		status                   int
	}{
		{"a query", http.MethodPost, ContentType + ";charset=utf-8", query, 200},
		{"a query as XML", http.MethodPost, "text/xml", query, 200},
		{"a query that fails", http.MethodPost, ContentType, "<a/>", 200},
		{"no query", http.MethodGet, "", "", 405},
		{"another type", http.MethodPost, "application/json", "{}", 415},
		{"no type", http.MethodPost, "", query, 415},
		{"too much", http.MethodPost, ContentType, strings.Repeat(" ", MaxQuery+1), 413},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := httptest.NewRequest(tt.method, "/lost", strings.NewReader(tt.body))
			if tt.kind != "" {
				r.Header.Set("Content-Type", tt.kind)
			}
			w := httptest.NewRecorder()
			labServer(t).ServeHTTP(w, r)
			if w.Code != tt.status || w.Code == 200 && (w.Header().Get("Content-Type") != ContentType || w.Header().Get("Cache-Control") != "no-cache") {
				t.Errorf("got %d %v %s", w.Code, w.Header(), w.Body)
			}
		})
	}
}

func FuzzAnswer(f *testing.F) {
	files, _ := filepath.Glob("testdata/rfc5222-*.xml")
	for _, file := range files {
		if doc, err := os.ReadFile(file); err == nil {
			f.Add(doc)
		}
	}
	f.Add([]byte(find(`validateLocation="true" serviceBoundary="value"`, profileCivic, address(harrison), serviceSos)))
	s := labServer(f)
	f.Fuzz(func(t *testing.T, query []byte) {
		status, _, body := s.Answer(ContentType, query)
		if status != http.StatusOK {
			t.Fatal(status)
		}
		// What the server says, its own client can read.
		if strings.Contains(string(body), "<findServiceResponse ") {
			if m, err := ParseMapping(body); err != nil || len(m.URIs) != 1 {
				t.Fatalf("%v\n%s", err, body)
			}
		} else if _, err := ParseMapping(body); err == nil {
			t.Fatalf("no mapping:\n%s", body)
		}
	})
}
