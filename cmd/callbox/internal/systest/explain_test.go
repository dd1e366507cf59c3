package systest

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"callbox/sip/call"
)

// explained is what `callbox explain -o json` tells, as far as it can be held against a call.
type explained struct {
	Verdict   string      `json:"verdict"`
	Status    int         `json:"sip_status"`
	ErrorCode int         `json:"error_code"`
	FeeCents  int64       `json:"fee_cents"`
	Warning   int         `json:"warning"`
	Targets   []foretold  `json:"targets"`
	Trace     []call.Step `json:"trace"`
}

type foretold struct {
	ID string `json:"id"`
}

func TestExplainForetellsEveryRowOfTheLab(t *testing.T) {
	t.Parallel()
	for _, r := range labTable {
		t.Run(r.name, func(t *testing.T) {
			t.Parallel()
			args := []string{"explain", "-o", "json", "--from", r.from, "--to", r.to}
			if r.domain != "" {
				args = append(args, "--domain", r.domain)
			}
			stdout, stderr, code := command(t, args...)
			var got explained
			if err := json.Unmarshal([]byte(stdout), &got); err != nil {
				t.Fatalf("code %d: %v\n%s%s", code, err, stdout, stderr)
			}
			want := explained{Verdict: r.want.Verdict, ErrorCode: r.want.ErrorCode, FeeCents: r.want.FeeCents, Warning: r.want.Warning}
			if r.want.Status != 200 {
				want.Status = r.want.Status
			} else if len(got.Targets) == 0 || got.Targets[0].ID != r.want.AnsweredBy {
				t.Errorf("targets %v, want %s first", got.Targets, r.want.AnsweredBy)
			}
			if len(got.Trace) < 1 {
				t.Error("no trace")
			}
			got.Targets, got.Trace = nil, nil
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("explain differs from the lab's table (-want +got):\n%s", diff)
			}
		})
	}
}

func TestExplainIsReadable(t *testing.T) {
	t.Parallel()
	stdout, _, code := command(t, "explain", "--from", "+14155550102", "--to", "911")
	if code != 0 {
		t.Errorf("code %d", code)
	}
	for _, want := range []string{"ecc-us", "75.00", "22221"} {
		if !strings.Contains(stdout, want) {
			t.Errorf("no %q in\n%s", want, stdout)
		}
	}
}

func TestCheckReportsEveryProblemAtOnce(t *testing.T) {
	t.Parallel()
	l := prepareLab(t, settings{})
	l.write(t, "bad.yaml", "sip:\n  listners: []\nrtp: {ports: 39999-30000}\nlog: {level: loud}\n")
	stdout, stderr, code := command(t, "check", l.dir+"/bad.yaml")
	if code != 3 {
		t.Errorf("code %d, want 3", code)
	}
	for _, want := range []string{"bad.yaml:2", "listners", "listeners", "bad.yaml:3", "39999-30000", "bad.yaml:4", "loud"} {
		if !strings.Contains(stdout+stderr, want) {
			t.Errorf("no %q in\n%s%s", want, stdout, stderr)
		}
	}
	if stdout, stderr, code := command(t, "check", l.dir+"/config.yaml"); code != 0 {
		t.Errorf("a good file: code %d\n%s%s", code, stdout, stderr)
	}
}

func TestServeRefusesABadConfiguration(t *testing.T) {
	t.Parallel()
	l := prepareLab(t, settings{})
	l.write(t, "bad.yaml", "sipp: {}\n")
	if _, stderr, code := command(t, "serve", "--config", l.dir+"/bad.yaml"); code != 3 || !strings.Contains(stderr, "bad.yaml:1") {
		t.Errorf("code %d\n%s", code, stderr)
	}
}
