package systest

import (
	"fmt"
	"os"
	"sync/atomic"
	"testing"
	"time"
)

// hosts counts the loopback addresses given out.
var hosts atomic.Uint32

// newHost returns a loopback address of the test's own, so that every actor can use the same ports and none meets
// another. The second part comes from the process, for test runs side by side; the ports used are not those of a lab
// that may be running on this machine.
func newHost() string {
	n := hosts.Add(1)
	return fmt.Sprintf("127.%d.%d.%d", 1+os.Getpid()%250, n/250, 1+n%250)
}

// eventually calls try until it returns nil, and fails the test with its last error when limit has passed.
func eventually(t *testing.T, limit time.Duration, what string, try func() error) {
	t.Helper()
	deadline := time.NewTimer(limit)
	defer deadline.Stop()
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for {
		err := try()
		if err == nil {
			return
		}
		select {
		case <-again.C:
		case <-deadline.C:
			t.Fatalf("%s: not within %v: %v", what, limit, err)
		}
	}
}
