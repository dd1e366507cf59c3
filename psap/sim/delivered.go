package sim

import (
	"fmt"
	"net/url"
	"strings"
	"unicode"

	"callbox/sip/agent"
	"callbox/sip/body"
	"callbox/sip/location"
)

// delivered is what the INVITE told about the caller.
type delivered struct {
	number  string // E.164 as sent, "" when withheld
	name    string // the display name, "" for none
	address location.Lines
	located bool // there is an address
	point   *Point
	beside  Beside
	sdp     []byte
}

// Point is where a caller was said to be: in degrees of WGS84, with the radius in metres of the circle that it may be in,
// 0 where nothing was said of that.
type Point struct {
	Lat, Lon    float64
	Uncertainty float64
}

// Beside is what came beside number and place, as a call-taker's equipment would look into it.
type Beside struct {
	Geolocation []string // the values of Geolocation
	Routing     string   // Geolocation-Routing
	CallInfo    []string // the values of Call-Info
	Data        []Data   // additional data (RFC 7852)
}

// Data is a block of additional data: by value, with what it holds, or by reference.
type Data struct {
	Block   string // ProviderInfo, ServiceInfo, DeviceInfo, SubscriberInfo, Comment
	URL     string // "" by value
	Content string // "" by reference
}

// Bounds of what is kept of an INVITE.
const (
	maxValues = 16
	maxValue  = 512
	maxBlock  = 4096
)

// read takes what in delivers. The error is of its body, which is then as good as absent but for the address.
func read(in *agent.Incoming) (delivered, error) {
	m := in.Message
	d := delivered{number: number(in.From, m)}
	if !anonymous(in.From) {
		d.name = line(in.From.Display)
	}
	d.beside.Geolocation, d.beside.CallInfo = values(m, "Geolocation"), values(m, "Call-Info")
	d.beside.Routing = line(m.Get("Geolocation-Routing"))
	var b body.Body
	var err error
	if len(m.Body) > 0 {
		if b, err = body.Split(m.ContentType, m.Body); err != nil && len(b.Parts) == 0 {
			return d, err
		}
		session := b.Session()
		if session < 0 && b.Find(body.PIDF) < 0 {
			return d, fmt.Errorf("neither %s nor %s in a body of %.80q", body.SDP, body.PIDF, m.ContentType)
		}
		if session >= 0 {
			if d.sdp, err = b.Content(session); err != nil {
				return d, err
			}
		}
	}
	d.locate(b, m.Get("X-Callbox-Call"))
	d.beside.data(b)
	return d, nil
}

// locate finds the place that counts: the one that whoever called the centre has added, which it names by the call, else
// the first that can be read. A location that cannot be read must not keep a call from being answered.
func (d *delivered) locate(b body.Body, call string) {
	var first, added []location.Location
	named, _ := location.ParseGeolocation(d.beside.Geolocation)
	for _, r := range named {
		found := at(b, r)
		if len(found) > 0 && first == nil {
			first = found
		}
		if call != "" && strings.Contains(r.ContentID, call) && added == nil {
			added = found
		}
	}
	for i, p := range b.Parts {
		if p.Type == body.PIDF && first == nil { // nothing names it
			first = document(b, i)
		}
	}
	if added != nil {
		first = added
	}
	for _, l := range first {
		if l.Civic != nil && !d.located {
			d.address = l.Civic.Lines()
			d.located = d.address.String() != ""
		}
		if l.Shape != nil && d.point == nil {
			c := l.Shape.Centroid()
			d.point = &Point{Lat: c.Lat, Lon: c.Lon, Uncertainty: l.Shape.Uncertainty()}
		}
	}
}

// at returns the places that a value of Geolocation gives by itself or by a part of the body.
func at(b body.Body, r location.Reference) []location.Location {
	if l, ok := r.Location(); ok {
		return []location.Location{l}
	}
	if r.Kind != location.RefContent {
		return nil
	}
	for i, p := range b.Parts {
		if p.ID == r.ContentID && p.Type == body.PIDF {
			return document(b, i)
		}
	}
	return nil
}

func document(b body.Body, part int) []location.Location {
	doc, err := b.Content(part)
	if err != nil {
		return nil
	}
	found, _ := location.Parse(doc) // the good ones
	return found
}

// data collects the blocks that Call-Info names: those in the body, and those elsewhere.
func (s *Beside) data(b body.Body) {
	for _, value := range s.CallInfo {
		uri, params, ok := strings.Cut(strings.TrimPrefix(value, "<"), ">")
		block := blockOf(params)
		if !ok || block == "" {
			continue
		}
		d := Data{Block: block, URL: uri}
		if i := b.ByID(uri); i >= 0 {
			d.URL = ""
			if content, err := b.Content(i); err == nil {
				d.Content = strings.ToValidUTF8(string(content[:min(len(content), maxBlock)]), "\uFFFD")
			}
		}
		s.Data = append(s.Data, d)
	}
}

// blockOf returns the kind of additional data that the parameters of a Call-Info value name as its purpose, "" for another
// purpose.
func blockOf(params string) string {
	const data = "EmergencyCallData."
	for param := range strings.SplitSeq(params, ";") {
		name, purpose, _ := strings.Cut(param, "=")
		purpose = strings.Trim(strings.TrimSpace(purpose), `"`)
		if strings.EqualFold(strings.TrimSpace(name), "purpose") && len(purpose) > len(data) && strings.EqualFold(purpose[:len(data)], data) {
			return purpose[len(data):]
		}
	}
	return ""
}

// values returns those of all header fields of a name, each on one line.
func values(m agent.Message, name string) (all []string) {
	for _, h := range m.Headers {
		if !strings.EqualFold(h.Name, name) {
			continue
		}
		for _, v := range agent.Values(h.Value) {
			if v = line(v); v != "" && len(all) < maxValues {
				all = append(all, v)
			}
		}
	}
	return all
}

// line makes text that came from outside fit for one line.
func line(text string) string {
	text = strings.ToValidUTF8(text[:min(len(text), maxValue)], "\uFFFD")
	return strings.TrimSpace(strings.Map(func(c rune) rune {
		if unicode.IsGraphic(c) {
			return c
		}
		return ' '
	}, text))
}

// number returns the caller's number: of P-Asserted-Identity, else of From.
func number(from agent.Address, m agent.Message) string {
	if n := identity(m.Get("P-Asserted-Identity")); n != "" {
		return n
	}
	if anonymous(from) {
		return ""
	}
	user, _, _ := strings.Cut(from.User, ";")
	return user
}

func anonymous(from agent.Address) bool {
	return from.Host == "anonymous.invalid" || strings.EqualFold(from.User, "anonymous")
}

// identity returns the user part of the first SIP or the number of the first tel URI in a name-addr list.
func identity(value string) string {
	if quoted, ok := strings.CutPrefix(strings.TrimSpace(value), `"`); ok { // a display name may hold anything
		_, value, _ = strings.Cut(quoted, `"`)
	}
	if _, addr, ok := strings.Cut(value, "<"); ok {
		value = addr
	}
	value, _, _ = strings.Cut(value, ">")
	scheme, rest, _ := strings.Cut(strings.TrimSpace(value), ":")
	switch strings.ToLower(scheme) {
	case "sip", "sips":
		rest, _, _ = strings.Cut(rest, "@")
	case "tel":
	default:
		return ""
	}
	rest, _, _ = strings.Cut(rest, ";")
	if plain, err := url.PathUnescape(rest); err == nil {
		rest = plain
	}
	if strings.EqualFold(rest, "anonymous") {
		return ""
	}
	return rest
}
