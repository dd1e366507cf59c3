package agent

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"net/netip"
	"strings"
	"sync"
	"time"

	"github.com/icholy/digest"
)

// nonceLife is how long a nonce is good for unless Options.NonceLife says otherwise; a client with an older one is told
// stale=true and tries again unasked.
const nonceLife = 5 * time.Minute

// maxNonces bounds the nonces whose use is remembered; each needs a valid answer to get in.
const maxNonces = 65536

// nonces makes and checks digest nonces (RFC 7616 section 3.3). A nonce carries its time, counted from the start of the
// process so that nobody's is too old or too young when the clock is set, and a MAC of that and of the address it was given to,
// so that challenges cost no memory and nobody proves or fails to prove anything with the source of another;
// only nonces that were used are remembered, with their highest count, against replay. When there are too many, the older
// half is forgotten and whatever is as old as it becomes stale: its users are challenged once more, and nobody is refused.
type nonces struct {
	key   [32]byte
	start time.Time
	life  time.Duration

	mu      sync.Mutex
	used    [2]nonceUse // the one being filled, and the one before
	horizon int64       // nonces made at or before this time are stale
}

// nonceUse is the highest count of each nonce that was used in a while.
type nonceUse struct {
	count  map[string]int
	newest int64 // when the newest of them was made
}

func newNonces(life time.Duration) *nonces {
	if life <= 0 {
		life = nonceLife
	}
	n := &nonces{life: life, start: time.Now().Add(-time.Second)} // no nonce is made at 0, which is the horizon's beginning
	n.used[0].count = make(map[string]int)
	rand.Read(n.key[:])
	return n
}

func (n *nonces) mac(b []byte, source netip.Addr) []byte {
	h := hmac.New(sha256.New, n.key[:])
	h.Write(b)
	ip := neighbourhood(source.Unmap()).As16()
	h.Write(ip[:])
	return h.Sum(nil)[:12]
}

func (n *nonces) make(now time.Time, source netip.Addr) string {
	b := make([]byte, 16, 28)
	binary.BigEndian.PutUint64(b, uint64(now.Sub(n.start)))
	rand.Read(b[8:])
	return base64.RawURLEncoding.EncodeToString(append(b, n.mac(b, source)...))
}

// fresh tells whether a nonce was made here and not too long ago.
func (n *nonces) fresh(s string, now time.Time, source netip.Addr) bool {
	made, ok := n.made(s, source)
	if !ok {
		return false
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	age := now.Sub(n.start) - time.Duration(made)
	return age >= 0 && age < n.life && made > n.horizon
}

// made reads when a nonce was made, if it was made here.
func (n *nonces) made(s string, source netip.Addr) (at int64, ok bool) {
	b, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil || len(b) != 28 || !hmac.Equal(b[16:], n.mac(b[:16], source)) {
		return 0, false
	}
	return int64(binary.BigEndian.Uint64(b)), true
}

// use notes that a fresh nonce was used with a count; false when that count, or a higher one, was seen before.
func (n *nonces) use(nonce string, count int, source netip.Addr) bool {
	made, ok := n.made(nonce, source)
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
