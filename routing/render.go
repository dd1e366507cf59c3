package routing

import (
	"fmt"
	"strings"
	"text/tabwriter"

	"callbox/routing/directory"
)

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
		secure := ""
		if d.Secure {
			secure = ", secure: TLS and SRTP are required"
		}
		fmt.Fprintf(w, "%s\t%s%s\n", kind, d.Domain, secure)
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
	case VerdictAsk:
		return "ask: " + d.Question.String()
	case VerdictChallenge:
		return fmt.Sprintf("challenge: %d, credentials for %s are asked for", d.Status, d.Realm)
	}
	return fmt.Sprintf("refuse: %d, %s", d.Status, d.Reason)
}

// callerLines tells who calls what, and what it costs.
func callerLines(w *tabwriter.Writer, d *Decision) {
	if d.Caller.Endpoint != nil {
		endpointLines(w, d)
		return
	}
	if d.Caller.Number == "" {
		return
	}
	instead := ""
	if d.Caller.Replaced {
		instead = ", Emergency Caller ID in place of From"
	} else if d.Caller.Source != directory.SourceFrom {
		instead = ", by " + d.Caller.Source.Header()
	}
	fmt.Fprintf(w, "caller\t%s (%s)%s\n", d.Caller.Number, d.Caller.Country, instead)
	address, service := "none registered", d.Caller.Service.String()
	if d.Caller.Address != nil {
		address = d.Caller.Address.Line()
	} else if d.Caller.Service != directory.ServiceNone {
		service += ", not in force without a registered address"
	}
	fmt.Fprintf(w, "address\t%s\nservice\t%s\n", address, service)
	if d.Place.By != PlaceAddress {
		placeLines(w, d)
	}
	dialledLine(w, d)
	if d.FeeCents != 0 {
		fmt.Fprintf(w, "fee\t%d.%02d USD, warning %d\n", d.FeeCents/100, d.FeeCents%100, d.Warning)
	}
}

// endpointLines tells which endpoint calls what, and from where.
func endpointLines(w *tabwriter.Writer, d *Decision) {
	c := &d.Caller
	by := ""
	if c.Source != directory.SourceFrom {
		by = ", by " + c.Source.Header()
	}
	fmt.Fprintf(w, "caller\tendpoint %s (%s)%s\n", clean(c.Endpoint.ID), c.Country, by)
	if c.Name != "" {
		fmt.Fprintf(w, "name\t%s\n", clean(c.Name))
	}
	fmt.Fprintf(w, "callback\t%s\n", or(c.Callback, "none"))
	placeLines(w, d)
	dialledLine(w, d)
}

func dialledLine(w *tabwriter.Writer, d *Decision) {
	if d.Dialled != "" && d.Service != "" {
		fmt.Fprintf(w, "dialled\t%s (%s)\n", d.Dialled, d.Service)
	}
}

// placeLines tells where help is needed, and who says so.
func placeLines(w *tabwriter.Writer, d *Decision) {
	p := &d.Place
	if p.By == PlaceNone {
		return
	}
	fmt.Fprintf(w, "place\tby %s\n", p.By.words())
	if p.LocationID != "" {
		fmt.Fprintf(w, "location\t%s\n", clean(p.LocationID))
	}
	if c, ok := p.Known(); ok {
		fmt.Fprintf(w, "at\t%s\n", clean(c.Line()))
	}
	if p.Point != nil {
		fmt.Fprintf(w, "point\t%s\n", shown(p.Point, p.Uncertainty))
	}
	if m := p.Method(); m != "" {
		fmt.Fprintf(w, "method\t%s\n", clean(m))
	}
	if n := p.Nearest; n != nil {
		fmt.Fprintf(w, "nearest\t%s, %.0f m away\n", clean(n.Civic.Line()), n.Metres)
	}
}

// clean makes a value of a request safe to print.
func clean(s string) string {
	var b strings.Builder
	writeClean(&b, s, longestURL, false)
	return b.String()
}

func or(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

func targetLines(b *strings.Builder, targets []Target) {
	if len(targets) == 0 {
		return
	}
	b.WriteString("\ntargets\n")
	w := tabwriter.NewWriter(b, 0, 0, 2, ' ', 0)
	for i, t := range targets {
		srtp := ""
		if t.SRTP != directory.SRTPOff {
			srtp = ", SRTP " + t.SRTP.String()
		}
		how := ""
		if t.NG != nil {
			how = ", called as ng911"
		}
		fmt.Fprintf(w, "  %2d\t%s\t%s\t%s\tring %gs\tgets %s%s%s\n", i+1, t.ID, t.Kind, t.URI, t.Ring.Seconds(), t.Deliver, how, srtp)
	}
	w.Flush()
}
