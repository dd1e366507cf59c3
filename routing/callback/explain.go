package callback

import (
	"context"

	"callbox/sip/b2bua"
	"callbox/sip/call"
)

// Explained is what would become of a callback if it were made now and nobody answered.
type Explained struct {
	Centre, Number string
	Of             call.ID // the emergency call it would be about, "" for none
	Status         int     // of a refusal, 0 for none
	Reason         string  // its sentence
	Trace          []call.Step
	Targets        []string // the URIs that would be rung, in order
}

// Explain plans a callback of a centre without making it: no voice URL is asked. r has to say that it comes from a centre.
func (p *Planner) Explain(ctx context.Context, r b2bua.CallbackRequest) (Explained, bool) {
	dry := &Planner{o: p.o, changed: make(chan struct{}, 1)}
	dry.o.Webhook = nil
	dry.rows.store = p.o.Store
	d, mine := dry.Callback(r)
	if !mine {
		return Explained{}, false
	}
	x := Explained{Centre: d.Centre, Number: d.Number, Status: d.Status, Reason: d.Reason, Trace: d.Trace}
	if d.Plan == nil {
		return x, true
	}
	defer d.Plan.Close()
	for s := d.Plan.Next(ctx, b2bua.StepOutcome{}); ; {
		x.Trace = append(x.Trace, s.Trace...)
		if s.Of != "" {
			x.Of = s.Of
		}
		if s.Owner.Number != "" {
			x.Number = s.Owner.Number
		}
		if s.Kind == b2bua.StepReject {
			x.Status, x.Reason = s.Status, s.Reason
		}
		if s.Kind != b2bua.StepDial && s.Kind != b2bua.StepPlay || ctx.Err() != nil {
			return x, true
		}
		for _, t := range s.Dial {
			x.Targets = append(x.Targets, t.URI)
		}
		s = d.Plan.Next(ctx, b2bua.StepOutcome{Kind: s.Kind, Outcome: "timeout"})
	}
}
