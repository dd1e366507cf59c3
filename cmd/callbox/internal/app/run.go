package app

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
	"time"
)

// Run runs an edge until it is told to stop: SIGHUP reloads, SIGTERM and SIGINT (or the end of ctx) drain, and a
// second of those ends it at once. An edge that was told to stop is no error, however many calls it cut off.
func Run(ctx context.Context, o Options, signals <-chan os.Signal) error {
	defer tuneMemory(os.LookupEnv)()
	a, err := Start(ctx, o)
	if err != nil {
		return err
	}
	fmt.Fprint(o.Stderr, a.summary())
	return a.obey(ctx, signals)
}

// obey does what signals say until one of them, or the end of ctx, is to stop.
func (a *App) obey(ctx context.Context, signals <-chan os.Signal) error {
	for {
		select {
		case s := <-signals:
			if s == syscall.SIGHUP {
				if s = a.reloadOr(ctx, signals); s == nil {
					continue
				}
			}
			a.log.Info().Str("signal", s.String()).Msg("told to stop")
		case <-ctx.Done():
			a.log.Info().Msg("told to stop")
		}
		return a.stop(signals)
	}
}

// reloadOr reloads, and returns the signal to stop that came meanwhile, nil for none. A reload that waits for the database
// holds up no stop for longer than lastPatience; Close ends it.
func (a *App) reloadOr(ctx context.Context, signals <-chan os.Signal) os.Signal {
	done := make(chan struct{})
	a.reloads.Go(func() {
		defer close(done)
		_, _ = a.Reload(ctx) // it has logged what is wrong
	})
	again := false // SIGHUP came meanwhile, perhaps after the files had been read
	var stop os.Signal
	var patience <-chan time.Time
	for {
		select {
		case <-done:
			if again && stop == nil {
				return a.reloadOr(ctx, signals)
			}
			return stop
		case <-patience:
			return stop
		case s := <-signals:
			if s == syscall.SIGHUP {
				again = true
			} else if stop == nil {
				stop, patience = s, time.After(lastPatience)
			}
		}
	}
}

// stop drains within the limit, or until a second signal.
func (a *App) stop(signals <-chan os.Signal) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Duration(a.drainLimit.Load()))
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- a.Drain(ctx) }()
	var patience <-chan time.Time // nil until a second signal
	for {
		select {
		case err := <-done:
			return err
		case <-patience:
			return errors.New("calls could not be ended in time; left as they were")
		case s := <-signals:
			if s == syscall.SIGHUP {
				continue
			}
			a.log.Warn().Str("signal", s.String()).Msg("told to stop again; calls are ended now")
			cancel()
			if patience == nil {
				patience = time.After(lastPatience)
			}
		}
	}
}

// lastPatience is how long a second signal waits for BYEs to be sent and files to be closed.
const lastPatience = 2 * time.Second

// summary is what a person who starts an edge wants to know, the token once included.
func (a *App) summary() string {
	a.reloading.Lock()
	defer a.reloading.Unlock()
	var b strings.Builder
	from := "the embedded lab"
	if a.settings.Directory != "" {
		from = a.settings.Directory
	}
	fmt.Fprintf(&b, "callbox %s is ready with %s. Not for live emergency traffic.\n", a.options.Version, from)
	sip := make([]string, 0, 4)
	for _, l := range a.agent.Addrs() {
		sip = append(sip, l.Network+" "+l.Address)
	}
	fmt.Fprintf(&b, "  SIP    %s\n", strings.Join(sip, ", "))
	_, scheme := a.httpTLS()
	fmt.Fprintf(&b, "  HTTP   %s://%s\n", scheme, a.httpAddr)
	fmt.Fprintf(&b, "  RTP    UDP ports %d-%d\n", a.settings.RTP.Ports.Min, a.settings.RTP.Ports.Max)
	if a.simulator.enabled {
		fmt.Fprintf(&b, "  PSAPs  %d, the simulated ones at %s\n", len(a.plan.snapshot.Load().PSAPs()), a.simulator.server.Addr())
	} else {
		fmt.Fprintf(&b, "  PSAPs  %d, none simulated\n", len(a.plan.snapshot.Load().PSAPs()))
	}
	fmt.Fprintf(&b, "  data   %s\n", a.data.path)
	if url := a.settings.Database.Shown(); url != "" {
		fmt.Fprintf(&b, "  store  %s\n", url)
	}
	a.faults.look()
	for _, d := range a.faults.degraded() {
		fmt.Fprintf(&b, "  FAULT  %s: %s\n", d.Fault, d.What)
	}
	if a.certs != nil {
		fmt.Fprintf(&b, "  TLS    %s, until %s\n", a.certs.file(), a.certs.expiry().UTC().Format(time.DateOnly))
	}
	fmt.Fprintf(&b, "  API    user %s", a.account())
	switch {
	case a.token.made && a.token.file == "":
		fmt.Fprintf(&b, ", auth token %s (made now, shown this once, kept when the disk takes it)\n", a.token.value)
	case a.token.made:
		fmt.Fprintf(&b, ", auth token %s (made now, shown this once, kept in %s)\n", a.token.value, a.token.file)
	case a.token.file != "":
		fmt.Fprintf(&b, ", auth token in %s\n", a.token.file)
	default:
		b.WriteString(", auth token as configured\n")
	}
	return b.String()
}
