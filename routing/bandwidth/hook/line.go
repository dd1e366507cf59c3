package hook

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"syscall"
	"time"
)

// lineKey tells accounts apart, and what may be called: a connection that one number may use is not one that another, which
// must keep out of private networks, gets.
type lineKey struct {
	account  string
	internal bool
}

// line is what one account has of the client: connections, names looked up, TLS sessions and a share of the work. Nothing
// of it can be used up by another account.
type line struct {
	transport *http.Transport
	asks      int // open now; guarded by the client
	used      time.Time
	dials     chan struct{} // one token for each connection being made
}

// seize returns the line for a request and counts it there.
func (c *Client) seize(r *Request) (*line, error) {
	key := lineKey{r.Account, !r.ForbidInternal}
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	l := c.lines[key]
	if l == nil {
		c.sweep(now)
		l = c.newLine(key)
		c.lines[key] = l
	}
	l.used = now
	if l.asks == maxAsks {
		return nil, errBusy
	}
	l.asks++
	return l, nil
}

func (c *Client) release(l *line) {
	c.mu.Lock()
	defer c.mu.Unlock()
	l.asks--
}

// sweep forgets the lines that have not been used for long. mu is held.
func (c *Client) sweep(now time.Time) {
	for key, l := range c.lines {
		if l.asks == 0 && now.Sub(l.used) > keepLine {
			l.transport.CloseIdleConnections()
			delete(c.lines, key)
		}
	}
}

// newLine makes the connections of an account: no proxy of the environment, no compression that a small answer could hide
// a big one in. A connection is looked up, made and greeted beside the call that wants it and kept if it comes too late.
func (c *Client) newLine(key lineKey) *line {
	l := &line{dials: make(chan struct{}, maxDials)}
	var protocols http.Protocols
	protocols.SetHTTP1(true)
	protocols.SetHTTP2(true)
	dial := c.dialer(key)
	l.transport = &http.Transport{
		Proxy: nil, DialContext: l.bounded(dial), Protocols: &protocols,
		DialTLSContext: l.bounded(secured(dial, &tls.Config{
			MinVersion: tls.VersionTLS12, RootCAs: c.o.RootCAs, ClientSessionCache: tls.NewLRUClientSessionCache(16),
			NextProtos: []string{"h2", "http/1.1"},
		})),
		// A connection that has died unseen must not cost one call after the other its answer.
		HTTP2:              &http.HTTP2Config{SendPingTimeout: 5 * time.Second, PingTimeout: time.Second},
		DisableCompression: true, MaxResponseHeaderBytes: maxHeader,
		MaxIdleConns: 64, MaxIdleConnsPerHost: 32, IdleConnTimeout: keepIdle,
	}
	return l
}

type dialFunc = func(ctx context.Context, network, address string) (net.Conn, error)

// errDials is a connection that an account wants beside too many that are not there yet.
var errDials = errors.New("256 connections to the services of this account are being made already: see that it can be reached")

// patience is the key by which the context of a dial has the time of the question that wanted it.
type patience struct{}

// secured greets a service by TLS once the connection is there.
func secured(dial dialFunc, config *tls.Config) dialFunc {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dial(ctx, network, address)
		if err != nil {
			return nil, err
		}
		own := config.Clone()
		own.ServerName, _, _ = net.SplitHostPort(address)
		t := tls.Client(conn, own)
		if err := t.HandshakeContext(ctx); err != nil {
			_ = conn.Close()
			return nil, err
		}
		return t, nil
	}
}

// bounded keeps the connections that are being made to the account's share, and each to its time, TLS included.
func (l *line) bounded(dial dialFunc) dialFunc {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		select {
		case l.dials <- struct{}{}:
		default:
			return nil, errDials
		}
		defer func() { <-l.dials }()
		limit, _ := ctx.Value(patience{}).(time.Duration)
		ctx, cancel := context.WithTimeout(ctx, max(limit, dialTime))
		defer cancel()
		return dial(ctx, network, address)
	}
}

// dialer connects where the account may. The address is looked at when it is dialled, whatever name led to it and whatever
// that name was answered before.
func (c *Client) dialer(key lineKey) dialFunc {
	allowed := func(address string) error {
		at, err := netip.ParseAddrPort(address)
		if err != nil {
			return err
		}
		at = netip.AddrPortFrom(at.Addr().Unmap(), at.Port())
		if !key.internal && internal(at.Addr()) || c.o.Forbidden != nil && c.o.Forbidden(at) {
			return &forbiddenError{at.Addr()}
		}
		return nil
	}
	if dial := c.o.Dial; dial != nil {
		return func(ctx context.Context, network, address string) (net.Conn, error) {
			conn, err := dial(ctx, network, address)
			if err != nil {
				return nil, err
			}
			if err := allowed(conn.RemoteAddr().String()); err != nil {
				_ = conn.Close()
				return nil, err
			}
			return conn, nil
		}
	}
	d := &net.Dialer{
		FallbackDelay: 50 * time.Millisecond, // to the other family of addresses
		// The C library's look-ups share threads among all.
		Resolver:        &net.Resolver{PreferGo: true},
		KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: 5 * time.Second, Interval: time.Second, Count: 3},
		Control:         func(_, address string, _ syscall.RawConn) error { return allowed(address) },
	}
	return d.DialContext
}

// forbiddenError refuses an address.
type forbiddenError struct{ addr netip.Addr }

// Error implements error.
func (e *forbiddenError) Error() string { return "address " + e.addr.String() + " must not be called" }
