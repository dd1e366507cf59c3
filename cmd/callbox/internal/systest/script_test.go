package systest

import (
	"net/http"
	"strings"
	"testing"
)

func TestACentreDoesFromItsNextCallOnWhatItIsToldTo(t *testing.T) {
	t.Parallel()
	l := startLab(t, settings{})
	tell := func(method, body string) {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), method, l.url("/api/v1/psaps/psap-sf/script"), strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/json")
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != http.StatusOK {
			t.Fatalf("%s %s: %s", method, body, resp.Status)
		}
	}
	// attempts calls 911 and returns how many centres were tried and what the first one answered.
	attempts := func() (n, first int) {
		t.Helper()
		r := l.record(t, phone(t, 0, "911", "--from", "+14155550100", "--edge", l.sip(), "--duration", "300ms").CallID)
		return len(r.Attempts), r.Attempts[0].Status
	}
	tell(http.MethodPut, `{"answer":"busy","ring":"0s"}`)
	if n, first := attempts(); n != 2 || first != 486 {
		t.Errorf("busy: %d attempts, the first ended in %d", n, first)
	}
	tell(http.MethodPut, `{"answer":"fail","status":603,"ring":"0s"}`)
	if _, first := attempts(); first != 603 {
		t.Errorf("declining: the first ended in %d", first)
	}
	tell(http.MethodDelete, "")
	if n, _ := attempts(); n != 1 {
		t.Errorf("as it was: %d attempts", n)
	}
}
