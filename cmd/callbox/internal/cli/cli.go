// Package cli is the command line: commands, flags, output and exit codes. Data goes to stdout, talk to stderr. It must
// not know how a call works; the composition root, the softphone and the simulator do the work.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"callbox/config/strict"
)

// The exit codes.
const (
	exitOK         = 0
	exitFailed     = 1
	exitUsage      = 2
	exitBadConfig  = 3
	exitCallFailed = 4
)

// failure is an error with the exit code it ends the command with.
type failure struct {
	code int
	err  error
}

func (f *failure) Error() string { return f.err.Error() }

func (f *failure) Unwrap() error { return f.err }

// usage returns an error that ends the command with the usage code.
func usage(format string, args ...any) error {
	return &failure{exitUsage, fmt.Errorf(format, args...)}
}

// silent ends a command that has said everything itself.
func silent(code int) error { return &failure{code: code} }

// streams are what a command talks through.
type streams struct {
	in       io.Reader
	out, err io.Writer
}

// Run runs callbox with args, without the program's name, and returns its exit code: 0 ok, 1 failed, 2 usage, 3 bad
// configuration, 4 call failed. It ends when the command does or soon after ctx.
func Run(ctx context.Context, version string, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	root := newRoot(version, streams{stdin, stdout, stderr})
	root.SetArgs(args)
	root.SetIn(stdin)
	root.SetOut(stdout)
	root.SetErr(stderr)
	cmd, err := root.ExecuteContextC(ctx)
	if err == nil {
		return exitOK
	}
	return report(stderr, cmd, err)
}

// report says on stderr what went wrong and returns the exit code for it.
func report(stderr io.Writer, cmd *cobra.Command, err error) int {
	var f *failure
	var problems strict.Problems
	switch {
	case errors.As(err, &f):
		if f.err == nil {
			return f.code
		}
		fmt.Fprintf(stderr, "callbox: %v\n", f.err)
		if f.code == exitUsage {
			fmt.Fprintf(stderr, "Try '%s --help'.\n", cmd.CommandPath())
		}
		return f.code
	case errors.As(err, &problems):
		fmt.Fprintln(stderr, problems.Error())
		return exitBadConfig
	}
	fmt.Fprintf(stderr, "callbox: %v\n", err)
	return exitFailed
}

// newRoot returns the command tree.
func newRoot(version string, s streams) *cobra.Command {
	root := &cobra.Command{
		Use:   "callbox",
		Short: "A SIP edge that routes emergency calls, for labs",
		Long: "callbox takes emergency calls over SIP, decides them as a real provider would, connects them to simulated or\n" +
			"real call centres, and says why. It is for labs, not for live emergency traffic.",
		Args:          cobra.ArbitraryArgs, // so that an unknown command comes to RunE and gets our own words
		SilenceErrors: true,
		SilenceUsage:  true,
		RunE:          unknownCommand,
	}
	root.SuggestionsMinimumDistance = 2
	root.SetFlagErrorFunc(badFlag)
	root.SetHelpCommand(&cobra.Command{Use: "no-help", Hidden: true}) // --help is enough
	root.AddCommand(newServe(version, s), newCheck(s), newExplain(s), newGuide(s), newCall(version, s), newPSAP(s), newDoctor(version, s), newDirectory(s), newBoundaries(s), newVersion(version, s))
	root.InitDefaultCompletionCmd()
	for _, c := range root.Commands() {
		if c.HasSubCommands() { // completion: cobra's own, which takes any word for a cry for help
			c.Args, c.RunE, c.SuggestionsMinimumDistance = cobra.ArbitraryArgs, unknownCommand, 2
		}
		c.Args = usageArgs(c.Args)
	}
	return root
}

// unknownCommand is what a command does that is only there for those below it.
func unknownCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		fmt.Fprint(cmd.ErrOrStderr(), strings.TrimSpace(cmd.Long), "\n\n", cmd.UsageString())
		return silent(exitUsage)
	}
	if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
		return usage("there is no command %q; did you mean %s?", args[0], strings.Join(near, " or "))
	}
	return usage("there is no command %q", args[0])
}

// usageArgs makes the complaints of an argument check usage errors.
func usageArgs(check cobra.PositionalArgs) cobra.PositionalArgs {
	if check == nil {
		check = cobra.NoArgs
	}
	return func(cmd *cobra.Command, args []string) error {
		if err := check(cmd, args); err != nil {
			return usage("%w", err)
		}
		return nil
	}
}
