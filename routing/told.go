package routing

import (
	"math"
	"strings"
	"time"

	"callbox/sip/call"
)

// Told returns the place as a call's record has it, nil where it is a number's registered address or not known.
func (p *Place) Told() *call.Place {
	if p.By == PlaceNone || p.By == PlaceAddress {
		return nil
	}
	t := &call.Place{By: p.By.String(), UncertaintyM: p.Uncertainty, LocationID: p.LocationID, Method: p.Method()}
	if c, ok := p.Known(); ok {
		t.Address = c.Line()
	}
	if p.Point != nil {
		t.Lat, t.Lon = &p.Point.Lat, &p.Point.Lon
	}
	if p.Nearest != nil {
		t.NearestAddress, t.NearestM = p.Nearest.Civic.Line(), math.Round(p.Nearest.Metres)
	}
	if p.Value != nil {
		t.FoundAt = p.Value.Timestamp
	}
	return t
}

// Asked returns what was asked for the call and what came of it as a call's record has them, nil for nothing.
func (d *Decision) Asked() *call.Asked {
	q, r := d.Question, d.Reply
	if q == nil {
		return nil
	}
	a := &call.Asked{Kind: q.Kind.String()}
	switch q.Kind {
	case QuestionHook:
		a.URL = HookURL(q.Hook, q.To, q.From)
	case QuestionLoST:
		a.URL = q.LoST.URL
	}
	if r != nil {
		body := r.Body[:min(len(r.Body), longestAnswer)]
		a.Status, a.Redirects, a.Error = r.Status, r.Redirects, r.Err
		a.ElapsedMS = float64(r.Elapsed) / float64(time.Millisecond)
		a.Answer = strings.ToValidUTF8(string(body), "\uFFFD")
	}
	return a
}
