package b2bua

import (
	"time"

	"callbox/routing"
	"callbox/sip/agent"
)

// desks are the devices that a call centre has registered: the ways to it that come before its URI.
type desks struct {
	of    *routing.Target // as the decision has it
	ways  []agent.Route   // those not tried yet
	uri   bool            // the URI is of use after them
	until time.Time       // end of the ring time, which they and the URI share
}

// knockTime is how long a registered device may say nothing before the next way to its centre is tried. A phone that has
// gone without a word must not use up the ring time.
const knockTime = 6 * time.Second

// following returns what is to be tried next: the next way to the target that was tried last, or the next target. The
// target is nil when none is left.
func (c *bridge) following() (*routing.Target, *desks) {
	if d := c.desks; d != nil {
		c.desks = nil
		if time.Now().Before(d.until) && (len(d.ways) > 0 || d.uri) {
			return d.next(), d
		}
	}
	if c.upcoming >= len(c.plan.Targets) {
		return nil, nil
	}
	t := &c.plan.Targets[c.upcoming]
	c.upcoming++
	if t.Kind == routing.TargetTest {
		return t, nil
	}
	ways, uri := c.e.o.Centres(t.ID)
	if len(ways) == 0 {
		return t, nil
	}
	d := &desks{of: t, ways: ways, uri: uri, until: time.Now().Add(c.ringTime(t))}
	return d.next(), d
}

// next is the target at the next device, or at its URI once there is none.
func (d *desks) next() *routing.Target {
	if len(d.ways) == 0 {
		return d.of
	}
	return atDesk(d.of, d.ways[0])
}

// atDesk is a target with where it has registered in the place of its URI.
func atDesk(t *routing.Target, way agent.Route) *routing.Target {
	at := *t
	at.Direct(way.URI)
	return &at
}

// callDesk tries the next way to a centre that has registered.
func (c *bridge) callDesk(t *routing.Target, d *desks) bool {
	c.stepAt = d.until
	if len(d.ways) == 0 {
		return c.locate(t)
	}
	way := d.ways[0]
	d.ways = d.ways[1:]
	c.attempt.desks = d
	c.stepAt = knockUntil(d.until)
	c.dial(t, way)
	return true
}

// knockUntil is when a registered device must have said something.
func knockUntil(until time.Time) time.Time {
	if knock := time.Now().Add(knockTime); knock.Before(until) {
		return knock
	}
	return until
}

// deskStirs gives a device that has said something the rest of the ring time.
func (c *bridge) deskStirs() {
	if d := c.attempt.desks; d != nil && !c.stepAt.IsZero() {
		c.stepAt = d.until
	}
}

// ringTime is how long a target may ring.
func (c *bridge) ringTime(t *routing.Target) time.Duration {
	if t.Ring <= 0 {
		return c.e.o.Ring
	}
	return t.Ring
}
