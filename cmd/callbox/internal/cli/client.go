package cli

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/spf13/pflag"
)

// client asks the API of a running edge.
type client struct {
	url, user, tokenFile string
}

const defaultURL = "http://127.0.0.1:8080"

func (c *client) add(f *pflag.FlagSet) {
	address := os.Getenv("CALLBOX_URL")
	if address == "" {
		address = defaultURL
	}
	f.StringVar(&c.url, "url", address, "where the edge's API is (CALLBOX_URL)")
	f.StringVar(&c.user, "user", os.Getenv("CALLBOX_USER"), "`SID` of the main account or of an API key; not needed on the edge's own machine (CALLBOX_USER)")
	f.StringVar(&c.tokenFile, "token-file", "", "`file` with the auth token or the key's secret; else CALLBOX_AUTH_TOKEN has it")
}

// request makes a request of the API. An error is one of usage.
func (c *client) request(ctx context.Context, method, path string, query url.Values, body io.Reader) (*http.Request, error) {
	u, err := url.Parse(strings.TrimSuffix(c.url, "/"))
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil {
		return nil, usage("--url %q is no address of an API; write one such as %s", c.url, defaultURL)
	}
	u.Path, u.RawQuery = u.Path+path, query.Encode()
	r, err := http.NewRequestWithContext(ctx, method, u.String(), body)
	if err != nil {
		return nil, usage("%w", err)
	}
	if c.user == "" {
		return r, nil
	}
	token := os.Getenv("CALLBOX_AUTH_TOKEN")
	if c.tokenFile != "" {
		text, err := os.ReadFile(c.tokenFile)
		if err != nil {
			return nil, fmt.Errorf("read the token: %w", err)
		}
		token = strings.TrimSpace(string(text))
	}
	switch {
	case token == "":
		return nil, usage("--user %s needs a token: name its file with --token-file, or set CALLBOX_AUTH_TOKEN", c.user)
	case inTheClear(u):
		return nil, usage("the token would go to %s in the clear; use https", u.Host)
	}
	r.SetBasicAuth(c.user, token)
	return r, nil
}

// inTheClear tells whether what is sent to u crosses a network without TLS.
func inTheClear(u *url.URL) bool { return u.Scheme == "http" && !loopback(u.Hostname()) }

func loopback(host string) bool {
	a, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && a.IsLoopback()
}

// do sends a request. There is no limit on the whole, which may carry a million numbers; the edge has its own.
func (c *client) do(r *http.Request) (*http.Response, error) {
	transport := &http.Transport{
		Proxy: http.ProxyFromEnvironment, DialContext: (&net.Dialer{Timeout: 10 * time.Second}).DialContext,
		TLSHandshakeTimeout: 10 * time.Second, DisableKeepAlives: true, TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12},
	}
	answer, err := (&http.Client{Transport: transport}).Do(r)
	var op *net.OpError
	switch {
	case errors.As(err, &op) && op.Op == "dial":
		return nil, fmt.Errorf("no edge answers at %s: %w; start one with callbox serve, or name another with --url", c.url, op.Err)
	case err != nil:
		return nil, fmt.Errorf("ask the edge: %w", err)
	}
	return answer, nil
}

// complaint is a problem document.
type complaint struct {
	Detail string `json:"detail"`
	Errors []struct {
		Message  string `json:"message"`
		Location string `json:"location"`
	} `json:"errors"`
}

// refusal puts an answer that is none of those wanted into words.
func (c *client) refusal(answer *http.Response, body []byte) error {
	var p complaint
	if json.Unmarshal(body, &p) != nil || p.Detail == "" {
		return fmt.Errorf("the edge at %s answers %s: is it a callbox?", c.url, answer.Status)
	}
	text := p.Detail
	for _, e := range p.Errors {
		text += "; " + strings.TrimPrefix(e.Location, "query.") + ": " + e.Message
	}
	if answer.StatusCode == http.StatusUnauthorized {
		text += "; say who you are with --user and --token-file"
	}
	return fmt.Errorf("the edge refuses: %s", text)
}
