package web

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"

	"callbox/routing/directory/store"
	"callbox/routing/keys"
)

func TestAKeyIsMadeShownOnceUsedAndRevoked(t *testing.T) {
	t.Parallel()
	e := withStore(t)
	const far = "192.0.2.7:40000"
	w := e.ask(request{method: "POST", path: keysPath, from: far, user: account, password: secret, body: `{"name":"Terraform","scope":"read"}`})
	if w.Code != http.StatusCreated {
		t.Fatalf("%d\n%s", w.Code, w.Body)
	}
	made := decode[NewKey](t, w.Body)
	if made.Name != "Terraform" || made.Scope != "read" || made.AccountSID != "" || len(made.Secret) < 32 || made.CreatedAt.IsZero() {
		t.Errorf("%+v", made)
	}
	if w := e.ask(request{path: "/api/v1/psaps", from: far, user: made.SID, password: made.Secret}); w.Code != http.StatusOK {
		t.Errorf("the new key: %d\n%s", w.Code, w.Body)
	}
	w = e.ask(request{path: keysPath})
	if strings.Contains(w.Body.String(), made.Secret) || strings.Contains(w.Body.String(), "ecret") {
		t.Errorf("the secret is shown again: %s", w.Body)
	}
	if all := decode[KeyList](t, w.Body).Keys; len(all) != 1 || all[0] != made.KeyView {
		t.Errorf("%+v", all)
	}
	if w := e.ask(request{method: "DELETE", path: keysPath + "/" + made.SID}); w.Code != http.StatusNoContent || w.Body.Len() > 0 {
		t.Errorf("%d\n%s", w.Code, w.Body)
	}
	refused(t, e.ask(request{method: "DELETE", path: keysPath + "/" + made.SID}), http.StatusNotFound)
	refused(t, e.ask(request{path: "/api/v1/psaps", from: far, user: made.SID, password: made.Secret}), http.StatusUnauthorized)

	page := get[AuditPage](t, e, "/api/v1/audit?kind=key")
	var said []string
	for _, one := range page.Entries {
		said = append(said, fmt.Sprint(one.Actor, " ", one.Source, " ", one.Action, " ", one.SID == made.SID))
	}
	want := "local 127.0.0.1 delete true, " + account + " 192.0.2.7 insert true"
	if got := strings.Join(said, ", "); got != want {
		t.Errorf("the audit log: %s, want %s", got, want)
	}
	if text, _ := json.Marshal(page); strings.Contains(string(text), made.Secret) || !strings.Contains(string(text), `"hash":{"new":"***"}`) {
		t.Errorf("the audit log: %s", text)
	}
}

func TestBadWishesForKeysAreExplained(t *testing.T) {
	t.Parallel()
	e := withStore(t)
	for body, location := range map[string]string{
		`{}`:          "body",
		`{"name":""}`: "body.name",
		`{"name":"` + strings.Repeat("x", 65) + `"}`:                          "body.name",
		`{"name":"two\nlines"}`:                                               "body.name",
		`{"name":"x","scope":"write"}`:                                        "body.scope",
		`{"name":"x","account_sid":"AC1"}`:                                    "body.account_sid",
		`{"name":"x","account_sid":"AC` + strings.Repeat("0", 32) + `"}`:      "body.account_sid",
		`{"name":"x","secret":"I choose"}`:                                    "body.secret",
		`{"name":7}`:                                                          "body.name",
		`{"name":"x","scope":null,"sid":"SK` + strings.Repeat("0", 32) + `"}`: "body.sid",
	} {
		p := refused(t, e.ask(request{method: "POST", path: keysPath, body: body}), http.StatusUnprocessableEntity)
		found := false
		for _, one := range p.Errors {
			found = found || one.Location == location && one.Message != ""
		}
		if !found {
			t.Errorf("%s: %+v, want a problem at %s", body, p.Errors, location)
		}
	}
	if all := get[KeyList](t, e, keysPath).Keys; len(all) != 0 {
		t.Errorf("%+v was made all the same", all)
	}
	refused(t, e.ask(request{method: "DELETE", path: keysPath + "/x"}), http.StatusUnprocessableEntity)
}

func TestTheAuditLogHasPagesAndFilters(t *testing.T) {
	t.Parallel()
	e := withStore(t)
	var sids []string
	for i := range 7 {
		sid, _ := e.key(t, keys.Wish{Name: fmt.Sprint("key ", i), Scope: keys.ScopeFull})
		sids = append(sids, sid)
	}
	all := get[AuditPage](t, e, "/api/v1/audit")
	if len(all.Entries) != 9 || all.NextBefore != 0 { // two accounts
		t.Fatalf("%d entries, next %d", len(all.Entries), all.NextBefore)
	}
	var paged []int64
	for path := "/api/v1/audit?limit=4"; ; {
		p := get[AuditPage](t, e, path)
		for _, one := range p.Entries {
			paged = append(paged, one.ID)
		}
		if p.NextBefore == 0 {
			break
		}
		path = fmt.Sprintf("/api/v1/audit?limit=4&before=%d", p.NextBefore)
	}
	for i, one := range all.Entries {
		if len(paged) != 9 || paged[i] != one.ID {
			t.Fatalf("in pages: %v", paged)
		}
	}
	since := all.Entries[0].At.Format("2006-01-02T15:04:05.000Z07:00")
	for query, want := range map[string]int{
		"kind=key": 7, "kind=account": 2, "kind=none": 0, "actor=test": 7, "actor=test&kind=account": 0, "sid=" + sids[3]: 1,
		"account_sid=" + account: 1, "since=2100-01-01T00:00:00Z": 0, "since=2000-01-01T00:00:00%2B02:00": 9, "sid=%27%20OR%201=1": 0,
		"kind=key&limit=7": 7,
	} {
		if got := get[AuditPage](t, e, "/api/v1/audit?"+query); len(got.Entries) != want || got.NextBefore != 0 {
			t.Errorf("%s: %d entries, want %d", query, len(got.Entries), want)
		}
	}
	if got := get[AuditPage](t, e, "/api/v1/audit?since="+since); len(got.Entries) == 0 {
		t.Errorf("none since %s, the newest", since)
	}
	for _, query := range []string{"limit=0", "limit=1001", "limit=x", "before=-1", "before=x", "since=yesterday", "who=me"} {
		refused(t, e.ask(request{path: "/api/v1/audit?" + query}), http.StatusUnprocessableEntity)
	}
}

func TestAnEntryOfAnotherVersionIsShownAsText(t *testing.T) {
	t.Parallel()
	if e := entryOf(store.AuditEntry{Changes: "[1]"}); e.Changes["text"] != "[1]" {
		t.Errorf("%+v", e)
	}
}

func TestErrorsOfTheStoreAreSaidInTheAPIsWords(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		err    error
		status int
	}{
		{store.ErrNotFound, 404}, {fmt.Errorf("x: %w", store.ErrAway), 503}, {store.ErrConflict, 409},
		{&store.ConstraintError{Err: store.ErrTaken, Kind: "key"}, 409}, {store.ErrReadOnly{SID: "SD1", Base: "d.yaml"}, 409},
		{&keys.InvalidError{Field: "name", Message: "is bad"}, 422},
	} {
		var status huma.StatusError
		if err := storeError(tt.err, "nothing"); !errors.As(err, &status) || status.GetStatus() != tt.status {
			t.Errorf("%v: %v, want %d", tt.err, err, tt.status)
		}
	}
	if storeError(nil, "") != nil {
		t.Error("no error is one")
	}
}
