package agent

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestWhoIsRefusedTimeAndAgainComesLast(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newStrikes()
		flooder, caller := netip.MustParseAddr("2001:db8::1"), netip.MustParseAddr("192.0.2.1")
		strike := func(a netip.Addr, n int) {
			for range n {
				s.add(a)
			}
		}
		check := func(when string, a netip.Addr, want bool) {
			t.Helper()
			if got := s.out(a); got != want {
				t.Errorf("%s: %v is out: %v", when, a, got)
			}
		}
		check("at first", flooder, false)
		strike(flooder, strikesOut-1)
		check("with a chance left", flooder, false)
		strike(flooder, 1000)
		check("without", flooder, true)
		check("from its neighbour", netip.MustParseAddr("2001:db8::2"), true)
		check("from another network", netip.MustParseAddr("2001:db8:0:1::1"), false)
		s.forgive(caller)
		strike(caller, 1000)
		check("its address forged", caller, false)
		time.Sleep((strikeTime + 1) * time.Second)
		check("a minute later", flooder, false)
		strike(flooder, strikesOut)
		strike(caller, strikesOut)
		check("again", flooder, true)
		check("forged a minute later", caller, false)
		s.forgive(flooder)
		check("taken", flooder, false)
		time.Sleep((goodTime + 1) * time.Second)
		strike(caller, strikesOut)
		check("an hour later", caller, true)
	})
}

func TestThoseWhoAreOutShareALittleTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newStrikes()
		spare := func() (n int) {
			for s.spare() {
				n++
			}
			return n
		}
		const burst, second = int(spareBurst / spareEach), int(time.Second / spareEach)
		if n := spare(); n != burst+1 {
			t.Errorf("%d at once, want %d", n, burst+1)
		}
		for range 10 {
			time.Sleep(time.Second / 10)
			if n := spare(); n != second/10 {
				t.Errorf("%d in a tenth of a second, want %d", n, second/10)
			}
		}
		time.Sleep(time.Hour)
		if n := spare(); n != burst+1 {
			t.Errorf("%d at once after an hour, want %d", n, burst+1)
		}
	})
}

func TestACrowdOfAddressesDoesNotPushOutThoseTaken(t *testing.T) {
	t.Parallel()
	s := newStrikes()
	at := func(i int) netip.Addr { return netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}) }
	s.forgive(at(0))
	for i := 1; i < 20*len(s.slots); i++ {
		s.add(at(i))
	}
	for range strikesOut {
		s.add(at(0))
	}
	if s.out(at(0)) {
		t.Error("it has lost its place")
	}
}

// A flood of INVITEs to emergency numbers that lead nowhere must not have those refused that do.
func TestAFloodOfEmergencyCallsFromTheUnknownMakesWayForOthers(t *testing.T) {
	t.Parallel()
	a := newTestAgent(t, func(in *Incoming) {
		if strings.HasPrefix(in.CallID, "junk") {
			in.Refuse(407, "Proxy Authentication Required")
			return
		}
		in.Refuse(480, "Temporarily Unavailable")
	})
	p, flooder := newRawPeer(t, a), newRawPeer(t, a)
	source := netip.MustParseAddrPort("127.0.0.2:5060")
	offer := func(i int) {
		m := strings.Replace(flooder.request("INVITE", newBranch(), 1, ""), "Call-ID: ", fmt.Sprintf("Call-ID: junk%d", i), 1)
		junk := "OPTIONS sip:x SIP/2.0\nVia: junk\n\n"
		a.takeBatch(a.sockets[0], []datagram{{bytes: wire(m), from: source}, {bytes: wire(junk), from: source}})
	}
	for i := range strikesOut {
		offer(i)
	}
	for range 1000 {
		if a.strikes.out(source.Addr()) && a.waiting.Load() == 0 {
			break
		}
		a.pause(5 * time.Millisecond)
	}
	before := a.Metrics()
	a.waiting.Store(maxWaiting / lesser)
	offer(strikesOut)
	after := a.Metrics()
	shed, dropped, read := after.Shed-before.Shed, after.Unparsed-before.Unparsed, after.Requests-before.Requests
	if shed != 1 || dropped != 1 || read != 0 {
		t.Errorf("%d were refused, %d dropped and %d read, want the INVITE, its junk, and none", shed, dropped, read)
	}
	offerBatch(a, p, 0, p.request("INVITE", newBranch(), 1, ""))
	p.recvUntil("SIP/2.0 480")
	a.waiting.Store(0)
	offer(strikesOut + 1)
	if n := a.Metrics().Requests - after.Requests; n != 3 {
		t.Errorf("%d were read, want those of the other and of the flooder: there is time", n)
	}
}

// TestAMessageWithTooManyFieldsIsRefusedAndNotReadToItsEnd is not parallel: it counts allocations.
func TestAMessageWithTooManyFieldsIsRefusedAndNotReadToItsEnd(t *testing.T) {
	a := newTestAgent(t, nil)
	p := newRawPeer(t, a)
	invite := p.request("INVITE", newBranch(), 1, "")
	has := strings.Count(invite[:strings.Index(invite, "\n\n")], "\n")
	for _, tc := range []struct {
		fields int
		answer string
	}{{maxHeaders, "SIP/2.0 480"}, {maxHeaders + 1, "SIP/2.0 400"}, {9000, "SIP/2.0 400"}} {
		extra := strings.Repeat("X: y\n", tc.fields-has)
		p.send(strings.Replace(p.request("INVITE", newBranch(), 1, ""), "Max-Forwards:", extra+"Max-Forwards:", 1))
		if got := p.recvUntil(tc.answer); tc.fields > maxHeaders && !strings.Contains(got, "more than 256 header fields") {
			t.Errorf("%d fields are answered\n%s", tc.fields, got)
		}
	}
	long := wire(strings.Replace(invite, "Max-Forwards:", strings.Repeat("X: y\n", 9000)+"Max-Forwards:", 1))
	f := flow{transport: "udp", socket: a.sockets[0], remote: netip.MustParseAddrPort("127.0.0.1:9")}
	if n := testing.AllocsPerRun(5, func() { a.datagram(f, &datagram{bytes: long}) }); n > 3000 {
		t.Errorf("9000 fields make %.0f allocations", n)
	}
}

func TestWhoWasChallengedIsHeardOnce(t *testing.T) {
	t.Parallel()
	for extra, refused := range map[string]string{"X: plain": "503", "X:\n folded": "dropped"} { // glanced at, and parsed
		a := newTestAgent(t, nil)
		p := newRawPeer(t, a)
		for range strikesOut {
			a.strikes.add(netip.MustParseAddr("127.0.0.1"))
		}
		a.strikes.next.Store(int64(time.Hour)) // what is spare is spent, for longer than the test takes
		cseq := 0
		offer := func(nonce string) string {
			cseq++
			before := a.Metrics().Unparsed
			offerBatch(a, p, 0, p.request("INVITE", newBranch(), cseq, "", `Proxy-Authorization: Digest username="x", nonce="`+nonce+`"`, extra))
			if a.Metrics().Unparsed > before {
				return "dropped"
			}
			return strings.Fields(p.recv())[1]
		}
		nonce := a.nonces.make(time.Now(), loopback(1))
		for i, want := range []string{"480", refused} {
			if got := offer(nonce); got != want {
				t.Errorf("%s, offer %d: %s, want %s", extra, i, got, want)
			}
		}
		if got := offer("forged"); got != refused {
			t.Errorf("%s: a nonce of nobody's: %s", extra, got)
		}
		old := a.nonces.make(time.Now().Add(-turnedTime*time.Second), loopback(1))
		if got := offer(old); got != refused {
			t.Errorf("%s: an old nonce: %s", extra, got)
		}
	}
}

func TestRequestsOfNoCallComeAfterOthers(t *testing.T) {
	t.Parallel()
	a := newTestAgent(t, nil)
	l := &Leg{a: a, tag: "known"}
	a.remember(l)
	defer a.forget(l)
	from := netip.MustParseAddrPort("192.0.2.1:5060")
	for _, tc := range []struct {
		to    string
		out   bool
		first string
		want  rank
	}{
		{"<sip:911@x>;tag=known", false, "BYE", rankWithin},
		{"<sip:911@x>;x=1;tag=known;y=2", true, "BYE", rankWithin},
		{"<sip:911@x>;tag=unknown", false, "BYE", rankOther},
		{"<sip:911@x>;tag=unknown", true, "BYE", rankStruck},
		{"<sip:911@x>;tag=unknown", true, "ACK", rankWithin},
		{"<sip:911@x>; tag = unknown", true, "BYE", rankWithin}, // oddly written: it may be known
	} {
		if tc.out {
			for range strikesOut {
				a.strikes.add(from.Addr())
			}
		} else {
			a.strikes = newStrikes()
		}
		g := look(wire(tc.first + " sip:1.2.3.4 SIP/2.0\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\nTo: " + tc.to + "\n\n"))
		if got := a.rankOf(&g, from); got != tc.want {
			t.Errorf("%s, To: %s, struck %v: rank %d, want %d", tc.first, tc.to, tc.out, got, tc.want)
		}
	}
	a.strikes.next.Store(int64(time.Hour)) // what is spare is spent, for longer than the test takes
	p := newRawPeer(t, a)
	for range strikesOut {
		a.strikes.add(netip.MustParseAddr("127.0.0.1"))
	}
	before := a.Metrics().Requests
	offerBatch(a, p, 0, p.request("BYE", newBranch(), 1, "unknown"), p.request("BYE", newBranch(), 2, "known"))
	if n := a.Metrics().Requests - before; n != 1 {
		t.Errorf("%d requests were parsed, want only that of the call", n)
	}
}
