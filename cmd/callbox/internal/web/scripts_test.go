package web

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"callbox/psap"
	"callbox/routing/directory/store"
	"callbox/routing/directory/store/storetest"
)

func TestWhatIsChangedOutsideOfTheStoreIsInTheAuditLogToo(t *testing.T) {
	t.Parallel()
	e := withStore(t)
	e.psaps = []psap.Status{{ID: "psap-sf", State: "up"}}
	for _, r := range []request{
		{method: "PUT", path: "/api/v1/psaps/psap-sf/script", body: `{"answer":"busy"}`},
		{method: "PUT", path: "/api/v1/psaps/psap-sf/script", body: `{"ring":"soon"}`},
		{method: "DELETE", path: "/api/v1/psaps/psap-sf/script", user: account, password: secret},
		{method: "DELETE", path: "/api/v1/psaps/psap-moon/script"},
		{method: "POST", path: "/api/v1/psaps/psap-sf/drain"},
		{method: "POST", path: "/api/v1/psaps/psap-moon/drain"},
		{method: "POST", path: "/api/v1/psaps/psap-sf/restore"},
	} {
		e.ask(r)
	}
	var said []string
	for _, one := range get[AuditPage](t, e, "/api/v1/audit?kind=psap&sid=psap-sf").Entries {
		said = append(said, fmt.Sprint(one.Actor, " ", one.Action, " ", one.Changes))
	}
	want := "local restore map[]; local drain map[]; " + account + " script map[]; local script map[answer:busy]"
	if got := strings.Join(said, "; "); got != want {
		t.Errorf("the audit log has %s, want %s", got, want)
	}
	if n := len(get[AuditPage](t, e, "/api/v1/audit?kind=psap").Entries); n != 4 {
		t.Errorf("%d entries, want 4", n)
	}
}

func TestAChangeStandsWhileTheStoreIsAway(t *testing.T) {
	t.Parallel()
	gone, err := store.Open(t.Context(), storetest.URL(t, storetest.SQLite), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := gone.Close(); err != nil {
		t.Fatal(err)
	}
	e := &edge{store: gone}
	w := e.ask(request{method: "PUT", path: "/api/v1/psaps/psap-sf/script", body: `{"answer":"busy"}`})
	if w.Code != http.StatusOK || e.script == nil {
		t.Errorf("%d\n%s", w.Code, w.Body)
	}
	if !strings.Contains(e.log.String(), "not in the audit log") {
		t.Errorf("the log:\n%s", e.log.String())
	}
}

func TestBadScriptsAreExplained(t *testing.T) {
	t.Parallel()
	e := &edge{}
	p := refused(t, e.ask(request{method: "PUT", path: "/api/v1/psaps/psap-sf/script", body: `{"ring":"soon"}`}), http.StatusUnprocessableEntity)
	if len(p.Errors) != 1 || p.Errors[0].Location != "body.ring" || !strings.Contains(p.Errors[0].Message, "write 2s") {
		t.Errorf("%+v", p)
	}
	for _, centre := range []string{"ecc-us", "psap-moon"} {
		for _, method := range []string{"GET", "PUT", "DELETE"} {
			body := ""
			if method == "PUT" {
				body = "{}"
			}
			refused(t, e.ask(request{method: method, path: "/api/v1/psaps/" + centre + "/script", body: body}), http.StatusNotFound)
		}
	}
}
