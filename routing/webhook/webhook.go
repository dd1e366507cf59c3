// Package webhook calls the URLs of customers as the provider does: a form by POST or GET, signed with the account's auth
// token, within fifteen seconds, with the provider's code for whatever goes wrong. It owns what keeps a hostile or broken
// server from costing more than that: limits on time, size, headers and redirects. It must not know what an answer means.
package webhook

import (
	"cmp"
	"crypto/x509"
	"net/http"
	"net/netip"
	"net/url"
	"time"
)

// What Options leaves out. Time and size are the provider's.
const (
	DefaultTimeout = 15 * time.Second
	DefaultConnect = 10 * time.Second
	DefaultMaxBody = 64 << 10
	maxRedirects   = 10
	maxHeader      = 32 << 10
	maxURL         = 4096
	userAgent      = "callbox/1.0 (like TwilioProxy/1.1)"
)

// Options says how a Client behaves. The zero value is the provider's way.
type Options struct {
	Timeout      time.Duration             // of a whole call with its redirects; 15 s
	Connect      time.Duration             // of one connection, TLS included; 10 s
	MaxBody      int64                     // bytes of an answer, more is an error; 64 kB
	MaxRedirects int                       // 10; below zero none is followed
	UserAgent    string                    // names callbox
	Forbidden    func(netip.AddrPort) bool // addresses that must not be called, whatever name leads there; nil forbids none
	RootCAs      *x509.CertPool            // nil trusts the system's
}

// Client calls URLs. Its methods are safe for concurrent use; connections are kept for half a minute and used again.
type Client struct {
	o         Options
	transport *http.Transport
}

// Request is one call to a customer's URL.
type Request struct {
	Method    string     // POST or GET; "" is POST
	URL       string     // http or https; user and password in it are sent as basic credentials, a fragment is not sent
	Form      url.Values // sent as the body of a POST, or behind the query of a GET
	JSON      []byte     // sent instead of Form where not nil; POST only
	AuthToken string     // signs the call; "" leaves it unsigned
	Accept    string     // "" takes anything
	MaxBody   int64      // 0 takes the client's
}

// Response is an answer of the 200 family.
type Response struct {
	URL         string // that answered, after redirects, with the user and password for it: to resolve others against, not to show
	Status      int
	ContentType string // as it came
	Body        []byte // never more than the limit
	Elapsed     time.Duration
	Fallback    error // why the fallback was called instead; nil where the first URL answered
}

// New returns a client. Close it when no more calls are made.
func New(o Options) *Client {
	o.Timeout = cmp.Or(o.Timeout, DefaultTimeout)
	o.Connect = cmp.Or(o.Connect, DefaultConnect)
	o.MaxBody = cmp.Or(o.MaxBody, DefaultMaxBody)
	o.MaxRedirects = max(cmp.Or(o.MaxRedirects, maxRedirects), 0)
	o.UserAgent = cmp.Or(o.UserAgent, userAgent)
	return &Client{o: o, transport: newTransport(o)}
}

// Close closes the connections that are kept. Calls under way go on.
func (c *Client) Close() { c.transport.CloseIdleConnections() }
