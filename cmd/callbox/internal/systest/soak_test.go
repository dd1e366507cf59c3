package systest

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// TestSecondsOfASoak runs the tool of `make soak` for a few seconds, so that it works when the hour is wanted. What it
// says of each call holds here too.
func TestSecondsOfASoak(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	tool := filepath.Join(dir, "soak")
	build := exec.Command("go", "build", "-o", tool, "./testdata/bench/soak")
	build.Dir = repository(t)
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	// An address of its own: the ports are those of the hour.
	host := fmt.Sprintf("127.%d.%d.9", 100+os.Getpid()>>8&63, os.Getpid()&255)
	run := exec.CommandContext(ctx, tool, "-callbox", callbox(t), "-host", host, "-time", "6s", "-rate", "10", "-sample", "1s", "-rest", "5s", "-work", dir)
	if out, err := run.CombinedOutput(); err != nil {
		log, _ := os.ReadFile(filepath.Join(dir, "unmeant.log"))
		t.Fatalf("soak: %v\n%s\n%s", err, out, log)
	}
	var result struct {
		Offered int
		Kinds   map[string]struct{ Meant int }
	}
	text, err := os.ReadFile(filepath.Join(dir, "result.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &result); err != nil {
		t.Fatal(err)
	}
	if result.Offered < 30 || result.Kinds["911 over UDP"].Meant == 0 {
		t.Errorf("%d calls, %d of the usual kind; want some 60, a fifth of them usual", result.Offered, result.Kinds["911 over UDP"].Meant)
	}
	if report, err := os.ReadFile(filepath.Join(dir, "SOAK.md")); err != nil || len(report) == 0 {
		t.Errorf("no report: %v", err)
	}
}
