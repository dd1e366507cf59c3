package routing

import (
	"encoding/json"
	"fmt"
	"strings"
	"text/tabwriter"

	"callbox/routing/directory"
	"callbox/sip/call"
)

// MarshalJSON writes the decision with snake_case keys, the trace as steps and ring times in milliseconds. Keys are
// only ever added.
func (d Decision) MarshalJSON() ([]byte, error) {
	out := decisionJSON{
		Verdict: d.Verdict, Status: d.Status, Reason: d.Reason, Code: d.Code, Realm: d.Realm,
		Account: d.Account, Domain: d.Domain, Trunk: d.Trunk, Dialled: d.Dialled, Country: d.Country, Service: d.Service,
		Emergency: d.Emergency, FeeCents: d.FeeCents, Warning: d.Warning, Trace: d.Trace.Steps(),
		Targets: make([]targetJSON, len(d.Targets)),
	}
	if d.Caller.Number != "" {
		out.Caller = &callerJSON{
			Number: d.Caller.Number, Country: d.Caller.Country, Replaced: d.Caller.Replaced,
			Service: d.Caller.Service, Address: d.Caller.Address,
		}
	}
	for i, t := range d.Targets {
		out.Targets[i] = targetJSON{
			ID: t.ID, Name: t.Name, URI: t.URI, Kind: t.Kind, RingMS: t.Ring.Milliseconds(), Policy: t.Policy, Deliver: t.Deliver,
		}
	}
	return json.Marshal(out)
}

type decisionJSON struct {
	Verdict   Verdict      `json:"verdict"`
	Status    int          `json:"sip_status,omitempty"`
	Reason    string       `json:"reason,omitempty"`
	Code      int          `json:"error_code,omitempty"`
	Realm     string       `json:"realm,omitempty"`
	Account   string       `json:"account,omitempty"`
	Domain    string       `json:"domain,omitempty"`
	Trunk     bool         `json:"trunk"`
	Caller    *callerJSON  `json:"caller,omitempty"`
	Dialled   string       `json:"dialled,omitempty"`
	Country   string       `json:"country,omitempty"`
	Service   string       `json:"service,omitempty"`
	Emergency bool         `json:"emergency"`
	Targets   []targetJSON `json:"targets"`
	FeeCents  int64        `json:"fee_cents"`
	Warning   int          `json:"warning,omitempty"`
	Trace     []call.Step  `json:"trace"`
}

type callerJSON struct {
	Number   string             `json:"number"`
	Country  string             `json:"country"`
	Replaced bool               `json:"replaced"`
	Service  directory.Service  `json:"service"`
	Address  *directory.Address `json:"address,omitempty"`
}

type targetJSON struct {
	ID      string                 `json:"id"`
	Name    string                 `json:"name"`
	URI     string                 `json:"uri"`
	Kind    TargetKind             `json:"kind"`
	RingMS  int64                  `json:"ring_ms"`
	Policy  directory.AnswerPolicy `json:"answer_policy"`
	Deliver directory.Delivery     `json:"deliver"`
}

// Text renders a decision for people: verdict, caller, fee, targets and one line for each rule, aligned.
func Text(d Decision) string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "verdict\t%s\n", verdictLine(&d))
	if d.Code != 0 {
		fmt.Fprintf(w, "error\t%d\n", d.Code)
	}
	if d.Domain != "" {
		kind := "domain"
		if d.Trunk {
			kind = "trunk"
		}
		fmt.Fprintf(w, "%s\t%s\n", kind, d.Domain)
	}
	callerLines(w, &d)
	w.Flush()
	targetLines(&b, d.Targets)
	b.WriteString("\nrules\n")
	w = tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	for _, s := range d.Trace.Steps() {
		fmt.Fprintf(w, "  %2d\t%s\t%s\t%s\n", s.Rule, s.Name, s.Outcome, s.Saw)
	}
	w.Flush()
	return b.String()
}

func verdictLine(d *Decision) string {
	switch d.Verdict {
	case VerdictPSAP:
		return "psap: " + d.Targets[0].Name + " is rung first"
	case VerdictECC:
		return "ecc: " + d.Targets[0].Name + " is rung"
	case VerdictTest:
		return "test: the test service answers"
	case VerdictChallenge:
		return fmt.Sprintf("challenge: %d, credentials for %s are asked for", d.Status, d.Realm)
	}
	return fmt.Sprintf("refuse: %d, %s", d.Status, d.Reason)
}

// callerLines tells who calls what, and what it costs.
func callerLines(w *tabwriter.Writer, d *Decision) {
	if d.Caller.Number == "" {
		return
	}
	instead := ""
	if d.Caller.Replaced {
		instead = ", Emergency Caller ID in place of From"
	}
	fmt.Fprintf(w, "caller\t%s (%s), service %s%s\n", d.Caller.Number, d.Caller.Country, d.Caller.Service, instead)
	address := "none registered"
	if d.Caller.Address != nil {
		address = d.Caller.Address.Line()
	}
	fmt.Fprintf(w, "address\t%s\n", address)
	if d.Dialled != "" && d.Service != "" {
		fmt.Fprintf(w, "dialled\t%s (%s)\n", d.Dialled, d.Service)
	}
	if d.FeeCents != 0 {
		fmt.Fprintf(w, "fee\t%d.%02d USD, warning %d\n", d.FeeCents/100, d.FeeCents%100, d.Warning)
	}
}

func targetLines(b *strings.Builder, targets []Target) {
	if len(targets) == 0 {
		return
	}
	b.WriteString("\ntargets\n")
	w := tabwriter.NewWriter(b, 0, 0, 2, ' ', 0)
	for i, t := range targets {
		fmt.Fprintf(w, "  %2d\t%s\t%s\t%s\tring %gs\tgets %s\n", i+1, t.ID, t.Kind, t.URI, t.Ring.Seconds(), t.Deliver)
	}
	w.Flush()
}
