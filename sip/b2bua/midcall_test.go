package b2bua

import (
	"strings"
	"testing"

	"callbox/sip/agent"
	"callbox/sip/call"
)

// both runs a script with the caller as the side that acts, then with the centre.
func both(t *testing.T, script func(w *world, p, other *peer, side, far int)) {
	t.Helper()
	t.Run("by the caller", func(t *testing.T) {
		play(t, func(w *world) { a, b := w.up(); script(w, a, b, 0, 1) })
	})
	t.Run("by the centre", func(t *testing.T) {
		play(t, func(w *world) { a, b := w.up(); script(w, b, a, 1, 0) })
	})
}

func TestANewCodecAndPort(t *testing.T) {
	both(t, func(w *world, p, other *peer, side, far int) {
		q := p.asks("UPDATE", strings.Replace(with(offerA, "sendrecv", 4444), "0 8 101", "8", 1))
		passed := other.expect("send UPDATE")
		has(other, passed.message, "RTP/AVP 8\r\n")
		if w.media.sides[side].remote.RTP.Port() == 4444 {
			w.t.Error("media was moved before the change was accepted")
		}
		other.responds(passed, 200, strings.Replace(with(answerB, "sendrecv", 5555), "0 101", "8", 1))
		has(p, q.got(200), "RTP/AVP 8\r\n")
		if got := w.media.sides[side].remote.RTP.Port(); got != 4444 {
			w.t.Errorf("media of the side that offered goes to port %d", got)
		}
		if got := w.media.sides[far].remote.RTP.Port(); got != 5555 {
			w.t.Errorf("media of the side that answered goes to port %d", got)
		}
		p.byes()
	})
}

func TestARefreshThatChangesNothingKeepsTheVersion(t *testing.T) {
	play(t, func(w *world) {
		a, b := w.up()
		// The first INVITE's offer had a location beside it; the description is what must not change.
		first := b.out.Message.Body
		q := a.asks("INVITE", offerA)
		passed := b.expect("send INVITE")
		if !strings.Contains(string(first), string(passed.message.Body)) {
			t.Errorf("refresh\n%s\nis not the first offer\n%s", passed.message.Body, first)
		}
		b.responds(passed, 200, answerB)
		q.got(200)
		a.acks("")
		if w.heard(call.EventHeld)+w.heard(call.EventResumed) != 0 {
			t.Error("a refresh put the call on hold")
		}
		a.byes()
	})
}

func TestOffersThatCross(t *testing.T) {
	both(t, func(w *world, p, other *peer, _, _ int) {
		q := p.asks("INVITE", offerA)
		passed := other.expect("send INVITE")
		other.asks("INVITE", answerB).got(491)
		other.asks("UPDATE", answerB).got(491)
		p.asks("UPDATE", offerA).got(491)
		other.responds(passed, 200, answerB)
		q.got(200)
		other.asks("UPDATE", answerB).got(491) // the ACK has not come
		p.acks("")
		q = other.asks("UPDATE", answerB)
		p.responds(p.expect("send UPDATE"), 200, offerA)
		q.got(200)
		p.byes()
	})
}

func TestOffersBeforeTheCallersAck(t *testing.T) {
	play(t, func(w *world) {
		a := w.invite(offerA)
		b := w.b(1)
		b.answers(answerB)
		a.expect("answer 200")
		b.asks("INVITE", answerB).got(491)
		a.acks("")
		b.asks("INVITE", answerB)
		a.expect("send INVITE")
		a.byes()
	})
}

func TestAReInviteWithoutOffer(t *testing.T) {
	both(t, func(w *world, p, other *peer, side, far int) {
		q := p.asks("INVITE", "")
		passed := other.expect("send INVITE")
		if len(passed.message.Body) != 0 {
			w.t.Fatal("it has an offer now")
		}
		other.responds(passed, 200, with(answerB, "sendrecv", 5555))
		has(p, q.got(200), "m=audio 3000")
		other.silent()
		p.acks(with(offerA, "sendonly", 4444))
		has(other, other.expect("ack").message, "m=audio 3000", "a=sendonly")
		if got := w.media.sides[side].remote.RTP.Port(); got != 4444 {
			w.t.Errorf("media goes to port %d", got)
		}
		if got := w.media.sides[far].remote.RTP.Port(); got != 5555 {
			w.t.Errorf("media goes to port %d", got)
		}
		p.byes()
	})
}

func TestAReInviteWithoutOfferThatIsNotAnswered(t *testing.T) {
	for _, tt := range []struct {
		name string
		does func(p *peer)
		over call.EndReason
	}{
		{"the ACK is empty: what held goes on", func(p *peer) { p.acks("") }, call.EndNone},
		{"the ACK never comes", func(p *peer) { p.neverAcks() }, call.EndNoAck},
		{"hang-up", func(p *peer) { p.byes() }, call.EndCallerHungUp},
	} {
		t.Run(tt.name, func(t *testing.T) {
			play(t, func(w *world) {
				a, b := w.up()
				a.asks("INVITE", "")
				b.responds(b.expect("send INVITE"), 200, answerB)
				tt.does(a)
				has(b, b.expect("ack").message, "m=audio 30002") // every 2xx needs its ACK
				if tt.over == call.EndNone {
					b.silent()
					a.byes()
					tt.over = call.EndCallerHungUp
				}
				b.expect("bye")
				w.ended(tt.over)
			})
		})
	}
}

func TestAFailedReInviteLeavesTheCallAsItWas(t *testing.T) {
	for _, status := range []int{488, 486, 500, 603, 491} {
		both(t, func(w *world, p, other *peer, side, _ int) {
			before := w.media.sides[side].remote.RTP
			q := p.asks("INVITE", with(offerA, "sendonly", 4444))
			other.responds(other.expect("send INVITE"), status, "", header("Retry-After", "2"), header("Warning", "399 psap.internal \"x\""))
			m := q.got(status)
			has(p, m, "Retry-After: 2")
			lacks(p, m, "psap.internal")
			if w.media.sides[side].remote.RTP != before || w.media.hold != "false" {
				w.t.Error("media changed")
			}
			p.asks("INVITE", offerA)
			other.expect("send INVITE")
			other.byes()
			p.expect("bye")
		})
	}
}

func TestAnswersThatAreNotForTheOtherSide(t *testing.T) {
	for _, status := range []int{302, 401, 407} {
		both(t, func(_ *world, p, other *peer, _, _ int) {
			q := p.asks("INVITE", offerA)
			other.responds(other.expect("send INVITE"), status, "")
			q.got(403)
			q = p.asks("INFO", "x")
			other.responds(other.expect("send INFO"), status, "")
			q.got(403)
			p.byes()
		})
	}
}

func TestALostDialogEndsTheCall(t *testing.T) {
	for _, status := range []int{408, 481} {
		both(t, func(w *world, p, other *peer, _, _ int) {
			q := p.asks("INVITE", offerA)
			other.responds(other.expect("send INVITE"), status, "")
			q.got(status)
			p.expect("bye")
			w.ended(call.EndLegLost)
		})
	}
	both(t, func(w *world, p, other *peer, _, _ int) {
		q := p.asks("INVITE", offerA)
		other.isGone()
		q.got(487)
		has(p, p.expect("bye").message, "Reason: SIP;cause=408")
		w.ended(call.EndLegLost)
	})
}

func TestACancelledReInvite(t *testing.T) {
	t.Run("is cancelled on the other side", func(t *testing.T) {
		both(t, func(_ *world, p, other *peer, _, _ int) {
			q := p.asks("INVITE", offerA)
			passed := other.expect("send INVITE")
			p.withdraws(q)
			other.expect("cancel request")
			other.responds(passed, 487, "")
			other.silent()
			p.asks("INVITE", offerA) // and another may follow
			other.expect("send INVITE")
			p.byes()
		})
	})
	t.Run("that crossed its 200 is taken back", func(t *testing.T) {
		both(t, func(w *world, p, other *peer, side, far int) {
			before := w.media.sides[far].remote.RTP.Port()
			q := p.asks("INVITE", with(offerA, "sendonly", 4444))
			passed := other.expect("send INVITE")
			p.withdraws(q)
			other.expect("cancel request")
			other.responds(passed, 200, with(answerB, "recvonly", 5555))
			back := other.expect("send INVITE")
			lacks(other, back.message, "sendonly")
			p.asks("INVITE", offerA).got(491)
			other.responds(back, 200, with(answerB, "sendrecv", int(before)))
			if w.media.hold != "false" || w.media.sides[far].remote.RTP.Port() != before {
				w.t.Error("the call is not as it was")
			}
			p.asks("INVITE", offerA)
			other.expect("send INVITE")
			p.byes()
		})
	})
	t.Run("without offer that crossed its 200 gets the answer of before", func(t *testing.T) {
		both(t, func(_ *world, p, other *peer, _, _ int) {
			q := p.asks("INVITE", "")
			passed := other.expect("send INVITE")
			p.withdraws(q)
			other.expect("cancel request")
			other.responds(passed, 200, answerB)
			has(other, other.expect("ack").message, "m=audio 3000")
			other.silent()
			p.byes()
		})
	})
	t.Run("that cannot be taken back leaves the call up", func(t *testing.T) {
		both(t, func(_ *world, p, other *peer, _, _ int) {
			q := p.asks("INVITE", offerA)
			passed := other.expect("send INVITE")
			p.withdraws(q)
			other.expect("cancel request")
			other.responds(passed, 200, answerB)
			other.responds(other.expect("send INVITE"), 488, "")
			p.silent()
			p.byes()
		})
	})
}

func TestAReInviteWhoseCancelWaitedBehindIts200(t *testing.T) {
	t.Run("is taken back", func(t *testing.T) {
		both(t, func(w *world, p, other *peer, side, far int) {
			before := [2]uint16{w.media.sides[side].remote.RTP.Port(), w.media.sides[far].remote.RTP.Port()}
			q := p.asks("INVITE", with(offerA, "sendonly", 4444))
			p.withdrawsLate(q, other, other.expect("send INVITE"), with(answerB, "recvonly", 5555))
			back := other.expect("send INVITE")
			lacks(other, back.message, "sendonly")
			other.responds(back, 200, with(answerB, "sendrecv", int(before[1])))
			after := [2]uint16{w.media.sides[side].remote.RTP.Port(), w.media.sides[far].remote.RTP.Port()}
			if w.media.hold != "false" || after != before {
				w.t.Errorf("the call is not as it was: hold %s, ports %v, want %v", w.media.hold, after, before)
			}
			p.asks("INVITE", offerA)
			other.expect("send INVITE")
			p.byes()
		})
	})
	t.Run("without offer is acknowledged", func(t *testing.T) {
		both(t, func(_ *world, p, other *peer, _, _ int) {
			q := p.asks("INVITE", "")
			p.withdrawsLate(q, other, other.expect("send INVITE"), answerB)
			has(other, other.expect("ack").message, "m=audio 3000")
			p.asks("INVITE", offerA)
			other.expect("send INVITE")
			p.byes()
		})
	})
}

func TestAnAcceptedReInviteWithoutUsableDescriptionIsTakenBack(t *testing.T) {
	both(t, func(_ *world, p, other *peer, _, _ int) {
		q := p.asks("INVITE", offerA)
		other.responds(other.expect("send INVITE"), 200, "nonsense")
		q.got(500)
		other.responds(other.expect("send INVITE"), 200, answerB)
		p.silent()
		p.byes()
	})
}

func TestReInvitesThatAreRefusedHere(t *testing.T) {
	both(t, func(w *world, p, other *peer, _, _ int) {
		has(p, p.asks("INVITE", "nonsense").got(400), "Warning: 399 callbox")
		has(p, p.asks("INVITE", "v=0\r\nm=audio 0 RTP/AVP 0\r\n").got(488), "Warning: 399 callbox")
		has(p, p.asksWith("INVITE", agent.Message{ContentType: "text/plain", Body: []byte("x")}).got(415), "Accept: ")
		packed := agent.Message{ContentType: typeSDP, Body: []byte(offerA), Headers: []agent.Header{{Name: "Content-Encoding", Value: "gzip"}}}
		has(p, p.asksWith("INVITE", packed).got(415), "Accept-Encoding: identity")
		has(p, p.asks("PUBLISH", "").got(405), "Allow: INVITE")
		p.asks("PRACK", "x").got(481)
		p.asks("NOTIFY", "").got(481)
		other.silent()
		p.byes()
	})
}
