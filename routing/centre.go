package routing

import (
	"callbox/routing/area"
	"callbox/routing/directory"
)

// service is rule 9: what the number's service delivers, and whether it has a PSAP at all.
func (w *walk) service() {
	switch {
	case w.unpaid:
		w.note(ruleService, note{outcome: skipped, text: textUnregisteredService})
	case w.hook != nil && w.endpoint == nil:
		w.note(ruleService, note{outcome: skipped, text: textNobodyService})
	case w.endpoint != nil:
		w.note(ruleService, note{outcome: applied, text: textEndpointService})
	case w.d.Caller.Service == directory.ServiceE911:
		w.note(ruleService, note{outcome: applied, text: textE911})
	case w.d.Caller.Service == directory.ServiceBasic911:
		w.note(ruleService, note{outcome: applied, text: textBasic911})
	default:
		w.note(ruleService, note{outcome: applied, text: textNoService})
	}
}

// centre is rule 10: the PSAP that serves the place where it is in service, then its overflow list, then the ECC. An
// API takes numbers of countries for which the network in force may have no ECC; their calls reach a PSAP all the same.
func (w *walk) centre() {
	ecc, _ := w.s.ECC(w.d.Country)
	if w.unpaid || w.d.Caller.Service == directory.ServiceNone {
		needless := note{outcome: applied, text: textNoCentreNeeded}
		if w.onlyECC(ecc, directory.Delivery{Number: true}, needless) && w.unpaid {
			w.d.FeeCents, w.d.Warning = feeCents, warningUnregistered
		}
		return
	}
	deliver := directory.Delivery{}
	if w.d.Caller.Service == directory.ServiceE911 {
		deliver = directory.Delivery{Number: true, Address: true}
	}
	place := &w.d.Place
	if place.By == PlaceNone {
		// What the INVITE says of a place goes to the ECC all the same, whatever kept it from being used.
		deliver.Address = deliver.Address && (len(w.r.Locations) > 0 || len(w.r.LocationRefs) > 0 || w.r.LocationFault != "")
		w.onlyECC(ecc, deliver, note{outcome: failed, text: textNowhere})
		return
	}
	w.tell(place)
	first := w.first
	if first == nil {
		w.onlyECC(ecc, deliver, note{outcome: failed, text: textNobodyServes})
		return
	}
	x := note{outcome: passed, text: textServiceCentre, a: first.ID, c: byWhat(w.level)}
	if w.level == area.ByESN && place.Address != nil {
		x.text, x.b = textServiceCentreESN, place.Address.ESN()
	}
	if ecc == nil {
		x.more = textNoECCBehind
	}
	w.ring(first, ecc, deliver)
	w.d.Verdict = VerdictPSAP
	switch next := w.d.Targets[0]; {
	case next.Kind == TargetECC:
		x.outcome, x.text, x.c = failed, textAllOut, next.ID
		w.d.Verdict = VerdictECC
	case next.Kind == TargetOverflow:
		x.outcome, x.text, x.c = applied, textOverflow, next.ID
	case !w.inService(first):
		x.outcome, x.text = failed, textAllOutNoECC
	}
	w.note(ruleCentre, x)
}

// tell has the trace know the place that a centre is looked for.
func (w *walk) tell(p *Place) {
	switch point := p.Point != nil && (w.level == area.ByBoundary || w.level == byLoST); {
	case p.Address != nil && (p.By != PlaceHook || !point):
		w.d.Trace.address = p.Address
	case point:
		w.d.Trace.more.place = shown(p.Point, p.Uncertainty)
	case p.Civic != nil:
		w.d.Trace.more.place = p.Civic.Line()
	}
}

// ring lists first, its overflow and the ECC: each once, those out of service left out. The ECC is rung even if it
// seems out of service, since nothing comes after it; where there is none, first is when nobody else is left.
func (w *walk) ring(first, ecc *directory.PSAP, deliver directory.Delivery) {
	chain := first.Chain()
	targets := make([]Target, 0, len(chain)+2)
	if w.inService(first) {
		targets = append(targets, target(first, TargetPSAP, deliver))
	}
	for _, p := range chain {
		if p == ecc || !w.inService(p) {
			continue
		}
		targets = append(targets, target(p, TargetOverflow, deliver))
	}
	switch {
	case ecc != nil:
		targets = append(targets, target(ecc, TargetECC, deliver))
	case len(targets) == 0:
		targets = append(targets, target(first, TargetPSAP, deliver))
	}
	w.d.Targets = targets
}

// onlyECC has the ECC rung and nobody else, or refuses where there is none.
func (w *walk) onlyECC(ecc *directory.PSAP, deliver directory.Delivery, n note) bool {
	if ecc == nil {
		w.d.Emergency = false
		return w.refuse(ruleCentre, 503, 0, note{text: textNoECC, a: w.d.Country})
	}
	n.b = ecc.ID
	w.note(ruleCentre, n)
	w.d.Verdict = VerdictECC
	w.d.Targets = []Target{target(ecc, TargetECC, deliver)}
	return true
}

func (w *walk) inService(p *directory.PSAP) bool { return w.h == nil || w.h.InService(p.ID) }

func target(p *directory.PSAP, kind TargetKind, deliver directory.Delivery) Target {
	deliver.Format = p.Format
	t := Target{ID: p.ID, Name: p.Name, URI: p.URI, Kind: kind, Ring: p.Ring, Policy: p.Policy, Deliver: deliver, SRTP: p.SRTP}
	if p.NG.On {
		t.NG, t.Deliver.Format = &p.NG, directory.FormatPIDF // whatever the centre's format is
	}
	return t
}
