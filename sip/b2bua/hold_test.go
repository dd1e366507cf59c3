package b2bua

import (
	"strings"
	"testing"

	"callbox/sip/call"
)

func TestHoldAndResume(t *testing.T) {
	both(t, func(w *world, p, other *peer, side, _ int) {
		for _, step := range []struct{ offer, answer, want, hold string }{
			{"sendonly", "recvonly", "a=recvonly", "true"},
			{"sendrecv", "sendrecv", "a=sendrecv", "false"},
			{"inactive", "inactive", "a=inactive", "true"},
			{"sendrecv", "sendrecv", "a=sendrecv", "false"},
			{"sendonly", "sendrecv", "a=recvonly", "true"}, // a side that ignores the direction offered
			{"sendrecv", "sendrecv", "a=sendrecv", "false"},
		} {
			q := p.asks("INVITE", with(offerA, step.offer, 4000))
			passed := other.expect("send INVITE")
			has(other, passed.message, "a="+step.offer, "c=IN IP4 127.0.0.1")
			lacks(other, passed.message, "10.1.1.1")
			other.responds(passed, 200, with(answerB, step.answer, 5000))
			has(p, q.got(200), step.want)
			p.acks("")
			if w.media.hold != step.hold {
				w.t.Errorf("after %s the media is on hold: %s", step.offer, w.media.hold)
			}
		}
		if h, r := w.heard(call.EventHeld), w.heard(call.EventResumed); h != 3 || r != 3 {
			w.t.Errorf("held %d times, resumed %d times", h, r)
		}
		if w.heard(call.EventReoffered) != 6 {
			w.t.Errorf("reoffered %d times", w.heard(call.EventReoffered))
		}
		other.byes()
		p.expect("bye")
	})
}

func TestWhoResumesWithoutAnOfferIsHeardAndHears(t *testing.T) {
	both(t, func(w *world, p, other *peer, _, _ int) {
		for _, hold := range []string{"sendonly", "inactive"} {
			mirror := map[string]string{"sendonly": "recvonly", "inactive": "inactive"}[hold]
			q := p.asks("INVITE", with(offerA, hold, 4000))
			other.responds(other.expect("send INVITE"), 200, with(answerB, mirror, 5000))
			q.got(200)
			p.acks("")
			q = p.asks("INVITE", "")
			other.responds(other.expect("send INVITE"), 200, with(answerB, mirror, 5000)) // what it was left with
			has(p, q.got(200), "a=sendrecv")
			p.acks(offerA)
			has(other, other.expect("ack").message, "a="+map[string]string{"recvonly": "sendonly", "inactive": "inactive"}[mirror])
			s := other.expect("send INVITE")
			has(other, s.message, "a=sendrecv")
			other.responds(s, 200, answerB)
			if w.media.hold != "false" {
				w.t.Errorf("after a hold by %s the media is on hold: %s", hold, w.media.hold)
			}
		}
		p.byes()
	})
}

func TestWhoHoldsByItselfIsLeftAlone(t *testing.T) {
	both(t, func(_ *world, p, other *peer, _, _ int) {
		q := other.asks("INVITE", with(offerA, "sendonly", 4000))
		p.responds(p.expect("send INVITE"), 200, with(answerB, "recvonly", 5000))
		q.got(200)
		other.acks("")
		r := p.asks("INVITE", "")
		other.responds(other.expect("send INVITE"), 200, with(offerA, "sendonly", 4000))
		has(p, r.got(200), "a=sendonly")
		p.acks(with(answerB, "recvonly", 5000))
		other.expect("ack")
		other.silent()
		p.byes()
	})
	both(t, func(_ *world, p, other *peer, _, _ int) { // an answer that says less than it may is a wish too
		q := p.asks("INVITE", offerA)
		other.responds(other.expect("send INVITE"), 200, with(answerB, "inactive", 5000))
		q.got(200)
		p.acks("")
		q = p.asks("INVITE", "")
		other.responds(other.expect("send INVITE"), 200, with(answerB, "inactive", 5000))
		has(p, q.got(200), "a=inactive")
		p.byes()
	})
	both(t, func(_ *world, p, other *peer, _, _ int) { // it asks for an offer and stays on hold
		q := p.asks("INVITE", with(offerA, "sendonly", 4000))
		other.responds(other.expect("send INVITE"), 200, with(answerB, "recvonly", 5000))
		q.got(200)
		p.acks("")
		q = p.asks("INVITE", "")
		other.responds(other.expect("send INVITE"), 200, with(answerB, "recvonly", 5000))
		q.got(200)
		p.acks(with(offerA, "sendonly", 4000))
		has(other, other.expect("ack").message, "a=sendonly")
		other.silent()
		p.byes()
	})
}

func TestHoldTheOldWay(t *testing.T) {
	both(t, func(w *world, p, other *peer, _, _ int) {
		q := p.asks("INVITE", strings.Replace(offerA, "c=IN IP4 10.1.1.1", "c=IN IP4 0.0.0.0", 1))
		passed := other.expect("send INVITE")
		has(other, passed.message, "a=sendonly", "c=IN IP4 127.0.0.1")
		other.responds(passed, 200, with(answerB, "recvonly", 5000))
		q.got(200)
		if w.media.hold != "true" {
			w.t.Error("the media does not know that the call is on hold")
		}
		p.byes()
	})
}
