package app

import (
	"context"
	"errors"
	"net/http"

	"callbox/cmd/callbox/internal/web"
	"callbox/routing/area"
	"callbox/routing/directory"
	"callbox/routing/directory/store"
	"callbox/routing/numbering"
	"callbox/routing/registration"
	"callbox/routing/transfer"
	"callbox/routing/twilio"
	"callbox/sip/b2bua"
	"callbox/sip/call"
	"callbox/sip/cdr"
)

// network is the half of the directory in force that is always from its file.
func (a *App) network() *directory.Network { return a.plan.snapshot.Load().Network() }

func (a *App) guide() *area.Guide { return a.network().Guide() }

func (a *App) countries() *numbering.Plan { return a.plan.snapshot.Load().Plan() }

// twilio returns the provider's APIs.
func (a *App) twilio() http.Handler {
	c := a.customers
	return twilio.New(twilio.Options{
		Store: c.store, Registration: c.rules, Now: c.clock.Now, Authenticate: web.ProviderPrincipal,
		Guide: a.guide, Plan: a.countries, Network: a.network, Lenient: c.rules.Lenient,
		Calls: calls{a.edge, a.journal}, Fees: c.ledger, Logger: a.part("twilio"),
	})
}

// imports returns what imports of numbers are held to.
func (a *App) imports() transfer.Options {
	rules, addresses := a.customers.rules, transfer.Correct
	if rules.Lenient {
		addresses = transfer.Lenient
	}
	return transfer.Options{
		Addresses: addresses,
		Guide:     a.guide(), Plan: a.countries(),
		Pend: func(t *store.Tx, n *store.Number, address store.Address) error {
			err := rules.Associate(t, n, address)
			var refusal *registration.Refusal
			if errors.As(err, &refusal) {
				return &transfer.Refusal{Message: refusal.Error(), Mend: "leave the line out, or import it later"}
			}
			return err
		},
	}
}

// calls are the live and the ended ones, as the provider's API lists them.
type calls struct {
	edge    *b2bua.Edge
	journal *cdr.Journal
}

// Page lists calls of both sorts.
func (c calls) Page(ctx context.Context, q cdr.Query) (cdr.Page, error) {
	q.Live = c.edge.Calls()
	return c.journal.Page(ctx, q)
}

// Get returns the call with an ID. A live one is looked for first: one that ends meanwhile is in the journal then.
func (c calls) Get(id call.ID) (*call.Record, bool) {
	live := c.edge.Calls()
	if r, ok := c.journal.Get(id); ok {
		return r, true
	}
	for i := range live {
		if live[i].ID == id {
			return &live[i], true
		}
	}
	return nil, false
}
