package routing

import (
	"net/netip"
	"strings"
	"testing"

	"callbox/routing/directory"
)

func TestADecisionAllocatesItsTargetsAndNothingElse(t *testing.T) {
	s := directory.Lab(netip.AddrPort{})
	claimed := request("4155550100", "911", hostTrunk)
	claimed.Claims = claims(asserted, "alice", remote, "+14155550100")
	rows := []struct {
		name string
		req  Request
		max  float64
	}{
		{"a call to a PSAP allocates its targets", request("+14155550100", "911", hostLab), 1},
		{"a call by a trunk allocates its targets", request("+14155550100", "911", hostTrunk), 1},
		{"a replaced caller allocates the targets", request("+19995550199", "911", hostStore), 1},
		{"a call for a fee allocates its target", request("+14155550102", "911", hostLab), 1},
		{"a test call allocates its target", request("+14155550100", "933", hostLab), 1},
		{"a refusal allocates its sentence", request("+19995550199", "911", hostLab), 1},
		{"a caller by a claim allocates the targets", claimed, 1},
		{"a number in another form allocates the sentence", request("(415)555-0100", "911", hostLab), 1},
		{"an unknown host allocates its sentence", request("+14155550100", "911", "example.org"), 1},
	}
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			var d Decision
			if n := testing.AllocsPerRun(100, func() { d = Decide(s, nil, r.req) }); n > r.max {
				t.Errorf("%v allocations, at most %v wanted, for\n%s", n, r.max, Text(d))
			}
		})
	}
	challenge := request("+14155550100", "911", hostPhones)
	challenge.Proof = nil
	if n := testing.AllocsPerRun(100, func() { Decide(s, nil, challenge) }); n != 0 {
		t.Errorf("a challenge makes %v allocations, want none", n)
	}
}

func TestAllRulesAreInEveryTrace(t *testing.T) {
	s := directory.Lab(netip.AddrPort{})
	for _, r := range []Request{
		{}, request("+14155550100", "911", hostLab), request("+14155550100", "933", hostLab), request("+19995550199", "911", hostLab),
	} {
		d := Decide(s, nil, r)
		steps := d.Trace.Steps()
		if len(steps) != 10 {
			t.Fatalf("%d steps", len(steps))
		}
		end := false
		for i, step := range steps {
			if step.Rule != i+1 || step.Name == "" || step.Outcome == "" || step.Saw == "" {
				t.Errorf("step %d: %+v", i, step)
			}
			if end && step.Saw != "not reached" {
				t.Errorf("rule %d was reached after the end: %+v", step.Rule, step)
			}
			end = end || step.Outcome == "failed" && (i != 4 || d.Verdict == VerdictRefuse && steps[5].Outcome != "failed")
		}
	}
}

func TestEveryTextIsWritten(t *testing.T) {
	for i := range texts {
		if texts[i] == "" {
			t.Errorf("text %d is empty", i)
		}
	}
}

func TestHostileValuesCannotBreakOutOfASentence(t *testing.T) {
	s := directory.Lab(netip.AddrPort{})
	evil := "x\"\\\r\nX-Evil: 1\x1b[2J\u202e\xff" + strings.Repeat("é", 100)
	for _, r := range []Request{
		request("+14155550100", "911", evil), request("+14155550100", evil, hostLab), request(evil, "911", hostLab),
	} {
		d := Decide(s, nil, r)
		if d.Verdict != VerdictRefuse || len(d.Reason) > 250 {
			t.Errorf("%s, %d bytes", d.Verdict, len(d.Reason))
		}
		for _, c := range d.Reason {
			if c < ' ' || c > '~' || c == '"' || c == '\\' {
				t.Errorf("%q in %q", c, d.Reason)
			}
		}
		wantClean(t, d)
	}
}

func TestHostileAddressesCannotBreakOutOfASentence(t *testing.T) {
	evil := address("5th\r\n\x1b[2J\u202e\"Ave"+strings.Repeat("é", 100), "New York", "NY", "10118", "US")
	r := request("", "", "")
	r.User = "911"
	here(nil, evil)(&r)
	d := Decide(odd(t), nil, r)
	if d.Place.By != PlaceValue || !strings.Contains(step(d, 10).Saw, "psap-nyc serves 350 5th [2J 'Ave") {
		t.Error(Text(d))
	}
	wantClean(t, d)
}

// wantClean fails if a step of the trace holds what could break out of it.
func wantClean(t *testing.T, d Decision) {
	t.Helper()
	for _, step := range d.Trace.Steps() {
		if strings.ContainsAny(step.Saw, "\"\\\r\n\x1b\u202e") || len(step.Saw) > 250 {
			t.Errorf("step %+v", step)
		}
	}
}

func TestNamesOfVerdictsAndTargets(t *testing.T) {
	var got []string
	for v := VerdictRefuse; v <= VerdictAsk+1; v++ {
		got = append(got, v.String())
	}
	for k := TargetPSAP; k <= TargetTest+1; k++ {
		got = append(got, k.String())
	}
	if s := strings.Join(got, " "); s != "refuse challenge psap ecc test ask verdict(6) psap overflow ecc test target(4)" {
		t.Error(s)
	}
}

func BenchmarkDecide(b *testing.B) {
	s := directory.Lab(netip.AddrPort{})
	for _, r := range []struct {
		name string
		req  Request
	}{
		{"psap", request("+14155550100", "911", hostLab)},
		{"trunk", request("+14155550100", "911", hostTrunk)},
		{"refused", request("+19995550199", "911", hostLab)},
	} {
		b.Run(r.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				Decide(s, down("psap-oakland"), r.req)
			}
		})
	}
}
