package web

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rs/zerolog"

	"callbox/cmd/callbox/internal/explain"
	"callbox/psap"
)

func TestTheIndexNamesPagesThatExist(t *testing.T) {
	t.Parallel()
	e := withStore(t)
	e.reload = func() (Reloaded, error) { return Reloaded{}, nil }
	text := e.ask(request{path: "/"}).Body.String()
	pages := 0
	for line := range strings.Lines(text) {
		fields := strings.Fields(line)
		if len(fields) < 2 || (fields[0] != "GET" && fields[0] != "POST") {
			continue
		}
		pages++
		path := strings.NewReplacer("{id}", "x", ",", "").Replace(fields[1])
		w := e.ask(request{method: fields[0], path: path})
		if p := w.Body.String(); strings.Contains(p, "there is nothing here") || w.Code == http.StatusMethodNotAllowed {
			t.Errorf("%s %s: %d", fields[0], path, w.Code)
		}
	}
	if pages < 8 {
		t.Errorf("only %d pages in\n%s", pages, text)
	}
}

func TestWrongTurnsAreProblemDocuments(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		r      request
		status int
	}{
		{"a page that is not there", request{path: "/api/v2/calls"}, 404},
		{"huma's own documentation page, which loads scripts from afar", request{path: "/docs"}, 404},
		{"a wrong method", request{method: "DELETE", path: "/api/v1/calls"}, 405},
		{"reload by GET", request{path: "/-/reload"}, 405},
		{"a body that is no JSON", request{method: "POST", path: "/api/v1/explain", body: "{"}, 400},
		{"a body with a word nobody knows", request{method: "POST", path: "/api/v1/explain", body: `{"from":"1","to":"911","form":"2"}`}, 422},
		{"a body without what is needed", request{method: "POST", path: "/api/v1/explain", body: `{"from":"1"}`}, 422},
		{"a body beyond all measure", request{method: "POST", path: "/api/v1/explain", body: `{"from":"` + strings.Repeat("1", 2<<20) + `"}`}, 413},
		{"a question that cannot be read", request{method: "POST", path: "/api/v1/explain", body: `{"from":"1","to":"911","source":"nowhere"}`}, 422},
		{"draining a centre nobody knows", request{method: "POST", path: "/api/v1/psaps/psap-mars/drain"}, 404},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			e := &edge{}
			w := e.ask(tt.r)
			refused(t, w, tt.status)
			if tt.status == 405 && w.Header().Get("Allow") == "" {
				t.Error("no Allow header")
			}
		})
	}
}

func TestExplainAnswers(t *testing.T) {
	t.Parallel()
	e := &edge{}
	w := e.ask(request{method: "POST", path: "/api/v1/explain", body: `{"from":"+14155550100","to":"911"}`})
	if w.Code != 200 {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	if a := decode[explain.Answer](t, w.Body); a.Verdict != "psap" || a.Caller != "+14155550100" {
		t.Errorf("%+v", a)
	}
}

func TestCentresAreDrainedAndRestored(t *testing.T) {
	t.Parallel()
	e := &edge{psaps: []psap.Status{{ID: "psap-sf", State: "up", InService: true}, {ID: "ecc-us", State: "down"}}}
	states := func() map[string]string {
		m := map[string]string{}
		for _, p := range get[CentreList](t, e, "/api/v1/psaps").PSAPs {
			m[p.ID] = p.State
		}
		return m
	}
	for _, step := range []struct {
		path string
		want map[string]string
	}{
		{"", map[string]string{"psap-sf": "up", "ecc-us": "down"}},
		{"/api/v1/psaps/psap-sf/drain", map[string]string{"psap-sf": "drained", "ecc-us": "down"}},
		{"/api/v1/psaps/psap-sf/restore", map[string]string{"psap-sf": "up", "ecc-us": "down"}},
	} {
		if step.path != "" {
			w := e.ask(request{method: "POST", path: step.path})
			if got := decode[psap.Status](t, w.Body); got.ID != "psap-sf" || got.State != step.want["psap-sf"] {
				t.Errorf("%s answered %+v", step.path, got)
			}
		}
		if d := cmp.Diff(step.want, states()); d != "" {
			t.Errorf("after %q (-want +got):\n%s", step.path, d)
		}
	}
}

func TestReloadSaysWhatBecameOfIt(t *testing.T) {
	t.Parallel()
	t.Run("good files", func(t *testing.T) {
		t.Parallel()
		e := &edge{reload: func() (Reloaded, error) { return Reloaded{Restart: []string{"http.address"}}, nil }}
		w := e.ask(request{method: "POST", path: "/-/reload"})
		if d := cmp.Diff(`{"changed":[],"needs_restart":["http.address"]}`, strings.TrimSpace(w.Body.String())); w.Code != 200 || d != "" {
			t.Errorf("%d (-want +got):\n%s", w.Code, d)
		}
	})
	t.Run("bad files list all their faults", func(t *testing.T) {
		t.Parallel()
		e := &edge{reload: func() (Reloaded, error) {
			return Reloaded{}, Faults{{"is unknown; did you mean sip?", "edge.yaml:3: spi", ""}, {"is no port", "edge.yaml:7: http.address", "x"}}
		}}
		p := refused(t, e.ask(request{method: "POST", path: "/-/reload"}), 400)
		if len(p.Errors) != 2 || p.Errors[0].Location != "edge.yaml:3: spi" || p.Errors[1].Value != "x" {
			t.Errorf("%+v", p)
		}
	})
	t.Run("another failure", func(t *testing.T) {
		t.Parallel()
		e := &edge{reload: func() (Reloaded, error) { return Reloaded{}, errors.New("the disk is gone") }}
		p := refused(t, e.ask(request{method: "POST", path: "/-/reload"}), 400)
		if !strings.Contains(p.Detail, "the disk is gone") {
			t.Errorf("%+v", p)
		}
	})
}

func TestAPanicIsAnsweredAndLogged(t *testing.T) {
	t.Parallel()
	e := &edge{reload: func() (Reloaded, error) { panic("no such luck") }}
	refused(t, e.ask(request{method: "POST", path: "/-/reload"}), 500)
	if !strings.Contains(e.log.String(), "no such luck") {
		t.Errorf("log: %s", e.log.String())
	}
}

func TestAnAnswerKeepsBrowsersQuiet(t *testing.T) {
	t.Parallel()
	e := &edge{}
	for _, path := range []string{"/", "/api/v1/calls", "/gone"} {
		h := e.ask(request{path: path}).Header()
		for _, name := range []string{"X-Content-Type-Options", "X-Frame-Options", "Content-Security-Policy", "Cache-Control"} {
			if h.Get(name) == "" {
				t.Errorf("%s: no %s", path, name)
			}
		}
	}
}

func TestServerServesUntilClosed(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	e := &edge{metrics: NewMetrics("v1")}
	s := New(Options{
		Live: e, Journal: e, Centres: centres{e}, Metrics: e.metrics.Handler(), Logger: zerolog.Nop(),
		Ready: func() (bool, string) { return true, "" },
	})
	s.Start(l)
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 5 * time.Second}
	resp, err := client.Get("http://" + l.Addr().String() + "/readyz")
	if err != nil {
		t.Fatal(err)
	}
	body, _ := io.ReadAll(resp.Body)
	resp.Body.Close()
	if string(body) != "ready\n" {
		t.Errorf("%q", body)
	}
	if err := s.Close(context.Background()); err != nil {
		t.Error(err)
	}
	if _, err := client.Get("http://" + l.Addr().String() + "/readyz"); err == nil {
		t.Error("still serving after Close")
	}
}
