package app

import (
	"net/http"

	"callbox/cmd/callbox/internal/web"
	"callbox/routing/bandwidth"
)

// bandwidth returns the XML API of the other provider.
func (a *App) bandwidth() http.Handler { return bandwidth.New(a.bandwidthOptions()) }

func (a *App) bandwidthOptions() bandwidth.Options {
	c := a.customers
	return bandwidth.Options{
		Store: c.store, Guide: a.guide, Now: c.clock.Now, Authenticate: web.Principal, Lenient: c.rules.Lenient,
		Delays: a.orderDelays(), Logger: a.part("bandwidth"),
	}
}
