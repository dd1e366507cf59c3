package app

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"callbox/cmd/callbox/internal/web"
	"callbox/routing/directory"
	"callbox/routing/notify"
	"callbox/sip/agent"
)

// buildNotify makes the queue of what people are told of calls. It runs when its senders can send.
func (a *App) buildNotify(context.Context) error {
	a.mailServer.Store(&a.settings.SMTP)
	a.notify = notify.New(a.customers.store, notify.Options{
		Edge: a.edgeName(), Logger: a.part("notify"),
		Senders: map[string]notify.Sender{
			notify.KindWebhook: notify.Webhook{Client: a.webhooks, Token: a.authToken},
			notify.KindEmail:   notify.Mail{Server: a.mail},
			notify.KindMessage: notify.Message{Messenger: messenger{a}},
			notify.KindSMS:     notify.Record{},
			notify.KindVoice:   notify.Record{},
		},
	})
	return nil
}

// runNotify delivers until the edge goes down, calls last.
func (a *App) runNotify(context.Context) error {
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { a.notify.Run(ctx) })
	a.started(func() error {
		cancel()
		running.Wait()
		return nil
	})
	return nil
}

// edgeName is what this edge is called among those that share a database: the same after every start.
func (a *App) edgeName() string {
	host, _ := os.Hostname()
	dir, err := filepath.Abs(a.data.path)
	if err != nil {
		dir = a.data.path
	}
	sum := sha256.Sum256([]byte(host + "\x00" + dir))
	return "ED" + hex.EncodeToString(sum[:16])
}

// authToken signs the webhooks of an account that have no key of their own.
func (a *App) authToken(string) directory.Secret { return directory.Secret(a.token.value) }

// mail is the mail server as configured now.
func (a *App) mail() notify.MailServer {
	s := a.mailServer.Load()
	return notify.MailServer{Address: s.Address, From: s.From, User: s.User, Password: s.Password, TLS: s.TLS}
}

// registered returns the ways to the phones of whoever is registered by a URI; ours tells that its host is a domain here,
// so that there is no other way.
func (a *App) registered(uri string) (routes []agent.Route, ours bool) {
	scheme, rest, _ := strings.Cut(uri, ":")
	user, host, ok := strings.Cut(rest, "@")
	if !ok || !strings.EqualFold(scheme, "sip") && !strings.EqualFold(scheme, "sips") {
		return nil, false
	}
	if end := strings.IndexAny(host, ":;?"); end >= 0 {
		host = host[:end]
	}
	d, ours := a.plan.snapshot.Load().Domain(host)
	if !ours {
		return nil, false
	}
	for _, p := range (registeredPhones{a.registrar, phones{a.agent}}).Registered(d, user) {
		routes = append(routes, p.Route)
	}
	return routes, true
}

// messenger sends SIP MESSAGE by the edge's agent.
type messenger struct{ app *App }

// Message sends one, to whoever is registered by the URI or to where it leads: phone after phone until one takes it.
func (m messenger) Message(ctx context.Context, t notify.Text) (status int, reason string, err error) {
	routes, ours := m.app.registered(t.To)
	switch {
	case ours && len(routes) == 0:
		return 0, "", fmt.Errorf("nobody is registered as %s", t.To)
	case !ours:
		r, err := m.app.agent.Route(ctx, t.To)
		if err != nil {
			return 0, "", err
		}
		routes = append(routes, r)
	}
	for _, r := range routes {
		var reply agent.Reply
		reply, err = m.app.agent.Request(ctx, "MESSAGE", agent.Outgoing{
			Route: r, From: agent.Address{Scheme: "sip", User: "callbox", Display: "callbox"},
			Message: agent.Message{ContentType: "text/plain;charset=utf-8", Body: []byte(t.Body), Headers: []agent.Header{
				{Name: "Priority", Value: "urgent"}, {Name: "X-Callbox-Call", Value: t.Call}, {Name: "X-Callbox-Notification", Value: t.ID},
			}},
		})
		if status, reason = reply.Status, reply.Reason; err == nil && status < 300 {
			break
		}
	}
	return status, reason, err
}

// notifyFigures are those of what people are told.
func notifyFigures() []web.Figure[notify.Figures] {
	figures := []web.Figure[notify.Figures]{
		{Name: "callbox_notifications_held", Help: "Notifications in memory: on their way, or not in the database yet.",
			Value: func(f notify.Figures) float64 { return float64(f.Held) }},
		{Name: "callbox_notifications_given_up_total", Help: "Notifications that are tried no more after 24 hours.",
			Counter: true, Value: func(f notify.Figures) float64 { return float64(f.GivenUp) }},
		{Name: "callbox_notifications_lost_total", Help: "Notifications for which there was no room: the database had taken none for long.",
			Counter: true, Value: func(f notify.Figures) float64 { return float64(f.Lost) }},
	}
	for _, kind := range []string{notify.KindWebhook, notify.KindEmail, notify.KindMessage, notify.KindSMS, notify.KindVoice} {
		labels := map[string]string{"kind": kind}
		figures = append(figures,
			web.Figure[notify.Figures]{Name: "callbox_notifications_sent_total", Help: "Notifications delivered.", Labels: labels,
				Counter: true, Value: func(f notify.Figures) float64 { return float64(f.Sent[kind]) }},
			web.Figure[notify.Figures]{Name: "callbox_notification_failures_total", Help: "Attempts to deliver a notification that failed; it is tried again for 24 hours.", Labels: labels,
				Counter: true, Value: func(f notify.Figures) float64 { return float64(f.Failed[kind]) }})
	}
	return figures
}
