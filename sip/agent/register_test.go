package agent

import (
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rs/zerolog"
)

// newRegistrar starts an agent that takes REGISTER.
func newRegistrar(t *testing.T, onRegister func(*Registration), listeners ...Listener) *Agent {
	t.Helper()
	if len(listeners) == 0 {
		listeners = []Listener{{Network: "udp", Address: "127.0.0.1:0"}}
	}
	a, err := New(Options{
		Listeners: listeners, OnInvite: func(in *Incoming) { in.Refuse(480, "Temporarily Unavailable") }, OnRegister: onRegister,
		Logger: zerolog.Nop(),
	})
	if err != nil {
		t.Fatal(err)
	}
	a.t1 = 20 * time.Millisecond
	if err := a.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	})
	return a
}

// register writes a REGISTER of the raw peer.
func (p *rawPeer) register(branch string, cseq int, extra ...string) string {
	m := fmt.Sprintf("REGISTER sip:lab.example.com SIP/2.0\nVia: SIP/2.0/UDP %s;branch=%s;rport\nFrom: <sip:alice@lab.example.com>;tag=raw\nTo: <sip:alice@lab.example.com>\nCall-ID: raw-%s\nCSeq: %d REGISTER\nMax-Forwards: 70\n",
		p.addr(), branch, p.t.Name(), cseq)
	for _, e := range extra {
		m += e + "\n"
	}
	return m + "Content-Length: 0\n\n"
}

func TestARegisterIsReadAsItsPhoneMeantIt(t *testing.T) {
	t.Parallel()
	got := make(chan *Registration, 1)
	a := newRegistrar(t, func(r *Registration) {
		got <- r
		r.Accept([]Contact{{URI: "sip:alice@127.7.7.7:5062", Q: 250, Expires: 599, Instance: "<urn:uuid:1>", RegID: 2}, {URI: "sip:b@h", Q: 1000, Expires: 7}})
	})
	p := newRawPeer(t, a)
	p.send(p.register(newBranch(), 7, `Contact: "Alice, at her desk" <sip:alice@127.7.7.7:5062;x=y>;q=0.25;expires=600;+sip.instance="<urn:uuid:1>";reg-id=2, <sip:b@h>`,
		"m: sip:c@h;expires=0", "Expires: 3600", "Path: <sip:edge@proxy.example.com;lr>, <sip:inner;lr>", "k: path, outbound", "User-Agent: test phone"))
	r := <-got
	want := []Contact{
		{URI: "sip:alice@127.7.7.7:5062;x=y", Address: Address{Scheme: "sip", User: "alice", Host: "127.7.7.7", Port: 5062}, Q: 250, Expires: 600, Instance: "<urn:uuid:1>", RegID: 2},
		{URI: "sip:b@h", Address: Address{Scheme: "sip", User: "b", Host: "h"}, Q: 1000, Expires: -1},
		{URI: "sip:c@h", Address: Address{Scheme: "sip", User: "c", Host: "h"}, Q: 1000, Expires: 0},
	}
	if d := cmp.Diff(want, r.Contacts); d != "" {
		t.Error(d)
	}
	if r.To.User != "alice" || r.To.Host != "lab.example.com" || r.CSeq != 7 || r.Expires != 3600 || !r.Direct || !r.Supports("OUTBOUND") ||
		r.UserAgent != "test phone" || r.Source.String() != p.addr() || r.Transport != "udp" || r.Star || r.Again || r.Proof != nil ||
		len(r.Path) != 2 || r.Local != a.bound[0].bound {
		t.Errorf("read as %+v", r)
	}
	answer := p.recvUntil("SIP/2.0 200")
	if c := header(answer, "Contact"); c != `<sip:alice@127.7.7.7:5062>;q=0.250;expires=599;+sip.instance="<urn:uuid:1>";reg-id=2, <sip:b@h>;expires=7` {
		t.Errorf("answered with Contact: %s", c)
	}
	if header(answer, "Path") != "<sip:edge@proxy.example.com;lr>, <sip:inner;lr>" || toTag(answer) == "" {
		t.Errorf("answered\n%s", answer)
	}
}

func TestARegisterThatCannotBeReadIsRefused(t *testing.T) {
	t.Parallel()
	a := newRegistrar(t, func(r *Registration) { r.Accept(nil) })
	huge := "Contact: " + strings.TrimSuffix(strings.Repeat("<sip:a@h>,", maxContacts+1), ",")
	for extra, sentence := range map[string]string{
		"Contact: <sip:a@h>;q=2":                "q of a Contact",
		"Contact: <sip:a@h>;q=0.1234":           "q of a Contact",
		"Contact: <sip:a@h>;expires=soon":       "expires of a Contact",
		"Contact: <sip:a@h>;reg-id=0":           "reg-id",
		`Contact: <sip:a@h>;+sip.instance="\""`: "+sip.instance",
		"Contact: <sip:a@h":                     "Contact cannot be read",
		"Contact: *, <sip:a@h>":                 "* beside",
		"Contact: *":                            "needs Expires: 0",
		"Contact: *\nExpires: 60":               "needs Expires: 0",
		"Expires: -1":                           "Expires cannot be read",
		"Path: <sip:h":                          "Path",
		huge:                                    "more than 64",
	} {
		p := newRawPeer(t, a)
		p.send(p.register(newBranch(), 1, extra))
		if got := p.recv(); !strings.HasPrefix(got, "SIP/2.0 400") || !strings.Contains(header(got, "Warning"), sentence) {
			t.Errorf("%.60s:\n%s\nwant 400 with %q", extra, got, sentence)
		}
	}
}

// Who may register as one user and sends the same again in another's name must not pass for a repetition, which needs no
// credentials.
func TestARegisterOfAnotherUserIsNoRepetition(t *testing.T) {
	t.Parallel()
	got := make(chan *Registration, 1)
	a := newRegistrar(t, func(r *Registration) {
		r.Accept(nil)
		got <- r
	})
	p, branch := newRawPeer(t, a), newBranch()
	first := p.register(branch, 1)
	for _, tt := range []struct {
		text  string
		again bool
	}{
		{first, false},
		{first, true},
		{strings.Replace(first, "To: <sip:alice@", "To: <sip:bob@", 1), false},
		{strings.Replace(first, "To: <sip:alice@lab.", "To: <sip:alice@other.", 1), false},
	} {
		p.send(tt.text)
		if r := <-got; r.Again != tt.again {
			t.Errorf("To %s is taken for a repetition: %v", r.To, r.Again)
		}
		p.recvUntil("SIP/2.0 200")
	}
}

func TestARegisterThatIsRepeatedIsNotTakenTwice(t *testing.T) {
	t.Parallel()
	got, proceed := make(chan *Registration, 8), make(chan struct{})
	a := newRegistrar(t, func(r *Registration) {
		got <- r
		<-proceed
		r.Accept(nil)
	})
	p, branch := newRawPeer(t, a), newBranch()
	p.send(p.register(branch, 1, "Contact: <sip:a@h>"))
	if r := <-got; r.Again {
		t.Error("the first one is there again")
	}
	p.send(p.register(branch, 1, "Contact: <sip:a@h>")) // while its owner is at it
	p.send(p.request("OPTIONS", newBranch(), 1, ""))
	p.recvUntil("SIP/2.0 200 OK")
	if len(got) > 0 {
		t.Error("it came to its owner twice")
	}
	close(proceed)
	p.recvUntil("SIP/2.0 200")
	p.send(p.register(branch, 1, "Contact: <sip:a@h>")) // the answer got lost
	if r := <-got; !r.Again {
		t.Error("a repeated one is taken for new")
	}
	p.recvUntil("SIP/2.0 200")
	p.send(p.register(newBranch(), 2, "Contact: <sip:a@h>"))
	if r := <-got; r.Again {
		t.Error("a new one is taken for repeated")
	}
	p.recvUntil("SIP/2.0 200")
}

func TestRegistersThatNobodyAnswersAreBounded(t *testing.T) {
	t.Parallel()
	r := newRegisters()
	for i := range maxRegisters {
		if busy, full := r.begin(fmt.Sprint(i)); busy || full {
			t.Fatalf("%d: busy %v, full %v", i, busy, full)
		}
	}
	if busy, full := r.begin("0"); !busy || full {
		t.Errorf("one that waits: busy %v, full %v", busy, full)
	}
	if busy, full := r.begin("another"); busy || !full {
		t.Errorf("one too many: busy %v, full %v", busy, full)
	}
	r.end("0")
	if busy, full := r.begin("another"); busy || full {
		t.Errorf("after one has left: busy %v, full %v", busy, full)
	}
}

func TestAPhoneProvesItsPassword(t *testing.T) {
	t.Parallel()
	a := newRegistrar(t, func(r *Registration) {
		switch {
		case r.Proof == nil || r.Proof.Stale():
			r.Challenge("lab")
		case proves(r.Proof, "alice", "lab", "pass"):
			r.Accept(nil)
		case r.Proof.Stale():
			r.Challenge("lab")
		default:
			r.Refuse(403, "Forbidden")
		}
	})
	p := newRawPeer(t, a)
	p.send(p.register(newBranch(), 1))
	challenge := p.recvUntil("SIP/2.0 401")
	if n := strings.Count(challenge, "WWW-Authenticate: Digest"); n != 2 {
		t.Errorf("%d challenges\n%s", n, challenge)
	}
	h, ok := answerChallenge([]Header{{"WWW-Authenticate", header(challenge, "WWW-Authenticate")}}, "REGISTER", "sip:lab.example.com", "alice", "pass")
	if !ok {
		t.Fatal("no answer")
	}
	right := h.Name + ": " + h.Value
	p.send(p.register(newBranch(), 2, right))
	p.recvUntil("SIP/2.0 200")
	p.send(p.register(newBranch(), 3, right))
	if got := p.recvUntil("SIP/2.0 401"); !strings.Contains(got, "stale=true") {
		t.Errorf("used credentials are answered\n%s", got)
	}
	other := newRawPeerAt(t, a, loopback(9))
	other.send(other.register(newBranch(), 4, strings.Replace(right, "nc=00000001", "nc=00000002", 1)))
	if got := other.recvUntil("SIP/2.0 401"); !strings.Contains(got, "stale=true") {
		t.Errorf("a nonce that another address was given is answered\n%s", got)
	}
}

// newRawPeerAt is a raw peer at another address.
func newRawPeerAt(t *testing.T, a *Agent, ip netip.Addr) *rawPeer {
	t.Helper()
	conn, err := net.ListenUDP("udp4", net.UDPAddrFromAddrPort(netip.AddrPortFrom(ip, 0)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return &rawPeer{t: t, conn: conn, to: net.UDPAddrFromAddrPort(a.bound[0].bound)}
}

func TestCredentialsThatCannotBeUsedAreToldOf(t *testing.T) {
	t.Parallel()
	n := newNonces(0)
	fields := map[string]string{
		"username": `"alice"`, "realm": `"lab"`, "nonce": `"` + n.make(time.Now(), loopback(1)) + `"`, "uri": `"sip:lab"`, "response": `"0"`,
		"qop": "auth", "nc": "00000001", "cnonce": `"c"`, "algorithm": "MD5",
	}
	with := func(changes ...string) []Header {
		var parts []string
		for _, k := range []string{"username", "realm", "nonce", "uri", "response", "qop", "nc", "cnonce", "algorithm"} {
			v := fields[k]
			for i := 0; i+1 < len(changes); i += 2 {
				if changes[i] == k {
					v = changes[i+1]
				}
			}
			if v != "" {
				parts = append(parts, k+"="+v)
			}
		}
		return []Header{{"Authorization", "Digest " + strings.Join(parts, ", ")}}
	}
	for _, tc := range []struct {
		name, flaw string
		headers    []Header
	}{
		{"as it should be", "", with()},
		{"without qop", "", with("qop", "", "nc", "", "cnonce", "")},
		{"the uri that a proxy has changed since", "", with("uri", `"sip:elsewhere:5060;transport=tcp"`)},
		{"no username", "no username", with("username", "")},
		{"no realm", "no realm", with("realm", "")},
		{"no nonce", "no nonce", with("nonce", "")},
		{"no uri", "no uri", with("uri", "")},
		{"no response", "no response", with("response", "")},
		{"auth-int", "qop=auth was offered", with("qop", "auth-int")},
		{"no count", "an nc", with("nc", "")},
		{"no cnonce", "a cnonce", with("cnonce", "")},
		{"a negative count", "an nc", with("nc", "-1")},
		{"an algorithm of nobody's", "not offered", with("algorithm", "MD4")},
		{"another one", "not offered", with("algorithm", "SHA-512-256")},
		{"basic", "only Digest", []Header{{"Authorization", "Basic YWxpY2U6cGFzcw=="}}},
		{"junk", "cannot be read", []Header{{"Authorization", `Digest username="`}}},
		{"none", "", nil},
	} {
		p, flaw := newProof(n, Algorithms(), "REGISTER", loopback(1), tc.headers)
		if (p == nil) != (tc.flaw != "" || tc.headers == nil) || !strings.Contains(flaw, tc.flaw) || tc.flaw == "" && flaw != "" {
			t.Errorf("%s: proof %v, flaw %q, want %q", tc.name, p != nil, flaw, tc.flaw)
		}
	}
	ours, theirs := with()[0], with("nonce", `"theirs"`)[0]
	if p, _ := newProof(n, Algorithms(), "REGISTER", loopback(1), []Header{theirs, ours}); p == nil || p.cred.Nonce == "theirs" {
		t.Error("credentials for another server come before ours")
	}
	if p, flaw := newProof(n, []string{"SHA-256"}, "REGISTER", loopback(1), with()); p != nil || !strings.Contains(flaw, "SHA-256 was") {
		t.Errorf("an algorithm that is switched off is taken: %q", flaw)
	}
}

func TestSTUNOfAPhoneIsAnswered(t *testing.T) {
	t.Parallel()
	a := newRegistrar(t, func(r *Registration) { r.Accept(nil) })
	p := newRawPeer(t, a)
	ask := "\x00\x01\x00\x00\x21\x12\xa4\x42abcdefghijkl"
	p.send(ask)
	got := []byte(p.recv())
	want := netip.MustParseAddrPort(p.addr())
	if len(got) != 32 || binary.BigEndian.Uint16(got) != stunSuccess || string(got[4:20]) != ask[4:] ||
		binary.BigEndian.Uint16(got[26:])^0x2112 != want.Port() || binary.BigEndian.Uint32(got[28:])^stunCookie != binary.BigEndian.Uint32(want.Addr().AsSlice()) {
		t.Errorf("answered %x", got)
	}
	six := netip.MustParseAddrPort("[2001:db8::1]:5060")
	if got := answerSTUN([]byte(ask), six); len(got) != 44 || got[25] != stunFamilyIPv6 {
		t.Errorf("answered %x", got)
	}
	for _, junk := range []string{ask[:19], ask + "x", "\x01\x01" + ask[2:], ask[:4] + "aaaa" + ask[8:]} {
		if answerSTUN([]byte(junk), want) != nil {
			t.Errorf("%x is answered", junk)
		}
	}
}
