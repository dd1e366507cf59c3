package sdp

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseRefuses(t *testing.T) {
	tests := []struct {
		name, text string
		want       error
	}{
		{"nothing", "", ErrSyntax},
		{"text", "hello", ErrSyntax},
		{"another version", "v=1\r\nm=audio 4000 RTP/AVP 0\r\n", ErrSyntax},
		{"a version that is not first", "o=- 1 1 IN IP4 10.0.0.1\r\nv=0\r\n", ErrSyntax},
		{"CR alone as line ends", "v=0\rm=audio 4000 RTP/AVP 0\r", ErrSyntax},
		{"an m-line without a protocol", "v=0\r\nm=audio 4000\r\n", ErrSyntax},
		{"an m-line with a port too high", "v=0\r\nm=audio 65536 RTP/AVP 0\r\n", ErrSyntax},
		{"an m-line with a negative port", "v=0\r\nm=audio -1 RTP/AVP 0\r\n", ErrSyntax},
		{"an m-line with a CR inside", "v=0\r\nm=audio 4000 RTP/AVP 0\rm=video 0 RTP/AVP 96\r\n", ErrSyntax},
		{"an m-line with a NUL inside", "v=0\r\nm=audio 4000 RTP/AVP 0\x00\r\n", ErrSyntax},
		{"an address for a media", "v=0\r\nm=10.0.0.1 4000 RTP/AVP 0\r\n", ErrSyntax},
		{"an address for a protocol", "v=0\r\nm=audio 4000 10.0.0.1 0\r\n", ErrSyntax},
		{"a protocol as long as a novel", "v=0\r\nm=audio 4000 " + strings.Repeat("x", 65) + " 0\r\n", ErrSyntax},
		{"too many bytes", "v=0\r\n" + strings.Repeat("a=x\r\n", MaxSize/5), ErrTooLarge},
		{"too many lines", "v=0\r\n" + strings.Repeat("a=x\r\n", MaxLines), ErrTooLarge},
		{"too many m-lines", "v=0\r\n" + strings.Repeat("m=audio 4000 RTP/AVP 0\r\n", MaxMedia+1), ErrTooLarge},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, err := Parse([]byte(tt.text))
			if !errors.Is(err, tt.want) || s != nil {
				t.Errorf("got %v, %v, want %v", s, err, tt.want)
			}
		})
	}
}

func TestParsePutsUpWith(t *testing.T) {
	const plain = "v=0\r\nc=IN IP4 198.51.100.9\r\nm=audio 4000 RTP/AVP 0 101\r\na=sendonly\r\na=ptime:30\r\n"
	tests := []struct{ name, text string }{
		{"CRLF line ends", plain},
		{"LF line ends", strings.ReplaceAll(plain, "\r", "")},
		{"mixed line ends", strings.Replace(plain, "\r", "", 2)},
		{"two CRs", strings.ReplaceAll(plain, "\r", "\r\r")},
		{"a missing last line end", strings.TrimRight(plain, "\r\n")},
		{"empty lines", "\r\n\r\n" + strings.ReplaceAll(plain, "\r\n", "\r\n\r\n")},
		{"spaces at the end of lines", strings.ReplaceAll(plain, "\r\n", " \r\n")},
		{"two spaces in the m-line", strings.ReplaceAll(plain, "audio 4000 ", "audio  4000  ")},
		{"a number of ports", strings.ReplaceAll(plain, "4000", "4000/2")},
		{"unknown lines", strings.ReplaceAll(plain, "c=", "x=y\r\nnonsense\r\n=\r\nc=")},
		{"a control character in a line nobody needs", strings.ReplaceAll(plain, "c=", "s=a\x01\x00\r\nc=")},
		{"a time to live", strings.ReplaceAll(plain, "100.9", "100.9/127")},
		{"a lower case network type", strings.ReplaceAll(plain, "IN IP4", "in ip4")},
		{"formats that are no payload types", strings.ReplaceAll(plain, "0 101", "x 0 128 101 10.0.0.1 +5")},
		{"a packet time with a fraction", strings.ReplaceAll(plain, ":30", ":30.0")},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m, ok := mustParse(t, tt.text).Audio()
			got := fmt.Sprint(ok, m.RTP, m.RTCP, m.Direction, m.Formats, m.PTime)
			want := "true 198.51.100.9:4000 198.51.100.9:4001 sendonly [0 101] 30"
			if got != want {
				t.Errorf("got  %s\nwant %s", got, want)
			}
		})
	}
}

func TestConnection(t *testing.T) {
	tests := []struct {
		name, session, media string
		want                 string // RTP, RTCP, direction
	}{
		{"the media level wins", "c=IN IP4 198.51.100.1\n", "c=IN IP4 198.51.100.2\n", "198.51.100.2:4000 198.51.100.2:4001 sendrecv"},
		{"the first of two counts", "c=IN IP4 198.51.100.1\nc=IN IP4 198.51.100.2\n", "", "198.51.100.1:4000 198.51.100.1:4001 sendrecv"},
		{"IPv6", "c=IN IP6 2001:db8::5\n", "", "[2001:db8::5]:4000 [2001:db8::5]:4001 sendrecv"},
		{"IPv4 within IPv6 is IPv4", "c=IN IP6 ::ffff:198.51.100.1\n", "", "198.51.100.1:4000 198.51.100.1:4001 sendrecv"},
		{"a zone is of another machine", "c=IN IP6 fe80::1%eth0\n", "", "[fe80::1]:4000 [fe80::1]:4001 sendrecv"},
		{"a name is not looked up", "c=IN IP4 pbx.example\n", "", "invalid AddrPort invalid AddrPort sendrecv"},
		{"a multicast group is not sent to", "c=IN IP4 224.2.1.1/127\n", "", "invalid AddrPort invalid AddrPort sendrecv"},
		{"broadcast is not sent to", "c=IN IP4 255.255.255.255\n", "", "invalid AddrPort invalid AddrPort sendrecv"},
		{"a missing address is not an error", "", "", "invalid AddrPort invalid AddrPort sendrecv"},
		{"half a line is no address", "c=IN IP4\n", "", "invalid AddrPort invalid AddrPort sendrecv"},
		{"RTCP on a port of its own", "c=IN IP4 198.51.100.1\n", "a=rtcp:5000\n", "198.51.100.1:4000 198.51.100.1:5000 sendrecv"},
		{"RTCP at an address of its own", "c=IN IP4 198.51.100.1\n", "a=rtcp:5000 IN IP6 2001:db8::1\n", "198.51.100.1:4000 [2001:db8::1]:5000 sendrecv"},
		{"the first of two RTCP ports counts", "c=IN IP4 198.51.100.1\n", "a=rtcp:5000\na=rtcp:6000\n", "198.51.100.1:4000 198.51.100.1:5000 sendrecv"},
		{"RTCP at a null address", "c=IN IP4 198.51.100.1\n", "a=rtcp:9 IN IP4 0.0.0.0\n", "198.51.100.1:4000 198.51.100.1:9 sendrecv"},
		{"the null address holds", "c=IN IP4 0.0.0.0\n", "", "invalid AddrPort invalid AddrPort sendonly"},
		{"the null address of IPv6 holds", "c=IN IP6 ::\n", "", "invalid AddrPort invalid AddrPort sendonly"},
		{"a name in .invalid holds", "c=IN IP6 ANON.Invalid\n", "", "invalid AddrPort invalid AddrPort sendonly"},
		{"the null address and recvonly leave nothing", "c=IN IP4 0.0.0.0\n", "a=recvonly\n", "invalid AddrPort invalid AddrPort inactive"},
		{"a null address for others does not hold", "c=IN IP4 0.0.0.0\n", "c=IN IP4 198.51.100.2\n", "198.51.100.2:4000 198.51.100.2:4001 sendrecv"},
		{"direction of the session", "c=IN IP4 198.51.100.1\na=inactive\n", "", "198.51.100.1:4000 198.51.100.1:4001 inactive"},
		{"direction of the media wins", "c=IN IP4 198.51.100.1\na=inactive\n", "a=sendrecv\n", "198.51.100.1:4000 198.51.100.1:4001 sendrecv"},
		{"the first of two directions counts", "c=IN IP4 198.51.100.1\n", "a=recvonly\na=sendonly\n", "198.51.100.1:4000 198.51.100.1:4001 recvonly"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m, ok := mustParse(t, "v=0\n"+tt.session+"m=audio 4000 RTP/AVP 0\n"+tt.media).Audio()
			if !ok {
				t.Fatal("not usable")
			}
			if got := fmt.Sprint(m.RTP, m.RTCP, m.Direction); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

func TestTheHighestPortHasNoneAboveIt(t *testing.T) {
	m, _ := mustParse(t, "v=0\nc=IN IP4 198.51.100.1\nm=audio 65535 RTP/AVP 0\n").Audio()
	if m.RTP.Port() != 65535 || m.RTCP.IsValid() || m.RTCP.Port() != 0 {
		t.Errorf("RTP %v, RTCP %v", m.RTP, m.RTCP)
	}
}

func TestCodec(t *testing.T) {
	m, _ := mustParse(t, `v=0
m=audio 4000 RTP/AVP 0 9 18 96 97 98 99 13
a=rtpmap:96 opus/48000/2
a=fmtp:96 useinbandfec=1; stereo=0
a=fmtp:97 0-15
a=rtpmap:97 telephone-event/8000
a=rtpmap:98 Nonsense
a=rtpmap:0 PCMU/0
a=fmtp:18 annexb=no
m=video 4002 RTP/AVP 99
a=rtpmap:99 VP8/90000
`).Audio()
	want := []Format{
		{Payload: 0, Name: "PCMU", ClockRate: 8000},
		{Payload: 9, Name: "G722", ClockRate: 8000},
		{Payload: 18, Name: "G729", ClockRate: 8000, Params: "annexb=no"},
		{Payload: 96, Name: "opus", ClockRate: 48000, Channels: 2, Params: "useinbandfec=1; stereo=0"},
		{Payload: 97, Name: "telephone-event", ClockRate: 8000, Params: "0-15"},
		{Payload: 13, Name: "CN", ClockRate: 8000},
	}
	if diff := cmp.Diff(want, m.Codecs()); diff != "" {
		t.Errorf("codecs (-want +got):\n%s", diff)
	}
	if got := m.ClockRate(96); got != 48000 {
		t.Errorf("clock rate of opus is %d", got)
	}
	if got := m.ClockRate(98); got != 0 {
		t.Errorf("clock rate of an unknown payload type is %d", got)
	}
	if f, ok := m.Find("Telephone-Event", 8000); !ok || f.Payload != 97 {
		t.Errorf("found %+v, %v", f, ok)
	}
	if f, ok := m.Find("telephone-event", 48000); ok {
		t.Errorf("found %+v at a rate that is not there", f)
	}
}

func TestStaticPayloadTypesHaveTheirClockRate(t *testing.T) {
	want := map[uint8]uint32{0: 8000, 3: 8000, 4: 8000, 5: 8000, 6: 16000, 7: 8000, 8: 8000, 9: 8000, 10: 44100, 11: 44100,
		12: 8000, 13: 8000, 14: 90000, 15: 8000, 16: 11025, 17: 22050, 18: 8000}
	for pt := range uint8(128) {
		if got := (Media{}).ClockRate(pt); got != want[pt] {
			t.Errorf("payload type %d: %d Hz, want %d", pt, got, want[pt])
		}
	}
}

func TestDirection(t *testing.T) {
	tests := []struct{ d, reverse Direction }{
		{SendRecv, SendRecv}, {SendOnly, RecvOnly}, {RecvOnly, SendOnly}, {Inactive, Inactive},
	}
	for _, tt := range tests {
		t.Run(tt.d.String(), func(t *testing.T) {
			if got := tt.d.Reverse(); got != tt.reverse {
				t.Errorf("reverse is %v, want %v", got, tt.reverse)
			}
			if back, ok := parseDirection([]byte(tt.d.String())); !ok || back != tt.d {
				t.Errorf("read back as %v, %v", back, ok)
			}
			if got := tt.d.Within(SendRecv); got != tt.d {
				t.Errorf("within sendrecv it is %v", got)
			}
			if got := tt.d.Within(Inactive); got != Inactive {
				t.Errorf("within inactive it is %v", got)
			}
		})
	}
	if got := SendOnly.Within(RecvOnly); got != Inactive {
		t.Errorf("sendonly within recvonly is %v", got)
	}
}
