package store_test

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	. "callbox/routing/directory/store"
	"callbox/routing/directory/store/storetest"
)

// childURL is the environment variable that makes this test binary the process that is killed.
const childURL = "CALLBOX_STORE_CHILD"

// TestChild is no test of its own: it is what TestKill… run as another process.
func TestChild(t *testing.T) {
	url := os.Getenv(childURL)
	if url == "" {
		t.Skip("for the tests that kill it")
	}
	s, err := Open(t.Context(), url, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if os.Getenv("CALLBOX_STORE_HALF") != "" {
		t.Fatal(s.Update(t.Context(), tester, func(tx *Tx) error {
			rows := make([]Number, 5000)
			for i := range rows {
				rows[i] = Number{Common: Common{AccountSID: lab}, PhoneNumber: e164(i)}
			}
			if err := InsertMany(tx, rows); err != nil {
				return err
			}
			return syscall.Kill(os.Getpid(), syscall.SIGKILL)
		}))
	}
	for i := 0; ; i++ {
		n := Number{Common: Common{AccountSID: lab}, PhoneNumber: e164(i)}
		if err := s.Update(t.Context(), tester, func(tx *Tx) error { return Insert(tx, &n) }); err != nil {
			t.Fatal(err)
		}
		fmt.Println("written", n.SID) // in one write to the pipe: what the parent reads was acknowledged
	}
}

func child(t *testing.T, url string, env ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestChild$", "-test.timeout=60s")
	cmd.Env = append(os.Environ(), append(env, childURL+"="+url)...)
	cmd.Stderr = os.Stderr
	return cmd
}

func TestKillingAnEdgeLosesNoAcknowledgedWrite(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, engine string) {
		url := storetest.URL(t, engine)
		s := storetest.OpenURL(t, url, Options{})
		addAccounts(t, s)
		cmd := child(t, url)
		out, err := cmd.StdoutPipe()
		must(t, err)
		must(t, cmd.Start())
		var written []string
		for lines := bufio.NewScanner(out); lines.Scan(); {
			if sid, ok := strings.CutPrefix(lines.Text(), "written "); ok {
				written = append(written, sid)
			}
			if len(written) == 40 {
				must(t, cmd.Process.Kill()) // what is still in the pipe has been acknowledged, too
			}
		}
		if err := cmd.Wait(); err == nil || len(written) < 40 {
			t.Fatalf("the child ended by itself after %d rows: %v", len(written), err)
		}
		survivor := storetest.OpenURL(t, url, Options{})
		view(t, survivor, func(tx *Tx) error {
			for _, sid := range written {
				if _, err := Get[Number](tx, lab, sid); err != nil {
					t.Errorf("number %s: %v", sid, err)
				}
			}
			numbers, err := Count[Number](tx, Query{})
			must(t, err)
			entries, err := Count[AuditEntry](tx, Where("kind", "number"))
			if numbers != entries || err != nil {
				t.Errorf("%d numbers and %d audit entries, %v", numbers, entries, err)
			}
			return nil
		})
		update(t, survivor, func(tx *Tx) error { // the dead writer's lock is gone
			return Insert(tx, &Number{Common: Common{AccountSID: lab}, PhoneNumber: e164(900_000)})
		})
	})
}

func TestAnEdgeKilledInATransactionLeavesNothingOfIt(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, engine string) {
		url := storetest.URL(t, engine)
		s := storetest.OpenURL(t, url, Options{})
		addAccounts(t, s)
		before := s.Revision()
		out, err := child(t, url, "CALLBOX_STORE_HALF=1").Output()
		if err == nil || err.Error() != "signal: killed" {
			t.Fatalf("%v\n%s", err, out)
		}
		survivor := storetest.OpenURL(t, url, Options{})
		view(t, survivor, func(tx *Tx) error {
			if n, err := Count[Number](tx, Query{}); n != 0 || err != nil {
				t.Errorf("%d numbers, %v", n, err)
			}
			return nil
		})
		if survivor.Revision() != before {
			t.Errorf("revision %d, was %d", survivor.Revision(), before)
		}
		update(t, survivor, func(tx *Tx) error {
			return Insert(tx, &Number{Common: Common{AccountSID: lab}, PhoneNumber: e164(0)})
		})
	})
}
