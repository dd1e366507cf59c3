package call

import (
	"encoding/json"
	"regexp"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestIDsHaveTheShapeOfATwilioCallSIDAndDiffer(t *testing.T) {
	t.Parallel()
	a, b := NewID(), NewID()
	if !regexp.MustCompile(`^CA[0-9a-f]{32}$`).MatchString(string(a)) {
		t.Errorf("ID = %q", a)
	}
	if a == b {
		t.Error("two IDs are the same")
	}
}

func TestARecordReadsBackAsItWasWritten(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	want := Record{
		ID: "CA1", State: StateEnded, StartedAt: at, EndedAt: at.Add(time.Second), EndReason: EndMediaTimeout,
		Trace:    []Step{{Rule: 1, Name: "host", Outcome: "passed"}},
		Attempts: []Attempt{{Target: "psap-sf", Outcome: "busy", Status: 486}},
		Events:   []Event{{At: at, Call: "CA1", Leg: LegB, Kind: EventRinging}, {At: at, Call: "CA1", Kind: EventEnded}},
	}
	b, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	var got Record
	if err := json.Unmarshal(b, &got); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestEveryNameReadsBack(t *testing.T) {
	t.Parallel()
	for r := EndNone; r <= EndInternal; r++ {
		var got EndReason
		if err := got.UnmarshalText([]byte(r.String())); err != nil || got != r {
			t.Errorf("end reason %d is %q and reads back as %d, %v", r, r, got, err)
		}
	}
	for s := StateNew; s <= StateEnded; s++ {
		var got State
		if err := got.UnmarshalText([]byte(s.String())); err != nil || got != s {
			t.Errorf("state %d is %q and reads back as %d, %v", s, s, got, err)
		}
	}
	for l := LegNone; l <= LegB; l++ {
		var got Leg
		if err := got.UnmarshalText([]byte(l.String())); err != nil || got != l {
			t.Errorf("leg %d is %q and reads back as %d, %v", l, l, got, err)
		}
	}
}

func TestUnknownNamesAreRefused(t *testing.T) {
	t.Parallel()
	var r EndReason
	var s State
	var l Leg
	for what, err := range map[string]error{
		"end reason": r.UnmarshalText([]byte("bored")), "state": s.UnmarshalText([]byte("limbo")), "leg": l.UnmarshalText([]byte("c")),
	} {
		if err == nil {
			t.Errorf("an unknown %s was taken", what)
		}
	}
}
