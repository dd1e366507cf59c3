package b2bua

import (
	"strings"
	"testing"

	"callbox/sip/call"
)

func TestEarlyMediaReachesTheCaller(t *testing.T) {
	play(t, func(w *world) {
		a := w.invite(offerA)
		b := w.b(1)
		b.progresses(183, answerB, "x")
		early := a.expect("progress 183")
		has(a, early.message, "m=audio 30000 RTP/AVP 0 101", "X-Callbox-Call: CA")
		lacks(a, early.message, "10.2.2.2")
		if got := w.media.sides[1].remote.RTP.String(); got != "10.2.2.2:5000" {
			t.Errorf("media goes to %s", got)
		}
		if w.media.hold != "true" {
			t.Error("the media time-out runs during set-up")
		}
		b.progresses(183, answerB, "x")
		a.silent() // said before
		b.rings()
		a.silent() // of another branch, or none: early media plays
		b.progresses(180, "", "x")
		a.expect("progress 180") // the same branch rings again after its announcement
		b.progresses(183, answerB, "x")
		a.expect("progress 183")
		b.answersAs("x", "") // it gave its description before
		has(a, a.expect("answer 200").message, "m=audio 30000 RTP/AVP 0 101")
		if w.media.hold != "false" {
			t.Error("the media time-out is still suspended")
		}
		a.byes()
	})
}

func TestADescriptionKeepsItsVersionWhileItIsTheSame(t *testing.T) {
	play(t, func(w *world) {
		a := w.invite(offerA)
		w.b(1).progresses(183, answerB, "x")
		early := string(a.expect("progress 183").message.Body)
		w.b(1).answersAs("x", strings.Replace(answerB, "o=bob 7 7", "o=bob 7 8", 1))
		if got := string(a.expect("answer 200").message.Body); got != early {
			t.Errorf("answer\n%s\ndiffers from early description\n%s", got, early)
		}
		a.byes()
	})
}

func TestAnotherForkAnswersThanWasHeard(t *testing.T) {
	play(t, func(w *world) {
		a := w.invite(offerA)
		b := w.b(1)
		b.progresses(183, answerB, "x")
		a.expect("progress 183")
		b.progresses(183, with(answerB, "sendrecv", 6000), "y")
		b.progresses(180, "", "y")
		a.silent()
		b.answersAs("y", with(answerB, "sendrecv", 7000))
		a.expect("answer 200")
		if got := w.media.sides[1].remote.RTP.Port(); got != 7000 {
			t.Errorf("media goes to port %d, want that of the answer", got)
		}
		if w.media.sides[1].resets != 1 {
			t.Error("the media still holds on to the branch that was heard")
		}
		a.byes()
	})
}

func TestAnotherForkMustBringItsOwnDescription(t *testing.T) {
	play(t, func(w *world) {
		a := w.invite(offerA)
		w.b(1).progresses(183, answerB, "x")
		w.b(1).answersAs("y", "")
		w.b(1).expect("bye")
		w.b(2)
		a.cancels()
	})
}

func TestProvisionalAnswersThatTheCallerSees(t *testing.T) {
	for _, tt := range []struct {
		name string
		hide bool
		does func(b *peer)
		want []string
	}{
		{"ringing once", false, func(b *peer) { b.rings(); b.rings() }, []string{"progress 180"}},
		{"183 without media, then ringing", false, func(b *peer) { b.progresses(183, "", ""); b.progresses(183, "", ""); b.rings() },
			[]string{"progress 183", "progress 180"}},
		{"a queue", false, func(b *peer) { b.progresses(182, "", "") }, []string{"progress 182"}},
		{"no 183 after ringing where it brings nothing", false, func(b *peer) { b.rings(); b.progresses(183, "", "") }, []string{"progress 180"}},
		{"ringing with media", false, func(b *peer) { b.progresses(180, answerB, "") }, []string{"progress 180"}},
		{"the end of a branch is of no concern", false, func(b *peer) { b.progresses(199, "", "") }, nil},
		{"a description that cannot be used", false, func(b *peer) { b.progresses(183, "nonsense", "") }, []string{"progress 183"}},
		{"ringing in place of early media where that is hidden", true,
			func(b *peer) { b.progresses(183, answerB, ""); b.progresses(183, answerB, "") }, []string{"progress 180"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			play(t, func(w *world) {
				w.plan.Targets[0].Policy.HideEarlyMedia = tt.hide
				a := w.invite(offerA)
				tt.does(w.b(1))
				for _, want := range tt.want {
					a.expect(want)
				}
				a.silent()
				w.b(1).answers(answerB)
				a.expect("answer 200")
				a.byes()
			})
		})
	}
}

func TestAnAnswerThatBeganOnHold(t *testing.T) {
	play(t, func(w *world) {
		a := w.invite(with(offerA, "sendonly", 4000))
		b := w.b(1)
		has(b, b.out.Message, "a=sendonly")
		b.answers(answerB) // it ignores the direction offered
		has(a, a.expect("answer 200").message, "a=recvonly")
		if w.media.hold != "true" || w.heard(call.EventHeld) != 1 {
			t.Error("the media does not know that the call is on hold")
		}
		a.byes()
	})
}

func TestRTCPSharesThePortOnlyWhereBothSaySo(t *testing.T) {
	mux := func(s string) string { return s + "a=rtcp-mux\r\n" }
	for _, tt := range []struct {
		name          string
		offer, answer string
		want          bool
	}{
		{"both", mux(offerA), mux(answerB), true},
		{"the caller only", mux(offerA), answerB, false},
		{"neither", offerA, answerB, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			play(t, func(w *world) {
				a := w.invite(tt.offer)
				w.b(1).answers(tt.answer)
				m := a.expect("answer 200").message
				for i, s := range w.media.sides {
					if s.remote.Mux != tt.want {
						t.Errorf("side %d shares: %v, want %v", i, s.remote.Mux, tt.want)
					}
				}
				if strings.Contains(string(m.Body), "rtcp-mux") != tt.want {
					t.Errorf("answer:\n%s", m.Body)
				}
				a.byes()
			})
		})
	}
}

func TestTheMediaLearnsOtherClocksThanTheUsual(t *testing.T) {
	play(t, func(w *world) {
		a := w.invite(strings.Replace(offerA, "0 8 101", "96 0 101", 1) + "a=rtpmap:96 opus/48000/2\r\n")
		remote := w.media.sides[0].remote
		if remote.ClockRate == nil || remote.ClockRate(96) != 48000 || remote.ClockRate(0) != 8000 {
			t.Error("the media does not know opus runs at 48 kHz")
		}
		if remote.Signalling.String() != "10.1.1.1" {
			t.Errorf("signalling from %s", remote.Signalling)
		}
		w.b(1).answers(answerB)
		if w.media.sides[1].remote.ClockRate != nil {
			t.Error("the usual clock needs no function")
		}
		a.byes()
	})
}
