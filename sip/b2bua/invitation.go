package b2bua

import (
	"cmp"
	"net/netip"
	"strings"

	"callbox/routing"
	"callbox/sip/agent"
)

// invitation writes the INVITE for a target: the callback number and the address as far as the centre is to have them,
// the caller's offer with our addresses, and of the caller's header fields those that are listed.
func (c *bridge) invitation(t *routing.Target, r agent.Route) agent.Outgoing {
	var offer agent.Message
	if c.offer != nil {
		offer = c.writeOffer(&c.b, c.offer)
	}
	out, h := c.delivery(t, r, offer)
	if c.offer == nil && c.reliable && c.given == nil { // an offer in a provisional answer can be passed on
		h = append(h, header("Supported", strings.Join(append([]string{"timer, 100rel"}, out.Tags...), ", ")))
	}
	out.Message.Headers = c.askTimer(h, c.attempt.session)
	return out
}

// delivery is what a centre gets of the caller, on whatever leg it is: everything but session timers.
func (c *bridge) delivery(t *routing.Target, r agent.Route, offer agent.Message) (agent.Outgoing, []agent.Header) {
	d := &c.plan
	out := agent.Outgoing{Route: r, Message: offer, Anonymous: true, Late: len(offer.Body) == 0}
	out.Spent = 71 - c.about.hops // one hop more, or two edges could loop
	h := make([]agent.Header, 0, 12)
	h = append(h, c.idHeader[0], header(headerDialled, d.Dialled))
	if d.Emergency {
		h = append(h, header("Priority", "emergency"))
	}
	identity, number := "", c.shown(t)
	if t.Deliver.Number && number != "" {
		out.Anonymous = false
		out.From = agent.Address{Scheme: "sip", User: number, Display: d.Caller.Name}
		identity = "sip:" + number + "@" + hostOf(c.e.advertised(r.Local))
		h = append(h, header("P-Asserted-Identity", "<"+identity+">"))
	}
	h = pass(h, agent.Message{Headers: c.about.headers}, c.e.inInvite)
	if d.TestCentre != "" && t.Kind == routing.TargetTest {
		out.To = agent.Address{Scheme: "urn", User: "service:test.sos"}
		h = append(h, header(headerCentre, d.TestCentre))
	}
	if t.NG != nil && t.Kind != routing.TargetTest {
		h = c.address(&out, h, t)
	}
	if t.Deliver.Address {
		h = c.convey(h, &out.Message, t, identity, number)
		out.Tags = c.about.locationTags()
	}
	return out, h
}

// callbackNumber is the number that a call centre can call the caller back by, "" for none.
func (c *bridge) callbackNumber() string { return cmp.Or(c.plan.Caller.Callback, c.plan.Caller.Number) }

// inInvite is the list of what passes in an INVITE, with what the configuration adds. Nobody may speak for the edge.
func (e *Edge) inInvite(name string) bool {
	if inInvite(name) {
		return true
	}
	for _, extra := range e.o.PassHeaders {
		if is(name, extra) {
			return !is(name, "Priority") && !is(name, headerCall) && !is(name, headerDialled) && !is(name, headerError) && !is(name, headerCentre) &&
				!is(name, "P-Asserted-Identity") && !is(name, "Geolocation") && !withLocation(name)
		}
	}
	return false
}

// hostOf writes an address as the host of a URI.
func hostOf(a netip.Addr) string {
	a = a.WithZone("")
	if a.Is6() {
		return "[" + a.String() + "]"
	}
	return a.String()
}
