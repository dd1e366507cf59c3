package callback

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"callbox/routing/directory"
	"callbox/routing/directory/store"
	"callbox/routing/directory/store/storetest"
	"callbox/sip/b2bua"
	"callbox/sip/call"
)

const (
	endpointNumber = "+19195550100" // of no account
	otherAccount   = "AC00000000000000000000000000000002"
	thirdAccount   = "AC00000000000000000000000000000003" // has no host
)

const endpointPlaces = `
accounts: [{sid: ` + account + `, name: Test}, {sid: ` + otherAccount + `, name: Other}, {sid: ` + thirdAccount + `, name: Third}]
acls: [{name: all, networks: [127.0.0.0/8]}]
trunks:
  - {name: main.bandwidth.com, provider: bandwidth, account: ` + account + `, acls: [all], callback: {fallback: ["sip:reception@127.0.0.8"], window: 30m}}
  - {name: plain.pstn.twilio.com, account: ` + account + `, acls: [all], callback: {fallback: ["sip:twilio@127.0.0.8"]}}
  - {name: other.bandwidth.com, provider: bandwidth, account: ` + otherAccount + `, acls: [all], callback: {fallback: ["sip:other@127.0.0.8"]}}
domains:
  - {name: phones.bandwidth.com, provider: bandwidth, account: ` + account + `, acls: [all], callback: {fallback: ["sip:desk@127.0.0.9"], window: 10m}}
  - {name: other.phones.bandwidth.com, provider: bandwidth, account: ` + otherAccount + `, acls: [all]}
endpoints:
  - {id: alicePhone0001, account: ` + account + `, callback: "` + endpointNumber + `"}
  - {id: silentPhone01, account: ` + account + `}
  - {id: otherPhone0001, account: ` + otherAccount + `, callback: "+19195550107"}
  - {id: bobSoftphone02, account: ` + account + `, callback: "+19195550108"}
  - {id: otherPhone0002, account: ` + otherAccount + `, callback: "+19195550108"}
  - {id: thirdPhone0001, account: ` + thirdAccount + `, callback: "+19195550109"}
numbers: [{number: "+14155550100", account: ` + account + `}]
psaps:
  - {id: psap-sf, uri: "sip:sf@127.0.0.2:5070", serves: {country: US, whole_country: true}, pani: {numbers: ["+19195119001"]}}
eccs: [{id: ecc-us, country: US, uri: "sip:ecc@127.0.0.4:5070"}]
test_service: {uri: "sip:test@127.0.0.1:5070"}
`

// fakePANIs are calls by centre and number.
type fakePANIs map[string]call.ID

func (f fakePANIs) Holder(centre, number string) (call.ID, bool) {
	id, ok := f[centre+" "+number]
	return id, ok
}

// endpointPlanner is one over the endpoints' directory, whose bandwidth trunks have an origination URL each.
func endpointPlanner(t *testing.T, calls ...call.Record) *Planner {
	t.Helper()
	s, problems := directory.Load("test.yaml", []byte(endpointPlaces), directory.Options{})
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	st := storetest.Open(t, storetest.SQLite, store.Options{})
	err := st.Update(t.Context(), store.Actor{Name: "test"}, func(tx *store.Tx) error {
		for _, a := range []string{account, otherAccount} {
			row := store.Account{Common: store.Common{SID: a, AccountSID: a, Origin: store.OriginAPI}, Status: "active"}
			if err := store.Insert(tx, &row); err != nil {
				return err
			}
		}
		for _, k := range s.Trunks() {
			row := store.Trunk{Common: store.Common{SID: k.SID, AccountSID: k.Account.SID, Origin: store.OriginAPI}, DomainName: k.Name}
			if err := store.Insert(tx, &row); err != nil {
				return err
			}
			u := origin(k.SID, "sip:"+strings.TrimSuffix(strings.TrimSuffix(k.Name, ".com"), ".pstn.twilio")+".example", 1, 1, true)
			u.AccountSID = k.Account.SID
			if err := store.Insert(tx, &u); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return planner(t, func(o *Options) {
		o.Snapshot, o.Store, o.Calls = func() *directory.Snapshot { return s }, st, fakeCalls(calls)
	})
}

// endpointCall is an emergency call that psap-sf was rung for.
func endpointCall(id call.ID, ago time.Duration, change func(*call.Record)) call.Record {
	r := call.Record{
		ID: id, StartedAt: noon.Add(-ago), EndedAt: noon, Caller: endpointNumber, CallbackNumber: endpointNumber, Endpoint: "alicePhone0001",
		Domain: "main.bandwidth.com", Account: account, Country: "US", Verdict: "psap", Source: "127.0.0.21:5060", Transport: "tcp",
		Contact: "sip:alice@127.0.0.21:5060", From: "alicePhone0001", Attempts: []call.Attempt{{Target: "psap-sf"}},
	}
	if change != nil {
		change(&r)
	}
	return r
}

// The ways of the endpoint's account.
var (
	byMain  = "sip:+19195550100@main.bandwidth.example"
	endings = []string{"sip:reception@127.0.0.8", "sip:desk@127.0.0.9"}
)

func TestAnEndpointIsCalledBackByItsCallbackNumber(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		dialed string
		change func(*call.Record) // nil: there was no call
		want   []string
		of     call.ID
		rule   string
		saw    string
	}{
		{"by its call", endpointNumber, func(*call.Record) {}, append([]string{byMain}, endings...), "CA1", "original_call",
			"passed: +19195550100 is the callback number of CA1 of 11:55:00, the emergency call of alicePhone0001"},
		{"as a centre dials", "9195550100", func(*call.Record) {}, append([]string{byMain}, endings...), "CA1", "original_call", "passed"},
		{"by the phone's domain", endpointNumber, func(r *call.Record) { r.Domain = "phones.bandwidth.com" },
			[]string{"sip:alice@127.0.0.21:5060", byMain, "sip:desk@127.0.0.9", "sip:reception@127.0.0.8"}, "CA1", "phone", "applied"},
		{"without a call", endpointNumber, nil, append([]string{byMain}, endings...), "", "endpoint",
			"passed: +19195550100 is the callback number of alicePhone0001 of the account " + account},
		{"another centre was rung", endpointNumber, func(r *call.Record) { r.Attempts[0].Target = "psap-la" }, append([]string{byMain}, endings...), "", "endpoint", "passed"},
		{"the call was long ago", endpointNumber, func(r *call.Record) { r.StartedAt = noon.Add(-31 * time.Minute) }, append([]string{byMain}, endings...), "", "endpoint", "passed"},
		{"long ago and still up", endpointNumber, func(r *call.Record) { r.StartedAt, r.EndedAt = noon.Add(-59*time.Minute), time.Time{} },
			append([]string{byMain}, endings...), "CA1", "original_call", "passed"},
		{"another account's endpoint called last", endpointNumber, func(r *call.Record) { r.Account, r.Domain, r.Endpoint = otherAccount, "other.bandwidth.com", "x" },
			[]string{"sip:+19195550100@other.bandwidth.example", "sip:other@127.0.0.8"}, "CA1", "original_call", "passed"},
		{"the host has changed hands", endpointNumber, func(r *call.Record) { r.Domain = "other.bandwidth.com" }, append([]string{byMain}, endings...), "", "original_call", "failed"},
		{"a web service gave a number of nobody", "+19195550177", func(r *call.Record) { r.Caller, r.CallbackNumber = "+19195550177", "+19195550177" },
			[]string{"sip:+19195550177@main.bandwidth.example", "sip:reception@127.0.0.8"}, "CA1", "original_call", "passed"},
		{"a phone dialled a designated number at a host of the other provider", "+19195550177", func(r *call.Record) {
			r.Caller, r.CallbackNumber, r.Endpoint, r.Domain = "+19195550177", "", "", "plain.pstn.twilio.com"
		}, []string{"sip:+19195550177@plain.example", "sip:twilio@127.0.0.8"}, "CA1", "original_call", "the emergency call of +19195550177"},
		{"an endpoint of the other account", "+19195550107", nil, []string{"sip:+19195550107@other.bandwidth.example", "sip:other@127.0.0.8"}, "", "endpoint", "passed"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var calls []call.Record
			if tt.change != nil {
				calls = append(calls, endpointCall("CA1", 5*time.Minute, tt.change))
			}
			rung, steps := way(t, endpointPlanner(t, calls...), request(tt.dialed))
			if d := cmp.Diff(tt.want, rung); d != "" {
				t.Error(d)
			}
			if steps[0].Of != tt.of || !saw(steps, tt.rule, tt.saw) {
				t.Errorf("it is about %q: %+v", steps[0].Of, steps)
			}
			if o := steps[0].Owner; o.Account == "" || o.Country != "US" || !strings.HasSuffix(o.Number, strings.TrimPrefix(tt.dialed, "+1")) {
				t.Errorf("it is the number of %+v", o)
			}
		})
	}
}

func TestANumberThatIsNobodysIsNotFound(t *testing.T) {
	t.Parallel()
	p := endpointPlanner(t, endpointCall("CA1", time.Minute, func(r *call.Record) {
		r.Caller, r.CallbackNumber, r.Attempts[0].Purpose = "+19195550177", "+19195550177", "listen"
	}))
	for number, words := range map[string]string{
		"+19195550177": "is no number of any account", "+19195550199": "is no number of any account", "+19195550108": "of any account", "+19195550109": "of any account", "+19195119001": "of any account",
	} {
		d, _ := p.Callback(request(number))
		s := d.Plan.Next(t.Context(), b2bua.StepOutcome{})
		if s.Kind != b2bua.StepReject || s.Status != 404 || !strings.Contains(s.Reason, words) || s.Owner.Account != "" {
			t.Errorf("%s: %+v", number, s)
		}
		why := map[string]string{"+19195550108": "of several accounts", "+19195550109": "no host of the provider bandwidth"}[number]
		if why != "" && !saw([]b2bua.Step{s}, "endpoint", why) {
			t.Errorf("the trace does not say why: %+v", s.Trace)
		}
	}
}

func TestOfTwoCallsTheOneThatTheCentreNamesIsCalledBack(t *testing.T) {
	t.Parallel()
	p := endpointPlanner(t, endpointCall("CA2", time.Minute, nil), endpointCall("CA1", 2*time.Minute, func(r *call.Record) {
		r.Account, r.Domain, r.Endpoint = otherAccount, "other.bandwidth.com", ""
	}))
	r := request(endpointNumber)
	if rung, steps := way(t, p, r); rung[0] != byMain || steps[0].Of != "CA2" {
		t.Errorf("the latest: %v", rung)
	}
	r.Original = "CA1"
	if rung, steps := way(t, p, r); rung[0] != "sip:+19195550100@other.bandwidth.example" || steps[0].Of != "CA1" || slices.Contains(rung, byMain) {
		t.Errorf("the one that is named: %v", rung)
	}
}

// A phone of another account that has called with the same callback number is not rung.
func TestOnlyPhonesOfOneAccountRing(t *testing.T) {
	t.Parallel()
	p := endpointPlanner(t, endpointCall("CA2", time.Minute, nil), endpointCall("CA1", 2*time.Minute, func(r *call.Record) {
		r.Account, r.Domain = otherAccount, "other.phones.bandwidth.com"
	}))
	if rung, _ := way(t, p, request(endpointNumber)); !slices.Equal(rung, append([]string{byMain}, endings...)) {
		t.Errorf("rung %v", rung)
	}
}

func TestAnEndpointThatIsRegisteredByItsNameRings(t *testing.T) {
	t.Parallel()
	p := endpointPlanner(t)
	p.o.Phones = fakePhones{"alicePhone0001@phones.bandwidth.com": {"sip:alice@127.0.0.7"}, "bobSoftphone02@phones.bandwidth.com": {"sip:bob@127.0.0.7"}}
	want := append([]string{byMain, "sip:alice@127.0.0.7"}, endings...)
	if rung, _ := way(t, p, request(endpointNumber)); !slices.Equal(rung, want) {
		t.Errorf("rung %v", rung)
	}
	p.o.Calls = fakeCalls{endpointCall("CA1", time.Minute, nil)}
	if rung, _ := way(t, p, request(endpointNumber)); !slices.Equal(rung, want) {
		t.Errorf("after a call: %v", rung)
	}
}

func TestTheVoiceURLOfAnotherAccountIsNotAsked(t *testing.T) {
	t.Parallel()
	p := endpointPlanner(t, endpointCall("CA1", time.Minute, nil))
	err := p.o.Store.Update(t.Context(), store.Actor{Name: "test"}, func(tx *store.Tx) error {
		return store.Insert(tx, &store.Number{
			Common: store.Common{AccountSID: otherAccount, Origin: store.OriginAPI}, PhoneNumber: endpointNumber, VoiceURL: "http://127.0.0.1:9/v",
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, steps := way(t, p, request(endpointNumber)); !saw(steps, "voice_url", "skipped") {
		t.Errorf("the trace says %+v", steps)
	}
}

func TestAPANIStandsForItsCall(t *testing.T) {
	t.Parallel()
	const pani = "+19195119001"
	for _, tt := range []struct {
		name   string
		change func(*call.Record)
		want   string
	}{
		{"of an endpoint without a number", func(r *call.Record) { r.Caller, r.CallbackNumber, r.Endpoint = "", "", "silentPhone01" }, "sip:silentPhone01@main.bandwidth.example"},
		{"of an endpoint with one", func(*call.Record) {}, byMain},
		{"of a number of the directory", func(r *call.Record) { r.Caller, r.CallbackNumber, r.Endpoint = number, "", "" }, "sip:+14155550100@main.bandwidth.example"},
		{"of an endpoint with a number of another account", func(r *call.Record) {
			r.Caller, r.CallbackNumber, r.Account, r.Domain, r.Endpoint = number, number, otherAccount, "other.bandwidth.com", "x"
		}, "sip:+14155550100@other.bandwidth.example"},
		{"of a name that fits no URI", func(r *call.Record) { r.Caller, r.CallbackNumber, r.Endpoint, r.From = "", "", "", "a@b" }, "sip:" + pani + "@main.bandwidth.example"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := endpointPlanner(t, endpointCall("CA1", time.Minute, tt.change))
			p.o.PANIs = fakePANIs{"psap-sf " + pani: "CA1"}
			r := request("9195119001")
			r.Original = "CAother" // of which nothing is known
			rung, steps := way(t, p, r)
			if own := tt.want == "sip:+14155550100@main.bandwidth.example"; slices.Contains(rung, "sip:+14155550100@plain.example") != own {
				t.Errorf("rung %v: a number of the directory has its own ways", rung)
			}
			if rung[0] != tt.want || steps[0].Of != "CA1" || !saw(steps, "pani", "passed: +19195119001 stands for the emergency call CA1 of ") {
				t.Errorf("rung %v: %+v", rung, steps[0])
			}
			p.o.PANIs = fakePANIs{"psap-la " + pani: "CA1"}
			if x, _ := p.Explain(t.Context(), request(pani)); x.Status != 404 {
				t.Errorf("for another centre it is %+v", x)
			}
		})
	}
}

// The number of an account is that account's, whoever else gives it as the callback number.
func TestACallOfAnotherAccountTakesNoNumber(t *testing.T) {
	t.Parallel()
	p := endpointPlanner(t, endpointCall("CA1", time.Minute, func(r *call.Record) {
		r.Caller, r.CallbackNumber, r.Account, r.Domain = number, number, otherAccount, "other.bandwidth.com"
	}))
	r := request(number)
	r.Original = "CA1"
	rung, steps := way(t, p, r)
	if steps[0].Of != "" || slices.ContainsFunc(rung, func(to string) bool { return strings.Contains(to, "other") }) {
		t.Errorf("about %q, rung %v", steps[0].Of, rung)
	}
}
