package callback

import (
	"fmt"
	"sync"

	"callbox/sip/call"
)

// What comes of a rule, in the words of a decision's trace.
const (
	skipped = "skipped"
	passed  = "passed"
	applied = "applied"
	failed  = "failed"
)

// longestSaw bounds a sentence of the trace: parts of it come from the network.
const longestSaw = 300

// mostSteps bounds the trace of one callback: a document of the customer's may have a thousand verbs that lead nowhere, and
// lead to another such.
const mostSteps = 300

// trail is the trace of a callback. What is played may add to it from another goroutine.
type trail struct {
	mu    sync.Mutex
	rules int // numbered before
	noted int
	steps []call.Step
}

// note adds what came of a rule.
func (t *trail) note(rule, outcome, format string, args ...any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.noted++; t.noted > mostSteps {
		return
	}
	if t.noted == mostSteps {
		rule, outcome, format, args = "trace", skipped, "what comes from here on is left out: the trace has %d steps", []any{mostSteps}
	}
	t.rules++
	t.steps = append(t.steps, call.Step{Rule: t.rules, Name: rule, Outcome: outcome, Saw: clean(fmt.Sprintf(format, args...))})
}

// take returns what was noted since the last time.
func (t *trail) take() []call.Step {
	t.mu.Lock()
	defer t.mu.Unlock()
	s := t.steps
	t.steps = nil
	return s
}

// clean makes a sentence safe to print.
func clean(s string) string {
	out := []rune(s)
	if len(out) > longestSaw {
		out = append(out[:longestSaw], '.', '.', '.')
	}
	for i, r := range out {
		if r < ' ' || r == 0x7f || r == 0xfffd {
			out[i] = '?'
		}
	}
	return string(out)
}
