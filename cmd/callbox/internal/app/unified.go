package app

import (
	"context"
	"net/http"

	"callbox/cmd/callbox/internal/web"
	"callbox/routing/bandwidth/unified"
	"callbox/routing/keys"
)

// unified returns the JSON API of Bandwidth.
func (a *App) unified() http.Handler {
	c := a.customers
	return unified.New(unified.Options{
		Store: c.store, Network: a.network, Authenticate: web.Principal, Lenient: c.rules.Lenient, Delays: a.orderDelays(), Now: c.clock.Now,
		Logger: a.part("unified"),
	})
}

// byNumber lets an account log in by its number at Bandwidth as by its SID.
type byNumber struct {
	web.Guard
	app *App
}

// Check tells who has logged in.
func (g byNumber) Check(ctx context.Context, l keys.Login) (keys.Principal, error) {
	if account, ok := g.app.plan.snapshot.Load().BandwidthAccount(l.User); ok {
		l.User = account.SID
	}
	return g.Guard.Check(ctx, l)
}
