package b2bua

import (
	"callbox/routing"
	"callbox/sip/call"
)

// ALI keeps what a call centre can ask about a caller beside the call, by the number that it is shown.
type ALI interface {
	// Rung tells that a centre that gets the caller's number is about to be rung. It returns the number to show instead,
	// "" for none, and a sentence for the call's record about that, "" for none. It is called from the call's goroutine and
	// must not block, nor keep t, d and r or change them.
	Rung(t *routing.Target, d *routing.Decision, r *call.Record) (instead, detail string)
}

// shown returns the number that a centre gets as the caller's, "" for none.
func (c *bridge) shown(t *routing.Target) string {
	number := c.callbackNumber()
	if !t.Deliver.Number || c.e.o.ALI == nil || t.Kind == routing.TargetTest {
		return number
	}
	instead, detail := c.e.o.ALI.Rung(t, &c.plan, &c.rec)
	if detail != "" {
		c.note(call.Event{Leg: call.LegB, Kind: call.EventALI, Target: t.ID, Detail: detail})
	}
	if instead != "" {
		return instead
	}
	return number
}
