package agent

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"strings"
	"sync"
	"time"

	"github.com/icholy/digest"
)

// nonceLife is how long a nonce is good for; a client with an older one is told stale=true and tries again unasked.
const nonceLife = 5 * time.Minute

// maxNonces bounds the nonces whose use is remembered; each needs a valid answer to get in.
const maxNonces = 65536

// nonces makes and checks digest nonces (RFC 7616 section 3.3). A nonce carries its time, counted from the start of the
// process so that nobody's is too old or too young when the clock is set, and a MAC, so that challenges cost no memory;
// only nonces that were used are remembered, with their highest count, against replay. When there are too many, the older
// half is forgotten and whatever is as old as it becomes stale: its users are challenged once more, and nobody is refused.
type nonces struct {
	key   [32]byte
	start time.Time

	mu      sync.Mutex
	used    [2]nonceUse // the one being filled, and the one before
	horizon int64       // nonces made at or before this time are stale
}

// nonceUse is the highest count of each nonce that was used in a while.
type nonceUse struct {
	count  map[string]int
	newest int64 // when the newest of them was made
}

func newNonces() *nonces {
	n := &nonces{start: time.Now().Add(-time.Second)} // no nonce is made at 0, which is the horizon's beginning
	n.used[0].count = make(map[string]int)
	rand.Read(n.key[:])
	return n
}

func (n *nonces) mac(b []byte) []byte {
	h := hmac.New(sha256.New, n.key[:])
	h.Write(b)
	return h.Sum(nil)[:12]
}

func (n *nonces) make(now time.Time) string {
	b := make([]byte, 16, 28)
	binary.BigEndian.PutUint64(b, uint64(now.Sub(n.start)))
	rand.Read(b[8:])
	return base64.RawURLEncoding.EncodeToString(append(b, n.mac(b)...))
}

// fresh tells whether a nonce was made here and not too long ago.
func (n *nonces) fresh(s string, now time.Time) bool {
	made, ok := n.made(s)
	if !ok {
		return false
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	age := now.Sub(n.start) - time.Duration(made)
	return age >= 0 && age < nonceLife && made > n.horizon
}

// made reads when a nonce was made, if it was made here.
func (n *nonces) made(s string) (at int64, ok bool) {
	b, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil || len(b) != 28 || !hmac.Equal(b[16:], n.mac(b[:16])) {
		return 0, false
	}
	return int64(binary.BigEndian.Uint64(b)), true
}

// use notes that a fresh nonce was used with a count; false when that count, or a higher one, was seen before.
func (n *nonces) use(nonce string, count int) bool {
	made, ok := n.made(nonce)
	n.mu.Lock()
	defer n.mu.Unlock()
	if !ok || made <= n.horizon {
		return false
	}
	for _, u := range n.used {
		if seen, ok := u.count[nonce]; ok && count <= seen {
			return false
		}
	}
	if len(n.used[0].count) >= maxNonces/2 {
		n.horizon = max(n.horizon, n.used[1].newest)
		n.used[1], n.used[0] = n.used[0], nonceUse{count: make(map[string]int)}
	}
	n.used[0].count[nonce] = count
	n.used[0].newest = max(n.used[0].newest, made)
	return true
}

// Proof is the digest credentials of a request (RFC 7616; MD5 and SHA-256).
type Proof struct {
	nonces *nonces
	method string
	cred   digest.Credentials
}

// newProof reads the first Digest credentials among headers, or returns nil.
func newProof(n *nonces, method string, headers []Header) *Proof {
	for _, h := range headers {
		if !strings.HasSuffix(strings.ToLower(h.Name), "authorization") {
			continue
		}
		if c, err := digest.ParseCredentials(h.Value); err == nil {
			return &Proof{nonces: n, method: method, cred: *c}
		}
	}
	return nil
}

// Username returns the user name as sent.
func (p *Proof) Username() string { return p.cred.Username }

// Stale tells whether the nonce is not one of ours that is still fresh: the client should be challenged anew rather
// than refused.
func (p *Proof) Stale() bool { return !p.nonces.fresh(p.cred.Nonce, time.Now()) }

// Verify tells whether the credentials prove knowledge of a password for a nonce of ours that is not stale or replayed.
// The password is given by its hashes, H(user:realm:password) in hex by MD5 and SHA-256 (RFC 7616 section 3.4.2), "" for
// one that is not known. Credentials for another realm prove nothing.
func (p *Proof) Verify(realm, md5, sha256 string) bool {
	if p.cred.Realm != realm || !p.nonces.fresh(p.cred.Nonce, time.Now()) {
		return false
	}
	want, ok := p.response(md5, sha256)
	if !ok || !hmac.Equal([]byte(want), []byte(strings.ToLower(p.cred.Response))) {
		return false
	}
	return p.nonces.use(p.cred.Nonce, max(p.cred.Nc, 1))
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
	switch p.cred.QOP {
	case "":
	case "auth":
		chal.QOP = []string{"auth"}
	default:
		return "", false
	}
	want, err := digest.Digest(&chal, digest.Options{
		Method: p.method, URI: p.cred.URI, Username: p.cred.Username, A1: a1, Cnonce: p.cred.Cnonce, Count: p.cred.Nc,
	})
	if err != nil {
		return "", false
	}
	return want.Response, true
}

// answerChallenge makes the header field that answers the first challenge among headers we can compute.
func answerChallenge(headers []Header, method, uri, username, password string) (Header, bool) {
	for _, h := range headers {
		name := "Authorization"
		switch strings.ToLower(h.Name) {
		case "proxy-authenticate":
			name = "Proxy-Authorization"
		case "www-authenticate":
		default:
			continue
		}
		chal, err := digest.ParseChallenge(h.Value)
		if err != nil || !digest.CanDigest(chal) {
			continue
		}
		cred, err := digest.Digest(chal, digest.Options{Method: method, URI: uri, Username: username, Password: password})
		if err == nil {
			return Header{name, cred.String()}, true
		}
	}
	return Header{}, false
}

// unquoted leaves out what would end a quoted-string.
var unquoted = strings.NewReplacer(`\`, "", `"`, "")

// challenges are the header fields of a 407: MD5 first, since older phones look at the first only (RFC 8760 lets the
// client choose).
func (a *Agent) challenges(realm string, stale bool) []Header {
	var out []Header
	for _, alg := range []string{"MD5", "SHA-256"} {
		v := `Digest realm="` + unquoted.Replace(realm) + `", nonce="` +
			a.nonces.make(time.Now()) + `", algorithm=` + alg + `, qop="auth"`
		if stale {
			v += ", stale=true"
		}
		out = append(out, Header{"Proxy-Authenticate", v})
	}
	return out
}
