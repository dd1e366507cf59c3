package sdp

import (
	"bytes"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Every line that may leave the edge: those that are ours to the letter, and the
// shapes of those that pass.
var (
	written = map[string]bool{
		"v=0": true, "o=callbox 911 7 IN IP4 192.0.2.1": true, "s=-": true, "c=IN IP4 192.0.2.1": true, "t=0 0": true,
		"a=sendrecv": true, "a=sendonly": true, "a=recvonly": true, "a=inactive": true, "a=rtcp-mux": true,
	}
	mediaLine = regexp.MustCompile(`^m=[A-Za-z0-9-]+ (0|30000) [A-Za-z0-9/_-]+( [A-Za-z0-9_*+-]+)+$`)
	plainLine = regexp.MustCompile(`^(t=[0-9 ]+|[rz]=[0-9dhms -]+|b=[A-Za-z0-9-]+:[0-9]+ *)$`)
	passing   = regexp.MustCompile(`^a=(rtpmap|fmtp|ptime|maxptime|silenceSupp|rtcp-fb|rtcp-xr|rtcp-rsize|lang|hlang-send|hlang-recv|content)([: \t]|$)`)
)

func checkLines(t *testing.T, in, out []byte) {
	t.Helper()
	body, ok := strings.CutSuffix(string(out), "\r\n")
	if !ok {
		t.Fatalf("no line end at the end of %q", out)
	}
	for _, line := range strings.Split(body, "\r\n") {
		if strings.ContainsAny(line, "\r\n\x00") {
			t.Fatalf("a line within a line: %q", line)
		}
		switch {
		case written[line], mediaLine.MatchString(line):
		case (plainLine.MatchString(line) || passing.MatchString(line)) && bytes.Contains(in, []byte(line)):
		default:
			t.Fatalf("a line that must not pass: %q", line)
		}
	}
}

// checkAudio holds what was rewritten to what was read.
func checkAudio(t *testing.T, in, out *Session) {
	t.Helper()
	want, usable := in.Audio()
	got, still := out.Audio()
	if usable != still || len(in.media) != len(out.media) {
		t.Fatalf("usable %v then %v, %d m-lines then %d", usable, still, len(in.media), len(out.media))
	}
	if !usable {
		return
	}
	if got.RTP.String() != "192.0.2.1:30000" || got.Held {
		t.Fatalf("RTP %v, held %v", got.RTP, got.Held)
	}
	if got.Index != want.Index || got.Direction != want.Direction || got.PTime != want.PTime {
		t.Fatalf("index %d then %d, %v then %v, %d then %d ms",
			want.Index, got.Index, want.Direction, got.Direction, want.PTime, got.PTime)
	}
	if diff := cmp.Diff(want.Formats, got.Formats); diff != "" {
		t.Fatalf("formats (-in +out):\n%s", diff)
	}
	if diff := cmp.Diff(want.Codecs(), got.Codecs()); diff != "" {
		t.Fatalf("codecs (-in +out):\n%s", diff)
	}
}

func FuzzRewrite(f *testing.F) {
	for _, text := range offers(f) {
		f.Add([]byte(text))
	}
	f.Add([]byte(fromBrowser))
	asked, err := Parse([]byte("v=0\nm=video 1 RTP/AVP 96\nm=audio 4000 RTP/AVP 0 8\na=rtcp-mux\na=sendonly\n"))
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		before := bytes.Clone(text)
		s, err := Parse(text)
		if err != nil {
			return
		}
		out := s.Rewrite(nil, ours(), RoleOffer)
		checkLines(t, text, out)
		again, err := Parse(out)
		if err != nil {
			t.Fatalf("what was rewritten cannot be read: %v\n%s", err, out)
		}
		checkAudio(t, s, again)
		if twice := again.Rewrite(nil, ours(), RoleOffer); !bytes.Equal(out, twice) {
			t.Fatalf("rewriting again changes it:\n%s\n%s", out, twice)
		}

		if web := s.For(Required); web.audio >= 0 {
			checkLines(t, text, web.Rewrite(nil, ours(), RoleOffer))
		}
		l := ours()
		l.Answers = asked
		answer, err := Parse(s.Rewrite(nil, l, RoleAnswer))
		if err != nil || len(answer.media) != 2 || answer.media[0].Port != 0 {
			t.Fatalf("an answer of two lines is %+v, %v", answer, err)
		}
		if m, ok := answer.Audio(); ok && m.Direction.Sends() {
			t.Fatalf("sendonly is answered by %v", m.Direction)
		}
		if body, chosen, err := Answer(s, ours(), Supported(), SendRecv, 20); err == nil {
			if own, err := Parse(body); err != nil || len(own.media) != len(s.media) || len(chosen) == 0 {
				t.Fatalf("own answer %q: %v", body, err)
			}
		}
		if !bytes.Equal(before, text) {
			t.Fatal("the input was changed")
		}
	})
}
