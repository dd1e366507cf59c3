package systest

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// caller is one SIPp run as a user agent client.
type caller struct {
	scenario  string // in testdata/sipp
	from      string // URI; "" is +14155550100 at the dialled domain
	to        string // user part or urn: to dial
	domain    string // "" is lab.sip.us1.twilio.com
	transport string // udp, tcp or tls; "" is udp
	hold      time.Duration
	limit     time.Duration // for the whole run; 0 is 30 s
	user      string        // digest user; with password
	password  string
	at        string // host it calls from; "" is one of its own
	dir       string // working directory; "" is one of its own
	edge      string // where it sends, over UDP or TCP; "" is the lab's address
	calls     int    // how many; 0 is 1
	rate      int    // of them per second; 0 is 10
}

// centre is one SIPp run as a user agent server: a call centre.
type centre struct {
	scenario  string
	host      string
	transport string // udp or tcp; "" is udp
	hold      time.Duration
	elsewhere string // where uas_redirect.xml redirects to
	media     bool   // RTP is echoed
}

// sipp is a SIPp that was started.
type sipp struct {
	scenario string
	dir      string
	cmd      *exec.Cmd
	out      *buffer
	done     chan struct{}
	host     string
}

// call runs SIPp against the edge to its end, fails the test unless it succeeds, and returns what was said.
func (l *lab) call(t *testing.T, c caller) dialogue {
	t.Helper()
	return l.place(t, c).finish(t)
}

// place starts SIPp against the edge.
func (l *lab) place(t *testing.T, c caller) *sipp {
	t.Helper()
	if c.domain == "" {
		c.domain = "lab.sip.us1.twilio.com"
	}
	if c.from == "" {
		c.from = "sip:+14155550100@" + c.domain
	}
	if c.limit == 0 {
		c.limit = 30 * time.Second
	}
	if c.at == "" {
		c.at = newHost()
	}
	requestURI := c.to
	if !strings.HasPrefix(c.to, "urn:") {
		requestURI = "sip:" + c.to + "@" + c.domain
	}
	to := "<sip:" + c.to + "@" + c.domain + ">"
	if requestURI == c.to {
		to = "<" + c.to + ">"
	}
	if c.edge == "" {
		c.edge = l.sip()
	}
	target, mode, proto, at := c.edge, "u1", "UDP", net.JoinHostPort(c.at, "6060")
	switch c.transport {
	case "tcp":
		mode, proto = "t1", "TCP"
	case "tls":
		mode, proto, at = "t1", "TLS", c.at+":6061"
		target = tlsRelay(t, c.at, l.sips())
	}
	return startSIPp(t, c.scenario, c.at, c.dir, target, "-t", mode, "-m", strconv.Itoa(max(c.calls, 1)), "-r", strconv.Itoa(cmp.Or(c.rate, 10)), "-d", milliseconds(c.hold),
		"-timeout", seconds(c.limit), "-timeout_error",
		"-key", "ruri", requestURI, "-key", "from", "<"+c.from+">", "-key", "to", to,
		"-key", "proto", proto, "-key", "at", at, "-au", c.user, "-ap", c.password)
}

// startCentre starts SIPp as a call centre and returns when it listens. It takes calls until the test ends.
func startCentre(t *testing.T, c centre) *sipp {
	t.Helper()
	if c.host == "" {
		c.host = newHost()
	}
	mode := "u1"
	if c.transport == "tcp" {
		mode = "t1"
	}
	args := []string{"-t", mode, "-d", milliseconds(c.hold), "-key", "elsewhere", c.elsewhere}
	if c.media {
		args = append(args, "-rtp_echo")
	}
	s := startSIPp(t, c.scenario, c.host, "", "", args...)
	eventually(t, 10*time.Second, "SIPp listens", func() error { return taken(c.host+":6060", mode == "t1") })
	return s
}

// uri is the SIP URI of a call centre.
func (s *sipp) uri() string { return "sip:centre@" + s.host + ":6060" }

// taken returns nil when somebody listens on an address.
func taken(address string, stream bool) error {
	if stream {
		c, err := net.Dial("tcp", address)
		if err == nil {
			err = c.Close()
		}
		return err
	}
	c, err := net.ListenPacket("udp", address)
	if err != nil {
		return nil
	}
	return errors.Join(errors.New("nobody listens on "+address), c.Close())
}

func startSIPp(t *testing.T, scenario, host, dir, target string, args ...string) *sipp {
	t.Helper()
	path := need(t, "sipp", "sip-tester")
	if dir == "" {
		dir = t.TempDir()
	}
	s := &sipp{scenario: scenario, dir: dir, out: &buffer{}, done: make(chan struct{}), host: host}
	full := append([]string{"-sf", repository(t, "testdata", "sipp", scenario), "-i", host, "-p", "6060", "-mi", host,
		"-mp", "16000", "-nostdin", "-trace_msg", "-message_file", s.file("messages"), "-message_overwrite", "true",
		"-trace_err", "-error_file", s.file("errors"), "-error_overwrite", "true"}, args...)
	if target != "" {
		full = append(full, target)
	}
	s.cmd = exec.Command(path, full...)
	s.cmd.Dir = dir
	s.cmd.Stdout, s.cmd.Stderr = s.out, s.out
	s.cmd.Env = append(os.Environ(), "TERM=dumb")
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(s.done)
		_ = s.cmd.Wait()
	}()
	t.Cleanup(func() {
		_ = s.cmd.Process.Kill()
		<-s.done
	})
	return s
}

func (s *sipp) file(kind string) string { return filepath.Join(s.dir, s.scenario+"."+kind) }

// finish waits for a caller's end, fails the test unless it succeeded, and returns what was said.
func (s *sipp) finish(t *testing.T) dialogue {
	t.Helper()
	<-s.done // SIPp has its own -timeout
	d := s.said(t)
	if code := s.cmd.ProcessState.ExitCode(); code != 0 {
		errs, _ := os.ReadFile(s.file("errors"))
		t.Fatalf("SIPp %s ended with %v; it received %v\n%s", s.scenario, s.cmd.ProcessState, d.starts(), tail(string(errs), 40))
	}
	return d
}

// stop ends a call centre once its calls are over, fails the test if one went wrong, and returns what was said.
func (s *sipp) stop(t *testing.T) dialogue {
	t.Helper()
	_ = s.cmd.Process.Signal(syscall.SIGUSR1) // "quit after all calls are done"
	select {
	case <-s.done:
	case <-time.After(20 * time.Second):
		t.Fatalf("SIPp %s still has calls; it received %v", s.scenario, s.said(t).starts())
	}
	return s.finish(t)
}

// said returns what was said so far.
func (s *sipp) said(t *testing.T) dialogue {
	t.Helper()
	return readTrace(t, s.file("messages"))
}

func milliseconds(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) }

func seconds(d time.Duration) string { return strconv.Itoa(int(d.Seconds())) }

// tlsRelay joins SIPp, which Debian builds without TLS, to the edge's TLS listener, and returns where SIPp connects.
// Its own end of the TLS connection is port 6061 of the caller's host, which is what the caller's Contact names.
func tlsRelay(t *testing.T, host, edge string) string {
	t.Helper()
	listener, err := net.Listen("tcp", host+":6065")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	t.Cleanup(func() {
		cancel()
		_ = listener.Close()
		running.Wait()
	})
	running.Go(func() {
		near, err := listener.Accept()
		if err != nil {
			return
		}
		defer near.Close()
		local, _ := net.ResolveTCPAddr("tcp", host+":6061")
		dialer := tls.Dialer{
			NetDialer: &net.Dialer{LocalAddr: local},
			Config:    &tls.Config{InsecureSkipVerify: true}, // the lab signs its own certificate
		}
		far, err := dialer.DialContext(ctx, "tcp", edge)
		if err != nil {
			t.Errorf("TLS to %s: %v", edge, err)
			return
		}
		stop := context.AfterFunc(ctx, func() { _ = far.Close() })
		defer stop()
		running.Go(func() {
			_, _ = io.Copy(near, far)
			_ = near.Close()
		})
		_, _ = io.Copy(far, near)
		_ = far.Close()
	})
	return listener.Addr().String()
}
