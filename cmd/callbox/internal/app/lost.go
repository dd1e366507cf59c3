package app

import (
	"context"

	"callbox/cmd/callbox/internal/web"
	"callbox/routing/lost"
)

// buildLoST makes what asks LoST servers, which comes before the edge.
func (a *App) buildLoST(context.Context) error {
	a.lost = lost.NewClient(lost.ClientOptions{})
	a.started(func() error { a.lost.Close(); return nil })
	return nil
}

// lostServer returns what answers LoST queries, nil for nothing.
func (a *App) lostServer() web.LoST {
	if a.settings.LoST.Access == "off" {
		return nil
	}
	return lost.NewServer(lost.Options{Snapshot: a.plan.snapshot.Load, Source: a.settings.LoST.Name, Logger: a.part("lost")})
}
