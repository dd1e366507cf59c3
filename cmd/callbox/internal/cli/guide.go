package cli

import (
	"fmt"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"callbox/cmd/callbox/internal/guide"
)

// newGuide returns the command that prints the guides.
func newGuide(s streams) *cobra.Command {
	var names []string
	for _, g := range guide.All() {
		names = append(names, g.Name)
	}
	return &cobra.Command{
		Use:   "guide [NAME]",
		Short: "Print how to point a PBX or softphone here, step by step",
		Long: "Print a guide in Markdown: how to point a PBX or a softphone at callbox, and what one should see. Without a name the\n" +
			"guides are listed.",
		Example:   "  callbox guide 3cx\n  callbox guide asterisk > asterisk.md",
		Args:      cobra.MaximumNArgs(1),
		ValidArgs: names,
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				w := tabwriter.NewWriter(s.out, 0, 0, 2, ' ', 0)
				for _, g := range guide.All() {
					fmt.Fprintf(w, "%s\t%s\n", g.Name, g.About)
				}
				return w.Flush()
			}
			text, err := guide.Text(args[0])
			if err != nil {
				return usage("%w", err)
			}
			_, err = fmt.Fprint(s.out, text)
			return err
		},
	}
}
