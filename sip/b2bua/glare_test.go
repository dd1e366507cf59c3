package b2bua

import (
	"fmt"
	"testing"

	"callbox/sip/call"
)

// glareBody is what a request has to say.
func glareBody(method string) string {
	return map[string]string{"INVITE": with(offerA, "sendonly", 4000), "UPDATE": with(offerA, "recvonly", 4000)}[method]
}

func TestEveryOfferThatCrossesAnotherHears491AndMayBeMadeAgain(t *testing.T) {
	for _, first := range []string{"INVITE", "UPDATE"} {
		for _, second := range []string{"INVITE", "UPDATE"} {
			t.Run(first+" then "+second, func(t *testing.T) {
				both(t, func(w *world, p, other *peer, _, _ int) {
					q := p.asks(first, glareBody(first))
					passed := other.expect("send " + first)
					other.asks(second, glareBody(second)).got(491)
					p.asks("UPDATE", glareBody("UPDATE")).got(491)
					p.silent()
					other.responds(passed, 491, "") // which its own side says, too, of a request that crosses its own
					q.got(491)
					again := other.asks(second, glareBody(second))
					sent := p.expect("send " + second)
					p.responds(sent, 200, answerB)
					again.got(200)
					if second == "INVITE" {
						p.asks("UPDATE", glareBody("UPDATE")).got(491) // the ACK is still out
						other.acks("")
					}
					p.asks("UPDATE", "").got(200) // without an offer it crosses nothing
					q = p.asks(first, glareBody(first))
					other.responds(other.expect("send "+first), 200, answerB)
					q.got(200)
					if first == "INVITE" {
						p.acks("")
					}
					w.pass(refreshAgain)
					p.silent()
					other.silent()
					p.byes()
				})
			})
		}
	}
}

func TestARefreshOfTheEdgeThatCrossesAnOfferIsMadeAgain(t *testing.T) {
	for _, crossing := range []string{"INVITE", "UPDATE"} {
		eachLeg(t, true, takesNone, func(w *world, p, other *peer) {
			w.pass(15 * 60e9)
			refresh := p.expect("send INVITE")
			other.asks(crossing, glareBody(crossing)).got(491)
			p.asks("UPDATE", glareBody("UPDATE")).got(491) // a re-INVITE the agent refuses by itself
			p.responds(refresh, 491, "")
			q := other.asks(crossing, glareBody(crossing))
			passed := p.expect("send INVITE") // an UPDATE too: p takes none
			w.pass(refreshAgain)              // the refresh is due and has to wait
			p.silent()
			p.responds(passed, 200, answerB)
			q.got(200)
			if crossing == "INVITE" {
				other.acks("")
			}
			w.pass(refreshAgain)
			p.silent() // what was passed on has refreshed the session
			p.byes()
		})
	}
}

func TestAStormOfReinvitesIsBoundedAndTheCallStaysUp(t *testing.T) {
	both(t, func(w *world, p, other *peer, _, _ int) {
		q := p.asks("INVITE", offerA)
		passed := other.expect("send INVITE")
		for range 1000 { // all at once
			p.asks("UPDATE", offerA).got(491)
		}
		other.silent()
		other.responds(passed, 200, answerB)
		q.got(200)
		p.acks("")
		for i := range 3 * maxEvents { // one after the other, each answered
			q := p.asks("INVITE", with(offerA, []string{"sendonly", "sendrecv"}[i%2], 4000))
			other.responds(other.expect("send INVITE"), 200, answerB)
			q.got(200)
			p.acks("")
		}
		for range 1000 {
			p.asks("UPDATE", "").got(200)
		}
		other.silent()
		if got := w.edge.all()[0].snapshot(); len(got.Events) >= maxEvents || got.State != call.StateAnswered {
			t.Errorf("%d events, state %v", len(got.Events), got.State)
		}
		p.byes()
		if r := w.record(); len(r.Events) != maxEvents {
			t.Error(fmt.Sprint(len(r.Events), " events"))
		}
	})
}
