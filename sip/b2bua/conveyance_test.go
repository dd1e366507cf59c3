package b2bua

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"callbox/routing"
	"callbox/routing/directory"
	"callbox/sip/agent"
	"callbox/sip/body"
	"callbox/sip/call"
	"callbox/sip/location"
)

const (
	kindOdd   = `Multipart/Mixed ; boundary="caller boundary=1"; x=y`
	partsHead = "to whom it may concern\r\n--caller boundary=1\r\nContent-Type: application/sdp \r\nX-Of-The-Caller:a,b\r\n\r\n"
	partsTail = "\r\n--caller boundary=1 \r\nContent-ID: <home@pbx>\r\ncontent-type: application/pidf+xml\r\n\r\n" +
		"<presence  xmlns='urn:ietf:params:xml:ns:pidf'\tentity=\"x\"/>\r\n\r\n--caller boundary=1\r\n\r\n\x00\xfe binary\n" +
		"--caller boundary=1\r\nContent-Type: multipart/alternative;boundary=z\r\n\r\n--z\r\n\r\na\r\n--z--\r\n--caller boundary=1--\r\nthe end"
)

// geo are header fields of a caller that knows where it is.
func geo() []agent.Header {
	return []agent.Header{
		header("Geolocation", "<cid:home@pbx> ;inserted-by=\"pbx,1\"  ,<cid:gone@pbx>, <https://lis.example/1>"),
		header("Geolocation", "<sip:ada@lis.example>"), header("Geolocation-Routing", "no"), header("Geolocation-Routing", "yes"),
		header("Call-Info", "<https://p.example/a.png>;purpose=icon"),
		header("Call-Info", "<urn:emergency:uid:callid:forged123456:evil>;purpose=emergency-CallId"),
		header("Accept-Contact", "*;audio;require"), header("MIME-Version", "1.0"), header("Content-Language", "en"),
	}
}

// located takes the caller's INVITE with parts, and geo beside more.
func (w *world) located(more ...agent.Header) *peer {
	return w.inviteWith(agent.Message{ContentType: kindOdd, Body: []byte(partsHead + offerA + partsTail), Headers: append(geo(), more...)})
}

// aroundSDP cuts the description of ours out of a body, which must be there once.
func aroundSDP(t testing.TB, p *peer) (before, after string) {
	t.Helper()
	text := string(p.out.Message.Body)
	i, j := strings.Index(text, "v=0\r\no=callbox"), strings.LastIndex(text, "a=sendrecv\r\n")
	if i < 0 || j < i || strings.Count(text, "v=0") != 1 {
		t.Fatalf("not one description of ours in\n%q", text)
	}
	return text[:i], text[j+len("a=sendrecv\r\n"):]
}

// fields are the values of a header field.
func fields(m agent.Message, name string) (all []string) {
	for _, h := range m.Headers {
		if is(h.Name, name) {
			all = append(all, h.Value)
		}
	}
	return all
}

func wantFields(t testing.TB, m agent.Message, name string, want ...string) {
	t.Helper()
	if got := fields(m, name); fmt.Sprintf("%q", got) != fmt.Sprintf("%q", want) {
		t.Errorf("%s is\n%q, want\n%q", name, got, want)
	}
}

// ownPart is a location of ours within the caller's body.
const ownPart = "\r\n--caller boundary=1\r\nContent-Type: application/pidf+xml\r\nContent-ID: <location.CA"

func TestThePartsOfTheCallerComeToEveryCentreByteForByte(t *testing.T) {
	play(t, func(w *world) {
		w.plan.Place.By = routing.PlaceValue
		a := w.located()
		wants := func(b *peer, whole bool) {
			t.Helper()
			before, after := aroundSDP(t, b)
			m := b.out.Message
			if m.ContentType != kindOdd || before != partsHead || whole && after != partsTail {
				t.Errorf("to %s: %q\n%q\n%q", b.name, m.ContentType, before, after)
			}
			g := geo()
			wantFields(t, m, "Geolocation", g[0].Value, g[1].Value)
			wantFields(t, m, "Geolocation-Routing", "no")
			wantFields(t, m, "Call-Info", "<https://p.example/a.png>;purpose=icon")
			wantFields(t, m, "Accept-Contact", "*;audio;require")
			wantFields(t, m, "MIME-Version", "1.0")
			wantFields(t, m, "Content-Language", "en")
		}
		wants(w.b(1), true)
		w.b(1).fails(503)
		wants(w.b(2), true) // the next centre, the ECC, and one that it is transferred to
		w.b(2).fails(486)
		b := w.b(3)
		wants(b, true)
		b.answers(answerB)
		a.expect("answer 200")
		a.acks("")
		b.refers(referSF)
		wants(w.b(4), true)
		a.byes()
	})
}

func TestAPlaceOfOursComesAfterTheCallersOwn(t *testing.T) {
	play(t, func(w *world) {
		w.plan.Place = routing.Place{By: routing.PlaceAddress, Address: w.plan.Caller.Address}
		a := w.located()
		b := w.b(1)
		before, after := aroundSDP(t, b)
		tail := "\r\n--caller boundary=1--\r\nthe end"
		if b.out.Message.ContentType != kindOdd || before != partsHead || !strings.HasPrefix(after, strings.TrimSuffix(partsTail, tail)+ownPart) ||
			!strings.HasSuffix(after, "</presence>\n"+tail) || !strings.Contains(after, "<ca:HNO>645</ca:HNO>") {
			t.Errorf("%q\n%q", before, after)
		}
		g := geo()
		wantFields(t, b.out.Message, "Geolocation", g[0].Value, g[1].Value, "<cid:location."+string(w.callID())+"@callbox.invalid>")
		a.cancels()
	})
}

func (w *world) callID() call.ID {
	for _, c := range w.edge.all() {
		return c.rec.ID
	}
	return ""
}

func TestWhoGetsNoneOfTheCallersLocation(t *testing.T) {
	for _, tt := range []struct {
		name    string
		deliver directory.Delivery
		values  []string
	}{
		{"basic 911", directory.Delivery{}, nil},
		{"the number alone", directory.Delivery{Number: true}, nil},
		{"by reference where the format has no parts", directory.Delivery{Number: true, Address: true, Format: directory.FormatSIP},
			[]string{"<https://lis.example/1>", "<sip:ada@lis.example>"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			play(t, func(w *world) {
				w.plan.Targets[0].Deliver = tt.deliver
				a := w.located(header("Resource-Priority", "esnet.0"))
				b := w.b(1)
				m := b.out.Message
				if m.ContentType != typeSDP {
					t.Errorf("the body is %s", m.ContentType)
				}
				wantFields(t, m, "Geolocation", tt.values...)
				wantFields(t, m, "MIME-Version")
				wantFields(t, m, "Resource-Priority", "esnet.0")
				lacks(b, m, "cid:", "pidf", "presence", "Harrison", "Content-Language", "forged")
				if tt.values == nil {
					lacks(b, m, "Geolocation", "Call-Info", "Accept-Contact")
				}
				a.cancels()
			})
		})
	}
}

func TestALocationWithoutAnOfferGoesAlong(t *testing.T) {
	play(t, func(w *world) {
		w.plan.Place.By = routing.PlaceValue
		pidf := "<presence xmlns='urn:ietf:params:xml:ns:pidf'/>"
		a := w.inviteWith(agent.Message{
			ContentType: "application/pidf+xml;charset=UTF-8", Body: []byte(pidf),
			Headers: []agent.Header{header("Geolocation", "<cid:a@b>"), header("Content-ID", "<a@b>")},
		})
		b := w.b(1)
		if m := b.out.Message; string(m.Body) != pidf || m.ContentType != "application/pidf+xml;charset=UTF-8" || !b.out.Late {
			t.Errorf("%s\n%q, late %v", m.ContentType, m.Body, b.out.Late)
		}
		wantFields(t, b.out.Message, "Content-ID", "<a@b>")
		b.answers(answerB)
		has(a, a.expect("answer 200").message, "m=audio 30000")
		a.acks(offerA)
		has(b, b.expect("ack").message, "m=audio 30002")
		b.refers(referSF) // with an offer: what the caller's INVITE held stands beside it
		next := w.b(2)
		has(next, next.out.Message, "Content-Type: application/sdp\r\n\r\nv=0", "Content-Type: application/pidf+xml;charset=UTF-8\r\nContent-ID: <a@b>\r\n\r\n"+pidf,
			"Geolocation: <cid:a@b>", "multipart/mixed")
		a.byes()
	})
}

func TestABodyThatCannotBeReadFailsNoCall(t *testing.T) {
	sdp := "Content-Type: application/sdp\r\n\r\n" + offerA
	many := "--b\r\n" + sdp + strings.Repeat("\r\n--b\r\n\r\nx", body.MaxParts) + "\r\n--b--"
	rows := []struct {
		name, kind, raw string
		whole           bool // the caller's parts go along
	}{
		{"a location that is no XML", "multipart/mixed;boundary=b", "--b\r\n" + sdp + "\r\n--b\r\nContent-Type: application/pidf+xml\r\nContent-ID: <home@pbx>\r\n\r\n<!DOCTYPE x [<!ENTITY y SYSTEM 'file:///etc/passwd'>]>\r\n--b--", true},
		{"two parts of one ID", "multipart/mixed;boundary=b", "--b\r\n" + sdp + "\r\n--b\r\nContent-ID: <home@pbx>\r\n\r\na\r\n--b\r\nContent-ID: <home@pbx>\r\n\r\nb\r\n--b--", true},
		{"no end", "multipart/mixed;boundary=b", "--b\r\nContent-Type: application/pidf+xml\r\n\r\n<p/>\r\n--b\r\n" + sdp, true},
		{"too many parts", "multipart/mixed;boundary=b", many, false},
	}
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			play(t, func(w *world) {
				w.plan.Place.By = routing.PlaceValue
				a := w.inviteWith(agent.Message{ContentType: r.kind, Body: []byte(r.raw), Headers: geo()})
				b := w.b(1)
				before, after := aroundSDP(t, b)
				i := strings.Index(r.raw, offerA)
				if whole := before == r.raw[:i] && after == r.raw[i+len(offerA):]; whole != r.whole {
					t.Errorf("%q\n%q", before, after)
				}
				if values := fields(b.out.Message, "Geolocation"); !r.whole && strings.Contains(strings.Join(values, ""), "cid:") {
					t.Errorf("a part that does not go along is named: %q", values)
				}
				b.answers(answerB)
				a.expect("answer 200")
				a.acks("")
				a.byes()
			})
		})
	}
}

func TestWhatIsKeptOfALargeBodyIsBounded(t *testing.T) {
	play(t, func(w *world) {
		w.plan.Place.By = routing.PlaceValue
		a := w.inviteWith(agent.Message{ContentType: kindOdd, Headers: geo(),
			Body: []byte(partsHead + offerA + strings.Replace(partsTail, "binary", strings.Repeat("x", maxKept), 1))})
		b := w.b(1)
		b.answers(answerB)
		a.expect("answer 200")
		a.acks("")
		b.refers(referSF)
		next := w.b(2)
		if next.out.Message.ContentType != typeSDP {
			t.Errorf("the target's INVITE is %s", next.out.Message.ContentType)
		}
		wantFields(t, next.out.Message, "Geolocation", "<https://lis.example/1>", "<sip:ada@lis.example>")
		a.byes()
	})
}

func TestAPlaceThatIsAPointIsDeliveredAsOne(t *testing.T) {
	play(t, func(w *world) {
		w.plan.Caller.Callback = "+19195551111"
		w.plan.Place = routing.Place{By: routing.PlaceHook, Point: &location.Point{Lat: 35.7, Lon: -78.6}, Uncertainty: 50}
		a := w.invite(offerA)
		b := w.b(1)
		has(b, b.out.Message, "<gs:Circle", "35.7", "-78.6", "<gs:radius", "50", "<contact>tel:+19195551111</contact>",
			"P-Asserted-Identity: <sip:+19195551111@127.0.0.1>")
		lacks(b, b.out.Message, "Harrison")
		if b.out.From.User != "+19195551111" {
			t.Errorf("From is %+v", b.out.From)
		}
		a.cancels()
	})
}

func TestACallThatIsUpKeepsWhatACentreMayStillGet(t *testing.T) {
	pass := func(name string) bool { return is(name, "Subject") }
	p := particulars{headers: []agent.Header{
		header("Supported", "timer, 100rel"), header("Subject", "fire"), header("X-Other", "1"), header("Geolocation", "<geo:1,2>"),
	}}
	if got := p.kept(pass).headers; !slices.Equal(got, []agent.Header{header("Subject", "fire"), header("Geolocation", "<geo:1,2>")}) {
		t.Errorf("it keeps %q", got)
	}
	p.headers = []agent.Header{header("Supported", "timer, geolocation-http"), header("Supported", "geolocation-sip")}
	if got := p.kept(pass).locationTags(); !slices.Equal(got, []string{"geolocation-http", "geolocation-sip"}) {
		t.Errorf("it keeps %q", got)
	}
}
