package callback

import (
	"net/netip"
	"testing"

	"callbox/sip/b2bua"
)

func TestACentreConsultsAnother(t *testing.T) {
	t.Parallel()
	p := planner(t, nil)
	d, mine := p.Callback(request("ecc-us"))
	if !mine || d.Centre != "psap-sf" || !d.Consultation || d.Plan == nil {
		t.Fatalf("%+v, %v", d, mine)
	}
	step := d.Plan.Next(t.Context(), b2bua.StepOutcome{})
	if step.Kind != b2bua.StepDial || len(step.Dial) != 1 || step.Dial[0].URI != "sip:ecc@127.0.0.4:5070" || step.Dial[0].Name != "ecc-us" {
		t.Errorf("it rings %+v", step)
	}
	if step = d.Plan.Next(t.Context(), b2bua.StepOutcome{}); step.Kind != b2bua.StepEnd {
		t.Errorf("then comes %+v", step)
	}
	stranger := request("ecc-us")
	stranger.Peer = netip.MustParseAddrPort("127.0.0.7:5070")
	if _, mine := p.Callback(stranger); mine {
		t.Error("somebody who is no centre reaches one by its ID")
	}
	if _, mine := p.Callback(request("psap-nowhere")); mine {
		t.Error("a centre that is not there was consulted")
	}
}
