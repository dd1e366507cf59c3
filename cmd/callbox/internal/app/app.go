// Package app is the composition root: the one place that imports every part of the edge, builds them in order, reloads
// them and takes them down. It must not know how any of them works.
package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"callbox/cmd/callbox/internal/explain"
	"callbox/cmd/callbox/internal/web"
	"callbox/config"
	"callbox/config/strict"
	"callbox/psap"
	"callbox/psap/ng911"
	"callbox/routing"
	"callbox/routing/bandwidth/hook"
	"callbox/routing/callback"
	"callbox/routing/directory"
	"callbox/routing/fees"
	"callbox/routing/keys"
	"callbox/routing/lost"
	"callbox/routing/notify"
	"callbox/routing/registrar"
	"callbox/routing/webhook"
	"callbox/sip/agent"
	"callbox/sip/b2bua"
	"callbox/sip/call"
	"callbox/sip/cdr"
	"callbox/sip/fault"
	"callbox/sip/media"
)

// Source reads the options of the edge: file, environment and flags. It is asked at the start and at every reload.
type Source func() (config.Options, strict.Problems)

// Options are what an App needs from outside. Source is required.
type Options struct {
	Source  Source
	Version string    // of callbox
	Stderr  io.Writer // log and ready summary; nil discards both
}

// App is a running edge.
type App struct {
	options Options
	log     zerolog.Logger
	plan    plan
	ready   atomic.Bool // false while starting and from the first word of a drain on

	reloading  sync.Mutex // guards settings and sources: one reload at a time
	settings   config.Options
	sources    sources
	drainLimit atomic.Int64   // of the settings, for who cannot wait for a reload
	reloads    sync.WaitGroup // those that signals began
	ending     chan struct{}  // closed by Close: what waits for the database gives up
	end        sync.Once

	faults    *board
	reserve   *reserve
	noPorts   fault.Episode
	listening atomic.Bool // the agent has its listeners
	data      *dataDir
	certs     *certificates // of SIP, and of HTTP by http.tls: auto; nil where neither wants them
	httpCerts *certificates // of http.tls: files; else nil
	token     token
	guard     *keys.Guard
	simulator *simulator
	file      *directory.File // the directory file in force; guarded by reloading once the edge runs
	registry  *psap.Registry
	relay     *media.Relay
	journal   *cdr.Journal
	metrics   *web.Metrics
	agent     *agent.Agent
	callbacks *callback.Planner
	customers *provisioning
	notify    *notify.Queue
	screens   *screens
	shelf     *ng911.Shelf // additional data of calls, for next-generation centres

	mailServer atomic.Pointer[config.SMTP] // as a reload leaves it

	edge      *b2bua.Edge
	web       *web.Server
	httpAddr  netip.AddrPort
	apiAddr   atomic.Pointer[netip.AddrPort] // httpAddr once it is known, for who may ask before
	webhooks  *webhook.Client
	hooks     *hook.Client
	lost      *lost.Client
	speech    *speech
	registrar *registrar.Registrar

	probing context.CancelFunc
	probed  sync.WaitGroup
	undo    []func() error // what was started, in order
}

// plan is what decides calls: the snapshot in force and the health of the centres.
type plan struct {
	snapshot atomic.Pointer[directory.Snapshot]
	registry *psap.Registry
	guard    *registrar.Guard
}

// Decide decides one call by the snapshot in force. The decision keeps that snapshot.
func (p *plan) Decide(r routing.Request) routing.Decision {
	if r.Proof != nil && p.guard != nil {
		attempt := p.guard.Begin(netip.AddrPortFrom(r.Source, r.Port), r.Proof)
		defer attempt.End()
		r.Proof = attempt
	}
	return routing.Decide(p.snapshot.Load(), p.registry, r)
}

// Urgent tells which INVITEs go first when not all can be taken.
func (p *plan) Urgent(user, host string, source netip.Addr) bool {
	return routing.Urgent(p.snapshot.Load(), user, host, source)
}

// Start builds and starts an edge, all or nothing: after an error nothing of it runs or stays bound. Bad configuration
// is strict.Problems.
func Start(ctx context.Context, o Options) (*App, error) {
	if o.Stderr == nil {
		o.Stderr = io.Discard
	}
	settings, problems := o.Source()
	if len(problems) > 0 {
		return nil, problems
	}
	a := &App{options: o, settings: settings, ending: make(chan struct{})}
	a.drainLimit.Store(int64(settings.Drain.Limit))
	if err := a.start(ctx); err != nil {
		return nil, errors.Join(err, a.Close())
	}
	a.ready.Store(true)
	return a, nil
}

// start runs the steps in the order in which each needs those before it.
func (a *App) start(ctx context.Context) error {
	var err error
	if a.log, err = newLogger(a.options.Stderr, a.settings.Log); err != nil {
		return err
	}
	a.faults, a.reserve = &board{log: a.part("faults"), now: time.Now}, &reserve{}
	a.started(a.reserve.close)
	for _, step := range []func(context.Context) error{
		a.openData, a.startSimulator, a.startVoice, a.buildAsker, a.buildLoST, a.readDirectory, a.openStore, a.openGuard, a.openCertificates, a.startMedia, a.buildNotify, a.buildEdge, a.watchFaults, a.buildMetrics, a.runNotify, a.listenHTTP, a.listenALI, a.startRegistrar, a.listenSIP, a.startProbing,
	} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// started remembers how to take down what has just been started.
func (a *App) started(undo func() error) { a.undo = append(a.undo, undo) }

// Close takes everything down at once, last started first. Calls that are up are dropped. It blocks until every
// goroutine has ended; calling it again does nothing.
func (a *App) Close() error {
	a.ready.Store(false)
	a.end.Do(func() { close(a.ending) })
	defer a.reloads.Wait()
	var errs []error
	for len(a.undo) > 0 {
		last := len(a.undo) - 1
		undo := a.undo[last]
		a.undo = a.undo[:last]
		errs = append(errs, undo())
	}
	return errors.Join(errs...)
}

// untilClosed returns a context that also ends with Close.
func (a *App) untilClosed(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		select {
		case <-a.ending:
			cancel()
		case <-ctx.Done():
		}
	}()
	return ctx, cancel
}

// Drain stops wanting calls, waits until those that are up have ended or ctx has, and takes everything down.
func (a *App) Drain(ctx context.Context) error {
	a.ready.Store(false)
	if n := a.edge.Active(); n > 0 {
		a.log.Info().Int("active_calls", n).Msg("draining")
	}
	if err := a.edge.Drain(ctx); err != nil {
		a.log.Warn().Err(err).Msg("calls were ended by the shutdown")
	}
	return a.Close()
}

// Ready tells whether the edge wants calls, and if not why.
func (a *App) Ready() (bool, string) {
	if a.ready.Load() {
		return true, ""
	}
	return false, "starting or going down"
}

// openData takes the data directory and opens or makes what is kept in it.
func (a *App) openData(context.Context) error {
	data, err := openDataDir(a.settings.Data)
	if err != nil {
		return err
	}
	a.data = data
	a.started(data.close)
	if a.token, err = data.token(string(a.settings.Auth.Token)); err != nil {
		return err
	}
	if a.journal, err = cdr.Open(data.path, cdr.Options{Logger: a.part("cdr"), Patient: data.wanted}); err != nil {
		return err
	}
	a.started(a.journal.Close)
	return nil
}

// openCertificates comes after the directory, whose hosts a certificate of our own is made for.
func (a *App) openCertificates(context.Context) (err error) {
	if hasTLS(a.settings.SIP.Listeners) || a.settings.HTTP.TLS == "auto" {
		hosts := append(hostNames(a.plan.snapshot.Load()), ownHosts(a.settings)...)
		a.certs, err = newCertificates(a.data, hosts, a.settings.SIP.TLS, time.Now, a.part("tls"))
	}
	if err == nil && a.settings.HTTP.TLS == "files" {
		a.httpCerts, err = newCertificates(a.data, nil, httpFiles(a.settings.HTTP), time.Now, a.part("web"))
	}
	return err
}

// startMedia opens the relay.
func (a *App) startMedia(context.Context) error {
	o := a.settings.RTP
	relay, err := media.New(media.Options{
		PortMin: o.Ports.Min, PortMax: o.Ports.Max, Bind: o.Bind,
		Timeout: orNever(o.Timeout), Quarantine: orNever(o.Quarantine), Logger: a.part("media"),
	})
	if err != nil {
		return fmt.Errorf("start media relay: %w", err)
	}
	a.relay = relay
	a.started(relay.Close)
	return nil
}

// orNever turns our 0, which means never, into what parts with a default of their own take for it.
func orNever(d time.Duration) time.Duration {
	if d == 0 {
		return -1
	}
	return d
}

// buildEdge makes agent and edge, which need each other; neither listens yet.
func (a *App) buildEdge(context.Context) error {
	a.metrics = web.NewMetrics(a.options.Version)
	taken, made, err := a.encryption()
	if err != nil {
		return err
	}
	sipAgent, err := agent.New(agent.Options{
		Listeners: listeners(a.settings.SIP.Listeners), TLS: taken, ClientTLS: made, Origins: a.settings.SIP.WebSocket.Origins,
		UserAgent: a.settings.SIP.UserAgent, Logger: a.part("agent"), Ready: a.ready.Load,
		OnInvite: func(in *agent.Incoming) { a.edge.Invite(in) }, OnRegister: a.register,
		NonceLife: a.settings.Auth.NonceLife, Algorithms: a.settings.Auth.Algorithms, Urgent: a.plan.Urgent, Starved: a.reserve.starved,
	})
	if err != nil {
		return fmt.Errorf("build SIP agent: %w", err)
	}
	a.agent, a.plan.guard = sipAgent, registrar.NewGuard(a.part("auth"))
	a.buildRegistrar()
	a.registry = psap.New(psap.Options{
		Prober: sipAgent, Interval: a.settings.PSAP.ProbeInterval, Timeout: a.settings.PSAP.ProbeTimeout, Logger: a.part("psap"),
		Registered: func(id string) bool { return len(registeredCentres{a}.Centre(id)) > 0 },
	})
	a.registry.Set(a.plan.snapshot.Load().PSAPs())
	a.plan.registry = a.registry
	a.buildCallbacks()
	a.buildScreens()
	a.edge, err = b2bua.New(b2bua.Options{
		Agent: sipAgent, Decider: &a.plan, Asker: asker{a.hooks, a.lost, a.metrics}, Callbacks: guardedCallbacks{a}, Media: a.relay, Registry: a.registry,
		Recorder: recorder{a.journal, a.metrics, a.customers.ledger}, Observer: watchers{a.metrics, a.screens}, ALI: a.screens, Notifier: a.notify, Phones: a.registered, Centres: registeredCentres{a}.ways, Logger: a.part("b2bua"),
		NG:             a.nextGeneration(),
		Transfers:      referrals{&a.plan, a.settings.Call.TransferHosts},
		NoMedia:        a.noMedia,
		PassHeaders:    a.settings.Call.PassHeaders,
		Announce:       func() string { return a.plan.snapshot.Load().Announcement() },
		Advertise:      a.settings.RTP.Advertised(),
		MaxDuration:    a.settings.Call.MaxDuration,
		SessionExpires: a.settings.Call.SessionExpires, MinSession: a.settings.Call.MinSessionExpires,
	})
	if err != nil {
		return fmt.Errorf("build edge: %w", err)
	}
	return nil
}

// recorder gives the record of an ended call to the journal, to the metrics and to the ledger of fees.
type recorder struct {
	journal *cdr.Journal
	metrics *web.Metrics
	ledger  *fees.Ledger
}

func (r recorder) Append(rec call.Record) {
	r.journal.Append(rec)
	r.metrics.Append(rec)
	r.ledger.Append(rec)
}

// explain answers the API's question with the health the calls would meet now.
func (a *App) explain(q explain.Question) (explain.Answer, error) {
	d, err := explain.Ask(a.plan.snapshot.Load(), a.registry, q)
	if err != nil {
		return explain.Answer{}, err
	}
	return explain.Describe(d), nil
}

// listenSIP binds the SIP listeners: from here on calls come in.
func (a *App) listenSIP(context.Context) error {
	if err := a.agent.Start(); err != nil {
		return bindError("sip", "", "--sip or sip.listeners", err)
	}
	a.listening.Store(true)
	a.started(a.agent.Close)
	a.started(func() error { // calls have goroutines of the agent's, which it waits for
		now, cancel := context.WithCancel(context.Background())
		cancel()
		_ = a.edge.Drain(now) // its error only says that it was in a hurry
		return nil
	})
	return nil
}

// startProbing watches the call centres, unless that is switched off.
func (a *App) startProbing(context.Context) error {
	if a.settings.PSAP.ProbeInterval == 0 {
		return nil
	}
	ctx, cancel := context.WithCancel(context.Background())
	a.probing = cancel
	a.probed.Go(func() { a.registry.Run(ctx) })
	a.started(func() error {
		a.probing()
		a.probed.Wait()
		return nil
	})
	return nil
}
