package registrar

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"go.uber.org/goleak"

	"callbox/routing"
	"callbox/routing/directory"
	"callbox/routing/directory/store"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	phones = "phones.sip.us1.twilio.com"
	secure = "secure.sip.us1.twilio.com"
	bare   = "bare.sip.us1.twilio.com"
	mute   = "mute.sip.us1.twilio.com"
	secret = "Callbox-lab-911"
)

var office, far = netip.MustParseAddrPort("192.0.2.1:5060"), netip.MustParseAddrPort("198.51.100.7:33333")

// world is a directory with users alice and bob that a test changes.
func world(t *testing.T, change ...func(*directory.Customers)) *directory.Snapshot {
	t.Helper()
	const account = "AC00000000000000000000000000000911"
	list := directory.CredentialListRecord{SID: "CL00000000000000000000000000000001", AccountSID: account, Name: "phones"}
	for i, user := range []string{"alice", "bob"} {
		list.Users = append(list.Users, directory.UserRecord{SID: fmt.Sprintf("CR%032d", i), Name: user, HA1: directory.MakeHA1(user, secret)})
	}
	domain := func(n int, name string, registration, secure bool, lists ...string) directory.DomainRecord {
		return directory.DomainRecord{
			SID: fmt.Sprintf("SD%032d", n), AccountSID: account, Name: name, Registration: registration, Secure: secure, RegistrationCredentials: lists,
		}
	}
	c := directory.Customers{
		Accounts:        []directory.AccountRecord{{SID: account, Name: "lab"}},
		CredentialLists: []directory.CredentialListRecord{list},
		Domains: []directory.DomainRecord{
			domain(1, phones, true, false, list.SID), domain(2, secure, true, true, list.SID), domain(3, bare, true, false), domain(4, mute, false, false, list.SID),
		},
	}
	for _, f := range change {
		f(&c)
	}
	e := directory.NewEditor(directory.Lab(netip.AddrPort{}).Network())
	if errs := e.SetCustomers(c); len(errs) > 0 {
		t.Fatal(errs)
	}
	return e.Snapshot()
}

// word is credentials that prove to know a password.
type word struct {
	user, password string
	stale          bool
	asked          *int
}

func (w word) Username() string { return w.user }
func (w word) Stale() bool      { return w.stale }
func (w word) Verify(realm, md5, sha256 string) bool {
	if w.asked != nil {
		*w.asked++
	}
	h := directory.MakeHA1(w.user, directory.Secret(w.password))
	return realm == directory.Realm && h.MD5 == md5 && h.SHA256 == sha256 && !w.stale
}

// newTest returns a registrar that a test drives.
func newTest(t *testing.T, o Options) *Registrar {
	t.Helper()
	if o.Directory == nil {
		s := world(t)
		o.Directory = func() *directory.Snapshot { return s }
	}
	o.Logger = zerolog.Nop()
	return New(o)
}

// phone is one device that registers.
type phone struct {
	t      *testing.T
	r      *Registrar
	user   string
	callID string
	cseq   uint32
	source netip.AddrPort
}

func newPhone(t *testing.T, r *Registrar, user, callID string) *phone {
	return &phone{t: t, r: r, user: user, callID: callID, source: office}
}

// ask is a REGISTER of the phone for some contacts, "URI" or "URI expires".
func (p *phone) ask(contacts ...string) Request {
	p.cseq++
	q := Request{
		Source: p.source, Local: netip.MustParseAddrPort("203.0.113.1:5060"), Transport: "udp", Host: phones, User: p.user, AORHost: phones,
		CallID: p.callID, CSeq: p.cseq, Expires: 600, Direct: true, Proof: word{user: p.user, password: secret},
	}
	for _, c := range contacts {
		uri, expires, said := strings.Cut(c, " ")
		one := Contact{URI: uri, Scheme: "sip", Q: 1000, Expires: -1}
		if said {
			fmt.Sscan(expires, &one.Expires)
		}
		q.Contacts = append(q.Contacts, one)
	}
	return q
}

func (p *phone) register(q Request) Answer {
	p.t.Helper()
	return p.r.Register(p.t.Context(), q)
}

// must registers and wants 200; it returns the bindings as "URI expires".
func (p *phone) must(q Request) []string {
	p.t.Helper()
	a := p.register(q)
	if a.Status != 200 {
		p.t.Fatalf("%d %s (%d)", a.Status, a.Sentence, a.Code)
	}
	out := []string{}
	for _, c := range a.Contacts {
		out = append(out, fmt.Sprintf("%s %d", c.URI, c.Expires))
	}
	return out
}

// shelf is a store that a test takes away and brings back.
type shelf struct {
	mu    sync.Mutex
	rows  map[string]store.Registration
	rev   int64
	err   error
	slow  time.Duration
	puts  int
	wrote int
}

func newShelf() *shelf { return &shelf{rows: make(map[string]store.Registration), rev: 1} }

func (s *shelf) PutRegistrations(ctx context.Context, rows []store.Registration) error {
	if slow := s.pace(0); slow > 0 {
		sleep(ctx, slow)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return s.err
	}
	s.rev++
	s.puts++
	s.wrote += len(rows)
	for _, r := range rows {
		r.Rev = s.rev
		s.rows[r.SID] = r
	}
	return nil
}

func (s *shelf) Registrations(_ context.Context, since int64, except string) ([]store.Registration, int64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return nil, 0, s.err
	}
	var out []store.Registration
	for _, r := range s.rows {
		if r.Rev > since && r.Writer != except {
			out = append(out, r)
		}
	}
	return out, s.rev, nil
}

func (s *shelf) ForgetRegistrations(_ context.Context, before int64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for sid, r := range s.rows {
		if r.Expires < before && r.Refreshed < before {
			delete(s.rows, sid)
		}
	}
	return s.err
}

// pace returns how long a write takes, and sets it where by is not 0; below 0 is no time.
func (s *shelf) pace(by time.Duration) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	if by != 0 {
		s.slow = by
	}
	return s.slow
}

// commits is how many writes there were.
func (s *shelf) commits() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.puts
}

func (s *shelf) all() (out []store.Registration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range s.rows {
		out = append(out, r)
	}
	return out
}

func (s *shelf) set(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.err = err
}

// lasting returns how many rows are no removed ones.
func (s *shelf) lasting() (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range s.rows {
		if r.Expires != 0 {
			n++
		}
	}
	return n
}

// running runs a registrar until the test ends or stop is called.
func running(t *testing.T, r *Registrar) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() { r.Run(ctx) })
	var once sync.Once
	stop = func() { once.Do(func() { cancel(); wg.Wait() }) }
	t.Cleanup(stop)
	return stop
}

var _ routing.Proof = word{}
