package cli

import (
	"errors"
	"fmt"
	"net/netip"
	"os/signal"
	"syscall"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"

	"callbox/config"
	"callbox/psap/sim"
)

// newPSAP returns the command that runs the simulated call centres alone.
func newPSAP(s streams) *cobra.Command {
	o := sim.Options{}
	var verbose bool
	var ports, advertise string
	cmd := &cobra.Command{
		Use:   "psap",
		Short: "Run the simulated call centres alone",
		Long: "Run the simulated call centres alone, for an edge elsewhere or to call one directly. Each user part is a centre:\n" +
			"sip:psap-sf@127.0.0.1:5070. Ctrl-C ends it.",
		Example: "  callbox psap --address 127.0.0.1:5072 --scripts centres.yaml\n" +
			"  callbox psap --address 0.0.0.0:5070 --rtp-ports 40000-40999 --advertise 203.0.113.7",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := reachable(&o, ports, advertise); err != nil {
				return err
			}
			ctx, stop := signal.NotifyContext(cmd.Context(), syscall.SIGINT, syscall.SIGTERM)
			defer stop()
			level := zerolog.InfoLevel
			if verbose {
				level = zerolog.DebugLevel
			}
			o.Logger = zerolog.New(s.err).Level(level).With().Timestamp().Logger()
			server, err := sim.New(o)
			if err != nil {
				return err
			}
			if err := server.Start(); err != nil {
				err = fmt.Errorf("start simulated call centres: %w; choose another address with --address", err)
				return errors.Join(err, server.Close())
			}
			fmt.Fprintf(s.err, "simulated call centres are ready at sip:CENTRE@%s (UDP and TCP)\n", server.Addr())
			<-ctx.Done()
			return server.Close()
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.Address, "address", "127.0.0.1:5070", "`address:port` for SIP over UDP and TCP")
	f.StringVar(&ports, "rtp-ports", "", "UDP `ports` for media such as 40000-40999 (default any that the system picks)")
	f.StringVar(&advertise, "advertise", "", "IP `address` to name in SDP (default our own towards each caller)")
	f.StringVar(&o.Scripts, "scripts", "", "YAML `file` of scripts; none is the embedded ones")
	f.StringVar(&o.Voice, "voice", "auto", "auto, builtin, espeak-ng or flite")
	f.BoolVarP(&verbose, "verbose", "v", false, "log every step")
	return cmd
}

// reachable takes the flags that say where media is to be sent.
func reachable(o *sim.Options, ports, advertise string) error {
	if ports != "" {
		var r config.PortRange
		if err := r.UnmarshalText([]byte(ports)); err != nil || r.Min < 1024 || r.Max < r.Min {
			return usage("--rtp-ports %q is no range: write two ports from 1024 on with a hyphen between, such as 40000-40999", ports)
		}
		o.RTPMin, o.RTPMax = r.Min, r.Max
	}
	if advertise != "" {
		a, err := netip.ParseAddr(advertise)
		if err != nil || a.IsUnspecified() || a.IsMulticast() {
			return usage("--advertise %q is no address that callers can reach: write one like 203.0.113.7", advertise)
		}
		o.Advertise = a
	}
	return nil
}
