package systest

import (
	"errors"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// console is a softphone that is told what to do line by line.
type console struct {
	in      io.Writer
	said    *buffer
	process *os.Process
	wait    func() error // until it has ended
}

// startConsole starts a softphone in dir, which is its home as well.
func startConsole(t *testing.T, dir, path string, args ...string) console {
	t.Helper()
	c := console{said: &buffer{}}
	cmd := exec.Command(path, args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, c.said, c.said
	cmd.Env = append(os.Environ(), "HOME="+dir)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	cmd.WaitDelay = 5 * time.Second
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	c.in = in
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	c.process, c.wait = cmd.Process, sync.OnceValue(cmd.Wait)
	t.Cleanup(func() {
		c.stop(os.Kill)
		if t.Failed() {
			t.Logf("the softphone said:\n%s", c.said)
		}
	})
	return c
}

// stop ends it by a signal.
func (c console) stop(s os.Signal) {
	_ = c.process.Signal(s)
	_ = c.wait()
}

func (c console) do(t *testing.T, command string) {
	t.Helper()
	if _, err := io.WriteString(c.in, command+"\n"); err != nil {
		t.Fatal(err)
	}
}

// await waits until the softphone has said something n times.
func (c console) await(t *testing.T, what string, n int) {
	t.Helper()
	eventually(t, 30*time.Second, "the softphone says "+what, func() error {
		if strings.Count(c.said.String(), what) < n {
			return errors.New("not yet")
		}
		return nil
	})
}
