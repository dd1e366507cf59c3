package systest

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// flooded is an edge with the directory of the bench, whose only call centre is where the generator answers.
func flooded(t *testing.T) (l *lab, centre string) {
	t.Helper()
	text, err := os.ReadFile(repository(t, "testdata", "bench", "directory.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	centre = newHost() + ":6060"
	l = startLab(t, settings{
		directory: strings.ReplaceAll(string(text), "127.0.0.1:5080", centre), noSim: true, probeInterval: -1,
	})
	return l, centre
}

// started is a run of the generator.
type started struct {
	cmd      *exec.Cmd
	out, err bytes.Buffer
}

func startFlood(t *testing.T, args ...string) *started {
	t.Helper()
	path, err := buildFlood()
	if err != nil {
		t.Fatal(err)
	}
	s := &started{cmd: exec.CommandContext(t.Context(), path, args...)}
	s.cmd.Stdout, s.cmd.Stderr = &s.out, &s.err
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return s
}

// finish waits for the end and returns the pairs that were printed.
func (s *started) finish(t *testing.T) map[string]string {
	t.Helper()
	if err := s.cmd.Wait(); err != nil {
		t.Fatalf("%v: %v\n%s", s.cmd.Args, err, &s.err)
	}
	pairs := map[string]string{}
	for p := range strings.FieldsSeq(s.out.String()) {
		if name, value, ok := strings.Cut(p, "="); ok {
			pairs[name] = value
		}
	}
	return pairs
}

// placed places n calls within a second or so and fails the test unless all are answered.
func (l *lab) placed(t *testing.T, centre, transport string, n int) {
	t.Helper()
	edge := l.sip()
	if transport == "tls" {
		edge = l.sips()
	}
	got := startFlood(t, "calls", "-edge", edge, "-centre", centre, "-transport", transport, "-limit", "30s",
		"-rate", fmt.Sprint(n), "-time", "1s").finish(t)
	if got["calls"] != fmt.Sprint(n) || got["failed"] != "0" {
		t.Errorf("%d calls by %s: %v", n, transport, got)
	}
}

// restored waits until the edge holds what it held before.
func (l *lab) restored(t *testing.T, before map[string]float64) {
	t.Helper()
	eventually(t, 30*time.Second, "everything is given back", func() error {
		m := l.metrics(t)
		for name, most := range map[string]float64{
			"callbox_calls_active": 0, "callbox_sip_connections": 0, "callbox_media_sessions": 0, "callbox_panics_total": 0,
			"callbox_cdr_dropped_total": 0,
			// The API's own connections and the runtime's goroutines come and go.
			"go_goroutines": before["go_goroutines"] + 5, "process_open_fds": before["process_open_fds"] + 5,
		} {
			if got, ok := m[name]; !ok || got > most {
				return fmt.Errorf("%s is %v (%v), want at most %v", name, got, ok, most)
			}
		}
		return nil
	})
}

func TestCallsAreAnsweredBesideFloodsOfDatagrams(t *testing.T) {
	t.Parallel()
	l, centre := flooded(t)
	l.placed(t, centre, "udp", 5)
	before := l.metrics(t)
	for _, kind := range []string{
		"junk", "register", "options", "wrong-domain", "wrong-number", "no-auth", "not-911", "cancel", "bye", "ack", "repeat", "answers",
	} {
		flood := startFlood(t, "send", "-kind", kind, "-to", l.sip(), "-sources", "500", "-rate", "1000", "-time", "1s")
		l.placed(t, centre, "udp", 10)
		if got := flood.finish(t); got["sent"] == "0" {
			t.Errorf("%s: %v", kind, got)
		}
	}
	l.restored(t, before)
	after := l.metrics(t)
	for name, least := range map[string]float64{
		`callbox_sip_refused_messages_total{reason="unparsed"}`: 100, `callbox_sip_refused_messages_total{reason="faulty"}`: 100,
		`callbox_calls_ended_total{end_reason="refused",verdict="challenge"}`: 100, `callbox_calls_ended_total{end_reason="refused",verdict="refuse"}`: 300,
	} {
		if got := after[name] - before[name]; got < least {
			t.Errorf("%s has grown by %v: the floods have not come, or are not counted", name, got)
		}
	}
}

func TestCallsAreAnsweredBesideFloodsOfConnections(t *testing.T) {
	t.Parallel()
	l, centre := flooded(t)
	l.placed(t, centre, "tls", 5)
	before := l.metrics(t)
	for _, tc := range []struct{ kind, calls string }{
		{"silent", "tcp"}, {"half", "tcp"}, {"drip", "tcp"}, {"reset", "tcp"}, {"hello", "tls"}, {"slow-tls", "tls"}, {"handshake", "tls"},
	} {
		to := l.sip()
		if tc.calls == "tls" {
			to = l.sips()
		}
		flood := startFlood(t, "send", "-kind", tc.kind, "-to", to, "-sources", "50", "-rate", "300", "-open", "200", "-time", "1s")
		l.placed(t, centre, tc.calls, 10)
		if got := flood.finish(t); got["sent"] == "0" {
			t.Errorf("%s: %v", tc.kind, got)
		}
		l.restored(t, before)
	}
}

func TestOneSourceHasItsShareOfConnectionsOnly(t *testing.T) {
	t.Parallel()
	l, centre := flooded(t)
	l.placed(t, centre, "tcp", 5)
	before := l.metrics(t)
	share := min(2048, before["process_max_fds"]/8)
	flood := startFlood(t, "send", "-kind", "silent", "-to", l.sip(), "-rate", "2000", "-count", "2500", "-open", "2500", "-time", "1m")
	eventually(t, 30*time.Second, "the share is taken", func() error {
		if n := l.metrics(t)["callbox_sip_connections"]; n < share {
			return fmt.Errorf("%v connections", n)
		}
		return nil
	})
	const calls = 10
	l.placed(t, centre, "tcp", calls) // whose own connections may still be closing
	if n := l.metrics(t)["callbox_sip_connections"]; n > share+calls {
		t.Errorf("%v connections are open, want at most %v", n, share)
	}
	if err := flood.cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	flood.finish(t)
	l.restored(t, before)
	if l.metrics(t)[`callbox_sip_refused_connections_total{reason="share"}`] == 0 {
		t.Error("no connection is counted as refused")
	}
}
