package doctor

import (
	"crypto/md5"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"callbox/routing/directory"
	"callbox/sip/agent"
)

// patience is how long a challenge waits for its answer before the run may end.
const patience = 3 * time.Second

// invite takes a call: it is challenged where there are credentials, and then answered whatever is wrong with it, so
// that one call shows as much as it can.
func (w *ward) invite(in *agent.Incoming) {
	w.under(1)
	defer w.under(-1)
	index, challenge, full := w.noteCall(in)
	switch {
	case full:
		in.Refuse(503, "Service Unavailable")
		return
	case challenge:
		w.under(1) // the run goes on until the answer to it had time to come
		time.AfterFunc(patience, func() { w.under(-1) })
		in.Challenge(directory.Realm)
		return
	}
	w.tryContact(in.Contact, in.Transport, in.Source, in.Local)
	w.answer(in, index)
}

// noteCall notes an INVITE; one that comes again with credentials is the same call.
func (w *ward) noteCall(in *agent.Incoming) (index int, challenge, full bool) {
	c := Call{
		CallID: in.CallID, Source: in.Source, Transport: in.Transport, Dialled: in.RequestURI.User,
		From: in.From.User, FromHost: in.From.Host, Contact: in.Contact, UserAgent: in.Message.Get("User-Agent"),
		Asserted: asserted(in.Message), Session: in.Message.Get("Session-Expires"), MinSE: in.Message.Get("Min-SE"),
		Require: tags(in.Message, "Require"), Supports: tags(in.Message, "Supported"),
	}
	c.Offer, c.Flaw = readOffer(w.o.Secure, in.Message)
	c.Auth = w.judge(in.Proof, in.Flaw())
	w.change(func(s *Seen) {
		index = slices.IndexFunc(s.Calls, func(x Call) bool { return x.CallID == c.CallID })
		again := index >= 0
		if again {
			c.Auth.Challenged = s.Calls[index].Auth.Challenged
		}
		if challenge = w.o.Password != "" && !c.Auth.Answered && c.Auth.Flaw == "" && !c.Auth.Challenged; challenge || c.Auth.Answered {
			c.Auth.Challenged = true
		}
		switch {
		case again:
			s.Calls[index] = c
		case len(s.Calls) >= maxCalls:
			full = true
		default:
			s.Calls = append(s.Calls, c)
			index = len(s.Calls) - 1
		}
	})
	if challenge {
		w.o.Said(fmt.Sprintf("call to %s from %s: challenged", show(c.Dialled), c.Source))
	} else if !full {
		w.o.Said(fmt.Sprintf("call to %s from %s as %s by %s", show(c.Dialled), c.Source, show(c.From), c.Transport))
	}
	return index, challenge, full
}

// register takes a REGISTER: it is accepted whatever is wrong with it, once it was challenged.
func (w *ward) register(r *agent.Registration) {
	auth := w.judge(r.Proof, r.Flaw())
	if w.o.Password != "" && !auth.Answered && auth.Flaw == "" {
		r.Challenge(directory.Realm)
		w.noteRegistration(r, Auth{Challenged: true, WantRealm: directory.Realm})
		return
	}
	auth.Challenged = w.o.Password != ""
	bindings := make([]agent.Contact, 0, len(r.Contacts))
	for _, c := range r.Contacts {
		if c.Expires < 0 {
			c.Expires = r.Expires
		}
		if c.Expires < 0 || c.Expires > 120 {
			c.Expires = 120
		}
		if c.Expires > 0 {
			bindings = append(bindings, c)
		}
	}
	r.Accept(bindings)
	w.noteRegistration(r, auth)
	for _, c := range bindings {
		w.tryBack(Back{To: c.URI, Source: r.Source.Addr()}, w.routeBack(r, c.URI))
	}
}

func (w *ward) noteRegistration(r *agent.Registration, auth Auth) {
	n := Registration{Source: r.Source, Transport: r.Transport, AOR: r.To.User + "@" + r.To.Host, UserAgent: r.UserAgent, Auth: auth}
	if len(r.Contacts) > 0 {
		n.Contact = r.Contacts[0].URI
	}
	first := false
	w.change(func(s *Seen) {
		i := slices.IndexFunc(s.Registrations, func(x Registration) bool { return x.AOR == n.AOR && x.Source == n.Source })
		switch first = i < 0; {
		case i >= 0:
			s.Registrations[i] = n
		case len(s.Registrations) < maxRegistered:
			s.Registrations = append(s.Registrations, n)
		}
	})
	if first {
		w.o.Said(fmt.Sprintf("registration of %s from %s", show(n.AOR), n.Source))
	}
}

// judge looks at credentials.
func (w *ward) judge(p *agent.Proof, flaw string) Auth {
	a := Auth{WantRealm: directory.Realm, Flaw: flaw}
	if p == nil || w.o.Password == "" {
		a.Flaw = ""
		if w.o.Password != "" {
			a.Flaw = flaw
		}
		return a
	}
	a.Answered, a.User, a.Realm, a.Algorithm = true, p.Username(), p.Realm(), p.Algorithm()
	secret := w.o.User + ":" + directory.Realm + ":" + w.o.Password
	short, long := md5.Sum([]byte(secret)), sha256.Sum256([]byte(secret))
	a.Right = p.Verify(directory.Realm, hex.EncodeToString(short[:]), hex.EncodeToString(long[:])) && p.Username() == w.o.User
	return a
}

// asserted returns the number, or name, of the first identity of each header field that a trunk would look at.
func asserted(m agent.Message) map[string]string {
	first := map[string]string{}
	for _, c := range m.Claims() {
		user, _, _ := strings.Cut(c.User, ";")
		if _, there := first[c.Header]; !there {
			first[c.Header] = user
		}
	}
	return first
}

// tags returns the option tags of all header fields of that name.
func tags(m agent.Message, name string) (out []string) {
	for _, h := range m.Headers {
		if !strings.EqualFold(h.Name, name) {
			continue
		}
		for tag := range strings.SplitSeq(h.Value, ",") {
			if tag = strings.TrimSpace(tag); tag != "" && len(out) < 20 {
				out = append(out, tag)
			}
		}
	}
	return out
}

// show makes text of a stranger's fit for a terminal's line.
func show(s string) string {
	if len(s) > 60 {
		s = s[:60] + "…"
	}
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 {
			return '�'
		}
		return r
	}, s)
}
