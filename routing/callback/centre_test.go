package callback

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"callbox/routing/directory"
	"callbox/sip/agent"
	"callbox/sip/b2bua"
)

func TestWhoIsACallCentre(t *testing.T) {
	t.Parallel()
	const secret = "Callback-secret-1"
	for _, tt := range []struct {
		name    string
		change  func(*b2bua.CallbackRequest)
		centre  string // "" is none
		status  int    // of a refusal or challenge
		nothing bool   // it is no callback at all
	}{
		{"from its address and port", func(*b2bua.CallbackRequest) {}, "psap-sf", 0, false},
		{"of two at one address From tells", func(r *b2bua.CallbackRequest) { r.From.User = "la" }, "psap-la", 0, false},
		{"its ID does as well", func(r *b2bua.CallbackRequest) { r.From.User = "psap-la" }, "psap-la", 0, false},
		{"another From is the first", func(r *b2bua.CallbackRequest) { r.From.User = "+14155550999" }, "psap-sf", 0, false},
		{"from another port", func(r *b2bua.CallbackRequest) { r.Peer = netip.MustParseAddrPort("127.0.0.2:5071") }, "", 0, true},
		{"from another address", func(r *b2bua.CallbackRequest) { r.Peer = netip.MustParseAddrPort("127.0.0.7:5070") }, "", 0, true},
		{"over TCP the port does not count", func(r *b2bua.CallbackRequest) {
			r.Transport, r.Peer, r.From.User = "tcp", netip.MustParseAddrPort("127.0.0.3:40000"), "gb"
		}, "psap-gb", 0, false},
		{"over TCP From has to name it", func(r *b2bua.CallbackRequest) {
			r.Transport, r.Peer, r.From.User = "tcp", netip.MustParseAddrPort("127.0.0.3:40000"), "alice"
		}, "", 0, true},
		{"a mapped IPv4 address", func(r *b2bua.CallbackRequest) { r.Peer = netip.MustParseAddrPort("[::ffff:127.0.0.2]:5070") }, "psap-sf", 0, false},
		{"an emergency number is not called back", func(r *b2bua.CallbackRequest) { r.User = "911" }, "", 0, true},
		{"nor a name", func(r *b2bua.CallbackRequest) { r.User = "alice" }, "", 0, true},
		{"nor a service", func(r *b2bua.CallbackRequest) { r.Scheme, r.User = "urn", "service:sos" }, "", 0, true},
		{"credentials", func(r *b2bua.CallbackRequest) {
			r.Peer, r.Proof = netip.MustParseAddrPort("127.0.0.77:1000"), fakeProof{user: "named", password: secret}
		}, "psap-named", 0, false},
		{"wrong credentials", func(r *b2bua.CallbackRequest) {
			r.Peer, r.Proof = netip.MustParseAddrPort("127.0.0.77:1000"), fakeProof{user: "named", password: "wrong"}
		}, "", 403, false},
		{"an old nonce", func(r *b2bua.CallbackRequest) {
			r.Peer, r.Proof = netip.MustParseAddrPort("127.0.0.77:1000"), fakeProof{user: "named", password: secret, stale: true}
		}, "", 407, false},
		{"a centre without its credentials", func(r *b2bua.CallbackRequest) {
			r.Peer, r.From.User = netip.MustParseAddrPort("127.0.0.77:1000"), "psap-named"
		}, "", 407, false},
		{"a phone's credentials", func(r *b2bua.CallbackRequest) {
			r.Peer, r.Proof = netip.MustParseAddrPort("127.0.0.77:1000"), fakeProof{user: "alice", password: secret}
		}, "", 0, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := request(number)
			tt.change(&r)
			d, mine := planner(t, nil).Callback(r)
			if mine == tt.nothing || d.Centre != tt.centre || d.Status != tt.status || (d.Realm != "") != (tt.status == 407) {
				t.Errorf("mine %v, centre %q, status %d, realm %q", mine, d.Centre, d.Status, d.Realm)
			}
			if (d.SRTP == directory.SRTPRequired) != (tt.centre == "psap-la") {
				t.Errorf("its media is to be SRTP: %v", d.SRTP)
			}
			if (d.Plan != nil) != (tt.centre != "") {
				t.Errorf("plan %v", d.Plan)
			}
		})
	}
}

func TestACentreWithAHostNameIsKnownOnceThatIsLookedUp(t *testing.T) {
	t.Parallel()
	router := &fakeRouter{}
	p := planner(t, func(o *Options) { o.Router = router })
	r := request(number)
	r.Peer, r.From.User = netip.MustParseAddrPort("127.0.0.6:5080"), "x"
	if _, mine := p.Callback(r); mine {
		t.Fatal("it is known already")
	}
	router.known = true
	p.resolve(t.Context())
	if d, mine := p.Callback(r); !mine || d.Centre != "psap-named" {
		t.Errorf("it is not known: %+v", d)
	}
}

func TestHowACentreMayWriteANumber(t *testing.T) {
	t.Parallel()
	p := planner(t, nil)
	for _, user := range []string{number, "14155550100", "4155550100", "011-1-415-555-0100", "+1-415-555-0100", "+14155550100;phone-context=x"} {
		if d, ok := p.Callback(request(user)); !ok || d.Number != number {
			t.Errorf("%s is %q, %s", user, d.Number, d.Reason)
		}
	}
	r := request("4155550100")
	r.Scheme = "tel"
	if d, _ := p.Callback(r); d.Number != number {
		t.Errorf("tel: is %q", d.Number)
	}
	r = request("0014155550100") // as Britain dials abroad
	r.Transport, r.Peer, r.From.User = "tcp", netip.MustParseAddrPort("127.0.0.3:4000"), "gb"
	if d, _ := p.Callback(r); d.Number != number {
		t.Errorf("from Britain it is %q, %s", d.Number, d.Reason)
	}
	for user, of := range map[string]string{"+19995550199": "+19995550199", "2125550188": "+12125550188", "02079460100": "+02079460100", "5550100": "+5550100"} {
		x, ok := p.Explain(t.Context(), request(user))
		if !ok || x.Status != 404 || len(x.Targets) > 0 || !strings.Contains(x.Reason, strings.TrimPrefix(of, "+")+" is no number of any account") {
			t.Errorf("%s: %d %s", user, x.Status, x.Reason)
		}
	}
}

// named has psap-named registered by UDP.
type named struct{}

func (named) Centre(id string) []agent.Route {
	if id != "psap-named" {
		return nil
	}
	return []agent.Route{{URI: "sip:desk@127.0.0.70:6060", Transport: "udp", Remote: netip.MustParseAddrPort("127.0.0.70:6060")}}
}

func (named) CentreAt(transport string, remote netip.AddrPort) string {
	if transport != "udp" || remote != netip.MustParseAddrPort("127.0.0.70:6060") {
		return ""
	}
	return "psap-named"
}

func TestAConsultationRingsWhereTheCentreHasRegistered(t *testing.T) {
	t.Parallel()
	p := planner(t, func(o *Options) { o.Centres = named{} })
	d, _ := p.Callback(request("psap-named"))
	if d.Plan == nil {
		t.Fatalf("no plan: %+v", d)
	}
	var rung []string
	for _, to := range d.Plan.Next(t.Context(), b2bua.StepOutcome{}).Dial {
		rung = append(rung, to.URI)
		if (to.Route != nil) != (to.URI == "sip:desk@127.0.0.70:6060") {
			t.Errorf("the way to %s is %v", to.URI, to.Route)
		}
	}
	if !slices.Equal(rung, []string{"sip:x@named.example:5080", "sip:desk@127.0.0.70:6060"}) {
		t.Errorf("rung %v", rung)
	}
}

func TestACentreIsKnownByWhereItHasRegistered(t *testing.T) {
	t.Parallel()
	p := planner(t, func(o *Options) { o.Centres = named{} })
	r := request(number)
	r.Peer, r.From.User = netip.MustParseAddrPort("127.0.0.70:6060"), "psap-named"
	if d, mine := p.Callback(r); !mine || d.Centre != "psap-named" || d.Plan == nil {
		t.Errorf("centre %q, %d %s", d.Centre, d.Status, d.Reason)
	}
	r.Transport, r.From.User = "tcp", "alice"
	if d, mine := p.Callback(r); mine {
		t.Errorf("by another connection it is %q", d.Centre)
	}
}
