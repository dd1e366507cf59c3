package sdp

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestOffer(t *testing.T) {
	opus := Format{Payload: 96, Name: "opus", ClockRate: 48000, Channels: 2}
	got := Offer(ours(), append(Supported(), opus), SendRecv, 20)
	want := head + "t=0 0\r\nm=audio 30000 RTP/AVP 0 8 101 96\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\n" +
		"a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\na=rtpmap:96 opus/48000/2\r\na=ptime:20\r\na=sendrecv\r\n"
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("offer (-want +got):\n%s", diff)
	}
	m, ok := mustParse(t, string(got)).Audio()
	if !ok {
		t.Fatal("own offer is not usable")
	}
	if diff := cmp.Diff(append(Supported(), opus), m.Codecs()); diff != "" {
		t.Errorf("read back (-want +got):\n%s", diff)
	}
	agreesWithPion(t, mustParse(t, string(got)), string(got))
}

func TestOfferOfOnePortSaysMux(t *testing.T) {
	l := ours()
	l.RTCP = l.RTP
	want := head + "t=0 0\r\nm=audio 30000 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\na=inactive\r\na=rtcp-mux\r\n"
	if diff := cmp.Diff(want, string(Offer(l, []Format{PCMU()}, Inactive, 0))); diff != "" {
		t.Errorf("offer (-want +got):\n%s", diff)
	}
}

func TestAnswer(t *testing.T) {
	const (
		pcmu = "m=audio 30000 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n"
		both = "v=0\nm=audio 4000 RTP/AVP 0\n"
	)
	tests := []struct {
		name, offer string
		dir         Direction
		ptime       int
		want        string
	}{
		{"the first common codec of the offer and its events under the offer's numbers",
			"v=0\nm=audio 4000 RTP/AVP 110 9 8 0 13 97 98\na=rtpmap:110 opus/48000/2\na=rtpmap:97 telephone-event/48000\n" +
				"a=rtpmap:98 TELEPHONE-EVENT/8000\na=fmtp:98 0-16\n", SendRecv, 20,
			"m=audio 30000 RTP/AVP 8 98\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:98 telephone-event/8000\r\na=fmtp:98 0-15\r\na=ptime:20\r\na=sendrecv\r\n"},
		{"a dynamic payload type for a codec with a static one",
			"v=0\nm=audio 4000 RTP/AVP 100\na=rtpmap:100 pcmu/8000/1\n", SendRecv, 0,
			"m=audio 30000 RTP/AVP 100\r\na=rtpmap:100 PCMU/8000\r\na=sendrecv\r\n"},
		{"sendonly is answered by recvonly", both + "a=sendonly\n", SendRecv, 0, pcmu + "a=recvonly\r\n"},
		{"recvonly is answered by sendonly", both + "a=recvonly\n", SendRecv, 0, pcmu + "a=sendonly\r\n"},
		{"inactive is answered by inactive", both + "a=inactive\n", SendRecv, 0, pcmu + "a=inactive\r\n"},
		{"a null address is answered by recvonly", both + "c=IN IP4 0.0.0.0\n", SendRecv, 0, pcmu + "a=recvonly\r\n"},
		{"our own hold narrows further", both + "a=sendonly\n", SendOnly, 0, pcmu + "a=inactive\r\n"},
		{"other lines are refused in their places",
			"v=0\nm=audio 4000 RTP/SAVP 0\nm=audio 4002 RTP/AVPF 0\nm=video 4004 RTP/AVP 96\n", SendRecv, 0,
			"m=audio 0 RTP/SAVP 0\r\nm=audio 30000 RTP/AVPF 0\r\na=rtpmap:0 PCMU/8000\r\na=sendrecv\r\nm=video 0 RTP/AVP 96\r\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			offer := mustParse(t, tt.offer)
			got, chosen, err := Answer(offer, ours(), Supported(), tt.dir, tt.ptime)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(head+"t=0 0\r\n"+tt.want, string(got)); diff != "" {
				t.Errorf("answer (-want +got):\n%s", diff)
			}
			m, _ := mustParse(t, string(got)).Audio()
			if diff := cmp.Diff(chosen, m.Codecs()); diff != "" {
				t.Errorf("chosen formats and those written (-chosen +written):\n%s", diff)
			}
		})
	}
}

func TestAnswerTakesMuxOnlyWhereOffered(t *testing.T) {
	l := ours()
	l.RTCP = l.RTP
	for offered, want := range map[string]string{"": "a=rtcp:30000\r\n", "a=rtcp-mux\n": "a=rtcp-mux\r\n"} {
		body, _, err := Answer(mustParse(t, "v=0\nm=audio 4000 RTP/AVP 0\n"+offered), l, Supported(), SendRecv, 0)
		if err != nil {
			t.Fatal(err)
		}
		full := head + "t=0 0\r\nm=audio 30000 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\na=sendrecv\r\n" + want
		if diff := cmp.Diff(full, string(body)); diff != "" {
			t.Errorf("offered %q (-want +got):\n%s", offered, diff)
		}
	}
}

func TestAnswerHasNoCodec(t *testing.T) {
	tests := []struct{ name, offer string }{
		{"a codec we do not speak", "v=0\nm=audio 4000 RTP/AVP 18 101\na=rtpmap:101 telephone-event/8000\n"},
		{"a codec at another rate", "v=0\nm=audio 4000 RTP/AVP 96\na=rtpmap:96 PCMU/16000\n"},
		{"a codec in stereo", "v=0\nm=audio 4000 RTP/AVP 96\na=rtpmap:96 PCMU/8000/2\n"},
		{"secure audio alone", "v=0\nm=audio 4000 RTP/SAVP 0\n"},
		{"no media", "v=0\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if body, chosen, err := Answer(mustParse(t, tt.offer), ours(), Supported(), SendRecv, 20); !errors.Is(err, ErrNoCodec) {
				t.Errorf("got %q, %v, %v", body, chosen, err)
			}
		})
	}
}
