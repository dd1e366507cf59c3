package app

import (
	"context"
	"errors"
	"fmt"
	"reflect"

	"callbox/cmd/callbox/internal/web"
	"callbox/config"
	"callbox/config/strict"
	"callbox/routing/directory"
	"callbox/routing/directory/store"
)

// Reload reads configuration, directory and certificate again. If all are good, what can change does, for new calls;
// calls that are up keep what they began with. If anything is wrong nothing changes and the error, web.Faults where the
// files are to blame, says everything that is.
func (a *App) Reload(ctx context.Context) (web.Reloaded, error) {
	a.reloading.Lock()
	defer a.reloading.Unlock()
	ctx, cancel := a.untilClosed(context.WithoutCancel(ctx)) // all of it, though nobody may be waiting for the answer any more
	defer cancel()
	done, err := a.reload(ctx)
	if errors.Is(err, context.Canceled) {
		err = errors.New("the edge is going down")
	}
	a.metrics.Reloaded(err == nil)
	if err != nil {
		line := a.log.Error()
		var faults web.Faults
		if errors.As(err, &faults) {
			line = line.Strs("problems", faults.Lines())
		} else {
			line = line.Err(err)
		}
		line.Msg("reload refused; nothing was changed")
		return web.Reloaded{}, err
	}
	a.log.Info().Strs("changed", done.Changed).Strs("needs_restart", done.Restart).Msg("reloaded")
	return done, nil
}

// candidate is everything a reload has read and not yet put in force.
type candidate struct {
	settings config.Options
	file     *directory.File
	sources  sources
	cert     pair
	httpCert pair
}

func (a *App) reload(ctx context.Context) (web.Reloaded, error) {
	c, err := a.candidate()
	if err != nil {
		return web.Reloaded{}, err
	}
	live, restart := config.Changed(a.settings, c.settings)
	done := web.Reloaded{Changed: live, Restart: restart}
	if a.settings.Directory == c.settings.Directory && a.file.Digest != c.file.Digest {
		done.Changed = append(done.Changed, "directory: the contents of "+c.settings.Directory)
	}
	if a.settings.Sim.Scripts == c.settings.Sim.Scripts && a.sources.scripts != c.sources.scripts {
		done.Restart = append(done.Restart, "sim.scripts: the contents of "+c.settings.Sim.Scripts)
	}
	if err := a.take(ctx, c); err != nil { // the steps that can still fail come first
		return web.Reloaded{}, err
	}
	if a.certs != nil && a.certs.use(c.cert) {
		done.Changed = append(done.Changed, "sip.tls: a new certificate")
	}
	if a.httpCerts != nil && c.httpCert.cert != nil && a.httpCerts.use(c.httpCert) {
		done.Changed = append(done.Changed, "http.certificate: a new certificate")
	}
	a.simulator.follow(c.file.Network, a.log)
	a.registry.Set(c.file.Network.PSAPs())
	a.file = c.file
	a.adopt(c.settings)
	return done, nil
}

// take puts the log level and the directory in force, both or neither.
func (a *App) take(ctx context.Context, c candidate) error {
	if err := setLevel(c.settings.Log.Level); err != nil {
		return err
	}
	err := a.customers.exchange(ctx, c.file, base(c.settings.Directory), a.publish)
	if errors.Is(err, store.ErrAway) && a.settings.Directory == c.settings.Directory && sameCustomers(a.file, c.file) {
		a.customers.following().SetNetwork(c.file.Network) // which is no business of the database
		err = nil
	}
	if err != nil {
		_ = setLevel(a.settings.Log.Level) // was good before
	}
	var problems strict.Problems
	if errors.As(err, &problems) {
		return faults(problems)
	}
	return err
}

// sameCustomers tells whether two files say the same of accounts, numbers and whatever else is kept in the database.
func sameCustomers(a, b *directory.File) bool {
	return reflect.DeepEqual(a.Customers, b.Customers) && reflect.DeepEqual(a.Addresses, b.Addresses) && reflect.DeepEqual(a.Numbers, b.Numbers)
}

// adopt keeps the settings that are in force now. Those that need a restart stay as they are, so that the next reload
// names them again.
func (a *App) adopt(o config.Options) {
	a.settings.Directory = o.Directory
	a.settings.SIP.TLS.Certificate, a.settings.SIP.TLS.Key = o.SIP.TLS.Certificate, o.SIP.TLS.Key
	a.settings.HTTP.Certificate, a.settings.HTTP.Key = o.HTTP.Certificate, o.HTTP.Key
	a.settings.Drain = o.Drain
	a.drainLimit.Store(int64(o.Drain.Limit))
	a.settings.Log.Level = o.Log.Level
	a.settings.SMTP = o.SMTP
	a.mailServer.Store(&o.SMTP)
}

// candidate reads all files and says everything wrong with them.
func (a *App) candidate() (candidate, error) {
	var c candidate
	var problems, more strict.Problems
	c.settings, problems = a.options.Source()
	c.file, more = readDirectory(c.settings.Directory, a.simulator.server.Addr())
	problems = append(problems, more...)
	c.sources.scripts = digestOf(c.settings.Sim.Scripts)
	if a.certs != nil {
		var err error
		if c.cert, err = a.certs.prepare(c.settings.SIP.TLS); err != nil {
			problems = append(problems, strict.Problem{
				Path: "sip.tls", Message: err.Error(), Mend: "the certificate in use stays until both files are good",
			})
		}
	}
	if a.httpCerts != nil && c.settings.HTTP.TLS == "files" { // else the one in use is kept for as long as it takes to restart
		var err error
		if c.httpCert, err = a.httpCerts.prepare(httpFiles(c.settings.HTTP)); err != nil {
			problems = append(problems, strict.Problem{
				Path: "http.certificate", Message: err.Error(), Mend: "the certificate in use stays until both files are good",
			})
		}
	}
	if len(problems) > 0 {
		return candidate{}, faults(problems)
	}
	return c, nil
}

// faults turns problems into the API's words, each once.
func faults(problems strict.Problems) web.Faults {
	seen := map[strict.Problem]bool{}
	var out web.Faults
	for _, p := range problems {
		if seen[p] {
			continue
		}
		seen[p] = true
		f := web.Fault{Message: p.Message, Value: p.Value, Location: p.File}
		if p.Mend != "" {
			f.Message += "; " + p.Mend
		}
		if p.Line > 0 {
			f.Location = fmt.Sprintf("%s:%d", p.File, p.Line)
		}
		if p.Path != "" && f.Location != "" {
			f.Location += ": "
		}
		f.Location += p.Path
		out = append(out, f)
	}
	return out
}
