package app

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"callbox/config"
	"callbox/config/strict"
)

// settings are the options of an edge under test, which the test may change between reloads.
type settings struct {
	mu       sync.Mutex
	options  config.Options
	problems strict.Problems
}

func (s *settings) source() (config.Options, strict.Problems) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.options, s.problems
}

func (s *settings) change(f func(*settings)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f(s)
}

// anyPort is a loopback address whose port the system picks.
func anyPort() netip.AddrPort { return netip.MustParseAddrPort("127.0.0.1:0") }

// lab returns the settings of a lab that disturbs nobody.
func lab(t *testing.T) *settings {
	o := config.Defaults()
	o.Data = filepath.Join(t.TempDir(), "data")
	o.HTTP.Address, o.Sim.Address = anyPort(), anyPort()
	o.Sim.Voice = "builtin"
	o.SIP.Listeners = []config.Listener{
		{Network: "udp", Address: anyPort()}, {Network: "tcp", Address: anyPort()}, {Network: "tls", Address: anyPort()},
	}
	o.RTP.Ports = config.PortRange{Min: 41000, Max: 41099}
	o.Log.Level = "warn"
	return &settings{options: o}
}

// start starts an edge that is closed with the test.
func start(t *testing.T, s *settings) *App {
	t.Helper()
	a, err := Start(t.Context(), Options{Source: s.source, Version: "v1"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	})
	return a
}

// ask sends a request to the edge's API and returns status and body.
func (a *App) ask(t *testing.T, method, path string) (int, string) {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 10 * time.Second}
	r, err := http.NewRequestWithContext(t.Context(), method, "http://"+a.httpAddr.String()+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(body)
}

func TestAnEdgeServesAndGoesDown(t *testing.T) {
	t.Parallel()
	a := start(t, lab(t))
	for path, part := range map[string]string{
		"/livez": "ok", "/readyz": "ready", "/": "/api/v1/calls", "/api/v1/calls": `"calls":[]`, "/api/v1/psaps": `"psap-sf"`,
		"/metrics": "callbox_media_ports{state=\"free\"} 100",
	} {
		if status, body := a.ask(t, http.MethodGet, path); status != 200 || !strings.Contains(body, part) {
			t.Errorf("GET %s: %d, want 200 and %s\n%s", path, status, part, body)
		}
	}
	if _, body := a.ask(t, http.MethodGet, "/metrics"); !strings.Contains(body, "callbox_ready 1") ||
		!strings.Contains(body, "callbox_fees_queue_capacity_calls 4096") ||
		!strings.Contains(body, "callbox_tls_certificate_expiry_timestamp_seconds") {
		t.Errorf("metrics:\n%s", body)
	}
	address := a.httpAddr.String()
	if err := a.Drain(t.Context()); err != nil {
		t.Error(err)
	}
	if ok, why := a.Ready(); ok || why == "" {
		t.Error("ready after the end")
	}
	if c, err := net.Dial("tcp", address); err == nil {
		c.Close()
		t.Error("the API is still bound")
	}
	if err := a.Close(); err != nil {
		t.Errorf("Close after Drain: %v", err)
	}
}

const oneCentre = `
accounts: [{sid: AC00000000000000000000000000000911, name: Mine}]
psaps: [{id: psap-mine, name: Mine, uri: "sip:psap-mine@sim", serves: {country: US}}]
eccs: [{id: ecc-mine, name: Mine, country: US, uri: "sip:ecc-mine@sim"}]
`

// reloaded is the API's answer to a reload.
type reloaded struct {
	Changed []string `json:"changed"`
	Restart []string `json:"needs_restart"`
	Detail  string   `json:"detail"`
	Errors  []struct{ Location, Message string }
}

// reloadBy reloads the edge by its API, which answers with this status.
func (a *App) reloadBy(t *testing.T, status int) (out reloaded) {
	t.Helper()
	got, body := a.ask(t, http.MethodPost, "/-/reload")
	if err := json.Unmarshal([]byte(body), &out); err != nil || got != status {
		t.Fatalf("reload: %d, want %d: %v\n%s", got, status, err, body)
	}
	return out
}

// knows checks that API and decisions both know a centre, or neither does.
func (a *App) knows(t *testing.T, centre string, want bool) {
	t.Helper()
	if _, body := a.ask(t, http.MethodGet, "/api/v1/psaps"); strings.Contains(body, centre) != want {
		t.Errorf("%s shown: %v, want %v", centre, !want, want)
	}
	if _, ok := a.plan.snapshot.Load().Centre(centre); ok != want {
		t.Errorf("%s decided for: %v, want %v", centre, ok, want)
	}
}

func TestAReloadPutsGoodFilesInForceAndBadOnesNot(t *testing.T) {
	t.Parallel()
	s := lab(t)
	a := start(t, s)
	file := filepath.Join(t.TempDir(), "directory.yaml")
	write := func(text string) {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if got := a.reloadBy(t, 200); len(got.Changed)+len(got.Restart) != 0 {
		t.Errorf("nothing has changed, but %+v", got)
	}

	write(oneCentre)
	s.change(func(s *settings) {
		s.options.Directory, s.options.Drain.Limit = file, time.Second
		s.options.HTTP.Address = netip.MustParseAddrPort("127.0.0.1:1")
	})
	want := reloaded{Changed: []string{"directory", "drain.limit"}, Restart: []string{"http.address"}}
	if d := cmp.Diff(want, a.reloadBy(t, 200)); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	a.knows(t, "psap-mine", true)
	a.knows(t, "psap-sf", false)

	write(strings.Replace(oneCentre, "psaps:", "psapps:", 1) + "\nnumbrs: []\n")
	s.change(func(s *settings) {
		s.problems = strict.Problems{{File: "edge.yaml", Line: 9, Path: "log.level", Message: "is not known"}}
	})
	if got := a.reloadBy(t, 400); len(got.Errors) < 3 || !strings.Contains(got.Detail, "nothing was changed") {
		t.Errorf("not all that is wrong: %+v", got)
	}
	a.knows(t, "psap-mine", true)

	write(strings.ReplaceAll(oneCentre, "psap-mine", "psap-yours"))
	s.change(func(s *settings) { s.problems = nil })
	if got := a.reloadBy(t, 200); len(got.Changed) != 1 || !strings.Contains(got.Changed[0], file) || len(got.Restart) != 1 {
		t.Errorf("%+v", got)
	}
	a.knows(t, "psap-yours", true)
	a.knows(t, "psap-mine", false)
	if _, body := a.ask(t, http.MethodGet, "/metrics"); !strings.Contains(body, `callbox_reloads_total{result="refused"} 1`) {
		t.Error("the refused reload is not counted")
	}
}

func TestAReloadTakesANewCertificateOrNone(t *testing.T) {
	t.Parallel()
	s, c := lab(t), &clock{time.Now()}
	files := inFiles(t, t.TempDir(), c, 0)
	s.options.SIP.TLS = files
	a := start(t, s)
	old := a.certs.current.Load().Leaf.SerialNumber
	inFiles(t, filepath.Dir(files.Key), c, 10)
	done, err := a.Reload(t.Context())
	if err != nil || len(done.Changed) != 1 || !strings.Contains(done.Changed[0], "new certificate") {
		t.Errorf("%+v, %v", done, err)
	}
	current := a.certs.current.Load().Leaf.SerialNumber
	if current.Cmp(old) == 0 {
		t.Error("still the old certificate")
	}
	if err := os.WriteFile(files.Key, []byte("nonsense"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := a.Reload(t.Context()); err == nil || !strings.Contains(err.Error(), "sip.tls") {
		t.Errorf("a bad key: %v", err)
	}
	if a.certs.current.Load().Leaf.SerialNumber.Cmp(current) != 0 {
		t.Error("the bad one has changed something")
	}
}

func TestAStartThatFailsLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	tcp, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { tcp.Close() })
	udp, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { udp.Close() })
	taken := func(a net.Addr) netip.AddrPort { return netip.MustParseAddrPort(a.String()) }
	tests := []struct {
		name  string
		spoil func(*config.Options)
		want  []string
	}{
		{"the API's port is taken", func(o *config.Options) { o.HTTP.Address = taken(tcp.Addr()) }, []string{"http port", "is in use", "--http"}},
		{"a SIP port is taken", func(o *config.Options) { o.SIP.Listeners[0].Address = taken(udp.LocalAddr()) }, []string{"sip port", "is in use", "--sip"}},
		{"a SIP TCP port is taken", func(o *config.Options) { o.SIP.Listeners[1].Address = taken(tcp.Addr()) }, []string{"sip port", "is in use", "--sip"}},
		{"the simulator's port is taken", func(o *config.Options) { o.Sim.Address = taken(udp.LocalAddr()) }, []string{"sim port", "is in use", "--sim"}},
		{"an address of nobody", func(o *config.Options) { o.HTTP.Address = netip.MustParseAddrPort("192.0.2.1:80") }, []string{"none of this machine's"}},
		{"a directory that is not there", func(o *config.Options) { o.Directory = "gone.yaml" }, []string{"gone.yaml", "cannot be read"}},
		{"a certificate that is not there", func(o *config.Options) { o.SIP.TLS = config.TLS{Certificate: "gone.pem", Key: "gone.key"} }, []string{"gone.pem"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := lab(t)
			good := s.options
			good.SIP.Listeners = append([]config.Listener{}, good.SIP.Listeners...)
			tt.spoil(&s.options)
			_, err := Start(t.Context(), Options{Source: s.source})
			if err == nil {
				t.Fatal("started")
			}
			for _, want := range tt.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("no %q in %q", want, err)
				}
			}
			s.options = good
			start(t, s) // the data directory and all else is free again
		})
	}
}

func TestABadConfigurationIsSaidInItsOwnWords(t *testing.T) {
	t.Parallel()
	s := lab(t)
	s.problems = strict.Problems{{File: "edge.yaml", Line: 1, Message: "is bad"}}
	_, err := Start(t.Context(), Options{Source: s.source})
	var problems strict.Problems
	if !errors.As(err, &problems) {
		t.Errorf("%v", err)
	}
	if _, err := os.Stat(s.options.Data); err == nil {
		t.Error("a data directory was made all the same")
	}
}

func TestTheServicesAreThereWithoutSimulatedCentres(t *testing.T) {
	t.Parallel()
	s := lab(t)
	s.options.Sim.Enabled = false
	a := start(t, s)
	at := a.simulator.server.Addr()
	if !at.IsValid() || at.Port() == 0 || !at.Addr().IsLoopback() {
		t.Fatalf("services at %v", at)
	}
	snapshot := a.plan.snapshot.Load()
	for name, uri := range map[string]string{"test service": snapshot.Test().URI, "announcement": snapshot.Announcement()} {
		if !strings.HasSuffix(uri, "@"+at.String()) {
			t.Errorf("%s at %s, want %s", name, uri, at)
		}
	}
}

// buffer is a log that can be read while it is written.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// The log level is the process's own, so this test runs beside no other.
func TestRunObeysSignalsAndShowsTheTokenOnce(t *testing.T) {
	s := lab(t)
	s.options.Log.Level = "info"
	run := func(ctx context.Context, signals ...os.Signal) string {
		t.Helper()
		queue := make(chan os.Signal, len(signals))
		for _, s := range signals {
			queue <- s
		}
		var out buffer
		if err := Run(ctx, Options{Source: s.source, Version: "v1", Stderr: &out}, queue); err != nil {
			t.Fatalf("%v\n%s", err, &out)
		}
		return out.String()
	}
	first := run(t.Context(), syscall.SIGHUP, syscall.SIGTERM)
	for _, want := range []string{"callbox v1 is ready with the embedded lab", "Not for live emergency traffic", "udp 127.0.0.1:", "http://127.0.0.1:", `"message":"reloaded"`, "told to stop"} {
		if !strings.Contains(first, want) {
			t.Errorf("no %q in\n%s", want, first)
		}
	}
	token, err := os.ReadFile(filepath.Join(s.options.Data, tokenName))
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(first, strings.TrimSpace(string(token))); n != 1 {
		t.Errorf("the token is shown %d times", n)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if second := run(ended); strings.Contains(second, strings.TrimSpace(string(token))) || !strings.Contains(second, tokenName) {
		t.Errorf("the second start:\n%s", second)
	}
}
