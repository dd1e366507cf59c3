package b2bua

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"callbox/routing"
	"callbox/sip/agent"
	"callbox/sip/call"
)

// diary is a purpose that keeps what it is told.
type diary struct {
	c    *bridge
	told []string
	each func(b *branch, ev event)
}

func (d *diary) invite(b *branch) agent.Outgoing {
	return agent.Outgoing{Route: b.route, Message: sdpMessage(offerA)}
}

func (d *diary) on(b *branch, ev event) {
	d.told = append(d.told, fmt.Sprint(ev.kind, " ", ev.status))
	if d.each != nil {
		d.each(b, ev)
	}
}

func (d *diary) lost(_ *branch, l loss) {
	d.told = append(d.told, fmt.Sprint("lost ", l.outcome, " ", l.status))
}

// within runs f on the goroutine of the only call.
func (w *world) within(f func(c *bridge)) {
	for _, c := range w.edge.all() {
		c.box.post(event{kind: kindPeek, peek: &peek{done: func(*call.Record) { f(c) }}})
	}
	w.settle()
}

// branch starts a branch of the call to this URI, with a place at its centre.
func (w *world) branch(uri string, ring time.Duration) *diary {
	d := &diary{}
	w.within(func(c *bridge) {
		d.c = c
		release, _ := w.registry.Acquire("guest")
		c.startBranch(&routing.Target{ID: "guest", URI: uri}, d, ring, nil, release)
	})
	return d
}

const guest = "sip:guest@127.0.0.1:5070"

func TestABranchThatRingsIsEndedWithTheCall(t *testing.T) {
	t.Parallel()
	play(t, func(w *world) {
		a, b := w.up()
		d := w.branch(guest, 0)
		w.b(2).rings()
		a.byes()
		b.expect("bye")
		w.b(2).expect("cancel")
		if want := []string{fmt.Sprint(agent.KindProgress, " 180")}; !slices.Equal(d.told, want) {
			t.Errorf("the purpose was told %v, want %v", d.told, want)
		}
		if at := w.record().Attempts[1]; at.Target != "guest" || at.Outcome != "cancelled" {
			t.Errorf("recorded as %+v", at)
		}
		w.b(2).answers(answerB) // its answer was on the way
		w.b(2).expect("ack")
		w.b(2).expect("bye")
	})
}

func TestAnAnsweredBranchIsEndedWithTheCall(t *testing.T) {
	t.Parallel()
	play(t, func(w *world) {
		a, _ := w.up()
		w.branch(guest, 20*time.Second)
		w.b(2).answers(answerB)
		w.pass(time.Minute) // no ring time any more
		w.b(2).silent()
		if got := w.b(2).asks("INFO", "").status; got != 500 {
			t.Errorf("INFO of a branch was answered %d, want 500", got)
		}
		a.byes()
		w.b(2).expect("bye")
	})
}

func TestABranchIsLost(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		script func(w *world)
		want   string
	}{
		"refused":          {func(w *world) { w.b(2).fails(486) }, "lost busy 486"},
		"down":             {func(w *world) { w.b(2).dies(503) }, "lost unreachable 503"},
		"ring time over":   {func(w *world) { w.pass(20 * time.Second); w.b(2).expect("cancel") }, "lost timeout 0"},
		"hung up":          {func(w *world) { w.b(2).answers(answerB); w.b(2).byes() }, "lost failed 0"},
		"connection broke": {func(w *world) { w.b(2).answers(answerB); w.b(2).isGone() }, "lost unreachable 0"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			play(t, func(w *world) {
				a, b := w.up()
				d := w.branch(guest, 20*time.Second)
				c.script(w)
				if n := len(d.told); n == 0 || d.told[n-1] != c.want {
					t.Errorf("the purpose was told %v, want %s at the end", d.told, c.want)
				}
				if w.registry.given != 1 {
					t.Error("the place was not given back")
				}
				b.silent()
				a.silent()
				a.byes()
			})
		})
	}
}

func TestABranchWaitsForItsHostName(t *testing.T) {
	t.Parallel()
	const named = "sip:guest@lab.example"
	play(t, func(w *world) {
		w.routes[named] = make(chan error, 1)
		a, _ := w.up()
		w.branch(named, 20*time.Second)
		if len(w.dialled) != 1 {
			t.Fatal("dialled before the host name was looked up")
		}
		w.routes[named] <- nil
		w.b(2).rings()
		late := w.branch(named, 20*time.Second)
		w.pass(20 * time.Second)
		broken := w.branch(named, 0)
		w.routes[named] <- errors.New("no such host")
		w.settle()
		w.branch(named, 0) // is being looked up when the call ends
		a.byes()
		if !slices.Equal(late.told, []string{"lost unreachable 0"}) || !slices.Equal(broken.told, late.told) {
			t.Errorf("the purposes were told %v and %v", late.told, broken.told)
		}
		if len(w.dialled) != 2 {
			t.Errorf("%d legs, want 2", len(w.dialled))
		}
	})
}

func TestAnAdoptedBranchIsLegB(t *testing.T) {
	t.Parallel()
	play(t, func(w *world) {
		a, b := w.up()
		d := w.branch(guest, 20*time.Second)
		d.each = func(br *branch, ev event) {
			if ev.kind == agent.KindAnswered {
				d.c.dropB()
				d.c.adopt(br)
				d.c.media.side(call.LegB).Reset()
			}
		}
		w.b(2).answers(answerB)
		b.expect("bye")
		if w.registry.taken != 2 || w.registry.given != 1 {
			t.Errorf("%d places taken, %d given back; want 2 and 1", w.registry.taken, w.registry.given)
		}
		q := w.b(2).asks("INFO", "")
		a.responds(a.expect("send INFO"), 200, "")
		q.got(200)
		w.b(2).byes()
		a.expect("bye")
		w.ended(call.EndCalleeHungUp)
	})
}
