package web

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"callbox/psap/ng911"
)

func TestAdditionalDataIsForWhoHasItsURL(t *testing.T) {
	t.Parallel()
	e := &edge{shelf: ng911.NewShelf("https://edge.example")}
	block := ng911.Block{Kind: ng911.SubscriberInfo, Content: []byte("<x/>")}
	u, err := url.Parse(e.shelf.Put(wholeCall, []ng911.Block{block})[0])
	if err != nil {
		t.Fatal(err)
	}
	const far = "192.0.2.7:4" // nobody there has credentials
	for _, method := range []string{http.MethodGet, http.MethodHead} {
		w := e.ask(request{method: method, path: u.Path, from: far})
		if w.Code != 200 || w.Header().Get("Content-Type") != block.ContentType() || w.Header().Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %d %v", method, w.Code, w.Header())
		}
	}
	whole := strings.Split(u.Path, "/")
	var bodies []string
	for _, path := range []string{
		"/emergency-data/", "/emergency-data/" + wholeCall, strings.Join(whole[:4], "/"), u.Path + "/", u.Path + "x", u.Path + "/more",
		strings.Replace(u.Path, whole[3], whole[3][1:], 1), strings.Replace(u.Path, wholeCall, "CAother", 1), strings.Replace(u.Path, "SubscriberInfo", "Comment", 1),
	} {
		w := e.ask(request{path: path, from: "192.0.2.8:4"})
		refused(t, w, 404)
		bodies = append(bodies, w.Body.String())
	}
	for _, b := range bodies {
		if b != bodies[0] || strings.Contains(b, whole[3]) {
			t.Errorf("answers differ: %s", b)
		}
	}
	refused(t, e.ask(request{method: http.MethodPost, path: u.Path, from: "192.0.2.8:4"}), 404)
	e.built = e.handler() // which counts
	for range missBurst {
		refused(t, e.ask(request{path: "/emergency-data/x", from: "198.51.100.9:4"}), 404)
	}
	refused(t, e.ask(request{path: "/emergency-data/x", from: "198.51.100.9:5"}), 429)
	refused(t, e.ask(request{path: "/emergency-data/x", from: far}), 404)
	if w := e.ask(request{path: u.Path, from: "198.51.100.9:5"}); w.Code != 200 { // others may be behind the same proxy
		t.Errorf("the right URL from the network of a guesser is answered %d", w.Code)
	}
}
