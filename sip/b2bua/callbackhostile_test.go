package b2bua

import (
	"testing"
	"testing/synctest"

	"callbox/routing"
	"callbox/routing/directory"
	"callbox/sip/agent"
)

// Keys for SRTP stand in the INVITE: whoever is reached by TLS must not have them sent in the clear.
func TestARedirectionOutOfTLSIsNotFollowed(t *testing.T) {
	const secret = "sip:one@127.0.0.1:5099;transport=tls"
	for _, tt := range []struct {
		from, to string
		followed bool
	}{
		{secret, "sip:other@127.0.0.1:5098", false},
		{secret, "sip:other@somewhere.example", false},
		{secret, "sip:other@127.0.0.1:5098;transport=tls", true},
		{"sip:one@127.0.0.1:5099", "sip:other@127.0.0.1:5098", true}, // it is in the clear as it is
	} {
		s := ring("one", "two")
		s.Dial[0].URI, s.Dial[0].Secure, s.Dial[0].Redirects = tt.from, true, true
		playBack(t, func(w *world, _ *backPlan) {
			a := w.invite(offerA)
			w.b(1).state = legOver
			w.b(1).does(event{kind: agent.KindFailed, status: 302, contact: tt.to})
			w.settle()
			if got := len(w.dialled) == 3; got != tt.followed {
				t.Errorf("from %s to %s is followed: %v", tt.from, tt.to, got)
			}
			w.b(2).answers(answerB)
			a.expect("answer 200")
			a.byes()
			if got := outcomes(w.record()); !tt.followed && got != "one failed 302, two answered 200, one unreachable" {
				t.Errorf("attempts: %s", got)
			}
		}, s)
	}
}

// redirecting makes a target one with TLS and SRTP that may send calls elsewhere.
func redirecting(to *routing.Target) {
	to.URI, to.SRTP, to.Policy.FollowRedirects = "sip:psap@127.0.0.1:5070;transport=tls", directory.SRTPRequired, true
}

func TestACentreDoesNotRedirectOutOfTLS(t *testing.T) {
	moved := event{kind: agent.KindFailed, status: 302, contact: "sip:other@127.0.0.1:5099"}
	play(t, func(w *world) {
		redirecting(&w.plan.Targets[0])
		a := w.invite(offerA)
		w.b(1).state = legOver
		w.b(1).does(moved)
		if uri := w.b(2).out.Route.URI; uri != "sip:psap-oak@127.0.0.1:5070" {
			t.Errorf("dialled %s", uri)
		}
		a.cancels()
	})
	play(t, func(w *world) { // and where it is to take a caller over
		a, b := w.up()
		b.refers("Refer-To: <sip:psap-new@tls.example>").got(202)
		b.told(100, "active")
		w.b(2).state = legOver
		w.b(2).does(moved)
		b.told(503, "terminated")
		if n := len(w.dialled); n != 2 {
			t.Errorf("%d legs were dialled", n)
		}
		a.byes()
		b.expect("bye")
	})
}

// An origination URL that is the edge's own address has the edge call itself, from an address that may be a centre's.
func TestACallbackThatComesBackIsRefused(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := &backPlan{steps: []Step{ring("itself"), ring("more")}}
		w := newWorld(t, Options{Callbacks: p})
		a := w.invite(offerA)
		b := w.b(1)
		w.invite(offerA, header(headerCall, b.out.Message.Get(headerCall)))
		w.refused(482, "leads back to the edge itself")
		if n := len(w.dialled); n != 1 {
			t.Errorf("%d legs were rung", n)
		}
		a.cancels()
		b.expect("cancel")
		w.running.Wait()
		w.invite(offerA, header(headerCall, b.out.Message.Get(headerCall))) // that call is over
		w.b(2).answers(answerB)
		w.caller.expect("answer 200")
		w.caller.byes()
		w.running.Wait()
	})
}

func TestACentreThatAsksForTooShortASessionIsTold(t *testing.T) {
	playWith(t, Options{Callbacks: &backPlan{}}, func(w *world) {
		w.invite(offerA, header("Supported", "timer"), header("Session-Expires", "30"))
		w.refused(422, "Min-SE: 90")
	})
}
