package b2bua

import (
	"github.com/rs/zerolog"

	"callbox/sip/agent"
	"callbox/sip/call"
	"callbox/sip/media"
)

// probe is an OPTIONS within a dialog that asks a silent peer whether it is still there. A muted phone answers; one
// that lost its power does not, and its call must not last for ever because the other side goes on talking.
type probe struct {
	id  uint32
	out bool
}

// onSilence probes a side that sends no media while the other does.
func (c *bridge) onSilence(n media.Notice) {
	p := &c.a
	if n.Side == call.LegB {
		p = &c.b
	}
	if c.phase != phaseUp || p.state != legAnswered || p.probe.out {
		return
	}
	p.probe = probe{id: p.leg.Send("OPTIONS", agent.Message{}), out: true}
}

// onProbed takes the answer to a probe: any answer of the peer's own but 481 shows that the call lives.
func (c *bridge) onProbed(p *party, ev event) {
	p.probe.out = false
	if ev.status != 481 && !ev.local {
		return
	}
	c.log(zerolog.WarnLevel, p.name).Int("sip_status", ev.status).Msg("silent peer is gone")
	c.lose(p)
}
