package systest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"callbox/sip/call"
)

// put sends JSON to the edge's own API and returns the body of the answer, whose status must be as wanted.
func (l *lab) put(t *testing.T, path, body string, want int) []byte {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPut, l.url(path), bytes.NewReader([]byte(body)))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != want {
		t.Fatalf("PUT %s: %s %v %s", path, resp.Status, err, answer)
	}
	return answer
}

// domainSID finds the SID of one of the lab's domains by the provider's API.
func (l *lab) domainSID(t *testing.T, name string) string {
	t.Helper()
	for _, d := range ok[[]twilioDomain](t)(l.domains(t)) {
		if d.DomainName == name {
			return d.Sid
		}
	}
	t.Fatal("no domain", name)
	return ""
}

type twilioDomain struct {
	Sid        string `json:"sid"`
	DomainName string `json:"domain_name"`
}

func (l *lab) domains(t *testing.T) ([]twilioDomain, error) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, l.url("/2010-04-01/Accounts/"+labAccount+"/SIP/Domains.json"), nil)
	if err != nil {
		return nil, err
	}
	req.SetBasicAuth(labAccount, l.token(t))
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	var list struct{ Domains []twilioDomain }
	return list.Domains, json.NewDecoder(resp.Body).Decode(&list)
}

// callID sends an INVITE by hand and returns the ID of its call, from the first answer that has one.
func (w *wire) callID(t *testing.T, n int, change ...string) (id, status string) {
	t.Helper()
	w.n = n
	w.send(t, w.request("INVITE", 1, fmt.Sprintf("id%d", n), newDialog, w.offer(), change...))
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); {
		m, ok := w.receive(t, time.Until(deadline))
		if !ok {
			break
		}
		if id := m.header("X-Callbox-Call"); id != "" && !m.isStatus("100") && m.header("Call-ID") == fmt.Sprintf("wire-%d-%s", n, w.host) {
			w.send(t, w.request("CANCEL", 1, fmt.Sprintf("id%d", n), newDialog, "", change[0])) // of a refused one nothing comes
			return id, m.start + " " + m.header("Warning")
		}
	}
	t.Fatal("no answer")
	return "", ""
}

func TestACallerIsKnownByTheIdentitiesThatSettingsName(t *testing.T) {
	t.Parallel()
	l := startLab(t, settings{})
	path := "/api/v1/domains/" + l.domainSID(t, "lab.sip.us1.twilio.com") + "/settings"
	from := func(user string) string { return "From: <sip:" + user + "@pbx.example.org>;tag=x" }
	pai := "+P-Asserted-Identity: \"Front desk\" <sip:10001@pbx.example.org>, <tel:" + sanFrancisco + ">"
	w := dialWire(t, l.sip())

	if _, status := w.callID(t, 1, from("10001"), pai); !strings.Contains(status, " 403 ") || !strings.Contains(status, "From 10001 is not E.164") {
		t.Errorf("by the defaults of a domain: %s", status)
	}
	if _, status := w.callID(t, 2, from("4155550100")); !strings.Contains(status, " 403 ") || !strings.Contains(status, "From 4155550100 is not E.164; write "+sanFrancisco) {
		t.Errorf("a national number: %s", status)
	}
	l.put(t, path, `{"identity": {"sources": ["from", "p-asserted-identity"], "normalise": true}}`, http.StatusOK)
	for n, test := range []struct {
		name, source string
		change       []string
	}{
		{"an asserted identity", "p-asserted-identity", []string{from("10001"), pai}},
		{"a national number", "", []string{from("4155550100")}},
		{"a number with 00", "", []string{from("0014155550100")}},
	} {
		id, status := w.callID(t, 10+n, test.change...)
		r := l.recordWhen(t, id, "it is decided", func(r call.Record) bool { return r.Verdict != "" })
		if r.Caller != sanFrancisco || r.CallerSource != test.source || r.Verdict != "psap" {
			t.Errorf("%s: %s, the record has caller %q by %q, verdict %q", test.name, status, r.Caller, r.CallerSource, r.Verdict)
		}
	}
	answer, stderr, code := command(t, "explain", "--url", l.url(""), "--from", "10001", "--pai", sanFrancisco, "--to", "911")
	if code != 0 || !strings.Contains(answer, "P-Asserted-Identity "+sanFrancisco+" is on the account") {
		t.Errorf("explain: %d\n%s%s", code, answer, stderr)
	}
}
