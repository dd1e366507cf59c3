package b2bua

import (
	"strings"
	"testing"
	"time"

	"callbox/routing/directory"
	"callbox/sip/call"
)

// What happens where a transfer, holds, re-INVITEs, session timers and SRTP meet in one call.

// The caller changes its offer while the target rings, which was asked with the one before.
func TestATargetLearnsWhatTheCallerHasChangedMeanwhile(t *testing.T) {
	t.Parallel()
	hold, taken := with(offerA, "sendonly", 4000), with(answerB, "recvonly", 5000)
	for name, c := range map[string]struct {
		before, beforeB string // of the caller and the centre, before the REFER
		change, changeB string // while the target rings
		answer          string // of the target to its INVITE
		toC, again      string // what it is offered then, and answers
		held            string
	}{
		"resumes":       {hold, taken, offerA, answerB, with(answerB, "recvonly", 5000), "a=sendrecv", answerC, "false"},
		"holds":         {"", "", hold, taken, answerC, "a=sendonly", strings.Replace(answerC, "sendrecv", "recvonly", 1), "true"},
		"another codec": {"", "", alaw(offerA), answerB, answerC, "AVP 8 101", alaw(answerC), "false"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			play(t, func(w *world) {
				a, b := w.up()
				reinvite := func(offer, answer string) {
					q := a.asks("INVITE", offer)
					b.responds(b.expect("send INVITE"), 200, answer)
					q.got(200)
					a.acks("")
				}
				if c.before != "" {
					reinvite(c.before, c.beforeB)
				}
				b.refers(referSF, "Refer-Sub: false").got(202)
				reinvite(c.change, c.changeB)
				target := w.b(2)
				target.answers(c.answer)
				b.expect("bye")
				a.silent()
				s := target.expect("send INVITE")
				has(target, s.message, c.toC)
				target.responds(s, 200, c.again)
				s = a.expect("send INVITE")
				a.responds(s, 200, c.change)
				target.silent()
				a.silent()
				if w.media.hold != c.held {
					t.Errorf("the call is held: %s, want %s", w.media.hold, c.held)
				}
				a.byes()
				target.expect("bye")
			})
		})
	}
}

// An offer to the caller has crossed one of its own, and waits to be made again, when the target takes the call over.
func TestACallerWhoWasOwedAnOfferGetsTheTargets(t *testing.T) {
	t.Parallel()
	play(t, func(w *world) {
		a, b := w.up()
		q := b.asks("INVITE", with(answerB, "sendonly", 5000))
		b.withdrawsLate(q, a, a.expect("send INVITE"), with(offerA, "recvonly", 4000))
		s := a.expect("send INVITE") // what held before
		has(a, s.message, "a=sendrecv")
		a.responds(s, 491, "")
		b.refers(referSF, "Refer-Sub: false").got(202)
		w.b(2).answers(answerC)
		b.expect("bye")
		has(a, a.expect("send INVITE").message, "a=sendrecv")
		a.byes()
	})
}

// A centre that does not wait for the outcome of one transfer hears of it before it may begin another.
func TestTheOutcomeOfATransferIsToldBeforeTheNext(t *testing.T) {
	t.Parallel()
	play(t, func(w *world) {
		a, b := w.up()
		b.refers(referSF).got(202)
		trying := b.expect("send NOTIFY")
		w.b(2).fails(486)
		has(b, b.refers(referSF).got(491), "Retry-After")
		b.responds(trying, 200, "")
		s := b.expect("send NOTIFY")
		has(b, s.message, "SIP/2.0 486 ", "terminated")
		b.refers(referSF).got(202)
		b.responds(s, 200, "")
		b.told(100, "active")
		a.byes()
	})
}

// A caller that refreshes its session must be able to while its centre has gone and others ring.
func TestACallerMayRefreshWhileItWaitsForTheTarget(t *testing.T) {
	t.Parallel()
	play(t, func(w *world) {
		timers := headers([]string{timerAble, "Session-Expires: 90;refresher=uac"})
		a := w.invite(offerA, timers...)
		b := w.b(1)
		b.answers(answerB)
		a.expect("answer 200")
		a.acks("")
		b.refers(referSF).got(202)
		b.byes()
		w.registry.out["psap-sf"] = true
		for n := 2; n < 5; n++ { // the target, then the centres of the decision
			w.pass(15 * time.Second)
			m := a.asks("INVITE", offerA, timers...).got(200)
			has(a, m, "Session-Expires: 90;refresher=uac", "m=audio 30000")
			a.acks("")
			a.asks("INVITE", with(offerA, "sendonly", 4000), timers...).got(500)
			w.b(n).fails(486)
		}
		a.expect("bye")
		w.ended(call.EndNoTarget)
	})
}

// Before a centre with SRTP has answered, what comes passes for nothing, whatever rang before it.
func TestNothingPassesForPlainWhileASecureCentreRings(t *testing.T) {
	t.Parallel()
	play(t, func(w *world) {
		w.plan.Targets[1].SRTP = directory.SRTPRequired
		a, b := w.up()
		b.refers(referSF).got(202)
		b.byes()
		w.b(2).progresses(183, answerC, "x") // in the clear, and heard
		w.b(2).fails(486)
		w.b(3).fails(486)
		has(w.b(4), w.b(4).out.Message, "RTP/SAVP")
		if w.media.sides[1].open() {
			t.Error("a stranger would be heard in the clear")
		}
		a.byes()
	})
	step := ring("plain", "secure")
	step.Dial[1].Secure = true
	playBack(t, func(w *world, _ *backPlan) {
		a := w.invite(offerA)
		w.b(1).progresses(183, answerB, "x")
		w.b(1).fails(486)
		if w.media.sides[1].open() {
			t.Error("a stranger would be heard in the clear")
		}
		a.cancels()
	}, step)
}

// Whoever answered hangs up while the centre is asked for an offer on his behalf: its 2xx needs an ACK all the same, and it
// can refresh its session until somebody else is there.
func TestACallbackGoesOnInTheMiddleOfAnOffer(t *testing.T) {
	t.Parallel()
	first := ring("one")
	first.GoesOn = true
	playBack(t, func(w *world, _ *backPlan) {
		timers := headers([]string{timerAble, "Session-Expires: 90;refresher=uac"})
		a := w.invite(offerA, timers...)
		b := w.b(1)
		b.answers(answerB)
		a.expect("answer 200")
		a.acks("")
		q := b.asks("INVITE", "")
		s := a.expect("send INVITE")
		b.byes()
		q.got(487)
		a.expect("cancel request")
		a.responds(s, 200, offerA) // it crossed
		has(a, a.expect("ack").message, "m=audio 30000")
		w.pass(15 * time.Second)
		a.asks("INVITE", offerA, timers...).got(200)
		a.acks("")
		w.b(2).answers(answerC)
		s = a.expect("send INVITE")
		a.responds(s, 200, offerA)
		if got := w.media.sides[1].remote.RTP.String(); got != "10.3.3.3:6000" {
			t.Errorf("the centre's media goes to %s, want the second phone", got)
		}
		a.silent()
		a.byes()
		w.b(2).expect("bye")
	}, first, ring("two"))
	playBack(t, func(w *world, _ *backPlan) { // the second answers before the centre has
		a := w.invite(offerA)
		b := w.b(1)
		b.answers(answerB)
		a.expect("answer 200")
		a.acks("")
		b.asks("INVITE", "")
		s := a.expect("send INVITE")
		b.byes()
		a.expect("cancel request")
		w.b(2).answers(answerC)
		a.silent()
		a.responds(s, 487, "")
		s = a.expect("send INVITE")
		a.responds(s, 200, offerA)
		a.byes()
		w.b(2).expect("bye")
	}, first, ring("two"))
}
