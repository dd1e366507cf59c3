package agent

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"
)

// routeBack is the route to a phone that registered.
func routeBack(t *testing.T, a *Agent, r *Registration) Route {
	t.Helper()
	back, err := a.RouteBack(r.Contacts[0].URI, r.Transport, r.Source, r.Local, r.Path)
	if err != nil {
		t.Fatal(err)
	}
	return back
}

func TestACallReachesAPhoneBehindANAT(t *testing.T) {
	t.Parallel()
	got := make(chan *Registration, 1)
	a := newRegistrar(t, func(r *Registration) { got <- r; r.Accept(nil) },
		Listener{Network: "udp", Address: "127.0.0.1:0"}, Listener{Network: "udp", Address: "127.0.0.1:0"})
	p := newRawPeer(t, a)
	p.to = net.UDPAddrFromAddrPort(a.bound[1].bound) // not the first one
	p.send(p.register(newBranch(), 1, "Contact: <sip:alice@10.7.7.7:5099;ob?Subject=x>"))
	r := <-got
	p.recvUntil("SIP/2.0 200")
	s := newSide(t, "edge")
	l := a.Dial(Outgoing{Route: routeBack(t, a, r), From: Address{User: "psap"}, Message: offer}, s.sink)
	invite := p.recvUntil("INVITE sip:alice@10.7.7.7:5099;ob SIP/2.0")
	if from := p.to.(*net.UDPAddr).AddrPort(); from != a.bound[1].bound {
		t.Errorf("it comes from %s, the phone registered at %s", from, a.bound[1].bound)
	}
	p.send(answer(invite, "200 OK", "Contact: <sip:alice@10.7.7.7:5099;ob>"))
	s.expect(KindAnswered)
	p.recvUntil("ACK sip:alice@10.7.7.7:5099;ob ")
	l.Bye()
	p.send(answer(p.recvUntil("BYE sip:alice@10.7.7.7:5099;ob "), "200 OK"))
	s.expect(KindGone)

	if err := a.Ping(routeBack(t, a, r)); err != nil {
		t.Error(err)
	}
	if ping := p.recv(); ping != "\r\n\r\n" {
		t.Errorf("a keepalive is %q", ping)
	}
	ctx, cancel := context.WithTimeout(t.Context(), wait)
	defer cancel()
	go func() {
		p.send(answer(p.recvUntil("OPTIONS sip:alice@10.7.7.7:5099;ob SIP/2.0"), "405 Method Not Allowed"))
	}()
	if status, err := a.Probe(ctx, routeBack(t, a, r)); err != nil || status != 405 {
		t.Errorf("the phone answers %d, %v", status, err)
	}
	if !a.Owns("udp", r.Local) || a.Owns("tcp", r.Local) || a.Owns("udp", netip.MustParseAddrPort("127.0.0.1:1")) {
		t.Error("whose phone it is cannot be told")
	}
}

func TestACallReachesAPhoneThroughItsPath(t *testing.T) {
	t.Parallel()
	got := make(chan *Registration, 1)
	a := newRegistrar(t, func(r *Registration) { got <- r; r.Accept(nil) })
	p := newRawPeer(t, a)
	p.send(p.register(newBranch(), 1, "Contact: <sip:alice@10.7.7.7>", "Path: <sip:"+p.addr()+";lr>"))
	r := <-got
	p.recvUntil("SIP/2.0 200")
	s := newSide(t, "edge")
	a.Dial(Outgoing{Route: routeBack(t, a, r), Message: offer}, s.sink)
	invite := p.recvUntil("INVITE sip:alice@10.7.7.7 SIP/2.0")
	if header(invite, "Route") != "<sip:"+p.addr()+";lr>" {
		t.Errorf("without the way:\n%s", invite)
	}
	p.send(answer(invite, "486 Busy Here"))
	s.expect(KindFailed)
}

func TestAMessageReachesAPhoneThroughItsPath(t *testing.T) {
	t.Parallel()
	got := make(chan *Registration, 1)
	a := newRegistrar(t, func(r *Registration) { got <- r; r.Accept(nil) })
	p := newRawPeer(t, a)
	p.send(p.register(newBranch(), 1, "Contact: <sip:alice@10.7.7.7>", "Path: <sip:flow7@"+p.addr()+";lr>"))
	r := <-got
	p.recvUntil("SIP/2.0 200")
	done := make(chan Reply, 1)
	go func() {
		reply, _ := a.Request(t.Context(), "MESSAGE", Outgoing{Route: routeBack(t, a, r)})
		done <- reply
	}()
	req := p.recvUntil("MESSAGE sip:alice@10.7.7.7 SIP/2.0")
	if header(req, "Route") != "<sip:flow7@"+p.addr()+";lr>" {
		t.Errorf("without the way:\n%s", req)
	}
	p.send(answerTo(req, "200 OK"))
	if reply := <-done; reply.Status != 200 {
		t.Errorf("answered %+v", reply)
	}
}

func TestACallReachesAPhoneByItsConnection(t *testing.T) {
	t.Parallel()
	got := make(chan *Registration, 1)
	a := newRegistrar(t, func(r *Registration) { got <- r; r.Accept([]Contact{{URI: r.Contacts[0].URI, Q: 1000, Expires: 60}}) },
		Listener{Network: "tcp", Address: "127.0.0.1:0"})
	c := dialRaw(t, a)
	c.send(strings.Replace(newRawPeer(t, a).register(newBranch(), 1, "Contact: <sip:alice@10.7.7.7:5099;transport=tcp>"), "SIP/2.0/UDP", "SIP/2.0/TCP", 1))
	r := <-got
	c.recv("SIP/2.0 200")
	e := newSide(t, "edge")
	a.Dial(Outgoing{Route: routeBack(t, a, r), Message: offer}, e.sink)
	invite := c.recv("INVITE sip:alice@10.7.7.7:5099;transport=tcp SIP/2.0")
	c.send(answer(invite, "486 Busy Here"))
	e.expect(KindFailed)
	if !a.Reaches("tcp", r.Source, r.Local) {
		t.Error("a phone that is connected is not reached")
	}
	c.Close()
	for a.Reaches("tcp", r.Source, r.Local) && a.pause(time.Millisecond) {
	}
	a.Dial(Outgoing{Route: routeBack(t, a, r), Message: offer}, e.sink)
	if failed := e.expect(KindFailed); failed.Status != 503 || !strings.Contains(failed.Cause, "closed") {
		t.Errorf("without its connection: %+v", failed)
	}
}

func TestAContactThatCannotBeCalledIsNoRoute(t *testing.T) {
	t.Parallel()
	a := newTestAgent(t, nil)
	there := netip.MustParseAddrPort("127.0.0.1:5060")
	for _, uri := range []string{"", "tel:+14155550100", "sip:", "sip:a b@h"} {
		if _, err := a.RouteBack(uri, "udp", there, there, nil); err == nil {
			t.Errorf("%q is a route", uri)
		}
	}
	if _, err := a.RouteBack("sip:a@h", "udp", netip.AddrPort{}, there, nil); err == nil {
		t.Error("nowhere is a route")
	}
	if _, err := a.RouteBack("sip:a@h", "udp", there, there, []string{"<"}); err == nil {
		t.Error("a Path that cannot be read is one")
	}
}

// A phone behind a NAT may say nothing until it registers again; its connection is the only way to it.
func TestTheConnectionOfARegisteredPhoneStays(t *testing.T) {
	t.Parallel()
	stays := make(chan bool, 2)
	for _, expires := range []int{60, 0} {
		a, err := New(Options{
			Listeners: []Listener{tcpLoopback}, OnInvite: func(in *Incoming) {}, Logger: zerolog.Nop(),
			OnRegister: func(r *Registration) { r.Accept([]Contact{{URI: r.Contacts[0].URI, Q: 1000, Expires: expires}}) },
		})
		if err != nil {
			t.Fatal(err)
		}
		a.patience.idle = 20 * time.Millisecond
		if err := a.Start(); err != nil {
			t.Fatal(err)
		}
		defer a.Close()
		c := dialRaw(t, a)
		c.send(strings.Replace(newRawPeer(t, a).register(newBranch(), 1, "Contact: <sip:a@10.7.7.7;transport=tcp>"), "SIP/2.0/UDP", "SIP/2.0/TCP", 1))
		c.recv("SIP/2.0 200")
		c.SetReadDeadline(time.Now().Add(15 * a.patience.idle))
		_, err = c.r.ReadByte()
		stays <- errors.Is(err, os.ErrDeadlineExceeded)
	}
	if !<-stays {
		t.Error("the connection of a registered phone was closed")
	}
	if <-stays {
		t.Error("that of a phone that has left was not")
	}
}
