package b2bua

import (
	"testing"

	"callbox/sip/agent"
	"callbox/sip/call"
	"callbox/sip/media"
)

func TestASilentPeerIsAskedWhetherItIsStillThere(t *testing.T) {
	silence := func(l call.Leg) media.Notice { return media.Notice{Kind: media.NoticeSilence, Side: l} }
	for _, tt := range []struct {
		name   string
		side   call.Leg
		answer event
		ends   bool
	}{
		{"a muted caller answers", call.LegA, event{status: 200}, false},
		{"a caller that knows no OPTIONS answers too", call.LegA, event{status: 405}, false},
		{"a caller that lost the dialog", call.LegA, event{status: 481}, true},
		{"a caller that vanished", call.LegA, event{status: 408, local: true}, true},
		{"a centre that vanished", call.LegB, event{status: 408, local: true}, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			play(t, func(w *world) {
				a, b := w.up()
				p, other := a, b
				if tt.side == call.LegB {
					p, other = b, a
				}
				w.media.notify(silence(tt.side))
				asked := p.expect("send OPTIONS")
				w.media.notify(silence(tt.side)) // one probe at a time
				p.silent()
				delete(p.sends, asked.id)
				tt.answer.kind, tt.answer.id = agent.KindResponse, asked.id
				p.does(tt.answer)
				if tt.ends {
					p.expect("bye")
					other.expect("bye")
					w.ended(call.EndLegLost)
					return
				}
				w.media.notify(silence(tt.side))
				p.responds(p.expect("send OPTIONS"), 200, "")
				a.byes()
			})
		})
	}
}
