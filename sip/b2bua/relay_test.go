package b2bua

import (
	"testing"

	"callbox/sip/agent"
	"callbox/sip/call"
)

func TestTransferIsRefused(t *testing.T) {
	play(t, func(w *world) {
		w.edge.o.Transfers = nil
		a, b := w.up()
		has(a, a.asks("REFER", "", header("Refer-To", "<sip:x@y>")).got(403), "a caller cannot transfer an emergency call")
		has(b, b.asks("REFER", "", header("Refer-To", "<sip:x@y>")).got(603), "Warning: 399 callbox")
		a.byes()
	})
	play(t, func(w *world) {
		w.plan = testCall()
		a, _ := w.up()
		a.asks("REFER", "", header("Refer-To", "<sip:x@y>")).got(603)
		a.byes()
	})
}

func TestRequestsThatArePassedOn(t *testing.T) {
	both(t, func(w *world, p, other *peer, _, _ int) {
		dtmf := agent.Message{
			ContentType: "application/dtmf-relay", Body: []byte("Signal=5\r\nDuration=160\r\n"),
			Headers: []agent.Header{header("Info-Package", "dtmf"), header("User-Agent", "pbx"), header("P-Access-Network-Info", "x")},
		}
		q := p.asksWith("INFO", dtmf)
		passed := other.expect("send INFO")
		has(other, passed.message, "Signal=5", "application/dtmf-relay", "Info-Package: dtmf")
		lacks(other, passed.message, "pbx", "P-Access")
		second := p.asksWith("INFO", dtmf) // before the first is answered
		passed2 := other.expect("send INFO")
		other.responds(passed2, 200, "")
		second.got(200)
		other.responds(passed, 469, "")
		q.got(469)
		q = p.asksWith("MESSAGE", agent.Message{ContentType: "text/plain", Body: []byte("help")})
		passed = other.expect("send MESSAGE")
		has(other, passed.message, "text/plain", "help")
		other.responds(passed, 202, "")
		q.got(202)
		if w.heard(call.EventInfo) != 2 {
			w.t.Errorf("%d INFO events", w.heard(call.EventInfo))
		}
		p.byes()
	})
}

func TestAFloodOfInfoIsBounded(t *testing.T) {
	both(t, func(_ *world, p, other *peer, _, _ int) {
		for range relayLimit {
			p.asks("INFO", "x")
			other.expect("send INFO")
		}
		has(p, p.asks("INFO", "x").got(500), "Retry-After: 1")
		other.silent()
		p.byes()
	})
}

func TestAnInfoThatGotLostDoesNotCutTheCallOff(t *testing.T) {
	both(t, func(w *world, p, other *peer, _, _ int) {
		q := p.asks("INFO", "x")
		other.responds(other.expect("send INFO"), 408, "")
		q.got(408)
		p.silent()
		q = p.asks("INFO", "x")
		other.responds(other.expect("send INFO"), 481, "")
		q.got(481)
		p.expect("bye")
		w.ended(call.EndLegLost)
	})
}

func TestRequestsBeforeTheAnswer(t *testing.T) {
	play(t, func(w *world) {
		a := w.invite(offerA)
		w.b(1).rings()
		has(a, a.asks("UPDATE", offerA).got(500), "Retry-After: ")
		a.asks("INFO", "x").got(500)
		w.b(1).asks("INFO", "x").got(500)
		a.cancels()
	})
}
