package app

import (
	"context"

	"callbox/cmd/callbox/internal/web"
	"callbox/routing"
	"callbox/routing/bandwidth/hook"
)

// buildAsker makes what asks others what a decision has to know. It comes before the edge and the API.
func (a *App) buildAsker(context.Context) error {
	a.hooks = hook.New(hook.Options{Forbidden: a.isOwnAPI})
	a.started(func() error { a.hooks.Close(); return nil })
	return nil
}

// asker asks whom a decision wants asked.
type asker struct {
	hooks   *hook.Client
	metrics *web.Metrics
}

// Ask implements b2bua.Asker.
func (a asker) Ask(ctx context.Context, q routing.Question) routing.Reply {
	switch q.Kind {
	case routing.QuestionHook:
		r := a.hooks.Ask(ctx, q)
		if ctx.Err() == nil { // else the caller has hung up, and it is not the service that took no longer
			a.metrics.Hooked(r.Elapsed, r.Err == "")
		}
		return r
	}
	return routing.Reply{Kind: q.Kind, Err: "this edge asks no " + q.Kind.String() + " server"}
}

// circuits are the states of the web services of designated numbers, for the metrics.
func (a *App) circuits() []web.Circuit {
	all := a.hooks.Circuits()
	out := make([]web.Circuit, 0, len(all))
	for _, c := range all {
		out = append(out, circuit(c))
	}
	return out
}

func circuit(c hook.Circuit) web.Circuit {
	w := web.Circuit{
		Number: c.Number, State: c.State.String(), Asked: c.Asked, Failed: c.Failed, LastStatus: c.Status,
		LastElapsedMS: float64(c.Elapsed.Microseconds()) / 1000, LastError: c.Err,
	}
	if !c.Last.IsZero() {
		at := c.Last.UTC()
		w.LastAsked = &at
	}
	return w
}
