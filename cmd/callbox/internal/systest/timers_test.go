package systest

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"callbox/sip/call"
)

// quick are settings under which sessions expire within seconds.
func quick() settings { return settings{minSession: 2 * time.Second} }

func isBye(m message) bool { return m.received && m.isRequest("BYE") }

func TestTheCallersSessionTimer(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, scenario string
		refresh        string // the method the edge refreshes by, "" where the caller does
		agreed         string
		end            call.EndReason
	}{
		{"refreshed by UPDATE", "timer_updated.xml", "UPDATE", "2;refresher=uas", call.EndCallerHungUp},
		{"refreshed by re-INVITE", "timer_reinvited.xml", "INVITE", "2;refresher=uas", call.EndCallerHungUp},
		{"not refreshed by the caller", "timer_forgets.xml", "", "3;refresher=uac", call.EndSessionExpired},
		{"too short at first", "timer_short.xml", "", "2;refresher=uas", call.EndCallerHungUp},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			l, psap := between(t, quick(), centre{scenario: "uas_answer.xml"})
			said := l.call(t, caller{scenario: test.scenario, to: "911", hold: 300 * time.Millisecond})
			answer, _ := said.find(func(m message) bool { return m.received && isOK(m) })
			if answer.header("Session-Expires") != test.agreed || answer.header("Require") != "timer" {
				t.Errorf("agreed on %q, Require: %q", answer.header("Session-Expires"), answer.header("Require"))
			}
			refreshes := said.all(func(m message) bool { return test.refresh != "" && m.received && m.isRequest(test.refresh) })
			for _, m := range refreshes {
				if m.header("Session-Expires") != "2;refresher=uac" || hasSDP(m) != (test.refresh == "INVITE") {
					t.Errorf("refreshed by %+v", m)
				}
			}
			if test.refresh != "" && len(refreshes) < 2 {
				t.Errorf("%d refreshes", len(refreshes))
			}
			final, id := said.answer()
			if r := l.record(t, id); r.EndReason != test.end {
				t.Errorf("the call ended by %v", r.EndReason)
			}
			heard := psap.stop(t)
			if _, ok := heard.find(func(m message) bool {
				return m.received && (m.isRequest("UPDATE") || m.header("Session-Expires") != "")
			}); ok {
				t.Error("the centre heard of the caller's timer")
			}
			if test.end == call.EndSessionExpired {
				bye, _ := heard.find(isBye)
				if !strings.Contains(bye.header("Reason"), "the caller did not refresh the session") {
					t.Errorf("the centre was told %q; the caller was answered %q", bye.header("Reason"), final.start)
				}
			}
		})
	}
}

func TestTheCentresSessionTimer(t *testing.T) {
	t.Parallel()
	own := quick()
	own.ownSession = 5 * time.Second
	for _, test := range []struct {
		name, scenario string
		settings       settings
		caller         caller
		end            call.EndReason
	}{
		{"refreshed by the edge", "uas_timer.xml", quick(), caller{scenario: "answered.xml", hold: 3500 * time.Millisecond}, call.EndCallerHungUp},
		{"not refreshed by the centre", "uas_timer_forgets.xml", quick(), caller{scenario: "hung_up_on.xml"}, call.EndSessionExpired},
		{"too short for the centre", "uas_timer_longer.xml", own, caller{scenario: "answered.xml", hold: 300 * time.Millisecond}, call.EndCallerHungUp},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			l, psap := between(t, test.settings, centre{scenario: test.scenario})
			test.caller.to = "911"
			said := l.call(t, test.caller)
			_, id := said.answer()
			r := l.record(t, id)
			if r.EndReason != test.end || r.AnsweredBy != "psap-first" {
				t.Errorf("answered by %q, ended by %v, attempts %v", r.AnsweredBy, r.EndReason, attempts(r))
			}
			if _, ok := said.find(func(m message) bool { return m.received && (isInvite(m) || m.isRequest("UPDATE")) }); ok {
				t.Error("the caller heard of the centre's timer")
			}
			heard := psap.stop(t)
			if n := len(heard.all(func(m message) bool { return m.received && isInvite(m) })); test.scenario == "uas_timer.xml" && n < 3 {
				t.Errorf("the centre heard %d INVITEs: no refreshes", n)
			}
		})
	}
}

func TestASimulatedCentreRefreshesItsSession(t *testing.T) {
	t.Parallel()
	s := quick()
	s.scripts = "centres: {psap-sf: {timer: 3s, reliable: true, ring: 0s, media: false}}"
	l := startLab(t, s)
	_, id := l.call(t, caller{scenario: "answered.xml", to: "911", hold: 5 * time.Second}).answer()
	if r := l.record(t, id); r.EndReason != call.EndCallerHungUp || r.AnsweredBy != "psap-sf" {
		t.Errorf("answered by %q, ended by %v", r.AnsweredBy, r.EndReason)
	}
}

func TestLinphonesSessionIsRefreshed(t *testing.T) {
	t.Parallel()
	l := startLab(t, quick())
	p := startLinphone(t, linphoneAccount(l.sip(), "udp"),
		"session_expires_enabled=1\nsession_expires_value=4\nsession_expires_min_value=2\nsession_expires_refresher_value=1\n")
	p.do(t, "call sip:911@lab.sip.us1.twilio.com")
	p.await(t, "Media streams established", 1)
	id := l.theCall(t)
	eventually(t, 30*time.Second, "the edge has refreshed the session twice", func() error {
		log, err := os.ReadFile(filepath.Join(p.dir, "log"))
		if n := strings.Count(string(log), "UPDATE sip:"); err == nil && n < 2 {
			err = fmt.Errorf("linphone's log has %d UPDATEs", n)
		}
		return err
	})
	p.do(t, "terminate")
	if r := l.record(t, id); r.EndReason != call.EndCallerHungUp {
		t.Errorf("the call ended by %v", r.EndReason)
	}
}
