package app

import (
	"context"
	"errors"
	"net/netip"
	"strconv"
	"sync"
	"time"

	"callbox/cmd/callbox/internal/web"
	"callbox/routing/directory/store"
	"callbox/routing/registrar"
	"callbox/sip/agent"
	"callbox/sip/fault"
)

// buildRegistrar makes the registrar; it needs the agent, which gives it REGISTERs and takes its keepalives.
func (a *App) buildRegistrar() {
	o := a.settings.Registrar
	a.registrar = registrar.New(registrar.Options{
		Directory: a.plan.snapshot.Load, Store: a.customers.store, Guard: a.plan.guard, Logger: a.part("registrar"),
		MinExpires: o.MinExpires, MaxExpires: o.MaxExpires, DefaultExpires: o.DefaultExpires, MaxBindings: o.MaxBindings,
		Keepalive: o.Keepalive, KeepaliveEvery: o.KeepaliveInterval, Prober: phones{a.agent},
	})
}

// startRegistrar reads the bindings that are there, before the first phone can ask, and keeps them from then on.
func (a *App) startRegistrar(ctx context.Context) error {
	if err := a.registrar.Load(ctx); err != nil {
		log := a.part("registrar")
		log.Warn().Err(err).Str("mend", "none: they are read when the database is there").Msg("registrations cannot be read yet")
	}
	running, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() { a.registrar.Run(running) })
	a.started(func() error {
		cancel()
		wg.Wait()
		return nil
	})
	return nil
}

// watchRegistrations tells the board what keeps bindings from the database.
func (a *App) watchRegistrations() {
	a.faults.watch(faultKind{
		name: "registrations", told: true,
		mend: "see to the directory's database; phones register all the same, and are written there when it can be",
		read: func(time.Time) []fault.Report { return one(a.registrar.Fault()) },
	})
}

// registerTimeout bounds a REGISTER; what takes longer was repeated long ago.
const registerTimeout = 10 * time.Second

// register answers a REGISTER.
func (a *App) register(in *agent.Registration) {
	ctx, cancel := context.WithTimeout(context.Background(), registerTimeout)
	defer cancel()
	q := registrar.Request{
		Source: in.Source, Local: in.Local, Transport: in.Transport, Host: in.RequestURI.Host, User: in.To.User, AORHost: in.To.Host,
		CallID: in.CallID, CSeq: in.CSeq, Star: in.Star, Expires: in.Expires, Path: in.Path, UserAgent: in.UserAgent,
		Outbound: in.Supports("outbound"), Direct: in.Direct, Again: in.Again,
	}
	for _, c := range in.Contacts {
		q.Contacts = append(q.Contacts, contactOf(c))
	}
	if in.Proof != nil {
		q.Proof = in.Proof
	}
	answer := a.registrar.Register(ctx, q)
	var headers []agent.Header
	add := func(name, value string) { headers = append(headers, agent.Header{Name: name, Value: value}) }
	if answer.Sentence != "" {
		headers = append(headers, agent.Warning(answer.Sentence))
	}
	if answer.Code != 0 {
		add("X-Callbox-Error", strconv.Itoa(answer.Code))
	}
	if answer.MinExpires != 0 {
		add("Min-Expires", strconv.Itoa(answer.MinExpires))
	}
	if answer.RetryAfter != 0 {
		add("Retry-After", strconv.Itoa(answer.RetryAfter))
	}
	if answer.Outbound {
		add("Require", "outbound")
	}
	switch answer.Status {
	case 200:
		contacts := make([]agent.Contact, len(answer.Contacts))
		for i, c := range answer.Contacts {
			contacts[i] = agent.Contact{URI: c.URI, Q: c.Q, Expires: c.Expires, Instance: c.Instance, RegID: c.RegID}
		}
		in.Accept(contacts, headers...)
	case 401:
		in.Challenge(answer.Realm, headers...)
	default:
		in.Refuse(answer.Status, answer.Reason, headers...)
	}
}

func contactOf(c agent.Contact) registrar.Contact {
	out := registrar.Contact{
		URI: c.URI, Scheme: c.Address.Scheme, Port: c.Address.Port, Q: c.Q, Expires: c.Expires, Instance: c.Instance, RegID: c.RegID,
	}
	out.Host, _ = netip.ParseAddr(c.Address.Host)
	return out
}

// phones reaches registered phones by the agent.
type phones struct{ agent *agent.Agent }

func (p phones) route(b registrar.Binding) (agent.Route, error) {
	return p.agent.RouteBack(b.URI, b.Transport, b.Remote, b.Local, b.Path)
}

// Ask implements registrar.Prober.
func (p phones) Ask(ctx context.Context, b registrar.Binding) error {
	r, err := p.route(b)
	if err != nil {
		return err
	}
	status, err := p.agent.Probe(ctx, r)
	if err == nil && status == 0 {
		err = errors.New("no answer")
	}
	return err
}

// Ping implements registrar.Prober.
func (p phones) Ping(b registrar.Binding) error {
	r, err := p.route(b)
	if err != nil {
		return err
	}
	return p.agent.Ping(r)
}

// Here implements registrar.Prober.
func (p phones) Here(b registrar.Binding) (here, open bool) {
	return p.agent.Owns(b.Transport, b.Local), p.agent.Reaches(b.Transport, b.Remote, b.Local)
}

// registrations is the registrar as the API shows it.
type registrations struct{ *registrar.Registrar }

// Registrations implements web.Registrations.
func (r registrations) Registrations(f web.RegistrationFilter) []web.Registration {
	var out []web.Registration
	for _, b := range r.List(registrar.Filter{Account: f.Account, Domain: f.Domain, User: f.User, SID: f.SID, State: registrar.State(f.State)}) {
		one := web.Registration{
			SID: b.SID, AccountSID: b.AccountSID, DomainSID: b.DomainSID, Domain: b.Domain, User: b.User, AOR: "sip:" + b.User + "@" + b.Domain,
			Contact: b.URI, Q: float64(b.Q) / 1000, Instance: b.Instance, RegID: b.RegID, Transport: b.Transport, Source: b.Remote.String(),
			Local: b.Local.String(), Path: b.Path, UserAgent: b.UserAgent, BehindNAT: b.Natted, State: string(b.State),
			RegisteredAt: b.Created.UTC(), RefreshedAt: b.Refreshed.UTC(), ExpiresAt: b.Expires.UTC(),
		}
		if since := b.StateSince; !since.IsZero() {
			since = since.UTC()
			one.StateSince = &since
		}
		out = append(out, one)
	}
	return out
}

// Failures lists wrong SIP credentials, as the API shows them.
func (a *App) authFailures() []web.AuthFailure {
	var out []web.AuthFailure
	for _, f := range a.plan.guard.Failures() {
		one := web.AuthFailure{
			Source: f.Source.Addr().String(), User: f.User, Failures: f.Failures, Held: f.Held, FirstAt: f.First.UTC(), LastAt: f.Last.UTC(),
		}
		if f.Source.Bits() < f.Source.Addr().BitLen() {
			one.Source = f.Source.String()
		}
		if until := f.HeldUntil; !until.IsZero() {
			until = until.UTC()
			one.HeldUntil = &until
		}
		out = append(out, one)
	}
	return out
}

var (
	_ registrar.Store  = (*store.Store)(nil)
	_ registrar.Prober = phones{}
)

// registrarFigures are those of phones that register.
func registrarFigures() []web.Figure[registrar.Figures] {
	const name, help = "callbox_registers_total", "REGISTER requests by what became of them: accepted, challenged (401), refused, or limited (more of one user than may be in a second)."
	by := func(result string, read func(registrar.Figures) uint64) web.Figure[registrar.Figures] {
		return web.Figure[registrar.Figures]{
			Name: name, Help: help, Labels: map[string]string{"result": result}, Counter: true,
			Value: func(f registrar.Figures) float64 { return float64(read(f)) },
		}
	}
	return []web.Figure[registrar.Figures]{
		by("accepted", func(f registrar.Figures) uint64 { return f.Accepted }),
		by("challenged", func(f registrar.Figures) uint64 { return f.Challenged }),
		by("refused", func(f registrar.Figures) uint64 { return f.Refused }),
		by("limited", func(f registrar.Figures) uint64 { return f.Limited }),
		{Name: "callbox_registrations", Help: "Bindings of phones that are in force now.",
			Value: func(f registrar.Figures) float64 { return float64(f.Bindings) }},
		{Name: "callbox_registered_users", Help: "Users with a phone that is registered now.",
			Value: func(f registrar.Figures) float64 { return float64(f.Users) }},
		{Name: "callbox_registrations_unwritten", Help: "Bindings that wait for the directory's database; refreshes wait a second.",
			Value: func(f registrar.Figures) float64 { return float64(f.Waiting) }},
		{Name: "callbox_registrations_unsaved_total", Help: "REGISTER requests accepted before their binding was in the database, since that was away.",
			Counter: true, Value: func(f registrar.Figures) float64 { return float64(f.Unsaved) }},
	}
}

func credentialFigures() []web.Figure[registrar.GuardFigures] {
	const name, help = "callbox_sip_credentials_total", "Digest credentials of INVITE and REGISTER by what became of them: right, wrong, or held (refused unseen after too many wrong ones)."
	by := func(result string, read func(registrar.GuardFigures) uint64) web.Figure[registrar.GuardFigures] {
		return web.Figure[registrar.GuardFigures]{
			Name: name, Help: help, Labels: map[string]string{"result": result}, Counter: true,
			Value: func(f registrar.GuardFigures) float64 { return float64(read(f)) },
		}
	}
	return []web.Figure[registrar.GuardFigures]{
		by("right", func(f registrar.GuardFigures) uint64 { return f.Right }),
		by("wrong", func(f registrar.GuardFigures) uint64 { return f.Wrong }),
		by("held", func(f registrar.GuardFigures) uint64 { return f.Held }),
	}
}
