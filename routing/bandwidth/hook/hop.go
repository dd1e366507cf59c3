package hook

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"callbox/routing/directory"
)

// hop is one request of a question: the first, or one that a redirect led to.
type hop struct {
	url            *url.URL // without user, password and fragment
	user, password string
	auth           bool
}

// firstHop returns the request that asks r.
func firstHop(r *Request) (*hop, error) {
	if len(r.URL) > maxURL {
		return nil, fmt.Errorf("its URL is longer than %d characters", maxURL)
	}
	u, err := url.Parse(directory.AskURL(r.URL, r.Parameters, r.To, r.From))
	if err != nil {
		return nil, errors.New("its URL is none: write it as https://host/path")
	}
	if err := callable(u); err != nil {
		return nil, err
	}
	h := &hop{url: u, user: r.User, password: r.Password, auth: r.User != ""}
	if in := u.User; in != nil && !h.auth {
		h.user, h.auth = in.Username(), true
		h.password, _ = in.Password()
	}
	u.User = nil
	return h, nil
}

// callable tells why a URL cannot be called.
func callable(u *url.URL) error {
	switch {
	case u.Scheme != "http" && u.Scheme != "https":
		return fmt.Errorf("the scheme %s of its URL is neither http nor https", quoted(u.Scheme))
	case u.Hostname() == "" || u.Opaque != "":
		return errors.New("its URL names no host")
	}
	return nil
}

// follow makes h the request that a redirect leads to, which must be of the same host: a service vouches for itself alone,
// and its credentials are for nobody else.
func (h *hop) follow(location string) error {
	if len(location) > maxURL {
		return fmt.Errorf("it redirects to a URL longer than %d characters", maxURL)
	}
	to, err := h.url.Parse(location)
	if err != nil {
		return errors.New("it redirects to what is no URL")
	}
	if err := callable(to); err != nil {
		return fmt.Errorf("it redirects, and %w", err)
	}
	if !sameHost(h.url, to) {
		return fmt.Errorf("it redirects to %s, another host or port, which is not followed: give that URL for the number", quoted(to.Scheme+"://"+to.Host))
	}
	to.User, to.Fragment, to.RawFragment = nil, "", ""
	h.url = to
	return nil
}

// sameHost tells whether a redirect stays where it is: scheme, host and port, or from http to https at their own ports.
func sameHost(from, to *url.URL) bool {
	if !strings.EqualFold(from.Hostname(), to.Hostname()) {
		return false
	}
	same := from.Scheme == to.Scheme && port(from) == port(to)
	return same || from.Scheme == "http" && to.Scheme == "https" && port(from) == "80" && port(to) == "443"
}

func port(u *url.URL) string {
	switch {
	case u.Port() != "":
		return u.Port()
	case u.Scheme == "https":
		return "443"
	}
	return "80"
}

// get makes one request. next is where a redirect leads; else body is an answer of a status that is taken. A status that
// is not comes with an error, and with as much of the body as came in time.
func (l *line) get(ctx context.Context, h *hop) (status int, body []byte, next string, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, h.url.String(), nil)
	if err != nil {
		return 0, nil, "", errors.New("its URL cannot be called")
	}
	req.Header.Set("User-Agent", userAgent)
	req.Header.Set("Accept", "application/json")
	if h.auth {
		req.SetBasicAuth(h.user, h.password)
	}
	got, err := l.transport.RoundTrip(req)
	if err != nil {
		return 0, nil, "", err
	}
	defer func() { _ = got.Body.Close() }()
	status = got.StatusCode
	moved := status == 301 || status == 302 || status == 303
	if !moved && (status < 200 || status > 299) {
		body, _ = read(got)
		return status, body, "", &statusError{status}
	}
	if next = got.Header.Get("Location"); moved && next != "" {
		body, _ = read(got) // so that the connection can be used again
		return status, body, next, nil
	}
	if e := got.Header.Get("Content-Encoding"); e != "" && !strings.EqualFold(e, "identity") {
		return status, nil, "", fmt.Errorf("the answer is encoded as %s, which was not asked for: send it as it is", quoted(e))
	}
	body, err = read(got)
	return status, body, "", err
}

// read takes a body as far as it may go, and with an error what has come of it.
func read(got *http.Response) ([]byte, error) {
	if got.ContentLength > maxBody {
		return nil, errTooLong
	}
	body, err := io.ReadAll(io.LimitReader(got.Body, maxBody+1))
	if len(body) > maxBody {
		return body[:maxBody], errTooLong
	}
	return body, err
}
