package b2bua

import (
	"errors"
	"strconv"
	"strings"
	"testing"
	"time"

	"callbox/sip/agent"
	"callbox/sip/call"
)

// outcomes is the attempts of a record in a line: "psap-sf busy 486, ecc-us answered 200".
func outcomes(r call.Record) string {
	var all []string
	for _, a := range r.Attempts {
		s := a.Target + " " + a.Outcome
		if a.Status != 0 {
			s += " " + strconv.Itoa(a.Status)
		}
		all = append(all, s)
	}
	return strings.Join(all, ", ")
}

func TestAFailingTargetIsPassedOver(t *testing.T) {
	for _, tt := range []struct {
		name string
		does func(w *world, b *peer)
		want string
	}{
		{"busy", func(_ *world, b *peer) { b.fails(486) }, "busy 486"},
		{"busy everywhere", func(_ *world, b *peer) { b.fails(600) }, "busy 600"},
		{"not found", func(_ *world, b *peer) { b.fails(404) }, "failed 404"},
		{"a server error", func(_ *world, b *peer) { b.fails(500) }, "failed 500"},
		{"declined for everybody", func(_ *world, b *peer) { b.fails(603) }, "failed 603"},
		{"moved", func(_ *world, b *peer) { b.fails(302) }, "failed 302"},
		{"a challenge", func(_ *world, b *peer) { b.fails(407) }, "failed 407"},
		{"nothing comes back", func(_ *world, b *peer) { b.dies(408) }, "timeout 408"},
		{"cannot be reached", func(_ *world, b *peer) { b.dies(503) }, "unreachable 503"},
		{"its connection breaks", func(_ *world, b *peer) { b.isGone() }, "unreachable"},
		{"rings too long", func(w *world, b *peer) { b.rings(); w.pass(20 * time.Second); b.expect("cancel") }, "timeout"},
		{"says nothing", func(w *world, b *peer) { w.pass(20 * time.Second); b.expect("cancel") }, "timeout"},
		{"answers without a description", func(_ *world, b *peer) { b.answers(""); b.expect("bye") }, "failed 200"},
		{"answers without audio", func(_ *world, b *peer) { b.answers("v=0\r\nm=audio 0 RTP/AVP 0\r\n"); b.expect("bye") }, "failed 200"},
		{"answers with nonsense", func(_ *world, b *peer) { b.answers("nonsense"); b.expect("bye") }, "failed 200"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			play(t, func(w *world) {
				a := w.invite(offerA)
				tt.does(w, w.b(1))
				if w.media.sides[1].resets != 1 {
					t.Errorf("the centre's side of the media was reset %d times, want once", w.media.sides[1].resets)
				}
				b2 := w.b(2)
				if b2.out.Route.URI != "sip:psap-oak@127.0.0.1:5070" {
					t.Errorf("the second target is %s", b2.out.Route.URI)
				}
				b2.answers(answerB)
				w.caller.said = nil
				a.acks("")
				a.byes()
				b2.expect("bye")
				r := w.ended(call.EndCallerHungUp)
				if got, want := outcomes(r), "psap-sf "+tt.want+", psap-oak answered 200"; got != want {
					t.Errorf("attempts %q, want %q", got, want)
				}
				if w.heard(call.EventPassedOver) != 1 || r.AnsweredBy != "psap-oak" {
					t.Errorf("answered by %s, passed over %d times", r.AnsweredBy, w.heard(call.EventPassedOver))
				}
			})
		})
	}
}

func TestARedirectionIsNotFollowedAndTheRecordSaysSo(t *testing.T) {
	play(t, func(w *world) {
		a := w.invite(offerA)
		w.b(1).fails(302)
		w.b(2)
		a.cancels()
		for _, e := range w.record().Events {
			if e.Kind == call.EventPassedOver && !strings.Contains(e.Detail, "redirection is not followed") {
				t.Errorf("the event says %q", e.Detail)
			}
		}
	})
}

func TestARedirectionIsFollowedOnceWhereThePolicySaysSo(t *testing.T) {
	moved := event{kind: agent.KindFailed, status: 302, reason: "Moved", contact: "sip:other@127.0.0.1:5099"}
	play(t, func(w *world) {
		w.plan.Targets[0].Policy.FollowRedirects = true
		a := w.invite(offerA)
		w.b(1).state = legOver
		w.b(1).does(moved)
		if uri := w.b(2).out.Route.URI; uri != moved.contact {
			t.Errorf("dialled %s", uri)
		}
		w.b(2).state = legOver
		w.b(2).does(moved) // a second one is not
		if uri := w.b(3).out.Route.URI; uri != "sip:psap-oak@127.0.0.1:5070" {
			t.Errorf("dialled %s", uri)
		}
		w.b(3).answers(answerB)
		a.expect("answer 200")
		a.byes()
		if n := len(w.record().Attempts); n != 2 {
			t.Errorf("%d attempts are on record", n)
		}
	})
}

func TestEarlyMediaOfAnInviteThatIsSentAgainIsForgotten(t *testing.T) {
	for _, tt := range []struct {
		name   string
		failed event
	}{
		{"redirected", event{kind: agent.KindFailed, status: 302, contact: "sip:other@127.0.0.1:5099"}},
		{"without session timers", event{kind: agent.KindFailed, status: 422}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			playWith(t, Options{SessionExpires: halfAnHour}, func(w *world) {
				w.plan.Targets[0].Policy.FollowRedirects = true
				a := w.invite(offerA)
				b := w.b(1)
				b.progresses(183, answerB, "x")
				a.expect("progress 183")
				b.state = legOver
				b.does(tt.failed)
				a.expect("progress 180")
				b = w.b(2)
				b.progresses(183, answerB, "y")
				a.expect("progress 183")
				b.answersAs("y", "")
				a.expect("answer 200")
				a.byes()
			})
		})
	}
}

func TestTargetsThatCannotTakeACallAreNotDialled(t *testing.T) {
	play(t, func(w *world) {
		w.registry.out["psap-sf"], w.registry.full["psap-oak"] = true, true
		a := w.invite(offerA)
		b := w.b(1)
		if b.out.Route.URI != "sip:ecc-us@127.0.0.1:5070" {
			t.Errorf("dialled %s", b.out.Route.URI)
		}
		b.answers(answerB)
		a.expect("answer 200")
		if w.registry.taken != 1 || w.registry.given != 0 {
			t.Errorf("%d places taken, %d given back during the call", w.registry.taken, w.registry.given)
		}
		a.byes()
		if got, want := outcomes(w.record()), "psap-sf out_of_service, psap-oak busy, ecc-us answered 200"; got != want {
			t.Errorf("attempts %q, want %q", got, want)
		}
	})
}

func TestTheTestServiceIsNoCallCentre(t *testing.T) {
	play(t, func(w *world) {
		w.plan = testCall()
		w.registry.out["933"] = true
		a := w.invite(offerA)
		b := w.b(1)
		lacks(b, b.out.Message, "Priority")
		b.fails(500)
		has(a, a.expect("reject 503").message, "Retry-After: 30", "the test service could not take the call")
		w.ended(call.EndNoTarget)
	})
}

func TestTheCallerHearsRingingThroughAFailover(t *testing.T) {
	play(t, func(w *world) {
		a := w.invite(offerA)
		w.b(1).rings()
		a.expect("progress 180")
		w.b(1).rings()
		w.b(1).fails(503)
		w.b(2).rings()
		w.b(2).fails(486)
		w.b(3).rings()
		a.silent() // it hears ringing already
		w.b(3).answers(answerB)
		a.expect("answer 200")
		a.byes()
	})
}

func TestAfterEarlyMediaAFailoverRingsAgain(t *testing.T) {
	play(t, func(w *world) {
		a := w.invite(offerA)
		w.b(1).progresses(183, answerB, "x")
		a.expect("progress 183")
		w.b(1).fails(480)
		a.expect("progress 180")
		w.b(2).progresses(183, with(answerB, "sendrecv", 6000), "y")
		has(a, a.expect("progress 183").message, "m=audio 30000")
		if got := w.media.sides[1].remote.RTP.Port(); got != 6000 {
			t.Errorf("media goes to port %d", got)
		}
		w.b(2).answersAs("y", with(answerB, "sendrecv", 6000))
		a.expect("answer 200")
		a.byes()
	})
}

func TestALateAnswerOfAnAbandonedTargetIsHungUp(t *testing.T) {
	play(t, func(w *world) {
		a := w.invite(offerA)
		w.pass(20 * time.Second)
		b1, b2 := w.b(1), w.b(2)
		b1.expect("cancel")
		b1.answers(answerB) // it had answered when the CANCEL was sent
		b1.expect("ack")
		b1.expect("bye")
		b2.rings()
		a.expect("progress 180")
		b2.answers(answerB)
		a.expect("answer 200")
		a.byes()
		if r := w.record(); r.AnsweredBy != "psap-oak" {
			t.Errorf("answered by %s", r.AnsweredBy)
		}
		if w.edge.Metrics().LateAnswers != 1 {
			t.Errorf("metrics %+v", w.edge.Metrics())
		}
	})
}

func TestAQueueThatAnswersWithEarlyMediaKeepsTheCall(t *testing.T) {
	play(t, func(w *world) {
		w.plan.Targets[0].Policy.QueueAnswers = true
		a := w.invite(offerA)
		w.b(1).progresses(183, answerB, "x")
		w.pass(time.Minute)
		w.b(1).silent()
		w.b(1).answersAs("x", "")
		a.expect("progress 183")
		a.expect("answer 200")
		a.byes()
	})
}

func TestEveryTargetGone(t *testing.T) {
	play(t, func(w *world) {
		a := w.invite(offerA)
		for n := 1; n <= 3; n++ {
			w.b(n).fails(486)
		}
		has(a, a.expect("reject 503").message, "Retry-After: 30", "X-Callbox-Call: CA",
			`Warning: 399 callbox "none of 3 call centres could take the call"`)
		r := w.ended(call.EndNoTarget)
		if r.SIPStatus != 503 || !strings.HasPrefix(r.SIPReason, "none of 3") || r.AnsweredBy != "" {
			t.Errorf("record is wrong: %+v", r)
		}
		if got := w.edge.Metrics().PassedOver; got != 3 {
			t.Errorf("%d targets passed over", got)
		}
	})
}

func TestATargetByNameIsLookedUpBesideTheCall(t *testing.T) {
	const uri = "sip:psap-sf@psap.example"
	for _, tt := range []struct {
		name string
		does func(w *world, a *peer, answer chan error)
		want string
	}{
		{"found", func(w *world, a *peer, answer chan error) {
			answer <- nil
			w.b(1).answers(answerB)
			a.expect("answer 200")
			a.byes()
		}, "psap-sf answered 200"},
		{"not found", func(w *world, a *peer, answer chan error) {
			answer <- errors.New("no such host")
			if got := w.b(1).out.Route.URI; !strings.Contains(got, "psap-oak") {
				w.t.Errorf("dialled %s", got)
			}
			a.cancels()
		}, "psap-sf unreachable, psap-oak cancelled"},
		{"not found in time", func(w *world, a *peer, _ chan error) {
			w.pass(20 * time.Second)
			w.b(1)
			a.cancels()
		}, "psap-sf unreachable, psap-oak cancelled"},
		{"the caller hangs up meanwhile", func(_ *world, a *peer, _ chan error) { a.cancels() }, "psap-sf cancelled"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			play(t, func(w *world) {
				w.plan.Targets[0].URI = uri
				answer := make(chan error)
				w.routes[uri] = answer
				a := w.invite(offerA)
				tt.does(w, a, answer)
				if got := outcomes(w.record()); got != tt.want {
					t.Errorf("attempts %q, want %q", got, tt.want)
				}
			})
		})
	}
}

func TestSetUpHasALimitThatCostsNoTargetItsTurn(t *testing.T) {
	playWith(t, Options{SetupLimit: 30 * time.Second}, func(w *world) {
		w.plan.Targets[2].Ring = time.Minute
		a := w.invite(offerA)
		w.pass(30 * time.Second)
		w.b(2).expect("cancel")
		w.b(3).silent()
		a.silent()
		w.pass(30 * time.Second)
		has(a, a.expect("reject 503").message, "no call centre answered in time")
		w.b(3).expect("cancel")
		if got := outcomes(w.ended(call.EndNoTarget)); got != "psap-sf timeout, psap-oak timeout, ecc-us timeout" {
			t.Errorf("attempts %q", got)
		}
	})
}

func TestARefusedRefreshIntervalDoesNotCostTheCall(t *testing.T) {
	timed := Options{SessionExpires: 30 * time.Minute}
	playWith(t, timed, func(w *world) {
		a := w.invite(offerA)
		b := w.b(1)
		has(b, b.out.Message, "Session-Expires: 1800\n", "Min-SE: 90\n")
		b.fails(422, header("Min-SE", "3600"))
		b = w.b(2)
		if b.out.Route.URI != "sip:psap-sf@127.0.0.1:5070" {
			t.Errorf("dialled %s, want the same target", b.out.Route.URI)
		}
		has(b, b.out.Message, "Session-Expires: 3600\n")
		b.answers(answerB)
		lacks(a, a.expect("answer 200").message, "Session-Expires", "timer")
		a.byes()
		if got := outcomes(w.record()); got != "psap-sf answered 200" {
			t.Errorf("attempts %q", got)
		}
	})
	playWith(t, timed, func(w *world) {
		w.invite(offerA)
		w.b(1).fails(422)
		lacks(w.caller, w.b(2).out.Message, "Session-Expires")
		w.b(2).fails(422) // even without: then it is a failure like any other
		if got := w.b(3).out.Route.URI; got != "sip:psap-oak@127.0.0.1:5070" {
			t.Errorf("dialled %s, want the next target", got)
		}
		w.caller.cancels()
	})
}

func TestTheFeeIsEarnedByTheCallThatGoesOut(t *testing.T) {
	for _, tt := range []struct {
		name string
		out  bool
		want int64
	}{{"a call that goes out", false, 7500}, {"a call that no centre could be asked about", true, 0}} {
		t.Run(tt.name, func(t *testing.T) {
			playWith(t, announced(), func(w *world) {
				w.plan = emergency("ecc-us")
				w.plan.FeeCents, w.plan.Warning = 7500, 22221
				w.registry.out["ecc-us"] = tt.out
				a := w.invite(offerA)
				w.b(1)
				a.cancels()
				if r := w.record(); r.FeeCents != tt.want || r.Warning != 22221 {
					t.Errorf("fee %d, warning %d", r.FeeCents, r.Warning)
				}
			})
		})
	}
}

func TestLiteralHosts(t *testing.T) {
	for uri, want := range map[string]bool{
		"sip:psap@127.0.0.1": true, "sip:psap@127.0.0.1:5070": true, "sip:127.0.0.1;transport=tcp": true,
		"sips:x@[2001:db8::1]:5061": true, "sip:x@[::1]": true, "sip:x@psap.example": false, "sip:psap.example:5060": false,
		"sip:a@b@10.0.0.1?x=y": true, "": false,
	} {
		if got := literal(uri); got != want {
			t.Errorf("literal(%q) = %v, want %v", uri, got, want)
		}
	}
}

func TestATargetThatCannotBeReachedSaysWhy(t *testing.T) {
	t.Parallel()
	var got event
	adapt(func(ev event) { got = ev })(agent.Event{
		Kind: agent.KindFailed, Local: true, Status: 503, Reason: "Service Unavailable", Cause: "x509: certificate signed by unknown authority",
	})
	if outcome, detail := failure(got); outcome != "unreachable" || detail != "Service Unavailable: x509: certificate signed by unknown authority" {
		t.Errorf("%s, %q", outcome, detail)
	}
}
