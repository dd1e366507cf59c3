package web

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/go-cmp/cmp"

	"callbox/routing/area"
	"callbox/routing/directory/store"
	"callbox/routing/keys"
	"callbox/routing/transfer"
)

const someNumbers = "phone_number,friendly_name,street,city,region,postal_code,iso_country\n" +
	"+14155550100,Desk,645 Harrison St,San Francisco,CA,94105,US\n+14155550101,,,,,,\n"

// file sends a CSV file to the import.
func (e *edge) file(query, body string) *httptest.ResponseRecorder {
	return e.ask(request{method: http.MethodPost, path: importPath + query, body: body, header: http.Header{"Content-Type": {"text/csv"}}})
}

func (e *edge) numbers(t *testing.T) int {
	t.Helper()
	n := 0
	err := e.store.View(t.Context(), func(tx *store.Tx) (err error) {
		n, err = store.Count[store.Number](tx, store.Query{})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestAFileIsImportedAndExported(t *testing.T) {
	t.Parallel()
	e := withStore(t)
	w := e.file("?account_sid="+account, someNumbers)
	if w.Code != http.StatusOK {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	got := decode[transfer.Report](t, w.Body)
	want := transfer.Report{Applied: true, Lines: 2, Added: 2, AddressesAdded: 1, Problems: []transfer.Problem{}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	w = e.ask(request{path: "/api/v1/directory/export?account_sid=" + account})
	if w.Code != http.StatusOK || w.Header().Get("Content-Type") != "text/csv; charset=utf-8; header=present" ||
		w.Header().Get("Content-Disposition") != `attachment; filename="directory-`+account+`.csv"` {
		t.Errorf("%d %v", w.Code, w.Header())
	}
	again := decode[transfer.Report](t, e.file("?account_sid="+account, w.Body.String()).Body)
	if again.Unchanged != 2 || !again.Applied {
		t.Errorf("%+v", again)
	}
	page := get[AuditPage](t, e, "/api/v1/audit?kind=number")
	if len(page.Entries) != 1 || page.Entries[0].Action != "import" || page.Entries[0].Actor != keys.Local || page.Entries[0].Source != "127.0.0.1" {
		t.Errorf("%+v", page.Entries)
	}
}

func TestAFileWithProblemsIsRefusedWithAllOfThem(t *testing.T) {
	t.Parallel()
	e := withStore(t)
	const bad = "phone_number,service\n+14155550100,\nx,e911\n+14155550101,y\n"
	for _, test := range []struct {
		query         string
		status, stays int
	}{
		{"&dry_run=true", 200, 0}, {"", 422, 0}, {"&good_lines_only=true&dry_run=true", 200, 0}, {"&good_lines_only=true", 200, 1},
	} {
		w := e.file("?account_sid="+account+test.query, bad)
		var got struct {
			transfer.Report
			Detail  string
			Refused *transfer.Report `json:"report"`
		}
		if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil {
			t.Fatal(err)
		}
		report := got.Report
		if w.Code == 422 {
			report = *got.Refused
			if w.Header().Get("Content-Type") != "application/problem+json" || got.Detail != "the file has 2 bad lines of 3; nothing was changed" {
				t.Errorf("%v %q", w.Header(), got.Detail)
			}
		}
		if w.Code != test.status || len(report.Problems) != 2 || report.Problems[1].Column != "service" || report.Problems[1].Line != 4 {
			t.Errorf("%s: %d %s", test.query, w.Code, w.Body)
		}
		if n := e.numbers(t); n != test.stays {
			t.Errorf("%s: %d numbers, want %d", test.query, n, test.stays)
		}
	}
	if p := refused(t, e.file("?account_sid="+account, "street\n"), 422); p.Detail != "the header of the file has problems; nothing was changed" {
		t.Error(p.Detail)
	}
}

func TestWhatIsNoImportIsRefused(t *testing.T) {
	t.Parallel()
	e := withStore(t)
	here := "?account_sid=" + account
	for _, test := range []struct {
		name, query, kind, encoding string
		status                      int
		detail                      string
	}{
		{"no account", "", "text/csv", "", 422, "validation failed"},
		{"no such account", "?account_sid=AC1", "text/csv", "", 404, "there is no account AC1"},
		{"an unknown option", here + "&dryrun=true", "text/csv", "", 422, "validation failed"},
		{"a wrong option", here + "&on_conflict=merge", "text/csv", "", 422, "validation failed"},
		{"nobody to wait for", here + "&register=pending", "text/csv", "", 400, "cannot import: nothing here moves registrations on; use register=registered; nothing was changed"},
		{"a form", here, "multipart/form-data; boundary=x", "", 415, "the body is multipart/form-data; send the CSV file itself, as curl --data-binary @numbers.csv does"},
		{"JSON", here, "application/json", "", 415, "the body is application/json; send the CSV file itself, as curl --data-binary @numbers.csv does"},
		{"gzip", here, "text/csv", "gzip", 415, "the body is compressed; send the CSV file as it is"},
	} {
		h := http.Header{"Content-Type": {test.kind}}
		if test.encoding != "" {
			h.Set("Content-Encoding", test.encoding)
		}
		p := refused(t, e.ask(request{method: http.MethodPost, path: importPath + test.query, body: someNumbers, header: h}), test.status)
		if p.Detail != test.detail {
			t.Errorf("%s: %s", test.name, p.Detail)
		}
	}
	e.spool = "/nowhere"
	if p := refused(t, e.file(here, someNumbers), 503); p.Detail != "there is no room for the file: no such file or directory; nothing was changed" {
		t.Error(p.Detail)
	}
	refused(t, e.ask(request{path: "/api/v1/directory/export"}), 422)
	refused(t, e.ask(request{path: "/api/v1/directory/export?account_sid=AC1"}), 404)
	if n := e.numbers(t); n != 0 {
		t.Errorf("%d numbers", n)
	}
}

func TestAFileIsBounded(t *testing.T) {
	t.Parallel()
	w := httptest.NewRecorder()
	u := upload{body: http.MaxBytesReader(w, io.NopCloser(strings.NewReader(someNumbers)), 10), control: http.NewResponseController(w)}
	file, err := u.toDisk(t.TempDir())
	if err == nil {
		file.Close()
	}
	var status huma.StatusError
	if !errors.As(err, &status) || status.GetStatus() != http.StatusRequestEntityTooLarge || err.Error() != "the file has more than 10 bytes; import it in parts" {
		t.Error(err)
	}
	if bodyLimit(importPath) <= bodyLimit("/api/v1/explain") {
		t.Error("a file has no more room than a question")
	}
}

// goneGuide loses the client when the first address is looked up, and waits until the server has noticed.
type goneGuide struct{ lose, noticed func() }

func (g goneGuide) Check(area.Civic) area.Finding {
	g.lose()
	g.noticed()
	return area.Finding{Match: area.Exact}
}

func TestAClientThatGoesAwayLeavesNothing(t *testing.T) {
	t.Parallel()
	e := withStore(t)
	e.spool = t.TempDir()
	ctx, lose := context.WithCancel(t.Context())
	noticed := make(chan struct{})
	e.imports = transfer.Options{Guide: goneGuide{lose, func() { <-noticed }}}
	h := e.handler()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		go func() {
			<-r.Context().Done()
			close(noticed)
		}()
		h.ServeHTTP(w, r)
	}))
	defer server.Close()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, server.URL+importPath+"?account_sid="+account, strings.NewReader(someNumbers))
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	if answer, err := client.Do(r); err == nil {
		answer.Body.Close()
		t.Errorf("an answer: %s", answer.Status)
	}
	server.Close() // waits for the handler
	if n := e.numbers(t); n != 0 {
		t.Errorf("%d numbers", n)
	}
	if left, err := os.ReadDir(e.spool); err != nil || len(left) > 0 {
		t.Errorf("%v, %v: files are left", left, err)
	}
}

func TestAnUploadThatEndsInTheMiddleLeavesNothing(t *testing.T) {
	t.Parallel()
	e := withStore(t)
	server := httptest.NewServer(e.handler())
	defer server.Close()
	conn, err := net.Dial("tcp", server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(conn, "POST %s?account_sid=%s HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n%s", importPath, account, someNumbers)
	if err := conn.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	answer, err := io.ReadAll(conn)
	if err != nil || !strings.HasPrefix(string(answer), "HTTP/1.1 400 ") || !strings.Contains(string(answer), "the file did not come whole; nothing was changed") {
		t.Errorf("%s, %v", answer, err)
	}
	conn.Close()
	if n := e.numbers(t); n != 0 {
		t.Errorf("%d numbers", n)
	}
}
