package callback

import (
	"context"
	"net/netip"
	"strings"
	"time"

	"callbox/routing"
	"callbox/routing/directory"
	"callbox/routing/numbering"
	"callbox/sip/b2bua"
)

// index finds call centres by the address of their URIs. It never changes.
type index struct {
	network *directory.Network
	at      map[netip.Addr][]place
	users   map[string]*directory.PSAP // by digest user
}

// place is a centre at an address.
type place struct {
	centre *directory.PSAP
	port   uint16
	user   string // of its URI
}

// index returns that of the network in force. Host names that were not looked up yet are left out, and Run is told.
func (p *Planner) index(s *directory.Snapshot) *index {
	x := p.centres.Load()
	if x != nil && x.network == s.Network() {
		return x
	}
	x = newIndex(s.Network(), func(uri string) (netip.AddrPort, bool) {
		r, err := p.o.Router.Route(ended, uri)
		return r.Remote, err == nil
	})
	p.centres.Store(x)
	select {
	case p.changed <- struct{}{}:
	default:
	}
	return x
}

// ended is a context that has: whoever is asked with it answers from what it knows.
var ended = func() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}()

// resolve makes the index anew with the host names looked up.
func (p *Planner) resolve(ctx context.Context) {
	s := p.o.Snapshot()
	x := newIndex(s.Network(), func(uri string) (netip.AddrPort, bool) {
		ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
		defer cancel()
		r, err := p.o.Router.Route(ctx, uri)
		return r.Remote, err == nil
	})
	if ctx.Err() == nil && p.o.Snapshot().Network() == s.Network() {
		p.centres.Store(x)
	}
}

func newIndex(n *directory.Network, find func(uri string) (netip.AddrPort, bool)) *index {
	x := &index{network: n, at: map[netip.Addr][]place{}, users: map[string]*directory.PSAP{}}
	for _, c := range n.PSAPs() {
		if c.Callback != nil {
			x.users[c.Callback.Name] = &c
		}
		if at, ok := find(c.URI); ok {
			a := at.Addr().Unmap()
			x.at[a] = append(x.at[a], place{&c, at.Port(), userOf(c.URI)})
		}
	}
	return x
}

// whose is what is known of who calls.
type whose struct {
	mine    bool // it is, or says it is, a call centre
	centre  *directory.PSAP
	outcome string // of the rule, and what it saw
	saw     string
	realm   string // to be challenged
	status  int    // of a refusal
	reason  string
}

// whose tells which centre an INVITE comes from: by where it has registered or the address of its URI, else by its
// credentials. Whoever names a centre that has credentials, as its From or user, is asked for them.
func (p *Planner) whose(s *directory.Snapshot, r b2bua.CallbackRequest) whose {
	x := p.index(s)
	if p.o.Centres != nil {
		if c, ok := s.Centre(p.o.Centres.CentreAt(r.Transport, r.Peer)); ok {
			return whose{mine: true, centre: c, outcome: passed, saw: c.ID + " calls from where it has registered, " + r.Peer.String()}
		}
	}
	if c := x.byAddress(r); c != nil {
		return whose{mine: true, centre: c, outcome: passed, saw: c.ID + " calls from the address of its URI, " + r.Peer.String()}
	}
	if r.Proof != nil {
		if c, ok := x.users[r.Proof.Username()]; ok {
			return proven(c, r.Proof)
		}
	}
	for _, c := range x.users {
		if r.Proof == nil && (strings.EqualFold(r.From.User, c.ID) || r.From.User == c.Callback.Name) {
			return challenge(c.ID + " has to prove who it is")
		}
	}
	return whose{}
}

func challenge(saw string) whose {
	return whose{mine: true, outcome: failed, saw: saw, realm: directory.Realm, status: 407, reason: saw}
}

// proven judges the credentials of somebody who says to be a centre.
func proven(c *directory.PSAP, proof routing.Proof) whose {
	h := c.Callback.HA1()
	if proof.Verify(directory.Realm, h.MD5, h.SHA256) {
		return whose{mine: true, centre: c, outcome: passed, saw: c.ID + " has proved who it is"}
	}
	if s, ok := proof.(interface{ Stale() bool }); ok && s.Stale() {
		return challenge("the nonce of " + c.ID + " is too old")
	}
	const wrong = "the credentials are wrong"
	return whose{mine: true, outcome: failed, saw: wrong, status: 403, reason: wrong}
}

// byAddress returns the centre at the address that an INVITE came from. By UDP the port counts too. By a connection it
// cannot, and then From has to name the centre, as it does where several have one address.
func (x *index) byAddress(r b2bua.CallbackRequest) *directory.PSAP {
	var only *directory.PSAP
	udp := strings.EqualFold(r.Transport, "udp")
	for _, at := range x.at[r.Peer.Addr().Unmap()] {
		if udp && at.port != r.Peer.Port() {
			continue
		}
		if r.From.User == at.user || r.From.User == at.centre.ID {
			return at.centre
		}
		if only == nil && udp {
			only = at.centre
		}
	}
	return only
}

// from is who calls, as somebody who is called back sees it: the centre's number where it gave one, else its ID.
func from(r b2bua.CallbackRequest, c *directory.PSAP) string {
	if numbering.Valid(r.From.User) {
		return r.From.User
	}
	return c.ID
}
