package registrar

import (
	"strings"

	"callbox/routing"
	"callbox/routing/directory"
)

// home is where an AOR lives: a SIP domain, or the place of the call centres.
type home struct {
	sid, name, account string
	proves             func(routing.Proof) bool // whether credentials are those of one who may register there
}

// Call centres register at psap. and the name of any domain or trunk, with the credentials they call back with.
const (
	centreSID    = "psap"
	centrePrefix = "psap."
)

// home finds the home of the AOR of a REGISTER, and refuses where none may be.
func (r *Registrar) home(q Request) (*home, Answer) {
	s := r.o.Directory()
	d, ok := s.Domain(q.AORHost)
	if !ok {
		if h := centreHome(s, q); h != nil {
			return h, Answer{}
		}
		return nil, refusal(404, "Not Found", q.AORHost+" is no domain of this edge; write the domain's name as SIP domain or registrar", 0)
	}
	if other, ok := s.Domain(q.Host); ok && other.SID != d.SID {
		return nil, refusal(404, "Not Found", q.Host+" is another domain than "+d.Name+", which To names", 0)
	}
	switch {
	case !d.Registration:
		return nil, forbidden("registration is not enabled on "+d.Name+"; switch SipRegistration on", codeSupport)
	case len(d.Registrars) == 0:
		return nil, forbidden(d.Name+" has no credential list mapped for registrations, so nobody can register", codeSupport)
	case d.Secure && !strings.EqualFold(q.Transport, "tls") && !strings.EqualFold(q.Transport, "wss"):
		return nil, forbidden(d.Name+" is secure and takes SIP over TLS only, this came over "+q.Transport, codeTransport)
	case q.User == "":
		return nil, forbidden("the AOR in To names no user", 0)
	}
	return &home{sid: d.SID, name: d.Name, account: d.Account.SID, proves: func(p routing.Proof) bool {
		_, ok := routing.Proves(d.Registrars, p)
		return ok
	}}, Answer{}
}

// centreHome is the home of the call centres where the AOR's host is one for them, else nil. Who is no centre, or one
// without credentials, is held against a password that nobody has.
func centreHome(s *directory.Snapshot, q Request) *home {
	host, ok := centreHost(s, q.AORHost)
	if !ok || q.User == "" {
		return nil
	}
	c := centreOf(s, q.User)
	return &home{sid: centreSID, name: host, proves: func(p routing.Proof) bool {
		if c == nil || p.Username() != c.Callback.Name {
			_, ok := routing.Proves(nil, p)
			return ok
		}
		h := c.Callback.HA1()
		return p.Verify(directory.Realm, h.MD5, h.SHA256)
	}}
}

// centreHost tells whether a host is one that call centres register at.
func centreHost(s *directory.Snapshot, host string) (string, bool) {
	host = strings.ToLower(host)
	rest, ok := strings.CutPrefix(host, centrePrefix)
	if !ok {
		return "", false
	}
	_, domain := s.Domain(rest)
	_, trunk := s.Trunk(rest)
	return host, domain || trunk
}

// centreOf finds the centre that registers as a user, by its ID or the user of its credentials; nil for none.
func centreOf(s *directory.Snapshot, user string) *directory.PSAP {
	for _, c := range s.Network().PSAPs() {
		if c.Callback != nil && (c.ID == user || c.Callback.Name == user) {
			return &c
		}
	}
	return nil
}

// homesOf are the names of all homes by their SIDs.
func homesOf(s *directory.Snapshot) map[string]string {
	all := map[string]string{centreSID: centreSID}
	for _, d := range s.Domains() {
		all[d.SID] = d.Name
	}
	return all
}

// homeSID finds a home by a host, any form of a domain's.
func homeSID(s *directory.Snapshot, host string) (sid string, ok bool) {
	if d, ok := s.Domain(host); ok {
		return d.SID, true
	}
	_, ok = centreHost(s, host)
	return centreSID, ok
}
