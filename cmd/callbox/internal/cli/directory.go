package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"callbox/routing/transfer"
)

// newDirectory returns the commands that carry numbers and addresses in and out of a running edge.
func newDirectory(s streams) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "directory",
		Short: "Import and export numbers and addresses",
		Long: "Import and export numbers and their emergency addresses as CSV, by the API of a running edge. See\n" +
			"callbox directory import --help for the form of the file.",
	}
	cmd.AddCommand(newImport(s), newExport(s))
	for _, c := range cmd.Commands() {
		c.Args = usageArgs(c.Args)
	}
	return cmd
}

// importing is what the flags of import say.
type importing struct {
	client  client
	account string
	choices map[string]*choice // by parameter of the API
	good    bool
	dryRun  bool
	out     outputFlag
}

func newImport(s streams) *cobra.Command {
	var in importing
	cmd := &cobra.Command{
		Use:   "import FILE",
		Short: "Take numbers and addresses into an account",
		Long: "Take numbers and their emergency addresses into an account, from a CSV file, or from stdin for -. Its first line\n" +
			"names the columns, in any order: phone_number, friendly_name, service, status, trunk, customer_name, street,\n" +
			"street_secondary, city, region, postal_code, iso_country, address_friendly_name, address_sid. A line is a number.\n" +
			"A file with problems changes nothing; every bad line is reported, and exit code 3 says so. What export wrote can\n" +
			"be imported again. callbox check FILE looks at a file without an edge.",
		Example: "  callbox directory import numbers.csv\n" +
			"  callbox directory import --dry-run -o json numbers.csv\n" +
			"  callbox directory import --on-conflict update --addresses lenient numbers.csv",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return in.run(cmd, s, args[0]) },
	}
	f := cmd.Flags()
	in.client.add(f)
	addAccount(f, &in.account)
	in.choose(cmd, "on_conflict", "what becomes of a number that is there and otherwise in the file (default error)", "error", "update", "skip")
	in.choose(cmd, "addresses", "correct those that the guide knows a little differently, or refuse them too, or\ntake even those that it does not know (default correct, or as the edge validates)", "correct", "strict", "lenient")
	in.choose(cmd, "register", "addresses are registered at once, or pending for a while (default registered)", "registered", "pending")
	f.BoolVar(&in.good, "good-lines-only", false, "leave bad lines out; else one of them keeps all of the file out")
	f.BoolVar(&in.dryRun, "dry-run", false, "say what would be, and change nothing")
	in.out.add(cmd)
	return cmd
}

// choose adds a flag that takes one of a few words, or is left to the edge.
func (in *importing) choose(cmd *cobra.Command, parameter, usage string, words ...string) {
	c := &choice{words: words}
	if in.choices == nil {
		in.choices = map[string]*choice{}
	}
	in.choices[parameter] = c
	flag := strings.ReplaceAll(parameter, "_", "-")
	cmd.Flags().Var(c, flag, usage)
	_ = cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp))
}

func addAccount(f *pflag.FlagSet, account *string) {
	f.StringVar(account, "account", "", "`SID` of the account; not needed where there is only one")
}

// run sends the file and prints the report.
func (in *importing) run(cmd *cobra.Command, s streams, name string) error {
	file, length := s.in, int64(-1)
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return fmt.Errorf("import %s: %w", name, reason(err))
		}
		defer f.Close()
		info, err := f.Stat()
		if err != nil || info.IsDir() {
			return fmt.Errorf("import %s: it is no file", name)
		}
		if file = f; info.Mode().IsRegular() {
			length = info.Size()
		}
	}
	query := url.Values{}
	for name, c := range in.choices {
		if c.value != "" {
			query.Set(name, c.value)
		}
	}
	query.Set("good_lines_only", strconv.FormatBool(in.good))
	query.Set("dry_run", strconv.FormatBool(in.dryRun))
	if in.account != "" {
		query.Set("account_sid", in.account)
	}
	r, err := in.client.request(cmd.Context(), http.MethodPost, "/api/v1/directory/import", query, file)
	if err != nil {
		return err
	}
	r.ContentLength = length
	r.Header.Set("Content-Type", "text/csv")
	answer, err := in.client.do(r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	report, err := in.report(answer)
	if err != nil {
		return err
	}
	return in.print(s, name, report)
}

// report reads what became of the file.
func (in *importing) report(answer *http.Response) (transfer.Report, error) {
	const longest = 8 << 20 // a thousand problems, and room for more
	body, err := io.ReadAll(io.LimitReader(answer.Body, longest))
	if err != nil {
		return transfer.Report{}, fmt.Errorf("the edge's answer did not come whole: %w; import the file again to learn what became of it", err)
	}
	var refused struct {
		Report *transfer.Report `json:"report"`
	}
	switch {
	case answer.StatusCode == http.StatusOK:
		var report transfer.Report
		if err := json.Unmarshal(body, &report); err == nil {
			return report, nil
		}
	case json.Unmarshal(body, &refused) == nil && refused.Report != nil:
		return *refused.Report, nil
	}
	return transfer.Report{}, in.client.refusal(answer, body)
}

func (in *importing) print(s streams, name string, r transfer.Report) error {
	var err error
	if in.out.json {
		err = printJSON(s.out, r)
	} else {
		for _, p := range r.Problems {
			fmt.Fprintln(s.err, p.In(name))
		}
		if r.Omitted > 0 {
			fmt.Fprintf(s.err, "and %d problems more\n", r.Omitted)
		}
		what := "nothing was changed"
		switch {
		case r.DryRun:
			what = "nothing was to be changed"
		case r.Applied:
			what = "done"
		}
		_, err = fmt.Fprintf(s.out, "%s: %d lines, %d bad; %d numbers new, %d changed, %d as they were, %d skipped; %d new addresses, %d corrected; %s\n",
			name, r.Lines, r.Bad, r.Added, r.Updated, r.Unchanged, r.Skipped, r.AddressesAdded, r.AddressesCorrected, what)
	}
	if err == nil && len(r.Problems) > 0 {
		return silent(exitBadConfig)
	}
	return err
}

func newExport(s streams) *cobra.Command {
	var c client
	var account, to string
	cmd := &cobra.Command{
		Use:     "export",
		Short:   "Write an account's numbers and addresses",
		Long:    "Write an account's numbers and their emergency addresses as CSV, oldest first, to stdout or a file.",
		Example: "  callbox directory export > numbers.csv\n  callbox directory export --to numbers.csv --account AC00000000000000000000000000000911",
		RunE: func(cmd *cobra.Command, _ []string) error {
			query := url.Values{}
			if account != "" {
				query.Set("account_sid", account)
			}
			r, err := c.request(cmd.Context(), http.MethodGet, "/api/v1/directory/export", query, nil)
			if err != nil {
				return err
			}
			answer, err := c.do(r)
			if err != nil {
				return err
			}
			defer answer.Body.Close()
			if answer.StatusCode != http.StatusOK {
				body, _ := io.ReadAll(io.LimitReader(answer.Body, 1<<20))
				return c.refusal(answer, body)
			}
			if to == "" {
				return copyWhole(s.out, answer.Body)
			}
			return writeWhole(to, answer.Body)
		},
	}
	c.add(cmd.Flags())
	addAccount(cmd.Flags(), &account)
	cmd.Flags().StringVar(&to, "to", "", "`file` to write; it is there when all of it is (default stdout)")
	return cmd
}

func copyWhole(w io.Writer, r io.Reader) error {
	_, err := io.Copy(w, r)
	if errors.Is(err, io.ErrUnexpectedEOF) {
		err = errors.New("the edge broke it off")
	}
	if err != nil {
		return fmt.Errorf("the export is not whole: %w", err)
	}
	return nil
}

// writeWhole writes a file that appears when all of it is there, for its owner's eyes.
func writeWhole(name string, r io.Reader) error {
	f, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+"-*")
	if err != nil {
		return fmt.Errorf("export to %s: %w", name, reason(err))
	}
	err = copyWhole(f, r)
	if err == nil {
		err = f.Sync()
	}
	err = errors.Join(err, f.Close())
	if err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		_ = os.Remove(f.Name())
	}
	return err
}
