package registrar

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"callbox/routing/directory"
)

func TestBindingsComeAndGo(t *testing.T) {
	t.Parallel()
	r := newTest(t, Options{})
	desk, mobile := newPhone(t, r, "alice", "desk"), newPhone(t, r, "alice", "mobile")
	step := func(name string, got []string, want ...string) {
		t.Helper()
		if d := cmp.Diff(append([]string{}, want...), got); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
	step("none yet", desk.must(desk.ask()))
	step("the header's time", desk.must(desk.ask("sip:a@desk")), "sip:a@desk 600")
	step("a time of its own", mobile.must(mobile.ask("sip:a@mobile 120")), "sip:a@desk 600", "sip:a@mobile 120")
	step("refreshed", desk.must(desk.ask("sip:a@desk 90")), "sip:a@desk 90", "sip:a@mobile 120")
	step("asked", mobile.must(mobile.ask()), "sip:a@desk 90", "sip:a@mobile 120")
	step("too long", mobile.must(mobile.ask("sip:a@mobile 999999")), "sip:a@desk 90", "sip:a@mobile 86400")
	q := mobile.ask("sip:a@mobile")
	q.Expires = -1
	step("no time at all", mobile.must(q), "sip:a@desk 90", "sip:a@mobile 3600")
	step("two at once", mobile.must(mobile.ask("sip:a@mobile 70", "sip:a@tablet 80")), "sip:a@desk 90", "sip:a@mobile 70", "sip:a@tablet 80")
	step("one removed, one made", mobile.must(mobile.ask("sip:a@mobile 0", "sip:a@car 60")), "sip:a@desk 90", "sip:a@tablet 80", "sip:a@car 60")
	step("nothing removed", desk.must(desk.ask("sip:a@nowhere 0")), "sip:a@desk 90", "sip:a@tablet 80", "sip:a@car 60")
	all := desk.ask()
	all.Star, all.Expires = true, 0
	step("all removed", desk.must(all))
	if got := r.Contacts("alice", phones); got != nil {
		t.Errorf("there are still %+v", got)
	}
	if f := r.Figures(); f.Accepted != 11 || f.Bindings != 0 || f.Users != 0 {
		t.Errorf("figures: %+v", f)
	}
}

func TestWhoMayNotRegisterIsToldWhy(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name     string
		change   func(*Request)
		status   int
		code     int
		sentence string
	}{
		{"no such domain", func(q *Request) { q.AORHost = "elsewhere.example.com" }, 404, 0, "no domain of this edge"},
		{"the Request-URI of another domain", func(q *Request) { q.Host = mute }, 404, 0, "another domain"},
		{"an outbound proxy for Request-URI", func(q *Request) { q.Host = "192.0.2.9" }, 200, 0, ""},
		{"a localised name", func(q *Request) { q.AORHost = "phones.sip.dublin.twilio.com" }, 200, 0, ""},
		{"registration switched off", func(q *Request) { q.Host, q.AORHost = mute, mute }, 403, 32210, "switch SipRegistration on"},
		{"no credential list", func(q *Request) { q.Host, q.AORHost = bare, bare }, 403, 32210, "no credential list"},
		{"a secure domain in the clear", func(q *Request) { q.Host, q.AORHost = secure, secure }, 403, 32209, "over TLS only"},
		{"a secure domain by TLS", func(q *Request) { q.Host, q.AORHost, q.Transport = secure, secure, "tls" }, 200, 0, ""},
		{"a secure domain by wss", func(q *Request) { q.Host, q.AORHost, q.Transport = secure, secure, "wss" }, 200, 0, ""},
		{"no user", func(q *Request) { q.User = "" }, 403, 0, "names no user"},
		{"no credentials", func(q *Request) { q.Proof = nil }, 401, 0, ""},
		{"old credentials", func(q *Request) { q.Proof = word{user: "alice", password: secret, stale: true} }, 401, 0, ""},
		{"a wrong password", func(q *Request) { q.Proof = word{user: "alice", password: "guess"} }, 403, 32202, "wrong user name or password"},
		{"no such user", func(q *Request) { q.User, q.Proof = "eve", word{user: "eve", password: "guess"} }, 403, 32202, "wrong user name or password"},
		{"somebody else", func(q *Request) { q.User = "bob" }, 403, 32202, "user alice registers sip:alice@"},
		{"too short a time", func(q *Request) { q.Expires = 59 }, 423, 0, "1m0s at least"},
		{"the shortest time", func(q *Request) { q.Expires = 60 }, 200, 0, ""},
		{"no SIP URI", func(q *Request) { q.Contacts[0].Scheme = "tel" }, 400, 0, "no SIP URI"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			r := newTest(t, Options{})
			p := newPhone(t, r, "alice", "desk")
			q := p.ask("sip:a@desk")
			tc.change(&q)
			a := p.register(q)
			if a.Status != tc.status || a.Code != tc.code || !strings.Contains(a.Sentence, tc.sentence) || tc.sentence == "" && a.Sentence != "" {
				t.Errorf("%d, %d: %q", a.Status, a.Code, a.Sentence)
			}
			if (a.Status == 401) != (a.Realm == directory.Realm) || (a.Status == 423) != (a.MinExpires == 60) {
				t.Errorf("%+v", a)
			}
			if n := len(r.List(Filter{})); (n == 1) != (tc.status == 200) {
				t.Errorf("%d bindings", n)
			}
		})
	}
}

// An attacker must not learn who there is: status, words and work are the same.
func TestAnUnknownUserIsLikeAWrongPassword(t *testing.T) {
	t.Parallel()
	r := newTest(t, Options{})
	var answers []Answer
	var asked [2]int
	for i, user := range []string{"alice", "eve"} {
		p := newPhone(t, r, user, "x")
		q := p.ask("sip:a@desk")
		q.Proof = word{user: user, password: "guess", asked: &asked[i]}
		answers = append(answers, p.register(q))
	}
	if d := cmp.Diff(answers[0], answers[1]); d != "" || asked[0] != 1 || asked[1] != 1 {
		t.Errorf("%s, hashes made: %v", d, asked)
	}
}

func TestADeviceMoreThanMayBeIsRefused(t *testing.T) {
	t.Parallel()
	r := newTest(t, Options{})
	p := newPhone(t, r, "alice", "desk")
	var many []string
	for i := range 10 {
		many = append(many, fmt.Sprintf("sip:a@h%d", i))
	}
	if a := p.register(p.ask(append(many, "sip:a@more")...)); a.Status != 403 || a.Code != 32007 {
		t.Errorf("eleven at once: %d %d", a.Status, a.Code)
	}
	if got := p.must(p.ask(many...)); len(got) != 10 {
		t.Fatalf("%d bindings", len(got))
	}
	if a := p.register(p.ask("sip:a@more")); a.Status != 403 || a.Code != 32007 || !strings.Contains(a.Sentence, "10 bindings") {
		t.Errorf("one too many: %d %d %q", a.Status, a.Code, a.Sentence)
	}
	if got := p.must(p.ask("sip:a@h3 77")); len(got) != 10 {
		t.Errorf("a refresh: %v", got)
	}
	if got := p.must(p.ask("sip:a@h3 0", "sip:a@more")); len(got) != 10 {
		t.Errorf("one in the place of another: %v", got)
	}
	other := newPhone(t, r, "bob", "other")
	if got := other.must(other.ask("sip:b@h")); len(got) != 1 {
		t.Errorf("another user: %v", got)
	}
}

func TestAnOldRegisterChangesNothing(t *testing.T) {
	t.Parallel()
	r := newTest(t, Options{})
	p := newPhone(t, r, "alice", "desk")
	p.cseq = 10
	p.must(p.ask("sip:a@desk 300"))
	late := p.ask("sip:a@desk 0")
	late.CSeq = 5
	if a := p.register(late); a.Status != 500 || !strings.Contains(a.Sentence, "CSeq must grow") {
		t.Errorf("%d %q", a.Status, a.Sentence)
	}
	again := p.ask("sip:a@desk 0")
	again.CSeq = 11
	if got := p.must(again); len(got) != 1 { // a phone that does not count
		t.Errorf("%v", got)
	}
	half := p.ask("sip:a@new 300", "sip:a@desk 0")
	half.CSeq = 5
	if a := p.register(half); a.Status != 500 || len(r.Contacts("alice", phones)) != 1 {
		t.Errorf("%d, and half of it was done", a.Status)
	}
	restarted := newPhone(t, r, "alice", "desk, after its restart")
	if got := restarted.must(restarted.ask("sip:a@desk 400")); got[0] != "sip:a@desk 400" {
		t.Errorf("%v", got)
	}
	repeated := p.ask("sip:a@desk 0")
	repeated.Again, repeated.Proof = true, nil
	if got := p.must(repeated); len(got) != 1 {
		t.Errorf("a repeated one did something: %v", got)
	}
}

// A phone with a new address is the same device (RFC 5626 section 6).
func TestADeviceIsKnownByItsInstance(t *testing.T) {
	t.Parallel()
	r := newTest(t, Options{})
	p := newPhone(t, r, "alice", "desk")
	outbound := func(callID, uri string, regID int) Request {
		q := p.ask(uri)
		q.CallID, q.Outbound = callID, true
		q.Contacts[0].Instance, q.Contacts[0].RegID = "<urn:uuid:1>", regID
		return q
	}
	if a := p.register(outbound("1", "sip:a@first", 1)); a.Status != 200 || !a.Outbound {
		t.Errorf("%+v", a)
	}
	if got := p.must(outbound("2", "sip:a@second", 1)); len(got) != 1 || got[0] != "sip:a@second 600" {
		t.Errorf("after a restart: %v", got)
	}
	if got := p.must(outbound("2", "sip:a@second", 2)); len(got) != 2 {
		t.Errorf("another flow: %v", got)
	}
	proxied := outbound("3", "sip:a@third", 3)
	proxied.Direct = false
	if a := p.register(proxied); a.Outbound {
		t.Error("the flow of a proxy is used for the phone's")
	}
}

func TestContactsAreInTheOrderOfTheirRinging(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		probe := &prober{lost: map[string]bool{"sip:a@lost": true}}
		r := newTest(t, Options{Prober: probe, KeepaliveEvery: 2 * time.Second})
		defer running(t, r)()
		p := newPhone(t, r, "alice", "desk")
		for i, q := range []int{300, 1000, 1000, 500} {
			ask := p.ask([]string{"sip:a@last", "sip:a@lost", "sip:a@first", "sip:a@middle"}[i])
			ask.Contacts[0].Q = q
			ask.Contacts[0].Host, ask.Contacts[0].Port = netip.MustParseAddr("10.0.0.7"), uint16(i+1)
			p.must(ask)
			time.Sleep(time.Second)
		}
		order := func() (uris string) {
			for _, b := range r.Contacts("alice", phones) {
				uris += strings.TrimPrefix(b.URI, "sip:a@") + " "
			}
			return uris
		}
		time.Sleep(10 * time.Second)
		if got := order(); got != "first middle last lost " {
			t.Errorf("order: %s", got)
		}
		for _, b := range r.List(Filter{}) {
			want := StateAnswers
			if b.URI == "sip:a@lost" {
				want = StateSilent
			}
			if b.State != want || b.StateSince.IsZero() || !b.Natted {
				t.Errorf("%s is %s since %s", b.URI, b.State, b.StateSince)
			}
		}
		probe.lose("sip:a@lost", false)
		time.Sleep(4 * time.Second)
		if got := order(); got != "first lost middle last " {
			t.Errorf("order, with all of them there: %s", got)
		}
		probe.close()
		tcp := p.ask("sip:a@tcp")
		tcp.Transport = "tcp"
		p.must(tcp)
		if got := r.List(Filter{State: StateClosed}); len(got) != 1 || got[0].URI != "sip:a@tcp" {
			t.Errorf("closed ones: %+v", got)
		}
	})
}

func TestOnlyPhonesBehindANATAreKeptAwake(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		probe := &prober{}
		r := newTest(t, Options{Prober: probe, Keepalive: KeepaliveCRLF, KeepaliveEvery: 10 * time.Second})
		defer running(t, r)()
		p := newPhone(t, r, "alice", "desk")
		contact := func(uri, host string, port uint16, change func(*Request)) {
			q := p.ask(uri)
			q.Contacts[0].Host, q.Contacts[0].Port = netip.MustParseAddr(host), port
			if change != nil {
				change(&q)
			}
			p.must(q)
		}
		contact("sip:a@direct", "192.0.2.1", 0, nil)
		contact("sip:a@nat", "10.0.0.7", 5060, nil)
		contact("sip:a@port", "192.0.2.1", 5062, nil)
		contact("sip:a@tcp", "10.0.0.7", 5060, func(q *Request) { q.Transport = "tcp" })
		contact("sip:a@proxied", "10.0.0.7", 5060, func(q *Request) { q.Direct = false })
		p.must(p.ask("sip:a@name.example.com"))
		time.Sleep(30*time.Second + time.Second/2)
		if d := cmp.Diff(map[string]int{"sip:a@nat": 3, "sip:a@port": 3}, probe.pings()); d != "" {
			t.Error(d)
		}
	})
}

// prober is phones that answer or do not.
type prober struct {
	mu     sync.Mutex
	lost   map[string]bool
	pinged map[string]int
	closed bool
}

func (p *prober) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
}

func (p *prober) lose(uri string, lost bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.lost[uri] = lost
}

func (p *prober) pings() map[string]int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return maps.Clone(p.pinged)
}

func (p *prober) Ping(b Binding) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.pinged == nil {
		p.pinged = map[string]int{}
	}
	p.pinged[b.URI]++
	return nil
}

func (p *prober) Ask(ctx context.Context, b Binding) error {
	p.mu.Lock()
	lost := p.lost[b.URI]
	p.mu.Unlock()
	if lost {
		<-ctx.Done()
		return errors.New("silence")
	}
	return nil
}

func (p *prober) Here(Binding) (bool, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return true, !p.closed
}

func TestAUserWhoRegistersTooOftenIsHeldBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newTest(t, Options{})
		p := newPhone(t, r, "alice", "desk")
		for range aorBurst {
			p.must(p.ask("sip:a@desk"))
		}
		if a := p.register(p.ask("sip:a@desk")); a.Status != 503 || a.Code != 32008 || a.RetryAfter != 1 {
			t.Errorf("%+v", a)
		}
		bob := newPhone(t, r, "bob", "other")
		bob.must(bob.ask("sip:b@h"))
		time.Sleep(time.Second)
		p.must(p.ask("sip:a@desk"))
		p.must(p.ask("sip:a@desk 0"))
		for range aorBurst { // who comes and goes is held back, too
			p.register(p.ask("sip:a@desk 0"))
		}
		if a := p.register(p.ask("sip:a@desk")); a.Status != 503 {
			t.Errorf("%+v", a)
		}
	})
}

func TestWhatExpiresOrMayNotBeGoes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		full := world(t)
		without := world(t, func(c *directory.Customers) { c.CredentialLists[0].Users = c.CredentialLists[0].Users[:1] })
		var now atomic.Pointer[directory.Snapshot]
		now.Store(full)
		s := newShelf()
		r := newTest(t, Options{Directory: now.Load, Store: s})
		stop := running(t, r)
		defer stop()
		synctest.Wait()
		alice, bob := newPhone(t, r, "alice", "1"), newPhone(t, r, "bob", "2")
		alice.must(alice.ask("sip:a@desk 60", "sip:a@mobile 120"))
		bob.must(bob.ask("sip:b@desk 3600"))
		time.Sleep(61 * time.Second)
		if got := r.Contacts("alice", phones); len(got) != 1 || got[0].URI != "sip:a@mobile" {
			t.Errorf("after a minute: %+v", got)
		}
		now.Store(without)
		time.Sleep(2 * sweepEvery)
		if got := r.List(Filter{User: "bob"}); len(got) != 0 {
			t.Errorf("a user who was removed has %+v", got)
		}
		time.Sleep(2 * time.Minute)
		if n := len(r.all()); n != 0 {
			t.Errorf("%d AORs are kept", n)
		}
		if f := r.Figures(); f.Waiting != 0 {
			t.Errorf("%d rows wait", f.Waiting)
		}
		time.Sleep(2 * forget)
		if n := len(s.all()); n != 0 {
			t.Errorf("%d rows stay", n)
		}
	})
}
