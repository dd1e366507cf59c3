package notify

import (
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

	Address    string `json:"address,omitempty"` // on one line
	Customer   string `json:"customer,omitempty"`
	Street     string `json:"street,omitempty"`
	Secondary  string `json:"street_secondary,omitempty"` // floor, suite, unit
	City       string `json:"city,omitempty"`
	State      string `json:"region,omitempty"`
	PostalCode string `json:"postal_code,omitempty"`
	Country    string `json:"country,omitempty"`

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
	if a := d.Caller.Address; a != nil {
		c := a.Civic()
		f.Address, f.Customer, f.Street, f.Secondary = clean(a.Line(), longest), c.Customer, c.Street, c.Secondary
		f.City, f.State, f.PostalCode, f.Country = c.City, c.State, c.PostalCode, c.Country
	}
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
