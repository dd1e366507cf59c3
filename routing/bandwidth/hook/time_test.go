package hook_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"callbox/routing/bandwidth/hook"
	"callbox/routing/directory"
)

const good = `{"aeui": "alicePhone0001", "location_id": "elmStreet100"}`

// script plays a web service on one end of a pipe, in fake time.
type script func(t *testing.T, c net.Conn, r *http.Request)

// pipes is a network whose only host is the script. connect is how long a connection takes.
type pipes struct {
	t       *testing.T
	serve   script
	connect time.Duration
	running sync.WaitGroup
	dialled atomic.Int32
}

// at is a pipe's end with an address.
type at struct {
	net.Conn
	addr net.Addr
}

func (a at) RemoteAddr() net.Addr { return a.addr }

func (p *pipes) dial(ctx context.Context, _, address string) (net.Conn, error) {
	p.dialled.Add(1)
	select {
	case <-time.After(p.connect):
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	ours, theirs := net.Pipe()
	p.running.Go(func() {
		defer func() { _ = theirs.Close() }()
		for in := bufio.NewReader(theirs); ; {
			r, err := http.ReadRequest(in)
			if err != nil {
				return
			}
			p.serve(p.t, theirs, r)
		}
	})
	return at{ours, &net.TCPAddr{IP: net.IPv4(203, 0, 114, 7), Port: 443}}, nil
}

func (p *pipes) client() *hook.Client {
	return hook.New(hook.Options{Dial: p.dial})
}

func request() hook.Request {
	return hook.Request{
		Account: "AC1", Number: "+19195550911", URL: "http://hook.example/where", To: "+19195550911", From: "+14155550100",
	}
}

// whole writes an answer.
func whole(t *testing.T, c net.Conn, status, body string) {
	write(t, c, "HTTP/1.1 "+status+"\r\nContent-Type: application/json\r\nContent-Length: "+itoa(len(body))+"\r\n\r\n"+body)
}

// write sends what the client may no longer want to hear.
func write(t *testing.T, c net.Conn, s string) bool {
	t.Helper()
	_, err := io.WriteString(c, s)
	if err != nil && !errors.Is(err, io.ErrClosedPipe) {
		t.Error(err)
	}
	return err == nil
}

func TestEverythingCountsTowardsThe450Milliseconds(t *testing.T) {
	t.Parallel()
	ms := func(n int) time.Duration { return time.Duration(n) * time.Millisecond }
	later := func(wait, between time.Duration) script {
		return func(t *testing.T, c net.Conn, _ *http.Request) {
			time.Sleep(wait)
			head := "HTTP/1.1 200 OK\r\nContent-Length: " + itoa(len(good)) + "\r\n\r\n"
			if write(t, c, head+good[:10]) {
				time.Sleep(between)
				write(t, c, good[10:])
			}
		}
	}
	for name, tc := range map[string]struct {
		connect, wait, between time.Duration
		timeout                time.Duration
		late                   bool
	}{
		"an answer at 449 ms is in time":                      {wait: ms(449)},
		"an answer at 451 ms is late":                         {wait: ms(451), late: true},
		"a connection that takes its time counts":             {connect: ms(200), wait: ms(249)},
		"a connection and an answer of 451 ms are late":       {connect: ms(200), wait: ms(251), late: true},
		"a connection that takes 451 ms alone is late":        {connect: ms(451), late: true},
		"the last byte counts, at 449 ms":                     {wait: ms(100), between: ms(349)},
		"the last byte counts, at 451 ms":                     {wait: ms(100), between: ms(351), late: true},
		"the number may give more time":                       {wait: ms(999), timeout: time.Second},
		"the number may give less time":                       {wait: ms(101), timeout: ms(100), late: true},
		"one that says nothing costs no more than its time":   {wait: time.Hour, late: true},
		"one that never ends its answer costs no more either": {wait: ms(1), between: time.Hour, late: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				p := &pipes{t: t, serve: later(tc.wait, tc.between), connect: tc.connect}
				c := p.client()
				r := request()
				r.Timeout = tc.timeout
				got := c.Try(t.Context(), r)
				limit := tc.timeout
				if limit == 0 {
					limit = directory.DefaultHookTimeout
				}
				if tc.late {
					if got.Err == nil || !strings.Contains(got.Err.Error(), "no complete answer within "+limit.String()) {
						t.Errorf("got %+v, want a late answer", got)
					}
					if got.Elapsed != limit {
						t.Errorf("took %s, want exactly %s", got.Elapsed, limit)
					}
				} else if got.Err != nil || got.Answer.LocationID != "elmStreet100" || got.Elapsed != tc.connect+tc.wait+tc.between {
					t.Errorf("got %+v, want the answer after %s", got, tc.connect+tc.wait+tc.between)
				}
				time.Sleep(2 * time.Hour) // until the script has said all it has to say
				c.Close()
				p.running.Wait()
			})
		})
	}
}

func itoa(n int) string { return strconv.Itoa(n) }
