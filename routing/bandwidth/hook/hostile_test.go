package hook_test

import (
	"compress/gzip"
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"callbox/routing/bandwidth/hook"
)

// patient is a request with time enough for a busy machine: what it tests is not how long things take.
func patient(url string) hook.Request {
	r := request()
	r.URL, r.Timeout = url, 30*time.Second
	return r
}

// hostile is a service that means no good, and what is said of it.
type hostile struct {
	serve script
	want  string
	slow  bool // it costs all of its time
}

func hostileServices() map[string]hostile {
	endless := strings.Repeat(" ", 4096)
	return map[string]hostile{
		"an answer that says it is huge": {want: "longer than 16 kB", serve: func(t *testing.T, c net.Conn, _ *http.Request) {
			write(t, c, "HTTP/1.1 200 OK\r\nContent-Length: 10485760\r\n\r\n{")
			time.Sleep(time.Hour)
		}},
		"an answer that never ends": {want: "longer than 16 kB", serve: func(t *testing.T, c net.Conn, _ *http.Request) {
			write(t, c, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
			for write(t, c, "1000\r\n"+endless+"\r\n") {
			}
		}},
		"an answer that drips": {want: "no complete answer", slow: true, serve: func(t *testing.T, c net.Conn, _ *http.Request) {
			write(t, c, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
			for write(t, c, "1\r\n \r\n") {
				time.Sleep(time.Millisecond)
			}
		}},
		"a head that drips": {want: "no complete answer", slow: true, serve: func(t *testing.T, c net.Conn, _ *http.Request) {
			write(t, c, "HTTP/1.1 200 OK\r\nX-Slow: ")
			for write(t, c, "a") {
				time.Sleep(time.Millisecond)
			}
		}},
		"a huge head": {want: "headers", serve: func(t *testing.T, c net.Conn, _ *http.Request) {
			write(t, c, "HTTP/1.1 200 OK\r\nX-Long: "+strings.Repeat("a", 64<<10)+"\r\n\r\n")
		}},
		"no end of 1XX": {want: "headers", serve: func(t *testing.T, c net.Conn, _ *http.Request) {
			for write(t, c, "HTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\n") {
			}
		}},
		"a close before the answer": {want: "closed before the whole answer", serve: func(_ *testing.T, c net.Conn, _ *http.Request) { _ = c.Close() }},
		"a close within the answer": {want: "closed before the whole answer", serve: func(t *testing.T, c net.Conn, _ *http.Request) {
			write(t, c, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"aeui\":")
			_ = c.Close()
		}},
		"what is no HTTP": {want: "malformed HTTP", serve: func(t *testing.T, c net.Conn, _ *http.Request) { write(t, c, "SIP/2.0 200 OK\r\n\r\n") }},
		"a length that is none": {want: "Content-Length", serve: func(t *testing.T, c net.Conn, _ *http.Request) {
			write(t, c, "HTTP/1.1 200 OK\r\nContent-Length: ten\r\n\r\n"+good)
		}},
		"an upgrade": {want: "it answered 101", serve: func(t *testing.T, c net.Conn, _ *http.Request) {
			write(t, c, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n")
		}},
		"compression that was not asked for": {want: `encoded as "gzip"`, serve: func(t *testing.T, c net.Conn, _ *http.Request) {
			var b strings.Builder
			z := gzip.NewWriter(&b)
			_, _ = z.Write(make([]byte, 1<<20))
			_ = z.Close()
			write(t, c, "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: "+itoa(b.Len())+"\r\n\r\n"+b.String())
		}},
	}
}

func TestHostileAnswersAreBounded(t *testing.T) {
	t.Parallel()
	for name, tc := range hostileServices() {
		got := ask(t, request(), func(t *testing.T, c net.Conn, r *http.Request) { tc.serve(t, c, r); _ = c.Close() })
		if got.Err == nil || !strings.Contains(got.Err.Error(), tc.want) || got.Answer != (hook.Answer{}) {
			t.Errorf("%s: got %v and %+v, want %q", name, got.Err, got.Answer, tc.want)
		}
		if slow := got.Elapsed == 450*time.Millisecond; slow != tc.slow || got.Elapsed > 450*time.Millisecond {
			t.Errorf("%s: it took %s", name, got.Elapsed)
		}
		if len(got.Body) > 16<<10 {
			t.Errorf("%s: %d bytes were kept", name, len(got.Body))
		}
	}
}

func TestAHangUpEndsTheQuestion(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := &pipes{t: t, serve: func(*testing.T, net.Conn, *http.Request) { time.Sleep(time.Hour) }}
		c := p.client()
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		got := c.Try(ctx, request())
		if got.Elapsed != 100*time.Millisecond || got.Err == nil || !strings.Contains(got.Err.Error(), "the call had ended") {
			t.Errorf("got %+v", got)
		}
		if x, asked := c.Circuit(request().Number); asked {
			t.Errorf("a caller who hung up counts against the service: %+v", x)
		}
		time.Sleep(2 * time.Hour)
		c.Close()
		p.running.Wait()
	})
}

func TestADeadServiceOfOneAccountDelaysNoOther(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		dead := &pipes{t: t, serve: func(*testing.T, net.Conn, *http.Request) { time.Sleep(time.Minute) }}
		alive := &pipes{t: t, serve: func(t *testing.T, c net.Conn, _ *http.Request) { whole(t, c, "200 OK", good) }}
		black := &pipes{t: t, connect: time.Hour}
		c := hook.New(hook.Options{Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
			switch {
			case strings.HasPrefix(address, "dead"):
				return dead.dial(ctx, network, address)
			case strings.HasPrefix(address, "black"):
				return black.dial(ctx, network, address)
			}
			return alive.dial(ctx, network, address)
		}})
		var asked sync.WaitGroup
		var refused atomic.Int32
		for n := range 1000 {
			r := request()
			r.URL, r.Account = "http://dead.example/", "AC-dead"
			if n%2 == 0 {
				r.URL, r.Account = "http://black.example/", "AC-black"
			}
			asked.Go(func() {
				if got := c.Try(t.Context(), r); got.Err != nil && strings.Contains(got.Err.Error(), "open already") && got.Elapsed == 0 {
					refused.Add(1)
				}
			})
		}
		synctest.Wait()
		if n := refused.Load(); n != 1000-2*256 {
			t.Errorf("%d questions were refused at once, want those beyond 256 an account", n)
		}
		r := request()
		r.URL, r.Account, r.Number = "http://alive.example/", "AC-alive", "+19195550912"
		if got := c.Try(t.Context(), r); got.Err != nil || got.Elapsed != 0 {
			t.Errorf("another account's question: %+v", got)
		}
		asked.Wait()
		time.Sleep(2 * time.Hour)
		c.Close()
		for _, p := range []*pipes{dead, alive, black} {
			p.running.Wait()
		}
	})
}

func TestAConnectionThatIsTooLateForItsCallIsThereForTheNext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := &pipes{t: t, connect: 600 * time.Millisecond, serve: func(t *testing.T, c net.Conn, _ *http.Request) { whole(t, c, "200 OK", good) }}
		c := p.client()
		if got := c.Try(t.Context(), request()); got.Err == nil || got.Elapsed != 450*time.Millisecond {
			t.Errorf("the first question: %+v", got)
		}
		time.Sleep(time.Second)
		for range 3 {
			if got := c.Try(t.Context(), request()); got.Err != nil || got.Elapsed != 0 || p.dialled.Load() != 1 {
				t.Errorf("a later question: %+v over %d connections", got, p.dialled.Load())
			}
		}
		c.Close()
		p.running.Wait()
	})
}

// overTLS starts a service with TLS, and HTTP/2 where both want it.
func overTLS(t *testing.T, http2 bool, serve http.HandlerFunc) (*httptest.Server, *x509.CertPool) {
	t.Helper()
	s := httptest.NewUnstartedServer(serve)
	s.EnableHTTP2, s.Config.ErrorLog = http2, log.New(io.Discard, "", 0)
	s.StartTLS()
	t.Cleanup(s.Close)
	pool := x509.NewCertPool()
	pool.AddCert(s.Certificate())
	return s, pool
}

func TestConnectionsAreKeptWarm(t *testing.T) {
	t.Parallel()
	for _, http2 := range []bool{false, true} {
		var mu sync.Mutex
		from := map[string]int{}
		proto := ""
		s, pool := overTLS(t, http2, func(w http.ResponseWriter, r *http.Request) {
			mu.Lock()
			from[r.RemoteAddr]++
			proto = r.Proto
			mu.Unlock()
			_, _ = io.WriteString(w, good)
		})
		c := hook.New(hook.Options{RootCAs: pool})
		for n := range 10 {
			if got := c.Try(t.Context(), patient(s.URL)); got.Err != nil || got.Answer.AEUI == "" {
				t.Fatalf("HTTP/2 %v, question %d: %+v", http2, n, got)
			}
		}
		if want := map[bool]string{false: "HTTP/1.1", true: "HTTP/2.0"}[http2]; len(from) != 1 || proto != want {
			t.Errorf("by %s, want %s, from %v", proto, want, from)
		}
		other := patient(s.URL)
		other.Account = "AC2"
		if got := c.Try(t.Context(), other); got.Err != nil || len(from) != 2 {
			t.Errorf("another account: %+v, connections from %v", got, from)
		}
		c.Close()
	}
}

func TestCertificatesAreChecked(t *testing.T) {
	t.Parallel()
	s, pool := overTLS(t, true, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, good) })
	stranger, trusting := hook.New(hook.Options{}), hook.New(hook.Options{RootCAs: pool})
	defer stranger.Close()
	defer trusting.Close()
	_, port, _ := net.SplitHostPort(s.Listener.Addr().String())
	for url, c := range map[string]*hook.Client{s.URL: stranger, "https://localhost:" + port: trusting} {
		if got := c.Try(t.Context(), patient(url)); got.Err == nil || !strings.Contains(got.Err.Error(), "certificate") {
			t.Errorf("%s: %+v", url, got)
		}
	}
	plain := httptest.NewServer(http.NotFoundHandler())
	defer plain.Close()
	if got := trusting.Try(t.Context(), patient("https"+strings.TrimPrefix(plain.URL, "http"))); got.Err == nil || !strings.Contains(got.Err.Error(), "TLS") {
		t.Errorf("plain HTTP: %+v", got)
	}
	old := httptest.NewUnstartedServer(http.NotFoundHandler())
	old.TLS = &tls.Config{MaxVersion: tls.VersionTLS11}
	old.Config.ErrorLog = log.New(io.Discard, "", 0)
	old.StartTLS()
	defer old.Close()
	if got := trusting.Try(t.Context(), patient(old.URL)); got.Err == nil || got.Status != 0 {
		t.Errorf("TLS 1.1: %+v", got)
	}
}

func TestAddressesThatMustNotBeCalled(t *testing.T) {
	t.Parallel()
	asked := atomic.Int32{}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { asked.Add(1); _, _ = io.WriteString(w, good) }))
	defer s.Close()
	_, port, _ := net.SplitHostPort(s.Listener.Addr().String())
	own := netip.MustParseAddrPort(s.Listener.Addr().String())
	c := hook.New(hook.Options{})
	defer c.Close()
	api := hook.New(hook.Options{Forbidden: func(a netip.AddrPort) bool { return a == own }})
	defer api.Close()
	for _, host := range []string{"127.0.0.1", "localhost", "[::ffff:127.0.0.1]"} {
		r := patient("http://" + host + ":" + port + "/")
		if got := c.Try(t.Context(), r); got.Err != nil {
			t.Errorf("%s: %+v", host, got)
		}
		if got := api.Try(t.Context(), r); got.Err == nil || !strings.Contains(got.Err.Error(), "no web service may be called") {
			t.Errorf("%s of the edge's own API: %+v", host, got)
		}
		r.ForbidInternal = true // over another connection than the one that is there already
		if got := c.Try(t.Context(), r); got.Err == nil || !strings.Contains(got.Err.Error(), "no web service may be called") {
			t.Errorf("%s from an account that forbids it: %+v", host, got)
		}
	}
	if n := asked.Load(); n != 3 {
		t.Errorf("the service was asked %d times, want 3", n)
	}
}

func TestANameThatLeadsElsewhereTheNextTimeIsCheckedAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := &pipes{t: t, serve: func(t *testing.T, c net.Conn, r *http.Request) {
			write(t, c, "HTTP/1.1 302 Found\r\nLocation: /next\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
			_ = c.Close()
		}}
		leads := []net.IP{net.IPv4(203, 0, 114, 7), net.IPv4(169, 254, 169, 254)}
		n := 0
		c := hook.New(hook.Options{Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
			conn, err := p.dial(ctx, network, address)
			if err != nil {
				return nil, err
			}
			n++
			return at{conn, &net.TCPAddr{IP: leads[min(n, 2)-1], Port: 80}}, nil
		}})
		r := request()
		r.ForbidInternal = true
		got := c.Try(t.Context(), r)
		if got.Redirects != 1 || got.Err == nil || !strings.Contains(got.Err.Error(), "169.254.169.254") {
			t.Errorf("got %+v over %d connections", got, n)
		}
		c.Close()
		p.running.Wait()
	})
}

func TestWhatNobodyCanCallIsSaid(t *testing.T) {
	t.Parallel()
	c := hook.New(hook.Options{})
	defer c.Close()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = l.Close()
	for url, want := range map[string]string{
		"ftp://x.example/":                          "neither http nor https",
		"http://":                                   "names no host",
		"http:opaque":                               "names no host",
		"http://[::1":                               "its URL is none",
		"http://" + strings.Repeat("a", 5000):       "longer than 4096",
		"http://" + l.Addr().String():               "connection was refused",
		"http://no-such-host.invalid/":              "leads nowhere",
		"http://x.example:99999999/":                "",
		"http://host with space/":                   "its URL is none",
		"http://a\r\nHost: evil/":                   "its URL is none",
		"http://" + strings.Repeat("a.", 200) + "b": "",
	} {
		if got := c.Try(t.Context(), patient(url)); got.Err == nil || !strings.Contains(got.Err.Error(), want) || got.Status != 0 {
			t.Errorf("%.60s: %+v, want %q", url, got, want)
		}
	}
}
