package registrar

import (
	"net/netip"
	"slices"
	"strings"
	"time"

	"callbox/routing/directory"
)

// Centre returns where a call centre has registered, by its ID, in the order in which its devices are to be rung. Those
// that are known to be lost are left out: the centre has a URI, which is the better way then.
func (r *Registrar) Centre(id string) []Binding {
	return slices.DeleteFunc(r.ofCentre(r.o.Directory(), id), func(b Binding) bool { return b.State.lost() })
}

// CentreAt returns the ID of the call centre whose device has registered from an address, by UDP, or by the connection
// from it, "" for none.
func (r *Registrar) CentreAt(transport string, remote netip.AddrPort) string {
	s := r.o.Directory()
	centres := s.Network().PSAPs()
	for i := range centres {
		if centres[i].Callback == nil {
			continue
		}
		for _, b := range r.ofCentre(s, centres[i].ID) {
			if sameFlow(b, transport, remote) {
				return centres[i].ID
			}
		}
	}
	return ""
}

// ofCentre returns the bindings of a centre under its ID and the user of its credentials.
func (r *Registrar) ofCentre(s *directory.Snapshot, id string) (out []Binding) {
	c, ok := s.Centre(id)
	if !ok || c.Callback == nil {
		return nil
	}
	now := time.Now()
	for _, user := range slices.Compact([]string{c.ID, c.Callback.Name}) {
		of := r.find(aorKey{centreSID, user})
		if of == nil {
			continue
		}
		if owner := centreOf(s, user); owner == nil || owner.ID != id { // one centre's ID may be another's user
			continue
		}
		for _, b := range of.list(now) {
			out = append(out, r.described(b))
		}
	}
	slices.SortStableFunc(out, bySuitability)
	return out
}

// sameFlow tells whether what comes from an address comes from the device itself: by the socket or connection that it has
// registered by. What lies behind a proxy has its address in common with others.
func sameFlow(b Binding, transport string, remote netip.AddrPort) bool {
	if !strings.EqualFold(b.Transport, transport) || b.Remote.Port() != remote.Port() ||
		b.Remote.Addr().Unmap() != remote.Addr().Unmap() || len(b.Path) > 0 {
		return false
	}
	if b.Transport != "udp" && b.State != StateOpen { // the port may be another's by now
		return false
	}
	return b.Natted || hostIn(b.URI) == remote.Addr().Unmap()
}

// hostIn is the address that a URI names, invalid where it names none.
func hostIn(uri string) netip.Addr {
	_, rest, _ := strings.Cut(uri, ":")
	rest = rest[strings.LastIndexByte(rest, '@')+1:]
	if end := strings.IndexAny(rest, ";?"); end >= 0 {
		rest = rest[:end]
	}
	if at, err := netip.ParseAddrPort(rest); err == nil {
		return at.Addr().Unmap()
	}
	a, _ := netip.ParseAddr(strings.Trim(rest, "[]"))
	return a.Unmap()
}
