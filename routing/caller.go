package routing

import (
	"callbox/routing/directory"
	"callbox/routing/numbering"
)

// findCaller is rules 5 and 6: who the call is made for.
func (w *walk) findCaller() bool {
	if w.hook != nil {
		w.hookCaller()
		return true
	}
	var is identified
	w.identify(&is)
	from := &is.note
	instead := w.callerID()
	if instead == nil && is.endpoint == nil && w.domain != nil && w.domain.CallerID != "" {
		from.more, from.c = textCallerIDLapsed, w.domain.CallerID
	}
	switch {
	case instead != nil && w.domain.CallerIDMode == directory.CallerIDAlways:
		w.note(ruleCaller, note{outcome: applied, text: textCallerAlways, b: w.d.Domain, c: instead.E164})
		w.setCaller(instead, true)
	case is.fit:
		from.outcome = passed
		if is.odd {
			from.outcome = applied
		}
		w.note(ruleCaller, *from)
		if is.endpoint != nil {
			w.setEndpoint(is.endpoint)
			w.note(ruleUnregistered, note{outcome: skipped, text: textEndpointNoFee})
			return true
		}
		w.setCaller(is.number, false)
	case instead != nil:
		from.outcome, from.text, from.more, from.c = applied, textCallerInstead, from.text, instead.E164
		w.note(ruleCaller, *from)
		w.setCaller(instead, true)
	default:
		from.outcome = failed
		w.note(ruleCaller, *from)
		return w.unregistered(from, is.number)
	}
	w.note(ruleUnregistered, note{outcome: skipped, text: textHasAddress})
	return true
}

// callerID returns the domain's Emergency Caller ID if that is in force: a number of the account that has a registered
// address as of now.
func (w *walk) callerID() *directory.Number {
	if w.domain == nil || w.domain.CallerID == "" {
		return nil
	}
	if n, ok := w.s.Number(w.domain.CallerID); ok && n.AccountSID == w.account.SID && n.Registered() {
		return n
	}
	return nil
}

// status is the word for a number's address registration.
func status(n *directory.Number) string {
	if n.Address == nil {
		return directory.StatusUnregistered.String()
	}
	return n.Status.String()
}

// unregistered is rule 6: a US or CA number of this account and host may call without a registered address, for a fee;
// anyone else is refused with what rule 5 missed.
func (w *walk) unregistered(from *note, n *directory.Number) bool {
	if n == nil {
		w.note(ruleUnregistered, note{outcome: failed, text: textNotACaller})
		w.d.Status, w.d.Code = 403, codeFrom
		if from.text == textFromUnknown || from.text == textFromElsewhere {
			w.d.Code = codeCallerID
		}
		w.d.Reason = w.d.Trace.sentence(ruleCaller)
		return false
	}
	if n.Country != "US" && n.Country != "CA" {
		return w.refuse(ruleUnregistered, 403, 0, note{text: textOnlyUSAndCA, a: n.E164, b: status(n)})
	}
	w.unpaid = true
	w.setCaller(n, false)
	if w.isTest(n.Country) {
		w.note(ruleUnregistered, note{outcome: passed, text: textUnregisteredTest, a: n.E164})
	} else {
		w.note(ruleUnregistered, note{outcome: applied, text: textFee, a: n.E164})
	}
	return true
}

// isTest tells whether a test number of the country was dialled.
func (w *walk) isTest(country string) bool {
	if w.label != "" {
		return w.label == numbering.TestSos
	}
	return w.s.Plan().In(country, w.d.Dialled) == numbering.Test
}

func (w *walk) setCaller(n *directory.Number, replaced bool) {
	w.d.Country = n.Country
	w.d.Caller = Caller{
		Number: n.E164, Callback: n.E164, Country: n.Country, Replaced: replaced, Service: n.Service, Source: w.d.Trace.by,
	}
	if replaced {
		w.d.Caller.Source = directory.SourceFrom
	}
	if n.Registered() {
		w.d.Caller.Address = n.Address
	}
}
