package app

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"callbox/cmd/callbox/internal/web"
	"callbox/psap/sim"
	"callbox/routing"
	"callbox/routing/directory"
	"callbox/sip/agent"
	"callbox/sip/b2bua"
	"callbox/sip/call"
)

// referrals say where a call centre may send a caller: to the centres of the directory, and to hosts that the
// configuration names.
type referrals struct {
	plan  *plan
	hosts []string
}

// Referral implements b2bua.Transfers. A centre's ID is taken at any host, since it is the directory that says where the
// centre is. A dialog that is to be replaced is at a user agent whose Contact need not hold the centre's name, so that
// its address is enough.
func (r referrals) Referral(to agent.ReferTo, deliver directory.Delivery) (routing.Target, bool) {
	s := r.plan.snapshot.Load()
	if to.Target.Scheme == "sip" {
		if t, ok := routing.Referral(s, to.Target.User, deliver); ok {
			return t, true
		}
	}
	for _, p := range s.PSAPs() {
		at, err := agent.ParseAddress(p.URI)
		if err != nil || at.Scheme != to.Target.Scheme || at.Host != to.Target.Host || portOf(at) != portOf(to.Target) {
			continue
		}
		if at.User != to.Target.User && to.Replaces == nil {
			continue
		}
		t, ok := routing.Referral(s, p.ID, deliver)
		if to.Replaces != nil {
			t.Direct(to.URI()) // that very user agent has the dialog
		}
		return t, ok
	}
	for _, host := range r.hosts {
		if strings.EqualFold(host, to.Target.Host) {
			deliver.Format = directory.FormatPIDF
			return routing.Target{ID: to.Target.String(), Name: to.Target.String(), URI: to.URI(), Deliver: deliver}, true
		}
	}
	return routing.Target{}, false
}

// portOf is the port that an address leads to.
func portOf(a agent.Address) uint16 {
	switch {
	case a.Port != 0:
		return a.Port
	case a.Scheme == "sips":
		return 5061
	}
	return 5060
}

// centreTransfers has the simulated centres transfer their calls.
type centreTransfers struct{ app *App }

// Transfer implements web.Transfers.
func (c centreTransfers) Transfer(_ context.Context, id string, t web.Transfer) (web.Transferring, error) {
	r, ok := calls{c.app.edge, c.app.journal}.Get(call.ID(id))
	fault := func(status int, format string, a ...any) (web.Transferring, error) {
		return web.Transferring{}, &web.CallbackError{Status: status, Message: fmt.Sprintf(format, a...)}
	}
	switch {
	case !ok:
		return fault(http.StatusNotFound, "no call %.40q", id)
	case r.State != call.StateAnswered:
		return fault(http.StatusConflict, "call %s is %s: only a call that is answered and up can be transferred", id, r.State)
	case r.Direction != call.DirectionEmergency:
		return fault(http.StatusConflict, "call %s is a callback: only emergency calls can be transferred", id)
	}
	s := c.app.plan.snapshot.Load()
	target, ok := s.Centre(t.To)
	if !ok {
		return fault(http.StatusUnprocessableEntity, "no call centre %.40q in the directory: write the ID of one", t.To)
	}
	at, ok := s.Centre(r.AnsweredBy)
	if !ok {
		return fault(http.StatusConflict, "%s is no call centre of the directory, so it cannot transfer", r.AnsweredBy)
	}
	server := c.app.simulator.server
	name, ok := simulatedName(at.URI, server.Addr())
	if !ok || !c.app.simulator.enabled {
		return fault(http.StatusConflict, "%s is not simulated, so it has to transfer by itself: have it send a REFER within the call with "+
			"Refer-To: <sip:%s@%s>", at.ID, target.ID, c.app.dialAddress())
	}
	err := server.Transfer(id, name, sim.Transfer{To: target.ID, URI: target.URI, Attended: t.Attended, HangUp: t.HangUp})
	if errors.Is(err, sim.ErrNoCall) {
		return fault(http.StatusConflict, "%s does not speak on call %s", at.ID, id)
	}
	if errors.Is(err, sim.ErrTransferring) {
		return fault(http.StatusConflict, "call %s is being transferred by %s already: wait for what comes of that", id, at.ID)
	}
	return web.Transferring{CallID: r.ID, From: at.ID, To: target.ID}, err
}

var _ b2bua.Transfers = referrals{}
