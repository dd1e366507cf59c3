package doctor

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"callbox/sip/agent"
)

var us = Wanted{Dialled: []string{"933", "911"}, Country: "US"}

// right is a call of a PBX that is set up well.
func right() Call {
	at := netip.MustParseAddrPort("198.51.100.7:5060")
	return Call{
		CallID: "1", Source: at, Transport: "udp", Dialled: "911", From: "+14155550100", FromHost: "lab.pstn.ashburn.twilio.com",
		Contact: "sip:+14155550100@198.51.100.7", Asserted: map[string]string{}, Supports: []string{"timer"}, Session: "1800",
		Offer:    &Offer{Addr: at.Addr(), Proto: "RTP/AVP", Codecs: []string{"opus", "PCMU", "PCMA"}, Events: true},
		Answered: true, Acked: true, Packets: 100, Heard: netip.AddrPortFrom(at.Addr(), 9000),
	}
}

// judged returns the check of an ID.
func judged(t *testing.T, w Wanted, s Seen, id string) Check {
	t.Helper()
	for _, c := range Judge(w, s) {
		if c.ID == id {
			return c
		}
	}
	t.Fatalf("no check %s", id)
	return Check{}
}

func TestAPBXThatIsSetUpWell(t *testing.T) {
	w := us
	w.Numbers, w.User = []string{"+14155550100"}, "pbx"
	call, test := right(), right()
	test.Dialled = "933"
	call.Auth = Auth{Challenged: true, Answered: true, User: "pbx", Realm: "r", WantRealm: "r", Algorithm: "MD5", Right: true}
	s := Seen{
		Calls: []Call{call, test}, Keepalives: []Keepalive{{}}, Backs: []Back{{To: "sip:pbx", Status: 200}},
		Registrations: []Registration{{AOR: "pbx@edge", Auth: call.Auth}},
	}
	for _, c := range Judge(w, s) {
		if c.State != OK && c.ID != "called_format" {
			t.Errorf("%+v", c)
		}
	}
	if !Healthy(Judge(w, s)) {
		t.Error("it is not healthy")
	}
}

func TestTheOfferIsFoundInABody(t *testing.T) {
	t.Parallel()
	const offer = "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n"
	for _, tt := range []struct {
		name, kind, text string
		found, flawed    bool
	}{
		{"alone", "application/sdp", offer, true, false},
		{"beside a location", "multipart/mixed;boundary=b", "--b\r\nContent-Type: application/pidf+xml\r\n\r\n<p/>\r\n--b\r\nContent-Type: application/sdp\r\n\r\n" + offer + "\r\n--b--", true, false},
		{"in an encoding that nobody knows", "multipart/mixed;boundary=b", "--b\r\nContent-Type: application/sdp\r\nContent-Transfer-Encoding: x-gzip\r\n\r\nno\r\n--b--", false, true},
		{"a location alone", "application/pidf+xml", "<p/>", false, false},
		{"another type", "text/plain", "hello", false, true},
		{"a multipart without delimiters", "multipart/mixed;boundary=b", "hello", false, true},
		{"nothing", "", "", false, false},
	} {
		o, flaw := readOffer(false, agent.Message{ContentType: tt.kind, Body: []byte(tt.text)})
		if (o != nil) != tt.found || (flaw != "") != tt.flawed {
			t.Errorf("%s: %+v, %q", tt.name, o, flaw)
		}
	}
}

func TestSilenceIsNotHealth(t *testing.T) {
	if checks := Judge(us, Seen{}); Healthy(checks) {
		t.Errorf("%+v", checks)
	}
}

// oneCall is a fault of a call, the check that shows it, and words of the finding.
type oneCall struct {
	name  string
	fault func(*Wanted, *Call)
	id    string
	state State
	words []string // in what was seen, the mend, or the mend of a 3CX
}

func faultsOfIdentity() []oneCall {
	return []oneCall{
		{"the authentication ID in From", func(w *Wanted, c *Call) {
			w.User, c.From, c.Asserted["P-Asserted-Identity"] = "Trunk1", "trunk1", "+14155550100"
		}, "caller_place", Wrong, []string{"authentication ID", "P-Asserted-Identity has +14155550100", "identity.sources", "OutboundCallerId", "instead of AuthID"}},
		{"the authentication ID of the proof in From", func(_ *Wanted, c *Call) { c.From, c.Auth.User = "12345678", "12345678" },
			"caller_place", Wrong, []string{"authentication ID"}},
		{"an extension in From", func(_ *Wanted, c *Call) { c.From, c.Asserted["Remote-Party-ID"] = "101", "+14155550100" },
			"caller_place", Wrong, []string{"extension", "Remote-Party-ID", "Outbound Caller ID"}},
		{"nobody in From", func(_ *Wanted, c *Call) { c.From, c.FromHost = "anonymous", "anonymous.invalid" },
			"caller_place", Wrong, []string{"anonymous"}},
		{"a name in From", func(_ *Wanted, c *Call) { c.From = "reception" }, "caller_place", Wrong, []string{`"reception"`, "no number"}},
		{"no user part in From", func(_ *Wanted, c *Call) { c.From = "" }, "caller_place", Wrong, []string{"no number"}},
		{"ten digits", func(_ *Wanted, c *Call) { c.From = "4155550100" }, "caller_format", Wrong, []string{"+14155550100", "Outbound Caller ID", "identity.normalise"}},
		{"eleven digits", func(_ *Wanted, c *Call) { c.From = "14155550100" }, "caller_format", Wrong, []string{"+14155550100"}},
		{"an exit code", func(_ *Wanted, c *Call) { c.From = "011442079460100" }, "caller_format", Wrong, []string{"+442079460100"}},
		{"a British number as at home", func(w *Wanted, c *Call) { w.Country, c.From = "GB", "02079460100" }, "caller_format", Wrong, []string{"+442079460100"}},
		{"ten digits are in their place", func(_ *Wanted, c *Call) { c.From = "4155550100" }, "caller_place", OK, nil},
		{"separators are no fault", func(_ *Wanted, c *Call) { c.From = "+1-415-555-0100" }, "caller_format", OK, nil},
		{"somebody else's number", func(w *Wanted, _ *Call) { w.Numbers = []string{"+12125550100"} }, "caller_known", Wrong, []string{"+14155550100", "DID Numbers"}},
	}
}

func faultsOfNumbers() []oneCall {
	return []oneCall{
		{"a prefix that was dialled", func(_ *Wanted, c *Call) { c.Dialled = "9911" }, "direct_dial", Wrong, []string{"9911", "Kari's Law", "System > Emergency"}},
		{"a prefix of a rule", func(_ *Wanted, c *Call) { c.Dialled = "+1911" }, "direct_dial", Wrong, []string{"makes E.164", "Outbound Rules"}},
		{"a prefix is why 911 did not come", func(_ *Wanted, c *Call) { c.Dialled = "9911" }, "dialled_911", Wrong, []string{"it came as 9911"}},
		{"911 that nobody dialled", func(_ *Wanted, c *Call) { c.Dialled = "933" }, "dialled_911", Wrong, []string{"dial plan", "System > Emergency: + Add, Number 911"}},
		{"a national number", func(_ *Wanted, c *Call) { c.Dialled = "4155551234" }, "called_format", Wrong, []string{"+14155551234", "length of 10: Prepend +1"}},
		{"a number with its country's code", func(_ *Wanted, c *Call) { c.Dialled = "14155551234" }, "called_format", Wrong, []string{"+14155551234", "Prepend +"}},
		{"an international number", func(_ *Wanted, c *Call) { c.Dialled = "011442079460100" }, "called_format", Wrong, []string{"starting with 011: Strip digits 3, Prepend +"}},
		{"a British national number", func(w *Wanted, c *Call) { w.Country, c.Dialled = "GB", "02079460100" }, "called_format", Wrong, []string{"starting with 0: Strip digits 1, Prepend +44"}},
		{"a French one", func(w *Wanted, c *Call) { w.Country, c.Dialled = "FR", "0155550100" }, "called_format", Wrong, []string{"Strip digits 1, Prepend +33"}},
		{"an Australian international one", func(w *Wanted, c *Call) { w.Country, c.Dialled = "AU", "0011442079460100" }, "called_format", Wrong, []string{"Strip digits 4, Prepend +"}},
		{"a word", func(_ *Wanted, c *Call) { c.Dialled = "reception" }, "called_format", Wrong, []string{"no telephone number"}},
		{"a number as it should be", func(_ *Wanted, c *Call) { c.Dialled = "+14155551234" }, "called_format", OK, nil},
	}
}

func faultsOfMedia() []oneCall {
	secure := func(w *Wanted, c *Call) {
		w.Secure, c.Transport, c.Offer.Proto, c.Offer.Suites = true, "tls", "RTP/SAVP", []string{"AES_CM_128_HMAC_SHA1_80"}
	}
	private := netip.MustParseAddr("192.168.1.5")
	return []oneCall{
		{"UDP on a secure trunk", func(w *Wanted, c *Call) { secure(w, c); c.Transport = "udp" }, "transport", Wrong, []string{"TLS", "5061", "root certificate"}},
		{"a secure trunk as it should be", secure, "srtp", OK, nil},
		{"plain RTP on a secure trunk", func(w *Wanted, c *Call) { w.Secure = true }, "srtp", Wrong, []string{"plain RTP", "SRTP"}},
		{"SRTP without a key", func(w *Wanted, c *Call) { secure(w, c); c.Offer.Suites = nil }, "srtp", Wrong, []string{"without a key"}},
		{"SRTP that is only offered", func(w *Wanted, c *Call) { secure(w, c); c.Offer.Proto = "RTP/AVP" }, "srtp", Odd, []string{"offered, not asked"}},
		{"SRTP on a plain trunk", func(w *Wanted, c *Call) { secure(w, c); w.Secure = false }, "srtp", Wrong, []string{"SRTP off", "--secure"}},
		{"G.729 alone", func(_ *Wanted, c *Call) { c.Offer.Codecs = []string{"G729"} }, "codec", Wrong, []string{"G729", "PCMU"}},
		{"A-law alone", func(_ *Wanted, c *Call) { c.Offer.Codecs = []string{"PCMA"} }, "codec", OK, nil},
		{"no telephone-event", func(_ *Wanted, c *Call) { c.Offer.Events = false }, "dtmf", Wrong, []string{"RFC 4733"}},
		{"a private address and silence", func(_ *Wanted, c *Call) { c.Offer.Addr, c.Packets = private, 0 }, "audio", Wrong, []string{"192.168.1.5", "private", "public address"}},
		{"a private address, and audio by latching", func(_ *Wanted, c *Call) { c.Offer.Addr = private }, "audio", Odd, []string{"only found by that"}},
		{"a private address where the PBX is", func(_ *Wanted, c *Call) {
			c.Offer.Addr, c.Source, c.Heard = private, netip.AddrPortFrom(private, 5060), netip.AddrPortFrom(private, 9000)
		}, "audio", OK, nil},
		{"silence", func(_ *Wanted, c *Call) { c.Packets = 0 }, "audio", Wrong, []string{"no audio", "media ports"}},
		{"audio from elsewhere", func(_ *Wanted, c *Call) { c.Offer.Addr = netip.MustParseAddr("203.0.113.9") }, "audio", Odd, []string{"203.0.113.9"}},
		{"no offer", func(_ *Wanted, c *Call) { c.Offer = nil }, "codec", OK, []string{"allowed"}},
		{"an offer that cannot be read", func(_ *Wanted, c *Call) { c.Offer, c.Flaw = nil, "line 3" }, "codec", Wrong, []string{"line 3"}},
	}
}

func faultsOfSignalling() []oneCall {
	auth := func(f func(*Auth)) func(*Wanted, *Call) {
		return func(_ *Wanted, c *Call) {
			c.Auth = Auth{Challenged: true, Answered: true, User: "pbx", Realm: "r", WantRealm: "r", Algorithm: "MD5", Right: true}
			f(&c.Auth)
		}
	}
	return []oneCall{
		{"no answer to the challenge", auth(func(a *Auth) { a.Answered = false }), "authentication", Wrong, []string{"not answered", "Authentication password"}},
		{"another realm", auth(func(a *Auth) { a.Realm = "asterisk" }), "authentication", Wrong, []string{`"asterisk"`}},
		{"another algorithm", auth(func(a *Auth) { a.Answered, a.Flaw = false, "the algorithm was not offered" }), "authentication", Wrong, []string{"algorithm"}},
		{"another password", auth(func(a *Auth) { a.Right = false }), "authentication", Wrong, []string{"password", "credential list"}},
		{"nobody was challenged", func(*Wanted, *Call) {}, "authentication", Unseen, nil},
		{"no ACK", func(_ *Wanted, c *Call) { c.Acked, c.NoAck = false, true }, "ack", Wrong, []string{"32 s", "SIP ALG"}},
		{"a session of 30 s", func(_ *Wanted, c *Call) { c.Session = "30;refresher=uac" }, "session_timer", Wrong, []string{"422", "90 s"}},
		{"a session of words", func(_ *Wanted, c *Call) { c.Session = "long" }, "session_timer", Wrong, []string{"no number"}},
		{"a least above the most", func(_ *Wanted, c *Call) { c.MinSE = "3600" }, "session_timer", Wrong, []string{"Min-SE 3600"}},
		{"a timer that is not supported", func(_ *Wanted, c *Call) { c.Supports = nil }, "session_timer", Odd, []string{"Supported: timer"}},
		{"an extension nobody has", func(_ *Wanted, c *Call) { c.Require = []string{"precondition"} }, "session_timer", Wrong, []string{"precondition", "420"}},
	}
}

func TestFaultsOfACall(t *testing.T) {
	for _, list := range [][]oneCall{faultsOfIdentity(), faultsOfNumbers(), faultsOfMedia(), faultsOfSignalling()} {
		for _, tc := range list {
			t.Run(tc.name, func(t *testing.T) {
				w, c := us, right()
				tc.fault(&w, &c)
				got := judged(t, w, Seen{Calls: []Call{c}}, tc.id)
				if got.State != tc.state {
					t.Errorf("%s: %+v", got.State, got)
				}
				text := got.Saw + "\n" + got.Mend + "\n" + got.Mend3CX
				for _, word := range tc.words {
					if !strings.Contains(text, word) {
						t.Errorf("%q is not in %s", word, text)
					}
				}
				if got.State == Wrong && got.Mend == "" {
					t.Error("no mend")
				}
			})
		}
	}
}

func TestTheWorstOfSeveralCallsCounts(t *testing.T) {
	good, bad := right(), right()
	bad.From = "200"
	c := judged(t, us, Seen{Calls: []Call{good, bad, good}}, "caller_place")
	if c.State != Wrong || strings.Contains(c.Saw, "+1415") {
		t.Errorf("%+v", c)
	}
	var many []Call
	for _, from := range []string{"200", "201", "202", "203", "204"} {
		call := right()
		call.From = from
		many = append(many, call)
	}
	if c := judged(t, us, Seen{Calls: many}, "caller_place"); !strings.Contains(c.Saw, "and 2 more") {
		t.Errorf("%+v", c)
	}
}

func TestWayBack(t *testing.T) {
	for _, tc := range []struct {
		name  string
		backs []Back
		state State
	}{
		{"nothing to try", nil, Unseen},
		{"it answers", []Back{{To: "sip:a", Status: 200}}, OK},
		{"an answer of any kind will do", []Back{{To: "sip:a", Status: 404}}, OK},
		{"one of two does not", []Back{{To: "sip:a", Status: 200}, {To: "sip:b", Why: "no answer within 6 s"}}, Wrong},
	} {
		if c := judged(t, us, Seen{Backs: tc.backs}, "way_back"); c.State != tc.state {
			t.Errorf("%s: %+v", tc.name, c)
		}
	}
}

func TestReport(t *testing.T) {
	bad := right()
	bad.From, bad.UserAgent = "evil\x1b[31m\u009b", "3CX\x07"
	r := NewReport(us, Seen{Calls: []Call{bad}, For: 61 * time.Second})
	var text, code strings.Builder
	if err := r.Text(&text); err != nil {
		t.Fatal(err)
	}
	if err := r.JSON(&code); err != nil {
		t.Fatal(err)
	}
	if strings.ContainsAny(text.String(), "\x1b\x07\u009b") {
		t.Errorf("control characters of a stranger in %q", text.String())
	}
	for _, want := range []string{"1 call, 0 registrations, 0 keepalives of 3CX", "1m1s", "WRONG  From holds", "mend:", "3CX:  System > Emergency"} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("%q is not in\n%s", want, text.String())
		}
	}
	if r.OK || !strings.Contains(code.String(), `"ok": false`) || !strings.Contains(code.String(), `"mend_3cx"`) {
		t.Errorf("%s", code.String())
	}
}
