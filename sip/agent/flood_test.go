package agent

import (
	"fmt"
	"net/netip"
	"runtime"
	"strings"
	"sync"
	"testing"
)

// heap is what is in use after a collection.
func heap() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// flooded sends n requests of a kind from as many addresses, each with a field of pad bytes.
func flooded(t testing.TB, a *Agent, p *rawPeer, method, tag string, pad, n int) {
	t.Helper()
	var wg sync.WaitGroup
	a.opts.OnInvite = func(in *Incoming) { defer wg.Done(); in.Refuse(404, "Not Found") }
	for i := range n {
		if method == "INVITE" && tag == "" {
			wg.Add(1)
		}
		m := p.request(method, newBranch(), i+1, tag, "X: "+strings.Repeat("a", pad))
		source := netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, byte(pad), byte(i >> 8), byte(i)}), 9)
		a.datagram(flow{transport: "udp", socket: a.sockets[0], remote: source}, &datagram{bytes: wire(m)})
		wg.Wait() // or they would be too many at once
	}
}

func TestAFloodOfRequestsLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		method, tag string
		n, held     int // requests, and transactions that may stay
		early       int // CANCELs that are remembered
	}{
		{"OPTIONS", "", 100, 0, 0}, {"REGISTER", "", 100, 0, 0}, {"BYE", "x", 100, 0, 0}, {"INFO", "", 100, 0, 0},
		{"INVITE", "x", 100, 0, 0}, {"CANCEL", "", earlyMax + 100, 0, earlyMax}, {"INVITE", "", 100, 100, 0},
	} {
		a := tunedAgent(t, func(a *Agent) { a.t1 = defaultT1 }, nil, Listener{Network: "udp", Address: "127.0.0.1:0"})
		flooded(t, a, newRawPeer(t, nil), tc.method, tc.tag, 0, tc.n)
		a.txMu.Lock()
		held := len(a.serverTxs)
		a.txMu.Unlock()
		if early := len(a.early.keys); held != tc.held || early != tc.early {
			t.Errorf("%d %s leave %d transactions and %d CANCELs behind, want %d and %d",
				tc.n, tc.method, held, early, tc.held, tc.early)
		}
	}
}

// BenchmarkFloodLeft shows the bytes that each request of a flood leaves behind: next to none, but for refused INVITEs
// (1.8 kB, of maxRefused of them).
func BenchmarkFloodLeft(b *testing.B) {
	for _, tc := range []struct {
		method, tag string
		pad         int
	}{{"OPTIONS", "", 0}, {"BYE", "x", 0}, {"CANCEL", "", 0}, {"CANCEL", "", 60000}, {"INVITE", "", 0}, {"INVITE", "", 60000}} {
		b.Run(fmt.Sprint(tc.method, tc.pad), func(b *testing.B) {
			const n = 1000
			a := tunedAgent(b, func(a *Agent) { a.t1 = defaultT1 }, nil, Listener{Network: "udp", Address: "127.0.0.1:0"})
			p := newRawPeer(b, nil)
			for b.Loop() {
				before := heap()
				flooded(b, a, p, tc.method, tc.tag, tc.pad, n)
				b.ReportMetric(float64(heap()-before)/n, "B/left")
			}
		})
	}
}

func TestRefusedInvitesAreForgottenOldestFirst(t *testing.T) {
	t.Parallel()
	a := tunedAgent(t, func(a *Agent) { a.t1 = defaultT1 }, nil) // none of them ends by itself meanwhile
	for i := range maxRefused + 100 {
		tx, isNew := a.newServerTx(flow{}, &packet{method: "INVITE", via: via{branch: fmt.Sprint(magicCookie, i)}})
		if !isNew {
			t.Fatal("a branch came twice")
		}
		(&Incoming{invite: &serverInvite{agent: a, tx: tx}}).Refuse(404, "Not Found")
	}
	a.txMu.Lock()
	defer a.txMu.Unlock()
	if n := len(a.serverTxs); n != maxRefused {
		t.Errorf("%d transactions are held, want %d", n, maxRefused)
	}
}

// TestARefusedInviteThatEndedIsNotHeld: the places among the refusals are many, and it takes an edge hours to fill them.
func TestARefusedInviteThatEndedIsNotHeld(t *testing.T) {
	t.Parallel()
	a := tunedAgent(t, func(a *Agent) { a.t1 = defaultT1 }, nil)
	a.refused.ring = make([]*serverTx, 2)
	refuse := func(before func(*serverTx)) *serverTx {
		tx, _ := a.newServerTx(flow{}, &packet{method: "INVITE", via: via{branch: newBranch()}})
		tx.respond(404, "Not Found", "", Message{})
		before(tx)
		a.refused.add(tx)
		return tx
	}
	nothing := func(*serverTx) {}
	first, second := refuse(nothing), refuse(nothing)
	third := refuse(nothing) // in the place of the first
	if !first.over() || a.refused.ring[0] != third {
		t.Error("the oldest was not forgotten for the latest")
	}
	first.stop()
	if a.refused.ring[0] != third {
		t.Error("one that had lost its place took that of another along")
	}
	second.stop()
	if a.refused.ring[1] != nil {
		t.Error("one that ended is held")
	}
	refuse((*serverTx).stop)
	if a.refused.ring[1] != nil {
		t.Error("one that ended while it was added is held")
	}
}

func TestARefusalIsNotRepeatedUnasked(t *testing.T) {
	t.Parallel()
	a := newTestAgent(t, nil)
	p, branch := newRawPeer(t, a), newBranch()
	p.send(p.request("INVITE", branch, 1, ""))
	first := p.recv()
	if !strings.HasPrefix(first, "SIP/2.0 480") {
		t.Fatalf("answered\n%s", first)
	}
	p.none(5 * a.t1) // the address may be forged
	p.send(p.request("INVITE", branch, 1, ""))
	if again := p.recv(); again != first {
		t.Errorf("the repeated INVITE was answered\n%s", again)
	}
}

func TestAnInviteIsAnswered100WhenTakenOrRepeated(t *testing.T) {
	t.Parallel()
	got := make(chan *Incoming, 1)
	a := newTestAgent(t, func(in *Incoming) { got <- in })
	p, branch := newRawPeer(t, a), newBranch()
	p.send(p.request("INVITE", branch, 1, ""))
	in := <-got
	p.send(p.request("INVITE", branch, 1, "")) // whoever decides takes too long
	p.recvUntil("SIP/2.0 100")
	in.Accept(newSide(t, "callee").sink).Reject(486, "Busy Here")
	p.recvUntil("SIP/2.0 486")
}

func TestAnswersWithoutATransactionAreTheSameWhenRepeated(t *testing.T) {
	t.Parallel()
	a := newTestAgent(t, nil)
	p := newRawPeer(t, a)
	for _, method := range []string{"OPTIONS", "REGISTER", "BYE", "CANCEL"} {
		branch := newBranch()
		p.send(p.request(method, branch, 1, ""))
		first := p.recv()
		p.send(p.request(method, branch, 1, ""))
		if again := p.recv(); again != first || toTag(first) == "" {
			t.Errorf("%s was answered\n%s\nand repeated\n%s", method, first, again)
		}
		p.send(p.request(method, newBranch(), 1, ""))
		if toTag(p.recv()) == toTag(first) {
			t.Errorf("two %s have one tag", method)
		}
	}
}

func TestAnEarlyCancelNeedsMoreThanTheBranch(t *testing.T) {
	t.Parallel()
	got := make(chan *Incoming, 1)
	a := newTestAgent(t, func(in *Incoming) { got <- in; in.Refuse(480, "Temporarily Unavailable") })
	p, branch := newRawPeer(t, a), newBranch()
	p.send(strings.Replace(p.request("CANCEL", branch, 1, ""), "Call-ID: ", "Call-ID: guessed-", 1))
	p.recvUntil("SIP/2.0 481")
	p.send(p.request("INVITE", branch, 1, ""))
	p.recvUntil("SIP/2.0 480")
	<-got
}

func TestConnectionsLostWhileRequestsStart(t *testing.T) {
	t.Parallel()
	a := newTestAgent(t, nil)
	p := newRawPeer(t, nil)
	stop := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		for lost := (&stream{}); ; {
			select {
			case <-stop:
				return
			default:
				a.streamLost(lost)
			}
		}
	})
	for range 100 {
		dialTo(t, a, "sip:psap@"+p.addr(), offer, func(Event) {})
	}
	close(stop)
	wg.Wait()
}
