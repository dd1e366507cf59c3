// Command callbox is a SIP edge that routes emergency calls, for labs. See README.md.
package main

import (
	"context"
	"io"
	"os"

	"callbox/cmd/callbox/internal/cli"
)

var version = "dev" // set by the linker, see Makefile

func main() {
	os.Exit(run(context.Background(), os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	return cli.Run(ctx, version, args, stdin, stdout, stderr)
}
