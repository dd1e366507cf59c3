// Scale puts a million numbers with an address each into an edge's database, on SQLite and on PostgreSQL where it is
// installed, and measures what that costs: the import, the start, the memory, a decision, and how long a change takes to
// reach decisions. It writes SCALE.md. Fifteen minutes and four gigabytes of disk at most; it leaves nothing behind.
//
//	scale -callbox ./callbox -out testdata/bench
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

type options struct {
	callbox, out, work, engines string
	load                        string // average when it began
	numbers, changes, decisions int
	limit                       time.Duration
}

func main() {
	var o options
	flag.StringVar(&o.callbox, "callbox", "./callbox", "the `binary` to measure")
	flag.StringVar(&o.out, "out", "", "`directory` for SCALE.md; left out, it goes to standard output")
	flag.StringVar(&o.work, "work", "", "`directory` for databases; left out, a temporary one")
	flag.StringVar(&o.engines, "engines", "sqlite,postgres", "what to measure")
	flag.IntVar(&o.numbers, "numbers", 1_000_000, "how many numbers, each with an address of its own; a million at most")
	flag.IntVar(&o.changes, "changes", 200, "how many changes are timed")
	flag.IntVar(&o.decisions, "decisions", 500_000, "how many decisions are timed")
	flag.DurationVar(&o.limit, "limit", 20*time.Minute, "when to give up")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	ctx, cancel := context.WithTimeout(ctx, o.limit)
	defer cancel()
	if err := run(ctx, o); err != nil {
		fmt.Fprintln(os.Stderr, "scale:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, o options) error {
	if o.numbers < 1 || o.numbers > most {
		return fmt.Errorf("-numbers %d: 1 to %d", o.numbers, most)
	}
	callbox, err := filepath.Abs(o.callbox)
	if err != nil {
		return err
	}
	o.callbox, o.load = callbox, load()
	work, err := os.MkdirTemp(o.work, "callbox-scale-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	if err := room(work, 4<<30); err != nil {
		return err
	}
	if err := generate(work, o.numbers); err != nil {
		return err
	}
	var all []result
	for _, engine := range strings.Split(o.engines, ",") {
		r, err := measure(ctx, o, work, engine)
		switch {
		case errors.Is(err, errMissing):
			fmt.Fprintln(os.Stderr, "scale:", err)
		case err != nil:
			return fmt.Errorf("%s: %w", engine, err)
		default:
			all = append(all, r)
		}
	}
	text := report(o, all)
	if o.out == "" {
		fmt.Print(text)
		return nil
	}
	return os.WriteFile(filepath.Join(o.out, "SCALE.md"), []byte(text), 0o644)
}

// room holds that there is so much free disk.
func room(dir string, bytes uint64) error {
	var s syscall.Statfs_t
	if err := syscall.Statfs(dir, &s); err != nil {
		return err
	}
	if free := s.Bavail * uint64(s.Bsize); free < bytes {
		return fmt.Errorf("%s has %d MB free, %d are needed: name another directory with -work", dir, free>>20, bytes>>20)
	}
	return nil
}

// say tells how far it is.
func say(format string, args ...any) {
	fmt.Fprintf(os.Stderr, "%s  %s\n", time.Now().Format("15:04:05"), fmt.Sprintf(format, args...))
}
