package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"callbox/cmd/callbox/internal/app"
	"callbox/cmd/callbox/internal/explain"
	"callbox/routing"
)

// newExplain returns the command that decides a call nobody made.
func newExplain(s streams) *cobra.Command {
	var set settings
	var q explain.Question
	var out outputFlag
	cmd := &cobra.Command{
		Use:   "explain",
		Short: "Say what would become of a call, and why",
		Long: "Say what would become of a call: the verdict, the targets in ring order, and what every rule saw. The decision is\n" +
			"the one that routes calls. Every call centre counts as in service. No call is made.",
		Example: "  callbox explain --from +14155550102 --to 911\n" +
			"  callbox explain --from +442079460100 --to urn:service:sos.police -o json\n" +
			"  callbox explain --from +14155550100 --to 911 --domain phones.sip.us1.twilio.com --user alice --password Callbox-lab-911",
		RunE: func(*cobra.Command, []string) error {
			if q.From == "" || q.To == "" {
				return usage("say who calls with --from and what is dialled with --to")
			}
			o, problems := set.load()
			if len(problems) > 0 {
				return blame(problems)
			}
			snapshot, problems := app.LoadDirectory(o.Directory, o.Sim.Address)
			if len(problems) > 0 {
				return problems
			}
			d, err := explain.Ask(snapshot, nil, q)
			if err != nil {
				return usage("%w", err)
			}
			if out.json {
				return printJSON(s.out, explain.Describe(d))
			}
			_, err = fmt.Fprint(s.out, routing.Text(d))
			return err
		},
	}
	f := cmd.Flags()
	set.addFiles(f)
	f.StringVar(&q.From, "from", "", "the caller: a `number`, a SIP URI, or anonymous")
	f.StringVar(&q.To, "to", "", "what is dialled: a `number`, a SIP URI, or a service URN such as urn:service:sos")
	f.StringVar(&q.Domain, "domain", explain.DefaultDomain, "the `domain` or trunk the call is sent to")
	f.StringVar(&q.Source, "source", explain.DefaultSource, "the IP `address` it comes from")
	f.StringVar(&q.Transport, "transport", explain.DefaultTransport, "udp, tcp or tls")
	f.StringVar(&q.User, "user", "", "digest user `name`; none is sent without it")
	f.StringVar(&q.Password, "password", "", "its password")
	out.add(cmd)
	return cmd
}
