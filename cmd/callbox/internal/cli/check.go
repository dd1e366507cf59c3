package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/spf13/cobra"
	"gopkg.in/yaml.v3"

	"callbox/cmd/callbox/internal/app"
	"callbox/config"
	"callbox/config/strict"
)

// checked is what check found, as JSON.
type checked struct {
	File     string    `json:"file"`
	Kind     string    `json:"kind"` // configuration or directory
	OK       bool      `json:"ok"`
	Problems []problem `json:"problems"`
	Notes    []string  `json:"notes"` // of a good file: what may not be meant
}

// problem is one thing wrong with a file.
type problem struct {
	File    string `json:"file,omitempty"`
	Line    int    `json:"line,omitempty"`
	Column  int    `json:"column,omitempty"`
	Path    string `json:"path,omitempty"`
	Value   string `json:"value,omitempty"`
	Message string `json:"message"`
	Mend    string `json:"mend,omitempty"`
}

// newCheck returns the command that looks for everything wrong with a file.
func newCheck(s streams) *cobra.Command {
	var out outputFlag
	var asDirectory bool
	cmd := &cobra.Command{
		Use:   "check FILE",
		Short: "Report every problem of a configuration or directory file",
		Long: "Report every problem of a configuration or directory file, each with file:line, path, value and the mend.\n" +
			"A configuration's directory and scripts are checked with it. Exit code 3 says that there are problems. Notes\n" +
			"tell what is no problem but may not be meant.",
		Example: "  callbox check edge.yaml\n  callbox check --directory customers.yaml -o json",
		Args:    cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			return check(s, args[0], asDirectory, out.json)
		},
	}
	cmd.Flags().BoolVar(&asDirectory, "directory", false, "take FILE for a directory; without it the file's own keys decide")
	out.add(cmd)
	return cmd
}

func check(s streams, file string, asDirectory, asJSON bool) error {
	src, err := os.ReadFile(file)
	if err != nil {
		return fmt.Errorf("check %s: %w", file, reason(err))
	}
	c := checked{File: file, Kind: "configuration", Problems: []problem{}, Notes: []string{}}
	var found strict.Problems
	var notes []string
	if asDirectory || isDirectory(src) {
		c.Kind = "directory"
		found, notes = checkDirectory(file, config.Defaults().Sim)
	} else {
		found, notes = checkConfiguration(file)
	}
	c.OK = len(found) == 0
	for _, p := range found {
		c.Problems = append(c.Problems, problem(p))
	}
	c.Notes = append(c.Notes, notes...)
	switch {
	case asJSON:
		err = printJSON(s.out, c)
	case c.OK:
		_, err = fmt.Fprintf(s.out, "%s: this %s is good\n", file, c.Kind)
		for _, note := range notes {
			fmt.Fprintln(s.err, "note:", note)
		}
	default:
		_, err = fmt.Fprintln(s.out, found.Error())
	}
	if err == nil && !c.OK {
		return silent(exitBadConfig)
	}
	return err
}

// checkConfiguration checks a configuration without the environment of this shell, and the directory and scripts it
// names, as far as those are there.
func checkConfiguration(file string) (problems strict.Problems, notes []string) {
	o, problems := config.Load(file, nil)
	if o.Sim.Scripts != "" && !problems.At("sim.scripts") {
		err := app.CheckScripts(o.Sim.Scripts)
		var more strict.Problems
		if err != nil && !errors.As(err, &more) {
			more = strict.Problems{{File: o.Sim.Scripts, Message: err.Error()}}
		}
		problems = append(problems, more...)
	}
	if !problems.At("directory") {
		more, seen := checkDirectory(o.Directory, o.Sim)
		problems, notes = append(problems, more...), seen
	}
	return problems, notes
}

// checkDirectory checks a directory file, "" being the embedded lab, whose simulated centres are as o says.
func checkDirectory(file string, o config.Sim) (problems strict.Problems, notes []string) {
	s, problems := app.LoadDirectory(file, o.Address)
	if len(problems) > 0 {
		return problems, nil
	}
	return nil, app.Notes(s, o.Scripts, o.Address)
}

// isDirectory tells a directory from a configuration by its keys. A file that cannot be read counts as a
// configuration, whose check says what is wrong with it.
func isDirectory(src []byte) bool {
	var top map[string]yaml.Node
	if yaml.Unmarshal(src, &top) != nil {
		return false
	}
	votes := 0
	for key := range top {
		switch key {
		case "accounts", "domains", "trunks", "numbers", "addresses", "psaps", "eccs", "credential_lists", "acls",
			"countries", "domain_suffixes", "trunk_suffixes", "test_service", "announcement":
			votes++
		case "sip", "http", "rtp", "data", "directory", "database", "auth", "twilio", "lab", "sim", "psap", "call", "drain", "log":
			votes--
		}
	}
	return votes > 0
}

// reason takes the operation and path off a file error, for sentences that name the file themselves.
func reason(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}
