package cli

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// badFlag puts a flag error into our words, with a suggestion for a mistyped name.
func badFlag(cmd *cobra.Command, err error) error {
	var bad *pflag.InvalidValueError
	var number *strconv.NumError
	if errors.As(err, &bad) && errors.As(err, &number) {
		return usage("--%s is a number, not %q", bad.GetFlag().Name, bad.GetValue())
	}
	name, ok := strings.CutPrefix(err.Error(), "unknown flag: --")
	if !ok {
		return usage("%w", err)
	}
	best, distance := "", 3 // further away it is another word, not a slip
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		d := editDistance(name, f.Name)
		if strings.HasPrefix(f.Name, name) {
			d = min(d, 1)
		}
		if d < distance && !f.Hidden {
			best, distance = f.Name, d
		}
	})
	if best != "" {
		return usage("there is no flag --%s; did you mean --%s?", name, best)
	}
	return usage("there is no flag --%s", name)
}

// editDistance is the number of letters to insert, delete or replace to turn a into b (Levenshtein).
func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			next := min(row[j]+1, row[j+1]+1, diagonal+cost)
			diagonal, row[j+1] = row[j+1], next
		}
	}
	return row[len(b)]
}

// outputFlag is -o: text for people or json for programs.
type outputFlag struct{ json bool }

func (o *outputFlag) String() string {
	if o.json {
		return "json"
	}
	return "text"
}

func (o *outputFlag) Set(s string) error {
	switch s {
	case "json", "text":
		o.json = s == "json"
		return nil
	}
	return fmt.Errorf("%q is neither text nor json", s)
}

func (o *outputFlag) Type() string { return "text|json" }

func (o *outputFlag) add(cmd *cobra.Command) {
	cmd.Flags().VarP(o, "output", "o", "what to print: text for people, json for programs")
	_ = cmd.RegisterFlagCompletionFunc("output", cobra.FixedCompletions([]string{"text", "json"}, cobra.ShellCompDirectiveNoFileComp))
}

// choice is a flag that takes one of a few words.
type choice struct {
	value string
	words []string
}

func (c *choice) String() string { return c.value }

func (c *choice) Set(s string) error {
	if !slices.Contains(c.words, s) {
		return fmt.Errorf("%q is none of %s", s, strings.Join(c.words, ", "))
	}
	c.value = s
	return nil
}

func (c *choice) Type() string { return strings.Join(c.words, "|") }
