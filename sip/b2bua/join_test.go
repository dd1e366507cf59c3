package b2bua

import (
	"strings"
	"testing"
)

func TestACallerIsOfferedAnewOnlyWhatHasChanged(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		before func(a, b *peer)
		answer string
		offer  []string // what the caller is offered, nil for nothing
		toC    string
	}{
		"the same":      {nil, answerC, nil, "a=sendrecv"},
		"another codec": {nil, strings.Replace(answerC, "AVP 0 101", "AVP 8 101", 1), []string{"m=audio 30000 RTP/AVP 8 101"}, "a=sendrecv"},
		"the centre held": {func(a, b *peer) {
			q := b.asks("INVITE", with(answerB, "sendonly", 5000))
			a.responds(a.expect("send INVITE"), 200, with(offerA, "recvonly", 4000))
			q.got(200)
			b.acks("")
		}, answerC, []string{"a=sendrecv"}, "a=sendrecv"},
		"the caller holds": {func(a, b *peer) {
			q := a.asks("INVITE", with(offerA, "sendonly", 4000))
			b.responds(b.expect("send INVITE"), 200, with(answerB, "recvonly", 5000))
			q.got(200)
			a.acks("")
		}, strings.Replace(answerC, "sendrecv", "recvonly", 1), nil, "a=sendonly"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			play(t, func(w *world) {
				a, b := w.up()
				if c.before != nil {
					c.before(a, b)
				}
				b.refers(referSF).got(202)
				has(w.b(2), w.b(2).out.Message, c.toC)
				w.b(2).answers(c.answer)
				if c.offer == nil {
					a.silent()
				} else {
					s := a.expect("send INVITE")
					has(a, s.message, c.offer...)
					a.responds(s, 200, offerA)
					if w.media.hold != "false" {
						t.Error("the call counts as held")
					}
				}
				a.byes()
			})
		})
	}
}

func TestATransferWaitsForTheOfferThatIsUnderWay(t *testing.T) {
	t.Parallel()
	play(t, func(w *world) {
		a, b := w.up()
		b.refers(referSF).got(202)
		b.told(100, "active")
		q := a.asks("INVITE", with(offerA, "sendonly", 4000))
		s := b.expect("send INVITE")
		w.b(2).answers(answerC)
		b.silent()
		b.responds(s, 200, with(answerB, "recvonly", 5000))
		q.got(200)
		b.silent()
		a.acks("")
		b.told(200, "terminated")
		b.expect("bye")
		s = w.b(2).expect("send INVITE") // it was asked before the caller held
		has(w.b(2), s.message, "a=sendonly")
		w.b(2).responds(s, 488, "")
		has(a, a.expect("send INVITE").message, "a=sendrecv")
		a.byes()
	})
	play(t, func(w *world) { // the centre hangs up in the midst of it
		a, b := w.up()
		b.refers(referSF).got(202)
		q := a.asks("INVITE", with(offerA, "sendonly", 4000))
		w.b(2).answers(answerC)
		b.byes()
		q.got(500)
		a.silent()
		a.byes()
		w.b(2).expect("bye")
	})
	play(t, func(w *world) { // and in the midst of its own
		a, b := w.up()
		b.refers(referSF).got(202)
		b.asks("INVITE", with(answerB, "sendonly", 5000))
		s := a.expect("send INVITE")
		w.b(2).answers(answerC)
		b.byes()
		a.expect("cancel request")
		w.b(2).silent()
		a.responds(s, 200, with(offerA, "recvonly", 4000)) // it crossed: the caller took a change that nobody wants
		s = a.expect("send INVITE")
		has(a, s.message, "a=sendrecv")
		a.byes()
		w.b(2).expect("bye")
	})
}
