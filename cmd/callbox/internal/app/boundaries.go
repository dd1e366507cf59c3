package app

import "callbox/routing/area"

// boundaries returns the service boundaries in force.
func (a *App) boundaries() *area.Boundaries { return a.plan.snapshot.Load().Network().Boundaries() }
