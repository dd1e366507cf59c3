package app

import (
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rs/zerolog"

	"callbox/cmd/callbox/internal/web"
	"callbox/config"
	"callbox/sip/fault"
)

// The log level is the process's own, so this test runs beside no other.
func TestTheBoardTellsOfAFaultOnceAtItsBeginningAndOnceAtItsEnd(t *testing.T) {
	if err := setLevel("info"); err != nil {
		t.Fatal(err)
	}
	c := newClock()
	began := c.now
	var log bytes.Buffer
	var there []fault.Report
	b := &board{log: zerolog.New(&log), now: c.Now}
	b.watch(faultKind{name: "names", mend: "mend it", read: func(time.Time) []fault.Report { return there }})
	b.watch(faultKind{name: "told", told: true, read: func(time.Time) []fault.Report { return there[:min(1, len(there))] }})
	report := func(subject string) fault.Report {
		return fault.Report{Subject: subject, Since: began, Problem: "gone", Met: 1}
	}
	for _, step := range []struct {
		name    string
		there   []fault.Report
		after   time.Duration
		counts  map[string]int
		begun   int // lines so far
		over    int
		current int
	}{
		{"all is well", nil, 0, map[string]int{}, 0, 0, 0},
		{"one begins", []fault.Report{report("a")}, 0, map[string]int{"names": 1, "told": 1}, 1, 0, 2},
		{"it lasts, another begins", []fault.Report{report("a"), report("b")}, time.Minute, map[string]int{"names": 2, "told": 1}, 2, 0, 3},
		{"it is gone for a moment", []fault.Report{report("b")}, time.Second, map[string]int{"names": 2, "told": 2}, 2, 0, 4},
		{"and is back", []fault.Report{report("a"), report("b")}, time.Second, map[string]int{"names": 2, "told": 2}, 2, 0, 4},
		{"both are over", nil, lingers, map[string]int{}, 2, 2, 0},
		{"the first begins anew", []fault.Report{report("a")}, time.Second, map[string]int{"names": 1, "told": 1}, 3, 2, 2},
	} {
		there = step.there
		c.now = c.now.Add(step.after)
		b.look()
		if d := cmp.Diff(step.counts, b.counts()); d != "" {
			t.Errorf("%s: counts (-want +got):\n%s", step.name, d)
		}
		begun, over := strings.Count(log.String(), "the machine fails"), strings.Count(log.String(), `"fault is over"`)
		if begun != step.begun || over != step.over || len(b.degraded()) != step.current {
			t.Errorf("%s: %d begun, %d over, %d now; want %d, %d, %d\n%s", step.name, begun, over, len(b.degraded()),
				step.begun, step.over, step.current, log.String())
		}
	}
	if over := `{"level":"info","fault":"names","subject":"a","after_ms":62000,"times":1,"message":"fault is over"}`; !strings.Contains(log.String(), over) {
		t.Errorf("no line %s in\n%s", over, log.String())
	}
	want := web.Degraded{Fault: "names", Subject: "a", Since: began.UTC(), What: "gone", Mend: "mend it"}
	if d := cmp.Diff(want, b.degraded()[0]); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

// refusing is a data directory whose disk refuses writes until full is false.
func refusing(path string, full *bool) *dataDir {
	return &dataDir{path: path, write: func(path string, data []byte) error {
		if *full {
			return &os.PathError{Op: "write", Path: path, Err: syscall.ENOSPC}
		}
		return writeFile(path, data)
	}}
}

func TestWhatAFullDiskDoesNotKeepIsKeptLater(t *testing.T) {
	t.Parallel()
	full := true
	d := refusing(t.TempDir(), &full)
	made, err := d.token("")
	if err != nil || !made.made || made.file != "" || len(made.value) != 64 {
		t.Fatalf("the token: %+v, %v", made, err)
	}
	certs, err := newCertificates(d, []string{"lab.example"}, config.TLS{}, time.Now, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	inForce, _ := certs.get(&tls.ClientHelloInfo{})
	d.heal(certs.keep)
	if r, refused := d.refuse.Report(); !refused || !strings.Contains(r.Problem, "no space") {
		t.Errorf("while it is full: %+v, %v", r, refused)
	}
	full = false
	d.heal(certs.keep)
	if r, refused := d.refuse.Report(); refused {
		t.Errorf("when there is room: %+v", r)
	}
	if kept, err := d.token(""); err != nil || kept.made || kept.value != made.value {
		t.Errorf("the token at the next start: %+v, %v", kept, err)
	}
	again, err := newCertificates(d, nil, config.TLS{}, time.Now, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	if now, _ := again.get(&tls.ClientHelloInfo{}); !now.Leaf.Equal(inForce.Leaf) {
		t.Error("the certificate at the next start is another")
	}
}

func TestADirectoryThatWasRemovedGetsEverythingBack(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "data")
	d, err := openDataDir(path)
	if err != nil {
		t.Fatal(err)
	}
	defer d.close()
	made, err := d.token("")
	if err != nil {
		t.Fatal(err)
	}
	certs, err := newCertificates(d, []string{"lab.example"}, config.TLS{}, time.Now, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	before := contents(t, path)
	if err := os.RemoveAll(path); err != nil {
		t.Fatal(err)
	}
	d.heal(certs.keep)
	if r, refused := d.refuse.Report(); !refused || !strings.Contains(r.Problem, "no such file") {
		t.Errorf("while it is gone: %+v, %v", r, refused)
	}
	if _, err := os.Stat(path); err == nil {
		t.Error("the directory was made, where a disk may belong")
	}
	if p, err := certs.prepare(config.TLS{}); err != nil || !p.cert.Leaf.Equal(certs.current.Load().Leaf) {
		t.Errorf("a reload meanwhile takes another certificate: %v", err)
	}
	if err := os.Mkdir(path, 0o700); err != nil {
		t.Fatal(err)
	}
	d.heal(certs.keep)
	if r, refused := d.refuse.Report(); refused {
		t.Errorf("it is back: %+v", r)
	}
	if kept, err := d.token(""); err != nil || kept.made || kept.value != made.value {
		t.Errorf("the token at the next start: %+v, %v", kept, err)
	}
	if contents(t, path) != before {
		t.Error("certificate or key are others")
	}
	for _, name := range []string{tokenName, lockName, "tls-key.pem"} {
		if m := mode(t, filepath.Join(path, name)); m != 0o600 {
			t.Errorf("%s has mode %v", name, m)
		}
	}
	if _, err := openDataDir(path); err == nil || !strings.Contains(err.Error(), "belongs to another callbox") {
		t.Errorf("a second edge gets %v", err)
	}
}

func TestFilesThatAreTakenOneByOneAreNotPutBack(t *testing.T) {
	t.Parallel()
	d, err := openDataDir(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer d.close()
	if _, err := d.token(""); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(d.path, tokenName)
	if err := os.Remove(path); err != nil { // to have a new one at the next start
		t.Fatal(err)
	}
	var none *certificates
	d.heal(none.keep)
	if _, err := os.Stat(path); err == nil {
		t.Error("the token is there again")
	}
}

func TestADirectoryThatAnotherEdgeHasTakenIsLeftToIt(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "data")
	d, err := openDataDir(path)
	if err != nil {
		t.Fatal(err)
	}
	defer d.close()
	if _, err := d.token(""); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(path); err != nil {
		t.Fatal(err)
	}
	other, err := openDataDir(path)
	if err != nil {
		t.Fatal(err)
	}
	var none *certificates
	d.heal(none.keep)
	if r, refused := d.refuse.Report(); !refused || !strings.Contains(r.Problem, "belongs to another callbox") {
		t.Errorf("%+v, %v", r, refused)
	}
	if _, err := os.Stat(filepath.Join(path, tokenName)); err == nil {
		t.Error("the other edge's directory has this one's token")
	}
	if err := other.close(); err != nil {
		t.Fatal(err)
	}
	d.heal(none.keep)
	if r, refused := d.refuse.Report(); refused {
		t.Errorf("the other has ended: %+v", r)
	}
}

func TestAMistakeInTheDataDirectoryIsNoFault(t *testing.T) {
	t.Parallel()
	d := refusing(t.TempDir(), new(bool))
	d.write = func(string, []byte) error { return syscall.EACCES }
	if _, err := d.token(""); !errors.Is(err, syscall.EACCES) {
		t.Errorf("token: %v", err)
	}
	if _, err := newCertificates(d, nil, config.TLS{}, time.Now, zerolog.Nop()); !errors.Is(err, syscall.EACCES) {
		t.Errorf("certificate: %v", err)
	}
}

func TestACertificateFromATimeAheadIsMadeAnew(t *testing.T) {
	t.Parallel()
	dir, c := t.TempDir(), newClock()
	ahead, _ := openCerts(t, dir, config.TLS{}, c)
	before := serial(t, ahead)
	c.now = c.now.Add(-48 * time.Hour)
	certs, _ := openCerts(t, dir, config.TLS{}, c)
	if serial(t, certs) == before {
		t.Error("a certificate that is not valid yet stays")
	}
}

// The data directory is moved away and a file put in its place, since root may write to any directory.
func TestAnEdgeWithoutItsDataDirectoryTakesCallsAndSaysSo(t *testing.T) {
	t.Parallel()
	s := lab(t)
	a := start(t, s)
	aside := s.options.Data + "-aside"
	if err := errors.Join(os.Rename(s.options.Data, aside), os.WriteFile(s.options.Data, nil, 0o600)); err != nil {
		t.Fatal(err)
	}
	until := func(what string, ok func(body, metrics string) bool) {
		t.Helper()
		for limit := time.After(10 * time.Second); ; {
			status, body := a.ask(t, http.MethodGet, "/readyz")
			_, metrics := a.ask(t, http.MethodGet, "/metrics")
			if status == 200 && strings.HasPrefix(body, "ready\n") && ok(body, metrics) {
				return
			}
			select {
			case <-limit:
				t.Fatalf("%s: %d %s", what, status, body)
			case <-time.After(50 * time.Millisecond):
			}
		}
	}
	until("degraded", func(body, metrics string) bool {
		return strings.Contains(body, "degraded: call_records since ") && strings.Contains(body, "not a directory") &&
			strings.Contains(metrics, `callbox_faults{fault="call_records"} 1`)
	})
	if err := errors.Join(os.Remove(s.options.Data), os.Rename(aside, s.options.Data)); err != nil {
		t.Fatal(err)
	}
	until("well again", func(body, metrics string) bool {
		return body == "ready\n" && strings.Contains(metrics, `callbox_faults{fault="call_records"} 0`)
	})
	if _, err := os.Stat(filepath.Join(s.options.Data, "cdr.jsonl")); err != nil {
		t.Error(fmt.Errorf("the journal: %w", err))
	}
}
