package app

import (
	"bytes"
	"regexp"
	"testing"

	"callbox/config"
)

// The log level is the process's own, so these tests run beside no other.

func TestTheLogIsForProgramsOrPeople(t *testing.T) {
	tests := []struct {
		format, want string
	}{
		{"json", `^\{"level":"info","part":"b2bua","call_id":"CA1","caller":"\+14155550100","time":"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z","message":"call decided"\}\n$`},
		{"console", `^\d\d:\d\d:\d\d\.\d{3} INF call decided caller=\+14155550100 call_id=CA1 part=b2bua\n$`},
	}
	for _, tt := range tests {
		t.Run(tt.format, func(t *testing.T) {
			var b bytes.Buffer
			log, err := newLogger(&b, config.Log{Level: "info", Format: tt.format})
			if err != nil {
				t.Fatal(err)
			}
			a := App{log: log}
			part := a.part("b2bua")
			part.Info().Str("call_id", "CA1").Str("caller", "+14155550100").Msg("call decided")
			part.Debug().Msg("not shown")
			if !regexp.MustCompile(tt.want).Match(b.Bytes()) {
				t.Errorf("%s", &b)
			}
		})
	}
}

func TestAReloadChangesTheLevelOfEveryPart(t *testing.T) {
	var b bytes.Buffer
	log, err := newLogger(&b, config.Log{Level: "warn", Format: "json"})
	if err != nil {
		t.Fatal(err)
	}
	part := (&App{log: log}).part("agent")
	part.Info().Msg("one")
	if err := setLevel("debug"); err != nil {
		t.Fatal(err)
	}
	part.Debug().Msg("two")
	if err := setLevel("loud"); err == nil {
		t.Error("loud is a level")
	}
	if got := b.String(); !regexp.MustCompile(`^\{[^\n]*"two"\}\n$`).MatchString(got) {
		t.Errorf("%s", got)
	}
}
