package systest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
)

// scratch is a directory for the whole run; testing.T has none that outlives one test.
var scratch string

// build makes callbox once for all tests and returns its path.
var build = sync.OnceValues(func() (string, error) {
	root, err := filepath.Abs("../../../..")
	if err != nil {
		return "", err
	}
	path := filepath.Join(scratch, "callbox")
	args := []string{"build", "-o", path}
	if withRace {
		args = append(args, "-race")
	}
	cmd := exec.Command("go", append(args, "./cmd/callbox")...)
	cmd.Dir = root
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	return path, nil
})

// buildFlood makes the generator of floods, a module of its own.
var buildFlood = sync.OnceValues(func() (string, error) {
	dir, err := filepath.Abs("../../../../testdata/bench/flood")
	if err != nil {
		return "", err
	}
	path := filepath.Join(scratch, "flood")
	cmd := exec.Command("go", "build", "-o", path, ".")
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	return path, nil
})

func TestMain(m *testing.M) {
	os.Exit(run(m))
}

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "callbox-systest-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	scratch = dir
	return m.Run()
}

// callbox returns the path of the binary under test.
func callbox(t *testing.T) string {
	t.Helper()
	path, err := build()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// repository returns the path of a file of the project.
func repository(t *testing.T, elements ...string) string {
	t.Helper()
	path, err := filepath.Abs(filepath.Join(append([]string{"../../../.."}, elements...)...))
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// need returns the path of an outside tool, or skips the test. Where CALLBOX_REQUIRE_TOOLS is set, as in CI, a missing
// tool is a failure: a skipped test there would look like a passed one.
func need(t *testing.T, tool, debianPackage string) string {
	t.Helper()
	path, err := exec.LookPath(tool)
	if err == nil {
		return path
	}
	why := fmt.Sprintf("%s is not installed (Debian: apt-get install %s)", tool, debianPackage)
	if os.Getenv("CALLBOX_REQUIRE_TOOLS") != "" {
		t.Fatal(why)
	}
	t.Skip(why)
	return ""
}
