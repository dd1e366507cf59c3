package b2bua

import (
	"slices"
	"strings"
	"time"

	"callbox/routing"
	"callbox/routing/directory"
	"callbox/sip/agent"
	"callbox/sip/body"
	"callbox/sip/location"
)

// particulars is what the caller's INVITE gives to every centre that gets the call.
type particulars struct {
	headers []agent.Header
	hops    int       // it may go on for
	parts   body.Body // its body, where that is more than a description
	cut     bool      // that was too large to be kept
	device  string    // its User-Agent
}

// maxKept bounds the parts that stay in memory with a call that is up, for a centre that it is transferred to.
const maxKept = 16 << 10

// kept is what is left of it in a call that is up. The rest of the INVITE must not stay in memory with it.
func (p particulars) kept(may func(string) bool) particulars {
	out := particulars{hops: p.hops, parts: p.parts.Kept(maxKept), device: strings.Clone(p.device)}
	out.cut = len(p.parts.Parts) > len(out.parts.Parts)
	for _, h := range p.headers {
		if may(h.Name) || withLocation(h.Name) || is(h.Name, "Geolocation") {
			out.headers = append(out.headers, header(strings.Clone(h.Name), strings.Clone(h.Value)))
		}
	}
	if tags := p.locationTags(); len(tags) > 0 {
		out.headers = append(out.headers, header("Supported", strings.Clone(strings.Join(tags, ", "))))
	}
	return out
}

// withLocation tells the header fields that go where the caller's location goes, byte for byte: what it says of itself,
// of its call and of its body. Geolocation itself is seen to apart.
func withLocation(name string) bool {
	return is(name, "Geolocation-Routing") || is(name, "Call-Info") || is(name, "Accept-Contact") || aboutBody(name)
}

// aboutBody tells the header fields that speak of the body as it came (RFC 3261 section 7.4.1, RFC 8262).
func aboutBody(name string) bool {
	return is(name, "MIME-Version") || is(name, "Content-ID") || is(name, "Content-Disposition") || is(name, "Content-Language")
}

// convey puts the caller's location into an INVITE: the parts and header fields of its own INVITE byte for byte, and the
// place that the call was routed by where that is another.
func (c *bridge) convey(h []agent.Header, m *agent.Message, t *routing.Target, identity, number string) []agent.Header {
	parts := t.NG != nil || t.Deliver.Format == directory.FormatPIDF
	var own []body.Addition
	if pidf := c.document(identity, number); parts && pidf != nil {
		own = append(own, body.Addition{
			Type: body.PIDF, ID: c.contentID("location"), Disposition: "by-reference;handling=optional", Content: pidf,
		})
	}
	blocks, info := c.data(t, number)
	doc := len(own) > 0
	own = append(own, blocks...)
	whole := false
	if parts {
		whole = c.compose(m, own)
	}
	before := len(h)
	h = c.geolocation(h, !parts || c.about.cut || c.about.parts.Err != nil)
	if doc {
		h = append(h, header("Geolocation", "<cid:"+own[0].ID+">"))
	}
	located := len(h) > before
	for _, one := range c.about.headers {
		switch {
		case is(one.Name, "Geolocation-Routing"):
			if located && !holds(h, one.Name) {
				h = append(h, one)
			}
		case aboutBody(one.Name):
			if whole && !wrapped(m, c.about.parts) && !holds(h, one.Name) {
				h = append(h, one)
			}
		case withLocation(one.Name) && !speaksForUs(one):
			h = append(h, one)
		}
	}
	if located && !holds(h, "Geolocation-Routing") {
		h = append(h, header("Geolocation-Routing", "yes"))
	}
	return append(h, info...)
}

// compose writes the body of an INVITE that holds an offer of ours or nothing: the caller's with that offer in the place of
// its own, and our parts behind. It tells whether the caller's parts are in it.
func (c *bridge) compose(m *agent.Message, own []body.Addition) (whole bool) {
	p := c.about.parts
	spare := "callbox-" + string(c.rec.ID)[2:14]
	usable := len(p.Parts) > 0 && p.Err == nil
	mine := usable && p.Session() >= 0
	switch {
	case !usable || mine && len(m.Body) == 0: // the caller's own description must not go alone
		if len(own) > 0 {
			b := body.Body{}
			if len(m.Body) > 0 {
				b, _ = body.Split(typeSDP, m.Body)
			}
			m.ContentType, m.Body = b.Write(m.Body, own, spare)
		}
		return false
	case mine || len(m.Body) == 0:
		var about []string
		for _, h := range c.about.headers {
			if aboutBody(h.Name) && !is(h.Name, "MIME-Version") {
				about = append(about, body.Header(h.Name, h.Value))
			}
		}
		session := m.Body
		m.ContentType, m.Body = p.Write(session, own, spare, about...)
		return true
	}
	// The caller has made its offer after its INVITE: what that held goes beside.
	a := body.Addition{Type: p.Type, Content: p.Raw}
	for _, h := range c.about.headers {
		if is(h.Name, "Content-ID") {
			a.ID = strings.Trim(h.Value, "<>")
		}
	}
	b, _ := body.Split(typeSDP, m.Body)
	m.ContentType, m.Body = b.Write(m.Body, append([]body.Addition{a}, own...), spare)
	return true
}

// wrapped tells whether the caller's body is a part of a message's.
func wrapped(m *agent.Message, p body.Body) bool { return m.ContentType != p.Type }

// geolocation appends the caller's values of Geolocation. Where its parts do not go along, those that name one do not.
func (c *bridge) geolocation(h []agent.Header, withheld bool) []agent.Header {
	for _, one := range c.about.headers {
		if !is(one.Name, "Geolocation") {
			continue
		}
		value := one.Value
		if withheld && strings.Contains(strings.ToLower(value), "cid:") {
			value = strings.Join(slices.DeleteFunc(agent.Values(value), namesPart), ", ")
		}
		if value != "" {
			h = append(h, header("Geolocation", value))
		}
	}
	return h
}

// locationTags are the option tags of the caller's that speak of its location (RFC 6442 section 4.5) and so go with it. The
// others speak of its own dialog.
func (p particulars) locationTags() (tags []string) {
	for _, h := range p.headers {
		if !is(h.Name, "Supported") {
			continue
		}
		for _, tag := range agent.Values(h.Value) {
			if (is(tag, "geolocation-sip") || is(tag, "geolocation-http")) && !slices.Contains(tags, tag) {
				tags = append(tags, tag)
			}
		}
	}
	return tags
}

// namesPart tells whether a value of Geolocation names a part of the body.
func namesPart(value string) bool {
	return strings.HasPrefix(strings.ToLower(strings.TrimLeft(value, "< \t")), "cid:")
}

// speaksForUs tells a Call-Info of the caller's that says what only the edge may say: by which identifiers the call is
// known (NENA-STA-010).
func speaksForUs(h agent.Header) bool {
	value := strings.ToLower(strings.ReplaceAll(h.Value, `\`, "")) // which may stand before any character of a quoted string
	return is(h.Name, "Call-Info") && (strings.Contains(value, "emergency-callid") ||
		strings.Contains(value, "emergency-incidentid") || strings.Contains(value, "urn:emergency:uid"))
}

// contentID is the Content-ID of a part of ours in the INVITEs of this call.
func (c *bridge) contentID(part string) string {
	return part + "." + string(c.rec.ID) + "@" + c.domain()
}

// document is the PIDF-LO of the place that the call was routed by, nil where the caller's own says it or none is known.
func (c *bridge) document(identity, number string) []byte {
	d := &c.plan
	p := &d.Place
	if p.By == routing.PlaceValue {
		return nil
	}
	l := location.Location{Entity: identity, Timestamp: time.Now(), Method: "Manual"}
	civic, known := p.Known()
	if !known && d.Caller.Address != nil && p.By == routing.PlaceNone {
		civic, known = d.Caller.Address.Civic(), true
	}
	if known {
		a := civic.Lines().Civic()
		l.Civic = &a
	}
	if p.Point != nil {
		shape := location.NewCircle(*p.Point, p.Uncertainty)
		l.Shape = &shape
		l.Method = ""
	}
	if l.Civic == nil && l.Shape == nil {
		return nil
	}
	if number != "" {
		l.Contact = "tel:" + number
	}
	return location.Build(l)
}
