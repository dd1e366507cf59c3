package sdp

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const head = "v=0\r\no=callbox 911 7 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\n"

func TestRewriteOffer(t *testing.T) {
	tests := []struct {
		name, in, want string // below the lines that are always ours
	}{
		{"a missing time is written", "m=audio 4000 RTP/AVP 0\n", "t=0 0\r\nm=audio 30000 RTP/AVP 0\r\n"},
		{"a time that is no time is replaced", "t=10.0.0.1\nr=7d\nm=audio 4000 RTP/AVP 0\n", "t=0 0\r\nm=audio 30000 RTP/AVP 0\r\n"},
		{"lines out of order are put in order", "a=maxptime:60\nt=0 0\nb=AS:64\nm=audio 4000 RTP/AVP 0\na=ptime:20\nb=TIAS:64000\n",
			"b=AS:64\r\nt=0 0\r\na=maxptime:60\r\nm=audio 30000 RTP/AVP 0\r\nb=TIAS:64000\r\na=ptime:20\r\n"},
		{"bandwidth that is no number stays behind", "b=X-host:10.0.0.1\nb=AS\nm=audio 4000 RTP/AVP 0\n", "t=0 0\r\nm=audio 30000 RTP/AVP 0\r\n"},
		{"a direction of the session moves to the media", "a=inactive\nm=audio 4000 RTP/AVP 0\nm=video 1 RTP/AVP 96\n",
			"t=0 0\r\nm=audio 30000 RTP/AVP 0\r\na=inactive\r\nm=video 0 RTP/AVP 96\r\n"},
		{"two directions become one", "m=audio 4000 RTP/AVP 0\na=recvonly\na=sendrecv\n", "t=0 0\r\nm=audio 30000 RTP/AVP 0\r\na=recvonly\r\n"},
		{"a hold by null address becomes a direction", "c=IN IP4 0.0.0.0\nm=audio 4000 RTP/AVP 0\na=sendrecv\n",
			"t=0 0\r\nm=audio 30000 RTP/AVP 0\r\na=sendonly\r\n"},
		{"the second of two audio lines is refused", "m=audio 4000 RTP/AVP 0\nm=audio 4002 RTP/AVP 8\na=rtpmap:8 PCMA/8000\n",
			"t=0 0\r\nm=audio 30000 RTP/AVP 0\r\nm=audio 0 RTP/AVP 8\r\n"},
		{"audio that is switched off stays off", "m=audio 0 RTP/AVP 0\na=sendrecv\n", "t=0 0\r\nm=audio 0 RTP/AVP 0\r\n"},
		{"a refused line without a format gets one", "m=video 4000 RTP/AVP\nm=message 1 TCP/MSRP 10.0.0.1 a:b\n",
			"t=0 0\r\nm=video 0 RTP/AVP 0\r\nm=message 0 TCP/MSRP 0\r\n"},
		{"mux is kept", "m=audio 4000 RTP/AVP 0\na=rtcp-mux\n", "t=0 0\r\nm=audio 30000 RTP/AVP 0\r\na=rtcp-mux\r\n"},
		{"mux is not kept for payload types that look like RTCP", "m=audio 4000 RTP/AVP 0 72\na=rtcp-mux\n", "t=0 0\r\nm=audio 30000 RTP/AVP 0 72\r\n"},
		{"mux of the session means nothing", "a=rtcp-mux\nm=audio 4000 RTP/AVP 0\n", "t=0 0\r\nm=audio 30000 RTP/AVP 0\r\n"},
		{"attributes that name hosts, keys or streams stay behind",
			"a=tool:x\na=group:BUNDLE 0\na=source-filter: incl IN IP4 * 10.0.0.1\nm=audio 4000 RTP/AVP 0\na=rtcp-mux-only\na=mid:0\n" +
				"a=ssrc:1 cname:host\na=label:1\na=crypto:1 x\na=candidate:1\na=setup:active\na=extmap:1 x\na=X-nat:10.0.0.1\na=rtcp:5 IN IP4 10.0.0.1\na=Rtpmap:0 x\n",
			"t=0 0\r\nm=audio 30000 RTP/AVP 0\r\n"},
		{"a line with a CR inside stays behind", "m=audio 4000 RTP/AVP 0\na=fmtp:0 x\rm=video 9 RTP/AVP 96\na=fmtp:0 y\r\r\n",
			"t=0 0\r\nm=audio 30000 RTP/AVP 0\r\na=fmtp:0 y\r\n"},
		{"a line with a control character stays behind", "m=audio 4000 RTP/AVP 0\na=fmtp:0 x\x00y\na=fmtp:0 x\x0by\na=fmtp:0 x\x7fy\na=fmtp:0 x\ty\n",
			"t=0 0\r\nm=audio 30000 RTP/AVP 0\r\na=fmtp:0 x\ty\r\n"},
		{"text that is not ASCII is kept", "m=audio 4000 RTP/AVP 0\na=fmtp:0 ü\xff\n", "t=0 0\r\nm=audio 30000 RTP/AVP 0\r\na=fmtp:0 ü\xff\r\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := string(mustParse(t, "v=0\n"+tt.in).Rewrite([]byte("before"), ours(), RoleOffer))
			if diff := cmp.Diff("before"+head+tt.want, got); diff != "" {
				t.Errorf("rewritten (-want +got):\n%s", diff)
			}
		})
	}
}

func TestRewriteWritesWhatLocalSays(t *testing.T) {
	s := mustParse(t, "v=0\nm=audio 4000 RTP/AVP 0\na=rtcp-mux\n")
	plain := mustParse(t, "v=0\nm=audio 4000 RTP/AVP 0\n")
	tests := []struct {
		name  string
		s     *Session
		local Local
		want  string
	}{
		{"an IPv6 address", plain, Local{Addr: netip.MustParseAddr("2001:db8::1%lo"), RTP: 2, User: "psap"},
			"v=0\r\no=psap 0 0 IN IP6 2001:db8::1\r\ns=-\r\nc=IN IP6 2001:db8::1\r\nt=0 0\r\nm=audio 2 RTP/AVP 0\r\n"},
		{"an IPv4 address within IPv6", plain, Local{Addr: netip.MustParseAddr("::ffff:192.0.2.9"), RTP: 2, RTCP: 3},
			"v=0\r\no=callbox 0 0 IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 192.0.2.9\r\nt=0 0\r\nm=audio 2 RTP/AVP 0\r\n"},
		{"no address", plain, Local{RTP: 2},
			"v=0\r\no=callbox 0 0 IN IP4 0.0.0.0\r\ns=-\r\nc=IN IP4 0.0.0.0\r\nt=0 0\r\nm=audio 2 RTP/AVP 0\r\n"},
		{"an RTCP port that is not the next", plain, Local{RTP: 2, RTCP: 9},
			"v=0\r\no=callbox 0 0 IN IP4 0.0.0.0\r\ns=-\r\nc=IN IP4 0.0.0.0\r\nt=0 0\r\nm=audio 2 RTP/AVP 0\r\na=rtcp:9\r\n"},
		{"one port for both", s, Local{RTP: 2, RTCP: 2},
			"v=0\r\no=callbox 0 0 IN IP4 0.0.0.0\r\ns=-\r\nc=IN IP4 0.0.0.0\r\nt=0 0\r\nm=audio 2 RTP/AVP 0\r\na=rtcp-mux\r\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, string(tt.s.Rewrite(nil, tt.local, RoleOffer))); diff != "" {
				t.Errorf("rewritten (-want +got):\n%s", diff)
			}
		})
	}
}

func TestRewriteAnswer(t *testing.T) {
	const (
		audio     = "m=audio 4000 RTP/AVP 0 8\n"
		relayed   = "m=audio 30000 RTP/AVP 0\r\n"
		answer    = "m=audio 6000 RTP/AVP 0\n"
		secureToo = "m=audio 4002 RTP/SAVP 0\n" + audio + "m=video 4004 RTP/AVP 96\n"
	)
	tests := []struct {
		name, offer, answer string
		want                string
	}{
		{"an answer as it should be", audio, answer, relayed},
		{"mux that both have", audio + "a=rtcp-mux\n", answer + "a=rtcp-mux\n", relayed + "a=rtcp-mux\r\n"},
		{"mux that the answer does not take", audio + "a=rtcp-mux\n", answer, relayed},
		{"mux that was not offered", audio, answer + "a=rtcp-mux\n", relayed},
		{"an answer that says nothing of a hold", audio + "a=sendonly\n", answer, relayed + "a=recvonly\r\n"},
		{"an answer that contradicts a hold", audio + "a=sendonly\n", answer + "a=sendrecv\n", relayed + "a=recvonly\r\n"},
		{"an answer to inactive", audio + "a=inactive\n", answer + "a=recvonly\n", relayed + "a=inactive\r\n"},
		{"an answer to a null address", "c=IN IP4 0.0.0.0\n" + audio, answer, relayed + "a=recvonly\r\n"},
		{"an answer by null address", audio, "c=IN IP4 0.0.0.0\n" + answer, relayed + "a=sendonly\r\n"},
		{"a narrower answer stands", audio, answer + "a=recvonly\n", relayed + "a=recvonly\r\n"},
		{"the answer has the lines of the offer", secureToo, "m=audio 0 RTP/SAVP 0\n" + answer + "m=video 0 RTP/AVP 96\n",
			"m=audio 0 RTP/SAVP 0\r\n" + relayed + "m=video 0 RTP/AVP 96\r\n"},
		{"an answer with lines missing is completed", secureToo, answer,
			"m=audio 0 RTP/SAVP 0\r\n" + relayed + "m=video 0 RTP/AVP 96\r\n"},
		{"an answer with lines too many is cut", audio, answer + "m=video 7000 RTP/AVP 96\n", relayed},
		{"an answer has the protocol of the offer", strings.Replace(audio, "AVP", "AVPF", 1), answer,
			strings.Replace(relayed, "AVP", "AVPF", 1)},
		{"an answer that refuses", audio, "m=audio 0 RTP/AVP 0\n", "m=audio 0 RTP/AVP 0 8\r\n"},
		{"an answer without media", audio, "", "m=audio 0 RTP/AVP 0 8\r\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l := ours()
			l.Answers = mustParse(t, "v=0\n"+tt.offer)
			got := string(mustParse(t, "v=0\n"+tt.answer).Rewrite(nil, l, RoleAnswer))
			if diff := cmp.Diff(head+"t=0 0\r\n"+tt.want, got); diff != "" {
				t.Errorf("rewritten (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAnAnswerHasTheTimeOfItsOffer(t *testing.T) {
	offer := mustParse(t, "v=0\nt=3034423619 3042462419\nm=audio 4000 RTP/AVP 0\n")
	l := ours()
	l.Answers = offer
	rewritten := string(mustParse(t, "v=0\nt=0 0\nm=audio 6000 RTP/AVP 0\n").Rewrite(nil, l, RoleAnswer))
	if want := head + "t=3034423619 3042462419\r\nm=audio 30000 RTP/AVP 0\r\n"; rewritten != want {
		t.Errorf("rewritten: %q, want %q", rewritten, want)
	}
	made, _, err := Answer(offer, ours(), Supported(), SendRecv, 0)
	if err != nil || !strings.Contains(string(made), "\r\nt=3034423619 3042462419\r\nm=") {
		t.Errorf("made: %q, %v", made, err)
	}
}

func TestRewriteAnswerWithoutItsOffer(t *testing.T) {
	s := mustParse(t, "v=0\nm=audio 6000 RTP/AVP 0\na=rtcp-mux\na=sendonly\nm=video 1 RTP/AVP 96\n")
	got := string(s.Rewrite(nil, ours(), RoleAnswer))
	want := head + "t=0 0\r\nm=audio 30000 RTP/AVP 0\r\na=sendonly\r\nm=video 0 RTP/AVP 96\r\n"
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("rewritten (-want +got):\n%s", diff)
	}
}

func TestRewriteAllocatesNothing(t *testing.T) {
	dst := make([]byte, 0, MaxSize)
	for name, text := range offers(t) {
		s := mustParse(t, text)
		l := ours()
		l.Answers = s
		for role, roleName := range map[Role]string{RoleOffer: "offer", RoleAnswer: "answer"} {
			if n := testing.AllocsPerRun(100, func() { s.Rewrite(dst, l, role) }); n != 0 {
				t.Errorf("%s as %s: %v allocations", name, roleName, n)
			}
		}
	}
}

func BenchmarkParseRewrite(b *testing.B) {
	text := []byte(offers(b)["3cx.sdp"])
	dst := make([]byte, 0, 4096)
	b.ReportAllocs()
	for b.Loop() {
		s, err := Parse(text)
		if err != nil {
			b.Fatal(err)
		}
		s.Rewrite(dst, ours(), RoleOffer)
	}
}
