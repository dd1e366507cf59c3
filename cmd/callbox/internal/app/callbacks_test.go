package app

import (
	"testing"

	"callbox/sip/call"
)

func TestACallbackIsAboutACallThatACentreWasRungFor(t *testing.T) {
	t.Parallel()
	rung := []call.Attempt{{Target: "psap-sf"}}
	const number = "+14155550100"
	for _, c := range []struct {
		name string
		r    call.Record
		want bool
	}{
		{"answered or not", call.Record{Caller: number, Verdict: "psap", Attempts: rung}, true},
		{"by its callback number", call.Record{Caller: "+12125550100", CallbackNumber: number, Verdict: "psap", Attempts: rung}, true},
		{"by the national centre", call.Record{Caller: number, Verdict: "ecc", Attempts: rung}, true},
		{"refused for its media", call.Record{Caller: number, Verdict: "psap"}, false},
		{"to the test service", call.Record{Caller: number, Verdict: "test", Attempts: rung}, false},
		{"of somebody else", call.Record{Caller: "+12125550100", Verdict: "psap", Attempts: rung}, false},
		{"itself a callback", call.Record{Caller: number, Verdict: "psap", Attempts: rung, Direction: call.DirectionCallback}, false},
	} {
		if got := forHelp(&c.r, number); got != c.want {
			t.Errorf("%s: %t", c.name, got)
		}
	}
}
