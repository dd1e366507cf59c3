package cli

import (
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"callbox/cmd/callbox/internal/app"
)

// newServe returns the command that runs an edge.
func newServe(version string, s streams) *cobra.Command {
	var set settings
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Run an edge; without any configuration a whole lab",
		Long: "Run an edge. Without any configuration it is a whole lab on this machine: SIP on port 5060 (UDP, TCP) and 5061\n" +
			"(TLS), simulated call centres on 127.0.0.1:5070, API and metrics on http://127.0.0.1:8080.\n\n" +
			"SIGHUP reads configuration and directory again. SIGTERM or Ctrl-C lets the calls end first; a second one does not.",
		Example: "  callbox serve\n  callbox serve --config edge.yaml\n" +
			"  callbox serve --data /tmp/b --sip udp:127.0.0.1:5062 --http 127.0.0.1:8082 --sim 127.0.0.1:5072 --rtp-ports 20000-20999",
		RunE: func(cmd *cobra.Command, _ []string) error {
			signals := make(chan os.Signal, 8)
			signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
			defer signal.Stop(signals)
			return blame(app.Run(cmd.Context(), app.Options{Source: set.load, Version: version, Stderr: s.err}, signals))
		},
	}
	set.add(cmd)
	return cmd
}
