package b2bua

import (
	"testing"
	"time"

	"callbox/routing"
	"callbox/sip/agent"
	"callbox/sip/call"
	"callbox/sip/media"
)

var busy = header("Reason", `Q.850;cause=16;text="normal"`)

func TestEitherSideHangsUp(t *testing.T) {
	for _, tt := range []struct {
		name string
		who  func(a, b *peer) (p, other *peer)
		want call.EndReason
	}{
		{"the caller", func(a, b *peer) (*peer, *peer) { return a, b }, call.EndCallerHungUp},
		{"the centre", func(a, b *peer) (*peer, *peer) { return b, a }, call.EndCalleeHungUp},
	} {
		t.Run(tt.name, func(t *testing.T) {
			play(t, func(w *world) {
				p, other := tt.who(w.up())
				p.byes(busy, header("X-Other", "1"))
				m := other.expect("bye").message
				has(other, m, `Reason: Q.850;cause=16;text="normal"`)
				lacks(other, m, "X-Other")
				w.ended(tt.want)
			})
		})
	}
}

func TestBothHangUpAtOnce(t *testing.T) {
	play(t, func(w *world) {
		a, b := w.up()
		a.state, b.state = legOver, legOver
		a.emit(event{kind: agent.KindBye})
		b.emit(event{kind: agent.KindBye})
		w.ended(call.EndCallerHungUp)
	})
}

func TestHangUpBeforeTheAckAndLateAcks(t *testing.T) {
	play(t, func(w *world) {
		a := w.invite(offerA)
		b := w.b(1)
		b.answers(answerB)
		b.byes()
		a.expect("answer 200")
		a.expect("bye") // the agent sends it when the ACK is there
		a.acks("")
		w.ended(call.EndCalleeHungUp)
	})
}

func TestHangUpWhileAReInviteIsPending(t *testing.T) {
	t.Run("by the side that asked", func(t *testing.T) {
		both(t, func(_ *world, p, other *peer, _, _ int) {
			q := p.asks("INVITE", offerA)
			other.expect("send INVITE")
			p.byes()
			q.got(487)
			other.expect("cancel request")
			other.expect("bye")
		})
	})
	t.Run("by the side that was asked", func(t *testing.T) {
		both(t, func(_ *world, p, other *peer, _, _ int) {
			q := p.asks("INVITE", offerA)
			r := p.asks("INFO", "x")
			other.byes()
			q.got(487)
			r.got(487)
			p.expect("bye")
		})
	})
}

func TestALegThatIsLostEndsTheCall(t *testing.T) {
	both(t, func(w *world, p, other *peer, _, _ int) {
		p.isGone()
		has(other, other.expect("bye").message, "Reason: SIP;cause=408")
		w.ended(call.EndLegLost)
	})
}

func TestTheCallerCancels(t *testing.T) {
	const name = "sip:psap-sf@psap.example"
	for _, tt := range []struct {
		name string
		plan func(w *world)
		does func(w *world, a *peer)
		toB  string
	}{
		{"before anything came back", nil, func(*world, *peer) {}, "cancel"},
		{"while it rings", nil, func(w *world, _ *peer) { w.b(1).rings() }, "cancel"},
		{"during early media", nil, func(w *world, _ *peer) { w.b(1).progresses(183, answerB, "x") }, "cancel"},
		{"while the target is looked up", func(w *world) {
			w.plan.Targets[0].URI = name
			w.routes[name] = make(chan error)
		}, func(*world, *peer) {}, ""},
		{"during a failover", nil, func(w *world, _ *peer) { w.b(1).fails(486) }, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			play(t, func(w *world) {
				if tt.plan != nil {
					tt.plan(w)
				}
				a := w.invite(offerA)
				tt.does(w, a)
				a.cancels(busy)
				if tt.toB != "" {
					has(w.b(1), w.b(1).expect(tt.toB).message, "Reason: Q.850")
				}
				r := w.ended(call.EndCallerCancelled)
				if r.SIPStatus != 487 || !r.AnsweredAt.IsZero() || w.heard(call.EventCancelled) != 1 {
					t.Errorf("record is wrong: %+v", r)
				}
			})
		})
	}
}

func TestCancelCrossesTheAnswer(t *testing.T) {
	t.Run("ours to the caller", func(t *testing.T) {
		play(t, func(w *world) {
			a := w.invite(offerA)
			b := w.b(1)
			// The agent has answered the CANCEL, and its event waits behind the centre's 200.
			a.state, a.finals = legOver, 1
			b.state = legAnswered
			b.emit(event{kind: agent.KindAnswered, status: 200, message: sdpMessage(answerB)})
			a.emit(event{kind: agent.KindCancelled})
			b.expect("bye")
			r := w.ended(call.EndCallerCancelled)
			if r.DurationMS != 0 || r.AnsweredBy != "" || r.SIPStatus != 487 {
				t.Errorf("record is wrong: %+v", r)
			}
		})
	})
	t.Run("the centre's to us", func(t *testing.T) {
		play(t, func(w *world) {
			a := w.invite(offerA)
			b := w.b(1)
			a.cancels()
			b.expect("cancel")
			b.answers(answerB)
			b.expect("ack")
			b.expect("bye")
			w.ended(call.EndCallerCancelled)
		})
	})
}

func TestAByeBeforeTheAnswerIsACancel(t *testing.T) {
	play(t, func(w *world) {
		a := w.invite(offerA)
		a.finals = 1 // the agent answers both, BYE with 200 and INVITE with 487
		a.byes()
		w.b(1).expect("cancel")
		w.ended(call.EndCallerCancelled)
	})
}

func TestACentreThatHangsUpBeforeItAnswers(t *testing.T) {
	play(t, func(w *world) {
		a := w.invite(offerA)
		w.b(1).byes()
		w.b(2).answers(answerB)
		a.expect("answer 200")
		a.byes()
		if got := outcomes(w.record()); got != "psap-sf unreachable, psap-oak answered 200" {
			t.Errorf("attempts %q", got)
		}
	})
}

func TestSilenceEndsACallThatIsUp(t *testing.T) {
	play(t, func(w *world) {
		a := w.invite(offerA)
		w.media.notify(media.Notice{Kind: media.NoticeTimeout}) // of no concern while it rings
		w.b(1).answers(answerB)
		a.expect("answer 200")
		a.acks("")
		w.media.notify(media.Notice{Kind: media.NoticeFirstPacket, Side: call.LegA})
		w.settle()
		if w.heard(call.EventMediaUp) != 1 {
			t.Error("the first packet went unnoticed")
		}
		w.media.stats = call.Media{OneWay: true, FromCaller: call.Flow{Packets: 7}}
		w.media.notify(media.Notice{Kind: media.NoticeTimeout})
		has(a, a.expect("bye").message, "Reason: SIP;cause=408")
		w.b(1).expect("bye")
		if r := w.ended(call.EndMediaTimeout); !r.Media.OneWay || r.Media.FromCaller.Packets != 7 {
			t.Errorf("media in the record: %+v", r.Media)
		}
	})
}

func TestSilenceMeansNothingWhereNobodyTalked(t *testing.T) {
	play(t, func(w *world) {
		a := w.invite(offerA)
		w.media.stats = call.Media{NoMedia: true}
		a.cancels()
		if w.record().Media.NoMedia {
			t.Error("the record complains of missing media")
		}
	})
}

func TestTheLongestDuration(t *testing.T) {
	for _, tt := range []struct {
		name string
		plan routing.Decision
		o    Options
		cut  bool
	}{
		{"cuts a test call off", testCall(), Options{MaxDuration: time.Hour}, true},
		{"spares an emergency call", emergency("psap-sf", "ecc-us"), Options{MaxDuration: time.Hour}, false},
		{"spares none where it is told to", emergency("psap-sf", "ecc-us"), Options{MaxDuration: time.Hour, LimitEmergency: true}, true},
		{"is none by default", testCall(), Options{}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			playWith(t, tt.o, func(w *world) {
				w.plan = tt.plan
				a, b := w.up()
				w.pass(time.Hour)
				if !tt.cut {
					a.silent()
					w.pass(100 * time.Hour)
					a.byes()
					return
				}
				a.expect("bye")
				b.expect("bye")
				w.ended(call.EndTimeLimit)
			})
		})
	}
}

func TestWhatComesAfterTheEnd(t *testing.T) {
	play(t, func(w *world) {
		a, b := w.up()
		a.byes()
		b.expect("bye")
		w.ended(call.EndCallerHungUp)
		b.state = legAnswered
		b.asks("INVITE", answerB).got(481)
		b.asks("INFO", "x").got(481)
		b.isGone()
		a.acks("")
		w.media.notify(media.Notice{Kind: media.NoticeTimeout})
		a.silent()
	})
}
