package sim

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"callbox/sip/agent"
)

func (l *fakeLeg) Send(method string, m agent.Message) uint32 {
	l.note("%s %s", method, m.Get("Session-Expires"))
	return 1
}

func TestACentreRefreshesTheTimerOfItsScript(t *testing.T) {
	s := newTestServer(t)
	for _, tc := range []struct{ asked, agreed, refresh string }{
		{"", "90;refresher=uas", "45s UPDATE 90;refresher=uac"},
		{"60;refresher=uac", "60;refresher=uas", "30s UPDATE 60;refresher=uac"},
		{"1800", "90;refresher=uas", "45s UPDATE 90;refresher=uac"},
	} {
		synctest.Test(t, func(t *testing.T) {
			in := incoming(offer)
			in.Message = in.Message.With("Supported", "timer")
			if tc.asked != "" {
				in.Message = in.Message.With("Session-Expires", tc.asked)
			}
			c := begin(t, s, Script{Timer: 90 * time.Second, Reliable: true}, in)
			if m := c.leg.last; m.Get("Session-Expires") != tc.agreed || m.Get("Require") != "timer" {
				t.Errorf("asked for %q it says %v", tc.asked, m.Headers)
			}
			time.Sleep(50 * time.Second)
			c.send(agent.Event{Kind: agent.KindBye})
			<-c.ended
			if want := []string{"0s 180 Ringing", "0s 200", tc.refresh}; !slices.Equal(c.leg.did, want) {
				t.Errorf("asked for %q it did %q, want %q", tc.asked, c.leg.did, want)
			}
		})
	}
	synctest.Test(t, func(t *testing.T) {
		c := begin(t, s, Script{Timer: 90 * time.Second}, incoming(offer)) // a caller that speaks no timers
		if m := c.leg.last; m.Get("Session-Expires") != "" {
			t.Errorf("it says %v", m.Headers)
		}
		c.send(agent.Event{Kind: agent.KindBye})
		<-c.ended
	})
}

func TestACentresRingingIsReliableWhereItsScriptSaysSo(t *testing.T) {
	s := newTestServer(t)
	for _, reliable := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			c := begin(t, s, Script{Reliable: reliable, Answer: OutcomeSilence}, incoming(offer))
			if got := c.leg.last.Get("Require") == "100rel"; got != reliable {
				t.Errorf("reliable is %v, want %v", got, reliable)
			}
			c.send(agent.Event{Kind: agent.KindCancelled})
			<-c.ended
		})
	}
}
