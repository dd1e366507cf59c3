package registrar

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"callbox/sip/fault"
)

// Contacts returns where a user's phones are, in the order in which they are to be rung: those that are known to be lost
// last, else by q, then the one heard of last. domain is any host form of the domain. None is nil.
func (r *Registrar) Contacts(user, domain string) []Binding {
	home, ok := homeSID(r.o.Directory(), domain)
	if !ok {
		return nil
	}
	of := r.find(aorKey{home, user})
	if of == nil {
		return nil
	}
	var out []Binding
	for _, b := range of.list(time.Now()) {
		out = append(out, r.described(b))
	}
	slices.SortStableFunc(out, bySuitability)
	return out
}

// Users returns the users of a domain who have bindings, sorted.
func (r *Registrar) Users(domain string) []string {
	home, ok := homeSID(r.o.Directory(), domain)
	if !ok {
		return nil
	}
	var out []string
	now := time.Now()
	for _, of := range r.all() {
		if of.key.domain == home && len(of.list(now)) > 0 {
			out = append(out, of.key.user)
		}
	}
	slices.Sort(out)
	return out
}

// described is a binding with what is known of it now.
func (r *Registrar) described(b *Binding) Binding {
	out := *b
	out.State, out.StateSince = StateUnknown, time.Time{}
	if r.o.Prober == nil {
		return out
	}
	here, open := r.o.Prober.Here(out)
	switch {
	case !here:
	case b.Transport == "udp":
		out.State, out.StateSince = r.quiet.state(b.SID)
	case open:
		out.State, out.StateSince = StateOpen, b.Refreshed
	default:
		out.State = StateClosed
	}
	return out
}

// Filter chooses bindings; an empty field is any.
type Filter struct {
	Account, Domain, User, SID string // Domain is a name or a SID
	State                      State
}

// List returns the bindings that a filter chooses, by domain, user and SID.
func (r *Registrar) List(f Filter) []Binding {
	if home, ok := homeSID(r.o.Directory(), f.Domain); ok {
		f.Domain = home
	}
	var out []Binding
	now := time.Now()
	for _, of := range r.all() {
		if f.Domain != "" && of.key.domain != f.Domain || f.User != "" && of.key.user != f.User {
			continue
		}
		for _, b := range of.list(now) {
			if f.Account != "" && b.AccountSID != f.Account || f.SID != "" && b.SID != f.SID {
				continue
			}
			if d := r.described(b); f.State == "" || d.State == f.State {
				out = append(out, d)
			}
		}
	}
	slices.SortFunc(out, func(a, b Binding) int {
		return cmp.Or(strings.Compare(a.Domain, b.Domain), strings.Compare(a.User, b.User), strings.Compare(a.SID, b.SID))
	})
	return out
}

// Remove ends a binding, false where there is none with this SID. Its phone learns of it when it registers again, which
// makes a new one.
func (r *Registrar) Remove(ctx context.Context, sid string) bool {
	found := r.List(Filter{SID: sid})
	if len(found) == 0 {
		return false
	}
	of := r.hold(aorKey{found[0].DomainSID, found[0].User})
	defer r.release(of)
	of.turn.Lock()
	defer of.turn.Unlock()
	cur := of.list(time.Now())
	at := slices.IndexFunc(cur, func(b *Binding) bool { return b.SID == sid })
	if at < 0 {
		return false
	}
	next := slices.Delete(slices.Clone(cur), at, at+1)
	of.bindings.Store(&next)
	r.keep(ctx, change{removed: []*Binding{cur[at]}, urgent: true})
	return true
}

// counters count what became of REGISTERs.
type counters struct {
	accepted, challenged, refused, limited, written, unsaved atomic.Uint64
}

func (c *counters) answered(a Answer) {
	switch a.Status {
	case 200:
		c.accepted.Add(1)
	case 401:
		c.challenged.Add(1)
	case 503:
		c.limited.Add(1)
	default:
		c.refused.Add(1)
	}
}

// Figures count what a registrar has done since its start, and hold what there is now.
type Figures struct {
	Accepted, Challenged, Refused, Limited uint64 // REGISTERs by their answer
	Written                                uint64 // rows
	Unsaved                                uint64 // answered 200 before the store had the binding, since it was away
	Waiting                                int    // rows that are not in the store yet
	Users, Bindings                        int    // now
}

// Figures returns the counts as they stand.
func (r *Registrar) Figures() Figures {
	f := Figures{
		Accepted: r.count.accepted.Load(), Challenged: r.count.challenged.Load(), Refused: r.count.refused.Load(),
		Limited: r.count.limited.Load(), Written: r.count.written.Load(), Unsaved: r.count.unsaved.Load(), Waiting: r.writer.size(),
	}
	now := time.Now()
	for _, of := range r.all() {
		if n := len(of.list(now)); n > 0 {
			f.Users++
			f.Bindings += n
		}
	}
	return f
}

// Fault tells whether bindings cannot be written now, since when and why.
func (r *Registrar) Fault() (fault.Report, bool) { return r.fault.Report() }
