package b2bua

import (
	"fmt"
	"testing"

	"callbox/routing"
	"callbox/sip/call"
)

// fakeALI shows the first centre a number of its own, and says so.
type fakeALI struct{ rung []string }

// Rung implements ALI.
func (f *fakeALI) Rung(t *routing.Target, d *routing.Decision, r *call.Record) (instead, detail string) {
	f.rung = append(f.rung, fmt.Sprintf("%s for %s", t.ID, d.Caller.Number))
	if t.ID == "psap-sf" {
		return "+14155119001", t.ID + " is shown +14155119001"
	}
	return "", ""
}

func TestACentreIsShownTheNumberThatItsRecordIsAskedForBy(t *testing.T) {
	desk := &fakeALI{}
	playWith(t, Options{ALI: desk}, func(w *world) {
		a := w.invite(offerA)
		first := w.b(1)
		if from := first.out.From.User; from != "+14155119001" {
			t.Errorf("the first centre is shown %q", from)
		}
		first.fails(503)
		second := w.b(2)
		if from := second.out.From.User; from != "+14155550100" || second.out.Message.Get("P-Asserted-Identity") == first.out.Message.Get("P-Asserted-Identity") {
			t.Errorf("the second centre is shown %q, %q", from, second.out.Message.Get("P-Asserted-Identity"))
		}
		told := ""
		for _, e := range w.edge.Calls()[0].Events {
			if e.Kind == call.EventALI {
				told += e.Target + ": " + e.Detail
			}
		}
		if told != "psap-sf: psap-sf is shown +14155119001" {
			t.Errorf("the record says %q", told)
		}
		a.cancels()
	})
	if got, want := fmt.Sprint(desk.rung), "[psap-sf for +14155550100 psap-oak for +14155550100]"; got != want {
		t.Errorf("told of %s, want %s", got, want)
	}
}

func TestACentreThatIsToldNothingIsNotAskedAbout(t *testing.T) {
	desk := &fakeALI{}
	playWith(t, Options{ALI: desk}, func(w *world) {
		for i := range w.plan.Targets {
			w.plan.Targets[i].Deliver.Number, w.plan.Targets[i].Deliver.Address = false, false
		}
		a := w.invite(offerA)
		if b := w.b(1); !b.out.Anonymous || b.out.From.User != "" {
			t.Errorf("a Basic 911 centre is shown %+v", b.out.From)
		}
		a.cancels()
	})
	if len(desk.rung) != 0 {
		t.Errorf("told of %v", desk.rung)
	}
}
