package routing

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"callbox/routing/directory"
	"callbox/sip/call"
)

// Hosts of provider bandwidth in the odd directory.
const (
	hostBandwidth = "odd.emergency.bandwidth.com"
	hostTold      = "told.emergency.bandwidth.com"
	hostNever     = "never.emergency.bandwidth.com"
)

// step is what a rule saw, the zero value where it had no say.
func step(d Decision, rule int) call.Step {
	steps := d.Trace.Steps()
	if i := slices.IndexFunc(steps, func(s call.Step) bool { return s.Rule == rule }); i >= 0 {
		return steps[i]
	}
	return call.Step{}
}

func TestRule5AnEndpointCallsWhereTheProviderHasSome(t *testing.T) {
	from := func(host, user string, pairs ...string) func(*Request) {
		return func(r *Request) { r.Host, r.From.User, r.Claims = host, user, claims(pairs...) }
	}
	const nyc, unknown = "psap psap-nyc,ecc-us, number and address", "is neither a number nor an endpoint (AEUI) of this account"
	runRules(t, []ruleRow{
		{"an AEUI in From", from(hostBandwidth, "alicePhone0001"), centre, 5, "passed", "From has endpoint alicePhone0001 of the account"},
		{"a parameter of it does not matter", from(hostBandwidth, "alicePhone0001;x=y"), centre, 5, "passed", "endpoint alicePhone0001"},
		{"P-Asserted-Identity comes before From", from(hostBandwidth, "19195550123", asserted, "alicePhone0001"), centre, 5, "applied", "P-Asserted-Identity has endpoint alicePhone0001"},
		{"also where From has a number", from(hostBandwidth, "+12125550100", asserted, "alicePhone0001"), centre, 5, "applied", "P-Asserted-Identity has endpoint"},
		{"and where it has one itself", from(hostBandwidth, "alicePhone0001", asserted, "+12125550100"), nyc, 5, "applied", "+12125550100 is on the account"},
		{"one that is nobody leaves From", from(hostBandwidth, "alicePhone0001", asserted, "mallory"), centre, 5, "applied", "From has endpoint alicePhone0001 of the account, so it counts; P-Asserted-Identity mallory " + unknown},
		{"an AEUI of digits", from(hostBandwidth, "19195550123"), nyc, 5, "passed", "From has endpoint 19195550123"},
		{"an AEUI of digits behind a plus", from(hostBandwidth, "+19195550123"), nyc, 5, "applied", "From has endpoint 19195550123"},
		{"a number of the account is a number", from(hostBandwidth, "+14155550100"), centre, 5, "passed", "has a registered address"},
		{"also where there is an endpoint of its digits", from(hostBandwidth, "+14155550100"), centre, 5, "passed", "+14155550100 is on the account"},
		{"which calls without plus", from(hostBandwidth, "14155550100"), nyc, 5, "passed", "From has endpoint 14155550100"},
		{"a number without address pays there, too", from(hostBandwidth, "+14155550102"), "ecc ecc-us, number, fee 7500 warning 22221", 6, "applied", "fee"},
		{"an endpoint without a place reaches the ECC and pays nothing", from(hostBandwidth, "barePhone00001"), "ecc ecc-us, number", 10, "failed", "no place"},
		{"and the trace says that there is none", from(hostBandwidth, "barePhone00001"), "ecc ecc-us, number", 12, "failed", "nothing else is known of where endpoint barePhone00001 is"},
		{"rule 6 takes no fee", from(hostBandwidth, "alicePhone0001"), centre, 6, "skipped", "no fee"},
		{"another account's endpoint is nobody", from(hostBandwidth, "anothersPhone1"), "refuse 403 (32206)", 5, "failed", "From anothersPhone1 " + unknown},
		{"an AEUI counts as written", from(hostBandwidth, "ALICEPHONE0001"), "refuse 403 (32206)", 5, "failed", unknown},
		{"other providers have no endpoints", from("open.sip.twilio.com", "alicePhone0001"), "refuse 403 (32206)", 5, "failed", "not E.164"},
		{"its country's numbers are dialled", from(hostBandwidth, "parisPhone0001"), "refuse 403", 7, "failed", "911 is not an emergency number of FR, the country of parisPhone0001"},
		{"that of its callback number where it has no place", from(hostBandwidth, "torontoPhone01"), "ecc ecc-ca, number", 7, "passed", "911 is a number of CA, the country of torontoPhone01"},
		{"which reach its country", func(r *Request) { from(hostBandwidth, "parisPhone0001")(r); r.User = "112" }, "ecc ecc-fr, number", 12, "failed", "no PSAP serves location unserved: 55 Rue Saint-Honoré, 75008 Paris, FR"},
		{"its service is said", from(hostBandwidth, "alicePhone0001"), centre, 9, "applied", "callback number, name and place"},
		{"its location is said", from(hostBandwidth, "alicePhone0001"), centre, 12, "passed", "location sfOffice of endpoint alicePhone0001 counts: 645 Harrison St"},
		{"so is an address of its own", from(hostBandwidth, "19195550123"), nyc, 12, "passed", "the address of endpoint 19195550123 counts: 350 5th Ave"},
		{"933 reads it back", func(r *Request) { from(hostBandwidth, "alicePhone0001")(r); r.User = "933" }, "test test-service, number and address", 8, "applied", "reads endpoint and place back"},
		{"933 says that there is no place", func(r *Request) { from(hostBandwidth, "barePhone00001")(r); r.User = "933" }, "test test-service, number", 8, "applied", "no address is registered"},
	})
}

func TestAnEndpointBringsItsCallbackNameAndPlace(t *testing.T) {
	s := odd(t)
	d := Decide(s, nil, request("alicePhone0001", "911", hostBandwidth))
	c := d.Caller
	if c.Endpoint == nil || c.Endpoint.ID != "alicePhone0001" || c.Number != "+14155550177" || c.Callback != c.Number || c.Name != "Alice Hill" || d.Country != "US" || c.Address == nil {
		t.Errorf("%+v", c)
	}
	if p := d.Place; p.By != PlaceEndpoint || p.LocationID != "sfOffice" || p.Point == nil || p.Address == nil || p.Address.Line() != c.Address.Line() {
		t.Errorf("%+v", p)
	}
	for _, want := range []string{"caller    endpoint alicePhone0001 (US)\n", "name      Alice Hill\n", "callback  +14155550177\n", "location  sfOffice\n", "at        645 Harrison St,"} {
		if !strings.Contains(Text(d), want) {
			t.Errorf("%q is not in\n%s", want, Text(d))
		}
	}
	d = Decide(s, nil, request("+14155550100", "911", hostBandwidth))
	if c, p := d.Caller, d.Place; c.Callback != "+14155550100" || c.Endpoint != nil || p.By != PlaceAddress || p.Address != c.Address || p.Point != nil {
		t.Errorf("%+v, %+v", c, p)
	}
	if d := Decide(s, nil, request("+14155550102", "911", hostBandwidth)); d.Place != (Place{}) {
		t.Errorf("%+v", d.Place)
	}
	lab := directory.Lab(netip.AddrPort{})
	if d := Decide(lab, nil, request("+14155550100", "911", hostLab)); d.Place.By != PlaceAddress || d.BadLocation != "" || d.Question != nil {
		t.Errorf("%+v", d)
	}
}

func TestWhoIsToldOfAnEndpointsCalls(t *testing.T) {
	e := odd(t).Edit()
	desk := directory.Notification{Kind: directory.NotifyWebhook, To: "https://desk.example.com"}
	mail := directory.Notification{Kind: directory.NotifyEmail, To: "a@example.com"}
	account := "AC00000000000000000000000000000001"
	c := directory.Customers{
		Accounts: []directory.AccountRecord{{SID: account, Name: "One"}},
		ACLs:     []directory.ACLRecord{{SID: "AL00000000000000000000000000000001", AccountSID: account, Name: "all", Networks: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}},
		Trunks: []directory.TrunkRecord{{
			SID: "TK00000000000000000000000000000001", AccountSID: account, Name: hostBandwidth, ACLs: []string{"AL00000000000000000000000000000001"},
			Settings: directory.Settings{Provider: directory.ProviderBandwidth, Notify: []directory.Notification{desk}},
		}},
		Groups: []directory.GroupRecord{{SID: "NG1", AccountSID: account, Tell: []directory.Notification{desk, mail}}},
	}
	if errs := e.SetCustomers(c); len(errs) > 0 {
		t.Fatal(errs)
	}
	for id, groups := range map[string][]string{"inAGroup000001": {"NG1"}, "inNone00000001": nil} {
		if err := e.PutEndpoint(directory.EndpointRecord{AccountSID: account, ID: id, Callback: "+14155550177", Groups: groups}); err != nil {
			t.Fatal(err)
		}
	}
	s := e.Snapshot()
	for id, want := range map[string]string{"inAGroup000001": "https://desk.example.com a@example.com", "inNone00000001": "https://desk.example.com"} {
		var told []string
		for range 2 { // the settings of the host stay as they are
			told = nil
			for _, n := range Decide(s, nil, request(id, "911", hostBandwidth)).Notify {
				told = append(told, n.To)
			}
		}
		if got := strings.Join(told, " "); got != want {
			t.Errorf("of %s: %s, want %s", id, got, want)
		}
	}
}

func TestWhoIsToldOfOneEndpointIsNotToldOfAnother(t *testing.T) {
	t.Parallel()
	host := append(make([]directory.Notification, 0, 4), directory.Notification{To: "desk"})
	one := alsoTold(host, []directory.Notification{{To: "one"}})
	other := alsoTold(host, []directory.Notification{{To: "other"}})
	if one[1].To != "one" || other[1].To != "other" || len(host) != 1 {
		t.Errorf("%v, %v", one, other)
	}
}
