package b2bua

import (
	"strings"
	"testing"

	"callbox/sip/agent"
	"callbox/sip/call"
)

var reliableAble, reliableOnly = header("Supported", "timer, 100rel"), header("Require", "100rel")

// pcma is a description of a centre that speaks another codec than answerB.
var pcma = strings.Replace(answerB, "RTP/AVP 0 101", "RTP/AVP 8 101", 1)

// offersEarly is a reliable provisional answer with an offer.
func (p *peer) offersEarly(fork, body string) {
	p.does(event{kind: agent.KindProgress, status: 183, reason: "x", fork: fork, offer: true, message: sdpMessage(body)})
}

func TestACallerKeepsTheDescriptionItHadReliably(t *testing.T) {
	play(t, func(w *world) {
		a := w.invite(offerA, reliableAble)
		w.b(1).progresses(183, answerB, "x")
		first := a.expect("progress 183").message
		w.b(1).answersAs("x", "")
		if got := a.expect("answer 200").message; string(got.Body) != string(first.Body) {
			t.Errorf("the 200 has\n%s\nthe 183 had\n%s", got.Body, first.Body)
		}
		a.acks("")
		a.silent()
		w.b(1).silent()
		a.byes()
	})
}

func TestAnotherCentresDescriptionIsOfferedOnceTheCallIsUp(t *testing.T) {
	play(t, func(w *world) {
		a := w.invite(offerA, reliableAble)
		w.b(1).progresses(183, answerB, "x")
		first := a.expect("progress 183").message
		w.b(1).fails(486)
		a.expect("progress 180")
		w.b(2).progresses(183, pcma, "y")
		if again := a.expect("progress 183").message; len(again.Body) > 0 {
			t.Errorf("a second description in a provisional answer, which nobody looks at:\n%s", again.Body)
		}
		w.b(2).answersAs("y", pcma)
		if got := a.expect("answer 200").message; string(got.Body) != string(first.Body) {
			t.Errorf("the 200 has\n%s\nthe 183 had\n%s", got.Body, first.Body)
		}
		a.silent() // its ACK comes first
		a.acks("")
		s := a.expect("send INVITE")
		has(a, s.message, "RTP/AVP 8 101")
		a.responds(s, 200, pcma)
		w.b(2).silent() // it knows that codec already
		a.byes()
	})
}

func TestAnEarlyUpdateOfTheCallerIsAnsweredHere(t *testing.T) {
	play(t, func(w *world) {
		a := w.invite(offerA, reliableAble)
		has(a, a.asks("UPDATE", offerA).got(500), "Retry-After: 3") // its first offer is not answered yet
		w.b(1).progresses(183, answerB, "x")
		a.expect("progress 183")
		answer := a.asks("UPDATE", with(offerA, "sendonly", 4444)).got(200)
		has(a, answer, "a=recvonly", "RTP/AVP 0 101")
		if got := w.media.sides[0].remote.RTP.Port(); got != 4444 {
			t.Errorf("the caller's media goes to port %d", got)
		}
		a.asks("UPDATE", "nonsense").got(400)
		w.b(1).silent()
		w.b(1).answersAs("x", "")
		if got := a.expect("answer 200").message; string(got.Body) != string(answer.Body) {
			t.Errorf("the 200 has\n%s\nthe UPDATE's answer was\n%s", got.Body, answer.Body)
		}
		a.acks("")
		s := w.b(1).expect("send INVITE") // it was asked with the first offer
		has(a, s.message, "a=sendonly")
		w.b(1).responds(s, 200, with(answerB, "recvonly", 5000))
		a.silent()
		if w.media.hold != "true" {
			t.Error("the media does not know of the hold")
		}
		a.byes()
	})
}

func TestTheNextTargetIsAskedWithTheOfferThatHolds(t *testing.T) {
	play(t, func(w *world) {
		a := w.invite(offerA, reliableAble)
		w.b(1).progresses(183, answerB, "x")
		a.expect("progress 183")
		a.asks("PRACK", with(offerA, "inactive", 4444)).got(200) // a new offer may come with the PRACK too
		w.b(1).fails(486)
		a.expect("progress 180")
		has(a, w.b(2).out.Message, "a=inactive")
		w.b(2).answersAs("y", with(answerB, "inactive", 5000))
		a.expect("answer 200")
		a.acks("")
		w.b(2).silent()
		a.byes()
	})
}

func TestAnEarlyUpdateOfTheCentreIsAnsweredHere(t *testing.T) {
	for _, able := range []bool{false, true} {
		play(t, func(w *world) {
			var h []agent.Header
			if able {
				h = append(h, reliableAble)
			}
			a := w.invite(offerA, h...)
			b := w.b(1)
			b.asks("UPDATE", pcma).got(500)
			b.progresses(183, answerB, "x")
			a.expect("progress 183")
			has(b, b.asks("UPDATE", strings.Replace(pcma, "5000", "5555", 1)).got(200), "RTP/AVP 0 8 101")
			if got := w.media.sides[1].remote.RTP.Port(); got != 5555 {
				t.Errorf("the centre's media goes to port %d", got)
			}
			if !able {
				has(a, a.expect("progress 183").message, "RTP/AVP 8 101")
			}
			b.answersAs("x", answerB) // what it said first; that counts no more
			ok := a.expect("answer 200").message
			a.acks("")
			if able {
				has(a, ok, "RTP/AVP 0 101")
				has(a, a.expect("send INVITE").message, "RTP/AVP 8 101")
			} else {
				has(a, ok, "RTP/AVP 8 101")
			}
			a.byes()
		})
	}
}

func TestAnEarlyOfferOfTheCentrePassesToACallerThatMadeNone(t *testing.T) {
	play(t, func(w *world) {
		a := w.invite("", reliableOnly)
		b := w.b(1)
		has(b, b.out.Message, "Supported: timer, 100rel")
		b.rings()
		b.progresses(182, "", "x")
		a.silent() // the first reliable answer would have to hold an offer
		b.offersEarly("x", answerB)
		first := a.expect("progress 183").message
		has(a, first, "RTP/AVP 0 101")
		b.silent()
		b.offersEarly("y", pcma) // another branch
		has(b, b.expect("prack y").message, "a=inactive")
		a.asks("PRACK", offerA).got(200)
		has(b, b.expect("prack x").message, "m=audio", "RTP/AVP 0 8 101")
		b.progresses(180, "", "x")
		a.expect("progress 180")
		b.answersAs("x", "")
		if ok := a.expect("answer 200").message; len(ok.Body) > 0 {
			t.Errorf("the 200 has a description, which would be an offer:\n%s", ok.Body)
		}
		a.acks("")
		a.silent()
		b.silent()
		if w.media.sides[0].remote.RTP.Port() != 4000 || w.media.sides[1].remote.RTP.Port() != 5000 {
			t.Errorf("media goes to %v and %v", w.media.sides[0].remote.RTP, w.media.sides[1].remote.RTP)
		}
		a.byes()
	})
}

func TestAnAnsweredEarlyOfferServesTheNextTarget(t *testing.T) {
	play(t, func(w *world) {
		a := w.invite("", reliableAble)
		w.b(1).offersEarly("x", answerB)
		a.expect("progress 183")
		w.b(1).fails(486)
		a.expect("progress 180")
		lacks(a, w.b(2).out.Message, "100rel", "m=audio")
		a.asks("PRACK", offerA).got(200) // too late for the first, while the second was asked without an offer
		w.b(2).answersAs("y", pcma)
		if ok := a.expect("answer 200").message; len(ok.Body) > 0 {
			t.Errorf("the 200 has a description:\n%s", ok.Body)
		}
		has(a, w.b(2).expect("ack").message, "m=audio")
		a.acks("")
		has(a, a.expect("send INVITE").message, "RTP/AVP 8 101")
		a.byes()
	})
	play(t, func(w *world) {
		a := w.invite("", reliableAble)
		w.b(1).offersEarly("x", answerB)
		a.expect("progress 183")
		a.asks("PRACK", offerA).got(200)
		w.b(1).expect("prack x")
		w.b(1).fails(486)
		a.expect("progress 180")
		has(a, w.b(2).out.Message, "m=audio")
		a.cancels()
	})
}

func TestAnEarlyOfferThatIsNotAnswered(t *testing.T) {
	for _, body := range []string{"nonsense", "v=0\r\no=- 1 1 IN IP4 10.1.1.1\r\ns=-\r\nt=0 0\r\nm=video 4 RTP/AVP 31\r\n"} {
		play(t, func(w *world) {
			a := w.invite("", reliableAble)
			w.b(1).offersEarly("x", answerB)
			a.expect("progress 183")
			a.asks("PRACK", body)
			a.expect("reject 488")
			w.b(1).expect("cancel")
			w.ended(call.EndBadRequest)
		})
	}
	play(t, func(w *world) { // a branch that has made none answers while the caller has the other's
		a := w.invite("", reliableAble)
		w.b(1).offersEarly("x", answerB)
		a.expect("progress 183")
		w.b(1).answersAs("y", answerB)
		w.b(1).expect("ack")
		w.b(1).expect("bye")
		w.b(2)
		a.expect("progress 180")
		a.cancels()
	})
}

func TestACallerThatSendsNoPrackEndsTheCall(t *testing.T) {
	for _, answered := range []bool{false, true} {
		play(t, func(w *world) {
			a := w.invite(offerA, reliableOnly)
			b := w.b(1)
			b.progresses(183, answerB, "x")
			a.expect("progress 183")
			if answered {
				b.answersAs("x", "")
				a.expect("answer 200")
				a.finals--
			}
			a.state, a.finals = legOver, a.finals+1
			a.does(event{kind: agent.KindPrackTimeout, status: 504})
			if answered {
				b.expect("bye")
			} else {
				b.expect("cancel")
			}
			if r := w.ended(call.EndNoAck); r.SIPStatus != 504 || !r.AnsweredAt.IsZero() {
				t.Errorf("the record has status %d, answered %v", r.SIPStatus, r.AnsweredAt)
			}
		})
	}
}
