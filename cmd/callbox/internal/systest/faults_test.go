package systest

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"callbox/sip/call"
)

// untilReadiness waits until /readyz is 200 and has, or lacks, a part.
func (l *lab) untilReadiness(t *testing.T, part string, has bool) {
	t.Helper()
	eventually(t, 20*time.Second, fmt.Sprintf("/readyz with %q: %v", part, has), func() error {
		status, body := l.request(t, http.MethodGet, "/readyz")
		if status != http.StatusOK || !strings.HasPrefix(string(body), "ready\n") || strings.Contains(string(body), part) != has {
			return fmt.Errorf("%d %s", status, body)
		}
		return nil
	})
}

// loggedOnce fails the test unless the log has exactly one line with each of these.
func (l *lab) loggedOnce(t *testing.T, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if n := strings.Count(l.log.String(), part); n != 1 {
			t.Errorf("%d log lines have %q, want 1", n, part)
		}
	}
}

// The data directory is moved away and a file put in its place: that stops root, too.
func TestCallsGoOnWithoutTheDataDirectory(t *testing.T) {
	t.Parallel()
	psap := startCentre(t, centre{scenario: "uas_answer.xml"})
	l := startLab(t, settings{directory: directoryOf(t, target{id: "psap-first", uri: psap.uri()}, target{id: "ecc-us", uri: "sip:ecc-us@sim"})})
	data, aside := filepath.Join(l.dir, "data"), filepath.Join(l.dir, "aside")
	if err := errors.Join(os.Rename(data, aside), os.WriteFile(data, nil, 0o600)); err != nil {
		t.Fatal(err)
	}
	l.untilReadiness(t, "degraded: call_records", true)
	var ids []string
	for range 3 {
		final, id := l.call(t, caller{scenario: "answered.xml", to: "911"}).answer()
		if !final.isStatus("200") {
			t.Fatalf("a call got %q", final.start)
		}
		ids = append(ids, id)
		if r := l.record(t, id); r.EndReason != call.EndCallerHungUp {
			t.Errorf("the call ended by %v", r.EndReason)
		}
	}
	if err := errors.Join(os.Remove(data), os.Rename(aside, data)); err != nil {
		t.Fatal(err)
	}
	l.untilReadiness(t, "degraded", false)
	eventually(t, 10*time.Second, "the records are in the file", func() error {
		text, err := os.ReadFile(filepath.Join(data, "cdr.jsonl"))
		for _, id := range ids {
			if strings.Count(string(text), `{"id":"`+id+`"`) != 1 {
				return fmt.Errorf("%s is not there once (%w)", id, err)
			}
		}
		return nil
	})
	l.loggedOnce(t, "cdr journal cannot be written", "cdr journal can be written again")
}

func TestCallsGoOnWithoutFileDescriptors(t *testing.T) {
	t.Parallel()
	psap := startCentre(t, centre{scenario: "uas_answer.xml"})
	l := prepareLab(t, settings{noSim: true, directory: directoryOf(t, target{id: "psap-first", uri: psap.uri()}, target{id: "ecc-us", uri: psap.uri()})})
	l.files = 96
	l.start(t)
	var crowd []net.Conn
	defer func() {
		for _, c := range crowd {
			c.Close()
		}
	}()
	for range 2 { // SIP over TCP and the API: together more than there are descriptors, each below its own bound
		for range 120 {
			for _, address := range []string{l.sip(), l.host + ":6080"} {
				if c, err := net.DialTimeout("tcp", address, time.Second); err == nil {
					crowd = append(crowd, c)
				}
			}
		}
	}
	eventually(t, 10*time.Second, "the log tells", func() error {
		if !strings.Contains(l.log.String(), `"fault":"descriptors"`) {
			return errors.New("not yet")
		}
		return nil
	})
	final, id := l.call(t, caller{scenario: "answered.xml", to: "911"}).answer()
	if !final.isStatus("200") {
		t.Errorf("a call got %q", final.start)
	}
	for _, c := range crowd {
		c.Close()
	}
	l.untilReadiness(t, "degraded", false)
	if r := l.record(t, id); r.EndReason != call.EndCallerHungUp {
		t.Errorf("the call ended by %v", r.EndReason)
	}
	l.loggedOnce(t, "the machine fails", "fault is over")
}
