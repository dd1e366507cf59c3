package sim

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"callbox/psap/sim/voice"
	"callbox/sip/agent"
	"callbox/sip/audio"
)

func TestASentenceIsSaidOnceItHasBegun(t *testing.T) {
	s := newTestServer(t)
	synctest.Test(t, func(t *testing.T) {
		c := begin(t, s, Script{}, incoming(offer))
		second := func(text string) voice.Speech {
			return voice.Speech{Words: voice.Text(text), Clips: []audio.Clip{audio.Silence(time.Second)}}
		}
		said := func(want ...string) {
			t.Helper()
			if diff := cmp.Diff(want, c.snapshot().Said); diff != "" {
				t.Error(diff)
			}
		}
		c.noteSpeech([]voice.Speech{second("one."), second("two."), second("three.")})
		said("one.")
		time.Sleep(1500 * time.Millisecond)
		said("one.", "two.")
		c.noteSpeech(nil) // a key has stopped it
		time.Sleep(time.Minute)
		said("one.", "two.")
		c.noteSpeech([]voice.Speech{second("four."), second("five.")})
		c.send(agent.Event{Kind: agent.KindBye})
		<-c.ended
		time.Sleep(time.Minute)
		said("one.", "two.", "four.")
	})
}

func TestCallsOfOneIDAreAllThatTheEdgeTried(t *testing.T) {
	s := newTestServer(t)
	synctest.Test(t, func(t *testing.T) {
		var last *call
		for i, id := range []string{"CA1", "CA2", "CA1"} {
			in := incoming(offer)
			in.Message = in.Message.With("X-Callbox-Call", id)
			last = begin(t, s, Script{Answer: OutcomeBusy, Ring: time.Duration(i) * time.Minute}, in)
			if i < 2 {
				<-last.ended
			}
		}
		s.mu.Lock()
		s.live[last.session] = struct{}{}
		s.mu.Unlock()
		if got := s.CallsOf("CA1"); len(got) != 2 || got[0].State != StateEnded || got[1].State != StateRinging {
			t.Errorf("%+v", got)
		}
		if got := s.CallsOf("CA3"); len(got) != 0 {
			t.Errorf("%+v", got)
		}
		<-last.ended
	})
}

func TestWhatIsRememberedIsBounded(t *testing.T) {
	s := newTestServer(t)
	synctest.Test(t, func(t *testing.T) {
		for i := range maxPast + 20 {
			in := incoming(offer)
			in.CallID = fmt.Sprintf("call-%03d", i)
			c := begin(t, s, Script{Answer: OutcomeBusy}, in)
			<-c.ended
			time.Sleep(time.Millisecond)
		}
		c := begin(t, s, Script{}, incoming(offer))
		c.noteSpeech(slices.Repeat([]voice.Speech{{Words: voice.Text("Hello.")}}, 60))
		for range 300 {
			c.noteDigit('7')
		}
		if got := c.snapshot(); len(got.Said) != maxSaid || len(got.Digits) != maxDigits {
			t.Errorf("%d sentences and %d digits", len(got.Said), len(got.Digits))
		}
		c.send(agent.Event{Kind: agent.KindBye})
		<-c.ended
	})
	calls := s.Calls()
	if len(calls) != maxPast || calls[0].CallID != "call-021" || calls[maxPast-1].CallID != "abc" {
		t.Errorf("%d calls, from %s to %s", len(calls), calls[0].CallID, calls[len(calls)-1].CallID)
	}
}
