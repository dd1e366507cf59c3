package twilio

import "callbox/routing/twilio/rest"

// sip adds the routes below SIP.
func (a *api) sip(m *rest.Mux) {
	a.routeACLs(m)
	a.routeACLEntries(m)
	a.routeCredentialLists(m)
	a.routeCredentials(m)
}
