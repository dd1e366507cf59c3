package systest

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// fence is a fenced block of the README: its language and text.
var fence = regexp.MustCompile("(?ms)^```(\\w+)\n(.*?)^```$")

// elsewhereShown are the first words of commands that the README test does not run itself, and what shows them instead.
var elsewhereShown = map[string]string{
	"make test":      "this test is part of it",
	"make fuzz":      "TestMakeKnowsTheTargetsOfTheREADME",
	"make bench":     "TestMakeKnowsTheTargetsOfTheREADME",
	"docker compose": "TestComposeFileHasWhatTheREADMEPromises",
	"sipp 127.0.0.1": "run where SIPp is installed",
}

// script turns the README's shell blocks into one script: `make run` stays in the background, all else must succeed.
// YAML blocks that begin with "# NAME" become files.
func script(t *testing.T, dir string, readme string) (text string, commands int) {
	t.Helper()
	var b strings.Builder
	b.WriteString("set -euo pipefail\nrecording=()\n")
	for _, m := range fence.FindAllStringSubmatch(readme, -1) {
		switch m[1] {
		case "yaml":
			name, ok := strings.CutPrefix(strings.SplitN(m[2], "\n", 2)[0], "# ")
			if !ok {
				t.Errorf("a YAML block has no name: %q", m[2])
			}
			if err := os.WriteFile(filepath.Join(dir, name), []byte(m[2]), 0o600); err != nil {
				t.Fatal(err)
			}
		case "sh":
			for line := range strings.Lines(m[2]) {
				commands++
				b.WriteString(step(strings.TrimSpace(line)))
			}
		}
	}
	b.WriteString("for call in \"${recording[@]}\"; do wait \"$call\"; done\n")
	return b.String(), commands
}

// step returns the part of the script for one command.
func step(command string) string {
	if command == "make run" {
		return "make run >run.log 2>&1 &\nserver=$!\ntrap 'pkill -TERM -P $server || true; wait $server || true; kill $(jobs -p) 2>/dev/null || true' EXIT\nfor i in $(seq 1200); do curl -sf http://127.0.0.1:8080/readyz >/dev/null && break; sleep 0.1; done\n" +
			"curl -sf http://127.0.0.1:8080/readyz || { cat run.log; exit 1; }\n"
	}
	for prefix := range elsewhereShown {
		if strings.HasPrefix(command, prefix) && (prefix != "sipp 127.0.0.1" || !installed("sipp")) {
			return ""
		}
	}
	if strings.HasPrefix(command, "curl -s ") {
		command = strings.Replace(command, "curl -s ", "curl -sf ", 1) // so that an error page counts as one
	}
	shown := "echo '$ " + strings.ReplaceAll(command, "'", `'\''`) + "'\n"
	if strings.Contains(command, " --record ") { // a call to be listened to takes its time: the rest goes on beside it
		return shown + command + " &\nrecording+=($!)\n"
	}
	return shown + command + "\n"
}

func installed(tool string) bool {
	_, err := exec.LookPath(tool)
	return err == nil
}

// TestREADMECommandsWork follows the README from a copy of the source, in a network of its own where that is possible:
// its commands use the lab's real ports. It is not parallel, so that otherwise nothing else of this run has them.
func TestREADMECommandsWork(t *testing.T) {
	for tool, debian := range map[string]string{"make": "make", "curl": "curl", "bash": "bash"} {
		need(t, tool, debian)
	}
	dir := t.TempDir()
	copySource(t, dir)
	readme, err := os.ReadFile(filepath.Join(dir, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	text, commands := script(t, dir, string(readme))
	if commands < 25 {
		t.Errorf("only %d commands found in the README", commands)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 6*time.Minute)
	defer cancel()
	args := []string{"bash", "-c", text}
	if os.Geteuid() == 0 && exec.Command("unshare", "--net", "ip", "link", "set", "lo", "up").Run() == nil {
		args = []string{"unshare", "--net", "--fork", "--kill-child", "bash", "-c", "ip link set lo up\n" + text}
	}
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Dir, cmd.WaitDelay = dir, 5*time.Second
	cmd.Env = append(os.Environ(), "GOPROXY=off", "VERSION=readme")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, tail(string(out), 120))
	}
	for _, want := range []string{"answered after", "exit code 4", "75.00 USD", `"verdict"`, "callbox_"} {
		if !strings.Contains(string(out), want) {
			t.Errorf("no %q in what the commands printed:\n%s", want, tail(string(out), 200))
		}
	}
	for _, wav := range []string{"heard.wav", "readback.wav"} {
		if s := readWAV(t, filepath.Join(dir, wav)); s.active < time.Second {
			t.Errorf("%s: %+v", wav, s)
		}
	}
	if s := readWAV(t, filepath.Join(dir, "heard.wav")); s.last < -30 {
		t.Errorf("the first call ends before the centre echoes: %+v", s)
	}
}

// copySource copies what a clone has, as it is now.
func copySource(t *testing.T, dir string) {
	t.Helper()
	root := repository(t)
	skip := []string{".git", "callbox", "callbox-data", "dist"}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		if slices.Contains(skip, rel) {
			if d.IsDir() {
				return filepath.SkipDir
			}
			return nil
		}
		to := filepath.Join(dir, rel)
		if d.IsDir() {
			return os.MkdirAll(to, 0o755)
		}
		if !d.Type().IsRegular() {
			return nil
		}
		b, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		return os.WriteFile(to, b, info.Mode().Perm())
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestMakeKnowsTheTargetsOfTheREADME(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile(repository(t, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	targets := regexp.MustCompile(`(?m)^make (\w+)$`).FindAllStringSubmatch(string(readme), -1)
	if len(targets) < 3 {
		t.Errorf("the README names %v", targets)
	}
	for _, target := range targets {
		cmd := exec.Command(need(t, "make", "make"), "--dry-run", target[1])
		cmd.Dir = repository(t)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("make --dry-run %s: %v\n%s", target[1], err, out)
		}
	}
}

func TestComposeFileHasWhatTheREADMEPromises(t *testing.T) {
	t.Parallel()
	compose, err := os.ReadFile(repository(t, "docker-compose.yml"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"\n  lab:\n", "\n  load:\n    profiles: [load]\n", "\n  postgres:\n    profiles: [postgres]\n", "network_mode: host",
		"LOAD_RATE", "LOAD_CALLS", "LOAD_HOLD_MS", "/scenarios/load.xml",
	} {
		if !strings.Contains(string(compose), want) {
			t.Errorf("docker-compose.yml has no %q", want)
		}
	}
	for _, file := range []string{"Dockerfile", "testdata/docker/sipp.Dockerfile", "testdata/sipp/load.xml"} {
		if _, err := os.Stat(repository(t, strings.Split(file, "/")...)); err != nil {
			t.Error(err)
		}
	}
	if path, err := exec.LookPath("docker-compose"); err == nil {
		cmd := exec.Command(path, "-f", repository(t, "docker-compose.yml"), "config", "--quiet")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("docker-compose config: %v\n%s", err, out)
		}
	}
}
