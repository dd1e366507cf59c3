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

// TestAFloodOfRequestsLeavesNothingBehind is not parallel: it measures memory.
func TestAFloodOfRequestsLeavesNothingBehind(t *testing.T) {
	a := tunedAgent(t, func(a *Agent) { a.t1 = defaultT1 }, nil, Listener{Network: "udp", Address: "127.0.0.1:0"})
	p := newRawPeer(t, nil)
	first := newRawPeer(t, a) // once it is answered, the listener has its buffers
	first.send(first.request("OPTIONS", newBranch(), 1, ""))
	first.recv()
	for row, tc := range []struct {
		method  string
		tag     string
		pad, at int64 // size of a field, and most bytes that may stay for each request
	}{
		{"OPTIONS", "", 0, 50}, {"REGISTER", "", 0, 50}, {"BYE", "x", 0, 50}, {"INFO", "", 0, 50}, {"INVITE", "x", 0, 50},
		{"CANCEL", "", 0, 100}, // 1024 are remembered
		{"OPTIONS", "", 60000, 50}, {"CANCEL", "", 60000, 100},
		{"INVITE", "", 0, 1800}, {"INVITE", "", 60000, 1800}, // maxRefused of them
	} {
		const n = 1000
		before := heap()
		var wg sync.WaitGroup
		a.opts.OnInvite = func(in *Incoming) { defer wg.Done(); in.Refuse(404, "Not Found") }
		for i := range n {
			if tc.method == "INVITE" && tc.tag == "" {
				wg.Add(1)
			}
			m := p.request(tc.method, fmt.Sprintf("z9hG4bK%s%d-%d", tc.method, tc.pad, i), i+1, tc.tag, "X: "+strings.Repeat("a", int(tc.pad)))
			source := netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, byte(row), byte(i >> 8), byte(i)}), 9)
			a.datagram(flow{transport: "udp", socket: a.sockets[0], remote: source}, &datagram{bytes: []byte(strings.ReplaceAll(m, "\n", "\r\n"))})
			wg.Wait() // or they would be too many at once
		}
		if left := (heap() - before) / n; left > tc.at {
			t.Errorf("%s with %d bytes more leaves %d bytes behind, want at most %d", tc.method, tc.pad, left, tc.at)
		}
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
