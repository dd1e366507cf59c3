package b2bua

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"callbox/routing"
	"callbox/routing/directory"
	"callbox/sip/agent"
	"callbox/sip/call"
	"callbox/sip/media"
)

// The harness plays everything around one edge: a caller, call centres, media and registry, in fake time. A test is a
// script: what a peer does, and what the edge must have said to whom by then.

const (
	offerA  = "v=0\r\no=alice 1 1 IN IP4 10.1.1.1\r\ns=secret\r\nc=IN IP4 10.1.1.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0 8 101\r\na=rtpmap:101 telephone-event/8000\r\na=sendrecv\r\n"
	answerB = "v=0\r\no=bob 7 7 IN IP4 10.2.2.2\r\ns=-\r\nc=IN IP4 10.2.2.2\r\nt=0 0\r\nm=audio 5000 RTP/AVP 0 101\r\na=rtpmap:101 telephone-event/8000\r\na=sendrecv\r\n"
)

// with returns a description with direction and port changed.
func with(description, direction string, port int) string {
	s := strings.Replace(description, "a=sendrecv", "a="+direction, 1)
	s = strings.Replace(s, "m=audio 4000", fmt.Sprintf("m=audio %d", port), 1)
	return strings.Replace(s, "m=audio 5000", fmt.Sprintf("m=audio %d", port), 1)
}

type world struct {
	t      testing.TB
	edge   *Edge
	mu     sync.Mutex
	plan   routing.Decision
	asked  []routing.Request
	decide func(routing.Request) routing.Decision
	routes map[string]chan error // URIs whose look-up waits

	questions int                // that decisions have before they can be made
	replies   chan routing.Reply // to them
	caller    *peer
	inv       *fakeInvite
	dialled   []*peer
	media     *fakeMedia
	noMedia   error
	registry  *fakeRegistry
	records   []call.Record
	events    []call.Event
	running   sync.WaitGroup
}

// play runs a script in a bubble of fake time and checks afterwards what must hold for every call.
func play(t *testing.T, script func(w *world)) { playWith(t, Options{}, script) }

func playWith(t *testing.T, o Options, script func(w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, o)
		script(w)
		w.settle()
		w.running.Wait()
		w.checkInvariants()
	})
}

func newWorld(t testing.TB, o Options) *world {
	w := &world{t: t, registry: &fakeRegistry{out: map[string]bool{}, full: map[string]bool{}}, routes: map[string]chan error{}, replies: make(chan routing.Reply)}
	w.plan = emergency("psap-sf", "psap-oak", "ecc-us")
	o.Decider, o.Registry, o.Recorder, o.Observer, o.Logger = w, w.registry, w, w, zerolog.Nop()
	o.Transfers = w
	if o.Asker == nil {
		o.Asker = w
	}
	w.edge = newEdge(o, w, w)
	return w
}

func homeAddress() *directory.Address {
	a, err := directory.MakeAddress(directory.AddressRecord{Civic: directory.Civic{
		Customer: "Ada King", Street: "645 Harrison St", Secondary: "Fl 2", City: "San Francisco", State: "CA",
		PostalCode: "94105", Country: "US",
	}})
	if err != nil {
		panic(err)
	}
	return a
}

// emergency is the plan of a real emergency call over the targets named, the last one being the ECC.
func emergency(ids ...string) routing.Decision {
	d := routing.Decision{
		Verdict: routing.VerdictPSAP, Account: "AC0", Domain: "lab", Dialled: "911", Country: "US", Service: "sos",
		Emergency: true, Caller: routing.Caller{
			Number: "+14155550100", Country: "US", Service: directory.ServiceE911,
			Address: homeAddress(),
		},
	}
	for i, id := range ids {
		kind := routing.TargetOverflow
		if i == 0 {
			kind = routing.TargetPSAP
		}
		if i == len(ids)-1 {
			kind = routing.TargetECC
		}
		d.Targets = append(d.Targets, routing.Target{
			ID: id, Name: id, URI: "sip:" + id + "@127.0.0.1:5070", Kind: kind, Ring: 20 * time.Second,
			Deliver: directory.Delivery{Number: true, Address: true},
		})
	}
	return d
}

func testCall() routing.Decision {
	d := emergency("933")
	d.Verdict, d.Emergency, d.Dialled = routing.VerdictTest, false, "933"
	d.Targets[0].Kind = routing.TargetTest
	return d
}

func (w *world) Decide(r routing.Request) routing.Decision {
	w.asked = append(w.asked, r)
	switch {
	case w.decide != nil:
		return w.decide(r)
	case len(r.Replies) < w.questions:
		return w.question()
	}
	return w.plan
}

func (w *world) Append(r call.Record) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.records = append(w.records, r)
}

func (w *world) Observe(e call.Event) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.events = append(w.events, e)
}

// Route is the agent's: literal addresses at once, names when the test says so.
func (w *world) Route(ctx context.Context, uri string) (agent.Route, error) {
	r := agent.Route{
		URI: uri, Transport: "udp", Remote: netip.MustParseAddrPort("127.0.0.1:5070"), Local: netip.MustParseAddr("127.0.0.1"),
	}
	if strings.HasSuffix(uri, ";transport=tls") {
		r.Transport = "tls"
	}
	w.mu.Lock()
	wait := w.routes[uri]
	w.mu.Unlock()
	switch {
	case strings.Contains(uri, "@nowhere"):
		return agent.Route{}, errors.New("no such host")
	case wait == nil:
		return r, nil
	}
	select {
	case err := <-wait:
		return r, err
	case <-ctx.Done():
		return r, ctx.Err()
	}
}

func (w *world) dial(o agent.Outgoing, sink func(event)) leg {
	w.mu.Lock()
	defer w.mu.Unlock()
	p := &peer{w: w, name: fmt.Sprintf("b%d", len(w.dialled)+1), sink: sink, out: o, state: legEarly}
	w.dialled = append(w.dialled, p)
	return p
}

func (w *world) open(notify func(media.Notice)) (mediaSession, error) {
	if w.noMedia != nil {
		return nil, w.noMedia
	}
	w.media = &fakeMedia{notify: notify, hold: "never"}
	w.media.sides[0].ports, w.media.sides[1].ports = 30000, 30002
	return w.media, nil
}

// settle waits until everybody has done what there was to do.
func (w *world) settle() { synctest.Wait() }

// deliver hands the call several events, all of which are there before it looks at the first, and waits until it has
// acted.
func (w *world) deliver(batch []event) {
	for _, c := range w.edge.all() {
		c.box.mu.Lock()
		c.box.queue = append(c.box.queue, batch...)
		batch = nil
		c.box.mu.Unlock()
		select {
		case c.box.wake <- struct{}{}:
		default:
		}
	}
	for _, ev := range batch {
		w.edge.late(ev)
	}
	w.settle()
}

// pass lets time go by.
func (w *world) pass(d time.Duration) {
	timer := time.NewTimer(d)
	<-timer.C
	w.settle()
}

// invite is a caller's INVITE with this body.
func (w *world) invite(body string, headers ...agent.Header) *peer {
	m := agent.Message{Headers: headers, Body: []byte(body)}
	if body != "" {
		m.ContentType = typeSDP
	}
	return w.inviteWith(m)
}

func (w *world) inviteWith(m agent.Message) *peer { return w.take(incoming(m)) }

func incoming(m agent.Message) *agent.Incoming {
	return &agent.Incoming{
		CallID: "a-leg", Source: netip.MustParseAddrPort("10.1.1.1:5060"), Local: netip.MustParseAddrPort("127.0.0.1:5060"),
		Transport: "udp", MaxForwards: 70, RequestURI: agent.Address{Scheme: "sip", User: "911", Host: "lab.sip.us1.twilio.com"},
		From: agent.Address{Scheme: "sip", User: "+14155550100", Host: "pbx.example"}, Message: m,
	}
}

func (w *world) take(in *agent.Incoming) *peer {
	w.caller = &peer{w: w, name: "a", uas: true}
	w.inv = &fakeInvite{w: w}
	inv := w.inv
	w.running.Go(func() { w.edge.take(in, inv) })
	w.settle()
	return w.caller
}

// b returns the leg to the n-th target dialled, from 1.
func (w *world) b(n int) *peer {
	w.t.Helper()
	w.settle()
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.dialled) < n {
		w.t.Fatalf("only %d targets were dialled, want %d", len(w.dialled), n)
	}
	return w.dialled[n-1]
}

// up brings a call up to its first target and returns both sides.
func (w *world) up() (a, b *peer) {
	w.t.Helper()
	a = w.invite(offerA)
	b = w.b(1)
	b.answers(answerB)
	a.expect("answer 200")
	a.acks("")
	return a, b
}

// record returns the record of the call, which must be over.
func (w *world) record() call.Record {
	w.t.Helper()
	w.settle()
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.records) != 1 {
		w.t.Fatalf("%d records, want 1", len(w.records))
	}
	return w.records[0]
}

// ended checks that the call is over, and why.
func (w *world) ended(want call.EndReason) call.Record {
	w.t.Helper()
	r := w.record()
	if r.EndReason != want {
		w.t.Fatalf("call ended with %q, want %q", r.EndReason, want)
	}
	return r
}

// heard tells whether an event of this kind happened.
func (w *world) heard(kind call.EventKind) int {
	w.settle()
	w.mu.Lock()
	defer w.mu.Unlock()
	n := 0
	for _, e := range w.events {
		if e.Kind == kind {
			n++
		}
	}
	return n
}

// checkInvariants is what must hold after every call, whatever happened in it.
func (w *world) checkInvariants() {
	w.t.Helper()
	if n := w.edge.Active(); n != 0 {
		w.t.Fatalf("%d calls still up", n)
	}
	r := w.record()
	if r.EndReason == call.EndNone || r.State != call.StateEnded || r.EndedAt.IsZero() {
		w.t.Errorf("record is not that of an ended call: %+v", r)
	}
	if n := w.heard(call.EventEnded); n != 1 {
		w.t.Errorf("%d ended events, want 1", n)
	}
	finals := w.caller.finals + w.inv.finals
	if finals != 1 {
		w.t.Errorf("caller got %d final answers, want 1", finals)
	}
	if w.media != nil && w.media.closed != 1 {
		w.t.Errorf("media closed %d times, want once", w.media.closed)
	}
	if w.registry.taken != w.registry.given {
		w.t.Errorf("%d places taken at call centres, %d given back", w.registry.taken, w.registry.given)
	}
	for _, p := range append([]*peer{w.caller}, w.dialled...) {
		if p.uas && p.sink == nil {
			continue
		}
		if !p.done() {
			w.t.Errorf("leg %s outlived the call: %v", p.name, p.said)
		}
		for _, q := range p.asked {
			if q.answers != 1 {
				w.t.Errorf("%s of leg %s got %d answers, want 1", q.name, p.name, q.answers)
			}
		}
	}
	for _, at := range r.Attempts {
		if at.Outcome == "" || at.EndedAt.IsZero() {
			w.t.Errorf("attempt at %s is still open in the record", at.Target)
		}
	}
}

type fakeRegistry struct {
	mu           sync.Mutex
	out, full    map[string]bool
	taken, given int
}

func (r *fakeRegistry) InService(id string) bool { return !r.out[id] }

func (r *fakeRegistry) Acquire(id string) (func(), bool) {
	if r.full[id] {
		return nil, false
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.taken++
	return sync.OnceFunc(func() { r.mu.Lock(); defer r.mu.Unlock(); r.given++ }), true
}

type fakeMedia struct {
	notify func(media.Notice)
	sides  [2]fakeSide
	hold   string
	closed int
	stats  call.Media

	listeners []*fakeListener
}

func (m *fakeMedia) side(l call.Leg) mediaSide { return &m.sides[l-1] }
func (m *fakeMedia) Hold(on bool)              { m.hold = fmt.Sprint(on) }
func (m *fakeMedia) Stats() call.Media         { return m.stats }
func (m *fakeMedia) Close() call.Media         { m.closed++; return m.stats }

type fakeSide struct {
	ports  uint16
	remote media.Remote
	resets int
	awaits int
	shut   bool // nothing passes until SetRemote
}

// open tells whether what comes in the clear passes.
func (s *fakeSide) open() bool { return !s.shut && s.remote.Keys == nil }

func (s *fakeSide) Ports() (uint16, uint16)  { return s.ports, s.ports + 1 }
func (s *fakeSide) SetRemote(r media.Remote) { s.remote, s.shut = r, false }
func (s *fakeSide) Reset()                   { s.resets++; s.remote, s.shut = media.Remote{}, false }
func (s *fakeSide) Await()                   { s.awaits++; s.shut = true }
