package media

import (
	"net"
	"net/netip"
	"testing"
	"time"

	"go.uber.org/goleak"

	"callbox/sip/call"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience bounds every wait of these tests; none takes it when the code is right.
const patience = 30 * time.Second

// newTestRelay starts a relay on a high port range and ends it with the test.
func newTestRelay(t testing.TB, o Options) *Relay {
	t.Helper()
	if o.PortMin == 0 {
		o.PortMin, o.PortMax = 10240, 19999 // below those the kernel gives to phones
	}
	r, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
	return r
}

func openSession(t testing.TB, r *Relay, notify func(Notice)) *Session {
	t.Helper()
	s, err := r.Open(notify)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// phone is one end of a call: sockets for RTP and RTCP and where the relay takes each.
type phone struct {
	t         testing.TB
	rtp, rtcp *net.UDPConn
	toRTP     netip.AddrPort
	toRTCP    netip.AddrPort
	buf       [2048]byte
}

// newPhone opens the sockets of a phone on ip that talks to side sd.
func newPhone(t testing.TB, ip string, sd *Side) *phone {
	t.Helper()
	addr := netip.MustParseAddr(ip)
	p := &phone{t: t}
	for _, c := range []**net.UDPConn{&p.rtp, &p.rtcp} {
		conn, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(addr, 0)))
		if err != nil {
			t.Skipf("no %s on this machine: %v", ip, err)
		}
		t.Cleanup(func() { conn.Close() })
		*c = conn
	}
	rtp, rtcp := sd.Ports()
	p.toRTP, p.toRTCP = netip.AddrPortFrom(addr, rtp), netip.AddrPortFrom(addr, rtcp)
	return p
}

func local(c *net.UDPConn) netip.AddrPort {
	a := c.LocalAddr().(*net.UDPAddr).AddrPort()
	return netip.AddrPortFrom(a.Addr().Unmap(), a.Port())
}

// remote is what the phone's SDP would say.
func (p *phone) remote() Remote { return Remote{RTP: local(p.rtp), RTCP: local(p.rtcp)} }

func (p *phone) send(b []byte) {
	p.t.Helper()
	if _, err := p.rtp.WriteToUDPAddrPort(b, p.toRTP); err != nil {
		p.t.Fatal(err)
	}
}

func (p *phone) say(seq uint16, ssrc uint32) {
	p.t.Helper()
	p.send(marshal(p.t, voice(seq, ssrc)))
}

func (p *phone) sendRTCP(b []byte) {
	p.t.Helper()
	if _, err := p.rtcp.WriteToUDPAddrPort(b, p.toRTCP); err != nil {
		p.t.Fatal(err)
	}
}

// read returns the next datagram on c and where it came from.
func (p *phone) read(c *net.UDPConn) ([]byte, netip.AddrPort) {
	p.t.Helper()
	if err := c.SetReadDeadline(time.Now().Add(patience)); err != nil {
		p.t.Fatal(err)
	}
	n, from, err := c.ReadFromUDPAddrPort(p.buf[:])
	if err != nil {
		p.t.Fatalf("nothing was relayed: %v", err)
	}
	return p.buf[:n], netip.AddrPortFrom(from.Addr().Unmap(), from.Port())
}

// hears waits for RTP with the given sequence number and fails on any other.
func (p *phone) hears(seq uint16) {
	p.t.Helper()
	b, _ := p.read(p.rtp)
	if classify(b) != kindRTP || parseRTP(b).seq != seq {
		p.t.Fatalf("heard % x, want RTP number %d", b[:min(len(b), 12)], seq)
	}
}

// hearsNothing fails if anything has come to the phone. A packet over loopback is there when its send returns.
func (p *phone) hearsNothing() {
	p.t.Helper()
	for _, c := range []*net.UDPConn{p.rtp, p.rtcp} {
		raw, err := c.SyscallConn()
		if err != nil {
			p.t.Fatal(err)
		}
		err = raw.Read(func(fd uintptr) bool {
			if n, errno := receive(int(fd), p.buf[:], new(sockaddr)); errno == 0 {
				p.t.Errorf("%v heard % x", local(c), p.buf[:min(n, 12)])
			}
			return true
		})
		if err != nil {
			p.t.Fatal(err)
		}
	}
}

// bridge is a session with a phone on either side, each where its SDP says.
type bridge struct {
	s    *Session
	a, b *phone
}

func newBridge(t testing.TB, r *Relay, ipA, ipB string) *bridge {
	t.Helper()
	s := openSession(t, r, nil)
	br := &bridge{s: s, a: newPhone(t, ipA, s.Side(call.LegA)), b: newPhone(t, ipB, s.Side(call.LegB))}
	s.Side(call.LegA).SetRemote(br.a.remote())
	s.Side(call.LegB).SetRemote(br.b.remote())
	return br
}

// eventually waits until cond holds.
func eventually(t testing.TB, what string, cond func() bool) {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	deadline := time.After(patience)
	for !cond() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("it never happened: %s", what)
		}
	}
}

// dropped waits until n packets from leg were dropped.
func dropped(t testing.TB, s *Session, leg call.Leg, n uint64) {
	t.Helper()
	var got call.Flow
	eventually(t, "packets are dropped and counted", func() bool {
		got = flowOf(s.Stats(), leg)
		return got.Dropped >= n
	})
	if got.Dropped != n {
		t.Fatalf("%d packets dropped, want %d", got.Dropped, n)
	}
}

func flowOf(m call.Media, leg call.Leg) call.Flow {
	if leg == call.LegB {
		return m.FromCentre
	}
	return m.FromCaller
}
