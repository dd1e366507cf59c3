package b2bua

import (
	"cmp"
	"slices"
	"strings"

	"callbox/psap/ng911"
	"callbox/routing"
	"callbox/routing/directory"
	"callbox/sip/agent"
	"callbox/sip/body"
	"callbox/sip/call"
)

// NextGeneration is what the edge says of itself to next-generation centres.
type NextGeneration struct {
	Domain   string // in the identifiers that it gives; "" is callbox.invalid
	Provider ng911.Provider
	Data     EmergencyData // nil: nothing is had by reference
}

// EmergencyData keeps the additional data of calls for who knows their URLs. Its methods must not block.
type EmergencyData interface {
	// Put keeps the blocks of a call, and returns their URLs; nil where there are none.
	Put(call string, blocks []ng911.Block) []string
	// End has them go soon.
	End(call string)
}

// noDomain stands for a domain that the configuration does not name.
const noDomain = "callbox.invalid"

func (c *bridge) domain() string { return cmp.Or(c.e.o.NG.Domain, noDomain) }

// address writes whom an INVITE to a next-generation centre is for (RFC 6881 section 9.2, NENA-STA-010), and the header
// fields that go with it. The identifiers of a call stay the same for every centre that gets it.
func (c *bridge) address(out *agent.Outgoing, h []agent.Header, t *routing.Target) []agent.Header {
	label := cmp.Or(c.plan.Service, "sos")
	if t.NG.RequestURI == directory.RequestService {
		out.Service = "urn:service:" + label
	}
	out.To = agent.Address{Scheme: "urn", User: "service:sos"}
	h = c.priority(h, t.NG.Priority)
	if c.rec.EmergencyCallID == "" {
		c.rec.EmergencyCallID = ng911.CallID(unique(c.rec.ID), c.domain())
		c.rec.IncidentID = ng911.IncidentID(unique(call.NewID()), c.domain())
	}
	return append(h, header("Call-Info", ng911.CallInfo(c.rec.EmergencyCallID, ng911.PurposeCallID)),
		header("Call-Info", ng911.CallInfo(c.rec.IncidentID, ng911.PurposeIncidentID)))
}

// unique is the 32 letters and digits of a call's ID that are its own.
func unique(id call.ID) string { return strings.TrimPrefix(string(id), "CA") }

// priority writes the Resource-Priority (RFC 4412) of the centre's network in place of the caller's, who might claim any; where
// the centre has none, the first of the caller's stays: two would leave it to the centre which counts.
func (c *bridge) priority(h []agent.Header, own string) []agent.Header {
	seen := own != ""
	h = slices.DeleteFunc(h, func(one agent.Header) bool {
		if !is(one.Name, "Resource-Priority") {
			return false
		}
		again := seen
		seen = true
		return again
	})
	if own != "" {
		h = append(h, header("Resource-Priority", own))
	}
	return h
}

// data returns the additional data of the call for a centre: as parts of the body, or where they can be had; and what
// Call-Info says of it.
func (c *bridge) data(t *routing.Target, number string) (parts []body.Addition, info []agent.Header) {
	if t.NG == nil || t.NG.Data == directory.DataNone {
		return nil, nil
	}
	blocks := ng911.Blocks(c.told911(number))
	if t.NG.Data == directory.DataByReference && c.e.o.NG.Data != nil {
		if urls := c.e.o.NG.Data.Put(string(c.rec.ID), blocks); len(urls) == len(blocks) {
			c.shelved = true
			for i, b := range blocks {
				info = append(info, header("Call-Info", ng911.CallInfo(urls[i], b.Purpose())))
			}
			return nil, info
		}
	}
	for _, b := range blocks {
		id := c.contentID(strings.ToLower(b.Kind))
		parts = append(parts, body.Addition{
			Type: b.ContentType(), ID: id, Disposition: "by-reference;handling=optional", Content: b.Content,
		})
		info = append(info, header("Call-Info", ng911.CallInfo("cid:"+id, b.Purpose())))
	}
	return parts, info
}

// told911 is what is known of the call for its additional data.
func (c *bridge) told911(number string) ng911.Call {
	d := &c.plan
	known := ng911.Call{
		Reference: unique(c.rec.ID) + "@" + c.domain(), Provider: c.e.o.NG.Provider, Number: number, Name: d.Caller.Name,
		PBX: d.Trunk, Device: c.about.device,
	}
	if e := d.Caller.Endpoint; e != nil {
		known.Language = e.Language
	}
	if civic, ok := d.Place.Known(); ok {
		a := civic.Lines()
		known.Address, known.Name = &a, cmp.Or(known.Name, a.Name)
	}
	switch d.Place.By {
	case routing.PlaceAddress:
		known.Mobility, known.Comment = "Fixed", "The location is the address that the number is registered with."
	case routing.PlaceEndpoint:
		known.Mobility, known.Comment = "Nomadic", "The location is the one that the endpoint is registered with."
	case routing.PlaceID:
		known.Mobility, known.Comment = "Nomadic", "The location is one of the account's that the call names: "+d.Place.LocationID+"."
	case routing.PlaceHook:
		known.Mobility, known.Comment = "Nomadic", "The location is what the account's web service said at call time."
	case routing.PlaceValue:
		known.Mobility, known.Comment = "Nomadic", "The location is the one that came with the call."
	}
	return known
}
