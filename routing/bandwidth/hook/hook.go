// Package hook is the client of the Emergency Calling API: it asks the web service of a designated number's account who calls
// and where help is needed, once a call, within the number's time for everything. It owns what keeps a slow, dead or hostile
// service from costing more than that, or another account anything at all. It must not know what an answer means for a call:
// that is the decision's.
package hook

import (
	"context"
	"crypto/x509"
	"errors"
	"net"
	"net/netip"
	"sync"
	"time"

	"callbox/routing/directory"
)

const (
	maxRedirects = 3
	maxAsks      = 256 // of one account at a time
	maxDials     = 256 // of one account at a time; they may outlast the call that wanted them
	maxURL       = 4096
	maxHeader    = 16 << 10
	dialTime     = time.Second // at least, for a connection; one that is too late for its call is there for the next
	keepIdle     = 90 * time.Second
	keepLine     = 10 * time.Minute // connections of an account that asks no more
	userAgent    = "callbox/1.0 (Emergency Calling API)"
)

// Options says how a Client behaves; the zero value works.
type Options struct {
	// Forbidden names addresses that no service may be at, whatever name leads there: the edge's own API. nil: none.
	Forbidden func(netip.AddrPort) bool
	RootCAs   *x509.CertPool // nil trusts the system's

	// Dial makes connections in place of the network, after which ForbidInternal and Forbidden are still asked. For tests.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

// Request is one question to the service of a designated number.
type Request struct {
	Account        string        // whose connections are used
	Number         string        // the designated number, by which the circuit is known
	URL            string        // http or https; it may have a query of its own
	User, Password string        // basic credentials where User is not ""; those in the URL count else
	Timeout        time.Duration // 0: directory.DefaultHookTimeout
	ForbidInternal bool          // the service must not be at an address of a private network
	Parameters     directory.ParameterCase
	To, From       string // E.164
}

// Result is what came of a question.
type Result struct {
	Status    int           // HTTP's, of the last answer; 0 where none came
	Redirects int           // that were followed
	Body      []byte        // of the last answer, at most 16 kB, as far as it came
	Answer    Answer        // where Err is nil
	Elapsed   time.Duration // of everything
	Err       error         // why there is no answer that can be used, with the mend; safe to show
}

// Client asks web services. Its methods are safe for concurrent use. Connections are kept for each account by itself.
type Client struct {
	o        Options
	mu       sync.Mutex
	lines    map[lineKey]*line
	circuits map[string]*circuit
}

// New returns a client. Close it when no more is asked.
func New(o Options) *Client {
	return &Client{o: o, lines: make(map[lineKey]*line), circuits: make(map[string]*circuit)}
}

// Close closes the connections that are kept. Questions under way go on.
func (c *Client) Close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, l := range c.lines {
		l.transport.CloseIdleConnections()
	}
}

// errBusy is a question of an account that has too many open.
var errBusy = errors.New("256 questions to the services of this account are open already: answer sooner")

// Try asks one question: one GET, with at most three redirects of the same host. It blocks for the request's Timeout at most.
// Whatever the state of the number's circuit, the service is asked.
func (c *Client) Try(ctx context.Context, r Request) Result {
	start := time.Now()
	if r.Timeout <= 0 {
		r.Timeout = directory.DefaultHookTimeout
	}
	res := c.try(ctx, &r)
	res.Elapsed = time.Since(start)
	if res.Err == nil && res.Elapsed > r.Timeout {
		res.Answer, res.Err = Answer{}, late(r.Timeout)
	}
	if ctx.Err() == nil { // a caller who hung up says nothing of the service
		c.judge(r.Number, res)
	}
	return res
}

func (c *Client) try(ctx context.Context, r *Request) (res Result) {
	h, err := firstHop(r)
	if err != nil {
		return Result{Err: err}
	}
	l, err := c.seize(r)
	if err != nil {
		return Result{Err: err}
	}
	defer c.release(l)
	ctx, cancel := context.WithTimeoutCause(ctx, r.Timeout, errLate)
	defer cancel()
	ctx = context.WithValue(ctx, patience{}, r.Timeout)
	for {
		var next string
		res.Status, res.Body, next, err = l.get(ctx, h)
		switch {
		case err != nil:
			res.Err = words(ctx, r, err)
			return res
		case next == "":
			res.Answer, res.Err = Parse(res.Body)
			return res
		case res.Redirects == maxRedirects:
			res.Err = errors.New("it redirects more than three times: lead to the answer directly")
			return res
		}
		if res.Err = h.follow(next); res.Err != nil {
			return res
		}
		res.Redirects++
	}
}
