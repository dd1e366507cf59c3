package b2bua

import (
	"context"
	"fmt"
	"runtime/debug"
	"time"

	"callbox/routing"
	"callbox/sip/call"
)

// Asker asks somebody outside what a decision has to know: a web hook, a LoST server.
type Asker interface {
	// Ask returns the answer to q, or what kept it from coming. It may block until ctx ends, as it does when the caller
	// hangs up.
	Ask(ctx context.Context, q routing.Question) routing.Reply
}

const (
	// maxQuestions bounds what is asked for one call; the replies to any more fail at once.
	maxQuestions = 4
	// askLimit is how long a question may take, whatever the limit of who asks it. A call does not hang on anybody's answer.
	askLimit = 15 * time.Second
)

// asking is the questions of a call's decision.
type asking struct {
	request routing.Request // with the replies there are
	open    *asked          // the question that waits for its reply, nil for none
	stop    context.CancelFunc
}

// asked is one question and what came of it.
type asked struct {
	question routing.Question
	reply    routing.Reply
	began    time.Time
}

// decide has the call decided, false where that has to wait for the reply to a question. The first question takes the
// caller's leg and opens media, as the first target else does: from then on the call is one that can be cancelled.
func (c *bridge) decide(r routing.Request) bool {
	c.plan = c.e.o.Decider.Decide(r)
	c.decided = true
	if c.plan.Verdict != routing.VerdictAsk || c.plan.Question == nil {
		return true
	}
	c.recordPlan()
	if c.a.state == legNone {
		if !c.admit() || !c.openMedia() {
			return false
		}
	}
	c.ask(r, *c.plan.Question)
	return false
}

// ask puts a question beside the call's goroutine.
func (c *bridge) ask(r routing.Request, q routing.Question) {
	a := &asked{question: q, reply: routing.Reply{Kind: q.Kind}, began: time.Now()}
	c.asking = &asking{request: r, open: a}
	c.phase, c.stepAt = phaseAsking, a.began.Add(askLimit)
	c.note(call.Event{Kind: call.EventAsked, Detail: whom(&q)})
	switch asker := c.e.o.Asker; {
	case len(r.Replies) >= maxQuestions:
		a.reply.Err = fmt.Sprintf("the decision has more than %d questions", maxQuestions)
	case asker == nil:
		a.reply.Err = "this edge has nobody to ask"
	default:
		ctx, stop := context.WithCancel(context.Background())
		c.asking.stop = stop
		c.lookups.Go(func() {
			defer func() {
				if p := recover(); p != nil {
					c.e.count.panics.Add(1)
					c.log(levelError, call.LegA).Interface("panic", p).Bytes("stack", debug.Stack()).Msg("question of a decision failed by a defect")
					a.reply = routing.Reply{Err: "internal error"}
				}
				c.box.post(event{kind: kindReplied, asked: a})
			}()
			a.reply = asker.Ask(ctx, q)
		})
		return
	}
	c.box.post(event{kind: kindReplied, asked: a})
}

// whom says who is asked.
func whom(q *routing.Question) string {
	if q.Kind == routing.QuestionHook && q.Hook != nil {
		return "web hook of " + q.Hook.Number
	}
	return q.Kind.String()
}

// onReplied decides anew with the reply to the call's question.
func (c *bridge) onReplied(a *asked) {
	if c.asking == nil || a != c.asking.open {
		return
	}
	c.replied(a.reply)
}

// unheard goes on without the reply to the call's question, which has not come.
func (c *bridge) unheard() {
	c.replied(routing.Reply{Err: "no reply within " + askLimit.String()})
}

func (c *bridge) replied(reply routing.Reply) {
	r, a := c.asking.request, c.asking.open
	c.endAsking()
	c.phase, c.stepAt = phaseSetup, time.Time{}
	took := time.Since(a.began)
	if reply.Kind = a.question.Kind; reply.Elapsed <= 0 {
		reply.Elapsed = took
	}
	said := reply.Err
	if said == "" {
		said = fmt.Sprintf("answered %d", reply.Status)
	}
	c.note(call.Event{Kind: call.EventReplied, Detail: fmt.Sprintf("%s: %s after %s", whom(&a.question), said, took.Round(time.Millisecond/10))})
	r.Replies = append(r.Replies[:len(r.Replies):len(r.Replies)], reply)
	if len(r.Replies) > 2*maxQuestions { // each of them has failed, and still the decision asks
		c.end(ending{reason: call.EndInternal, status: 500, sentence: "internal error: the decision asks without end"})
		return
	}
	if c.decide(r) {
		c.carryOut()
	}
}

// endAsking ends the question that is open.
func (c *bridge) endAsking() {
	if a := c.asking; a != nil && a.stop != nil {
		a.stop()
	}
	c.asking = nil
}

// remembered is a proof that is right more than once for the same decision: the nonce of digest credentials is good for one
// use, and a decision with questions is made anew with each reply.
type remembered struct {
	routing.Proof
	right bool
	by    [3]string // realm and hashes that it was right for
}

// Verify implements routing.Proof.
func (p *remembered) Verify(realm, md5, sha256 string) bool {
	by := [3]string{realm, md5, sha256}
	if !p.right || p.by != by {
		p.right, p.by = p.Proof.Verify(realm, md5, sha256), by
	}
	return p.right
}

// Stale is that of the proof, where it has one.
func (p *remembered) Stale() bool {
	s, ok := p.Proof.(interface{ Stale() bool })
	return ok && s.Stale()
}
