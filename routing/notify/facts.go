package notify

import (
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"callbox/routing"
	"callbox/sip/call"
)

// What of a call is told.
const (
	EventPlaced   = "placed"
	EventAnswered = "answered"
	EventEnded    = "ended"
)

// Facts are what is said of a call. Text that came by SIP is cut and cleaned.
type Facts struct {
	Event  string    `json:"event"` // placed, answered or ended
	At     time.Time `json:"at"`    // of the event
	Test   bool      `json:"test,omitempty"`
	Call   string    `json:"call_id"`
	Began  time.Time `json:"started_at"`
	Domain string    `json:"domain"` // domain or trunk

	Account  string `json:"account_sid"`
	Caller   string `json:"caller"`                  // the number the call is made for, which the centre calls back
	Original string `json:"original_from,omitempty"` // From as it came, where an Emergency Caller ID took its place
	Dialled  string `json:"dialled"`
	Source   string `json:"source"` // where the call came from

	Endpoint string `json:"endpoint,omitempty"`        // AEUI of a caller that is known by that
	Name     string `json:"caller_name,omitempty"`     // of an endpoint
	Callback string `json:"callback_number,omitempty"` // where it can be called back, where that is not Caller

	Address    string `json:"address,omitempty"` // on one line: where help is needed
	Customer   string `json:"customer,omitempty"`
	Street     string `json:"street,omitempty"`
	Secondary  string `json:"street_secondary,omitempty"` // floor, suite, unit
	City       string `json:"city,omitempty"`
	State      string `json:"region,omitempty"`
	PostalCode string `json:"postal_code,omitempty"`
	Country    string `json:"country,omitempty"`

	Lat          *float64 `json:"lat,omitempty"` // degrees of WGS84, where a point is known
	Lon          *float64 `json:"lon,omitempty"`
	UncertaintyM float64  `json:"uncertainty_m,omitempty"`   // metres around it
	Nearest      string   `json:"nearest_address,omitempty"` // the known address next to it, where it has none of its own

	Centre     string `json:"psap"` // ID of the centre that answered; before that, of the one to be called first
	CentreName string `json:"psap_name,omitempty"`
	AnsweredBy string `json:"answered_by,omitempty"`
	EndReason  string `json:"end_reason,omitempty"`
	SIPStatus  int    `json:"sip_status,omitempty"`
	DurationMS int64  `json:"duration_ms,omitempty"`
}

// longest bounds what is said of one thing, in bytes.
const longest = 256

// factsOf takes what is said of a call from its decision and its record, keeping nothing of either.
func factsOf(event string, at time.Time, d *routing.Decision, r *call.Record) Facts {
	f := Facts{
		Event: event, At: at.UTC(), Test: !d.Emergency, Call: string(r.ID), Began: r.StartedAt.UTC(), Domain: d.Domain,
		Account: d.Account, Caller: d.Caller.Number, Dialled: clean(d.Dialled, longest), Source: r.Source,
		AnsweredBy: r.AnsweredBy, EndReason: r.EndReason.String(), SIPStatus: r.SIPStatus, DurationMS: r.DurationMS,
	}
	if d.Caller.Replaced {
		f.Original = clean(r.From, longest)
	}
	if e := d.Caller.Endpoint; e != nil {
		f.Endpoint, f.Name = e.ID, clean(d.Caller.Name, longest)
		if f.Caller == "" {
			f.Caller = e.ID
		}
		if d.Caller.Callback != f.Caller {
			f.Callback = d.Caller.Callback
		}
	}
	f.place(d)
	if len(d.Targets) > 0 {
		f.Centre, f.CentreName = d.Targets[0].ID, d.Targets[0].Name
	}
	for _, t := range d.Targets {
		if r.AnsweredBy != "" && t.ID == r.AnsweredBy {
			f.Centre, f.CentreName = t.ID, t.Name
		}
	}
	return f
}

// place takes where help is needed, which is where the call was routed by.
func (f *Facts) place(d *routing.Decision) {
	p := &d.Place
	c, ok := p.Known()
	if p.By == routing.PlaceNone && d.Caller.Address != nil {
		c, ok = d.Caller.Address.Civic(), true
	}
	if ok {
		f.Address, f.Customer, f.Street, f.Secondary = clean(c.Line(), longest), clean(c.Customer, longest), clean(c.Street, longest), clean(c.Secondary, longest)
		f.City, f.State, f.PostalCode, f.Country = clean(c.City, longest), clean(c.State, longest), clean(c.PostalCode, longest), clean(c.Country, longest)
	}
	if p.Point != nil {
		lat, lon := p.Point.Lat, p.Point.Lon
		f.Lat, f.Lon, f.UncertaintyM = &lat, &lon, p.Uncertainty
	}
	if p.Nearest != nil {
		f.Nearest = clean(p.Nearest.Civic.Line(), longest)
	}
}

// point is the point for people, "" for none.
func (f *Facts) point() string {
	if f.Lat == nil || f.Lon == nil {
		return ""
	}
	s := fmt.Sprintf("%.6f, %.6f", *f.Lat, *f.Lon)
	if f.UncertaintyM > 0 {
		s += fmt.Sprintf(" within %.0f m", f.UncertaintyM)
	}
	return s
}

// clean cuts s and takes out what is no text.
func clean(s string, limit int) string {
	s = strings.Map(func(r rune) rune {
		if r == utf8.RuneError || !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, s)
	if len(s) <= limit {
		return s
	}
	end := limit
	for end > 0 && !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end]
}
