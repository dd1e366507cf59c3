package routing

import (
	"net/netip"
	"strings"

	"callbox/routing/directory"
	"callbox/routing/numbering"
)

// Urgent tells, from no more than the user and host of a Request-URI and the address it came from, whether an INVITE
// asks for help where it could get it: an emergency number, or a designated number of the account, at a host that is
// known and does not refuse the source. It decides nothing; an edge that cannot take every call takes these first. A
// service URN is a user with its "urn:" and without host.
func Urgent(s *directory.Snapshot, user, host string, source netip.Addr) bool {
	if len(user) > 4 && strings.EqualFold(user[:4], "urn:") {
		label, ok := numbering.ServiceURN(user[4:])
		return ok && label != numbering.TestSos
	}
	emergency := s.Plan().Anywhere(numbering.Number(user)) == numbering.Emergency
	if !emergency && len(user) < shortestDesignated {
		return false
	}
	w := walk{s: s, r: Request{Host: host, Source: source}}
	if !w.host() || !emergency && w.designatedAs(user) == nil {
		return false
	}
	a := w.mapped()
	return len(a.ACLs) == 0 && len(a.Credentials) > 0 || w.acl(a) != nil
}
