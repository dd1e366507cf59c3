package routing

import (
	"crypto/rand"
	"strings"

	"callbox/routing/directory"
)

// access is rule 2: the source is in an ACL where one is mapped, and the digest credentials are right where a list is
// mapped; both where both are. A host with neither receives no traffic. The source comes first, so that a stranger
// learns nothing more; then the transport, so that no challenge is answered in the clear on a secure host.
func (w *walk) access() bool {
	a := w.mapped()
	if len(a.ACLs) == 0 && len(a.Credentials) == 0 {
		return w.refuse(ruleAccess, 403, 0, note{text: textNoMapping, a: w.d.Domain})
	}
	acl := w.acl(a)
	if acl == nil && len(a.ACLs) > 0 {
		return w.refuse(ruleAccess, 403, codeACL, note{text: textWrongSource, b: w.d.Domain})
	}
	if w.d.Secure && !encrypted(w.r.Transport) {
		return w.refuse(ruleAccess, 403, codeTransport, note{text: textPlainTransport, a: orNothing(w.r.Transport), b: w.d.Domain})
	}
	if len(a.Credentials) == 0 {
		w.note(ruleAccess, note{outcome: passed, text: textSource, b: acl.Name})
		return true
	}
	list, ok := w.proof(a)
	if !ok {
		return false
	}
	n := note{outcome: passed, text: textProof, a: w.r.Proof.Username(), b: list.Name}
	if acl != nil {
		n.text, n.c = textSourceAndProof, acl.Name
	}
	w.note(ruleAccess, n)
	return true
}

// encrypted tells whether a transport keeps what it carries from others.
func encrypted(transport string) bool {
	return strings.EqualFold(transport, "tls") || strings.EqualFold(transport, "wss")
}

// mapped is who may call at the host.
func (w *walk) mapped() *directory.Access {
	if w.trunk != nil {
		return &w.trunk.Access
	}
	return &w.domain.Access
}

// acl returns the first ACL that has the source, nil for none.
func (w *walk) acl(a *directory.Access) *directory.ACL {
	for _, l := range a.ACLs {
		if l.Contains(w.r.Source) {
			return l
		}
	}
	return nil
}

// proof returns the credential list whose password the request proves to know; else it has challenged or refused. A proof
// for another realm is a wrong one: a phone answers whatever realm it is asked for, so a new challenge would change nothing.
func (w *walk) proof(a *directory.Access) (*directory.CredentialList, bool) {
	p := w.r.Proof
	if p == nil {
		w.challenge(note{text: textNoProof, a: w.d.Domain})
		return nil, false
	}
	user := p.Username()
	if l, ok := Proves(a.Credentials, p); ok {
		return l, true
	}
	if s, ok := p.(interface{ Stale() bool }); ok && s.Stale() {
		w.challenge(note{text: textStaleProof, a: user})
		return nil, false
	}
	return nil, w.refuse(ruleAccess, 403, codeCredentials, note{text: textWrongProof, a: user})
}

// nobody is the hashes of a password that nobody has, made at random.
var nobody = directory.MakeHA1("nobody", directory.Secret(rand.Text()))

// Proves returns the first of the credential lists whose password a proof proves to know. A user who is in none of them is
// held against a password that nobody has, so that the time it takes does not tell who there is.
func Proves(lists []*directory.CredentialList, p Proof) (*directory.CredentialList, bool) {
	known := false
	for _, l := range lists {
		h, ok := l.HA1(p.Username())
		if !ok {
			continue
		}
		known = true
		if p.Verify(directory.Realm, h.MD5, h.SHA256) {
			return l, true
		}
	}
	if !known {
		_ = p.Verify(directory.Realm, nobody.MD5, nobody.SHA256)
	}
	return nil, false
}

// challenge asks for credentials, as a proxy does: 407 and not 401 is what PBXs that know the provider expect.
func (w *walk) challenge(n note) {
	n.outcome = failed
	w.note(ruleAccess, n)
	w.d.Verdict, w.d.Status, w.d.Realm = VerdictChallenge, 407, directory.Realm
}
