package b2bua

import (
	"errors"
	"fmt"
	"net/netip"
	"reflect"
	"strings"
	"syscall"
	"testing"
	"time"

	"callbox/routing"
	"callbox/routing/directory"
	"callbox/sip/agent"
	"callbox/sip/body"
	"callbox/sip/call"
	"callbox/sip/location"
)

func TestAPlainCall(t *testing.T) {
	play(t, func(w *world) {
		a := w.invite(offerA)
		b := w.b(1)
		b.rings()
		ringing := a.expect("progress 180")
		has(a, ringing.message, "X-Callbox-Call: CA")
		b.answers(answerB, header("X-Callbox-Voice", "builtin"), header("Server", "psap/1"))
		ok := a.expect("answer 200")
		has(a, ok.message, "X-Callbox-Call: CA", "X-Callbox-Voice: builtin", "m=audio 30000 RTP/AVP 0 101", "c=IN IP4 127.0.0.1")
		lacks(a, ok.message, "10.2.2.2", "bob", "psap/1")
		a.acks("")
		w.pass(time.Minute)
		a.byes()
		b.expect("bye")
		a.silent()
		r := w.ended(call.EndCallerHungUp)
		if r.AnsweredBy != "psap-sf" || r.DurationMS != 60000 || r.SIPStatus != 200 || r.SIPCallIDB != "call-b1" ||
			r.Caller != "+14155550100" || r.Verdict != "psap" || r.Service != "e911" || r.Dialled != "911" ||
			r.From != "+14155550100" || r.Source != "10.1.1.1:5060" || r.Domain != "lab.sip.us1.twilio.com" {
			t.Errorf("record is wrong: %+v", r)
		}
		if len(r.Attempts) != 1 || r.Attempts[0].Outcome != "answered" || r.Attempts[0].Status != 200 {
			t.Errorf("attempts are wrong: %+v", r.Attempts)
		}
		kinds := []string{}
		for _, e := range r.Events {
			kinds = append(kinds, string(e.Kind))
		}
		if got, want := strings.Join(kinds, " "), "received decided dialled ringing answered ended"; got != want {
			t.Errorf("events %q, want %q", got, want)
		}
	})
}

func TestTheCentreGetsTheCallerAndNothingOfItsNetwork(t *testing.T) {
	play(t, func(w *world) {
		a := w.invite(offerA,
			header("Privacy", "id"), header("P-Asserted-Identity", "<sip:spoof@evil>"), header("User-Agent", "pbx/1"),
			header("Accept-Language", "fr"), header("Resource-Priority", "esnet.1"), header("X-Secret", "1"),
			header("Geolocation", "<https://lis.example/1>"), header("Geolocation", "<cid:gone@pbx>"),
			header("Allow-Events", "talk"), header("Warning", "399 pbx \"x\""), header("Diversion", "<sip:x@10.1.1.1>"))
		b := w.b(1)
		m := b.out.Message
		if b.out.Spent != 1 {
			t.Errorf("%d hops are told as spent, want this one", b.out.Spent)
		}
		has(b, m, "X-Callbox-Call: CA", "X-Callbox-Dialled: 911", "Priority: emergency",
			"P-Asserted-Identity: <sip:+14155550100@127.0.0.1>", "Accept-Language: fr", "Resource-Priority: esnet.1",
			"Geolocation: <https://lis.example/1>", "Geolocation: <cid:gone@pbx>", "Geolocation: <cid:location.CA", "Geolocation-Routing: yes",
			"m=audio 30002 RTP/AVP 0 8 101", "o=callbox ", "c=IN IP4 127.0.0.1", "multipart/mixed")
		lacks(b, m, "10.1.1.1", "alice", "secret", "spoof", "Privacy", "evil", "X-Secret", "Allow-Events", "Diversion")
		parts, err := body.Split(m.ContentType, m.Body)
		if err != nil {
			t.Fatal(err)
		}
		doc, err := parts.Content(parts.Find(body.PIDF))
		if err != nil {
			t.Fatal(err)
		}
		found, err := location.Parse(doc)
		want := location.Lines{Name: "Ada King", Street: "645 Harrison St", Floor: "2", City: "San Francisco", State: "CA", PostalCode: "94105", Country: "US"}
		if err != nil || len(found) != 1 || found[0].Contact != "tel:+14155550100" || found[0].Civic == nil || found[0].Civic.Lines() != want {
			t.Errorf("location is wrong: %+v, %v", found, err)
		}
		if b.out.From.User != "+14155550100" || b.out.From.Host != "" || b.out.Anonymous {
			t.Errorf("From is %+v, anonymous %v", b.out.From, b.out.Anonymous)
		}
		a.cancels()
	})
}

func TestWhatACentreIsGiven(t *testing.T) {
	for _, tt := range []struct {
		name       string
		deliver    directory.Delivery
		has, lacks []string
		anonymous  bool
	}{
		{"nothing leaves From anonymous", directory.Delivery{}, []string{"Content-Type: application/sdp"},
			[]string{"P-Asserted-Identity", "415555", "Geolocation", "Harrison"}, true},
		{"the number alone", directory.Delivery{Number: true}, []string{"P-Asserted-Identity: <sip:+14155550100@"},
			[]string{"Geolocation", "Harrison"}, false},
		{"the address only by reference where the format has no body part",
			directory.Delivery{Number: true, Address: true, Format: directory.FormatSIP},
			[]string{"P-Asserted-Identity", "Content-Type: application/sdp", "Geolocation: <https://lis.example/1>"},
			[]string{"Harrison", "cid:"}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			play(t, func(w *world) {
				w.plan.Targets[0].Deliver = tt.deliver
				a := w.invite(offerA, header("Geolocation", "<https://lis.example/1>"))
				b := w.b(1)
				has(b, b.out.Message, tt.has...)
				lacks(b, b.out.Message, tt.lacks...)
				if b.out.Anonymous != tt.anonymous {
					t.Errorf("anonymous is %v", b.out.Anonymous)
				}
				a.cancels()
			})
		})
	}
}

func TestConfiguredHeadersPassButNoneThatSpeaksForTheEdge(t *testing.T) {
	o := Options{PassHeaders: []string{"X-Floor", "X-Callbox-Call", "P-Asserted-Identity"}}
	playWith(t, o, func(w *world) {
		a := w.invite(offerA, header("x-floor", "21"), header("X-Callbox-Call", "forged"), header("P-Asserted-Identity", "<sip:forged@x>"))
		b := w.b(1)
		has(b, b.out.Message, "x-floor: 21")
		lacks(b, b.out.Message, "forged")
		a.cancels()
	})
}

func TestAnInviteThatCannotBeUsed(t *testing.T) {
	for _, tt := range []struct {
		name   string
		m      agent.Message
		status int
		wants  []string
	}{
		{"a body of another type", agent.Message{ContentType: "text/plain", Body: []byte("help")}, 415, []string{"Accept: application/sdp", "Warning: 399 callbox"}},
		{"a multipart body of other types", agent.Message{ContentType: "multipart/mixed;boundary=x", Body: []byte("--x\r\nContent-Type: text/plain\r\n\r\nhelp\r\n--x--\r\n")}, 415, nil},
		{"a multipart body without a boundary", agent.Message{ContentType: "multipart/mixed", Body: []byte("x")}, 400, []string{"Warning: 399"}},
		{"a multipart body without boundaries", agent.Message{ContentType: "multipart/mixed;boundary=x", Body: []byte("v=0\r\n")}, 400, []string{`"malformed multipart body: a boundary is missing"`}},
		{"no session description at all", sdpMessage("nonsense"), 400, []string{"Warning: 399", "X-Callbox-Call: CA"}},
		{"a session description without audio", sdpMessage("v=0\r\no=- 1 1 IN IP4 1.1.1.1\r\ns=-\r\nt=0 0\r\nm=video 4000 RTP/AVP 31\r\n"), 488, []string{"Warning: 399"}},
		{"audio we cannot carry", sdpMessage(strings.Replace(offerA, "RTP/AVP", "UDP/TLS/RTP/SAVPF", 1)), 488, []string{"Warning: 399"}},
		{"a session description beyond all bounds", sdpMessage("v=0\r\n" + strings.Repeat("a=x\r\n", 20000)), 488, []string{"Warning: 399"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			play(t, func(w *world) {
				w.inviteWith(tt.m)
				w.refused(tt.status, tt.wants...)
				r := w.ended(call.EndBadRequest)
				if r.SIPStatus != tt.status || len(w.asked) != 0 {
					t.Errorf("record has status %d, decisions %d", r.SIPStatus, len(w.asked))
				}
			})
		})
	}
}

func TestARefusalHasAStatusASentenceAndACode(t *testing.T) {
	play(t, func(w *world) {
		w.plan = routing.Decision{Verdict: routing.VerdictRefuse, Status: 403, Reason: "From is no number of yours", Code: 32204}
		w.invite(offerA)
		w.refused(403, `Warning: 399 callbox "From is no number of yours"`, "X-Callbox-Error: 32204", "X-Callbox-Call: CA")
		r := w.ended(call.EndRefused)
		if r.SIPStatus != 403 || r.SIPReason != "From is no number of yours" || r.ErrorCode != 32204 || r.Verdict != "refuse" {
			t.Errorf("record is wrong: %+v", r)
		}
	})
}

func TestAChallengeNamesTheRealm(t *testing.T) {
	play(t, func(w *world) {
		w.plan = routing.Decision{Verdict: routing.VerdictChallenge, Status: 407, Realm: "lab"}
		w.invite(offerA)
		w.settle()
		if len(w.inv.said) != 1 || w.inv.said[0].what != "challenge lab" {
			t.Fatalf("the INVITE was answered %v", w.inv.said)
		}
		has(w.caller, w.inv.said[0].message, "X-Callbox-Call: CA")
		if r := w.ended(call.EndRefused); r.SIPStatus != 407 {
			t.Errorf("status %d in the record", r.SIPStatus)
		}
	})
}

func TestDecideIsAskedWhatTheInviteSays(t *testing.T) {
	for _, tt := range []struct {
		name     string
		uri, to  agent.Address
		want     routing.Request
		recorded string
	}{
		{"a SIP URI", agent.Address{Scheme: "sip", User: "911", Host: "lab.example"}, agent.Address{Host: "other"},
			routing.Request{Scheme: "sip", User: "911", Host: "lab.example"}, "911"},
		{"a service URN takes the host of To", agent.Address{Scheme: "urn", User: "service:sos.police"}, agent.Address{Host: "lab.example"},
			routing.Request{Scheme: "urn", User: "service:sos.police", Host: "lab.example"}, "urn:service:sos.police"},
		{"else the host of From", agent.Address{Scheme: "tel", User: "911"}, agent.Address{},
			routing.Request{Scheme: "tel", User: "911", Host: "pbx.example"}, "911"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			play(t, func(w *world) {
				w.plan = routing.Decision{Verdict: routing.VerdictRefuse, Status: 404}
				w.caller, w.inv = &peer{w: w, name: "a", uas: true}, &fakeInvite{w: w}
				w.edge.take(&agent.Incoming{
					Source: netip.MustParseAddrPort("[::ffff:10.1.1.1]:5060"), Transport: "tcp", RequestURI: tt.uri, To: tt.to,
					From:    agent.Address{Scheme: "sip", User: "+1", Host: "pbx.example"},
					Message: sdpMessage(offerA).With("Diversion", "<sip:+3@x>").With("P-Asserted-Identity", "<tel:+2>"),
				}, w.inv)
				tt.want.Source, tt.want.Port, tt.want.Transport = netip.MustParseAddr("10.1.1.1"), 5060, "tcp"
				tt.want.From = routing.Identity{Scheme: "sip", User: "+1", Host: "pbx.example"}
				tt.want.Claims = []routing.Claim{
					{Source: directory.SourceAsserted, Identity: routing.Identity{Scheme: "tel", User: "+2"}},
					{Source: directory.SourceDiversion, Identity: routing.Identity{Scheme: "sip", User: "+3", Host: "x"}},
				}
				if got := w.asked[0]; !reflect.DeepEqual(got, tt.want) {
					t.Errorf("asked %+v, want %+v", got, tt.want)
				}
				if got := w.record().Dialled; got != tt.recorded {
					t.Errorf("record says %q was dialled, want %q", got, tt.recorded)
				}
			})
		})
	}
}

func TestTheAdvertisedAddressTakesThePlaceOfTheLocalOneOfItsFamily(t *testing.T) {
	o := Options{Advertise: []netip.Addr{netip.MustParseAddr("203.0.113.7"), netip.MustParseAddr("2001:db8::7")}}
	playWith(t, o, func(w *world) {
		a := w.invite(offerA)
		b := w.b(1)
		has(b, b.out.Message, "c=IN IP4 203.0.113.7")
		b.answers(answerB)
		has(a, a.expect("answer 200").message, "c=IN IP4 203.0.113.7")
		a.byes()
	})
}

func TestNoMediaPorts(t *testing.T) {
	for name, tt := range map[string]struct {
		cause    error
		sentence string
	}{
		"the range is used up":    {errors.New("range is exhausted"), "no media ports are free"},
		"no descriptors are left": {fmt.Errorf("open media session: %w", syscall.EMFILE), "no file descriptors are left for media"},
	} {
		t.Run(name, func(t *testing.T) {
			var told error
			playWith(t, Options{NoMedia: func(err error) { told = err }}, func(w *world) {
				w.noMedia = tt.cause
				a := w.invite(offerA)
				has(a, a.expect("reject 503").message, "Retry-After: 30", tt.sentence)
				w.ended(call.EndNoPorts)
			})
			if !errors.Is(told, tt.cause) {
				t.Errorf("told %v, want %v", told, tt.cause)
			}
		})
	}
}

func TestACallerWithoutOfferGetsTheCentresOffer(t *testing.T) {
	play(t, func(w *world) {
		a := w.invite("")
		b := w.b(1)
		if !b.out.Late {
			t.Error("the centre's INVITE is taken to hold an offer")
		}
		has(b, b.out.Message, "P-Asserted-Identity: <sip:+14155550100@127.0.0.1>", "645", "Geolocation: <cid:location.CA")
		lacks(b, b.out.Message, "application/sdp")
		b.progresses(183, answerB, "")
		lacks(a, a.expect("progress 183").message, "m=audio")
		b.answers(answerB)
		has(a, a.expect("answer 200").message, "m=audio 30000 RTP/AVP 0 101")
		b.silent()
		a.acks(with(offerA, "sendrecv", 4100))
		ack := b.expect("ack")
		has(b, ack.message, "m=audio 30002", "c=IN IP4 127.0.0.1")
		if got := w.media.sides[0].remote.RTP.String(); got != "10.1.1.1:4100" {
			t.Errorf("caller's media goes to %s", got)
		}
		if got := w.media.sides[1].remote.RTP.String(); got != "10.2.2.2:5000" {
			t.Errorf("centre's media goes to %s", got)
		}
		if w.media.hold != "false" {
			t.Error("the media time-out is still suspended")
		}
		b.byes()
		a.expect("bye")
		w.ended(call.EndCalleeHungUp)
	})
}

func TestACallerThatNeverAnswersTheCentresOffer(t *testing.T) {
	for _, tt := range []struct {
		name string
		does func(a *peer)
		want call.EndReason
	}{
		{"its ACK has no body", func(a *peer) { a.acks("") }, call.EndBadRequest},
		{"its ACK has nonsense", func(a *peer) { a.acks("nonsense") }, call.EndBadRequest},
		{"its ACK never comes", func(a *peer) { a.neverAcks() }, call.EndNoAck},
		{"it hangs up", func(a *peer) { a.byes() }, call.EndCallerHungUp},
	} {
		t.Run(tt.name, func(t *testing.T) {
			play(t, func(w *world) {
				a := w.invite("")
				b := w.b(1)
				b.answers(answerB)
				a.expect("answer 200")
				tt.does(a)
				has(b, b.expect("ack").message, "m=audio 30002 RTP/AVP 0", "a=inactive") // RFC 3261 section 13.2.2.4
				b.expect("bye")
				w.ended(tt.want)
			})
		})
	}
}

func TestNoAckEndsBothSides(t *testing.T) {
	play(t, func(w *world) {
		a := w.invite(offerA)
		b := w.b(1)
		b.answers(answerB)
		a.expect("answer 200")
		a.neverAcks()
		has(a, a.expect("bye").message, "Reason: SIP;cause=408")
		has(b, b.expect("bye").message, "Reason: SIP;cause=408")
		w.ended(call.EndNoAck)
	})
}

func TestPostDialDelayIsMeasured(t *testing.T) {
	play(t, func(w *world) {
		w.plan.Targets[0].URI = "sip:psap-sf@psap.example"
		w.routes[w.plan.Targets[0].URI] = make(chan error)
		a := w.invite(offerA)
		w.pass(250 * time.Millisecond)
		w.routes[w.plan.Targets[0].URI] <- nil
		w.b(1)
		a.cancels()
		if got := w.record().PostDialMS; got != 250 {
			t.Errorf("post-dial delay %v ms, want 250", got)
		}
	})
}

func TestNewNamesWhatIsMissing(t *testing.T) {
	if _, err := New(Options{}); err == nil || !strings.Contains(err.Error(), "Agent") {
		t.Errorf("New without an agent: %v", err)
	}
}
