package lost

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"callbox/routing"
	"callbox/routing/directory"
	"callbox/sip/location"
)

const (
	maxAsks      = 256 // at a time
	maxRedirects = 3
	maxShown     = 1024 // bytes of an answer that a reply repeats
	userAgent    = "callbox/1.0 (LoST)"
)

// ClientOptions say how a Client behaves; the zero value works.
type ClientOptions struct {
	RootCAs *x509.CertPool   // nil trusts the system's
	Now     func() time.Time // nil is time.Now
}

// Client asks LoST servers who serves a place, and keeps what they say for as long as it holds. Its methods are safe for
// concurrent use.
type Client struct {
	http  *http.Client
	now   func() time.Time
	asks  chan struct{}
	cache cache
}

// NewClient returns a client. Close it when no more is asked.
func NewClient(o ClientOptions) *Client {
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Client{
		now: o.Now, asks: make(chan struct{}, maxAsks),
		http: &http.Client{
			Transport: &http.Transport{
				DialContext:         (&net.Dialer{Timeout: 5 * time.Second}).DialContext,
				TLSClientConfig:     &tls.Config{RootCAs: o.RootCAs, MinVersion: tls.VersionTLS12},
				TLSHandshakeTimeout: 5 * time.Second, MaxIdleConnsPerHost: 16, MaxConnsPerHost: maxAsks,
				IdleConnTimeout: 90 * time.Second, MaxResponseHeaderBytes: 16 << 10, ForceAttemptHTTP2: true,
			},
			CheckRedirect: onlyPosts,
		},
	}
}

// Close closes the connections that are kept. Questions under way go on.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// onlyPosts follows what keeps a query a query, and does not leave encryption.
func onlyPosts(r *http.Request, via []*http.Request) error {
	switch {
	case len(via) > maxRedirects:
		return fmt.Errorf("it redirects more than %d times", maxRedirects)
	case r.Method != http.MethodPost:
		return errors.New("it redirects by a status that makes a GET of a query: use 307 or 308")
	case via[0].URL.Scheme == "https" && r.URL.Scheme != "https":
		return errors.New("it redirects from https to http")
	}
	return nil
}

// Ask asks the server of a question who serves its place, unless an answer that still holds is known. It blocks for the
// server's timeout at most. Where the server fails, an answer of the last day counts that has expired: it says of itself
// that it is kept.
func (c *Client) Ask(ctx context.Context, q routing.Question) routing.Reply {
	r, server := routing.Reply{Kind: routing.QuestionLoST}, q.LoST
	if server == nil {
		r.Err = "the question names no LoST server"
		return r
	}
	w := whereOf(&q.Place)
	if w.text == nil {
		r.Err = "there is no place to ask for"
		return r
	}
	key := cacheKey{server.URL, service(q)}
	start := c.now()
	if k := c.cache.find(key, &w, start); k != nil && server.Cache > 0 {
		k.fill(&r)
		r.Kept = "known for another " + k.until.Sub(start).Round(time.Second).String()
		return r
	}
	m, err := c.ask(ctx, server, key.service, &w, &r)
	r.Elapsed = c.now().Sub(start)
	if err == nil {
		r.URIs, r.DisplayName, r.Warnings = m.URIs, m.DisplayName, m.Warnings
		c.cache.keep(key, &w, m, c.now(), server.Cache)
		return r
	}
	r.Err = err.Error()
	if f, said := errors.AsType[*Fault](err); said && f.Name != "internalError" && f.Name != "serverTimeout" && f.Name != "serverError" {
		return r
	}
	if k := c.cache.stale(key, &w, c.now()); k != nil && server.Cache > 0 {
		failed := r.Err
		k.fill(&r)
		r.Kept = fmt.Sprintf("of before, expired at %s, as there is no newer one: %s", stamp(k.until), failed)
	}
	return r
}

// service is what is asked for.
func service(q routing.Question) string {
	if q.Service == "" {
		return serviceSos
	}
	return q.Service
}

var errBusy = fmt.Errorf("%d questions to LoST servers are open already", maxAsks)

// ask sends one query.
func (c *Client) ask(ctx context.Context, server *directory.LoST, service string, w *where, r *routing.Reply) (*Mapping, error) {
	select {
	case c.asks <- struct{}{}:
		defer func() { <-c.asks }()
	default:
		return nil, errBusy
	}
	ctx, cancel := context.WithTimeout(ctx, server.Timeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, server.URL, bytes.NewReader(findQuery(service, w)))
	if err != nil {
		return nil, fmt.Errorf("the server's URL cannot be used: %w", err)
	}
	request.Header.Set("Content-Type", ContentType)
	request.Header.Set("Accept", ContentType)
	request.Header.Set("Cache-Control", "no-cache")
	request.Header.Set("User-Agent", userAgent)
	response, err := c.http.Do(request)
	if err != nil {
		return nil, failure(ctx, server, err)
	}
	defer response.Body.Close()
	r.Status = response.StatusCode
	body, err := io.ReadAll(io.LimitReader(response.Body, MaxAnswer+1))
	r.Body = body[:min(len(body), maxShown)]
	switch {
	case err != nil:
		return nil, failure(ctx, server, err)
	case response.StatusCode/100 != 2:
		return nil, fmt.Errorf("the server answers HTTP %d, not 200", response.StatusCode)
	}
	return ParseMapping(body)
}

// failure says what kept an answer from coming.
func failure(ctx context.Context, server *directory.LoST, err error) error {
	switch {
	case errors.Is(context.Cause(ctx), context.DeadlineExceeded):
		return fmt.Errorf("no answer within %v", server.Timeout)
	case ctx.Err() != nil:
		return errors.New("the call ended before the answer")
	}
	return fmt.Errorf("the server cannot be asked: %w", err)
}

// findQuery writes a findService that asks for the boundary, by which the answer can be kept.
func findQuery(service string, w *where) []byte {
	var a answer
	a.root("findService", "serviceBoundary", "value", "recursive", "true")
	a.open("location", "id", "place", "profile", w.profile)
	a.Write(w.text)
	a.close("location")
	a.element("service", service)
	a.close("findService")
	return a.Bytes()
}

// where is a place as a query has it.
type where struct {
	profile string
	text    []byte
	point   *location.Point // that it is, without uncertainty
	civic   *location.Civic
}

// at is an address without who lives there, which is none of the server's business.
func at(c location.Civic) where {
	c.NAM = ""
	return where{profile: profileCivic, text: c.XML(), civic: &c}
}

// whereOf takes a place by its shape, else its point, else its address: a query has one baseline profile (RFC 5222 section
// 12.1).
func whereOf(p *routing.Place) where {
	var s location.Shape
	switch {
	case p.Value != nil && p.Value.Shape != nil:
		s = p.Value.Shape.Flat()
	case p.Point != nil:
		s = location.NewCircle(*p.Point, p.Uncertainty).Flat()
	case p.Value != nil && p.Value.Civic != nil:
		return at(*p.Value.Civic)
	default:
		known, ok := p.Known()
		if !ok {
			return where{}
		}
		return at(known.Lines().Civic())
	}
	w := where{profile: profileGeodetic, text: s.XML()}
	if s.Kind == location.KindPoint {
		w.point = &s.Centre
	}
	return w
}
