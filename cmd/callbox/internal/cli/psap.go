package cli

import (
	"errors"
	"fmt"
	"os/signal"
	"syscall"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"

	"callbox/psap/sim"
)

// newPSAP returns the command that runs the simulated call centres alone.
func newPSAP(s streams) *cobra.Command {
	o := sim.Options{}
	var verbose bool
	cmd := &cobra.Command{
		Use:   "psap",
		Short: "Run the simulated call centres alone",
		Long: "Run the simulated call centres alone, for an edge elsewhere or to call one directly. Each user part is a centre:\n" +
			"sip:psap-sf@127.0.0.1:5070. Ctrl-C ends it.",
		Example: "  callbox psap --address 127.0.0.1:5072 --scripts centres.yaml",
		RunE: func(cmd *cobra.Command, _ []string) error {
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
	f.StringVar(&o.Scripts, "scripts", "", "YAML `file` of scripts; none is the embedded ones")
	f.StringVar(&o.Voice, "voice", "auto", "auto, builtin, espeak-ng or flite")
	f.BoolVarP(&verbose, "verbose", "v", false, "log every step")
	return cmd
}
