package b2bua

import "callbox/sip/agent"

// An attended transfer has the target take the caller for a call that the agent has made to it. Where that call went
// through the edge, the dialog that the agent names is its own with the edge, of which the target knows nothing: it is
// told the one that it has with the edge in the same call.

// farLeg asks a call for the dialog of its leg B as that leg's peer knows it, when replaces names leg A. done is called once,
// with nil when it does not or the call is not up.
type farLeg struct {
	replaces agent.Replaces
	done     func(*agent.Replaces)
}

// consulted is the answer, for a transfer that waits for it.
type consulted struct {
	transfer *transfer
	replaces *agent.Replaces
}

// consultation has the call that may have the dialog as its leg A asked, false where there is none but c.
func (c *bridge) consultation(t *transfer, r agent.Replaces) bool {
	other := c.e.withCallID(r.CallID, c)
	if other == nil {
		return false
	}
	other.box.post(event{kind: kindFarLeg, far: &farLeg{r, func(found *agent.Replaces) {
		c.box.post(event{kind: kindConsulted, consulted: &consulted{t, found}})
	}}})
	return true
}

// withCallID returns a call other than c whose caller's INVITE had this Call-ID.
func (e *Edge) withCallID(id string, c *bridge) *bridge {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, o := range e.calls {
		if o != c && o.rec.SIPCallID == id { // written before the call was added, and never again
			return o
		}
	}
	return nil
}

// onFarLeg answers for this call.
func (c *bridge) onFarLeg(f *farLeg) {
	if c.phase == phaseUp && c.b.state == legAnswered {
		if id, ours, theirs := c.a.leg.DialogID(); f.replaces == (agent.Replaces{CallID: id, ToTag: ours, FromTag: theirs}) {
			id, ours, theirs = c.b.leg.DialogID()
			f.done(&agent.Replaces{CallID: id, ToTag: theirs, FromTag: ours})
			return
		}
	}
	f.done(nil)
}

// onConsulted goes on with the transfer that waited.
func (c *bridge) onConsulted(x *consulted) {
	t := x.transfer
	switch {
	case c.transfer != t:
	case x.replaces == nil:
		t.missed(loss{outcome: "failed", status: 481, detail: "the call to be replaced is not up"})
	default:
		t.replace(*x.replaces)
		t.ringCentre()
	}
}

// replace has the target take the caller for the call that it knows by this dialog.
func (t *transfer) replace(r agent.Replaces) {
	t.headers = append(t.headers, header("Replaces", r.String()), header("Require", "replaces"))
}
