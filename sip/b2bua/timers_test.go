package b2bua

import (
	"testing"
	"time"

	"callbox/sip/agent"
	"callbox/sip/call"
)

const (
	timerAble  = "Supported: timer"
	takesIt    = "Allow: INVITE, ACK, BYE, UPDATE"
	takesNone  = "Allow: INVITE, ACK, BYE"
	usual      = "Session-Expires: 1800"
	byUAC      = "Session-Expires: 1800;refresher=uac"
	byUAS      = "Session-Expires: 1800;refresher=uas"
	mustTimer  = "Require: timer"
	halfAnHour = 30 * time.Minute
)

func TestTheCallersTimerIsAgreedWithTheEdge(t *testing.T) {
	for _, tt := range []struct {
		name     string
		asks     []string
		own      time.Duration
		has, not []string
	}{
		{"it leaves open who refreshes", []string{timerAble, usual}, 0, []string{byUAS, mustTimer}, nil},
		{"it refreshes", []string{timerAble, byUAC}, 0, []string{byUAC, mustTimer}, nil},
		{"the edge is to", []string{timerAble, byUAS}, 0, []string{byUAS, mustTimer}, nil},
		{"it insists", []string{mustTimer, usual}, 0, []string{byUAS, mustTimer}, nil},
		{"a proxy asks for one that speaks none", []string{usual}, 0, []string{byUAS}, []string{mustTimer}},
		{"it could but does not ask", []string{timerAble}, 0, nil, []string{"Session-Expires", "timer"}},
		{"it could and the edge asks", []string{timerAble, "Min-SE: 2000"}, halfAnHour, []string{"Session-Expires: 2000;refresher=uas", mustTimer}, nil},
		{"it speaks none and the edge would ask", nil, halfAnHour, nil, []string{"Session-Expires", "timer"}},
		{"its interval is no number", []string{timerAble, "Session-Expires: soon"}, 0, nil, []string{"Session-Expires", "timer"}},
		{"it writes the short name and a second parameter", []string{timerAble, "Session-Expires: 1800;x=y;Refresher = UAC"}, 0, []string{byUAC}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			playWith(t, Options{SessionExpires: tt.own}, func(w *world) {
				a := w.invite(offerA, headers(tt.asks)...)
				if tt.own == 0 {
					lacks(a, w.b(1).out.Message, "Session-Expires", "Min-SE") // the centre's leg is another matter
				}
				w.b(1).answers(answerB)
				m := a.expect("answer 200").message
				has(a, m, tt.has...)
				lacks(a, m, tt.not...)
				a.byes()
			})
		})
	}
}

func TestAnIntervalThatIsTooShortIsRefused(t *testing.T) {
	play(t, func(w *world) {
		w.invite(offerA, headers([]string{timerAble, "Session-Expires: 89"})...)
		w.refused(422, "Min-SE: 90", "Warning: ")
	})
	both(t, func(_ *world, p, other *peer, _, _ int) {
		for _, method := range []string{"INVITE", "UPDATE"} {
			for _, body := range []string{offerA, ""} {
				has(p, p.asks(method, body, headers([]string{timerAble, "Session-Expires: 30"})...).got(422), "Min-SE: 90")
			}
		}
		other.silent()
		p.asks("UPDATE", "", header("Session-Expires", "30")).got(200) // a proxy's wish; it would not know what 422 is
		p.byes()
	})
}

// timed brings a call up with a timer on the leg that side names, refreshed by the edge or by its peer.
func timed(w *world, side call.Leg, ours bool, allow string) (p, other *peer) {
	asks, answers := []string{timerAble, allow}, []string{allow}
	refresher := map[bool]string{true: byUAC, false: byUAS}[(side == call.LegA) != ours]
	if side == call.LegA {
		asks = append(asks, refresher)
	} else {
		answers = append(answers, refresher, mustTimer)
	}
	a := w.invite(offerA, headers(asks)...)
	w.b(1).answers(answerB, headers(answers)...)
	a.expect("answer 200")
	a.acks("")
	if side == call.LegA {
		return a, w.b(1)
	}
	return w.b(1), a
}

// eachLeg plays a script with the timer on either leg.
func eachLeg(t *testing.T, ours bool, allow string, script func(w *world, p, other *peer)) {
	t.Helper()
	for _, side := range []call.Leg{call.LegA, call.LegB} {
		play(t, func(w *world) {
			p, other := timed(w, side, ours, allow)
			script(w, p, other)
		})
	}
}

func TestTheEdgeRefreshesByUpdateWhereItMay(t *testing.T) {
	eachLeg(t, true, takesIt, func(w *world, p, other *peer) {
		w.pass(899 * time.Second)
		p.silent()
		for range 3 {
			w.pass(time.Second)
			s := p.expect("send UPDATE")
			has(p, s.message, byUAC)
			if len(s.message.Body) > 0 {
				t.Error("the refresh has an offer")
			}
			p.responds(s, 200, "", headers([]string{mustTimer, byUAC})...)
			w.pass(899 * time.Second)
		}
		w.pass(time.Second)
		p.responds(p.expect("send UPDATE"), 200, "", headers([]string{mustTimer, byUAS})...) // from now on it refreshes
		w.pass(1767 * time.Second)
		p.silent()
		other.silent()
		w.pass(time.Second)
		p.expect("bye")
		other.expect("bye")
		w.ended(call.EndSessionExpired)
	})
}

func TestTheEdgeRefreshesByReinviteWhereItMust(t *testing.T) {
	eachLeg(t, true, takesNone, func(w *world, p, other *peer) {
		w.pass(15 * time.Minute)
		s := p.expect("send INVITE")
		has(p, s.message, byUAC, "m=audio")
		other.asks("INVITE", answerB).got(491)
		p.responds(s, 491, "")
		w.pass(4 * time.Second)
		again := p.expect("send INVITE")
		if string(again.message.Body) != string(s.message.Body) {
			t.Errorf("a refresh changes the description from\n%s\nto\n%s", s.message.Body, again.message.Body)
		}
		p.responds(again, 422, "", header("Min-SE", "2400"))
		longer := p.expect("send INVITE")
		has(p, longer.message, "Session-Expires: 2400;refresher=uac", "Min-SE: 2400")
		p.responds(longer, 200, answerB, headers([]string{mustTimer, "Session-Expires: 2400;refresher=uac"})...)
		w.pass(20 * time.Minute)
		p.responds(p.expect("send INVITE"), 200, answerB) // it speaks none any more: to refresh does no harm
		w.pass(20 * time.Minute)
		p.expect("send INVITE")
		other.silent()
		if w.heard(call.EventHeld)+w.heard(call.EventReoffered) != 0 {
			t.Error("a refresh shows as a change")
		}
		p.byes()
	})
}

func TestARefusedUpdateIsFollowedByReinvite(t *testing.T) {
	eachLeg(t, true, takesIt, func(w *world, p, _ *peer) {
		w.pass(15 * time.Minute)
		p.responds(p.expect("send UPDATE"), 405, "")
		p.responds(p.expect("send INVITE"), 488, "") // a peer that answers is there: the call goes on
		w.pass(14 * time.Minute)
		p.silent()
		w.pass(time.Minute)
		p.responds(p.expect("send INVITE"), 200, answerB)
		p.byes()
	})
}

func TestARefreshThatIsNotAnsweredEndsTheCall(t *testing.T) {
	for _, allow := range []string{takesIt, takesNone} {
		eachLeg(t, true, allow, func(w *world, p, other *peer) {
			w.pass(15 * time.Minute)
			what := map[string]string{takesIt: "send UPDATE", takesNone: "send INVITE"}[allow]
			s := p.expect(what)
			delete(p.sends, s.id)
			p.does(event{kind: agent.KindResponse, id: s.id, status: 408, local: true})
			p.expect("bye")
			has(other, other.expect("bye").message, "Reason: SIP;cause=408")
			w.ended(call.EndSessionExpired)
		})
	}
}

func TestAPeerThatDoesNotRefreshEndsTheCall(t *testing.T) {
	eachLeg(t, false, takesIt, func(w *world, p, other *peer) {
		w.pass(1700 * time.Second)
		has(p, p.asks("UPDATE", "", headers([]string{timerAble, byUAC})...).got(200), byUAC, mustTimer)
		w.pass(1700 * time.Second)
		// It says the same as before, by re-INVITE: the other side need not hear of it.
		said := offerA
		if p != w.caller {
			said = answerB
		}
		m := p.asks("INVITE", said, headers([]string{timerAble, byUAC})...).got(200)
		has(p, m, byUAC, mustTimer, "m=audio")
		p.acks("")
		other.silent()
		w.pass(1767 * time.Second)
		p.silent()
		w.pass(time.Second)
		p.expect("bye")
		other.expect("bye")
		w.ended(call.EndSessionExpired)
	})
}

func TestAReinviteThatChangesTheSessionRefreshesBothTimers(t *testing.T) {
	eachLeg(t, false, takesIt, func(w *world, p, other *peer) {
		w.pass(1700 * time.Second)
		q := p.asks("INVITE", with(offerA, "sendonly", 4000), headers([]string{timerAble, byUAC})...)
		passed := other.expect("send INVITE")
		lacks(other, passed.message, "Session-Expires") // that leg has no timer
		other.responds(passed, 200, with(answerB, "recvonly", 5000), headers([]string{mustTimer, byUAC})...)
		has(p, q.got(200), byUAC, mustTimer)
		p.acks("")
		w.pass(15 * time.Minute)
		has(other, other.expect("send UPDATE").message, byUAC) // now it has
		p.byes()
	})
}

func TestAnUpdateWithAnOfferGoesAsReinviteWhereNoneIsTaken(t *testing.T) {
	play(t, func(w *world) {
		a, b := timed(w, call.LegB, true, takesNone)
		_ = a
		q := b.asks("UPDATE", with(offerA, "sendonly", 4000))
		passed := a.expect("send INVITE")
		b.silent()
		a.responds(passed, 200, answerB)
		q.got(200)
		b.byes()
	})
}

func TestWhoRefreshesMayChangeAndEndWithTheCentre(t *testing.T) {
	play(t, func(w *world) {
		p, _ := timed(w, call.LegA, false, takesIt)
		has(p, p.asks("UPDATE", "", headers([]string{timerAble, "Session-Expires: 3600;refresher=uas"})...).got(200), "Session-Expires: 3600;refresher=uas")
		w.pass(halfAnHour)
		p.responds(p.expect("send UPDATE"), 481, "")
		p.expect("bye")
		w.ended(call.EndLegLost)
	})
	play(t, func(w *world) {
		p, _ := timed(w, call.LegA, false, takesIt)
		lacks(p, p.asks("UPDATE", "").got(200), "Session-Expires") // it wants no timer any more
		w.pass(10 * time.Hour)
		p.byes()
	})
}

func TestTheTimerOfACentreThatHasTransferredItsCallAndLeftIsOver(t *testing.T) {
	for _, refresher := range []string{"uac", "uas"} {
		playWith(t, Options{MinSession: time.Second}, func(w *world) {
			a := w.invite(offerA)
			b := w.b(1)
			b.answers(answerB, headers([]string{mustTimer, takesIt, "Session-Expires: 10;refresher=" + refresher})...)
			a.expect("answer 200")
			a.acks("")
			b.refers("Refer-To: <sip:psap-oak@127.0.0.1:5070>").got(202)
			b.expect("send NOTIFY")
			b.byes()
			w.pass(15 * time.Second) // the target still rings
			w.b(2).answers(answerB)
			w.pass(time.Second)
			if len(w.records) > 0 {
				t.Error("the call ended")
			}
			a.byes()
		})
	}
}
