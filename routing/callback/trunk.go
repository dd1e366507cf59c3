package callback

import (
	"cmp"
	"context"
	"slices"

	"callbox/routing/directory"
	"callbox/routing/directory/store"
	"callbox/sip/b2bua"
)

// trunk is the stages of a trunk: its origination URLs one after the other, then its disaster recovery URL.
func (w *plan) trunk(t *directory.Trunk) (all []stage) {
	row := w.small.trunks[t.SID]
	urls := w.p.order(w.small.urls[t.SID])
	if len(urls) == 0 && row.DisasterRecoveryURL == "" {
		w.trail.note("trunk", skipped, "%s has no origination URL that is enabled", t.Name)
		return nil
	}
	for _, u := range urls {
		all = append(all, func(context.Context) (b2bua.Step, bool) { return w.origination(t, u) })
	}
	if row.DisasterRecoveryURL == "" {
		return all
	}
	return append(all, func(ctx context.Context) (b2bua.Step, bool) {
		w.trail.note("disaster_recovery", applied, "no origination URL of %s has led to anybody: its disaster recovery URL is asked", t.Name)
		return w.document(ctx, fetch{url: row.DisasterRecoveryURL, method: row.DisasterRecoveryMethod}, t.Settings.Callback)
	})
}

// origination is the step of one origination URL.
func (w *plan) origination(t *directory.Trunk, u store.OriginationURL) (b2bua.Step, bool) {
	target, ok := w.originate(t, u, w.user())
	if !ok {
		w.trail.note("trunk", failed, "%s of %s is not TLS, and the trunk is secure: write a sips: URI or transport=tls",
			u.SipURL, t.Name)
		return b2bua.Step{}, false
	}
	target.Ring = t.Settings.Callback.Ring
	by := ""
	if t.Secure {
		by = ", by TLS since the trunk is secure"
	}
	w.trail.note("trunk", applied, "rings %s of %s, priority %d, weight %d%s", u.SipURL, t.Name, u.Priority, u.Weight, by)
	return b2bua.Step{Kind: b2bua.StepDial, Dial: []b2bua.DialTarget{target}}, true
}

// originate is the leg of an origination URL, false where the trunk is secure and the URL is not. Where the URL names no
// user it is the number, as the provider has it.
func (w *plan) originate(t *directory.Trunk, u store.OriginationURL, number string) (target b2bua.DialTarget, ok bool) {
	target = b2bua.DialTarget{
		Name: cmp.Or(u.FriendlyName, hostOf(u.SipURL)), URI: withUser(u.SipURL, number), Secure: t.Secure, Redirects: true,
	}
	if !t.Secure {
		return target, true
	}
	target.URI, ok = secureURI(target.URI)
	return target, ok
}

// order returns the enabled origination URLs in the order to try them: by priority, the lowest first, and within one
// priority drawn by weight without putting back (as RFC 2782 has it for SRV records).
func (p *Planner) order(urls []store.OriginationURL) (all []store.OriginationURL) {
	left := slices.DeleteFunc(slices.Clone(urls), func(u store.OriginationURL) bool { return !u.Enabled })
	slices.SortStableFunc(left, func(a, b store.OriginationURL) int { return cmp.Compare(a.Priority, b.Priority) })
	for len(left) > 0 {
		same := 1
		for same < len(left) && left[same].Priority == left[0].Priority {
			same++
		}
		i := p.draw(left[:same])
		all = append(all, left[i])
		left = slices.Delete(left, i, i+1)
	}
	return all
}

// draw picks one of several by weight.
func (p *Planner) draw(urls []store.OriginationURL) int {
	sum := 0
	for _, u := range urls {
		sum += max(u.Weight, 0)
	}
	at := int(p.o.Rand() * float64(sum))
	for i, u := range urls {
		if at -= max(u.Weight, 0); at < 0 {
			return i
		}
	}
	return 0
}
