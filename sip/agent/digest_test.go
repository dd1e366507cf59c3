package agent

import (
	"context"
	"crypto/md5"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"
	"time"
)

// proves tells whether p proves to know a password, whose hashes it makes.
func proves(p *Proof, user, realm, password string) bool {
	a1 := []byte(user + ":" + realm + ":" + password)
	m, s := md5.Sum(a1), sha256.Sum256(a1)
	return p.Verify(realm, hex.EncodeToString(m[:]), hex.EncodeToString(s[:]))
}

// readProof reads the proof in one header field.
func readProof(n *nonces, method string, h Header) *Proof {
	p, _ := newProof(n, Algorithms(), method, loopback(1), []Header{h})
	return p
}

func TestAChallengedCallerProvesItsPassword(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, password string
		status         int
	}{{"right password", "Callbox-lab-911", 480}, {"wrong password", "guess", 403}} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			callee := newTestAgent(t, func(in *Incoming) {
				switch {
				case in.Proof == nil:
					in.Challenge("lab.example.com")
				case in.Proof.Username() == "alice" && proves(in.Proof, "alice", "lab.example.com", "Callbox-lab-911"):
					in.Refuse(480, "Temporarily Unavailable")
				default:
					in.Refuse(403, "Forbidden")
				}
			})
			caller, a := newTestAgent(t, nil), newSide(t, "caller")
			r, err := caller.Route(context.Background(), callee.uri("911"))
			if err != nil {
				t.Fatal(err)
			}
			caller.Dial(Outgoing{Route: r, Message: offer, Username: "alice", Password: tc.password}, a.sink)
			if e := a.expect(KindFailed); e.Status != tc.status {
				t.Errorf("answered %d, want %d", e.Status, tc.status)
			}
		})
	}
}

func TestAChallengeOffersMD5First(t *testing.T) {
	t.Parallel()
	a := newTestAgent(t, func(in *Incoming) { in.Challenge(`la"b`) })
	p := newRawPeer(t, a)
	p.send(p.request("INVITE", newBranch(), 1, ""))
	got := p.recvUntil("SIP/2.0 407")
	first := header(got, "Proxy-Authenticate")
	if !strings.Contains(first, `realm="lab"`) || !strings.Contains(first, "algorithm=MD5") || strings.Count(got, "Proxy-Authenticate") != 2 {
		t.Errorf("challenge is\n%s", got)
	}
}

func TestNoncesAreOursFreshAndUsedOncePerCount(t *testing.T) {
	t.Parallel()
	n := newNonces(0)
	now := time.Now()
	nonce := n.make(now, loopback(1))
	for _, tc := range []struct {
		name  string
		nonce string
		at    time.Time
		want  bool
	}{
		{"just made", nonce, now, true},
		{"too old", nonce, now.Add(nonceLife), false},
		{"from the future", nonce, now.Add(-time.Second), false},
		{"made elsewhere", newNonces(0).make(now, loopback(1)), now, false},
		{"cut short", nonce[:20], now, false},
		{"empty", "", now, false},
	} {
		if got := n.fresh(tc.nonce, tc.at, loopback(1)); got != tc.want {
			t.Errorf("%s: fresh = %v", tc.name, got)
		}
	}
	if !n.use(nonce, 1, loopback(1)) || n.use(nonce, 1, loopback(1)) || !n.use(nonce, 2, loopback(1)) || n.use(nonce, 1, loopback(1)) {
		t.Error("a count was taken twice or refused once")
	}
}

func TestAFullNonceMemoryForgetsTheOldestAndRefusesNobody(t *testing.T) {
	t.Parallel()
	n := newNonces(0)
	now := time.Now()
	first := n.make(now, loopback(1))
	for i := range 2 * maxNonces {
		now = now.Add(time.Microsecond)
		if nonce := n.make(now, loopback(1)); !n.fresh(nonce, now, loopback(1)) || !n.use(nonce, 1, loopback(1)) {
			t.Fatalf("nonce %d was refused", i)
		}
		if i == 0 && !n.use(first, 1, loopback(1)) {
			t.Fatal("the first nonce was refused")
		}
		if n.fresh(first, now, loopback(1)) && n.use(first, 1, loopback(1)) {
			t.Fatalf("the first nonce was taken again after %d others", i)
		}
	}
	if n.fresh(first, now, loopback(1)) {
		t.Error("a nonce whose use was forgotten is still fresh")
	}
	if held := len(n.used[0].count) + len(n.used[1].count); held > maxNonces {
		t.Errorf("%d nonces are remembered", held)
	}
}

func TestReplayedCredentialsAreRefused(t *testing.T) {
	t.Parallel()
	n := newNonces(0)
	chal := `Digest realm="lab", nonce="` + n.make(time.Now(), loopback(1)) + `", algorithm=SHA-256, qop="auth"`
	h, ok := answerChallenge([]Header{{"WWW-Authenticate", chal}}, "INVITE", "sip:911@lab", "alice", "pass")
	if !ok || h.Name != "Authorization" {
		t.Fatalf("no answer to %s", chal)
	}
	verify := func(method, user, realm, password string) bool {
		return proves(readProof(n, method, h), user, realm, password)
	}
	if verify("INVITE", "alice", "elsewhere", "pass") || readProof(n, "INVITE", h).Verify("elsewhere",
		"", fmt.Sprintf("%x", sha256.Sum256([]byte("alice:lab:pass")))) {
		t.Error("credentials of another realm taken")
	}
	if verify("INVITE", "alice", "lab", "guess") || readProof(n, "INVITE", h).Verify("lab", "", "") {
		t.Error("credentials of another password taken")
	}
	if verify("BYE", "alice", "lab", "pass") {
		t.Error("credentials of another method taken")
	}
	if !verify("INVITE", "alice", "lab", "pass") {
		t.Error("right credentials refused")
	}
	if verify("INVITE", "alice", "lab", "pass") {
		t.Error("replayed credentials taken")
	}
}

// An empty password must not open what has no password: a list of an API that knows the MD5 hash alone.
func TestAHashThatIsNotKnownOpensNothing(t *testing.T) {
	t.Parallel()
	n := newNonces(0)
	for _, alg := range []string{"MD5", "SHA-256", "SHA-512", "SHA-512-256"} {
		chal := `Digest realm="lab", nonce="` + n.make(time.Now(), loopback(1)) + `", algorithm=` + alg + `, qop="auth"`
		h, ok := answerChallenge([]Header{{"WWW-Authenticate", chal}}, "INVITE", "sip:911@lab", "alice", "")
		if !ok {
			t.Fatalf("no answer to %s", chal)
		}
		if p := readProof(n, "INVITE", h); p != nil && p.Verify("lab", "", "") {
			t.Errorf("%s: an empty password was taken", alg)
		}
	}
}

// The examples of RFC 7616 section 3.9.1.
func TestResponsesAreThoseOfTheRFC(t *testing.T) {
	t.Parallel()
	const (
		a1MD5  = "3d78807defe7de2157e2b0b6573a855f"
		a1SHA2 = "7987c64c30e25f1b74be53f966b49b90f2808aa92faf9a00262392d7b4794232"
		sent   = `Digest username="Mufasa", realm="http-auth@example.org", uri="/dir/index.html", ` +
			`nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", nc=00000001, ` +
			`cnonce="f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ", qop=auth, response="x", algorithm=`
	)
	for algorithm, want := range map[string]string{
		"MD5":     "8ca523f5e9506fed4657c9700eebdbec",
		"SHA-256": "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1",
		"sha-256": "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1",
	} {
		p := readProof(newNonces(0), "GET", Header{"Authorization", sent + algorithm})
		if got, ok := p.response(a1MD5, a1SHA2); !ok || got != want {
			t.Errorf("%s: %s, want %s", algorithm, got, want)
		}
	}
	p := readProof(newNonces(0), "GET", Header{"Authorization", sent + "SHA-512-256"})
	if p != nil {
		t.Error("an algorithm that was never offered proves something")
	}
}

func TestAContactBehindANATIsPassedOver(t *testing.T) {
	t.Parallel()
	got := make(chan *Incoming, 1)
	a := newTestAgent(t, func(in *Incoming) { got <- in })
	p, s := newRawPeer(t, a), newSide(t, "callee")
	p.send(strings.Replace(p.request("INVITE", newBranch(), 1, ""), "Contact: <sip:raw@"+p.addr(), "Contact: <sip:raw@127.7.7.7:5060", 1))
	l := (<-got).Accept(s.sink)
	l.Answer(offer)
	p.send(p.request("ACK", newBranch(), 1, toTag(p.recvUntil("SIP/2.0 200"))))
	s.expect(KindAcked)
	l.Bye()
	bye := p.recvUntil("BYE sip:raw@127.7.7.7:5060 ")
	p.send(answer(bye, "200 OK"))
	s.expect(KindGone)
}
