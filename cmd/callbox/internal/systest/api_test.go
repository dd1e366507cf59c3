package systest

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"testing"
	"time"

	"callbox/sip/call"
)

// get reads a page of the edge.
func (l *lab) get(t *testing.T, path string) (status int, body []byte) {
	t.Helper()
	return l.request(t, http.MethodGet, path)
}

// request sends a request without a body to the edge's HTTP side.
func (l *lab) request(t *testing.T, method, path string) (status int, body []byte) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, l.url(path), nil)
	if err != nil {
		t.Fatal(err)
	}
	client, err := l.client(t)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := client.Do(req)
	if err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
	defer resp.Body.Close()
	body, err = io.ReadAll(resp.Body)
	if err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
	return resp.StatusCode, body
}

// record waits until the call has ended and returns its record.
func (l *lab) record(t *testing.T, id string) call.Record {
	t.Helper()
	return l.recordWhen(t, id, "the call has ended", func(r call.Record) bool { return r.State == call.StateEnded })
}

// recordWhen waits until the call's record fulfils a condition.
func (l *lab) recordWhen(t *testing.T, id, what string, fulfils func(call.Record) bool) (r call.Record) {
	t.Helper()
	if id == "" {
		t.Fatal("no X-Callbox-Call on any answer of the edge")
	}
	eventually(t, 10*time.Second, what, func() error {
		status, body := l.get(t, "/api/v1/calls/"+id)
		if status != http.StatusOK {
			return fmt.Errorf("GET /api/v1/calls/%s: %d %s", id, status, body)
		}
		r = call.Record{}
		if err := json.Unmarshal(body, &r); err != nil {
			return err
		}
		if !fulfils(r) {
			return fmt.Errorf("the record says %s", body)
		}
		return nil
	})
	return r
}

// calls returns the records of all calls the edge remembers, newest first.
func (l *lab) calls(t *testing.T) []call.Record {
	t.Helper()
	status, body := l.get(t, "/api/v1/calls")
	var list struct {
		Calls []call.Record `json:"calls"`
	}
	if err := json.Unmarshal(body, &list); err != nil || status != http.StatusOK {
		t.Fatalf("GET /api/v1/calls: %d %v %s", status, err, body)
	}
	return list.Calls
}

// theCall waits for the one call the edge has had and returns its ID.
func (l *lab) theCall(t *testing.T) string {
	t.Helper()
	var id string
	eventually(t, 10*time.Second, "a call comes in", func() error {
		all := l.calls(t)
		if len(all) != 1 {
			return fmt.Errorf("%d calls", len(all))
		}
		id = string(all[0].ID)
		return nil
	})
	return id
}

// events returns the kinds of a record's events, in order.
func events(r call.Record) []call.EventKind {
	var kinds []call.EventKind
	for _, e := range r.Events {
		kinds = append(kinds, e.Kind)
	}
	return kinds
}
