package web

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"
)

// crowded is a server with room for few connections, and a way to open one that says something and goes on.
func crowded(t *testing.T, most int) (url string, open func(say string) net.Conn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	e := &edge{metrics: NewMetrics("v1")}
	s := New(Options{
		Live: e, Journal: e, Centres: centres{e}, Metrics: e.metrics.Handler(), Logger: zerolog.Nop(),
		Ready: func() (bool, string) { return true, "" },
	})
	s.room.most = most
	s.Start(l)
	t.Cleanup(func() { // after the connections, which it waits for
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		if err := s.Close(ctx); err != nil {
			t.Error(err)
		}
	})
	return "http://" + l.Addr().String(), func(say string) net.Conn {
		t.Helper()
		c, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		_, _ = c.Write([]byte(say)) // it may have had to make room already
		return c
	}
}

func TestConnectionsThatDoNotAskMakeRoomForThoseThatDo(t *testing.T) {
	t.Parallel()
	const whole = "GET /readyz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
	for name, say := range map[string]string{
		"half a header":                     "GET /readyz HTTP/1.1\r\nX-",
		"nothing":                           "",
		"idle after an answer":              whole,
		"half a header after an answer":     whole + "GET /readyz HTTP/1.1\r\nX-",
		"a body that does not come":         "POST /api/v1/explain HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{",
		"a body that nobody wants, unended": "POST /readyz HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 900000\r\n\r\n{",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url, open := crowded(t, 8)
			for range 100 {
				open(say)
			}
			for _, path := range []string{"/readyz", "/metrics"} {
				client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: headerTimeout - time.Second}
				resp, err := client.Get(url + path)
				if err != nil {
					t.Fatal(err)
				}
				resp.Body.Close()
				if resp.StatusCode != http.StatusOK {
					t.Errorf("%s: %s", path, resp.Status)
				}
			}
		})
	}
}

// named is a connection that writes down that it is closed.
type named struct {
	net.Conn
	name   string
	closed *[]string
}

func (n *named) Close() error {
	*n.closed = append(*n.closed, n.name)
	return nil
}

func TestTheConnectionThatIsMissedLeastMakesRoomFirst(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRoom()
		r.most = 6
		var closed []string
		conns := map[string]*named{}
		state := func(name string, s http.ConnState) {
			if conns[name] == nil {
				conns[name] = &named{name: name, closed: &closed}
			}
			r.state(conns[name], s)
		}
		for _, n := range []string{"asking", "left", "idle long", "idle", "silent long", "silent"} {
			state(n, http.StateNew)
		}
		for _, n := range []string{"asking", "idle", "idle long"} {
			state(n, http.StateActive)
		}
		state("idle long", http.StateIdle)
		state("idle", http.StateIdle)
		state("left", http.StateClosed)
		state("first", http.StateNew)
		if len(closed) > 0 {
			t.Errorf("closed where there is room: %q", closed)
		}
		began := time.Now()
		state("second", http.StateNew)
		if waited := time.Since(began); waited != grace {
			t.Errorf("the grace was %v, want %v", waited, grace)
		}
		for _, n := range []string{"first", "second"} {
			state(n, http.StateActive)
		}
		_, _ = r.listen(lacking{}).Accept() // no descriptor is left
		for n := range 4 {
			name := fmt.Sprint("more ", n)
			state(name, http.StateNew)
			state(name, http.StateActive)
		}
		state("idle", http.StateIdle) // one that is gone
		want := []string{"silent long", "silent", "idle long", "idle", "asking"}
		if got := strings.Join(closed, ", "); !slices.Equal(closed, want) || len(r.all) != r.most {
			t.Errorf("closed %s; %d are left", got, len(r.all))
		}
	})
}

// lacking is a listener without a descriptor for a connection.
type lacking struct{ net.Listener }

func (lacking) Accept() (net.Conn, error) {
	return nil, &net.OpError{Op: "accept", Err: syscall.EMFILE}
}
