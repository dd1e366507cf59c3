package sdp

import (
	"net/netip"
	"strings"
	"testing"
)

func TestLoopbackOfATestCall(t *testing.T) {
	t.Parallel()
	mirror := "a=loopback:rtp-media-loopback\r\na=loopback-mirror\r\n"
	for _, tt := range []struct {
		name, said string
		passes     string // to the other leg of a test call
		taken      bool
	}{
		{"media", "a=loopback:rtp-media-loopback\r\na=loopback-source\r\n", "a=loopback:rtp-media-loopback\r\na=loopback-source\r\n", true},
		{"either", "a=loopback-source\r\na=loopback:rtp-pkt-loopback rtp-media-loopback\r\n", "a=loopback-source\r\na=loopback:rtp-pkt-loopback rtp-media-loopback\r\n", true},
		{"packets alone", "a=loopback:rtp-pkt-loopback\r\na=loopback-source\r\n", "a=loopback:rtp-pkt-loopback\r\na=loopback-source\r\n", false},
		{"as mirror", mirror, mirror, false},
		{"no role", "a=loopback:rtp-media-loopback\r\n", "a=loopback:rtp-media-loopback\r\n", false},
		{"none", "", "", false},
		{"hosts", "a=loopback:rtp-media-loopback pbx.example\r\na=loopback-source:10.0.0.1\r\n", "", true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s, err := Parse([]byte("v=0\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n" + tt.said + "m=video 5000 RTP/AVP 31\r\n"))
			if err != nil {
				t.Fatal(err)
			}
			l := Local{Addr: netip.MustParseAddr("198.51.100.1"), RTP: 30000}
			usual := string(s.Rewrite(nil, l, RoleOffer))
			answer, _, err := Answer(s, l, Supported(), SendRecv, 20)
			if err != nil || strings.Contains(usual+string(answer), "loopback") {
				t.Errorf("on a call that is no test: %v\n%s\n%s", err, usual, answer)
			}
			l.Loopback = true
			if got, want := string(s.Rewrite(nil, l, RoleOffer)), strings.Replace(usual, "m=video", tt.passes+"m=video", 1); got != want {
				t.Errorf("rewritten:\n%s\nwant\n%s", got, want)
			}
			answer, _, err = Answer(s, l, Supported(), SendRecv, 20)
			audio, _, _ := strings.Cut(string(answer), "m=video")
			if err != nil || strings.Contains(audio, mirror) != tt.taken || strings.Count(string(answer), "loopback") > 3 {
				t.Errorf("%v\n%s", err, answer)
			}
		})
	}
}
