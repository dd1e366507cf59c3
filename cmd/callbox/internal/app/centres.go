package app

import (
	"fmt"
	"net/netip"
	"strings"

	"callbox/routing/callback"
	"callbox/sip/agent"
)

// registeredCentres are the call centres whose phones have registered.
type registeredCentres struct{ app *App }

// Centre returns the ways to where a centre has registered. Where its URI wants TLS, a device that has come without is none:
// what it would be told of the caller is not for everybody.
func (c registeredCentres) Centre(id string) (ways []agent.Route) {
	p, ok := c.app.plan.snapshot.Load().Centre(id)
	if !ok || p.Callback == nil {
		return nil
	}
	encrypted := strings.HasPrefix(p.URI, "sips:") || strings.Contains(strings.ToLower(p.URI), ";transport=tls")
	for _, b := range c.app.registrar.Centre(id) {
		if encrypted && b.Transport != "tls" && b.Transport != "wss" {
			continue
		}
		if r, err := (phones{c.app.agent}).route(b); err == nil {
			ways = append(ways, r)
		}
	}
	return ways
}

// ways adds whether its URI is of use as well.
func (c registeredCentres) ways(id string) ([]agent.Route, bool) {
	return c.Centre(id), c.app.registry.Answers(id)
}

// CentreAt implements callback.Centres.
func (c registeredCentres) CentreAt(transport string, remote netip.AddrPort) string {
	return c.app.registrar.CentreAt(transport, remote)
}

// byItself says how a centre that is not simulated is to call back.
func (c centreCallbacks) byItself(q wanted) string {
	centre, at := q.centre.ID, c.app.registrar.Centre(q.centre.ID)
	switch {
	case len(at) > 0:
		return fmt.Sprintf("%s is not simulated but registered from %s, so it has to call by itself: dial %s from that phone",
			centre, at[0].Remote, q.number)
	case q.centre.Callback == nil:
		return fmt.Sprintf("%s is not simulated and cannot register, so it has to call by itself: have it send an INVITE for sip:%s@%s from "+
			"the address of its URI %s, or give it callback: {user, password} in the directory file and register a phone as it",
			centre, q.number, c.app.dialAddress(), q.centre.URI)
	}
	return fmt.Sprintf("%s is neither simulated nor registered, so it has to call by itself: register a phone as %s at psap. and the name of "+
		"a SIP domain or trunk, by the user and password of its callback, and dial %s from that phone; or have it send an INVITE for "+
		"sip:%s@%s from the address of its URI %s", centre, centre, q.number, q.number, c.app.dialAddress(), q.centre.URI)
}

var _ callback.Centres = registeredCentres{}
