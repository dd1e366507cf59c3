package b2bua

import (
	"testing"
	"time"

	"callbox/sip/call"
)

func announced() Options {
	return Options{Announce: func() string { return "sip:announce@127.0.0.1:5070" }}
}

func TestTheAnnouncementPlaysWhenEveryTargetIsGone(t *testing.T) {
	playWith(t, announced(), func(w *world) {
		a := w.invite(offerA)
		for n := 1; n <= 3; n++ {
			w.b(n).fails(486)
		}
		b := w.b(4)
		if b.out.Route.URI != "sip:announce@127.0.0.1:5070" || !b.out.Anonymous {
			t.Errorf("dialled %+v", b.out)
		}
		lacks(b, b.out.Message, "415555")
		b.rings()
		a.silent()
		b.progresses(183, answerB, "x")
		has(a, a.expect("progress 183").message, "m=audio 30000")
		a.silent()
		w.pass(8 * time.Second)
		b.fails(503)
		has(a, a.expect("reject 503").message, "Retry-After: 30")
		if r := w.ended(call.EndNoTarget); len(r.Attempts) != 3 {
			t.Errorf("attempts %q", outcomes(r))
		}
		if w.edge.Metrics().Announced != 1 {
			t.Errorf("metrics %+v", w.edge.Metrics())
		}
	})
}

func TestHowAnAnnouncementEnds(t *testing.T) {
	for _, tt := range []struct {
		name   string
		does   func(w *world, a, b *peer)
		want   call.EndReason
		toB    string
		status int
	}{
		{"it takes too long", func(w *world, _, _ *peer) { w.pass(30 * time.Second) }, call.EndNoTarget, "cancel", 503},
		{"it answers, which it should not", func(_ *world, _, b *peer) { b.answers(answerB) }, call.EndNoTarget, "bye", 503},
		{"the caller hangs up", func(_ *world, a, _ *peer) { a.cancels() }, call.EndCallerCancelled, "cancel", 487},
		{"its connection breaks", func(_ *world, _, b *peer) { b.isGone() }, call.EndNoTarget, "", 503},
	} {
		t.Run(tt.name, func(t *testing.T) {
			playWith(t, announced(), func(w *world) {
				w.plan = emergency("ecc-us")
				a := w.invite(offerA)
				w.b(1).dies(503)
				b := w.b(2)
				tt.does(w, a, b)
				if tt.toB != "" {
					b.expect(tt.toB)
				}
				b.silent()
				if r := w.ended(tt.want); r.SIPStatus != tt.status {
					t.Errorf("status %d, want %d", r.SIPStatus, tt.status)
				}
			})
		})
	}
}

func TestNoAnnouncementWhereNobodyCouldHearIt(t *testing.T) {
	t.Run("a caller that made no offer", func(t *testing.T) {
		playWith(t, announced(), func(w *world) {
			w.plan = emergency("ecc-us")
			a := w.invite("")
			w.b(1).fails(486)
			a.expect("reject 503")
		})
	})
	t.Run("a test call", func(t *testing.T) {
		playWith(t, announced(), func(w *world) {
			w.plan = testCall()
			a := w.invite(offerA)
			w.b(1).fails(486)
			a.expect("reject 503")
		})
	})
	t.Run("an announcement that cannot be found", func(t *testing.T) {
		playWith(t, Options{Announce: func() string { return "sip:announce@nowhere" }}, func(w *world) {
			w.plan = emergency("ecc-us")
			a := w.invite(offerA)
			w.b(1).fails(486)
			a.expect("reject 503")
		})
	})
}
