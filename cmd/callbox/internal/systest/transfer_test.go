package systest

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// directory runs callbox directory against the edge and returns what it prints and its exit code.
func (l *lab) directory(t *testing.T, args ...string) (out string, code int) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), callbox(t), append([]string{"directory"}, append(args, "--url", l.url(""))...)...)
	text, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return string(text), cmd.ProcessState.ExitCode()
}

// A file of numbers goes in and out of a running edge, and the next call from one of them knows its address.
func TestNumbersAreImportedAndExported(t *testing.T) {
	onEachDatabase(t, func(t *testing.T, s settings) {
		l := startLab(t, s)
		l.write(t, "numbers.csv", "phone_number,friendly_name,street,street_secondary,city,region,postal_code,iso_country\n"+
			"+14155550150,=Desk,645 Harrison Street,Floor 4,San Francisco,CA,94105,US\n+14155550151,,,,,,,\n")
		file := filepath.Join(l.dir, "numbers.csv")
		call := caller{from: "+14155550150", to: "911", domain: "lab.sip.us1.twilio.com"}
		l.dial(t, "before", call, refused(403, 32204))
		if out, code := l.directory(t, "import", "--dry-run", file); code != 0 || !strings.HasSuffix(out, "nothing was to be changed\n") {
			t.Errorf("a dry run: %d %s", code, out)
		}
		if out, code := l.directory(t, "import", file); code != 0 || !strings.Contains(out, " 2 numbers new, ") {
			t.Fatalf("the import: %d %s", code, out)
		}
		l.dial(t, "after", call, answered("psap-sf", "+14155550150"))
		l.dial(t, "without an address", caller{from: "+14155550151", to: "911", domain: "lab.sip.us1.twilio.com"}, answered("ecc-us", "+14155550151").with(toECC))
		exported, code := l.directory(t, "export")
		if code != 0 || !strings.Contains(exported, "\n+14155550150,'=Desk,e911,registered,") || !strings.Contains(exported, "\n"+sanFrancisco+",") {
			t.Errorf("the export: %d %s", code, exported)
		}
		l.write(t, "exported.csv", exported)
		if out, code := l.directory(t, "import", filepath.Join(l.dir, "exported.csv")); code != 0 || !strings.Contains(out, " 0 numbers new, 0 changed, ") {
			t.Errorf("the export back: %d %s", code, out)
		}
		l.write(t, "bad.csv", "phone_number\n+14155550152\n4155550153\n")
		if out, code := l.directory(t, "import", filepath.Join(l.dir, "bad.csv")); code != 3 || !strings.Contains(out, "bad.csv:3: phone_number: ") {
			t.Errorf("a bad file: %d %s", code, out)
		}
		l.dial(t, "of a bad file", caller{from: "+14155550152", to: "911", domain: "lab.sip.us1.twilio.com"}, refused(403, 32204))
	})
}

// An edge that is killed in the midst of an import has nothing of the file afterwards.
func TestNothingOfAnImportStaysAfterAKill(t *testing.T) {
	onEachDatabase(t, func(t *testing.T, s settings) {
		l := startLab(t, s)
		var text bytes.Buffer
		text.WriteString("phone_number\n")
		const many = 60_000
		for i := range many {
			fmt.Fprintf(&text, "+1628%d\n", 2_000_000+i)
		}
		file := filepath.Join(l.dir, "numbers.csv")
		if err := os.WriteFile(file, text.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		before, _ := l.directory(t, "export")
		done := make(chan error, 1)
		start := func() {
			importing := exec.CommandContext(t.Context(), callbox(t), "directory", "import", "--url", l.url(""), file)
			if err := importing.Start(); err != nil {
				t.Fatal(err)
			}
			go func() { done <- importing.Wait() }()
		}
		start()
		l.write(t, "empty.csv", "phone_number\n")
		eventually(t, 30*time.Second, "the import is under way", func() error {
			out, _ := l.directory(t, "import", "--dry-run", filepath.Join(l.dir, "empty.csv"))
			if strings.Contains(out, "another import is under way") {
				return nil
			}
			select {
			case err := <-done: // refused, since the dry run of a moment ago was under way
				if err == nil {
					t.Fatal("the import was done before it was seen: it needs more numbers")
				}
				start()
			default:
			}
			return errors.New(out)
		})
		l.signal(t, syscall.SIGKILL)
		l.wait(t, 10*time.Second)
		if err := <-done; err == nil {
			t.Fatal("the import was done before the edge was killed: it needs more numbers")
		}
		l.start(t)
		after, code := l.directory(t, "export")
		if lines := strings.Count(after, "\n"); code != 0 || after != before && lines != strings.Count(before, "\n")+many {
			t.Errorf("%d lines after the kill, %d before, %d in the file", lines, strings.Count(before, "\n"), many)
		}
		if left, err := filepath.Glob(filepath.Join(l.dir, "*", ".callbox-import-*")); err != nil || len(left) > 0 {
			t.Errorf("%v, %v is left in the data directory", left, err)
		}
	})
}
