package cli

import (
	"bytes"
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"callbox/sip/phone"
)

func answeredCall() phone.Result {
	return phone.Result{
		Status: 200, Reason: "OK", CallID: "CA1", SIPCallID: "x@y", Codec: "PCMU", Setup: 1234 * time.Millisecond,
		Talk: 5 * time.Second, HungUpBy: phone.HungUpCallee, PacketsSent: 250, PacketsReceived: 249, PacketsLost: 1,
		LevelDBFS: -18.4, Voice: "builtin", Digits: "1",
	}
}

func refusedCall() phone.Result {
	return phone.Result{
		Status: 503, Reason: "Service Unavailable", Sentence: "no call centre could be reached", ErrorCode: "32204",
		CallID: "CA2", RetryAfter: "30",
	}
}

func TestACallIsSummedUpForPeople(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name      string
		r         phone.Result
		answered  bool
		recording string
		want      string
	}{
		{"answered", answeredCall(), true, "out.wav", `answered after 1.23s, talked 5s, hung up by the callee
audio    PCMU, 250 packets sent, 249 received, 1 lost, level -18 dBFS
voice    builtin
digits   1
recorded out.wav
call     CA1
`},
		{"not answered", refusedCall(), false, "", `not answered: 503 Service Unavailable
because  no call centre could be reached
error    32204
retry in 30
call     CA2
`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var b bytes.Buffer
			summarize(&b, tt.r, tt.answered, tt.recording)
			if d := cmp.Diff(tt.want, b.String()); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		})
	}
}

func TestACallIsToldToProgramsInUnits(t *testing.T) {
	t.Parallel()
	var got map[string]any
	b, err := json.Marshal(describe(answeredCall(), true, "out.wav"))
	if err == nil {
		err = json.Unmarshal(b, &got)
	}
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]any{
		"answered": true, "sip_status": 200.0, "sip_reason": "OK", "call_id": "CA1", "sip_call_id": "x@y", "setup_ms": 1234.0,
		"talk_ms": 5000.0, "hung_up_by": "callee", "codec": "PCMU", "early_media": false, "voice": "builtin",
		"packets_sent": 250.0, "packets_received": 249.0, "packets_lost": 1.0, "level_dbfs": -18.4, "digits": "1", "recording": "out.wav",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

func TestProgressTellsTheTimeSinceDialling(t *testing.T) {
	t.Parallel()
	begun := time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)
	var b bytes.Buffer
	progress(&b, begun, phone.Event{At: begun.Add(50 * time.Millisecond), Kind: phone.EventEarlyMedia, Status: 183, Detail: "PCMU"})
	progress(&b, begun, phone.Event{At: begun.Add(12 * time.Second), Kind: phone.EventEnded})
	if d := cmp.Diff("  0.050s  early media 183 PCMU\n 12.000s  ended\n", b.String()); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

func TestEditDistanceCountsSlips(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"from", "from", 0}, {"form", "from", 2}, {"fom", "from", 1}, {"", "to", 2}, {"domain", "donain", 1}, {"abc", "xyz", 3}} {
		if got := editDistance(tt.a, tt.b); got != tt.want {
			t.Errorf("editDistance(%q, %q) = %d, want %d", tt.a, tt.b, got, tt.want)
		}
	}
}
