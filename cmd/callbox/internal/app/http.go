package app

import (
	"context"
	"crypto/tls"
	"net"
	"net/netip"
	"slices"
	"time"

	"callbox/cmd/callbox/internal/web"
	"callbox/config"
	"callbox/routing/directory"
	"callbox/routing/keys"
)

// listenHTTP binds and serves the API.
func (a *App) listenHTTP(ctx context.Context) error {
	address := a.settings.HTTP.Address.String()
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if err != nil {
		return bindError("http", address, "--http or http.address", err)
	}
	a.httpAddr = netip.MustParseAddrPort(l.Addr().String())
	a.apiAddr.Store(&a.httpAddr)
	encryption, _ := a.httpTLS()
	a.web = web.New(web.Options{
		Guard: byNumber{a.guard, a}, Version: a.options.Version, TLS: encryption,
		Store: a.customers.store, Twilio: a.twilio(), Bandwidth: a.bandwidth(), Unified: a.unified(), Import: a.imports, Spool: a.data.path, Lab: a.customers.lab, Fees: a.customers.ledger, Notify: a.notify,
		Hooks:         trials{a},
		Registrations: registrations{a.registrar}, AuthFailures: a.authFailures,
		Live: a.edge, Journal: a.journal, Simulated: a.simulator, Centres: a.registry, Scripts: centreScripts{a}, Callbacks: centreCallbacks{a}, Transfers: centreTransfers{a}, Metrics: a.metrics.Handler(), ALI: a.screens.book, EmergencyData: a.shelf,
		Ready: a.Ready, Degraded: a.faults.degraded, Reload: a.Reload, Explain: a.explain, Boundaries: a.boundaries, LoST: a.lostServer(), LoSTOpen: a.settings.LoST.Access == "open", Logger: a.part("web"),
	})
	a.web.Start(a.reserve.listen(l))
	a.started(func() error {
		ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
		defer cancel()
		return a.web.Close(ctx)
	})
	return nil
}

// openGuard comes after the directory, whose accounts the tokens open.
func (a *App) openGuard(context.Context) error {
	read, err := a.data.readToken(string(a.settings.Auth.ReadToken))
	if err != nil {
		return err
	}
	a.guard = keys.NewGuard(keys.Options{
		Token: config.Secret(a.token.value), ReadToken: config.Secret(read), Account: a.isAccount,
		Rows: keys.NewStored(a.customers.store), Logger: a.part("keys"),
	})
	return nil
}

// isAccount tells whether there is an account with this SID, and whether it is the one whose credentials open everything.
func (a *App) isAccount(sid string) (main, ok bool) {
	accounts := a.plan.snapshot.Load().Accounts()
	ok = slices.ContainsFunc(accounts, func(x *directory.Account) bool { return x.SID == sid })
	main = sid == a.account()
	return main, ok || main
}

// account returns the SID whose credentials open the API: the directory's first account, "" where there is none.
func (a *App) account() string {
	if accounts := a.plan.snapshot.Load().Accounts(); len(accounts) > 0 {
		return accounts[0].SID
	}
	return ""
}

// httpFiles names the certificate of http.tls: files.
func httpFiles(o config.HTTP) config.TLS {
	return config.TLS{Certificate: o.Certificate, Key: o.Key}
}

// httpTLS returns the TLS settings of the API, nil for none, and the scheme of its address.
func (a *App) httpTLS() (*tls.Config, string) {
	switch a.settings.HTTP.TLS {
	case "auto":
		return a.certs.serverConfig(), "https"
	case "files":
		return a.httpCerts.serverConfig(), "https"
	}
	return nil, "http"
}
