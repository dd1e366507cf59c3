package webhook

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

func FuzzFollow(f *testing.F) {
	f.Add("https://ada:pw@customer.example/voice?a=b", "//other.example/x", 302)
	f.Add("https://customer.example:8443/voice", "http://customer.example/x", 307)
	f.Add("http://customer.example/voice", "https://CUSTOMER.example:9/x", 308)
	f.Add("http://customer.example/voice", "http://u:p@[::1]:80/%zz?#", 303)
	f.Add("http://customer.example", "file:///etc/passwd", 301)
	f.Fuzz(func(t *testing.T, first, location string, status int) {
		h, err := newHop(Request{URL: first, Form: url.Values{"A": {"b"}}, AuthToken: "token"})
		if err != nil {
			return
		}
		before := *h.url
		if h.url.User != nil || h.url.Fragment != "" {
			t.Fatalf("would ask for %s", h.url)
		}
		if err := h.follow(location, status); err != nil {
			return
		}
		if h.url.Scheme != "http" && h.url.Scheme != "https" || h.url.Hostname() == "" || h.url.User != nil {
			t.Fatalf("would ask for %s", h.url)
		}
		foreign := !strings.EqualFold(before.Hostname(), h.url.Hostname()) || before.Scheme == "https" && h.url.Scheme == "http"
		if foreign && h.key != "" {
			t.Fatalf("%s would get the signature meant for %s", h.url, &before)
		}
		if h.method == http.MethodGet && h.body != nil {
			t.Fatal("a GET with a body")
		}
		if strings.ContainsAny(h.url.RequestURI(), "\r\n") {
			t.Fatalf("request URI %q", h.url.RequestURI())
		}
	})
}
