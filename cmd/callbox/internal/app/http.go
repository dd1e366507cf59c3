package app

import (
	"context"
	"crypto/tls"
	"net"
	"net/netip"
	"time"

	"callbox/cmd/callbox/internal/web"
	"callbox/config"
)

// listenHTTP binds and serves the API.
func (a *App) listenHTTP(ctx context.Context) error {
	address := a.settings.HTTP.Address.String()
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if err != nil {
		return bindError("http", address, "--http or http.address", err)
	}
	a.httpAddr = netip.MustParseAddrPort(l.Addr().String())
	encryption, _ := a.httpTLS()
	a.web = web.New(web.Options{
		Account: a.account(), Token: a.token.value, Version: a.options.Version, TLS: encryption,
		Live: a.edge, Journal: a.journal, Simulated: a.simulator, Centres: a.registry, Metrics: a.metrics.Handler(),
		Ready: a.Ready, Degraded: a.faults.degraded, Reload: a.Reload, Explain: a.explain, Logger: a.part("web"),
	})
	a.web.Start(a.reserve.listen(l))
	a.started(func() error {
		ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
		defer cancel()
		return a.web.Close(ctx)
	})
	return nil
}

// account returns the SID whose credentials open the API: the directory's first account at the start.
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
