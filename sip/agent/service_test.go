package agent

import (
	"context"
	"strings"
	"testing"
)

// reply writes an answer of the raw peer to a request.
func reply(request, status, extra string) string {
	m := "SIP/2.0 " + status + "\r\n"
	for _, name := range []string{"Via", "From", "To", "Call-ID", "CSeq"} {
		value := header(request, name)
		if name == "To" && !strings.HasPrefix(status, "100") && !strings.Contains(value, ";tag=") {
			value += ";tag=centre"
		}
		m += name + ": " + value + "\r\n"
	}
	return m + extra + "Content-Length: 0\r\n\r\n"
}

func service(t *testing.T, a *Agent, p *rawPeer, o Outgoing, sink Sink) *Leg {
	t.Helper()
	r, err := a.Route(context.Background(), "sip:centre@"+p.addr())
	if err != nil {
		t.Fatal(err)
	}
	o.Route, o.Service, o.To = r, "urn:service:sos.police", Address{Scheme: "urn", User: "service:sos"}
	o.From = Address{User: "+14155550100"}
	return a.Dial(o, sink)
}

func wantLines(t *testing.T, message, first string, lines ...string) {
	t.Helper()
	if !strings.HasPrefix(message, first+"\r\n") {
		t.Errorf("the first line is not %q:\n%s", first, message)
	}
	for _, l := range lines {
		if !strings.Contains(message, "\r\n"+l+"\r\n") {
			t.Errorf("no line %q in\n%s", l, message)
		}
	}
}

func TestAnINVITEForAServiceGoesByItsRoute(t *testing.T) {
	t.Parallel()
	a := newTestAgent(t, nil)
	p, s := newRawPeer(t, nil), newSide(t, "edge")
	leg := service(t, a, p, Outgoing{Message: offer, Username: "edge", Password: "Callbox-lab-911"}, s.sink)
	route := "Route: <sip:centre@" + p.addr() + ";lr>"
	invite := p.recv()
	wantLines(t, invite, "INVITE urn:service:sos.police SIP/2.0", route, "To: <urn:service:sos>")

	p.send(reply(invite, "401 Unauthorized", `WWW-Authenticate: Digest realm="esinet", nonce="n", algorithm=MD5`+"\r\n"))
	ack := p.recvUntil("ACK ")
	wantLines(t, ack, "ACK urn:service:sos.police SIP/2.0", route)
	invite = p.recvUntil("INVITE ")
	wantLines(t, invite, "INVITE urn:service:sos.police SIP/2.0", route)
	if !strings.Contains(header(invite, "Authorization"), `uri="urn:service:sos.police"`) {
		t.Errorf("the proof is %q", header(invite, "Authorization"))
	}
	p.send(reply(invite, "180 Ringing", ""))
	s.expect(KindProgress)

	p.send(reply(invite, "200 OK", "Contact: <sip:desk@"+p.addr()+">\r\nRecord-Route: <sip:"+p.addr()+";lr>\r\n"))
	wantLines(t, p.recvUntil("ACK "), "ACK sip:desk@"+p.addr()+" SIP/2.0", "Route: <sip:"+p.addr()+";lr>")
	s.expect(KindAnswered)
	leg.Bye()
	bye := p.recvUntil("BYE ")
	wantLines(t, bye, "BYE sip:desk@"+p.addr()+" SIP/2.0", "Route: <sip:"+p.addr()+";lr>")
	p.send(reply(bye, "200 OK", ""))
	s.expect(KindGone)
}

func TestACANCELForAServiceGoesByItsRoute(t *testing.T) {
	t.Parallel()
	a := newTestAgent(t, nil)
	p, s := newRawPeer(t, nil), newSide(t, "edge")
	leg := service(t, a, p, Outgoing{Message: offer}, s.sink)
	invite := p.recv()
	p.send(reply(invite, "180 Ringing", ""))
	s.expect(KindProgress)
	leg.Cancel()
	cancel := p.recvUntil("CANCEL ")
	route := "Route: <sip:centre@" + p.addr() + ";lr>"
	wantLines(t, cancel, "CANCEL urn:service:sos.police SIP/2.0", route)
	p.send(reply(cancel, "200 OK", ""))
	p.send(reply(invite, "487 Request Terminated", ""))
	wantLines(t, p.recvUntil("ACK "), "ACK urn:service:sos.police SIP/2.0", route)
	s.expect(KindFailed)
}

func TestWhoNamesNoContactIsAskedWhereItsINVITEWent(t *testing.T) {
	t.Parallel()
	a := newTestAgent(t, nil)
	p, s := newRawPeer(t, nil), newSide(t, "edge")
	leg := service(t, a, p, Outgoing{Message: offer}, s.sink)
	p.send(reply(p.recv(), "200 OK", ""))
	s.expect(KindAnswered)
	leg.Bye()
	bye := p.recvUntil("BYE ")
	wantLines(t, bye, "BYE sip:centre@"+p.addr()+";lr SIP/2.0")
	p.send(reply(bye, "200 OK", ""))
	s.expect(KindGone)
}

func TestABodyWithoutAnOfferLeavesTheACKToTheOwner(t *testing.T) {
	t.Parallel()
	var incoming *Incoming
	came := make(chan struct{})
	callee := newSide(t, "callee")
	b := newTestAgent(t, func(in *Incoming) {
		incoming = in
		close(came)
		in.Accept(callee.sink).Answer(offer)
	})
	a, s := newTestAgent(t, nil), newSide(t, "caller")
	r, err := a.Route(context.Background(), b.uri("centre"))
	if err != nil {
		t.Fatal(err)
	}
	where := Message{ContentType: "application/pidf+xml", Body: []byte("<presence/>")}
	leg := a.Dial(Outgoing{Route: r, Service: "urn:service:sos", Message: where, Late: true}, s.sink)
	<-came
	if incoming.Route.User != "centre" || incoming.RequestURI.User != "service:sos" {
		t.Errorf("it came for %+v by %+v", incoming.RequestURI, incoming.Route)
	}
	if string(s.expect(KindAnswered).Message.Body) != string(offer.Body) {
		t.Error("the offer did not come")
	}
	callee.quiet(wait / 300)
	leg.Ack(offer)
	if e := callee.expect(KindAcked); string(e.Message.Body) != string(offer.Body) {
		t.Errorf("the ACK holds %q", e.Message.Body)
	}
	leg.Bye()
	s.expect(KindGone)
	callee.expect(KindBye)
}
