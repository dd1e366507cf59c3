package systest

import (
	"encoding/binary"
	"errors"
	"net"
	"net/netip"
	"regexp"
	"strconv"
	"syscall"
	"testing"
	"time"

	"callbox/sip/call"
	"callbox/sip/media"
)

// mediaSocket sends and takes datagrams by hand.
type mediaSocket struct {
	*net.UDPConn
	sent int // datagrams
}

func openMedia(t *testing.T, host string, port int) *mediaSocket {
	t.Helper()
	c, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.ParseIP(host), Port: port})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return &mediaSocket{UDPConn: c}
}

func (m *mediaSocket) to(t *testing.T, to netip.AddrPort, b []byte) {
	t.Helper()
	if _, err := m.WriteToUDPAddrPort(b, to); err != nil {
		t.Fatal(err)
	}
	m.sent++
}

// hears waits for the RTP packet with a sequence number; anything else fails the test.
func (m *mediaSocket) hears(t *testing.T, seq uint16) {
	t.Helper()
	if err := m.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 2048)
	n, from, err := m.ReadFromUDPAddrPort(b)
	if err != nil || n < 12 || b[1]&0x7f != 0 || binary.BigEndian.Uint16(b[2:]) != seq {
		t.Fatalf("heard % x from %v (%v), want RTP number %d", b[:min(n, 12)], from, err, seq)
	}
}

// heard returns how many datagrams wait to be read.
func (m *mediaSocket) heard(t *testing.T) (n int) {
	t.Helper()
	b := make([]byte, 2048)
	for {
		if err := m.SetReadDeadline(time.Now().Add(time.Millisecond)); err != nil {
			t.Fatal(err)
		}
		if _, _, err := m.ReadFromUDPAddrPort(b); err != nil {
			return n
		}
		n++
	}
}

// rtp is 20 ms of PCMU.
func rtp(seq uint16, ssrc uint32) []byte {
	b := make([]byte, 12+160)
	b[0] = 0x80
	binary.BigEndian.PutUint16(b[2:], seq)
	binary.BigEndian.PutUint32(b[4:], 160*uint32(seq))
	binary.BigEndian.PutUint32(b[8:], ssrc)
	return b
}

// goodbye is an RTCP BYE alone.
func goodbye(ssrc uint32) []byte {
	return binary.BigEndian.AppendUint32([]byte{0x81, 203, 0, 1}, ssrc)
}

var audioPort = regexp.MustCompile(`(?m)^m=audio (\d+) `)

// portOf returns where a message's SDP takes RTP, at a host.
func portOf(t *testing.T, m message, host string) netip.AddrPort {
	t.Helper()
	found := audioPort.FindStringSubmatch(m.body)
	if found == nil {
		t.Fatalf("no audio in the body of %q", m.start)
	}
	port, err := strconv.ParseUint(found[1], 10, 16)
	if err != nil {
		t.Fatal(err)
	}
	return netip.AddrPortFrom(netip.MustParseAddr(host), uint16(port))
}

// attacked is a call of a caller who writes RTP by hand, with a centre that echoes it, and what is thrown at it.
type attacked struct {
	lab      *lab
	wire     *wire
	ok       message
	caller   *mediaSocket
	a, b     netip.AddrPort // where the edge takes RTP on either side
	centre   string         // host
	stranger *mediaSocket
	seq      uint16
	began    time.Time
}

func newAttacked(t *testing.T) *attacked {
	t.Helper()
	l, psap := between(t, settings{}, centre{scenario: "uas_answer.xml", media: true})
	w := dialWire(t, l.sip())
	x := &attacked{began: time.Now(), lab: l, wire: w, centre: psap.host, caller: openMedia(t, w.host, 16000), stranger: openMedia(t, newHost(), 16000)}
	w.send(t, w.request("INVITE", 1, "attacked", newDialog, w.offer()))
	for !isOK(x.ok) {
		var got bool
		if x.ok, got = w.receive(t, 10*time.Second); !got {
			t.Fatal("the call was not answered")
		}
	}
	w.send(t, w.request("ACK", 1, "attackedack", x.ok.header("To"), ""))
	invite, _ := psap.said(t).find(isInvite)
	x.a, x.b = portOf(t, x.ok, l.host), portOf(t, invite, l.host)
	return x
}

const callerSSRC, strangerSSRC = 0xca11e4, 0xbad

// talks fails the test unless the caller is heard by the centre and hears its echo, and nothing else.
func (x *attacked) talks(t *testing.T) {
	t.Helper()
	x.seq++
	x.caller.to(t, x.a, rtp(x.seq, callerSSRC))
	x.caller.hears(t, x.seq)
}

func rtcpPort(rtp netip.AddrPort) netip.AddrPort { return netip.AddrPortFrom(rtp.Addr(), rtp.Port()+1) }

func TestMediaAttacksDoNotDisturbACall(t *testing.T) {
	t.Parallel()
	x := newAttacked(t)
	neighbour := openMedia(t, x.wire.host, 16010) // another port of the caller's host
	impostor := openMedia(t, x.centre, 16010)
	for _, port := range []netip.AddrPort{x.a, x.b} { // nobody has been heard yet
		x.stranger.to(t, port, rtp(1, strangerSSRC))
		x.stranger.to(t, rtcpPort(port), goodbye(strangerSSRC))
	}
	x.talks(t)
	for _, port := range []netip.AddrPort{x.a, x.b} {
		x.stranger.to(t, port, rtp(2, strangerSSRC))
		x.stranger.to(t, port, goodbye(callerSSRC))
		x.stranger.to(t, rtcpPort(port), goodbye(callerSSRC))
		x.stranger.to(t, port, nil)
		x.stranger.to(t, port, []byte{0x80})
		x.stranger.to(t, port, make([]byte, 9000))
	}
	x.talks(t)
	neighbour.to(t, x.a, rtp(x.seq+1, callerSSRC))
	impostor.to(t, x.b, rtp(x.seq+1, callerSSRC)) // the echo has the caller's SSRC
	x.talks(t)
	x.caller.to(t, x.a, goodbye(callerSSRC)) // what a forged source address would look like
	x.caller.to(t, x.a, append(rtp(9, callerSSRC), make([]byte, 1400)...))
	x.talks(t)

	x.wire.send(t, x.wire.request("BYE", 2, "attackedbye", x.ok.header("To"), ""))
	r := x.lab.record(t, x.ok.header("X-Callbox-Call"))
	if r.EndReason != call.EndCallerHungUp || r.AnsweredBy != "psap-first" || r.Media.OneWay {
		t.Errorf("the call ended by %v, answered by %q, media %+v", r.EndReason, r.AnsweredBy, r.Media)
	}
	if late := r.Media.FromCaller.LatchSwitches + r.Media.FromCentre.LatchSwitches; late > 0 && time.Since(x.began) < media.DefaultRelearn {
		t.Errorf("an attacker was heard in the middle of the call: %+v", r.Media)
	}
	x.countsAddUp(t, r, x.stranger.sent+neighbour.sent+impostor.sent+x.caller.sent)
	x.heardByNobody(t, r, x.stranger, neighbour, impostor)
	x.nobodyListens(t)
}

// countsAddUp checks that every datagram of the attack is in the record and in the metrics. A machine that stands
// still for a second lets a stranger be heard until the peer speaks again, as it must; that shows as a switch.
func (x *attacked) countsAddUp(t *testing.T, r call.Record, sent int) {
	t.Helper()
	a, b := r.Media.FromCaller, r.Media.FromCentre
	late := a.LatchSwitches + b.LatchSwitches
	const dropped, echoes, byes = 4 + 12 + 2 + 1, 4, 1
	if got := a.Dropped + b.Dropped; got > dropped || got+late < dropped {
		t.Errorf("%d packets dropped, want %d: %+v", got, dropped, r.Media)
	}
	if got := a.Packets + b.Packets + a.RTCPPackets + b.RTCPPackets + a.Dropped + b.Dropped; got != uint64(sent)+echoes && late == 0 {
		t.Errorf("%d packets counted, want %d: %+v", got, sent+echoes, r.Media)
	}
	m := x.lab.metrics(t)
	reason := func(s string) float64 { return m[`callbox_media_dropped_packets_total{reason="`+s+`"}`] }
	if reason("not_rtp") != 4 || reason("too_large") != 3 || reason("stranger") != float64(a.Dropped+b.Dropped)-7 {
		t.Errorf("dropped: %v not RTP, %v too large, %v of strangers, want 4, 3 and the rest of %d", reason("not_rtp"), reason("too_large"), reason("stranger"), dropped)
	}
	if got := m["callbox_media_rtcp_byes_total"]; got != byes {
		t.Errorf("%v BYEs kept back, want %d", got, byes)
	}
}

// heardByNobody checks that no attacker got a packet of the call.
func (x *attacked) heardByNobody(t *testing.T, r call.Record, attackers ...*mediaSocket) {
	t.Helper()
	n := uint64(0)
	for _, a := range attackers {
		n += uint64(a.heard(t))
	}
	if n > 2*(r.Media.FromCaller.LatchSwitches+r.Media.FromCentre.LatchSwitches) {
		t.Errorf("the attackers heard %d packets: %+v", n, r.Media)
	}
}

// nobodyListens checks that the ports of the call that has ended are closed while they rest.
func (x *attacked) nobodyListens(t *testing.T) {
	t.Helper()
	for _, port := range []netip.AddrPort{x.a, rtcpPort(x.a), x.b, rtcpPort(x.b)} {
		c, err := net.DialUDP("udp", &net.UDPAddr{IP: net.ParseIP(newHost())}, net.UDPAddrFromAddrPort(port))
		if err != nil {
			t.Fatal(err)
		}
		_, err = c.Write(rtp(99, callerSSRC))
		if err == nil {
			err = c.SetReadDeadline(time.Now().Add(5 * time.Second))
		}
		if err == nil {
			_, err = c.Read(make([]byte, 1))
		}
		_ = c.Close()
		if !errors.Is(err, syscall.ECONNREFUSED) {
			t.Errorf("a packet to %v, which rests, met %v, want a closed port", port, err)
		}
	}
	if got := x.lab.metrics(t)[`callbox_media_ports{state="quarantined"}`]; got != 4 {
		t.Errorf("%v ports rest, want the 4 of the call", got)
	}
}
