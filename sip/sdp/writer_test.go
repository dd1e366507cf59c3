package sdp

import (
	"errors"
	"math"
	"strings"
	"testing"
)

// version returns the fifth word of the o= line.
func origin(t *testing.T, body []byte) (id, version string) {
	t.Helper()
	for _, line := range strings.Split(string(body), "\r\n") {
		if words := strings.Fields(line); strings.HasPrefix(line, "o=") && len(words) == 6 {
			return words[1], words[2]
		}
	}
	t.Fatalf("no origin in:\n%s", body)
	return "", ""
}

func TestWriterCountsChangesOnly(t *testing.T) {
	talk := mustParse(t, "v=0\nm=audio 4000 RTP/AVP 0\n")
	hold := mustParse(t, "v=0\nm=audio 4000 RTP/AVP 0\na=sendonly\n")
	other := ours()
	other.RTP = 30002
	w := NewWriter(42)
	steps := []struct {
		name string
		body func() []byte
		want string
	}{
		{"the first", func() []byte { return w.Rewrite(nil, talk, ours(), RoleOffer) }, "1"},
		{"the same again", func() []byte { return w.Rewrite(nil, talk, ours(), RoleOffer) }, "1"},
		{"on hold", func() []byte { return w.Rewrite([]byte("before"), hold, ours(), RoleOffer) }, "2"},
		{"on hold again", func() []byte { return w.Rewrite(nil, hold, ours(), RoleOffer) }, "2"},
		{"back", func() []byte { return w.Rewrite(nil, talk, ours(), RoleOffer) }, "3"},
		{"another port", func() []byte { return w.Rewrite(nil, talk, other, RoleAnswer) }, "4"},
		{"an offer of our own", func() []byte { return w.Offer(other, Supported(), SendRecv, 20) }, "5"},
		{"the same offer", func() []byte { return w.Offer(other, Supported(), SendRecv, 20) }, "5"},
		{"an answer of our own", func() []byte { return must(w.Answer(talk, other, Supported(), SendRecv, 20)) }, "6"},
		{"the same answer", func() []byte { return must(w.Answer(talk, other, Supported(), SendRecv, 20)) }, "6"},
		{"an answer to a hold", func() []byte { return must(w.Answer(hold, other, Supported(), SendRecv, 20)) }, "7"},
	}
	for _, step := range steps {
		id, version := origin(t, []byte(strings.TrimPrefix(string(step.body()), "before")))
		if id != "42" || version != step.want {
			t.Errorf("%s: id %s version %s, want 42 and %s", step.name, id, version, step.want)
		}
	}
}

func must(body []byte, _ []Format, err error) []byte {
	if err != nil {
		return nil
	}
	return body
}

func TestWriterKeepsItsVersionWhenAnAnswerFails(t *testing.T) {
	w := NewWriter(1)
	w.Offer(ours(), Supported(), SendRecv, 0)
	if _, _, err := w.Answer(mustParse(t, "v=0\n"), ours(), Supported(), SendRecv, 0); !errors.Is(err, ErrNoCodec) {
		t.Errorf("got %v", err)
	}
	if _, version := origin(t, w.Offer(ours(), Supported(), SendRecv, 0)); version != "1" {
		t.Errorf("version %s after an answer that was never made", version)
	}
}

func TestWriterIDFitsASignedNumber(t *testing.T) {
	if id, _ := origin(t, NewWriter(math.MaxUint64).Offer(ours(), Supported(), SendRecv, 0)); id != "9223372036854775807" {
		t.Errorf("id %s", id)
	}
}
