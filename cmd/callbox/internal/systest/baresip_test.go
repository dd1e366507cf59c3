package systest

import (
	"strings"
	"testing"
	"time"

	"callbox/sip/call"
)

// labPhone is a softphone that calls as a number of the lab's domain and does not register.
func labPhone(t *testing.T, l *lab, number, transport string) softphone {
	t.Helper()
	p := newSoftphone(t)
	p.account = account(number, "lab.sip.us1.twilio.com", transport, l.sip(), "regint=0")
	p.modules = []string{"sndfile"}
	return p
}

func TestBaresipTalksToACallTaker(t *testing.T) {
	t.Parallel()
	for _, transport := range []string{"udp", "tcp"} {
		t.Run(transport, func(t *testing.T) {
			t.Parallel()
			l := startLab(t, settings{})
			p := labPhone(t, l, sanFrancisco, transport)
			said := p.run(t, "sip:911@lab.sip.us1.twilio.com", 9*time.Second, 15*time.Second)
			if !strings.Contains(said, "Call established") {
				t.Fatalf("baresip was not answered:\n%s", said)
			}
			r := l.record(t, l.theCall(t))
			if r.AnsweredBy != "psap-sf" || r.EndReason != call.EndCallerHungUp || r.Transport != transport {
				t.Errorf("answered by %q over %s, ended by %v", r.AnsweredBy, r.Transport, r.EndReason)
			}
			if r.Media.FromCaller.Packets < 150 || r.Media.FromCentre.Packets < 150 || r.Media.OneWay {
				t.Errorf("media: %+v", r.Media)
			}
			if s := p.heard(t); s.active < time.Second {
				t.Errorf("baresip heard %+v", s)
			}
		})
	}
}

func TestBaresipIsToldThatAStrangerIsRefused(t *testing.T) {
	t.Parallel()
	l := startLab(t, settings{})
	said := labPhone(t, l, stranger, "udp").run(t, "sip:911@lab.sip.us1.twilio.com", 3*time.Second, 15*time.Second)
	if !strings.Contains(said, "403") {
		t.Errorf("baresip said:\n%s", said)
	}
}
