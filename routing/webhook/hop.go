package webhook

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// hop is one request of a call: the first, or one that a redirect led to.
type hop struct {
	method   string
	url      *url.URL // without user, password and fragment
	user     *url.Userinfo
	form     url.Values // that the signature covers
	body     []byte
	bodyType string
	key      string // signs it; "" does not
	accept   string
	maxBody  int64
	token    string
}

// newHop returns the first request of a call. It is never nil.
func newHop(r Request) (*hop, error) {
	h := &hop{method: r.Method, url: &url.URL{}, key: r.AuthToken, accept: r.Accept, maxBody: r.MaxBody, token: newToken()}
	if h.method == "" {
		h.method = http.MethodPost
	}
	if h.method != http.MethodPost && h.method != http.MethodGet {
		return h, &Error{Code: CodeURL, Message: fmt.Sprintf("method %.10q is neither GET nor POST", r.Method)}
	}
	u, why := parse(r.URL)
	if why != "" {
		return h, &Error{Code: CodeURL, Message: why}
	}
	h.user, u.User = u.User, nil
	h.url = u
	switch {
	case h.method == http.MethodGet:
		addQuery(u, r.Form)
	case r.JSON != nil:
		signed, _ := SignBody(r.AuthToken, u.String(), r.JSON)
		if withHash, why := parse(signed); why == "" && r.AuthToken != "" {
			h.url = withHash
		}
		h.body, h.bodyType = r.JSON, "application/json"
	default:
		h.form, h.body = r.Form, []byte(r.Form.Encode())
		h.bodyType = "application/x-www-form-urlencoded; charset=utf-8"
	}
	return h, nil
}

// parse reads a URL that is to be called; why is a sentence where it cannot be.
func parse(s string) (u *url.URL, why string) {
	if len(s) > maxURL {
		return nil, fmt.Sprintf("the URL is longer than %d characters", maxURL)
	}
	u, err := url.Parse(s)
	switch {
	case err != nil:
		return nil, "it is no URL: write it as https://host/path"
	case u.Scheme != "http" && u.Scheme != "https":
		return nil, fmt.Sprintf("its scheme %.20q is neither http nor https", u.Scheme)
	case u.Hostname() == "" || u.Opaque != "":
		return nil, "it names no host"
	}
	u.Fragment, u.RawFragment = "", ""
	return u, ""
}

// follow makes h the request that a redirect asks for.
func (h *hop) follow(location string, status int) error {
	to, err := h.url.Parse(location)
	if err != nil {
		return &Error{Code: CodeRedirect, Status: status, Message: "it redirects to what is no URL"}
	}
	next, why := parse(to.String())
	if why != "" {
		return &Error{Code: CodeRedirect, Status: status, Message: "it redirects, and of where to: " + why}
	}
	user := next.User
	next.User = nil
	same := strings.EqualFold(next.Hostname(), h.url.Hostname()) && (next.Scheme == h.url.Scheme || next.Scheme == "https")
	if !same {
		h.key, h.user = "", nil
	}
	if user != nil {
		h.user = user
	}
	h.url = next
	if status != http.StatusTemporaryRedirect && status != http.StatusPermanentRedirect {
		h.method, h.form, h.body, h.bodyType = http.MethodGet, nil, nil, ""
	}
	return nil
}

// whole is the URL with its user and password.
func (h *hop) whole() string {
	u := *h.url
	u.User = h.user
	return u.String()
}

// Named returns a URL as it may be shown: without user, password and query, where secrets may be.
func Named(rawURL string) string {
	u, err := url.Parse(rawURL)
	if err != nil {
		return "a URL that cannot be read"
	}
	u.User, u.RawQuery, u.ForceQuery, u.Fragment, u.RawFragment = nil, "", false, "", ""
	return clip(u.String(), 200)
}

// bare returns a URL without user and password.
func bare(s string) string {
	u, err := url.Parse(s)
	if err != nil {
		return ""
	}
	u.User = nil
	return u.String()
}
