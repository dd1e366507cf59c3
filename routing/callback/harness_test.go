package callback

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"callbox/routing"
	"callbox/routing/directory"
	"callbox/routing/directory/store"
	"callbox/routing/directory/store/storetest"
	"callbox/routing/twiml"
	"callbox/routing/webhook"
	"callbox/sip/agent"
	"callbox/sip/b2bua"
	"callbox/sip/call"
)

const (
	number  = "+14155550100"
	account = "AC00000000000000000000000000000001"
)

const places = `
accounts: [{sid: ` + account + `, name: Test}]
acls: [{name: all, networks: [127.0.0.0/8]}]
domains:
  - {name: shop.sip.twilio.com, emergency_calling: true, emergency_caller_id: {number: "+14155550100", mode: always}, acls: [all],
     callback: {fallback: ["sip:desk@127.0.0.9", "+12125550100", "+19995550199"], ring: 7s, window: 30m}}
  - {name: other.sip.twilio.com, acls: [all], callback: {fork: serial}}
trunks:
  - {name: main.pstn.twilio.com, acls: [all], callback: {fallback: ["sip:reception@127.0.0.8"], ring: 9s}}
  - {name: safe.pstn.twilio.com, secure: true, acls: [all]}
addresses:
  - {id: sf, customer: Test, street: 645 Harrison St, city: San Francisco, state: CA, postal_code: "94105", country: US}
numbers:
  - {number: "+14155550100", address: sf, domains: [shop.sip.twilio.com], trunks: [main.pstn.twilio.com]}
  - {number: "+12125550100", domains: [other.sip.twilio.com], trunks: [safe.pstn.twilio.com]}
psaps:
  - {id: psap-sf, uri: "sip:sf@127.0.0.2:5070", serves: {country: US, whole_country: true}}
  - {id: psap-la, uri: "sip:la@127.0.0.2:5070", srtp: required}
  - {id: psap-named, uri: "sip:x@named.example:5080", callback: {user: named, password: Callback-secret-1}}
  - {id: psap-gb, uri: "sip:gb@127.0.0.3:5070;transport=tcp", serves: {country: GB, whole_country: true}}
eccs:
  - {id: ecc-us, country: US, uri: "sip:ecc@127.0.0.4:5070"}
  - {id: ecc-gb, country: GB, uri: "sip:ecc@127.0.0.5:5070"}
test_service: {uri: "sip:test@127.0.0.1:5070"}
`

func testDirectory(t *testing.T) *directory.Snapshot {
	t.Helper()
	s, problems := directory.Load("test.yaml", []byte(places), directory.Options{})
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	return s
}

// fakeRouter resolves literal addresses, and one name.
type fakeRouter struct{ known bool }

func (f *fakeRouter) Route(_ context.Context, uri string) (agent.Route, error) {
	r := agent.Route{URI: uri, Transport: "udp"}
	if tcp := param(uri, "transport"); tcp != "" {
		r.Transport = tcp
	}
	host := hostOf(uri)
	if host == "named.example" && f.known {
		host = "127.0.0.6"
	}
	ip, err := netip.ParseAddr(host)
	if err != nil {
		return r, errors.New("not looked up")
	}
	port := uint16(5060)
	for _, p := range []uint16{5070, 5080} {
		if strings.Contains(uri, ":"+map[uint16]string{5070: "5070", 5080: "5080"}[p]) {
			port = p
		}
	}
	r.Remote = netip.AddrPortFrom(ip, port)
	return r, nil
}

func (f *fakeRouter) RouteBack(uri, transport string, remote, _ netip.AddrPort, _ []string) (agent.Route, error) {
	return agent.Route{URI: uri, Transport: transport, Remote: remote}, nil
}

type fakeCalls []call.Record

func (f fakeCalls) Recent(_ context.Context, n string, since time.Time) (out []call.Record) {
	for _, r := range f {
		if (r.Caller == n || r.CallbackNumber == n) && !r.StartedAt.Before(since) {
			out = append(out, r)
		}
	}
	return out
}

func (f fakeCalls) Get(id call.ID) (*call.Record, bool) {
	for i := range f {
		if f[i].ID == id {
			return &f[i], true
		}
	}
	return nil, false
}

// fakePhones are contacts by "user@domain".
type fakePhones map[string][]string

func (f fakePhones) Registered(d *directory.Domain, user string) (out []Phone) {
	for aor, contacts := range f {
		u, domain, _ := strings.Cut(aor, "@")
		if domain != d.Name || user != "" && user != u {
			continue
		}
		for _, c := range contacts {
			out = append(out, Phone{Name: aor, Route: agent.Route{URI: c, Transport: "tcp", Remote: netip.MustParseAddrPort("127.0.0.7:40000")}})
		}
	}
	return out
}

type fakeVoice struct{ said []string }

func (f *fakeVoice) Program(verbs []twiml.Verb, _ func(error)) (string, func()) {
	for _, v := range verbs {
		if s, ok := v.(*twiml.Say); ok {
			f.said = append(f.said, s.Text)
		}
	}
	return "sip:token@127.0.0.1:9", func() { f.said = append(f.said, "(done)") }
}

// fakeProof proves the user it names by its password.
type fakeProof struct {
	user, password string
	stale          bool
}

func (p fakeProof) Username() string { return p.user }
func (p fakeProof) Stale() bool      { return p.stale }
func (p fakeProof) Verify(_, md5, _ string) bool {
	return !p.stale && directory.MakeHA1(p.user, directory.Secret(p.password)).MD5 == md5
}

var noon = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

// planner returns one over the test's directory; change may put more into its options.
func planner(t *testing.T, change func(*Options)) *Planner {
	t.Helper()
	s := testDirectory(t)
	o := Options{
		Snapshot: func() *directory.Snapshot { return s }, Router: &fakeRouter{}, Now: func() time.Time { return noon },
		Rand: func() float64 { return 0 },
	}
	if change != nil {
		change(&o)
	}
	return New(o)
}

// request is the INVITE of a centre.
func request(user string) b2bua.CallbackRequest {
	return b2bua.CallbackRequest{
		Request: routing.Request{Transport: "udp", Scheme: "sip", User: user, From: routing.Identity{Scheme: "sip", User: "sf"}},
		Peer:    netip.MustParseAddrPort("127.0.0.2:5070"), Call: "CAnew",
	}
}

// way makes a callback in which nobody answers, and returns whom each step rang and what the trace says.
func way(t *testing.T, p *Planner, r b2bua.CallbackRequest) (rung []string, steps []b2bua.Step) {
	t.Helper()
	d, ok := p.Callback(r)
	if !ok || d.Plan == nil {
		t.Fatalf("it is no callback: %+v", d)
	}
	defer d.Plan.Close()
	last := b2bua.StepOutcome{}
	for range 50 {
		s := d.Plan.Next(t.Context(), last)
		steps = append(steps, s)
		if s.Kind != b2bua.StepDial && s.Kind != b2bua.StepPlay {
			return rung, steps
		}
		var uris []string
		for _, to := range s.Dial {
			uris = append(uris, to.URI)
		}
		rung = append(rung, strings.Join(uris, " "))
		last = b2bua.StepOutcome{Kind: s.Kind, Outcome: "timeout", Answered: s.Kind == b2bua.StepPlay}
	}
	t.Fatalf("the way does not end: %v", rung)
	return nil, nil
}

// saw tells whether the trace of the steps has a sentence with these words.
func saw(steps []b2bua.Step, rule, words string) bool {
	for _, s := range steps {
		for _, one := range s.Trace {
			if one.Name == rule && strings.Contains(one.Outcome+": "+one.Saw, words) {
				return true
			}
		}
	}
	return false
}

// stored opens a store with the directory's trunks, and gives rows to put into it.
func stored(t *testing.T, rows func(tx *store.Tx, trunk, domain func(name string) string) error) *store.Store {
	t.Helper()
	st := storetest.Open(t, storetest.SQLite, store.Options{})
	s := testDirectory(t)
	err := st.Update(t.Context(), store.Actor{Name: "test"}, func(tx *store.Tx) error {
		if err := store.Insert(tx, &store.Account{Common: store.Common{SID: account, AccountSID: account, Origin: store.OriginAPI}, Status: "active"}); err != nil {
			return err
		}
		for _, k := range s.Trunks() {
			row := store.Trunk{Common: store.Common{SID: k.SID, AccountSID: account, Origin: store.OriginAPI}, DomainName: k.Name}
			if err := store.Insert(tx, &row); err != nil {
				return err
			}
		}
		return rows(tx, func(name string) string { k, _ := s.Trunk(name); return k.SID },
			func(name string) string { d, _ := s.Domain(name); return d.SID })
	})
	if err != nil {
		t.Fatal(err)
	}
	return st
}

// website serves documents and remembers how it was asked.
func website(t *testing.T, pages map[string]string) (base string, asked *[]*http.Request, client *webhook.Client) {
	t.Helper()
	asked = new([]*http.Request)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm()
		*asked = append(*asked, r)
		page, ok := pages[r.URL.Path]
		if !ok {
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "text/xml")
		_, _ = w.Write([]byte(page))
	}))
	t.Cleanup(server.Close)
	client = webhook.New(webhook.Options{})
	t.Cleanup(client.Close)
	return server.URL, asked, client
}
