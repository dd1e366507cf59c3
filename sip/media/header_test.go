package media

import (
	"encoding/binary"
	"testing"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
)

func marshal(t testing.TB, m interface{ Marshal() ([]byte, error) }) []byte {
	t.Helper()
	b, err := m.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func voice(seq uint16, ssrc uint32) *rtp.Packet {
	return &rtp.Packet{
		Header:  rtp.Header{Version: 2, SequenceNumber: seq, Timestamp: uint32(seq) * 160, SSRC: ssrc},
		Payload: make([]byte, 160),
	}
}

func report(ssrc uint32) rtcp.CompoundPacket {
	return rtcp.CompoundPacket{
		&rtcp.SenderReport{SSRC: ssrc, Reports: []rtcp.ReceptionReport{{SSRC: 99}}},
		&rtcp.SourceDescription{Chunks: []rtcp.SourceDescriptionChunk{{
			Source: ssrc, Items: []rtcp.SourceDescriptionItem{{Type: rtcp.SDESCNAME, Text: "a@example.com"}}}}},
	}
}

func TestClassify(t *testing.T) {
	t.Parallel()
	plain := marshal(t, voice(7, 0xfeed))
	extended := voice(7, 0xfeed)
	extended.CSRC = []uint32{1, 2, 3}
	if err := extended.SetExtension(1, []byte{0xaa}); err != nil {
		t.Fatal(err)
	}
	sr := marshal(t, report(0xfeed))
	edit := func(b []byte, f func([]byte)) []byte {
		c := append([]byte(nil), b...)
		f(c)
		return c
	}
	for _, tt := range []struct {
		name string
		in   []byte
		want packetKind
	}{
		{"a plain packet is RTP", plain, kindRTP},
		{"a bare header is RTP", plain[:12], kindRTP},
		{"a packet with CSRCs and an extension is RTP", marshal(t, extended), kindRTP},
		{"eleven bytes are junk", plain[:11], kindJunk},
		{"nothing is junk", nil, kindJunk},
		{"version 1 is junk", edit(plain, func(b []byte) { b[0] = 0x40 }), kindJunk},
		{"version 3 is junk", edit(plain, func(b []byte) { b[0] = 0xc0 }), kindJunk},
		{"CSRCs that do not fit are junk", edit(plain[:20], func(b []byte) { b[0] |= 3 }), kindJunk},
		{"an extension header that does not fit is junk", edit(plain[:15], func(b []byte) { b[0] |= 0x10 }), kindJunk},
		{"an extension that does not fit is junk", edit(plain, func(b []byte) {
			b[0] |= 0x10
			binary.BigEndian.PutUint16(b[14:], 0xffff)
		}), kindJunk},
		{"padding that fits is RTP", edit(plain, func(b []byte) { b[0] |= 0x20; b[len(b)-1] = byte(len(b) - 12) }), kindRTP},
		{"padding longer than the packet is junk", edit(plain, func(b []byte) { b[0] |= 0x20; b[len(b)-1] = byte(len(b) - 11) }), kindJunk},
		{"padding of a bare header is junk", edit(plain[:12], func(b []byte) { b[0] |= 0x20; b[11] = 1 }), kindJunk},
		{"a STUN binding request is junk", edit(make([]byte, 20), func(b []byte) { b[1] = 1 }), kindJunk},
		{"a DTLS hello is junk", edit(make([]byte, 60), func(b []byte) { b[0] = 22 }), kindJunk},
		{"a telephone-event with the marker is RTP", edit(plain, func(b []byte) { b[1] = 0x80 | 101 }), kindRTP},
		{"payload type 63 with the marker is RTP", edit(plain, func(b []byte) { b[1] = 0x80 | 63 }), kindRTP},
		{"payload type 96 with the marker is RTP", edit(plain, func(b []byte) { b[1] = 0x80 | 96 }), kindRTP},
		{"a sender report is RTCP", sr, kindRTCP},
		{"a BYE is RTCP", marshal(t, &rtcp.Goodbye{Sources: []uint32{1}}), kindRTCP},
		{"RTCP feedback alone is RTCP", marshal(t, &rtcp.PictureLossIndication{MediaSSRC: 1}), kindRTCP},
		{"RTCP of seven bytes is junk", sr[:7], kindJunk},
		{"RTCP cut short is junk", sr[:len(sr)-4], kindJunk},
		{"RTCP with a tail is junk", append(append([]byte(nil), sr...), 0, 0, 0, 0), kindJunk},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := classify(tt.in); got != tt.want {
				t.Errorf("classify(% x) = %d, want %d", tt.in, got, tt.want)
			}
		})
	}
}

// FuzzClassify holds the header checks against pion's parser: what we call RTP it must read, and read the same.
func FuzzClassify(f *testing.F) {
	f.Add(marshal(f, voice(7, 0xfeed)))
	f.Add(marshal(f, report(0xfeed)))
	f.Add([]byte{0x9f, 0x00, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3})
	f.Add([]byte{0x80, 0xc8, 0xff, 0xff, 0, 0, 0, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		switch classify(b) {
		case kindRTP:
			got := parseRTP(b)
			var h rtp.Header
			if _, err := h.Unmarshal(b); err != nil {
				// pion also reads inside one- and two-byte extensions, which a relay leaves to the ends.
				if h.Extension || b[0]&0x10 != 0 {
					return
				}
				t.Fatalf("pion refuses what we relay: %v", err)
			}
			want := rtpHeader{seq: h.SequenceNumber, payloadType: h.PayloadType, timestamp: h.Timestamp, ssrc: h.SSRC}
			if got != want {
				t.Fatalf("parseRTP = %+v, pion reads %+v", got, want)
			}
		case kindRTCP:
			for len(b) > 0 {
				var h rtcp.Header
				if err := h.Unmarshal(b); err != nil {
					t.Fatalf("pion refuses an RTCP header we relay: %v", err)
				}
				b = b[4*(int(h.Length)+1):]
			}
		}
	})
}
