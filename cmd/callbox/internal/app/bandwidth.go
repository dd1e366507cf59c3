package app

import (
	"net/http"

	"callbox/cmd/callbox/internal/web"
	"callbox/routing/bandwidth"
)

// bandwidth returns the XML API of the other provider.
func (a *App) bandwidth() http.Handler {
	c := a.customers
	return bandwidth.New(bandwidth.Options{
		Store: c.store, Guide: a.guide, Now: c.clock.Now, Authenticate: web.Principal, Lenient: c.rules.Lenient,
		Logger: a.part("bandwidth"),
	})
}
