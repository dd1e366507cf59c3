package b2bua

import (
	"callbox/routing"
	"callbox/sip/call"
)

// Notifier is told how a call fares that is to reach a call centre or the test service, and whose domain or trunk wants
// somebody told: that it was decided, answered, and ended.
type Notifier interface {
	// Notify is called from the call's goroutine, in order for each call. It must not block, nor keep d and r or change
	// them.
	Notify(ev call.Event, d *routing.Decision, r *call.Record)
}

// tell hands an event to the notifier.
func (c *bridge) tell(ev call.Event) {
	n := c.e.o.Notifier
	if n == nil || len(c.plan.Notify) == 0 || len(c.plan.Targets) == 0 {
		return
	}
	switch ev.Kind {
	case call.EventDecided, call.EventAnswered, call.EventEnded:
		n.Notify(ev, &c.plan, &c.rec)
	}
}
