package agent

import (
	"cmp"
	"crypto/hmac"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/icholy/digest"
)

// Proof is the digest credentials of a request (RFC 7616; MD5 and SHA-256).
type Proof struct {
	nonces   *nonces
	method   string
	source   netip.Addr
	cred     digest.Credentials
	replayed bool // they were right, and had been used before
}

// maxCredentials bounds the credentials of one request that are looked at: proxies on the way have one each at most.
const maxCredentials = 8

// newProof reads the digest credentials among headers that answer a challenge of ours, else the first that can be used.
// Their uri is hashed as it came and need not be the Request-URI, which proxies change (RFC 3261 section 22.4).
// Without any the proof is nil, and flaw says in words what is wrong with those that came, "" for none that came. What
// cannot be used is no refusal: a call that needs no credentials does not fail for them.
func newProof(n *nonces, algorithms []string, method string, source netip.Addr, headers []Header) (proof *Proof, flaw string) {
	looked := 0
	for _, h := range headers {
		if name := strings.ToLower(h.Name); name != "authorization" && name != "proxy-authorization" {
			continue
		}
		if looked++; looked > maxCredentials {
			break
		}
		c, err := parseCredentials(h.Value, algorithms)
		if err != nil {
			if flaw == "" {
				flaw = h.Name + ": " + err.Error()
			}
			continue
		}
		p := &Proof{nonces: n, method: method, source: source, cred: *c}
		if _, ours := n.made(c.Nonce, source); ours {
			return p, ""
		}
		if proof == nil {
			proof = p
		}
	}
	if proof != nil {
		flaw = ""
	}
	return proof, flaw
}

// parseCredentials reads credentials as far as we can check them.
func parseCredentials(value string, algorithms []string) (*digest.Credentials, error) {
	if scheme, _, _ := strings.Cut(strings.TrimLeft(value, " "), " "); !strings.EqualFold(scheme, "Digest") {
		return nil, errors.New("only Digest credentials are taken")
	}
	c, err := digest.ParseCredentials(value)
	if err != nil {
		return nil, errors.New("the credentials cannot be read")
	}
	for _, f := range []struct{ name, value string }{
		{"username", c.Username}, {"realm", c.Realm}, {"nonce", c.Nonce}, {"uri", c.URI}, {"response", c.Response},
	} {
		if f.value == "" {
			return nil, fmt.Errorf("the credentials have no %s", f.name)
		}
	}
	if c.Userhash {
		return nil, errors.New("a hashed user name was not asked for")
	}
	name := c.Algorithm
	if name == "" {
		name = "MD5"
	}
	if !slices.ContainsFunc(algorithms, func(a string) bool { return strings.EqualFold(a, name) }) {
		return nil, fmt.Errorf("the algorithm was not offered, %s was", strings.Join(algorithms, " or "))
	}
	switch strings.ToLower(c.QOP) {
	case "":
	case "auth":
		c.QOP = "auth"
		if c.Cnonce == "" || c.Nc <= 0 {
			return nil, errors.New("qop=auth needs a cnonce and an nc")
		}
	default:
		return nil, errors.New("qop=auth was offered and nothing else")
	}
	return c, nil
}

// Username returns the user name as sent.
func (p *Proof) Username() string { return p.cred.Username }

// Realm returns the realm as sent.
func (p *Proof) Realm() string { return p.cred.Realm }

// Algorithm returns the algorithm as sent, MD5 where none was.
func (p *Proof) Algorithm() string { return cmp.Or(p.cred.Algorithm, "MD5") }

// Stale tells whether the nonce is not one of ours that is still fresh, or the credentials were right and had been used
// before (RFC 7616 section 3.4): the client should be challenged anew rather than refused.
func (p *Proof) Stale() bool {
	return p.replayed || !p.nonces.fresh(p.cred.Nonce, time.Now(), p.source)
}

// Verify tells whether the credentials prove knowledge of a password for a nonce of ours that is not stale or replayed.
// The password is given by its hashes, H(user:realm:password) in hex by MD5 and SHA-256 (RFC 7616 section 3.4.2), "" for
// one that is not known. Credentials for another realm prove nothing.
func (p *Proof) Verify(realm, md5, sha256 string) bool {
	if p.cred.Realm != realm || !p.nonces.fresh(p.cred.Nonce, time.Now(), p.source) {
		return false
	}
	want, ok := p.response(md5, sha256)
	if !ok || !hmac.Equal([]byte(want), []byte(strings.ToLower(p.cred.Response))) {
		return false
	}
	used := p.nonces.use(p.cred.Nonce, max(p.cred.Nc, 1), p.source)
	p.replayed = !used
	return used
}

// response is what the credentials' response must be, false where no password's hash makes one.
func (p *Proof) response(md5, sha256 string) (string, bool) {
	var a1 string
	switch strings.ToUpper(p.cred.Algorithm) {
	case "", "MD5":
		a1 = md5
	case "SHA-256":
		a1 = sha256
	}
	if a1 == "" { // without a hash the library would take the empty password
		return "", false
	}
	chal := digest.Challenge{Realm: p.cred.Realm, Nonce: p.cred.Nonce, Algorithm: p.cred.Algorithm}
	if p.cred.QOP != "" {
		chal.QOP = []string{"auth"}
	}
	want, err := digest.Digest(&chal, digest.Options{
		Method: p.method, URI: p.cred.URI, Username: p.cred.Username, A1: a1, Cnonce: p.cred.Cnonce, Count: p.cred.Nc,
	})
	if err != nil {
		return "", false
	}
	return want.Response, true
}

// unquoted leaves out what would end a quoted-string.
var unquoted = strings.NewReplacer(`\`, "", `"`, "")

// credentials is newProof for a request, and notes the habits of who sent it.
func (a *Agent) credentials(f flow, p *packet) (*Proof, string) {
	if len(p.auth) == 0 {
		return nil, ""
	}
	source := f.remote.Addr()
	proof, flaw := newProof(a.nonces, a.algorithms, p.method, source, p.auth)
	if proof != nil {
		if _, ours := a.nonces.made(proof.cred.Nonce, source); ours {
			a.habits.answered(source, p.message.Get("User-Agent"), proof.cred.Algorithm)
		}
	}
	return proof, flaw
}

// challenges are the header fields called name of a 401 or 407 to p, one for each algorithm in the order of
// Options.Algorithms (RFC 8760 lets the client choose; but see habits), and what is wrong with what came.
func (a *Agent) challenges(name, realm string, p *packet, source netip.Addr, stale bool, flaw string) []Header {
	var out []Header
	for _, alg := range a.habits.offer(source, p.message.Get("User-Agent"), a.algorithms) {
		v := `Digest realm="` + unquoted.Replace(realm) + `", nonce="` +
			a.nonces.make(time.Now(), source) + `", algorithm=` + alg + `, qop="auth"`
		if stale {
			v += ", stale=true"
		}
		out = append(out, Header{name, v})
	}
	if flaw != "" {
		out = append(out, warning(flaw))
	}
	return out
}

// Algorithms are the digest algorithms that can be offered, as Options.Algorithms names them.
func Algorithms() []string { return []string{"MD5", "SHA-256"} }

// offered checks the algorithms that a configuration names.
func offered(names []string) ([]string, error) {
	if len(names) == 0 {
		return Algorithms(), nil
	}
	for _, n := range names {
		if !slices.Contains(Algorithms(), n) {
			return nil, fmt.Errorf("agent: unknown digest algorithm %q: MD5 or SHA-256", n)
		}
	}
	return slices.Clone(names), nil
}
