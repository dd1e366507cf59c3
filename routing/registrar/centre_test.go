package registrar

import (
	"net/netip"
	"strings"
	"testing"

	"callbox/routing/directory"
)

// wired has connections open or closed.
type wired struct {
	Prober
	open bool
}

func (w wired) Here(Binding) (here, open bool) { return true, w.open }

func TestWhereACentreHasRegistered(t *testing.T) {
	t.Parallel()
	s, problems := directory.Load("centres.yaml", []byte(centres), directory.Options{})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	from, other := netip.MustParseAddrPort("192.0.2.7:6060"), netip.MustParseAddrPort("192.0.2.7:6061")
	for _, tt := range []struct {
		name, transport, contact string
		open                     bool
		change                   func(*Request)
		ways                     int
		own                      bool // what comes from there is the centre's
	}{
		{"by UDP", "udp", "sip:sf@192.0.2.7:6060", false, nil, 1, true},
		{"behind a NAT", "udp", "sip:sf@10.0.0.1:5060", false, nil, 1, true},
		{"by a proxy that says so", "udp", "sip:sf@10.0.0.1:5060", false, func(q *Request) { q.Path, q.Direct = []string{"<sip:192.0.2.7:6060;lr>"}, false }, 1, false},
		{"by one that does not", "udp", "sip:sf@10.0.0.1:5060", false, func(q *Request) { q.Direct = false }, 1, false},
		{"by a connection", "tcp", "sip:sf@192.0.2.7:5060", true, nil, 1, true},
		{"by one that is closed", "tcp", "sip:sf@192.0.2.7:5060", false, nil, 0, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := newTest(t, Options{Directory: func() *directory.Snapshot { return s }, Prober: wired{open: tt.open}})
			p := newPhone(t, r, "psap-sf", "a")
			p.source = from
			q := p.ask(tt.contact)
			q.Host, q.AORHost, q.Transport, q.Proof = "psap."+phones, "psap."+phones, tt.transport, word{user: "dispatch", password: "Callbox-lab-933"}
			q.Contacts[0].Host, q.Contacts[0].Port = hostIn(tt.contact), 5060
			if tt.change != nil {
				tt.change(&q)
			}
			if a := p.register(q); a.Status != 200 {
				t.Fatal(a)
			}
			if got := r.Centre("psap-sf"); len(got) != tt.ways {
				t.Errorf("ways %+v", got)
			}
			want := ""
			if tt.own {
				want = "psap-sf"
			}
			if got := r.CentreAt(tt.transport, from); got != want {
				t.Errorf("from its address it is %q", got)
			}
			if got := r.CentreAt(tt.transport, other) + r.CentreAt("tls", from); got != "" {
				t.Errorf("from another it is %q", got)
			}
		})
	}
}

// An ID may be the user of another centre's credentials: whoever registers by it must not get the first one's calls.
func TestACentreDoesNotGetAnothersCalls(t *testing.T) {
	t.Parallel()
	text := strings.Replace(centres, "eccs:", `  - {id: dispatch, uri: "sip:x@sim", callback: {user: other, password: Callbox-lab-934}}
eccs:`, 1)
	s, problems := directory.Load("centres.yaml", []byte(text), directory.Options{})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	r := newTest(t, Options{Directory: func() *directory.Snapshot { return s }})
	p := newPhone(t, r, "dispatch", "a")
	q := p.ask("sip:sf@192.0.2.7:6060")
	q.Host, q.AORHost, q.Proof = "psap."+phones, "psap."+phones, word{user: "dispatch", password: "Callbox-lab-933"}
	if a := p.register(q); a.Status != 200 {
		t.Fatal(a)
	}
	if a, b := r.Centre("psap-sf"), r.Centre("dispatch"); len(a) != 1 || len(b) != 0 {
		t.Errorf("psap-sf %v, dispatch %v", a, b)
	}
}
