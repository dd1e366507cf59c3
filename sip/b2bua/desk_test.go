package b2bua

import (
	"net/netip"
	"testing"
	"time"

	"callbox/sip/agent"
	"callbox/sip/call"
)

// atDesks has the centre named registered by these phones.
func atDesks(id string, uris ...string) Options {
	var ways []agent.Route
	for _, uri := range uris {
		ways = append(ways, agent.Route{URI: uri, Transport: "udp", Remote: netip.MustParseAddrPort("127.0.0.7:6060"), Local: netip.MustParseAddr("127.0.0.1")})
	}
	return Options{Centres: func(asked string) ([]agent.Route, bool) {
		if asked != id {
			return nil, true
		}
		return ways, true
	}}
}

const (
	deskOne = "sip:one@127.0.0.7:6060"
	deskTwo = "sip:two@127.0.0.7:6060"
	ownURI  = "sip:psap-sf@127.0.0.1:5070"
)

func TestACentreThatHasRegisteredRingsThere(t *testing.T) {
	playWith(t, atDesks("psap-sf", deskOne), func(w *world) {
		a := w.invite(offerA)
		b := w.b(1)
		if b.out.Route.URI != deskOne {
			t.Fatalf("dialled %s", b.out.Route.URI)
		}
		b.answers(answerB)
		a.expect("answer 200")
		a.acks("")
		a.byes()
		b.expect("bye")
		r := w.ended(call.EndCallerHungUp)
		if r.AnsweredBy != "psap-sf" || outcomes(r) != "psap-sf answered 200" || r.Attempts[0].URI != deskOne {
			t.Errorf("answered by %s, %+v", r.AnsweredBy, r.Attempts)
		}
	})
}

// One place at the centre is taken for all its ways, one after the other.
func TestTheURIOfACentreComesAfterItsPhones(t *testing.T) {
	for _, tt := range []struct {
		name string
		does func(w *world, b *peer)
		want string
	}{
		{"it refuses", func(_ *world, b *peer) { b.fails(480) }, "failed 480"},
		{"its connection is gone", func(_ *world, b *peer) { b.dies(503) }, "unreachable 503"},
		{"it says nothing", func(w *world, b *peer) { w.pass(knockTime); b.expect("cancel") }, "timeout"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			playWith(t, atDesks("psap-sf", deskOne, deskTwo), func(w *world) {
				a := w.invite(offerA)
				tt.does(w, w.b(1))
				if uri := w.b(2).out.Route.URI; uri != deskTwo {
					t.Fatalf("dialled %s", uri)
				}
				tt.does(w, w.b(2))
				if uri := w.b(3).out.Route.URI; uri != ownURI {
					t.Fatalf("dialled %s", uri)
				}
				w.pass(3 * time.Second)
				w.b(3).rings()
				w.b(3).fails(486)
				if uri := w.b(4).out.Route.URI; uri != "sip:psap-oak@127.0.0.1:5070" {
					t.Fatalf("dialled %s", uri)
				}
				a.cancels()
				r := w.record()
				if got := outcomes(r); got != "psap-sf "+tt.want+", psap-sf "+tt.want+", psap-sf busy 486, psap-oak cancelled" {
					t.Errorf("attempts %q", got)
				}
			})
		})
	}
}

func TestAURIThatLeadsNowhereIsLeftOut(t *testing.T) {
	o := atDesks("psap-sf", deskOne)
	all := o.Centres
	o.Centres = func(id string) ([]agent.Route, bool) {
		ways, _ := all(id)
		return ways, false
	}
	playWith(t, o, func(w *world) {
		a := w.invite(offerA)
		w.b(1).fails(500)
		if uri := w.b(2).out.Route.URI; uri != "sip:psap-oak@127.0.0.1:5070" {
			t.Errorf("dialled %s", uri)
		}
		a.cancels()
	})
}

func TestAPhoneOfACentreThatRingsHasTheWholeRingTime(t *testing.T) {
	playWith(t, atDesks("psap-sf", deskOne), func(w *world) {
		a := w.invite(offerA)
		w.pass(knockTime - time.Second)
		w.b(1).rings()
		w.pass(14 * time.Second)
		w.mu.Lock()
		n := len(w.dialled)
		w.mu.Unlock()
		if n != 1 {
			t.Fatalf("%d legs were dialled within the ring time", n)
		}
		w.pass(time.Second)
		w.b(1).expect("cancel")
		if uri := w.b(2).out.Route.URI; uri != "sip:psap-oak@127.0.0.1:5070" {
			t.Errorf("dialled %s after the ring time", uri)
		}
		a.cancels()
	})
}

func TestACentreThatIsFullOrDrainedIsPassedOverOnce(t *testing.T) {
	for name, shut := range map[string]func(*fakeRegistry){
		"full": func(r *fakeRegistry) { r.full["psap-sf"] = true }, "drained": func(r *fakeRegistry) { r.out["psap-sf"] = true },
	} {
		t.Run(name, func(t *testing.T) {
			playWith(t, atDesks("psap-sf", deskOne, deskTwo), func(w *world) {
				shut(w.registry)
				a := w.invite(offerA)
				if uri := w.b(1).out.Route.URI; uri != "sip:psap-oak@127.0.0.1:5070" {
					t.Errorf("dialled %s", uri)
				}
				a.cancels()
				if r := w.record(); len(r.Attempts) != 2 {
					t.Errorf("attempts %s", outcomes(r))
				}
			})
		})
	}
}

func TestATransferGoesWhereItsTargetHasRegistered(t *testing.T) {
	playWith(t, atDesks("psap-new", deskOne), func(w *world) {
		a, b := w.up()
		b.refers(referSF).got(202)
		b.told(100, "active")
		if uri := w.b(2).out.Route.URI; uri != deskOne {
			t.Fatalf("dialled %s", uri)
		}
		w.b(2).fails(404)
		if uri := w.b(3).out.Route.URI; uri != "sip:psap-new@127.0.0.1:5070" {
			t.Fatalf("dialled %s", uri)
		}
		w.b(3).fails(486)
		b.told(486, "terminated")
		a.byes()
		b.expect("bye")
		if got := outcomes(w.record()); got != "psap-sf answered 200, psap-new failed 404, psap-new busy 486" {
			t.Errorf("attempts %q", got)
		}
	})
}
