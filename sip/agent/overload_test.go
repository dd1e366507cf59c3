package agent

import (
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// wire is a message as it stands on the wire.
func wire(s string) []byte { return []byte(strings.ReplaceAll(s, "\n", "\r\n")) }

const plainInvite = `INVITE sip:911@lab.example SIP/2.0
Via: SIP/2.0/UDP 127.0.0.1:5070;branch=z9hG4bKabc;rport
Via: SIP/2.0/TCP pbx.example;branch=z9hG4bKdef
Max-Forwards: 70
From: "Al, \"A\" <b>" <sip:+14155550100@lab.example>;tag=1
To: <sip:911@lab.example;user=phone>
Call-ID: 1@127.0.0.1
CSeq: 1 INVITE
Contact: <sip:+14155550100@127.0.0.1:5070>
Content-Length: 0

`

func TestAGlanceTellsWhatCanBeRefusedUnparsed(t *testing.T) {
	t.Parallel()
	edit := func(old, new string) string { return strings.Replace(plainInvite, old, new, 1) }
	for _, tc := range []struct {
		name, message string
		sound, tagged bool
	}{
		{"plain", plainInvite, true, false},
		{"without rport", edit(";rport", ""), true, false},
		{"without a port", edit(":5070;branch", ";branch"), true, false},
		{"compact names", strings.NewReplacer("Via:", "v:", "From:", "f:", "To:", "t :", "Call-ID:", "I:").Replace(plainInvite), true, false},
		{"within a dialog", edit(";user=phone>", ">;tag=2"), true, true},
		{"within a dialog, oddly written", edit(";user=phone>", "> ; Tag = 2"), true, true},
		{"within a dialog, with another bracket", edit(";user=phone>", `>;tag=2;x=">"`), true, true},
		{"a tag inside the brackets is none", edit(";user=phone", ";tag=2"), true, false},
		{"other protocol version", edit("SIP/2.0", "SIP/3.0"), false, false},
		{"received that the sender wrote", edit(";rport", ";received=1.2.3.4"), false, false},
		{"rport that the sender wrote", edit(";rport", ";rport=9"), false, false},
		{"two values in a Via", edit(";rport", ", SIP/2.0/UDP x"), false, false},
		{"branch of RFC 2543", edit("z9hG4bKabc", "1"), false, false},
		{"host that can be written otherwise", edit("127.0.0.1:5070;", "PBX.example;"), false, false},
		{"port with a zero in front", edit(":5070;", ":05070;"), false, false},
		{"port out of range", edit(":5070;", ":65536;"), false, false},
		{"IPv6", edit("127.0.0.1:5070", "[::1]:5070"), false, false},
		{"From before Via", edit("Via:", "From: <sip:x@y>;tag=1\nVia:"), false, false},
		{"a second From", edit("CSeq:", "From: <sip:x@y>;tag=1\nCSeq:"), false, false},
		{"a folded line", edit("CSeq: 1", "CSeq:\n 1"), false, false},
		{"a bare LF", edit("Call-ID: 1", "Call-ID: 1\x00"), false, false},
		{"no Call-ID", edit("Call-ID: 1@127.0.0.1\n", ""), false, false},
		{"cut off", plainInvite[:len(plainInvite)-4], false, false},
		{"an answer", edit("INVITE sip:911@lab.example SIP/2.0", "SIP/2.0 200 OK"), false, false},
		{"more lines than are repeated", edit("Max-", strings.Repeat("Via: SIP/2.0/UDP h;branch=z9hG4bK1\n", maxGlance)+"Max-"), false, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			if g := look(wire(tc.message)); g.sound != tc.sound || g.tagged != tc.tagged {
				t.Errorf("sound %v, tagged %v, want %v, %v", g.sound, g.tagged, tc.sound, tc.tagged)
			}
		})
	}
}

func TestARankComesFromWhatTheMessageIs(t *testing.T) {
	t.Parallel()
	a := newTestAgent(t, nil)
	l := &Leg{a: a, tag: "1"}
	a.remember(l)
	defer a.forget(l)
	a.opts.Urgent = func(user, host string, _ netip.Addr) bool {
		return (user == "911" || user == "urn:service:sos") && (host == "lab.example" || host == "")
	}
	for _, tc := range []struct {
		first, to string
		want      rank
	}{
		{"INVITE sip:911@lab.example:5060;x=y SIP/2.0", "<sip:911@x>", rankUrgent},
		{"INVITE tel:911;phone-context=+1 SIP/2.0", "<tel:911>", rankUrgent},
		{"INVITE urn:service:sos SIP/2.0", "<urn:service:sos>", rankUrgent},
		{"CANCEL sip:911@lab.example SIP/2.0", "<sip:911@x>", rankUrgent},
		{"INVITE sip:911@other.example SIP/2.0", "<sip:911@x>", rankOther},
		{"INVITE sip:+14155550123@lab.example SIP/2.0", "<sip:911@x>", rankOther},
		{"INVITE sip:911@lab.example SIP/2.0", "<sip:911@x>;tag=1", rankWithin},
		{"BYE sip:1.2.3.4 SIP/2.0", "<sip:911@x>;tag=1", rankWithin},
		{"ACK sip:911@lab.example SIP/2.0", "<sip:911@x>", rankWithin},
		{"SIP/2.0 200 OK", "<sip:911@x>", rankWithin},
		{"OPTIONS sip:lab.example SIP/2.0", "<sip:911@x>", rankOther},
		{"junk", "junk", rankOther},
	} {
		g := look(wire(tc.first + "\nVia: SIP/2.0/UDP h\nTo: " + tc.to + "\n\n"))
		if got := a.rankOf(&g, netip.AddrPort{}); got != tc.want {
			t.Errorf("%s, To: %s: rank %d, want %d", tc.first, tc.to, got, tc.want)
		}
	}
}

// crowd makes the agent one whose datagrams have waited long for some time.
func (a *Agent) crowd() {
	now := time.Now()
	for _, c := range []*lateness{&a.urgent, &a.other} {
		c.since, c.last, c.second, c.taken = now.Add(-time.Hour), now.Add(time.Hour), now.Add(time.Hour), c.floor
	}
}

// offerBatch gives an agent datagrams of p as if they had come at once and had waited.
func offerBatch(a *Agent, p *rawPeer, waited time.Duration, messages ...string) {
	from := p.conn.LocalAddr().(interface{ AddrPort() netip.AddrPort }).AddrPort()
	var batch []datagram
	for _, m := range messages {
		batch = append(batch, datagram{bytes: wire(m), from: from, waited: waited})
	}
	a.takeBatch(a.sockets[0], batch)
}

func TestWhatWaitedTooLongIsRefusedAtOnceAndForGood(t *testing.T) {
	t.Parallel()
	taken := make(chan string, 8)
	a := newTestAgent(t, func(in *Incoming) { taken <- in.CallID; in.Refuse(480, "Temporarily Unavailable") })
	a.crowd()
	for _, tc := range []struct{ name, extra string }{{"glanced at", "X: plain"}, {"parsed", "X:\n folded"}} {
		p := newRawPeer(t, a)
		invite := p.request("INVITE", newBranch(), 1, "", tc.extra)
		for range 2 { // the second is the same again, and the crowd is gone
			offerBatch(a, p, patience+1, invite)
			got := p.recv()
			if !strings.HasPrefix(got, "SIP/2.0 503") || header(got, "Retry-After") == "" || !strings.Contains(header(got, "To"), ";tag=") {
				t.Errorf("%s: answered\n%s", tc.name, got)
			}
		}
		offerBatch(a, p, 0, invite)
		if got := p.recv(); !strings.HasPrefix(got, "SIP/2.0 503") {
			t.Errorf("%s: repeated when there is time, it is answered\n%s", tc.name, got)
		}
	}
	if m := a.Metrics(); m.Shed != 6 || m.Transactions != 0 || len(taken) != 0 {
		t.Errorf("%d shed, %d transactions, %d taken", m.Shed, m.Transactions, len(taken))
	}
	p := newRawPeer(t, a)
	offerBatch(a, p, patience-1, p.request("INVITE", newBranch(), 1, ""))
	p.recvUntil("SIP/2.0 480")
}

// A datagram is judged once: by a glance where that does, else when it was parsed.
func TestAnInviteIsCountedOnceAgainstWhatIsTakenInASecond(t *testing.T) {
	t.Parallel()
	for _, extra := range []string{"X: plain", "X:\n folded"} {
		a := newTestAgent(t, nil)
		p := newRawPeer(t, a)
		a.crowd()
		a.urgent.taken = 0
		a.strikes.forgive(netip.MustParseAddr("127.0.0.1")) // else its refusals are counted against it
		for i := range floor + 1 {
			offerBatch(a, p, patience+1, p.request("INVITE", newBranch(), i+1, "", extra))
			want := "SIP/2.0 480"
			if i == floor {
				want = "SIP/2.0 503"
			}
			if got := p.recv(); !strings.HasPrefix(got, want) {
				t.Fatalf("%s: INVITE %d: want %s, answered\n%s", extra, i+1, want, got)
			}
		}
	}
}

func TestABurstIsRefusedBeforeItHasWaited(t *testing.T) {
	t.Parallel()
	a := newTestAgent(t, nil)
	p := newRawPeer(t, a)
	for _, tc := range []struct {
		waiting int32
		urgent  bool
		want    string
	}{
		{maxWaiting, true, "SIP/2.0 503"}, {maxWaiting - 1, true, "SIP/2.0 480"},
		{maxWaiting / lesser, false, "SIP/2.0 503"}, {maxWaiting/lesser - 1, false, "SIP/2.0 480"},
	} {
		a.opts.Urgent = func(string, string, netip.Addr) bool { return tc.urgent }
		a.waiting.Store(tc.waiting)
		offerBatch(a, p, 0, p.request("INVITE", newBranch(), 1, ""))
		if got := p.recv(); !strings.HasPrefix(got, tc.want) {
			t.Errorf("%d waiting, urgent %v: want %s, answered\n%s", tc.waiting, tc.urgent, tc.want, got)
		}
	}
}

func TestARepeatedInviteIsNotRefusedWhenItWasTaken(t *testing.T) {
	t.Parallel()
	hold := make(chan struct{})
	a := newTestAgent(t, func(in *Incoming) { <-hold; in.Refuse(480, "Temporarily Unavailable") })
	a.crowd()
	defer close(hold)
	for i, extra := range []string{"X: plain", "X:\n folded"} {
		p := newRawPeer(t, a)
		invite := p.request("INVITE", newBranch(), i+1, "", extra)
		offerBatch(a, p, 0, invite)
		for range 2 {
			offerBatch(a, p, patience+1, invite)
			if got := p.recv(); !strings.HasPrefix(got, "SIP/2.0 100") {
				t.Errorf("answered\n%s", got)
			}
		}
	}
	if n := a.Metrics().Shed; n != 0 {
		t.Errorf("%d shed", n)
	}
}

func TestWhatIsNotUrgentIsRefusedSooner(t *testing.T) {
	t.Parallel()
	a := newTestAgent(t, nil)
	a.crowd()
	p := newRawPeer(t, a)
	late := otherPatience + 1
	offerBatch(a, p, late, p.request("OPTIONS", newBranch(), 1, ""), p.request("REGISTER", newBranch(), 1, ""),
		p.request("BYE", newBranch(), 1, "x"), p.request("INVITE", newBranch(), 1, ""))
	var got []string
	for range 4 {
		m := p.recv()
		got = append(got, strings.Fields(m)[1]+" "+strings.Fields(header(m, "CSeq"))[1])
	}
	slices.Sort(got)
	if want := []string{"480 INVITE", "481 BYE", "503 OPTIONS", "503 REGISTER"}; !slices.Equal(got, want) {
		t.Errorf("answered %q, want %q", got, want)
	}
}

func TestABatchIsTakenByRankAndInOrder(t *testing.T) {
	t.Parallel()
	a := newTestAgent(t, nil)
	l := &Leg{a: a, tag: "x"}
	a.remember(l)
	defer a.forget(l)
	a.opts.Urgent = func(user, _ string, _ netip.Addr) bool { return user == "911" }
	p := newRawPeer(t, a)
	to := func(user, m string) string { return strings.Replace(m, "sip:911@", "sip:"+user+"@", 1) }
	first := p.request("OPTIONS", newBranch(), 1, "")
	if to("1", first) == first {
		t.Fatalf("the request names nobody who could be replaced:\n%s", first)
	}
	offerBatch(a, p, 0, first, to("1", p.request("CANCEL", newBranch(), 2, "")), p.request("CANCEL", newBranch(), 3, ""),
		p.request("BYE", newBranch(), 4, "x"), p.request("BYE", newBranch(), 5, "x"))
	var got []string
	for range 5 {
		got = append(got, header(p.recv(), "CSeq"))
	}
	if want := []string{"4 BYE", "5 BYE", "3 CANCEL", "1 OPTIONS", "2 CANCEL"}; !slices.Equal(got, want) {
		t.Errorf("answered in the order %q, want %q", got, want)
	}
}

func TestTheACKOfARefusalIsDroppedUnparsed(t *testing.T) {
	t.Parallel()
	a := newTestAgent(t, nil)
	a.crowd()
	p := newRawPeer(t, a)
	branch := newBranch()
	offerBatch(a, p, patience+1, p.request("INVITE", branch, 1, ""))
	p.recvUntil("SIP/2.0 503")
	before := a.Metrics().Requests
	offerBatch(a, p, 0, p.request("ACK", branch, 1, "x"))
	offerBatch(a, p, 0, p.request("ACK", newBranch(), 1, "x"))
	if n := a.Metrics().Requests - before; n != 1 {
		t.Errorf("%d ACKs were parsed, want 1", n)
	}
}

func TestWhatWasTurnedAwayIsForgotten(t *testing.T) {
	t.Parallel()
	m := newTurnedAway()
	from, other := netip.MustParseAddrPort("192.0.2.1:5060"), netip.MustParseAddrPort("192.0.2.1:5061")
	branch := []byte("z9hG4bK1")
	if m.has(from, branch) {
		t.Error("something is there at first")
	}
	m.add(from, branch)
	if !m.has(from, branch) || m.has(other, branch) || m.has(from, []byte("z9hG4bK2")) {
		t.Error("it is not what was added that is there")
	}
	m.born = m.born.Add(-turnedTime * time.Second)
	if !m.has(from, branch) {
		t.Error("it is forgotten while it may be repeated")
	}
	m.born = m.born.Add(-2 * time.Second)
	m.add(other, branch) // so that there is something to look for
	if m.has(from, branch) {
		t.Error("it is never forgotten")
	}
}

func TestTheKernelTellsHowLongADatagramWaited(t *testing.T) {
	t.Parallel()
	stamp := func(at time.Time) []byte {
		b := binary.NativeEndian.AppendUint64(nil, uint64(unix.CmsgLen(16)))
		b = binary.NativeEndian.AppendUint32(b, unix.SOL_SOCKET)
		b = binary.NativeEndian.AppendUint32(b, unix.SCM_TIMESTAMPNS)
		b = binary.NativeEndian.AppendUint64(b, uint64(at.Unix()))
		return binary.NativeEndian.AppendUint64(b, uint64(at.Nanosecond()))
	}
	now := time.Now()
	for _, tc := range []struct {
		name    string
		control []byte
		want    time.Duration
	}{
		{"a moment ago", stamp(now.Add(-70 * time.Millisecond)), 70 * time.Millisecond},
		{"nothing is said", nil, 0},
		{"the clock was set back", stamp(now.Add(time.Hour)), 0},
		{"the clock was set forward", stamp(now.Add(-time.Hour)), 0},
		{"something else is said", make([]byte, 32), 0},
	} {
		if got := waited(tc.control, now); got != tc.want {
			t.Errorf("%s: %v, want %v", tc.name, got, tc.want)
		}
	}
}

func TestDatagramsAreReadAsTheyCame(t *testing.T) {
	t.Parallel()
	for _, host := range []string{"127.0.0.1", "::1"} {
		conn, err := listenUDP(netip.AddrPortFrom(netip.MustParseAddr(host), 0))
		if err != nil {
			t.Skip(err) // no IPv6 here
		}
		defer conn.Close()
		peer, err := net.Dial("udp", conn.LocalAddr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer peer.Close()
		for i := range 2 * maxBatch {
			fmt.Fprint(peer, i)
		}
		in, err := newBatchReader(conn, host == "::1")
		if err != nil {
			t.Fatal(err)
		}
		defer in.close()
		for i := 0; i < 2*maxBatch; {
			batch, err := in.read()
			if err != nil {
				t.Fatal(err)
			}
			for _, d := range batch {
				if string(d.bytes) != fmt.Sprint(i) || d.from.String() != peer.LocalAddr().String() || d.waited <= 0 {
					t.Fatalf("datagram %d: %q from %v waited %v", i, d.bytes, d.from, d.waited)
				}
				i++
			}
		}
	}
}

func TestAMachineThatStoodStillRefusesNobody(t *testing.T) {
	t.Parallel()
	const long = patience + 1
	type step struct {
		at, waited time.Duration
		want       bool
	}
	for _, tc := range []struct {
		name  string
		floor int
		steps []step
	}{
		{"once", 0, []step{{0, long, false}, {forgiven - 1, long, false}, {forgiven + relaxed, long, false}}},
		{"short waits do not count", 0, []step{{0, long, false}, {100, patience, false}, {forgiven, patience, false}}},
		{"for some time", 0, []step{{0, long, false}, {forgiven, long, true}, {forgiven + 1, patience, false}, {forgiven + 2, long, true}}},
		{"again after a while", 0, []step{{0, long, false}, {forgiven, long, true}, {forgiven + relaxed + 1, long, false}}},
		{"some are taken in any second", 2, []step{
			{0, long, false}, {forgiven, long, false}, {forgiven + 1, long, false}, {forgiven + 2, long, true},
			{forgiven + relaxed, long, true}, {forgiven + 2*relaxed, long, true}, {forgiven + 3*relaxed, long, true},
			{forgiven + time.Second, long, false}, {forgiven + time.Second, long, false}, {forgiven + time.Second, long, true},
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			c := lateness{patience: patience, floor: tc.floor}
			start := time.Now()
			for i, s := range tc.steps {
				if got := c.refuses(s.waited, start.Add(s.at)); got != s.want {
					t.Errorf("step %d, %v after %v: %v, want %v", i, s.waited, s.at, got, s.want)
				}
			}
		})
	}
}
