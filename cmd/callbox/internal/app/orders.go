package app

import (
	"context"
	"maps"

	"callbox/routing/bandwidth"
	"callbox/routing/bandwidth/order"
	"callbox/routing/bandwidth/unified"
	"callbox/routing/registration"
	"callbox/sip/fault"
)

// buildOrders makes what works on the orders of the Bandwidth-compatible APIs when they are due by the lab's clock.
func (a *App) buildOrders() {
	p := a.customers
	p.orders = order.NewMover(p.store, p.clock, order.Options{
		Apply: a.orderKinds(), Delays: a.orderDelays(), Logger: a.part("orders"),
		Follow: func(ctx context.Context) error { return registration.FollowClock(ctx, p.store, p.clock) },
	})
}

func (a *App) orderDelays() order.Delays { return order.DelaysOf(a.settings.Lab.Delays) }

// orderKinds are what the orders of each API do.
func (a *App) orderKinds() map[string]order.Apply {
	kinds := map[string]order.Apply{}
	maps.Copy(kinds, bandwidth.NewOrders(a.bandwidthOptions()).Kinds())
	maps.Copy(kinds, unified.Apply(a.customers.rules.Lenient))
	return kinds
}

// moverFault is what keeps statuses and orders from moving.
func (p *provisioning) moverFault() (fault.Report, bool) {
	if r, there := p.mover.Fault(); there {
		return r, true
	}
	return p.orders.Fault()
}
