package app

import (
	"cmp"
	"context"
	"net/http"
	"strings"

	"callbox/cmd/callbox/internal/explain"
	"callbox/cmd/callbox/internal/web"
	"callbox/routing"
	"callbox/routing/bandwidth/hook"
	"callbox/routing/directory"
	"callbox/routing/lost"
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
	lost    *lost.Client
	metrics *web.Metrics
}

// Ask implements b2bua.Asker.
func (a asker) Ask(ctx context.Context, q routing.Question) routing.Reply {
	switch q.Kind {
	case routing.QuestionHook:
		r := a.hooks.Ask(ctx, q)
		if ctx.Err() == nil { // else the caller has hung up, and it is not the service that took no longer
			a.metrics.Hooked(r.Elapsed, r.Err == "" || r.Status == http.StatusNotFound)
		}
		return r
	case routing.QuestionLoST:
		return a.lost.Ask(ctx, q)
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

// trialQuestions bounds what is asked for a trial.
const trialQuestions = 4

// trials asks the web services of designated numbers for the API.
type trials struct{ app *App }

// Circuit implements web.Hooks.
func (t trials) Circuit(number string) web.Circuit {
	c, _ := t.app.hooks.Circuit(number)
	return circuit(c)
}

// Try implements web.Hooks.
func (t trials) Try(ctx context.Context, n directory.EmergencyNumberRecord, w web.HookTrial) (web.HookTried, error) {
	s := t.app.plan.snapshot.Load()
	q := explain.Question{From: w.From, To: n.Number, Domain: cmp.Or(w.Domain, hostOf(s, n.AccountSID)), Source: w.Source}
	r, err := explain.Request(q)
	if err != nil {
		return web.HookTried{}, err
	}
	asks := routing.Decide(s, t.app.registry, r)
	from := w.From
	if asks.Verdict == routing.VerdictAsk && asks.Question != nil {
		from = asks.Question.From
	}
	res := t.app.hooks.Try(ctx, hook.RequestFor(n, n.Number, from))
	reply := hook.Reply(res)
	r.Replies = []routing.Reply{reply}
	d := routing.Decide(s, t.app.registry, r)
	for d.Verdict == routing.VerdictAsk && d.Question != nil && len(r.Replies) < trialQuestions { // a LoST server has to be asked, too
		r.Replies = append(r.Replies, asker{t.app.hooks, t.app.lost, t.app.metrics}.Ask(ctx, *d.Question))
		d = routing.Decide(s, t.app.registry, r)
	}
	return web.HookTried{
		Request: routing.HookURL(&directory.EmergencyNumber{EmergencyNumberRecord: n}, n.Number, from),
		Status:  res.Status, Redirects: res.Redirects, ElapsedMS: float64(res.Elapsed.Microseconds()) / 1000, Error: reply.Err,
		Body: strings.ToValidUTF8(string(reply.Body), "?"), Decision: explain.Describe(d),
	}, nil
}

// hostOf returns where a call to a designated number of an account is sent: to its first trunk or domain of the provider that
// has such numbers, else to its first.
func hostOf(s *directory.Snapshot, account string) string {
	first := ""
	look := func(name string, owner *directory.Account, p directory.Provider) bool {
		mine := owner.SID == account
		if mine && first == "" {
			first = name
		}
		return mine && p == directory.ProviderBandwidth
	}
	for _, t := range s.Trunks() {
		if look(t.Name, t.Account, t.Settings.Provider) {
			return t.Name
		}
	}
	for _, d := range s.Domains() {
		if look(d.Name, d.Account, d.Settings.Provider) {
			return d.Name
		}
	}
	return first
}
