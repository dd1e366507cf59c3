package explain

import (
	"encoding/json"
	"flag"
	"net/netip"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"callbox/routing"
	"callbox/routing/directory"
	"callbox/sip/location"
)

const lab = DefaultDomain

// reading is a question and the request it stands for.
type reading struct {
	name string
	q    Question
	want routing.Request
}

func readings() []reading {
	home := netip.MustParseAddr(DefaultSource)
	number := routing.Identity{Scheme: "sip", User: "+14155550100", Host: lab}
	return []reading{
		{
			"two numbers mean the lab on this machine",
			Question{From: "+14155550100", To: "911"}, routing.Request{Source: home, Transport: "udp", Scheme: "sip", User: "911", Host: lab, From: number},
		},
		{
			"domain, source and transport as given",
			Question{From: "+1", To: "911", Domain: "Store.Example:5060", Source: "2001:db8::1", Transport: "tls"},
			routing.Request{
				Source: netip.MustParseAddr("2001:db8::1"), Transport: "tls", Scheme: "sip", User: "911", Host: "store.example",
				From: routing.Identity{Scheme: "sip", User: "+1", Host: "store.example"},
			},
		},
		{
			"a SIP URI brings its own host, without port and parameters",
			Question{From: "sip:+14155550100@10.0.0.1:5062", To: "sips:911@LAB.example:5061;transport=tcp?x=y"},
			routing.Request{
				Source: home, Transport: "udp", Scheme: "sips", User: "911", Host: "lab.example",
				From: routing.Identity{Scheme: "sip", User: "+14155550100", Host: "10.0.0.1"},
			},
		},
		{
			"a host may be IPv6",
			Question{From: "+14155550100@[2001:DB8::2]:5060", To: "sip:[::1]"},
			routing.Request{
				Source: home, Transport: "udp", Scheme: "sip", Host: "::1",
				From: routing.Identity{Scheme: "sip", User: "+14155550100", Host: "2001:db8::2"},
			},
		},
		{
			"a service URN keeps the domain as its host",
			Question{From: "+14155550100", To: "URN:service:sos.police"},
			routing.Request{Source: home, Transport: "udp", Scheme: "urn", User: "service:sos.police", Host: lab, From: number},
		},
		{
			"so does a tel URI",
			Question{From: "tel:+14155550100", To: "tel:911"},
			routing.Request{
				Source: home, Transport: "udp", Scheme: "tel", User: "911", Host: lab,
				From: routing.Identity{Scheme: "tel", User: "+14155550100", Host: lab},
			},
		},
		{
			"anonymous is how phones withhold their number",
			Question{From: "Anonymous", To: "911"},
			routing.Request{
				Source: home, Transport: "udp", Scheme: "sip", User: "911", Host: lab,
				From: routing.Identity{Scheme: "sip", User: "Anonymous", Host: "anonymous.invalid"},
			},
		},
		{
			"credentials prove what they say",
			Question{From: "+14155550100", To: "911", User: "alice", Password: "x"},
			routing.Request{Source: home, Transport: "udp", Scheme: "sip", User: "911", Host: lab, From: number, Proof: proof{"alice", directory.MakeHA1("alice", "x")}},
		},
	}
}

// otherIdentities is a question with identities beside From.
func otherIdentities() reading {
	home, number := netip.MustParseAddr(DefaultSource), routing.Identity{Scheme: "sip", User: "+14155550100", Host: lab}
	return reading{
		"other identities are in the order of their header fields",
		Question{
			From: "10001", To: "911", Asserted: []string{"+14155550100", "tel:+14155550100"}, RemoteParty: []string{"sip:a@pbx.example:5070"},
			Preferred: []string{"b"}, Diversion: []string{"c"},
		},
		routing.Request{
			Source: home, Transport: "udp", Scheme: "sip", User: "911", Host: lab, From: routing.Identity{Scheme: "sip", User: "10001", Host: lab},
			Claims: []routing.Claim{
				{Source: directory.SourceAsserted, Identity: number},
				{Source: directory.SourceAsserted, Identity: routing.Identity{Scheme: "tel", User: "+14155550100", Host: lab}},
				{Source: directory.SourceRemoteParty, Identity: routing.Identity{Scheme: "sip", User: "a", Host: "pbx.example"}},
				{Source: directory.SourcePreferred, Identity: routing.Identity{Scheme: "sip", User: "b", Host: lab}},
				{Source: directory.SourceDiversion, Identity: routing.Identity{Scheme: "sip", User: "c", Host: lab}},
			},
		},
	}
}

func at(degrees float64) *float64 { return &degrees }

// places are questions that say where the caller is.
func places() []reading {
	home := netip.MustParseAddr(DefaultSource)
	alice := routing.Identity{Scheme: "sip", User: "alicePhone0001", Host: EndpointDomain}
	bandwidth := routing.Request{Source: home, Transport: "udp", Scheme: "sip", User: "911", Host: EndpointDomain, From: alice}
	beside, named, elsewhere := bandwidth, bandwidth, bandwidth
	beside.From, beside.Claims = routing.Identity{Scheme: "sip", User: "+1", Host: EndpointDomain}, []routing.Claim{{Source: directory.SourceAsserted, Identity: alice}}
	named.From, named.LocationRefs = routing.Identity{Scheme: "sip", User: "+1", Host: EndpointDomain}, []string{"here"}
	elsewhere.Host, elsewhere.From.Host, elsewhere.Geolocation = "a.example", "a.example", routing.GeolocationRoutingNo
	circle := location.NewCircle(location.Point{Lat: 1, Lon: 2}, 3)
	elsewhere.Locations = []location.Location{{Shape: &circle}}
	elsewhere.LocationFault = "location document: line 1: malformed: text outside of the document's element"
	return []reading{
		{"an AEUI calls at the lab's Bandwidth trunk", Question{To: "911", Where: Where{AEUI: "alicePhone0001"}}, bandwidth},
		{"beside From it is asserted", Question{From: "+1", To: "911", Where: Where{AEUI: "alicePhone0001"}}, beside},
		{"a location ID is named", Question{From: "+1", To: "911", Where: Where{LocationID: "here"}}, named},
		{"a point and what cannot be read", Question{To: "911", Domain: "a.example", Where: Where{
			AEUI: "alicePhone0001", Lat: at(1), Lon: at(2), Uncertainty: 3, PIDF: "x", GeolocationRouting: "no",
		}}, elsewhere},
	}
}

func TestAQuestionIsReadAsAPersonMeansIt(t *testing.T) {
	t.Parallel()
	for _, tt := range append(append(readings(), otherIdentities()), places()...) {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := Request(tt.q)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(tt.want, got, cmpopts.EquateComparable(netip.Addr{}), cmp.AllowUnexported(proof{})); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		})
	}
}

func TestAProofIsAsGoodAsItsPassword(t *testing.T) {
	t.Parallel()
	p := proof{"alice", directory.MakeHA1("alice", "right")}
	verify := func(realm, user string, password directory.Secret) bool {
		h := directory.MakeHA1(user, password)
		return p.Verify(realm, h.MD5, h.SHA256)
	}
	if p.Username() != "alice" || !verify(directory.Realm, "alice", "right") || verify(directory.Realm, "alice", "wrong") ||
		verify(directory.Realm, "bob", "right") || verify("elsewhere", "alice", "right") || p.Verify(directory.Realm, "", "") {
		t.Error("the proof does not follow its password")
	}
}

func TestAQuestionThatCannotBeReadSaysWhich(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, want string
		q          Question
	}{
		{"nothing dialled", "to is missing: say what is dialled, such as 911", Question{From: "+1"}},
		{"a source that is a name", `source "home" is no IP address: write it like 192.0.2.7`, Question{To: "911", Source: "home"}},
		{"half a point", "lat and lon go together: give both, or neither", Question{To: "911", Where: Where{Lat: at(1)}}},
		{"a point off the earth", "latitude 91 is out of range: it has to be within -90 and 90 degrees", Question{To: "911", Where: Where{Lat: at(91), Lon: at(181)}}},
		{"an uncertainty of nothing", "uncertainty_m is around a point: give lat and lon, too", Question{To: "911", Where: Where{Uncertainty: 5}}},
		{"a transport nobody speaks", `transport "sctp" is unknown: udp, tcp, tls, ws and wss are known`, Question{To: "911", Transport: "sctp"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if _, err := Ask(directory.Lab(netip.AddrPort{}), nil, tt.q); err == nil || err.Error() != tt.want {
				t.Errorf("%v, want %s", err, tt.want)
			}
		})
	}
}

// down is the health of a world without these centres.
type down map[string]bool

func (d down) InService(id string) bool { return !d[id] }

func TestAnAnswerSaysWhatTheDecisionSaid(t *testing.T) {
	t.Parallel()
	lab := directory.Lab(netip.AddrPort{})
	ask := func(t *testing.T, h routing.Health, q Question) Answer {
		t.Helper()
		d, err := Ask(lab, h, q)
		if err != nil {
			t.Fatal(err)
		}
		return Describe(d)
	}
	t.Run("a call to a centre", func(t *testing.T) {
		t.Parallel()
		a := ask(t, nil, Question{From: "+14155550100", To: "911"})
		if a.Verdict != "psap" || a.Service != "e911" || a.Address == "" || a.Country != "US" || !a.Emergency || len(a.Trace) != 10 {
			t.Errorf("%+v", a)
		}
		if len(a.Targets) < 2 || a.Targets[0].ID != "psap-sf" || a.Targets[0].Kind != "psap" || a.Targets[0].RingMS <= 0 ||
			!a.Targets[0].DeliverNumber || !a.Targets[0].DeliverAddress {
			t.Errorf("targets %+v", a.Targets)
		}
	})
	t.Run("the same with the centre out of service", func(t *testing.T) {
		t.Parallel()
		a := ask(t, down{"psap-sf": true}, Question{From: "+14155550100", To: "911"})
		if len(a.Targets) == 0 || a.Targets[0].ID == "psap-sf" {
			t.Errorf("targets %+v", a.Targets)
		}
	})
	t.Run("a refusal has empty lists, not absent ones", func(t *testing.T) {
		t.Parallel()
		a := ask(t, nil, Question{From: "+19995550199", To: "911"})
		if a.Verdict != "refuse" || a.Status != 403 || a.Reason == "" || a.Targets == nil || a.Trace == nil || a.Service != "" {
			t.Errorf("%+v", a)
		}
	})
	t.Run("a swapped caller", func(t *testing.T) {
		t.Parallel()
		a := ask(t, nil, Question{From: "+19995550199", To: "911", Domain: "store.sip.us1.twilio.com"})
		if !a.CallerReplaced || a.Caller != "+14155550100" {
			t.Errorf("%+v", a)
		}
	})
}

var update = flag.Bool("update", false, "rewrite golden files")

// The shape is a promise to scripts: keys may be added, and none renamed.
func TestTheJSONOfAnAnswerIsAPromise(t *testing.T) {
	t.Parallel()
	lab := directory.Lab(netip.MustParseAddrPort("127.0.0.1:5070"))
	for name, q := range map[string]Question{
		"psap":      {From: "+14155550100", To: "911"},
		"fee":       {From: "+14155550102", To: "911"},
		"replaced":  {From: "+19995550199", To: "911", Domain: "store.sip.us1.twilio.com"},
		"refused":   {From: "+19995550199", To: "911"},
		"challenge": {From: "+14155550100", To: "911", Domain: "phones.sip.us1.twilio.com"},
		"test":      {From: "+14155550100", To: "933"},
		"asserted":  {From: "10001", To: "911", Domain: "lab.pstn.ashburn.twilio.com", User: "alice", Password: "Callbox-lab-911", Asserted: []string{"tel:+14155550100"}},
		"endpoint":  {To: "911", Where: Where{AEUI: "alicePhone0001", LocationID: "elmStreet100"}},
		"point":     {From: "+14155550100", To: "911", Where: Where{Lat: at(35.7796), Lon: at(-78.6382), Uncertainty: 30}},
		"ask":       {From: "+14155550177", To: "+19195550911"},
		"hook": {From: "+14155550177", To: "+19195550911", Where: Where{HookAnswer: &HookAnswer{
			Body: `{"aeui": "alicePhone0001", "lat": 35.7796, "lon": -78.6382}`,
		}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d, err := Ask(lab, nil, q)
			if err != nil {
				t.Fatal(err)
			}
			got, err := json.MarshalIndent(Describe(d), "", "  ")
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, '\n')
			path := filepath.Join("testdata", name+".json")
			if *update {
				if err := os.WriteFile(path, got, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), string(got)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func FuzzAsk(f *testing.F) {
	for _, r := range readings() {
		f.Add(r.q.From, r.q.To, r.q.Domain, r.q.Source)
	}
	lab := directory.Lab(netip.AddrPort{})
	f.Fuzz(func(t *testing.T, from, to, domain, source string) {
		d, err := Ask(lab, nil, Question{From: from, To: to, Domain: domain, Source: source})
		if err != nil {
			return
		}
		a := Describe(d)
		if len(a.Trace) != 10 {
			t.Errorf("%d rules in the trace", len(a.Trace))
		}
		if (a.Verdict == "refuse" || a.Verdict == "challenge") != (len(a.Targets) == 0) {
			t.Errorf("%s with %d targets", a.Verdict, len(a.Targets))
		}
	})
}
