package callback

import (
	"context"
	"fmt"

	"callbox/routing/directory"
	"callbox/sip/b2bua"
)

// fallbacks are the stages of those who are called when nobody else could be reached.
func (w *plan) fallbacks(trunks []*directory.Trunk, domains []*directory.Domain) (all []stage) {
	seen := map[string]bool{}
	add := func(name string, s directory.CallbackSettings) {
		for _, to := range s.Fallback {
			if seen[to] {
				continue
			}
			seen[to] = true
			all = append(all, func(context.Context) (b2bua.Step, bool) { return w.fallback(name, to, s) })
		}
	}
	if w.original != nil { // what the emergency call came by knows best
		if d, ok := w.s.Domain(w.original.Domain); ok && w.onDomain(d) {
			add(d.Name, d.Settings.Callback)
		}
	}
	for _, t := range trunks {
		add(t.Name, t.Settings.Callback)
	}
	for _, d := range domains {
		add(d.Name, d.Settings.Callback)
	}
	return all
}

func (w *plan) fallback(of, to string, s directory.CallbackSettings) (b2bua.Step, bool) {
	targets, why := w.reach(to)
	if len(targets) == 0 {
		w.trail.note("fallback", failed, "%s of %s: %s", to, of, why)
		return b2bua.Step{}, false
	}
	w.trail.note("fallback", applied, "rings %s, the fallback of %s", to, of)
	for i := range targets {
		targets[i].Ring = s.Ring
	}
	return b2bua.Step{Kind: b2bua.StepDial, Dial: targets}, true
}

// reach returns the legs for a SIP URI or a number of this directory, and why there are none.
func (w *plan) reach(to string) ([]b2bua.DialTarget, string) {
	if isSIP(to) {
		if d, ok := w.s.Domain(hostOf(to)); ok { // one of our own domains: its phones
			if w.p.o.Phones == nil {
				return nil, "no phone is registered"
			}
			if phones := registered(w.p.o.Phones.Registered(d, userOf(to)), d.Secure); len(phones) > 0 {
				return phones[:min(len(phones), maxPhones)], ""
			}
			return nil, fmt.Sprintf("no phone of %s is registered at %s", userOf(to), d.Name)
		}
		return []b2bua.DialTarget{{Name: nameOf(to), URI: to, Redirects: true}}, ""
	}
	n, ok := w.s.Number(to)
	if !ok {
		return nil, "it is no number of this directory, and there is no other network to reach it by"
	}
	for _, t := range w.s.Trunks() {
		if n.OnTrunk(t) {
			for _, u := range w.p.order(w.small.urls[t.SID]) {
				if target, ok := w.originate(t, u, n.E164); ok {
					return []b2bua.DialTarget{target}, ""
				}
			}
		}
	}
	if w.p.o.Phones != nil {
		for _, d := range w.s.Domains() {
			for _, user := range []string{n.E164, n.E164[1:]} {
				if phones := registered(w.p.o.Phones.Registered(d, user), d.Secure); n.OnDomain(d) && len(phones) > 0 {
					return phones[:min(len(phones), maxPhones)], ""
				}
			}
		}
	}
	return nil, "neither its trunk has an origination URL nor is a phone of it registered"
}
