package callback

import (
	"slices"
	"strings"
	"testing"
	"time"

	"callbox/routing/directory/store"
	"callbox/sip/agent"
	"callbox/sip/b2bua"
	"callbox/sip/call"

	"github.com/google/go-cmp/cmp"
)

// origin is an origination URL of a trunk.
func origin(trunk, uri string, priority, weight int, enabled bool) store.OriginationURL {
	return store.OriginationURL{
		Common:   store.Common{AccountSID: account, Origin: store.OriginAPI},
		TrunkSID: trunk, SipURL: uri, Priority: priority, Weight: weight, Enabled: enabled, FriendlyName: uri,
	}
}

// withURLs gives the main trunk origination URLs.
func withURLs(t *testing.T, urls ...store.OriginationURL) func(*Options) {
	st := stored(t, func(tx *store.Tx, trunk, _ func(string) string) error {
		for _, u := range urls {
			u.TrunkSID = trunk("main.pstn.twilio.com")
			if err := store.Insert(tx, &u); err != nil {
				return err
			}
		}
		return nil
	})
	return func(o *Options) { o.Store = st }
}

func TestTheWayGoesFromTheTrunkToTheFallback(t *testing.T) {
	t.Parallel()
	p := planner(t, withURLs(t, origin("", "sip:127.0.1.2", 20, 1, true), origin("", "sip:pbx@127.0.1.1:5062;transport=tcp", 10, 1, true),
		origin("", "sip:127.0.1.3", 5, 1, false)))
	p.o.Calls = fakeCalls{}
	rung, steps := way(t, p, request(number))
	want := []string{
		"sip:pbx@127.0.1.1:5062;transport=tcp", "sip:+14155550100@127.0.1.2", "sip:reception@127.0.0.8", "sip:desk@127.0.0.9",
	}
	if d := cmp.Diff(want, rung); d != "" {
		t.Error(d)
	}
	if end := steps[len(steps)-1]; end.Kind != b2bua.StepEnd || !strings.Contains(end.Reason, "nobody could be reached at "+number) {
		t.Errorf("the end is %+v", end)
	}
	for rule, words := range map[string]string{
		"original_call": "skipped: no emergency call", "trunk": "priority 10, weight 1", "voice_url": "skipped",
		"fallback": "failed: +19995550199 of shop.sip.twilio.com: it is no number of this directory",
	} {
		if !saw(steps, rule, words) {
			t.Errorf("the trace does not say %q of %s", words, rule)
		}
	}
	if ring := steps[0].Dial[0].Ring; ring != 9*time.Second {
		t.Errorf("the PBX rings for %s", ring)
	}
	last := 2
	for _, s := range steps {
		for _, one := range s.Trace {
			if one.Rule != last+1 {
				t.Errorf("rule %d follows %d", one.Rule, last)
			}
			last = one.Rule
		}
	}
}

func TestWithinAPriorityWeightDecides(t *testing.T) {
	t.Parallel()
	urls := []store.OriginationURL{origin("", "a", 10, 1, true), origin("", "b", 10, 3, true), origin("", "c", 1, 1, true), origin("", "d", 10, 0, true)}
	first := map[string]int{}
	for i := range 400 {
		n := i
		p := planner(t, func(o *Options) {
			o.Rand = func() float64 { n = (n * 7919) % 400; return float64(i) / 400 }
		})
		all := p.order(urls)
		if len(all) != 4 || all[0].SipURL != "c" {
			t.Fatalf("order %v", all)
		}
		first[all[1].SipURL]++
	}
	if first["a"] != 100 || first["b"] != 300 || first["d"] != 0 {
		t.Errorf("drawn first: %v", first)
	}
}

func TestASecureTrunkIsReachedByTLSAlone(t *testing.T) {
	t.Parallel()
	st := stored(t, func(tx *store.Tx, trunk, _ func(string) string) error {
		for i, uri := range []string{"sip:127.0.1.1", "sips:127.0.1.2", "sip:127.0.1.3;transport=udp"} {
			u := origin(trunk("safe.pstn.twilio.com"), uri, i, 1, true)
			if err := store.Insert(tx, &u); err != nil {
				return err
			}
		}
		return nil
	})
	rung, steps := way(t, planner(t, func(o *Options) { o.Store = st }), request("+12125550100"))
	want := []string{"sip:+12125550100@127.0.1.1;transport=tls", "sips:+12125550100@127.0.1.2"}
	if d := cmp.Diff(want, rung); d != "" {
		t.Error(d)
	}
	if !saw(steps, "trunk", "of safe.pstn.twilio.com, priority 0, weight 1, by TLS since the trunk is secure") {
		t.Errorf("nothing says that a URL without a transport is called by TLS: %v", steps)
	}
	if !steps[0].Dial[0].Secure || !saw(steps, "trunk", "failed: sip:127.0.1.3;transport=udp of safe.pstn.twilio.com is not TLS") {
		t.Errorf("steps %+v", steps)
	}
}

// A number of a secure trunk may be the fallback of a domain that is not secure.
func TestAFallbackToASecureTrunkIsReachedByTLSAlone(t *testing.T) {
	t.Parallel()
	st := stored(t, func(tx *store.Tx, trunk, _ func(string) string) error {
		for i, uri := range []string{"sip:127.0.1.3;transport=udp", "sip:127.0.1.1"} {
			u := origin(trunk("safe.pstn.twilio.com"), uri, i, 1, true)
			if err := store.Insert(tx, &u); err != nil {
				return err
			}
		}
		return nil
	})
	rung, _ := way(t, planner(t, func(o *Options) { o.Store = st }), request(number))
	want := []string{"sip:reception@127.0.0.8", "sip:desk@127.0.0.9", "sip:+12125550100@127.0.1.1;transport=tls"}
	if d := cmp.Diff(want, rung); d != "" {
		t.Error(d)
	}
}

func TestAPhoneOfASecureDomainIsReachedByTLSAlone(t *testing.T) {
	t.Parallel()
	var phones []Phone
	for _, transport := range []string{"udp", "tcp", "tls", "ws", "wss"} {
		phones = append(phones, Phone{Name: transport, Route: agent.Route{Transport: transport}})
	}
	names := func(all []b2bua.DialTarget) (s string) {
		for _, t := range all {
			s += t.Name + " "
		}
		return s
	}
	if got := names(registered(phones, true)); got != "tls wss " {
		t.Errorf("on a secure domain it rings %s", got)
	}
	if got := names(registered(phones, false)); got != "udp tcp tls ws wss " {
		t.Errorf("on another it rings %s", got)
	}
}

// record is an emergency call by the shop.
func record(id call.ID, ago time.Duration, source string) call.Record {
	return call.Record{
		ID: id, StartedAt: noon.Add(-ago), Caller: number, CallerReplaced: true, Domain: "shop.sip.twilio.com", Verdict: "psap",
		Source: source, Transport: "tcp", Contact: "sip:phone@" + source, From: "till",
	}
}

func TestThePhoneThatCalledRingsFirst(t *testing.T) {
	t.Parallel()
	calls := fakeCalls{
		record("CA3", time.Minute, "127.0.0.21:5060"), record("CA2", 2*time.Minute, "127.0.0.22:5060"),
		record("CA1", 20*time.Minute, "127.0.0.22:5060"), record("CA0", 40*time.Minute, "127.0.0.23:5060"),
		record("CAx", time.Minute, "nowhere"),
	}
	p := planner(t, func(o *Options) { o.Calls = calls })
	rung, steps := way(t, p, request(number))
	want := []string{"sip:phone@127.0.0.21:5060", "sip:phone@127.0.0.22:5060", "sip:desk@127.0.0.9", "sip:reception@127.0.0.8"}
	if d := cmp.Diff(want, rung); d != "" {
		t.Error(d)
	}
	if steps[0].Of != "CA3" || steps[0].Dial[0].Route.Remote.String() != "127.0.0.21:5060" || steps[0].Dial[0].Ring != 7*time.Second {
		t.Errorf("the first step is %+v", steps[0])
	}
	if !saw(steps, "phone", "there is no way back") {
		t.Error("the trace does not tell of the phone that cannot be reached")
	}
	r := request(number)
	r.Original = "CA1"
	if _, steps := way(t, p, r); steps[0].Of != "CA1" {
		t.Errorf("it is about %s", steps[0].Of)
	}
	r.Original = "CAother"
	if _, steps := way(t, p, r); steps[0].Of != "CA3" || !saw(steps, "original_call", "failed: CAother") {
		t.Errorf("it is about %s", steps[0].Of)
	}
}

func TestAPhoneThatIsRegisteredIsRungByTheWayItRegistered(t *testing.T) {
	t.Parallel()
	calls := fakeCalls{record("CA1", time.Minute, "127.0.0.7:40000")}
	p := planner(t, func(o *Options) {
		o.Calls, o.Phones = calls, fakePhones{"till@shop.sip.twilio.com": {"sip:till@10.0.0.1:5060"}}
	})
	rung, _ := way(t, p, request(number))
	if rung[0] != "sip:till@10.0.0.1:5060" {
		t.Errorf("rung %v", rung)
	}
}

func TestRegisteredPhonesRing(t *testing.T) {
	t.Parallel()
	p := planner(t, func(o *Options) {
		o.Phones = fakePhones{
			"a@shop.sip.twilio.com": {"sip:a1@127.0.0.7", "sip:a2@127.0.0.7"}, "b@other.sip.twilio.com": {"sip:b1@127.0.0.7", "sip:b2@127.0.0.7"},
		}
	})
	rung, _ := way(t, p, request(number)) // at once
	if !slices.Contains(rung, "sip:a1@127.0.0.7 sip:a2@127.0.0.7") {
		t.Errorf("rung %v", rung)
	}
	rung, steps := way(t, p, request("+12125550100")) // one after the other
	if len(rung) != 2 || rung[0] != "sip:b1@127.0.0.7" || rung[1] != "sip:b2@127.0.0.7" {
		t.Errorf("rung %v", rung)
	}
	if !saw(steps, "phones", "2 of 2 registered phones of other.sip.twilio.com one after the other") {
		t.Errorf("steps %+v", steps)
	}
}

func TestAPhoneNamedByTheNumberGoesBeforeTheOthers(t *testing.T) {
	t.Parallel()
	p := planner(t, func(o *Options) {
		o.Phones = fakePhones{"a@shop.sip.twilio.com": {"sip:a@127.0.0.7"}, "14155550100@shop.sip.twilio.com": {"sip:n@127.0.0.7"}}
	})
	if rung, _ := way(t, p, request(number)); rung[0] != "sip:n@127.0.0.7" {
		t.Errorf("rung %v", rung)
	}
}

func TestWhileTheDatabaseIsAwayWhatWasKnownHolds(t *testing.T) {
	t.Parallel()
	var st *store.Store
	p := planner(t, func(o *Options) { withURLs(t, origin("", "sip:127.0.1.1", 1, 1, true))(o); st = o.Store })
	p.rows.follow(t.Context())
	if err := st.Close(); err != nil {
		t.Fatal(err)
	}
	rung, steps := way(t, p, request(number))
	if len(rung) == 0 || rung[0] != "sip:+14155550100@127.0.1.1" || !saw(steps, "store", "failed") {
		t.Errorf("rung %v", rung)
	}
}

func TestAFallbackByNumberReachesItsTrunk(t *testing.T) {
	t.Parallel()
	st := stored(t, func(tx *store.Tx, trunk, _ func(string) string) error {
		u := origin(trunk("safe.pstn.twilio.com"), "sips:127.0.1.9", 1, 1, true)
		return store.Insert(tx, &u)
	})
	rung, _ := way(t, planner(t, func(o *Options) { o.Store = st }), request(number))
	if !slices.Contains(rung, "sips:+12125550100@127.0.1.9") {
		t.Errorf("rung %v", rung)
	}
}

func TestWhatWouldHappenIsToldWithoutAskingAnybody(t *testing.T) {
	t.Parallel()
	base, asked, client := website(t, map[string]string{"/v": `<Response/>`})
	st := stored(t, func(tx *store.Tx, _, _ func(string) string) error {
		n := store.Number{Common: store.Common{AccountSID: account, Origin: store.OriginAPI}, PhoneNumber: number, VoiceURL: base + "/v"}
		return store.Insert(tx, &n)
	})
	p := planner(t, func(o *Options) { o.Store, o.Webhook = st, client })
	x, mine := p.Explain(t.Context(), request("4155550100"))
	if !mine || x.Number != number || x.Centre != "psap-sf" || !slices.Equal(x.Targets, []string{"sip:reception@127.0.0.8", "sip:desk@127.0.0.9"}) {
		t.Errorf("explained %+v", x)
	}
	if len(*asked) != 0 {
		t.Error("the voice URL was asked")
	}
}
