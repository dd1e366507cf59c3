package systest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"callbox/sip/call"
)

// inTwoCentres starts two call centres and an edge that knows the first; the returned text knows the second.
func inTwoCentres(t *testing.T, s settings) (l *lab, second string) {
	t.Helper()
	a, b := startCentre(t, centre{scenario: "uas_answer.xml"}), startCentre(t, centre{scenario: "uas_answer.xml"})
	ecc := target{id: "ecc-us", uri: "sip:ecc-us@sim"}
	s.directory = directoryOf(t, target{id: "psap-old", uri: a.uri()}, ecc)
	return startLab(t, s), directoryOf(t, target{id: "psap-new", uri: b.uri()}, ecc)
}

// answeredBy places a call and returns who took it.
func answeredBy(t *testing.T, l *lab) string {
	t.Helper()
	_, id := l.call(t, caller{scenario: "answered.xml", to: "911", hold: 200 * time.Millisecond}).answer()
	return l.record(t, id).AnsweredBy
}

func TestReloadGivesNewCallsTheNewDirectory(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		reload func(t *testing.T, l *lab)
	}{
		{"by SIGHUP", func(t *testing.T, l *lab) { l.signal(t, syscall.SIGHUP) }},
		{"by HTTP", func(t *testing.T, l *lab) {
			if status, body := l.request(t, http.MethodPost, "/-/reload"); status != http.StatusOK {
				t.Fatalf("POST /-/reload: %d %s", status, body)
			}
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			l, second := inTwoCentres(t, settings{})
			running := l.place(t, caller{scenario: "answered.xml", to: "911", hold: 3 * time.Second})
			id := l.theCall(t)
			l.recordWhen(t, id, "the call is answered", func(r call.Record) bool { return r.State == call.StateAnswered })
			l.write(t, "directory.yaml", second)
			test.reload(t, l)
			eventually(t, 5*time.Second, "the new directory is in force", func() error {
				if _, body := l.get(t, "/api/v1/psaps"); !strings.Contains(string(body), "psap-new") {
					return fmt.Errorf("the centres are %s", body)
				}
				return nil
			})
			if by := answeredBy(t, l); by != "psap-new" {
				t.Errorf("a new call was answered by %q", by)
			}
			running.finish(t)
			if r := l.record(t, id); r.AnsweredBy != "psap-old" || r.EndReason != call.EndCallerHungUp {
				t.Errorf("the call from before ended by %v at %q", r.EndReason, r.AnsweredBy)
			}
		})
	}
}

func TestBadReloadChangesNothingAndSaysWhy(t *testing.T) {
	t.Parallel()
	l, second := inTwoCentres(t, settings{})
	l.write(t, "directory.yaml", strings.Replace(second, "psaps:", "psapps:", 1))
	status, body := l.request(t, http.MethodPost, "/-/reload")
	var problem struct {
		Errors []struct{ Message, Location string }
	}
	if err := json.Unmarshal(body, &problem); err != nil || status != http.StatusBadRequest || len(problem.Errors) == 0 {
		t.Fatalf("POST /-/reload of a bad file: %d %s (%v)", status, body, err)
	}
	if all := string(body); !strings.Contains(all, "directory.yaml:") || !strings.Contains(all, "psapps") {
		t.Errorf("the answer does not say where and what: %s", body)
	}
	l.signal(t, syscall.SIGHUP)
	eventually(t, 5*time.Second, "the log says why", func() error {
		if !strings.Contains(l.log.String(), "psapps") {
			return fmt.Errorf("not yet")
		}
		return nil
	})
	if by := answeredBy(t, l); by != "psap-old" {
		t.Errorf("a call was answered by %q", by)
	}
}

func TestSIGTERMWaitsForCallsAndStillTakesEmergencies(t *testing.T) {
	t.Parallel()
	l := startLab(t, settings{})
	running := l.place(t, caller{scenario: "answered.xml", to: "911", hold: 4 * time.Second})
	l.recordWhen(t, l.theCall(t), "the call is answered", func(r call.Record) bool { return r.State == call.StateAnswered })
	l.signal(t, syscall.SIGTERM)
	eventually(t, 3*time.Second, "/readyz turns", func() error {
		if err := l.ready(t); err != nil {
			return nil
		}
		return fmt.Errorf("still ready")
	})
	if by := answeredBy(t, l); by != "psap-sf" {
		t.Errorf("an emergency call while draining was answered by %q", by)
	}
	if final, _ := l.call(t, caller{scenario: "refused.xml", to: "933"}).answer(); !final.isStatus("503") {
		t.Errorf("a test call while draining got %q", final.start)
	}
	running.finish(t)
	if code := l.wait(t, 5*time.Second); code != 0 {
		t.Errorf("callbox ended with code %d\n%s", code, tail(l.log.String(), 20))
	}
}

func TestSIGTERMEndsCallsAtTheLimit(t *testing.T) {
	t.Parallel()
	l := startLab(t, settings{drainLimit: time.Second})
	running := l.place(t, caller{scenario: "hung_up_on.xml", to: "911"})
	l.recordWhen(t, l.theCall(t), "the call is answered", func(r call.Record) bool { return r.State == call.StateAnswered })
	l.signal(t, syscall.SIGTERM)
	running.finish(t) // BYE came
	if code := l.wait(t, 8*time.Second); code != 0 {
		t.Errorf("callbox ended with code %d", code)
	}
	if cdr := l.journal(t); !strings.Contains(cdr, `"end_reason":"shutdown"`) {
		t.Errorf("the journal does not say how the call ended:\n%s", cdr)
	}
}

func TestSecondSignalEndsAtOnce(t *testing.T) {
	t.Parallel()
	l := startLab(t, settings{})
	l.place(t, caller{scenario: "hung_up_on.xml", to: "911"})
	l.recordWhen(t, l.theCall(t), "the call is answered", func(r call.Record) bool { return r.State == call.StateAnswered })
	l.signal(t, syscall.SIGTERM)
	eventually(t, 3*time.Second, "/readyz turns", func() error {
		if err := l.ready(t); err != nil {
			return nil
		}
		return fmt.Errorf("still ready")
	})
	l.signal(t, syscall.SIGTERM)
	if code := l.wait(t, 3*time.Second); code < 0 {
		t.Errorf("callbox ended with code %d", code)
	}
}

func TestRecordsSurviveKill(t *testing.T) {
	t.Parallel()
	l := startLab(t, settings{})
	ids := map[string]string{}
	for _, from := range []string{sanFrancisco, newYork} {
		_, id := l.call(t, caller{scenario: "answered.xml", from: "sip:" + from + "@lab.sip.us1.twilio.com", to: "911", hold: 100 * time.Millisecond}).answer()
		l.record(t, id)
		ids[id] = from
	}
	l.signal(t, syscall.SIGKILL)
	l.wait(t, 5*time.Second)
	if n := strings.Count(l.journal(t), "\n"); n != 2 {
		t.Errorf("the journal has %d lines", n)
	}
	l.start(t)
	for id, from := range ids {
		if r := l.record(t, id); r.Caller != from {
			t.Errorf("call %s is of %s after the restart, want %s", id, r.Caller, from)
		}
	}
}

// journal returns the text of the CDR file.
func (l *lab) journal(t *testing.T) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(l.dir, "data", "cdr.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
