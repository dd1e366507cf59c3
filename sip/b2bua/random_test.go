package b2bua

import (
	"flag"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"callbox/routing"
	"callbox/routing/directory"
	"callbox/sip/agent"
	"callbox/sip/call"
	"callbox/sip/media"
)

var (
	seed = flag.Uint64("seed", 1, "first seed of TestAnyOrderOfEvents")
	runs = flag.Uint64("runs", 2000, "calls that TestAnyOrderOfEvents makes")
)

// TestAnyOrderOfEvents plays calls in which everything that may happen happens in any order, several things at a time,
// and checks what must hold after each: one final answer for the caller, one end reason, one record, no leg, place or
// media left over, every request answered. A failure names the seed that repeats it.
func TestAnyOrderOfEvents(t *testing.T) {
	for n := range *runs {
		s := *seed + n
		ok := t.Run("", func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, randomOptions(s))
				g := &gambler{w: w, r: rand.New(rand.NewPCG(s, 0))}
				g.play()
				w.running.Wait()
				w.checkInvariants()
				g.checkEnd()
			})
		})
		if !ok {
			t.Fatalf("repeat with -run TestAnyOrderOfEvents -args -seed %d -runs 1", s)
		}
	}
}

func randomOptions(s uint64) Options {
	if s%3 == 0 {
		return announced()
	}
	o := Options{MaxDuration: time.Hour, LimitEmergency: s%5 == 0}
	if s%4 == 0 {
		o.SessionExpires = 90 * time.Second
	}
	return o
}

// gambler plays everybody around one call by chance. What it lets happen waits in batch until flush: the call's
// goroutine then finds all of it at once, in an order that the seed alone decides.
type gambler struct {
	w     *world
	r     *rand.Rand
	a     *peer
	acked bool
	batch []event
}

func (g *gambler) chance(percent int) bool { return g.r.IntN(100) < percent }

// body is mostly what it should be.
func (g *gambler) body(good string) string {
	if g.chance(8) {
		return []string{"", "nonsense"}[g.r.IntN(2)]
	}
	return good
}

// timers are mostly none.
func (g *gambler) timers() []agent.Header {
	if !g.chance(30) {
		return nil
	}
	return headers([]string{timerAble, []string{"Session-Expires: 90;refresher=uac", "Session-Expires: 90;refresher=uas"}[g.r.IntN(2)]})
}

// happens lets an event wait for flush.
func (g *gambler) happens(p *peer, ev event) {
	ev.leg = p
	g.batch = append(g.batch, ev)
}

// flush hands the call what happened, and waits until it has acted.
func (g *gambler) flush() {
	g.w.deliver(g.batch)
	g.batch = nil
}

// play makes one call and lets it end within bounds.
func (g *gambler) play() {
	w := g.w
	if g.chance(10) {
		w.plan = testCall()
	}
	for _, target := range w.plan.Targets {
		w.registry.out[target.ID], w.registry.full[target.ID] = g.chance(10), g.chance(5)
	}
	if g.chance(20) {
		uri := "sip:psap@psap.example"
		w.plan.Targets[0].URI = uri
		w.routes[uri] = make(chan error, 1)
		if g.chance(70) {
			w.routes[uri] <- nil
		}
	}
	for i := range w.plan.Targets {
		if g.chance(10) { // its answers are in the clear: it is passed over, or has chosen so
			w.plan.Targets[i].SRTP = []directory.SRTP{directory.SRTPOptional, directory.SRTPRequired}[g.r.IntN(2)]
		}
	}
	if g.chance(15) {
		w.plan.Notify = []directory.Notification{listenAt(desk), {Kind: directory.NotifyBarge, To: "sip:x@nowhere"}}
	}
	if g.chance(10) {
		w.questions = 1 + g.r.IntN(2)
	}
	if g.chance(3) {
		w.decide = func(routing.Request) routing.Decision { panic("defect") }
	}
	g.a = w.invite(g.body([]string{offerA, offerA, "", with(offerA, "sendonly", 4000)}[g.r.IntN(4)]), g.timers()...)
	for range 5 + g.r.IntN(60) {
		g.step()
		if g.chance(60) { // else the next thing happens before the edge has seen this one
			g.flush()
		}
	}
	g.flush()
	g.checkMedia()
	g.finish()
}

// checkMedia holds a call that is up, with no offer under way, to what its two sides have said: media goes there.
func (g *gambler) checkMedia() {
	g.w.within(func(c *bridge) {
		if c.phase != phaseUp || c.exchange != nil || c.b.state != legAnswered {
			return
		}
		for i, p := range []*party{&c.a, &c.b} {
			if p.said == nil {
				continue
			}
			m, _ := p.said.Audio()
			if got := g.w.media.sides[i].remote.RTP; got != m.RTP {
				g.w.t.Errorf("media to leg %v goes to %v, and it has said %v", p.name, got, m.RTP)
			}
		}
	})
}

// finish hangs up whatever is still there.
func (g *gambler) finish() {
	for range 20 {
		if g.w.edge.Active() == 0 {
			return
		}
		switch g.a.state {
		case legEarly:
			g.a.cancels()
		case legAnswered:
			g.a.byes()
		}
		g.w.settle()
	}
}

// step lets one thing happen.
func (g *gambler) step() {
	if g.a.sink == nil {
		return
	}
	switch n := g.r.IntN(100); {
	case n < 5:
		g.flush()
		g.w.pass(time.Duration(g.r.IntN(25)) * time.Second)
	case n < 8:
		g.batch = append(g.batch, event{kind: kindNotice, notice: media.Notice{Kind: media.NoticeKind(1 + g.r.IntN(20)/19), Side: call.LegA}})
	case n < 10:
		g.flush()
		g.w.edge.Calls()
	case n < 14 && g.w.questions > 0:
		g.flush()
		select {
		case g.w.replies <- routing.Reply{Status: 200}:
		default: // nobody asks
		}
	case n < 50:
		g.dialogStep(g.a)
	default:
		if b := g.anyCentre(); b != nil {
			if b.state == legEarly {
				g.centreStep(b)
			} else {
				g.dialogStep(b)
			}
		}
	}
}

// anyCentre is mostly the one dialled last, at times one given up before.
func (g *gambler) anyCentre() *peer {
	g.w.mu.Lock()
	defer g.w.mu.Unlock()
	n := len(g.w.dialled)
	switch {
	case n == 0:
		return nil
	case g.chance(20):
		return g.w.dialled[g.r.IntN(n)]
	}
	return g.w.dialled[n-1]
}

// centreStep is something a centre does before its final answer.
func (g *gambler) centreStep(b *peer) {
	fork := []string{"x", "x", "y"}[g.r.IntN(3)]
	switch n := g.r.IntN(100); {
	case n < 20:
		g.happens(b, event{kind: agent.KindProgress, status: 180, fork: fork})
	case n < 35:
		g.happens(b, event{kind: agent.KindProgress, status: 183, fork: fork, message: sdpMessage(g.body(answerB))})
	case n < 65:
		b.state = legAnswered
		answer := []string{answerB, answerB, alaw(answerB), with(answerB, "recvonly", 5001)}[g.r.IntN(4)]
		g.happens(b, event{kind: agent.KindAnswered, status: 200, fork: fork, message: sdpMessage(g.body(answer), g.timers()...)})
	case n < 75:
		b.state = legOver
		g.happens(b, event{kind: agent.KindFailed, status: []int{302, 404, 422, 486, 487, 500, 603}[g.r.IntN(7)]})
	case n < 80:
		b.state = legOver
		g.happens(b, event{kind: agent.KindFailed, status: []int{408, 503}[g.r.IntN(2)], local: true})
	}
}

// dialogStep is something either side does in its dialog, or the caller before.
func (g *gambler) dialogStep(p *peer) {
	switch {
	case p.state == legEarly && p.uas:
		if g.chance(8) {
			p.state, p.finals = legOver, p.finals+1
			g.happens(p, event{kind: agent.KindCancelled})
		}
		return
	case p.state != legAnswered:
		return
	}
	switch n := g.r.IntN(100); {
	case p.uas && !g.acked && n < 70, n < 20:
		g.acked = g.acked || p.uas
		p.owes = false
		g.happens(p, event{kind: agent.KindAcked, message: sdpMessage(g.body(offerA))})
	case n < 45:
		g.ask(p)
	case n < 85:
		g.respond(p)
	case n < 90:
		g.withdraw(p)
	case n < 92:
		p.state = legOver
		g.happens(p, event{kind: agent.KindBye})
	case n < 93:
		p.state = legOver
		g.happens(p, event{kind: agent.KindGone})
	case n < 94:
		p.owes = false
		g.happens(p, event{kind: agent.KindAckTimeout})
	}
}

// alaw is a description without PCMU.
func alaw(description string) string {
	return strings.NewReplacer("AVP 0 8 101", "AVP 8 101", "AVP 0 101", "AVP 8 101").Replace(description)
}

func (g *gambler) ask(p *peer) {
	names := []string{"INVITE", "INVITE", "INVITE", "UPDATE", "UPDATE", "INFO", "MESSAGE", "REFER", "REFER", "NOTIFY"}
	bodies := []string{offerA, with(offerA, "sendonly", 4000), with(offerA, "inactive", 4001), alaw(offerA)}
	q := &ask{p: p, name: names[g.r.IntN(len(names))], m: sdpMessage(g.body(bodies[g.r.IntN(4)]), g.timers()...)}
	if q.name == "REFER" && g.chance(70) {
		q.m = agent.Message{Headers: []agent.Header{header("Refer-To", []string{"<sip:psap-oak@h>", "<sip:ecc-us@h>", "<sip:x@h>"}[g.r.IntN(3)])}}
	}
	p.asked = append(p.asked, q)
	g.happens(p, event{kind: agent.KindRequest, request: q})
}

// respond answers one of the requests the edge has sent.
func (g *gambler) respond(p *peer) {
	g.w.mu.Lock()
	var id uint32
	for i := range p.sends {
		id = max(id, i)
	}
	delete(p.sends, id)
	g.w.mu.Unlock()
	if id == 0 {
		return
	}
	status := 200
	if g.chance(25) {
		status = []int{487, 488, 491, 500, 408, 481}[g.r.IntN(6)]
	}
	g.happens(p, event{kind: agent.KindResponse, id: id, status: status, message: sdpMessage(g.body(answerB))})
}

func (g *gambler) withdraw(p *peer) {
	for _, q := range p.asked {
		g.w.mu.Lock()
		open := q.name == "INVITE" && q.answers == 0
		if open {
			q.status, q.answers = 487, 1
		}
		g.w.mu.Unlock()
		if open {
			g.happens(p, event{kind: agent.KindRequestGone, request: q})
			return
		}
	}
}

// checkEnd holds an emergency call to its promise: unanswered only when the caller gave up or every target failed.
func (g *gambler) checkEnd() {
	r := g.w.record()
	switch r.EndReason {
	case call.EndNoTarget:
		for _, target := range g.w.plan.Targets {
			tried := false
			for _, at := range r.Attempts {
				tried = tried || at.Target == target.ID
			}
			if !tried {
				g.w.t.Errorf("the caller was given up before %s was tried: %s", target.ID, outcomes(r))
			}
		}
	case call.EndShutdown:
		if !g.w.edge.o.LimitEmergency && g.w.plan.Emergency {
			g.w.t.Error("an emergency call was cut off")
		}
	case call.EndInternal:
		if g.w.decide == nil {
			g.w.t.Error("a defect ended the call")
		}
	}
}
