package sim_test

import (
	"bytes"
	"net"
	"strings"
	"testing"
	"time"

	"callbox/psap/sim"
	"callbox/sip/agent"
	"callbox/sip/body"
	"callbox/sip/location"
	"callbox/sip/sdp"
)

func TestATestByURNIsToldWhatCameAndLoopsThreePackets(t *testing.T) {
	t.Parallel()
	s, c := startLab(t, sim.Options{}), newCaller(t)
	media, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer media.Close()
	here := media.LocalAddr().(*net.UDPAddr).AddrPort()
	offer := sdp.Offer(sdp.Local{Addr: here.Addr(), RTP: here.Port(), ID: 5, Version: 1}, []sdp.Format{sdp.PCMU()}, sdp.SendRecv, 20)
	offer = append(offer, "a=loopback:rtp-pkt-loopback rtp-media-loopback\r\na=loopback-source\r\n"...)
	b, _ := body.Split("application/sdp", offer)
	m := agent.Message{Headers: []agent.Header{
		{Name: "X-Callbox-Centre", Value: "psap-sf"}, {Name: "Geolocation", Value: "<cid:a@b>"}, {Name: "P-Asserted-Identity", Value: "<sip:+14155550100@x>"},
	}}
	m.ContentType, m.Body = b.Write(offer, []body.Addition{{Type: body.PIDF, ID: "a@b", Content: location.Build(location.Location{
		Entity: "sip:x@y", Shape: &location.Shape{Kind: location.KindCircle, Centre: location.Point{Lat: 37.5, Lon: -122.25}, Radius: 50},
	})}}, "x")
	route, err := c.Route(t.Context(), "sip:test-service@"+s.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	c.Dial(agent.Outgoing{Route: route, To: agent.Address{Scheme: "urn", User: "service:test.sos"}, Message: m}, func(e agent.Event) { c.events <- e })
	answer := c.expect(agent.KindAnswered).Message
	parts, err := body.Split(answer.ContentType, answer.Body)
	if err != nil || parts.Find("text/plain") < 0 || parts.Session() < 0 {
		t.Fatalf("%v: %s", err, answer.Body)
	}
	text, _ := parts.Content(parts.Find("text/plain"))
	for _, want := range []string{"PSAP: psap-sf\r\n", "Location: 37.500000,-122.250000 within 50 m\r\n", "Number: +14155550100\r\n"} {
		if !strings.Contains(string(text), want) {
			t.Errorf("no %q in %q", want, text)
		}
	}
	raw, _ := parts.Content(parts.Session())
	if !bytes.Contains(raw, []byte("\r\na=loopback:rtp-media-loopback\r\na=loopback-mirror\r\n")) {
		t.Errorf("no mirror in\n%s", raw)
	}
	description, err := sdp.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	audio, _ := description.Audio()
	for i := range 6 {
		if _, err := media.WriteToUDPAddrPort(loopedPacket(i), audio.RTP); err != nil {
			t.Fatal(err)
		}
	}
	c.expect(agent.KindBye)
	threeComeBack(t, media)
}

// loopedPacket is an RTP packet of 20 ms whose samples tell which one it is.
func loopedPacket(i int) []byte {
	return append([]byte{0x80, 0, 0, byte(i), 0, 0, byte(i), byte(i * 160 % 256), 1, 2, 3, 4}, bytes.Repeat([]byte{byte(0x80 + i)}, 160)...)
}

// threeComeBack fails the test unless the first three of the packets have come back and nothing else does.
func threeComeBack(t *testing.T, media *net.UDPConn) {
	t.Helper()
	_ = media.SetReadDeadline(time.Now().Add(300 * time.Millisecond))
	buf := make([]byte, 2048)
	for i := 0; ; i++ {
		n, err := media.Read(buf)
		switch {
		case err != nil && i == 3:
			return
		case err != nil:
			t.Fatalf("%d packets came back: %v", i, err)
		case n != 172 || buf[12] != byte(0x80+i):
			t.Fatalf("packet %d of %d bytes is %x", i, n, buf[12:14])
		}
	}
}
