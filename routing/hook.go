package routing

import (
	"fmt"
	"math"
	"strings"
	"time"

	"callbox/routing/directory"
	"callbox/routing/numbering"
	"callbox/sip/location"
)

// hooked is what a web hook says that counts.
type hooked struct {
	endpoint *directory.Endpoint // nil: the answer does not count, so the ECC takes the call
	location *directory.Location // nil where only a point was given
	point    *location.Point
	radius   float64 // metres, within which the point is at the location

	callback, name string // "" where the endpoint's count
}

// Figures of the Emergency Calling API.
const (
	shortestDesignated = 7  // digits; what is shorter is no telephone number, so the usual call is let past at once
	defaultRadius      = 50 // metres
	hookCountry        = "US"
)

// emergencyAPI is rule 11: a web hook says who calls a designated number and from where. Whatever is wrong with the answer
// sends the call to the ECC, but for a 404 where the account has that refused.
func (w *walk) emergencyAPI() bool {
	if len(w.r.User) < shortestDesignated {
		return true
	}
	if w.designated = w.designatedNumber(); w.designated == nil || w.domain != nil && !w.domain.Emergency {
		return true // rules 3 and 4 say the rest
	}
	n, from := w.designated, w.calling()
	w.d.Question, w.d.Reply = &Question{Kind: QuestionHook, Hook: n, To: n.Number, From: from}, w.reply(QuestionHook)
	r := w.d.Reply
	if r == nil {
		w.note(ruleHook, note{outcome: applied, text: textHookAsk, a: HookURL(n, n.Number, from), b: n.Number})
		w.d.Verdict = VerdictAsk
		return false
	}
	said := note{text: textHookSaid, a: HookURL(n, n.Number, from), b: took(r.Elapsed), c: fmt.Sprint(r.Status)}
	switch {
	case r.Status != 0 && len(r.Body) == 0:
		said.text = textHookEmpty
	case r.Status == 0:
		said.text, said.c = textHookSilent, r.Err
	}
	w.note(ruleHook, said)
	switch r.Redirects {
	case 0:
	case 1:
		w.note(ruleHook, note{text: textHookRedirected})
	default:
		w.note(ruleHook, note{text: textHookRedirects, a: fmt.Sprint(r.Redirects)})
	}
	w.d.Trace.more.answer = shownAnswer(r.Body)
	if r.Status == 404 && n.RefuseOn404 {
		return w.refuse(ruleHook, 403, 0, note{text: textHookRefused})
	}
	w.hook = &hooked{}
	if wrong := w.hook.take(w, r); wrong.text != textNotReached {
		w.hook.endpoint = nil
		wrong.outcome, wrong.more = failed, textHookECC
		w.note(ruleHook, wrong)
	}
	return true
}

// take judges an answer. The note says what is wrong with it, if anything is.
func (h *hooked) take(w *walk, r *Reply) (wrong note) {
	switch {
	case r.Status == 0:
		return note{text: textHookNoAnswer}
	case r.Status/100 != 2 && (r.Status < 301 || r.Status > 303):
		return note{text: textHookStatus}
	case r.Err != "":
		return note{text: textHookMalformed, c: r.Err}
	case r.AEUI == "":
		return note{text: textHookNoAEUI}
	case r.LocationID == "" && r.Point == nil:
		return note{text: textHookNoPlace}
	}
	if wrong := h.where(w, r); wrong.text != textNotReached {
		return wrong
	}
	var ok bool
	if h.endpoint, ok = w.s.Endpoint(w.account.SID, r.AEUI); !ok {
		return note{text: textHookEndpointUnknown, a: r.AEUI}
	}
	return h.caller(w, r)
}

// where takes location and point of an answer.
func (h *hooked) where(w *walk, r *Reply) (wrong note) {
	if r.LocationID != "" {
		l, ok := w.s.Location(w.account.SID, r.LocationID)
		switch {
		case !ok:
			return note{text: textLocationUnknown, a: r.LocationID}
		case l.Status == directory.Invalid:
			return note{text: textLocationInvalid, a: r.LocationID}
		}
		h.location = l
	}
	if r.Point != nil {
		if err := r.Point.Check(); err != nil {
			return note{text: textHookMalformed, c: err.Error()}
		}
		h.point = r.Point
	}
	h.radius = defaultRadius
	if r.Radius != nil {
		if h.radius = *r.Radius; !(h.radius >= 0) || math.IsInf(h.radius, 1) {
			return note{text: textHookRadius, a: fmt.Sprint(h.radius)}
		}
	}
	return note{}
}

// caller takes callback and name of an answer, where the account has them taken, and says that the answer counts.
func (h *hooked) caller(w *walk, r *Reply) (wrong note) {
	counts := note{outcome: applied, text: textHookCounts, a: r.AEUI}
	if r.Callback != "" || r.Name != "" {
		counts.more = textHookCallerIgnored
		if w.designated.TakeCaller {
			counts.more = textHookCallerTaken
			if country, ok := numbering.Country(r.Callback); r.Callback != "" && (!ok || country != "US" && country != "CA") {
				return note{text: textHookCallback, a: r.Callback}
			}
			h.callback, h.name = r.Callback, r.Name
			counts.b, counts.c = orNothing(r.Callback), orNothing(r.Name)
		}
	}
	w.note(ruleHook, counts)
	return note{}
}

// designatedNumber returns the designated number of the host's account that was dialled, nil for none. It is read in every
// way it may be meant, as an emergency call is not to fail for a missing plus.
func (w *walk) designatedNumber() *directory.EmergencyNumber {
	if !sipScheme(w.r.Scheme) && !strings.EqualFold(w.r.Scheme, "tel") {
		return nil
	}
	return w.designatedAs(w.r.User)
}

func (w *walk) designatedAs(user string) (found *directory.EmergencyNumber) {
	mine := func(e164 string) bool {
		n, ok := w.s.EmergencyNumber(e164)
		if ok = ok && n.AccountSID == w.account.SID; ok {
			found = n
		}
		return ok
	}
	user, _, _ = strings.Cut(user, ";")
	if numbering.Valid(user) {
		mine(user)
		return found
	}
	digits, ok := numbering.ReadWritten(user)
	if !ok {
		return nil
	}
	w.s.Plan().Readings(&digits, func(e numbering.E164) bool { return !mine(e.String()) })
	return found
}

// calling is who calls a designated number, by the first identity that is not withheld: E.164 where it can be read as a
// number, else as it came, "" for nobody.
func (w *walk) calling() string {
	for _, source := range w.settings().Identity.Sources {
		if source == directory.SourceFrom {
			if !withheld(&w.r.From) {
				return w.written164(w.r.From.User)
			}
			continue
		}
		for i := range w.r.Claims {
			if c := &w.r.Claims[i]; c.Source == source && !withheld(&c.Identity) {
				return w.written164(c.User)
			}
		}
	}
	return ""
}

// written164 returns a user part as E.164 where it can be read so, else as it is.
func (w *walk) written164(user string) string {
	user, _, _ = strings.Cut(user, ";")
	if numbering.Valid(user) {
		return user
	}
	if digits, ok := numbering.ReadWritten(user); ok {
		if e, ok := w.s.Plan().Guess(&digits); ok {
			return e.String()
		}
	}
	return user
}

// reply returns the answer to a question of a kind, nil where it has not been asked.
func (w *walk) reply(k QuestionKind) *Reply {
	for i := range w.r.Replies {
		if w.r.Replies[i].Kind == k {
			return &w.r.Replies[i]
		}
	}
	return nil
}

// HookURL is what a designated number's web service is asked for a call.
func HookURL(n *directory.EmergencyNumber, to, from string) string {
	return directory.AskURL(n.URL, n.Parameters, to, from)
}

// took renders how long an answer took.
func took(d time.Duration) string {
	return fmt.Sprintf("%.1f ms", float64(d)/float64(time.Millisecond))
}

// shownAnswer makes an answer fit for one line.
func shownAnswer(body []byte) []byte {
	body = body[:min(len(body), 2*longestAnswer)]
	return []byte(strings.Join(strings.Fields(string(body)), " "))
}
