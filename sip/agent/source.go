package agent

import "net/netip"

// knows tells whether a request within the dialog came from where its peer can be: the address the peer was last seen
// at, its Contact, or a proxy of the route set. Call-ID and tags travel in the clear; whoever has read them elsewhere
// must not be able to end a call or turn its media. A name among these hosts may stand for any address: then nothing
// can be said, and the tags have to do.
func (l *Leg) knows(source netip.Addr) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if source == l.home.remote.Addr() {
		return true
	}
	hosts := append([]string{"<" + l.target + ">"}, l.routes...)
	for _, h := range hosts {
		p, err := parseParty(h)
		if err != nil {
			continue
		}
		ip, literal := p.uri.literal()
		if !literal || ip == source {
			return true
		}
	}
	return false
}

// strange refuses a request whose source is not its dialog's.
func strange() *fault {
	return &fault{
		status: 403, reason: "Forbidden",
		sentence: "requests within this call come from another address",
	}
}
