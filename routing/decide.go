package routing

import (
	"strings"

	"callbox/routing/area"
	"callbox/routing/directory"
	"callbox/routing/numbering"
)

// Decide returns the verdict for r with its targets in ring order, the last resort last. It never blocks, and Targets
// is never empty unless the verdict is VerdictRefuse, VerdictChallenge or VerdictAsk, which asks nothing that r has a
// reply to. A nil Health takes every centre for being in service. It allocates the list of targets and nothing else, for a
// refusal its sentence, and what has to be kept of a call that says where it is from.
func Decide(s *directory.Snapshot, h Health, r Request) Decision {
	w := walk{s: s, h: h, r: r}
	w.d.Trace.source = r.Source
	if w.host() && w.access() && w.emergencyAPI() && w.dialled() && w.enabled() && w.findCaller() && w.country() && !w.test() {
		w.service()
		w.locate()
		if w.askLoST() {
			w.centre()
			w.sayBad()
		}
	}
	return w.d
}

// walk is one decision under way: each rule is a method that notes what it saw and returns whether to go on. It holds
// values, not pointers to them, so that it stays on the stack.
type walk struct {
	s *directory.Snapshot
	h Health
	r Request
	d Decision

	domain  *directory.Domain // one of domain and trunk is set by host
	trunk   *directory.Trunk
	account *directory.Account

	label  string // of a service URN, "" for a dialled number
	unpaid bool   // the caller has no registered address

	designated *directory.EmergencyNumber // that was dialled, nil for none
	hook       *hooked                    // what its web service says
	endpoint   *directory.Endpoint        // the caller, where that is no number

	first *directory.PSAP // serves the place, nil for nobody
	level area.Level      // by what it was found
	bad   string          // why a location in the INVITE is of no use
	best  *wanted         // nil where there is no LoST server
}

// note records a rule's outcome.
func (w *walk) note(rule uint8, n note) { w.d.Trace.set(rule, n) }

// refuse records a failed rule and makes its sentence the refusal's.
func (w *walk) refuse(rule uint8, status, code int, n note) bool {
	n.outcome = failed
	w.note(rule, n)
	w.d.Verdict, w.d.Status, w.d.Code = VerdictRefuse, status, code
	w.d.Reason = w.d.Trace.sentence(rule)
	return false
}

// host is rule 1: the Request-URI's host is a known domain or trunk.
func (w *walk) host() bool {
	var name string
	x := textDomain
	if d, ok := w.s.Domain(w.r.Host); ok {
		w.domain, w.account, name = d, d.Account, d.Name
		w.d.Secure, w.d.Notify = d.Secure, d.Settings.Notify
	} else if t, ok := w.s.Trunk(w.r.Host); ok {
		w.trunk, w.account, name = t, t.Account, t.Name
		w.d.Secure, w.d.Trunk, w.d.Notify, x = t.Secure, true, t.Settings.Notify, textTrunk
	} else {
		return w.refuse(ruleHost, 404, 0, note{text: textUnknownHost, a: orNothing(w.r.Host)})
	}
	w.d.Domain, w.d.Account = name, w.account.SID
	w.note(ruleHost, note{outcome: passed, text: x, a: w.r.Host, b: name})
	return true
}

// dialled is rule 3: what was dialled is an emergency or test number somewhere, or a designated number.
func (w *walk) dialled() bool {
	if w.designated != nil {
		w.d.Dialled = w.designated.Number
		w.note(ruleDialled, note{outcome: passed, text: textDesignated, a: w.designated.Number})
		return true
	}
	if strings.EqualFold(w.r.Scheme, "urn") {
		label, ok := numbering.ServiceURN(w.r.User)
		if !ok {
			return w.refuse(ruleDialled, 404, codeNumber, note{text: textUnknownURN, a: w.r.Scheme, b: w.r.User})
		}
		w.label, w.d.Service = label, label
		x := textServiceURN
		if label == numbering.TestSos {
			x = textTestURN
		}
		w.note(ruleDialled, note{outcome: passed, text: x, a: w.r.User, b: label})
		return true
	}
	if !sipScheme(w.r.Scheme) && !strings.EqualFold(w.r.Scheme, "tel") {
		return w.refuse(ruleDialled, 404, codeNumber, note{text: textUnknownURN, a: w.r.Scheme, b: w.r.User})
	}
	number := numbering.Number(w.r.User)
	w.d.Dialled = number
	switch w.s.Plan().Anywhere(number) {
	case numbering.Emergency:
		w.note(ruleDialled, note{outcome: passed, text: textEmergencyNumber, a: number})
	case numbering.Test:
		w.note(ruleDialled, note{outcome: passed, text: textTestNumber, a: number})
	default:
		return w.refuse(ruleDialled, 404, codeNumber, note{text: textNotEmergency, a: orNothing(number)})
	}
	return true
}

// enabled is rule 4: the domain has emergency calling enabled. On a trunk each number's address does that.
func (w *walk) enabled() bool {
	if w.trunk != nil {
		w.note(ruleEnabled, note{outcome: passed, text: textTrunkEnabled})
		return true
	}
	if !w.domain.Emergency {
		return w.refuse(ruleEnabled, 403, 0, note{text: textDisabled, a: w.d.Domain})
	}
	w.note(ruleEnabled, note{outcome: passed, text: textEnabled, a: w.d.Domain})
	return true
}

// country is rule 7: what was dialled is a number of the caller number's country.
func (w *walk) country() bool {
	country, plan := w.d.Country, w.s.Plan()
	if w.designated != nil {
		w.d.Service, w.d.Emergency = numbering.Sos, true
		w.note(ruleCountry, note{outcome: passed, text: textDesignatedCountry, a: w.d.Dialled, b: country})
		return true
	}
	if w.label != "" {
		number := plan.Resolve(country, w.label)
		if number == "" {
			return w.refuse(ruleCountry, 403, 0, note{text: textNoTestOfCountry, a: country, b: w.callerName()})
		}
		w.d.Dialled, w.d.Emergency = number, w.label != numbering.TestSos
		w.note(ruleCountry, note{outcome: passed, text: textURNOfCountry, a: w.label, b: number, c: country})
		return true
	}
	number := w.d.Dialled
	kind := plan.In(country, number)
	if kind == numbering.NotSpecial {
		return w.refuse(ruleCountry, 403, 0, note{text: textNotOfCountry, a: number, b: country, c: w.callerName()})
	}
	w.d.Service, w.d.Emergency = plan.Label(country, number), kind == numbering.Emergency
	w.note(ruleCountry, note{outcome: passed, text: textOfCountry, a: number, b: country, c: w.callerName()})
	return true
}

// test is rule 8: a test number reaches the test service. It returns whether it did.
func (w *walk) test() bool {
	if w.d.Emergency {
		w.note(ruleTest, note{outcome: skipped, text: textNotATest})
		return false
	}
	w.locate()
	w.sayBad()
	address := w.d.Place.By != PlaceNone
	x := textTestService
	switch {
	case !address:
		x = textTestServiceNoAddress
	case w.endpoint != nil:
		x = textTestServicePlace
	}
	w.note(ruleTest, note{outcome: applied, text: x, a: w.d.Dialled})
	if w.label != "" {
		w.d.TestCentre = w.wouldRing()
	}
	t := w.s.Test()
	w.d.Verdict = VerdictTest
	w.d.Targets = []Target{{
		ID: t.ID, Name: t.Name, URI: t.URI, Kind: TargetTest, Ring: t.Ring,
		Deliver: directory.Delivery{Number: true, Address: address, Format: directory.FormatPIDF},
	}}
	return true
}

// wouldRing is the centre that an emergency call from the same place would ring first, if all are in service.
func (w *walk) wouldRing() string {
	if w.first != nil && !w.unpaid && w.d.Caller.Service != directory.ServiceNone {
		return w.first.ID
	}
	if ecc, _ := w.s.ECC(w.d.Country); ecc != nil {
		return ecc.ID
	}
	return "none"
}

// callerName is what a sentence calls the caller.
func (w *walk) callerName() string {
	if w.endpoint != nil {
		return w.endpoint.ID
	}
	return w.d.Caller.Number
}

// sipScheme tells whether s is sip or sips.
func sipScheme(s string) bool { return strings.EqualFold(s, "sip") || strings.EqualFold(s, "sips") }

// orNothing keeps a sentence readable where a value is missing.
func orNothing(s string) string {
	if s == "" {
		return "(nothing)"
	}
	return s
}
