package systest

import (
	"strings"
	"testing"
	"time"

	"callbox/sip/call"
)

func isReliable(m message) bool { return m.header("RSeq") != "" && m.header("Require") == "100rel" }

func TestReliableProvisionalAnswersOnEitherLeg(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name           string
		caller, centre string // scenarios
		early          string // what rings at the caller
		reliable       bool   // at the caller
	}{
		{"the caller requires them", "reliable.xml", "", "180", true},
		{"the centre sends them", "answered.xml", "uas_reliable.xml", "183", false},
		{"both", "reliable.xml", "uas_reliable.xml", "183", true},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var l *lab
			var psap *sipp
			if test.centre == "" {
				l = startLab(t, settings{})
			} else {
				l, psap = between(t, settings{}, centre{scenario: test.centre})
			}
			said := l.call(t, caller{scenario: test.caller, to: "911", hold: 300 * time.Millisecond})
			rang, ok := said.find(func(m message) bool { return m.received && m.isStatus(test.early) })
			if !ok || isReliable(rang) != test.reliable {
				t.Errorf("the caller heard %+v", rang)
			}
			if hasSDP(rang) != (test.early == "183") {
				t.Errorf("a description in a %s: %v", test.early, hasSDP(rang))
			}
			if allow := rang.header("Allow"); test.reliable && !strings.Contains(allow, "PRACK") {
				t.Errorf("Allow: %s", allow)
			}
			if answer, found := said.find(func(m message) bool { return m.received && isOK(m) }); !found || !hasSDP(answer) {
				t.Errorf("the call was answered %+v", answer)
			}
			_, id := said.answer()
			if r := l.record(t, id); r.EndReason != call.EndCallerHungUp {
				t.Errorf("the call ended by %v", r.EndReason)
			}
			if psap != nil {
				psap.stop(t)
			}
		})
	}
}

func TestACallerThatSendsNoPrackIsRefused(t *testing.T) {
	t.Parallel()
	l := startLab(t, settings{directory: directoryOf(t, target{id: "psap-first", uri: "sip:psap-silent@sim"}, target{id: "ecc-us", uri: "sip:psap-silent@sim"})})
	said := l.call(t, caller{scenario: "unpracked.xml", to: "911", limit: time.Minute})
	if n := len(said.all(func(m message) bool { return m.received && m.isStatus("180") })); n < 5 {
		t.Errorf("the 180 came %d times in 32 seconds", n)
	}
	final, id := said.answer()
	if !final.isStatus("504") {
		t.Errorf("the caller got %q", final.start)
	}
	if r := l.record(t, id); r.EndReason != call.EndNoAck || r.SIPStatus != 504 {
		t.Errorf("the call ended by %v with status %d", r.EndReason, r.SIPStatus)
	}
}

func TestAnExtensionNobodyHasIsRefusedByName(t *testing.T) {
	t.Parallel()
	l := startLab(t, settings{})
	final, _ := l.call(t, caller{scenario: "extension.xml", to: "911"}).answer()
	if !final.isStatus("420") || final.header("Unsupported") != "sec-agree" {
		t.Errorf("%q, Unsupported: %q", final.start, final.header("Unsupported"))
	}
}
