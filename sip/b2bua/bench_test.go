package b2bua

import (
	"net/netip"
	"runtime"
	"testing"
	"unsafe"

	"github.com/rs/zerolog"

	"callbox/sip/agent"
)

// plainLeg is a leg whose far end does what every call does.
type plainLeg struct {
	sink func(event)
	note chan string // what the edge did
}

func (l *plainLeg) CallID() string                                 { return "call" }
func (l *plainLeg) DialogID() (string, string, string)             { return "call", "x", "y" }
func (l *plainLeg) Progress(int, string, agent.Message)            {}
func (l *plainLeg) Answer(agent.Message)                           { l.note <- "up" }
func (l *plainLeg) Reject(int, string, ...agent.Header)            {}
func (l *plainLeg) Ack(agent.Message)                              {}
func (l *plainLeg) Prack(string, agent.Message)                    {}
func (l *plainLeg) Cancel(...agent.Header)                         {}
func (l *plainLeg) Bye(...agent.Header)                            {}
func (l *plainLeg) Send(string, agent.Message) uint32              { return 1 }
func (l *plainLeg) CancelSend(uint32)                              {}
func (l *plainLeg) emit(ev event)                                  { ev.leg = l; l.sink(ev) }
func (l *plainLeg) accept(sink func(event), _ ...agent.Header) leg { l.sink = sink; return l }
func (l *plainLeg) Refuse(int, string, ...agent.Header)            {}
func (l *plainLeg) Challenge(string, ...agent.Header)              {}
func (l *plainLeg) dial(_ agent.Outgoing, sink func(event)) leg {
	l.sink = sink
	l.note <- "dialled"
	return l
}

// plainDialer gives the legs of one call after the other.
type plainDialer struct {
	*world
	b *plainLeg
}

func (d plainDialer) dial(o agent.Outgoing, sink func(event)) leg { return d.b.dial(o, sink) }

// plainCall carries one call until it is up and returns both legs.
func plainCall(e *Edge, a, b *plainLeg, done chan struct{}) {
	in := &agent.Incoming{
		Source: netip.MustParseAddrPort("10.1.1.1:5060"), Local: netip.MustParseAddrPort("127.0.0.1:5060"), Transport: "udp",
		RequestURI: agent.Address{Scheme: "sip", User: "911", Host: "lab"}, From: agent.Address{User: "+14155550100"},
		Message: sdpMessage(offerA),
	}
	go func() { e.take(in, a); done <- struct{}{} }()
	<-b.note
	b.emit(event{kind: agent.KindProgress, status: 180})
	b.emit(event{kind: agent.KindAnswered, status: 200, message: sdpMessage(answerB)})
	<-a.note
	a.emit(event{kind: agent.KindAcked})
}

func plainEdge(w *world) (*Edge, *plainLeg, *plainLeg) {
	a, b := &plainLeg{note: make(chan string, 4)}, &plainLeg{note: make(chan string, 4)}
	e := newEdge(Options{Decider: w, Logger: zerolog.Nop()}, plainDialer{w, b}, w)
	w.asked = nil
	return e, a, b
}

// BenchmarkCall is what the state machine itself costs in a complete call, SIP and media left out.
func BenchmarkCall(b *testing.B) {
	w := &world{plan: emergency("psap-sf", "ecc-us")}
	e, la, lb := plainEdge(w)
	done := make(chan struct{})
	b.ReportAllocs()
	for b.Loop() {
		plainCall(e, la, lb, done)
		la.emit(event{kind: agent.KindBye})
		<-done
		w.asked = w.asked[:0]
	}
}

// TestACallThatIsUpIsSmall holds the memory of a call in mid-talk, its goroutine included, media and SIP left out.
func TestACallThatIsUpIsSmall(t *testing.T) {
	const calls, limit = 500, 20 << 10
	w := &world{plan: emergency("psap-sf", "ecc-us")}
	e, la, lb := plainEdge(w)
	done := make(chan struct{}, calls)
	sinks := make([]func(event), 0, calls)
	before := inUse()
	for range calls {
		plainCall(e, la, lb, done)
		sinks = append(sinks, la.sink)
	}
	if each := (inUse() - before) / calls; each > limit {
		t.Errorf("a call holds %d bytes, want at most %d", each, limit)
	} else {
		t.Logf("a call holds %d bytes, %d of them its state", each, unsafe.Sizeof(bridge{}))
	}
	for _, sink := range sinks {
		sink(event{kind: agent.KindBye, leg: la})
		<-done
	}
}

func inUse() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapInuse + m.StackInuse
}
