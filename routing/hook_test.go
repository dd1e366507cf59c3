package routing

import (
	"math"
	"strings"
	"testing"
	"time"

	"callbox/sip/location"
)

// designated is a call to a designated number, whose web service has replied.
func designated(number string, replies ...Reply) Request {
	r := request("+19995550188", number, hostBandwidth)
	r.Replies = replies
	return r
}

// said is a good answer of an HTTP status.
func said(status int, aeui, locationID string, change func(*Reply)) Reply {
	r := Reply{Status: status, AEUI: aeui, LocationID: locationID, Elapsed: 12 * time.Millisecond, Body: []byte("{\n\"aeui\":\t\"" + aeui + "\"}")}
	if change != nil {
		change(&r)
	}
	return r
}

func TestRule11ADesignatedNumberHasItsWebServiceAsked(t *testing.T) {
	s := odd(t)
	rows := []struct {
		name, user, from string
		to, asked, url   string
	}{
		{"the number as it is", "+19195550911", "+19995550188", "+19195550911", "+19995550188", "http://127.0.0.1:8911/where?to=%2B19195550911&from=%2B19995550188"},
		{"without plus", "19195550911", "+19995550188", "+19195550911", "+19995550188", "?to=%2B19195550911&from=%2B19995550188"},
		{"as a national number", "(919)555-0911", "19995550188", "+19195550911", "+19995550188", "from=%2B19995550188"},
		{"with parameters", "+19195550911;npdi", "+19995550188;x", "+19195550911", "+19995550188", "from=%2B19995550188"},
		{"by a name", "+19195550911", "bob smith&x=1", "+19195550911", "bob smith&x=1", "from=bob+smith%26x%3D1"},
		{"by nobody", "+19195550911", "anonymous", "+19195550911", "", "&from="},
		{"in the other spelling, behind a query", "+19195550912", "+19995550188", "+19195550912", "+19995550188", "https://where.example.com/?k=1&To=%2B19195550912&From=%2B19995550188"},
	}
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			req := designated(r.user)
			req.From.User = r.from
			d := Decide(s, nil, req)
			if d.Verdict != VerdictAsk || d.Question == nil || len(d.Targets) > 0 || d.Status != 0 {
				t.Fatal(Text(d))
			}
			if q := d.Question; q.Kind != QuestionHook || q.Hook.Number != r.to || q.To != r.to || q.From != r.asked {
				t.Errorf("%+v", q)
			}
			if saw := step(d, 11); saw.Outcome != "applied" || !strings.Contains(saw.Saw, r.url) || !strings.Contains(Text(d), "verdict  ask: GET http") {
				t.Errorf("%+v\n%s", saw, Text(d))
			}
			if steps := d.Trace.Steps(); steps[2].Rule != 11 || steps[3].Rule != 3 || steps[3].Saw != "not reached" {
				t.Errorf("%+v", steps)
			}
		})
	}
	asserting := designated("+19195550911")
	asserting.Claims = claims(remote, "+19995550187", asserted, "tel:+19995550186")
	if d := Decide(s, nil, asserting); d.Question == nil || d.Question.From != "+19995550186" {
		t.Error(Text(d))
	}
}

func TestRule11NoServiceIsAskedInVain(t *testing.T) {
	runRules(t, []ruleRow{
		{"another account's number is none", func(r *Request) { r.Host, r.User = hostBandwidth, "+19195550913" }, "refuse 404 (32101)", 3, "failed", "+19195550913 is no emergency or test number"},
		{"a number beside it is none", func(r *Request) { r.Host, r.User = hostBandwidth, "+19195550914" }, "refuse 404 (32101)", 3, "failed", "no emergency"},
		{"a URN is none", func(r *Request) { r.Host, r.Scheme, r.User = hostBandwidth, "urn", "+19195550911" }, "refuse 404 (32101)", 3, "failed", "no emergency service"},
		{"who may not call may not ask", func(r *Request) { r.Host, r.User, r.Proof = "open.pstn.twilio.com", "+19195550911", nil }, "challenge 407", 3, "skipped", "not reached"},
		{"nor where emergency calling is off", func(r *Request) { r.Host, r.User = "quiet.sip.twilio.com", "+19195550911" }, "refuse 403", 4, "failed", "not enabled"},
		{"nor over UDP on a secure host", func(r *Request) { r.Host, r.User = "secure.pstn.twilio.com", "+19195550911" }, "refuse 403 (32209)", 2, "failed", "TLS only"},
	})
}

const (
	hookNYC = "psap psap-nyc,ecc-us, number and address"
	hookECC = "ecc ecc-us, number"
)

// hookRow is one reply to a designated number's question, given by its last digit, and what comes of it.
type hookRow struct {
	name, number string
	reply        Reply
	want, step   string
	saw          string
}

func runHooks(t *testing.T, rows []hookRow) {
	t.Helper()
	s := odd(t)
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			d := Decide(s, nil, designated("+1919555091"+r.number, r.reply))
			if got := summary(d); got != r.want {
				t.Errorf("got  %s\nwant %s\n%s", got, r.want, Text(d))
			}
			if saw := step(d, 11); saw.Outcome != r.step || !strings.Contains(saw.Saw, r.saw) {
				t.Errorf("%s, saw %q; want %s, %q", saw.Outcome, saw.Saw, r.step, r.saw)
			}
			if d.FeeCents != 0 {
				t.Errorf("fee %d", d.FeeCents)
			}
			if r.want == hookECC && (d.Caller.Number != "+19995550188" || d.Caller.Callback != "+19995550188" || d.Caller.Endpoint != nil || d.Place != (Place{})) {
				t.Errorf("caller %+v, place %+v", d.Caller, d.Place)
			}
			if d.Verdict == VerdictPSAP && (d.Place.By != PlaceHook || d.Caller.Endpoint == nil || d.Service != "sos" || !d.Emergency || d.Dialled != "+1919555091"+r.number) {
				t.Errorf("%+v", d)
			}
		})
	}
}

func TestRule11SomeStatusesCount(t *testing.T) {
	runHooks(t, []hookRow{
		{"any status of success", "1", said(299, "alicePhone0001", "nycOffice", nil), hookNYC, "applied", "299"},
		{"301", "1", said(301, "alicePhone0001", "nycOffice", nil), hookNYC, "applied", "301"},
		{"302", "1", said(302, "alicePhone0001", "nycOffice", nil), hookNYC, "applied", "302"},
		{"303", "1", said(303, "alicePhone0001", "nycOffice", nil), hookNYC, "applied", "303"},
		{"304 is none", "1", said(304, "alicePhone0001", "nycOffice", nil), hookECC, "failed", "only statuses of 200 to 299, 301, 302 and 303 count; so the answer does not count and the ECC takes the call"},
		{"300 is none", "1", said(300, "alicePhone0001", "nycOffice", nil), hookECC, "failed", "only statuses"},
		{"199 is none", "1", said(199, "alicePhone0001", "nycOffice", nil), hookECC, "failed", "only statuses"},
		{"500 is none", "1", said(500, "alicePhone0001", "nycOffice", nil), hookECC, "failed", "only statuses"},
		{"404 is none", "1", said(404, "alicePhone0001", "nycOffice", nil), hookECC, "failed", "only statuses"},
		{"404 refuses where the account has that", "2", said(404, "", "", nil), "refuse 403", "failed", "a 404 says that the caller is unknown"},
		{"403 does not", "2", said(403, "", "", nil), hookECC, "failed", "only statuses"},
		{"silence", "1", Reply{Err: "no complete answer within 450ms", Elapsed: 450 * time.Millisecond}, hookECC, "failed", "took 450.0 ms: no complete answer within 450ms; no answer came in time"},
	})
}

func TestRule11EveryFormHasItsOutcome(t *testing.T) {
	half, below, nan, infinite := 0.5, -1.0, math.NaN(), math.Inf(1)
	runHooks(t, []hookRow{
		{"endpoint and location", "1", said(200, "alicePhone0001", "nycOffice", nil), hookNYC, "applied", "took 12.0 ms: 200 { \"aeui\": \"alicePhone0001\"}; it names endpoint alicePhone0001"},
		{"an answer that cannot be read", "1", said(200, "", "", func(r *Reply) { r.Err = "field aeui is there twice" }), hookECC, "failed", "field aeui is there twice; so the answer"},
		{"no body", "1", said(200, "", "", func(r *Reply) { r.Body = nil }), hookECC, "failed", "200 and no body; it has no aeui"},
		{"no AEUI", "1", said(200, "", "nycOffice", nil), hookECC, "failed", "it has no aeui"},
		{"no place", "1", said(200, "alicePhone0001", "", nil), hookECC, "failed", "it has neither location_id nor lat and lon"},
		{"an unknown endpoint", "1", said(200, "mallory", "nycOffice", nil), hookECC, "failed", "mallory is no endpoint of the account"},
		{"another account's endpoint", "1", said(200, "anothersPhone1", "nycOffice", nil), hookECC, "failed", "anothersPhone1 is no endpoint"},
		{"an unknown location", "1", said(200, "alicePhone0001", "moon", nil), hookECC, "failed", "moon is no location of the account"},
		{"another account's location", "1", said(200, "alicePhone0001", "another", nil), hookECC, "failed", "another is no location"},
		{"a location without a street", "1", said(200, "alicePhone0001", "nowhere", nil), hookECC, "failed", "location nowhere does not count"},
		{"an unknown location beside a point", "1", said(200, "alicePhone0001", "moon", at(37.7841, -122.3964)), hookECC, "failed", "moon is no location"},
		{"a point off the earth", "1", said(200, "alicePhone0001", "", at(91, 181)), hookECC, "failed", "latitude 91 is out of range"},
		{"a swapped point", "1", said(200, "alicePhone0001", "", at(-122.3964, 37.7841)), hookECC, "failed", "look swapped"},
		{"a point that is no number", "1", said(200, "alicePhone0001", "", at(math.NaN(), 1)), hookECC, "failed", "latitude is not a number"},
		{"a negative radius", "1", said(200, "alicePhone0001", "nycOffice", func(r *Reply) { r.Radius = &below }), hookECC, "failed", "radius -1 is no distance"},
		{"a radius that is no number", "1", said(200, "alicePhone0001", "nycOffice", func(r *Reply) { r.Radius = &nan }), hookECC, "failed", "radius NaN is no distance"},
		{"an endless radius", "1", said(200, "alicePhone0001", "nycOffice", func(r *Reply) { r.Radius = &infinite }), hookECC, "failed", "radius +Inf is no distance"},
		{"a radius without a point means nothing", "1", said(200, "alicePhone0001", "nycOffice", func(r *Reply) { r.Radius = &half }), hookNYC, "applied", "names endpoint"},
	})
}

func TestRule11CallbackAndNameAreForAccountsThatHaveThemTaken(t *testing.T) {
	runHooks(t, []hookRow{
		{"callback and name that are not taken", "1", said(200, "alicePhone0001", "nycOffice", caller("911", "Eve")), hookNYC, "applied", "its callback and name are ignored, as the account does not take them"},
		{"that are taken", "2", said(200, "alicePhone0001", "nycOffice", caller("+12125550188", "Eve")), hookNYC, "applied", "its callback +12125550188 and name Eve count"},
		{"a name alone", "2", said(200, "alicePhone0001", "nycOffice", caller("", "Eve")), hookNYC, "applied", "its callback (nothing) and name Eve count"},
		{"a callback of Canada", "2", said(200, "alicePhone0001", "nycOffice", caller("+16135550188", "")), hookNYC, "applied", "+16135550188"},
		{"a callback of another country", "2", said(200, "alicePhone0001", "nycOffice", caller("+442079460188", "")), hookECC, "failed", "callback +442079460188 is no number of the US or Canada in E.164"},
		{"a callback that is not E.164", "2", said(200, "alicePhone0001", "nycOffice", caller("2125550188", "")), hookECC, "failed", "callback 2125550188 is no number"},
	})
}

// at is a reply's point.
func at(lat, lon float64) func(*Reply) {
	return func(r *Reply) { r.Point = &location.Point{Lat: lat, Lon: lon} }
}

// caller is a reply's caller.
func caller(callback, name string) func(*Reply) {
	return func(r *Reply) { r.Callback, r.Name = callback, name }
}

func TestRule11CallbackAndNameReachTheCentreWhereTheAccountHasThemTaken(t *testing.T) {
	s := odd(t)
	for number, want := range map[string][2]string{"+19195550911": {"+14155550177", "Alice Hill"}, "+19195550912": {"+12125550188", "Eve"}} {
		d := Decide(s, nil, designated(number, said(200, "alicePhone0001", "nycOffice", caller("+12125550188", "Eve"))))
		if c := d.Caller; c.Callback != want[0] || c.Number != want[0] || c.Name != want[1] {
			t.Errorf("%s: %+v", number, c)
		}
	}
	d := Decide(s, nil, designated("+19195550911", said(200, "barePhone00001", "nycOffice", nil)))
	if c := d.Caller; c.Callback != "+19995550188" || !strings.Contains(step(d, 5).Saw, "endpoint barePhone00001 as the caller: name (nothing), call back +19995550188") {
		t.Errorf("an endpoint without callback number is called back at %+v\n%s", c, Text(d))
	}
}

func TestRule11TheAnswerIsShownBounded(t *testing.T) {
	r := said(200, "alicePhone0001", "nycOffice", nil)
	r.Body = []byte(strings.Repeat("x\x1b\u202e\"\n", 1<<20))
	saw := step(Decide(odd(t), nil, designated("+19195550911", r)), 11).Saw
	if len(saw) > 900 || strings.ContainsAny(saw, "\x1b\u202e\n") || !strings.Contains(saw, `x??" x??"`) {
		t.Errorf("%d bytes: %q", len(saw), saw)
	}
}

func TestRule11RedirectsAreShown(t *testing.T) {
	for redirects, want := range []string{`sfOffice"}; it names`, "; it redirected once, which was followed; it names", "; it redirected 2 times, which was followed; it names"} {
		r := said(200, "alicePhone0001", "sfOffice", nil)
		r.Redirects, r.Body = redirects, []byte(`{"aeui": "alicePhone0001", "location_id": "sfOffice"}`)
		d := Decide(odd(t), nil, designated("+19195550911", r))
		if saw := step(d, 11).Saw; !strings.Contains(saw, want) || d.Asked().Redirects != redirects {
			t.Errorf("%d redirects are told as %+v: %s", redirects, d.Asked(), saw)
		}
	}
}
