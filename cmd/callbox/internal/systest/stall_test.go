package systest

import (
	"fmt"
	"syscall"
	"testing"
	"time"
)

func TestCallsThatWaitedWhileTheMachineStoodStillAreAnswered(t *testing.T) {
	t.Parallel()
	l, centre := flooded(t)
	l.placed(t, centre, "udp", 5)
	calls := startFlood(t, "calls", "-edge", l.sip(), "-centre", centre, "-limit", "30s", "-rate", "100", "-time", "2s")
	eventually(t, 30*time.Second, "calls have begun", func() error {
		if m := l.metrics(t); m["callbox_calls_started_total"] < 20 {
			return fmt.Errorf("%v calls", m["callbox_calls_started_total"])
		}
		return nil
	})
	l.signal(t, syscall.SIGSTOP)
	<-time.After(700 * time.Millisecond) // some seventy calls come, which is more than are taken late in any second
	l.signal(t, syscall.SIGCONT)
	if got := calls.finish(t); got["calls"] != "200" || got["failed"] != "0" {
		t.Errorf("%v", got)
	}
	if m := l.metrics(t); m["callbox_sip_shed_invites_total"] != 0 {
		t.Errorf("%v calls were refused", m["callbox_sip_shed_invites_total"])
	}
}
