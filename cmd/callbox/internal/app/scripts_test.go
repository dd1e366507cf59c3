package app

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"callbox/cmd/callbox/internal/web"
	"callbox/psap/sim"
)

// send sends a JSON body to the edge's API.
func (a *App) send(t *testing.T, method, path, body string) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, "http://"+a.httpAddr.String()+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	resp, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 5 * time.Second}).Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(answer)
}

func TestACentresScriptChangesWhileTheEdgeRuns(t *testing.T) {
	t.Parallel()
	a := start(t, lab(t))
	const path = "/api/v1/psaps/psap-sf/script"
	read := func(method, body string) (c web.CentreScript, text string) {
		t.Helper()
		status, text := a.send(t, method, path, body)
		if err := json.Unmarshal([]byte(text), &c); err != nil || status != http.StatusOK {
			t.Fatalf("%s: %d %v\n%s", method, status, err, text)
		}
		return c, text
	}
	before, whole := read(http.MethodGet, "")
	if before.Centre != "psap-sf" || before.Changed || *before.Script.Answer != "answer" || *before.Script.Ring != "500ms" || before.Script.Keys["1"] != "repeat" {
		t.Errorf("at first: %s", whole)
	}
	if c, text := read(http.MethodPut, `{"answer":"busy","keys":{}}`); !c.Changed || *c.Script.Answer != "busy" || len(c.Script.Keys) != 0 || *c.Script.Ring != "500ms" {
		t.Errorf("after the change: %s", text)
	}
	if sc, _ := a.simulator.server.Script("psap-sf"); sc.Answer != sim.OutcomeBusy {
		t.Errorf("the centre follows %+v", sc)
	}
	if _, text := read(http.MethodDelete, ""); text != whole {
		t.Errorf("taken back: %s, want %s", text, whole)
	}
	same, err := json.Marshal(before.Script)
	if err != nil {
		t.Fatal(err)
	}
	if c, _ := read(http.MethodPut, string(same)); !c.Changed {
		t.Error("what GET shows is not taken by PUT")
	}
}

func TestScriptsThatCannotBeSet(t *testing.T) {
	t.Parallel()
	a := start(t, lab(t))
	for _, tt := range []struct {
		centre, body string
		status       int
		part         string
	}{
		{"psap-moon", `{}`, 404, "no such call centre"},
		{"psap-sf", `{"answer":"maybe"}`, 422, `"location":"body.answer"`},
		{"psap-sf", `{"ring":"soon"}`, 422, `"location":"body.ring"`},
		{"psap-sf", `{"ring":"48h"}`, 422, "write a duration from 0s to 24h"},
		{"psap-sf", `{"keys":{"x":"repeat"}}`, 422, `"location":"body.keys.x"`},
		{"psap-sf", `{"keys":{"1":"dance"}}`, 422, `"location":"body.keys.1"`},
		{"psap-sf", `{"codecs":["opus"]}`, 422, `"location":"body.codecs[0]"`},
		{"psap-sf", `{"greetings":"x"}`, 422, `"location":"body.greetings"`},
		{"psap-sf", `{"status":200}`, 422, `"location":"body.status"`},
		{"psap-sf", `{"greeting":"` + strings.Repeat("x", 1001) + `"}`, 422, `"location":"body.greeting"`},
		{"psap-sf", `[]`, 422, "body"},
	} {
		if status, body := a.send(t, http.MethodPut, "/api/v1/psaps/"+tt.centre+"/script", tt.body); status != tt.status || !strings.Contains(body, tt.part) {
			t.Errorf("%s %s: %d, want %d and %s\n%s", tt.centre, tt.body, status, tt.status, tt.part, body)
		}
	}
	if a.simulator.server.Changed("psap-sf") {
		t.Error("a bad script was set")
	}
}

func TestOnlySimulatedCentresHaveAScript(t *testing.T) {
	t.Parallel()
	s := lab(t)
	s.options.Sim.Enabled = false
	a := start(t, s)
	for _, method := range []string{http.MethodGet, http.MethodPut, http.MethodDelete} {
		body := ""
		if method == http.MethodPut {
			body = "{}"
		}
		if status, text := a.send(t, method, "/api/v1/psaps/psap-sf/script", body); status != 404 || !strings.Contains(text, "simulated") {
			t.Errorf("%s: %d\n%s", method, status, text)
		}
	}
}
