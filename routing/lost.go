package routing

import (
	"strings"
	"time"

	"callbox/routing/area"
	"callbox/routing/directory"
)

// A centre that a LoST server names and the directory does not know.
const (
	foreignID   = "lost"
	foreignRing = 30 * time.Second
	longestURI  = 255
)

// byLoST is the level of a centre that a LoST server names.
const byLoST = area.Level(255)

// wanted is the place that a call would be routed by if some centre served it, and what rule 12 says of it then.
type wanted struct {
	place Place
	note  note
}

// want keeps the first place that could count, where there is a LoST server to be asked for it.
func (w *walk) want(p *Place, n note) {
	if w.best == nil && w.s.LoST() != nil {
		w.best = &wanted{*p, n}
	}
}

// askLoST is rule 13: the network's LoST server says who serves the place that is wanted, before the network's own areas do.
// It returns whether to go on. Where the server knows nothing or does not answer, what the areas say stands.
func (w *walk) askLoST() bool {
	l := w.s.LoST()
	if l == nil || w.best == nil || w.d.Caller.Service == directory.ServiceNone {
		return true
	}
	best := w.best
	w.describe(&best.place)
	q := &Question{Kind: QuestionLoST, LoST: l, Service: "urn:service:" + w.d.Service, Place: best.place}
	r := w.reply(QuestionLoST)
	if r == nil {
		w.note(ruleLoST, note{outcome: applied, text: textLoSTAsk, a: l.URL, b: w.d.Service})
		w.d.Verdict, w.d.Question, w.d.Reply = VerdictAsk, q, nil
		return false
	}
	if w.d.Question == nil { // else a web service was asked, which says more of the call
		w.d.Question, w.d.Reply = q, r
	}
	if first := w.named(l, r); first != nil {
		w.d.Trace.clear(ruleLocation, best.note, best.place.By != PlaceAddress)
		w.take(best.place, first, byLoST)
		return true
	}
	if p, ok := w.s.Centre(l.Default); ok && w.first == nil {
		w.note(ruleLoST, note{outcome: applied, text: textLoSTDefault, a: p.ID})
		w.take(best.place, p, byLoST)
	}
	return true
}

// named is the centre that a LoST server names, nil for none that a call could be sent to.
func (w *walk) named(l *directory.LoST, r *Reply) *directory.PSAP {
	said := note{outcome: applied, text: textLoSTSaid, a: l.URL, b: took(r.Elapsed), c: orNothing(r.DisplayName)}
	switch {
	case r.Err != "" && r.Kept == "":
		said.outcome, said.text, said.c = failed, textLoSTFailed, r.Err
	case r.Kept != "":
		said.text, said.c = textLoSTKept, r.Kept
	}
	w.note(ruleLoST, said)
	for _, warning := range r.Warnings {
		w.note(ruleLoST, note{outcome: applied, text: textLoSTWarned, c: warning})
	}
	uri := sipURI(r.URIs)
	if said.outcome == failed || uri == "" {
		if said.outcome != failed {
			w.note(ruleLoST, note{outcome: failed, text: textLoSTNoURI})
		}
		return nil
	}
	if p, ok := w.s.ByURI(uri); ok {
		w.note(ruleLoST, note{outcome: applied, text: textLoSTKnown, a: p.ID, b: uri})
		return p
	}
	w.note(ruleLoST, note{outcome: applied, text: textLoSTForeign, a: uri})
	return &directory.PSAP{ID: foreignID, Name: or(r.DisplayName, uri), URI: uri, Ring: foreignRing}
}

// sipURI returns the first URI of a service that a call can be sent to, "" for none.
func sipURI(uris []string) string {
	for _, u := range uris {
		scheme, rest, _ := strings.Cut(u, ":")
		if sipScheme(scheme) && rest != "" && len(u) <= longestURI && !strings.ContainsFunc(u, func(r rune) bool {
			return r <= ' ' || r > '~' || strings.ContainsRune(`<>"\,?`, r)
		}) {
			return strings.ToLower(scheme) + ":" + rest
		}
	}
	return ""
}

// byWhat says by what a centre was found.
func byWhat(l area.Level) string {
	if l == byLoST {
		return "LoST"
	}
	return l.String()
}
