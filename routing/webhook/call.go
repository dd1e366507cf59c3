package webhook

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// errTotal is the cause of a context whose call has used up its time.
var errTotal = errors.New("webhook: out of time")

// errTooLarge is a body beyond the limit.
var errTooLarge = errors.New("webhook: body too large")

// Call calls r.URL and returns its answer, or an *Error with the provider's code. It blocks for the client's timeout at
// most, redirects included. A redirect with 301, 302 or 303 is followed by GET without parameters, 307 and 308 as
// the request was; user, password and signature go to the same host name only, and never from https to http.
func (c *Client) Call(ctx context.Context, r Request) (Response, error) {
	start := time.Now()
	ctx, cancel := context.WithTimeoutCause(ctx, c.o.Timeout, errTotal)
	defer cancel()
	h, err := newHop(r)
	for redirects := 0; err == nil; redirects++ {
		var resp Response
		var next string
		resp, next, err = c.once(ctx, h)
		switch {
		case err != nil:
		case next == "":
			resp.Elapsed = time.Since(start)
			return resp, nil
		case redirects >= c.o.MaxRedirects:
			err = &Error{Code: CodeRedirects, Status: resp.Status, Message: fmt.Sprintf(
				"more than %d redirects: lead to the document directly", c.o.MaxRedirects)}
		default:
			err = h.follow(next, resp.Status)
		}
	}
	var e *Error
	if !errors.As(err, &e) {
		e = &Error{}
		e.Code, e.Message = c.failure(ctx, err)
	}
	e.URL, e.Elapsed = Named(h.url.String()), time.Since(start)
	return Response{}, e
}

// CallOr calls first, and where that fails, or accept refuses its answer, fallback, with ErrorCode and ErrorUrl among its
// parameters, as the provider does. No fallback is a Request without URL. The Response says why the fallback was
// called; the error is that of the last call made. A nil accept takes every answer.
func (c *Client) CallOr(ctx context.Context, first, fallback Request, accept func(Response) error) (Response, error) {
	resp, err := c.accepted(ctx, first, accept)
	if err == nil || fallback.URL == "" || ctx.Err() != nil {
		return resp, err
	}
	form := url.Values{}
	for name, values := range fallback.Form {
		form[name] = values
	}
	form.Set("ErrorCode", strconv.Itoa(codeOf(err)))
	form.Set("ErrorUrl", bare(first.URL))
	fallback.Form = form
	failed := err
	resp, err = c.accepted(ctx, fallback, accept)
	resp.Fallback = failed
	return resp, err
}

func (c *Client) accepted(ctx context.Context, r Request, accept func(Response) error) (Response, error) {
	resp, err := c.Call(ctx, r)
	if err == nil && accept != nil {
		err = accept(resp)
	}
	return resp, err
}

// once makes one request. next is where it is redirected to, "" where resp is the answer.
func (c *Client) once(ctx context.Context, h *hop) (resp Response, next string, err error) {
	req, err := http.NewRequestWithContext(ctx, h.method, h.url.String(), bytes.NewReader(h.body))
	if err != nil {
		return resp, "", &Error{Code: CodeURL, Message: "it is no URL that can be called"}
	}
	h.header(req, c.o.UserAgent)
	got, err := c.transport.RoundTrip(req)
	if err != nil {
		return resp, "", err
	}
	defer func() { _ = got.Body.Close() }()
	limit := c.o.MaxBody
	if h.maxBody > 0 {
		limit = h.maxBody
	}
	resp = Response{URL: h.whole(), Status: got.StatusCode, ContentType: got.Header.Get("Content-Type")}
	switch {
	case isRedirect(got.StatusCode):
		_, _ = readBody(got.Body, limit) // so that the connection can be used again
		if next = got.Header.Get("Location"); next == "" {
			err = &Error{Code: CodeRedirect, Status: resp.Status, Message: fmt.Sprintf("status %d without a Location", resp.Status)}
		}
		return resp, next, err
	case got.StatusCode < 200 || got.StatusCode > 299:
		_, _ = readBody(got.Body, limit)
		return resp, "", &Error{Code: CodeRetrieval, Status: resp.Status,
			Message: fmt.Sprintf("the server answered with status %d: see its log", resp.Status)}
	case got.Header.Get("Content-Encoding") != "" && !strings.EqualFold(got.Header.Get("Content-Encoding"), "identity"):
		return resp, "", &Error{Code: CodeProtocol, Status: resp.Status,
			Message: "the answer is compressed, which was not asked for: send it as it is"}
	}
	resp.Body, err = readBody(got.Body, limit)
	if errors.Is(err, errTooLarge) {
		err = &Error{Code: CodeTooLarge, Status: resp.Status, Message: fmt.Sprintf(
			"the answer is longer than %d kB: shorten it", limit>>10)}
	}
	return resp, "", err
}

func readBody(r io.Reader, limit int64) ([]byte, error) {
	b, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err == nil && int64(len(b)) > limit {
		return nil, errTooLarge
	}
	return b, err
}

func isRedirect(status int) bool {
	switch status {
	case 301, 302, 303, 307, 308:
		return true
	}
	return false
}

// idempotency names a call to a server that may see it twice: where a kept connection breaks, the request goes out again.
const idempotency = "I-Twilio-Idempotency-Token"

// header sets the header fields of one request.
func (h *hop) header(req *http.Request, agent string) {
	req.Header.Set("User-Agent", agent)
	accept := "*/*"
	if h.accept != "" {
		accept = h.accept
	}
	req.Header.Set("Accept", accept)
	req.Header.Set(idempotency, h.token)
	req.Header["Idempotency-Key"] = []string{} // not sent; it allows net/http to try a broken kept connection again
	if h.bodyType != "" {
		req.Header.Set("Content-Type", h.bodyType)
	}
	if u := h.user; u != nil {
		password, _ := u.Password()
		req.SetBasicAuth(u.Username(), password)
	}
	if h.key != "" {
		req.Header.Set(signatureHeader, Sign(h.key, h.url.String(), h.form))
	}
}

func newToken() string { return rand.Text() }
