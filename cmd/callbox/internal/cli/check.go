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
	Kind     string    `json:"kind"` // configuration, directory, number file or address guide
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
		Short: "Report every problem of a configuration, a directory or a CSV file",
		Long: "Report every problem of a configuration, a directory, a CSV file of numbers to import, or one of street ranges\n" +
			"(MSAG), each with file:line, path, value and the mend. A configuration's directory and scripts are checked with\n" +
			"it. Exit code 3 says that there are problems. Notes tell what is no problem but may not be meant.",
		Example: "  callbox check edge.yaml\n  callbox check numbers.csv\n  callbox check --directory customers.yaml -o json",
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
	c := checked{File: file, Problems: []problem{}, Notes: []string{}}
	var found strict.Problems
	var notes []string
	var err error
	if c.Kind, found, notes, err = checkFile(file, asDirectory); err != nil {
		return err
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

// checkFile finds out what kind of file it is, and everything wrong with it.
func checkFile(file string, asDirectory bool) (kind string, problems strict.Problems, notes []string, err error) {
	if !asDirectory {
		if kind, problems, notes, err = checkTable(file); kind != "" || err != nil {
			return kind, problems, notes, err
		}
	}
	src, err := os.ReadFile(file)
	if err != nil {
		return "", nil, nil, fmt.Errorf("check %s: %w", file, reason(err))
	}
	if asDirectory || isDirectory(src) {
		problems, notes = checkDirectory(file, config.Defaults().Sim)
		return "directory", problems, notes, nil
	}
	problems, notes = checkConfiguration(file)
	return "configuration", problems, notes, nil
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
			"countries", "domain_suffixes", "trunk_suffixes", "boundaries", "address_points", "test_service", "announcement":
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
