package routing

import (
	"strings"

	"callbox/routing/directory"
	"callbox/routing/numbering"
)

// identified is what rule 5 found of a caller. The note says what is fit, or what is not; number is one of this account
// tied to this host, nil for none.
type identified struct {
	note     note
	number   *directory.Number
	endpoint *directory.Endpoint // in place of number
	fit      bool                // it has a registered address, or is an endpoint
	odd      bool                // it is not From, or not as From has it
}

// somebody tells whether a caller was found.
func (is *identified) somebody() bool { return is.number != nil || is.endpoint != nil }

// identify looks for the caller's number in the sources of the host, in their order: the first that holds one of the account
// tied to the host counts. Where none does, is says what is wrong with the first. Rule 2 comes before it: whoever has not
// passed an ACL or proved a password is asked for nothing here.
func (w *walk) identify(is *identified) {
	for _, source := range w.settings().Identity.Sources {
		if source == directory.SourceFrom {
			if w.consider(is, source, &w.r.From) {
				return
			}
			continue
		}
		for i := range w.r.Claims {
			if c := &w.r.Claims[i]; c.Source == source && !withheld(&c.Identity) && w.consider(is, source, &c.Identity) {
				return
			}
		}
	}
	switch t := &w.d.Trace; {
	case is.note.text == textNotReached:
		is.note = note{text: textNoIdentity, b: w.d.Domain}
	case is.note.more == textNotReached && t.looked != 1<<t.judged:
		is.note.more = textNoneOther
	}
}

// consider judges a value of a source. It returns whether that holds the caller's number, and then says so in is, which
// else keeps what was wrong with the first value that was judged.
func (w *walk) consider(is *identified, source directory.IdentitySource, id *Identity) bool {
	t := &w.d.Trace
	if is.note.text == textNotReached {
		t.judged, t.by = source, source
		w.judge(is, source, id)
		if is.somebody() {
			is.odd = is.odd || source != directory.SourceFrom
			return true
		}
		t.looked |= 1 << source
		return false
	}
	judged, number := t.judged, t.number
	var next identified
	t.judged = source
	w.judge(&next, source, id)
	read := t.number
	t.judged, t.number = judged, number
	if !next.somebody() {
		t.looked |= 1 << source
		w.hint(is, source, &next.note, read)
		return false
	}
	t.by, is.number, is.endpoint, is.fit, is.odd = source, next.number, next.endpoint, next.fit, true
	switch is.note.text {
	case textFromWrite, textFromWouldBe, textFromTel: // which name another number
		is.note.text = textFromNotE164
	}
	is.note.more = is.note.text
	switch {
	case is.endpoint != nil:
		is.note.text, is.note.c = textEndpointBy, is.endpoint.ID
		return true
	case is.fit:
		is.note.text = textCallerBy
	default:
		is.note.text = textUnregisteredBy
	}
	t.number = numbering.MakeE164(is.number.E164)
	return true
}

// hint adds the number that a later source would hold, if it were written in E.164, to what is wrong with the first: a PBX that
// has its user in From and the number in P-Asserted-Identity has to mend the latter.
func (w *walk) hint(is *identified, source directory.IdentitySource, other *note, read numbering.E164) {
	switch is.note.text {
	case textFromWrite, textFromWouldBe, textFromTel: // which name a number themselves
		return
	}
	more := textOtherWrite
	switch other.text {
	case textFromWrite:
	case textFromWouldBe:
		more = textOtherWouldBe
	default:
		return
	}
	if is.note.more == textNotReached {
		w.d.Trace.by, w.d.Trace.number = source, read
		is.note.more, is.note.c = more, other.a
	}
}

// settings are those of the host.
func (w *walk) settings() *directory.Settings {
	if w.trunk != nil {
		return &w.trunk.Settings
	}
	return &w.domain.Settings
}

// say notes what is wrong with an identity.
func (is *identified) say(x text, a, b string) { is.note = note{text: x, a: a, b: b} }

// know notes whose number an identity is.
func (is *identified) know(n *directory.Number, x text, a, b string) {
	is.note, is.number = note{text: x, a: a, b: b}, n
}

// judge tells whether an identity is a number of this account tied to this host. From must be a SIP URI, as the provider
// has it; a telephone URI may stand in the others (RFC 3325 section 9.1).
func (w *walk) judge(is *identified, source directory.IdentitySource, id *Identity) {
	user, _, _ := strings.Cut(id.User, ";") // parameters of a telephone-subscriber (RFC 3261 section 19.1.6)
	sip := sipScheme(id.Scheme)
	tel := !sip && strings.EqualFold(id.Scheme, "tel")
	switch {
	case withheld(id):
		is.say(textFromWithheld, "", "")
		return
	case tel && source == directory.SourceFrom:
		w.written(is, user, true)
		return
	case !sip && !tel:
		is.say(textFromNotSIP, id.Scheme, id.User)
		return
	case !numbering.Valid(user):
		if !w.byAEUI(is, user) {
			w.written(is, user, false)
		}
		return
	}
	n, ok := w.s.Number(user)
	switch {
	case (!ok || n.AccountSID != w.account.SID) && w.byAEUI(is, user):
	case !ok || n.AccountSID != w.account.SID:
		is.say(textFromUnknown, user, "")
	case !w.tied(n):
		is.say(textFromElsewhere, user, w.d.Domain)
	case !n.Registered():
		is.know(n, textFromUnregistered, user, status(n))
	default:
		is.know(n, textCaller, user, w.d.Domain)
		is.fit = true
	}
}

// byAEUI tells whether a user part names an endpoint of the account, and notes it.
func (w *walk) byAEUI(is *identified, user string) bool {
	e := w.endpointOf(user)
	if e == nil {
		return false
	}
	is.say(textEndpoint, e.ID, "")
	is.endpoint, is.fit, is.odd = e, true, user != e.ID
	return true
}

// written judges a number that is not written in E.164, or not in a SIP URI. It is read in every way it may be meant, and
// what is on the account and tied to the host decides which: an account has no country, its numbers have. Where exactly
// one is, the caller is told to write that, or known by it where the host's settings allow.
func (w *walk) written(is *identified, user string, tel bool) {
	found, guess, several := w.read(user)
	t, normalise := &w.d.Trace, w.settings().Identity.Normalise
	if found != nil && !several {
		t.number = numbering.MakeE164(found.E164)
	}
	switch {
	case several:
		is.say(textFromSeveral, user, "")
	case found == nil && tel:
		is.say(textFromNotSIP, "tel", user)
	case found == nil && w.settings().Provider == directory.ProviderBandwidth:
		is.say(textFromNobody, user, "")
	case found == nil && guess == (numbering.E164{}):
		is.say(textFromNotE164, orNothing(user), "")
	case found == nil:
		t.number = guess
		is.say(textFromWouldBe, user, w.d.Domain)
	case !normalise && tel:
		is.say(textFromTel, user, w.d.Domain)
	case !normalise:
		is.say(textFromWrite, user, "")
	case !found.Registered():
		is.know(found, textUnregisteredTaken, user, status(found))
		is.odd = true
	default:
		is.know(found, textCallerTaken, user, w.d.Domain)
		is.fit, is.odd = true, true
	}
}

// read finds the number that user may stand for: one of the account tied to the host, else a guess, the zero value where
// there is no telling. several means that it may stand for more than one of them.
func (w *walk) read(user string) (found *directory.Number, guess numbering.E164, several bool) {
	digits, ok := numbering.ReadWritten(user)
	if !ok {
		return nil, guess, false
	}
	w.s.Plan().Readings(&digits, func(e numbering.E164) bool {
		n, ok := w.s.Number(string(e.Bytes()))
		if ok && n.AccountSID == w.account.SID && w.tied(n) {
			several = several || found != nil && found != n
			found = n
		}
		return !several
	})
	if found == nil {
		guess, _ = w.s.Plan().Guess(&digits)
	}
	return found, guess, several
}

// tied tells whether a number may call through the host.
func (w *walk) tied(n *directory.Number) bool {
	if w.trunk != nil {
		return n.OnTrunk(w.trunk)
	}
	return n.OnDomain(w.domain)
}

// withheld tells whether an identity names nobody (RFC 3261 section 8.1.1.3, RFC 3323 section 4.1.1.3).
func withheld(id *Identity) bool {
	return id.User == "" || strings.EqualFold(id.User, "anonymous") || strings.EqualFold(id.Host, "anonymous.invalid")
}
