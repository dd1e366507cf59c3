package systest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"text/template"
	"time"
)

// lab is a running `callbox serve` on an address of its own.
type lab struct {
	host   string
	dir    string // holds config.yaml, directory.yaml and the data directory
	log    *buffer
	files  int // limit of open files, 0 for the usual
	https  bool
	cmd    *exec.Cmd
	exited chan struct{} // closed when the process has ended
}

// settings are what a test changes of the embedded lab. Zero values leave it as it is.
type settings struct {
	directory     string        // text of a directory file
	probeInterval time.Duration // of the call centres; below 0 is never
	rtpTimeout    time.Duration
	drainLimit    time.Duration
	database      string        // URL; "" is the file in the data directory
	noSim         bool          // leaves the simulated centres out
	tls           bool          // takes certificate.pem and key.pem in the lab's directory
	more          string        // YAML list items: more listeners
	minSession    time.Duration // the shortest session timer the edge takes
	ownSession    time.Duration // the one it asks for by itself
	scripts       string        // text of a script file for the simulated centres
	md5Only       bool          // offers no other digest algorithm: some phones cannot choose
	ali           time.Duration // an ALI link is open that knows a call for so long after its end; 0 is none
	httpTLS       bool          // serves the API by HTTPS, with the certificate that it makes
	pass          string        // YAML list of header fields that pass
	anyAddress    bool          // media is bound to and advertised as whatever address a peer is reached from
}

var configuration = template.Must(template.New("config.yaml").Parse(`
sip:
  listeners:
    - {network: udp, address: "{{.Host}}:6060"}
    - {network: tcp, address: "{{.Host}}:6060"}
    - {network: tls, address: "{{.Host}}:6061"}
{{.More}}
  {{if .TLS}}tls: {certificate: "{{.Dir}}/certificate.pem", key: "{{.Dir}}/key.pem"}{{end}}
http: {address: "{{.Host}}:6080"{{if .HTTPTLS}}, tls: auto{{end}}}
rtp: {ports: 20000-29999{{if not .AnyAddress}}, bind: "{{.Host}}", advertise: ["{{.Host}}"]{{end}}{{with .RTPTimeout}}, timeout: {{.}}{{end}}}
data: "{{.Dir}}/data"
{{if .MD5Only}}auth: {algorithms: [MD5]}{{end}}
{{with .Database}}database: {url: "{{.}}"}{{end}}
{{if .Directory}}directory: "{{.Dir}}/directory.yaml"{{end}}
sim: {{if .NoSim}}{enabled: false}{{else}}{address: "{{.Host}}:6070"{{if .Scripts}}, scripts: "{{.Dir}}/scripts.yaml"{{end}}}{{end}}
{{with .Call}}call: { {{.}} }{{end}}
{{if lt .ProbeInterval 0}}psap: {probe_interval: 0s}{{else}}{{with .ProbeInterval}}psap: {probe_interval: {{.}}, probe_timeout: {{.}}}{{end}}{{end}}
{{with .ALI}}ali: {listen: "{{$.Host}}:6091", linger: {{.}}}{{end}}
{{with .DrainLimit}}drain: {limit: {{.}}}{{end}}
log: {level: debug, format: json}
`))

// startLab starts an edge and stops it when the test ends; a data race, a panic or an unclean exit fails the test.
func startLab(t *testing.T, s settings) *lab {
	t.Helper()
	l := prepareLab(t, s)
	l.start(t)
	return l
}

// prepareLab writes the files of an edge without starting it.
func prepareLab(t *testing.T, s settings) *lab {
	t.Helper()
	l := &lab{host: newHost(), dir: t.TempDir()}
	l.configure(t, s)
	return l
}

// configure writes the lab's files anew.
func (l *lab) configure(t *testing.T, s settings) {
	t.Helper()
	var text bytes.Buffer
	err := configuration.Execute(&text, map[string]any{
		"Host": l.host, "Dir": l.dir, "Database": s.database, "Directory": s.directory != "", "NoSim": s.noSim, "TLS": s.tls, "More": s.more,
		"AnyAddress": s.anyAddress, "MD5Only": s.md5Only, "RTPTimeout": s.rtpTimeout, "ProbeInterval": s.probeInterval, "DrainLimit": s.drainLimit,
		"HTTPTLS": s.httpTLS, "ALI": s.ali, "Scripts": s.scripts != "", "Call": s.call(),
	})
	if err != nil {
		t.Fatal(err)
	}
	l.https = s.httpTLS
	l.write(t, "config.yaml", text.String())
	if s.directory != "" {
		l.write(t, "directory.yaml", s.directory)
	}
	if s.scripts != "" {
		l.write(t, "scripts.yaml", s.scripts)
	}
}

// call is the part of the configuration about single calls.
func (s settings) call() string {
	var keys []string
	if s.minSession > 0 {
		keys = append(keys, "min_session_expires: "+s.minSession.String())
	}
	if s.ownSession > 0 {
		keys = append(keys, "session_expires: "+s.ownSession.String())
	}
	if s.pass != "" {
		keys = append(keys, "pass_headers: "+s.pass)
	}
	return strings.Join(keys, ", ")
}

func (l *lab) write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(l.dir, name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// start runs the edge on its files and waits until it takes calls.
func (l *lab) start(t *testing.T) {
	t.Helper()
	l.log, l.exited = &buffer{}, make(chan struct{})
	l.cmd = exec.Command(callbox(t), "serve", "--config", filepath.Join(l.dir, "config.yaml"))
	if l.files > 0 {
		l.cmd = exec.Command("/bin/sh", append([]string{"-c", fmt.Sprintf(`ulimit -n %d && exec "$@"`, l.files), "sh"}, l.cmd.Args...)...)
	}
	l.cmd.Dir = l.dir
	l.cmd.Stdout, l.cmd.Stderr = l.log, l.log
	l.cmd.Env = append(os.Environ(), "GORACE=halt_on_error=0 exitcode=66")
	l.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := l.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	cmd, exited, log := l.cmd, l.exited, l.log
	go func() {
		defer close(exited)
		_ = cmd.Wait() // the state is read from ProcessState
	}()
	t.Cleanup(func() { finish(t, cmd, exited, log) })
	eventually(t, 20*time.Second, "GET /readyz", func() error {
		select {
		case <-exited:
			t.Fatalf("callbox serve ended at once: %v\n%s", cmd.ProcessState, log)
		default:
		}
		return l.ready(t)
	})
}

// ready asks the edge whether it takes calls.
func (l *lab) ready(t *testing.T) error {
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, l.url("/readyz"), nil)
	if err != nil {
		return err
	}
	client, err := l.client(t)
	if err != nil {
		return err
	}
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("status %s", resp.Status)
	}
	return nil
}

// finish stops a process that a test left running and looks for what must never happen.
func finish(t *testing.T, cmd *exec.Cmd, exited chan struct{}, log *buffer) {
	if !ended(exited, 0) {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		clean := ended(exited, 3*time.Second)
		if !clean { // a failed test left calls up
			_ = cmd.Process.Signal(syscall.SIGTERM)
			if !ended(exited, 10*time.Second) {
				t.Error("callbox did not end within 10 s of a second signal")
				_ = cmd.Process.Kill()
				<-exited
			}
		}
		if code := cmd.ProcessState.ExitCode(); clean && code != 0 {
			t.Errorf("callbox ended with code %d", code)
		}
	}
	text := log.String()
	for _, bad := range []string{"DATA RACE", "panic:", "fatal error:", "runtime error:"} {
		if strings.Contains(text, bad) {
			t.Errorf("the log of callbox has %q", bad)
		}
	}
	if t.Failed() {
		t.Logf("log of callbox:\n%s", tail(text, 200))
	}
}

// ended tells whether a process ends within limit.
func ended(exited chan struct{}, limit time.Duration) bool {
	select {
	case <-exited:
		return true
	default:
	}
	select {
	case <-exited:
		return true
	case <-time.After(limit):
		return false
	}
}

// signal sends a signal to the edge.
func (l *lab) signal(t *testing.T, s syscall.Signal) {
	t.Helper()
	if err := l.cmd.Process.Signal(s); err != nil {
		t.Fatalf("signal %v: %v", s, err)
	}
}

// wait waits until the edge has ended and returns its exit code, -1 for one that a signal ended.
func (l *lab) wait(t *testing.T, limit time.Duration) int {
	t.Helper()
	if !ended(l.exited, limit) {
		t.Fatalf("callbox has not ended within %v", limit)
	}
	return l.cmd.ProcessState.ExitCode()
}

// up fails the test if the edge has ended or no longer takes calls.
func (l *lab) up(t *testing.T) {
	t.Helper()
	eventually(t, 5*time.Second, "GET /readyz", func() error {
		select {
		case <-l.exited:
			return errors.New("callbox has ended: " + l.cmd.ProcessState.String())
		default:
			return l.ready(t)
		}
	})
}

func (l *lab) url(path string) string {
	scheme := "http://"
	if l.https {
		scheme = "https://"
	}
	return scheme + net.JoinHostPort(l.host, "6080") + path
}

// sip is where the edge takes SIP over UDP and TCP.
func (l *lab) sip() string { return l.host + ":6060" }

// sips is where the edge takes SIP over TLS.
func (l *lab) sips() string { return l.host + ":6061" }

// buffer is a bytes.Buffer for a process that writes while the test reads.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

// Write adds to the buffer.
func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

// String returns what was written so far.
func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// tail returns the last n lines of s.
func tail(s string, n int) string {
	lines := strings.Split(strings.TrimRight(s, "\n"), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}
