package systest

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"callbox/sip/call"
)

// pageFigures are what a page counts of its call.
type pageFigures struct {
	DTLS     string  `json:"dtls"`
	Cipher   string  `json:"cipher"`
	MIME     string  `json:"mime"`
	Received int     `json:"received"`
	Sent     int     `json:"sent"`
	Energy   float64 `json:"energy"`
}

// pageResult is what it tells of it.
type pageResult struct {
	Error         string      `json:"error"`
	Call          string      `json:"call"`
	First, Second pageFigures // before and after ICE began anew
}

// browse opens testdata/browser.html in Chromium and returns what the page tells. Chromium is large and not among the
// tools that CI must have.
func browse(t *testing.T, host, query string) pageResult {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("chromium is not installed (Debian: apt-get install chromium)")
	}
	results := make(chan pageResult, 1)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) { http.ServeFile(w, r, "testdata/browser.html") })
	mux.HandleFunc("POST /result", func(w http.ResponseWriter, r *http.Request) {
		var result pageResult
		if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<20)).Decode(&result); err != nil {
			result.Error = err.Error()
		}
		select {
		case results <- result:
		default: // the first counts
		}
	})
	ln, err := net.Listen("tcp", host+":0")
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: mux}
	go func() { _ = server.Serve(ln) }()
	t.Cleanup(func() { _ = server.Close() })

	home, log := t.TempDir(), &buffer{}
	cmd := exec.Command(path, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
		"--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-proxy-server",
		"--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.*",
		"--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream", "--autoplay-policy=no-user-gesture-required",
		"--allow-loopback-in-peer-connection", "--user-data-dir="+home, "http://"+ln.Addr().String()+"/?"+query)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.Env = append(os.Environ(), "HOME="+home)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { // its children too, or they write into home while that is removed
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		_ = cmd.Wait()
	})
	select {
	case r := <-results:
		return r
	case <-time.After(90 * time.Second):
		t.Fatalf("the page tells nothing; the browser says\n%s", log.String())
	}
	return pageResult{}
}

func TestAPhoneInABrowserTalksToACallTaker(t *testing.T) {
	t.Parallel()
	l := prepareLab(t, settings{})
	l.configure(t, settings{more: fmt.Sprintf(`    - {network: ws, address: "%s:6062"}
  websocket: {origins: ["%[1]s:*"]}`, l.host)})
	l.start(t)
	got := browse(t, l.host, url.Values{
		"edge": {"ws://" + l.host + ":6062/"}, "domain": {"lab.sip.us1.twilio.com"}, "number": {sanFrancisco},
	}.Encode())
	if got.Error != "" {
		t.Fatalf("the page: %s", got.Error)
	}
	for _, f := range []pageFigures{got.First, got.Second} {
		if f.DTLS != "connected" || !strings.EqualFold(f.MIME, "audio/PCMU") || f.Cipher == "" {
			t.Errorf("the page has %+v", f)
		}
	}
	r := l.record(t, got.Call)
	if r.Transport != "ws" || r.EndReason != call.EndCallerHungUp || r.AnsweredBy != "psap-sf" {
		t.Errorf("the record has transport %q, end %q, answered by %q", r.Transport, r.EndReason, r.AnsweredBy)
	}
	if m := r.Media; m.FromCaller.Packets < 200 || m.FromCentre.Packets < 200 || m.OneWay || m.FromCaller.SRTP == "" || m.FromCentre.SRTP != "" {
		t.Errorf("media %+v", m)
	}
}
