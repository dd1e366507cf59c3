package b2bua

import (
	"bytes"
	"net/netip"
	"strings"
	"time"

	"callbox/psap/ali"
	"callbox/routing"
	"callbox/routing/directory"
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
		h = append(h, header("Supported", "timer, 100rel"))
	}
	out.Message.Headers = c.askTimer(h, c.attempt.session)
	return out
}

// delivery is what a centre gets of the caller, on whatever leg it is: everything but session timers.
func (c *bridge) delivery(t *routing.Target, r agent.Route, offer agent.Message) (agent.Outgoing, []agent.Header) {
	d := &c.plan
	out := agent.Outgoing{Route: r, Message: offer, Anonymous: true}
	out.Spent = 71 - c.about.hops // one hop more, or two edges could loop
	h := make([]agent.Header, 0, 12)
	h = append(h, c.idHeader[0], header(headerDialled, d.Dialled))
	if d.Emergency {
		h = append(h, header("Priority", "emergency"))
	}
	identity := ""
	if number := c.shown(t); t.Deliver.Number && number != "" {
		out.Anonymous = false
		out.From = agent.Address{Scheme: "sip", User: number}
		identity = "sip:" + number + "@" + hostOf(c.e.advertised(r.Local))
		h = append(h, header("P-Asserted-Identity", "<"+identity+">"))
	}
	h = pass(h, agent.Message{Headers: c.about.headers}, c.e.inInvite)
	if t.Deliver.Address {
		h = c.addLocation(h, &out.Message, t.Deliver.Format, identity)
	}
	return out, h
}

// particulars is what the caller's INVITE gives to every centre that gets the call.
type particulars struct {
	headers  []agent.Header
	hops     int    // it may go on for
	location []byte // the caller's own PIDF-LO, nil for none
}

// kept is what is left of it in a call that is up, for a centre that it is transferred to. The rest of the INVITE must not
// stay in memory with it.
func (p particulars) kept(may func(string) bool) particulars {
	out := particulars{hops: p.hops, location: bytes.Clone(p.location)}
	for _, h := range p.headers {
		if may(h.Name) || is(h.Name, "Geolocation") {
			out.headers = append(out.headers, header(strings.Clone(h.Name), strings.Clone(h.Value)))
		}
	}
	return out
}

// addLocation puts the caller's location into an INVITE: the registered address, else the document that the caller
// sent, and any location the caller gave by reference. A document needs a body part beside an offer; an INVITE without
// one has no body, since the ACK would then have to carry what the agent has sent already.
func (c *bridge) addLocation(h []agent.Header, m *agent.Message, f directory.Format, identity string) []agent.Header {
	before := len(h)
	doc := c.about.location
	if a := c.plan.Caller.Address; a != nil {
		doc = ali.PIDFLO(civic(c.plan.Caller.Number, a.Civic()), identity, time.Now())
	}
	if f == directory.FormatPIDF && len(doc) > 0 && len(m.Body) > 0 {
		id := string(c.rec.ID)
		cid := id + "@callbox.invalid"
		m.ContentType, m.Body = ali.Multipart(m.Body, doc, cid, "callbox-"+id[2:14])
		h = append(h, header("Geolocation", "<cid:"+cid+">"))
	}
	for _, one := range c.about.headers {
		if is(one.Name, "Geolocation") && !strings.Contains(strings.ToLower(one.Value), "cid:") {
			h = append(h, header("Geolocation", one.Value))
		}
	}
	if len(h) > before {
		h = append(h, header("Geolocation-Routing", "yes"))
	}
	return h
}

// civic is a registered address as the call-taker's screen has it.
func civic(number string, a directory.Civic) ali.Record {
	return ali.Record{
		Number: number, Name: a.Customer, Street: a.Street, City: a.City, State: a.State, PostalCode: a.PostalCode,
		Country: a.Country,
	}.WithSecondary(a.Secondary)
}

// inInvite is the list of what passes in an INVITE, with what the configuration adds. Nobody may speak for the edge.
func (e *Edge) inInvite(name string) bool {
	if inInvite(name) {
		return true
	}
	for _, extra := range e.o.PassHeaders {
		if is(name, extra) {
			return !is(name, "Priority") && !is(name, headerCall) && !is(name, headerDialled) && !is(name, headerError) &&
				!is(name, "P-Asserted-Identity") && !is(name, "Geolocation")
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
