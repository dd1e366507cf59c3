package callback

import (
	"context"
	"slices"
	"strings"
	"time"

	"callbox/routing/directory"
	"callbox/routing/numbering"
	"callbox/sip/call"
)

// findOwner finds whose number it is that a centre dials and that is none of the directory: one that the centre is shown
// in the place of a caller's, the callback number of an emergency call that the centre was rung for, or that of an endpoint.
// It sets w.n unless there is none, and returns the calls made for the number, newest first.
func (w *plan) findOwner(ctx context.Context) []call.Record {
	if w.p.o.Calls != nil {
		if calls, ok := w.byPANI(ctx); ok {
			return calls
		}
		if calls := w.byCall(ctx); calls != nil {
			return calls
		}
	}
	w.byEndpoint()
	return nil
}

// byPANI finds the call that the centre is shown the number for.
func (w *plan) byPANI(ctx context.Context) (calls []call.Record, ok bool) {
	if w.p.o.PANIs == nil {
		return nil, false
	}
	for _, f := range w.forms {
		id, ok := w.p.o.PANIs.Holder(w.d.Centre, f)
		if !ok {
			continue
		}
		r, ok := w.p.o.Calls.Get(id)
		if !ok {
			w.trail.note("pani", failed, "%s stands for %s, of which nothing is known any more", f, id)
			continue
		}
		if n, ok := w.s.Number(r.Caller); ok && n.AccountSID == r.Account {
			w.trail.note("pani", passed, "%s stands for the emergency call %s of %s", f, id, n.E164)
			w.n, w.original = n, r
			return w.findOriginal(ctx), true
		}
		number := r.Caller
		if number == "" {
			number = f
		}
		if w.of(r, number) {
			w.trail.note("pani", passed, "%s stands for the emergency call %s of %s", f, id, w.caller(r))
			return []call.Record{*r}, true
		}
	}
	return nil, false
}

// byCall finds the latest emergency call that the centre was rung for and that had the number as its callback number, or the
// one of these that the centre names. A call counts for the window of the host that it came by, and while it is up.
func (w *plan) byCall(ctx context.Context) []call.Record {
	for _, f := range slices.Backward(w.forms) {
		var calls []call.Record
		for _, r := range w.p.o.Calls.Recent(ctx, f, w.p.o.Now().Add(-w.anyWindow())) {
			if w.rungFor(&r) {
				calls = append(calls, r)
			}
		}
		tried := slices.Clone(calls)
		slices.SortStableFunc(tried, func(a, b call.Record) int { return w.named(&b) - w.named(&a) })
		for _, r := range tried {
			if !w.within(&r) || !w.of(&r, f) {
				continue
			}
			w.trail.note("original_call", passed, "%s is the callback number of %s of %s, the emergency call of %s", f, r.ID,
				r.StartedAt.UTC().Format(time.TimeOnly), w.caller(&r))
			return slices.DeleteFunc(calls, func(r call.Record) bool { return !w.owns(&r) })
		}
	}
	return nil
}

// named is 1 for the call that the centre names.
func (w *plan) named(r *call.Record) int {
	if r.ID == w.r.Original {
		return 1
	}
	return 0
}

// byEndpoint finds the endpoint that has the number as its callback number, where no call of it is known.
func (w *plan) byEndpoint() {
	for _, f := range slices.Backward(w.forms) {
		all := w.s.CalledBackAt(f)
		if len(all) == 0 {
			continue
		}
		e := all[0]
		if all[len(all)-1].AccountSID != e.AccountSID {
			w.trail.note("endpoint", failed, "%s is the callback number of endpoints of several accounts, and no call tells which", f)
			continue
		}
		hosts := w.hostsOf(e.AccountSID)
		if len(hosts) == 0 {
			w.trail.note("endpoint", failed, "%s is the callback number of %s, whose account has no host of the provider bandwidth", f, e.ID)
			continue
		}
		w.trail.note("endpoint", passed, "%s is the callback number of %s of the account %s", f, e.ID, e.AccountSID)
		w.n, w.hosts = numberOf(f, e.AccountSID, ""), hosts
		for _, e := range all {
			w.users = append(w.users, e.ID)
		}
		return
	}
}

// of makes the way that of an emergency call: by the host that it came by and, where it was an endpoint's that has the number,
// then by the others that its account has of its provider. False where there is no way any more.
func (w *plan) of(r *call.Record, number string) bool {
	sid, account, _ := w.host(r)
	if sid == "" || account != r.Account {
		w.trail.note("original_call", failed, "%s came by %s, which its account does not have any more", r.ID, r.Domain)
		return false
	}
	w.original, w.hosts = r, []string{sid}
	w.n = numberOf(number, account, r.Country)
	if e, ok := w.s.Endpoint(account, r.Endpoint); ok && (e.Callback == number || r.Caller == "") {
		w.users = []string{e.ID}
		w.hosts = append(w.hosts, w.hostsOf(account)...)
	} else if r.Caller == "" {
		w.users = []string{r.From}
	}
	return true
}

// numberOf is a number that is not of the directory, as the plan wants it.
func numberOf(e164, account, country string) *directory.Number {
	if c, ok := numbering.Country(e164); ok {
		country = c
	}
	return &directory.Number{E164: e164, AccountSID: account, Country: country}
}

// caller is who made an emergency call, for the trace.
func (w *plan) caller(r *call.Record) string {
	if r.Endpoint != "" {
		return r.Endpoint
	}
	if r.Caller != "" {
		return r.Caller
	}
	return r.From
}

// user is what an origination URL without one gets: the number, or the name of the phone where it has no number but the one
// that the centre was shown.
func (w *plan) user() string {
	if w.original != nil && w.original.Caller == "" && len(w.users) > 0 && plain(w.users[0]) {
		return w.users[0]
	}
	return w.n.E164
}

// plain tells whether a name can stand in a URI as it is.
func plain(user string) bool {
	return user != "" && strings.Trim(user, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_.+") == ""
}

// rungFor tells whether the centre was rung for a call, rather than to listen to it.
func (w *plan) rungFor(r *call.Record) bool {
	return slices.ContainsFunc(r.Attempts, func(a call.Attempt) bool { return a.Target == w.d.Centre && a.Purpose == "" })
}

// within tells whether a call is up, or recent enough by the host that it came by.
func (w *plan) within(r *call.Record) bool {
	_, _, window := w.host(r)
	return r.EndedAt.IsZero() || w.p.o.Now().Sub(r.StartedAt) <= window
}

// host is the trunk or domain that a call came by, "" where it is gone.
func (w *plan) host(r *call.Record) (sid, account string, window time.Duration) {
	if t, ok := w.s.Trunk(r.Domain); ok {
		return t.SID, t.Account.SID, t.Settings.Callback.Window
	}
	if d, ok := w.s.Domain(r.Domain); ok {
		return d.SID, d.Account.SID, d.Settings.Callback.Window
	}
	return "", "", 0
}

// anyWindow is the longest window of all hosts.
func (w *plan) anyWindow() (longest time.Duration) {
	for _, t := range w.s.Trunks() {
		longest = max(longest, t.Settings.Callback.Window)
	}
	for _, d := range w.s.Domains() {
		longest = max(longest, d.Settings.Callback.Window)
	}
	return longest
}

// hostsOf are the SIDs of an account's trunks and domains of the provider bandwidth, by which endpoints call.
func (w *plan) hostsOf(account string) (sids []string) {
	for _, t := range w.s.Trunks() {
		if t.Account.SID == account && t.Settings.Provider == directory.ProviderBandwidth {
			sids = append(sids, t.SID)
		}
	}
	for _, d := range w.s.Domains() {
		if d.Account.SID == account && d.Settings.Provider == directory.ProviderBandwidth {
			sids = append(sids, d.SID)
		}
	}
	return sids
}
