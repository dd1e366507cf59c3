package hook_test

import (
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"callbox/routing/bandwidth/hook"
	"callbox/routing/directory"
)

// ask puts one question to a script, in fake time.
func ask(t *testing.T, r hook.Request, serve script) (got hook.Result) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		p := &pipes{t: t, serve: serve}
		c := p.client()
		got = c.Try(t.Context(), r)
		time.Sleep(2 * time.Hour)
		c.Close()
		p.running.Wait()
	})
	return got
}

func TestEveryStatus(t *testing.T) {
	t.Parallel()
	for status := 200; status < 600; status++ {
		if http.StatusText(status) == "" && status%100 != 99 {
			continue
		}
		asked := 0
		got := ask(t, request(), func(t *testing.T, c net.Conn, _ *http.Request) {
			asked++
			if status == 204 || status == 304 {
				write(t, c, fmt.Sprintf("HTTP/1.1 %d X\r\n\r\n", status))
				return
			}
			whole(t, c, itoa(status)+" X", good)
		})
		taken := status/100 == 2 || status == 301 || status == 302 || status == 303
		switch {
		case asked != 1 || got.Status != status:
			t.Errorf("%d: asked %d times, got %+v", status, asked, got)
		case status == 204:
			if got.Err == nil || !strings.Contains(got.Err.Error(), "the answer is empty") {
				t.Errorf("204: got %+v", got)
			}
		case taken && (got.Err != nil || got.Answer.AEUI != "alicePhone0001"):
			t.Errorf("%d: got %+v", status, got)
		case !taken && (got.Err == nil || !strings.Contains(got.Err.Error(), fmt.Sprintf("it answered %d", status)) || got.Answer != (hook.Answer{})):
			t.Errorf("%d: got %+v", status, got)
		case !taken && status != 304 && string(got.Body) != good:
			t.Errorf("%d: the body is %q", status, got.Body)
		}
	}
}

func TestAStatusCountsThoughItsBodyNeverEnds(t *testing.T) {
	t.Parallel()
	got := ask(t, request(), func(t *testing.T, c net.Conn, _ *http.Request) {
		write(t, c, "HTTP/1.1 404 Not Found\r\nContent-Length: 100\r\n\r\nwho?")
		time.Sleep(time.Hour)
	})
	if got.Status != 404 || got.Elapsed != directory.DefaultHookTimeout || string(got.Body) != "who?" || !strings.Contains(got.Err.Error(), "it answered 404 Not Found") {
		t.Errorf("got %+v", got)
	}
}

func TestTheRequestIsAsTheProviderSendsIt(t *testing.T) {
	t.Parallel()
	basic := func(r *hook.Request) { r.User, r.Password = "ada", "pw:ü" }
	for name, tc := range map[string]struct {
		url      string
		set      func(*hook.Request)
		uri      string
		password string
	}{
		"a plain URL":                       {url: "http://hook.example", uri: "/?to=%2B19195550911&from=%2B14155550100"},
		"a path":                            {url: "http://hook.example/a%2Fb", uri: "/a%2Fb?to=%2B19195550911&from=%2B14155550100"},
		"a query of its own is kept":        {url: "http://hook.example/?k=a+b%20c", uri: "/?k=a+b%20c&to=%2B19195550911&from=%2B14155550100"},
		"an empty query":                    {url: "http://hook.example/x?", uri: "/x?to=%2B19195550911&from=%2B14155550100"},
		"a query that ends in &":            {url: "http://hook.example/x?a=1&", uri: "/x?a=1&to=%2B19195550911&from=%2B14155550100"},
		"a fragment is not sent":            {url: "http://hook.example/x#y", uri: "/x?to=%2B19195550911&from=%2B14155550100"},
		"the names the seed has":            {url: "http://hook.example/x", set: func(r *hook.Request) { r.Parameters = directory.ParametersTitle }, uri: "/x?To=%2B19195550911&From=%2B14155550100"},
		"credentials":                       {url: "http://hook.example/x", set: basic, uri: "/x?to=%2B19195550911&from=%2B14155550100", password: "ada pw:ü"},
		"credentials of the URL":            {url: "http://eve:x%40y@hook.example/x", uri: "/x?to=%2B19195550911&from=%2B14155550100", password: "eve x@y"},
		"credentials over those of the URL": {url: "http://eve:x@hook.example/x", set: basic, uri: "/x?to=%2B19195550911&from=%2B14155550100", password: "ada pw:ü"},
		"nobody in From":                    {url: "http://hook.example/x", set: func(r *hook.Request) { r.From = "a&b=c d\r\n" }, uri: "/x?to=%2B19195550911&from=a%26b%3Dc+d%0D%0A"},
	} {
		r := request()
		r.URL = tc.url
		if tc.set != nil {
			tc.set(&r)
		}
		got := ask(t, r, func(t *testing.T, c net.Conn, req *http.Request) {
			user, password, _ := req.BasicAuth()
			if req.Method != "GET" || req.RequestURI != tc.uri || strings.TrimSpace(user+" "+password) != tc.password || req.Host != "hook.example" {
				t.Errorf("%s: %s %s for %s by %q %q", name, req.Method, req.RequestURI, req.Host, user, password)
			}
			if req.Header.Get("Accept-Encoding") != "" || req.Header.Get("Accept") != "application/json" {
				t.Errorf("%s: %v", name, req.Header)
			}
			whole(t, c, "200 OK", good)
		})
		if got.Err != nil {
			t.Errorf("%s: %v", name, got.Err)
		}
	}
}

func TestRedirects(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		to    string
		code  int
		fails string
		uri   string
	}{
		"another path":                   {to: "/other?x=1", uri: "/other?x=1"},
		"the whole URL":                  {to: "http://HOOK.example/other", uri: "/other"},
		"its own port":                   {to: "http://hook.example:80/other", uri: "/other"},
		"301":                            {to: "/other", code: 301, uri: "/other"},
		"303":                            {to: "/other", code: 303, uri: "/other"},
		"307 is not followed":            {to: "/other", code: 307, fails: "it answered 307"},
		"308 is not followed":            {to: "/other", code: 308, fails: "it answered 308"},
		"another host is not":            {to: "http://evil.example/other", fails: `redirects to "http://evil.example", another host or port`},
		"another port is not":            {to: "http://hook.example:8080/other", fails: "another host or port"},
		"a name below is not":            {to: "http://a.hook.example/other", fails: "another host or port"},
		"a host without scheme is not":   {to: "//evil.example/other", fails: "another host or port"},
		"another scheme is not":          {to: "file:///etc/passwd", fails: "neither http nor https"},
		"what is no URL is not":          {to: "http://[", fails: "what is no URL"},
		"a loop is left after three":     {to: "/where", fails: "more than three times"},
		"a URL without end is not":       {to: "/" + strings.Repeat("a", 5000), fails: "longer than 4096"},
		"credentials in it are not used": {to: "http://eve:secret@hook.example/other", uri: "/other"},
	} {
		r := request()
		r.User, r.Password = "ada", "pw"
		asked := 0
		got := ask(t, r, func(t *testing.T, c net.Conn, req *http.Request) {
			asked++
			if user, password, _ := req.BasicAuth(); user != "ada" || password != "pw" {
				t.Errorf("%s: credentials %q %q", name, user, password)
			}
			if strings.HasPrefix(req.RequestURI, "/where") {
				code := tc.code
				if code == 0 {
					code = 302
				}
				write(t, c, fmt.Sprintf("HTTP/1.1 %d X\r\nLocation: %s\r\nContent-Length: 5\r\n\r\nmoved", code, tc.to))
				return
			}
			if req.RequestURI != tc.uri || req.Method != "GET" {
				t.Errorf("%s: asked for %s", name, req.RequestURI)
			}
			whole(t, c, "200 OK", good)
		})
		if tc.fails == "" && (got.Err != nil || got.Redirects != 1 || asked != 2 || got.Status != 200) {
			t.Errorf("%s: asked %d times, got %+v", name, asked, got)
		}
		if tc.fails != "" && (got.Err == nil || !strings.Contains(got.Err.Error(), tc.fails) || asked > 4) {
			t.Errorf("%s: asked %d times, got %+v, want %q", name, asked, got, tc.fails)
		}
	}
}

func TestRedirectsShareTheTimeOfTheFirstRequest(t *testing.T) {
	t.Parallel()
	for wait, late := range map[time.Duration]bool{149 * time.Millisecond: false, 151 * time.Millisecond: true} {
		n := 0
		got := ask(t, request(), func(t *testing.T, c net.Conn, _ *http.Request) {
			time.Sleep(wait)
			if n++; n < 3 {
				write(t, c, "HTTP/1.1 302 X\r\nLocation: /next\r\nContent-Length: 0\r\n\r\n")
				return
			}
			whole(t, c, "200 OK", good)
		})
		if (got.Err != nil) != late || !late && got.Redirects != 2 {
			t.Errorf("%s each: got %+v", wait, got)
		}
	}
}
