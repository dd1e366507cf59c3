package webhook_test

import (
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/twilio/twilio-go/client"
	"go.uber.org/goleak"

	"callbox/routing/webhook"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m)
}

// newClient returns a client that trusts the certificates of httptest.
func newClient(t *testing.T, o webhook.Options) *webhook.Client {
	t.Helper()
	c := webhook.New(o)
	t.Cleanup(c.Close)
	return c
}

func serve(t *testing.T, h http.HandlerFunc) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s
}

var form = url.Values{"CallSid": {"CA0"}, "From": {"+14155550111"}, "To": {"+14155550100"}}

func TestCallPostsASignedForm(t *testing.T) {
	validator := client.NewRequestValidator(token)
	var self string
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if !validator.ValidateBody(self+r.URL.String(), body, r.Header.Get("X-Twilio-Signature")) {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		user, password, _ := r.BasicAuth()
		w.Header().Set("Content-Type", "text/xml")
		_, _ = io.WriteString(w, strings.Join([]string{r.Method, r.URL.String(), user, password, string(body), r.UserAgent()[:7]}, " "))
	})
	self = s.URL
	c := newClient(t, webhook.Options{})
	for _, tc := range []struct{ method, want string }{
		{"POST", "POST /voice?a=b ada s3cret CallSid=CA0&From=%2B14155550111&To=%2B14155550100 callbox"},
		{"", "POST /voice?a=b ada s3cret CallSid=CA0&From=%2B14155550111&To=%2B14155550100 callbox"},
		{"GET", "GET /voice?a=b&CallSid=CA0&From=%2B14155550111&To=%2B14155550100 ada s3cret  callbox"},
	} {
		resp, err := c.Call(t.Context(), webhook.Request{
			Method: tc.method, URL: strings.Replace(s.URL, "//", "//ada:s3cret@", 1) + "/voice?a=b#rc=2", Form: form, AuthToken: token,
		})
		if err != nil {
			t.Fatal(err)
		}
		if string(resp.Body) != tc.want || resp.ContentType != "text/xml" || resp.Status != 200 || resp.Elapsed <= 0 {
			t.Errorf("got %+v %s", resp, resp.Body)
		}
		if !strings.Contains(resp.URL, "ada:s3cret@") {
			t.Errorf("%s is not what other URLs can be resolved against", resp.URL)
		}
	}
}

func TestConnectionsAreUsedAgain(t *testing.T) {
	var connections atomic.Int32
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/wrong" {
			http.Error(w, "wrong", http.StatusInternalServerError)
		}
	}))
	s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			connections.Add(1)
		}
	}
	s.Start()
	t.Cleanup(s.Close)
	c := newClient(t, webhook.Options{})
	for _, path := range []string{"/", "/wrong", "/", "/wrong"} {
		_, _ = c.Call(t.Context(), webhook.Request{URL: s.URL + path})
	}
	if n := connections.Load(); n != 1 {
		t.Errorf("%d connections for 4 calls", n)
	}
}

func TestCallFails(t *testing.T) {
	mux := hostile()
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	tls := httptest.NewUnstartedServer(mux)
	tls.Config.ErrorLog = quiet()
	tls.StartTLS()
	t.Cleanup(tls.Close)
	wild := rawServer(t, "hello\r\n\r\n")
	closing := rawServer(t, "")

	for _, tc := range []struct {
		name, url string
		code      int
		words     string
	}{
		{"no URL", "::", webhook.CodeURL, "no URL"},
		{"another scheme", "ftp://customer.example/", webhook.CodeURL, "neither http nor https"},
		{"no host", "http:///voice", webhook.CodeURL, "no host"},
		{"a URL without end", s.URL + "/" + strings.Repeat("a", 5000), webhook.CodeURL, "longer than"},
		{"a document that is not there", s.URL + "/404", webhook.CodeRetrieval, "status 404"},
		{"ten megabytes", s.URL + "/huge", webhook.CodeTooLarge, "64 kB"},
		{"compression nobody asked for", s.URL + "/gzip", webhook.CodeProtocol, "compressed"},
		{"redirects without end", s.URL + "/loop", webhook.CodeRedirects, "more than 10"},
		{"a redirect to nowhere", s.URL + "/nowhere", webhook.CodeRedirect, "without a Location"},
		{"a redirect to a file", s.URL + "/file", webhook.CodeRedirect, "neither http nor https"},
		{"headers without end", s.URL + "/headers", webhook.CodeProtocol, ""},
		{"an answer that drips", s.URL + "/drip", webhook.CodeTotalTime, "within"},
		{"no answer", s.URL + "/silent", webhook.CodeTotalTime, "within"},
		{"what is not HTTP", wild, webhook.CodeProtocol, "not HTTP"},
		{"a closed connection", closing, webhook.CodeProtocol, ""},
		{"nobody there", "http://127.0.0.1:" + unusedPort(t), webhook.CodeRefused, "refused"},
		{"a name that leads nowhere", "http://customer.invalid/", webhook.CodeHost, "customer.invalid"},
		{"a certificate of nobody", tls.URL, webhook.CodeCertPath, "trusted"},
		{"TLS with a server that has none", strings.Replace(s.URL, "http:", "https:", 1), webhook.CodeTLS, "TLS"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			timeout := 20 * time.Second
			if tc.code == webhook.CodeTotalTime {
				timeout = 50 * time.Millisecond
			}
			c := newClient(t, webhook.Options{Timeout: timeout})
			_, err := c.Call(t.Context(), webhook.Request{URL: tc.url, Form: form, AuthToken: token})
			var e *webhook.Error
			if !errors.As(err, &e) {
				t.Fatalf("got %v", err)
			}
			if e.Code != tc.code || !strings.Contains(e.Error(), tc.words) {
				t.Errorf("got %v, want code %d", e, tc.code)
			}
		})
	}
}

func TestCertificatesAreChecked(t *testing.T) {
	s := httptest.NewUnstartedServer(http.NotFoundHandler())
	s.Config.ErrorLog = quiet()
	s.StartTLS()
	t.Cleanup(s.Close)
	pool := x509.NewCertPool()
	pool.AddCert(s.Certificate())
	c := newClient(t, webhook.Options{RootCAs: pool})
	var e *webhook.Error
	if _, err := c.Call(t.Context(), webhook.Request{URL: s.URL}); !errors.As(err, &e) || e.Status != 404 {
		t.Errorf("got %v, want the server's 404", err)
	}
	other := strings.Replace(s.URL, "127.0.0.1", "localhost", 1)
	if _, err := c.Call(t.Context(), webhook.Request{URL: other}); !errors.As(err, &e) || e.Code != webhook.CodeCertHost {
		t.Errorf("got %v, want that the certificate is for another host", err)
	}
}

func TestForbiddenAddresses(t *testing.T) {
	s := serve(t, func(http.ResponseWriter, *http.Request) { t.Error("it was called") })
	c := newClient(t, webhook.Options{Forbidden: func(a netip.AddrPort) bool { return a.Addr().IsLoopback() }})
	for _, u := range []string{s.URL, strings.Replace(s.URL, "127.0.0.1", "localhost", 1)} {
		var e *webhook.Error
		if _, err := c.Call(t.Context(), webhook.Request{URL: u}); !errors.As(err, &e) || e.Code != webhook.CodeConnection {
			t.Errorf("%s: got %v", u, err)
		}
	}
}

func TestRedirects(t *testing.T) {
	type seen struct{ Method, Path, Body, User, Signed string }
	var got []seen
	record := func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		user, _, _ := r.BasicAuth()
		signed := "no"
		if sig := r.Header.Get("X-Twilio-Signature"); sig != "" {
			v := client.NewRequestValidator(token)
			signed = map[bool]string{true: "yes", false: "wrongly"}[v.ValidateBody("http://"+r.Host+r.URL.String(), body, sig)]
		}
		got = append(got, seen{r.Method, r.URL.Path, string(body), user, signed})
	}
	other := serve(t, record)
	elsewhere := strings.Replace(other.URL, "127.0.0.1", "localhost", 1)
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		record(w, r)
		switch r.URL.Path {
		case "/see":
			http.Redirect(w, r, "end", http.StatusSeeOther)
		case "/same":
			http.Redirect(w, r, "/end", http.StatusTemporaryRedirect)
		case "/login":
			http.Redirect(w, r, "http://bob:pw@"+r.Host+"/end", http.StatusFound)
		case "/other":
			http.Redirect(w, r, elsewhere+"/end", http.StatusPermanentRedirect)
		}
	})
	c := newClient(t, webhook.Options{})
	body := "CallSid=CA0"
	for _, tc := range []struct {
		path string
		want []seen
	}{
		{"/see", []seen{{"POST", "/see", body, "ada", "yes"}, {"GET", "/end", "", "ada", "yes"}}},
		{"/same", []seen{{"POST", "/same", body, "ada", "yes"}, {"POST", "/end", body, "ada", "yes"}}},
		{"/login", []seen{{"POST", "/login", body, "ada", "yes"}, {"GET", "/end", "", "bob", "yes"}}},
		{"/other", []seen{{"POST", "/other", body, "ada", "yes"}, {"POST", "/end", body, "", "no"}}},
	} {
		got = nil
		_, err := c.Call(t.Context(), webhook.Request{
			URL: strings.Replace(s.URL, "//", "//ada:pw@", 1) + tc.path, Form: url.Values{"CallSid": {"CA0"}}, AuthToken: token,
		})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(tc.want, got); diff != "" {
			t.Errorf("%s: %s", tc.path, diff)
		}
	}
}

func TestErrorsKeepSecrets(t *testing.T) {
	c := newClient(t, webhook.Options{})
	u := "http://ada:s3cret@127.0.0.1:" + unusedPort(t) + "/voice?key=k3y"
	_, err := c.Call(t.Context(), webhook.Request{URL: u, AuthToken: token})
	if err == nil || strings.Contains(err.Error(), "s3cret") || strings.Contains(err.Error(), "k3y") || strings.Contains(err.Error(), token) {
		t.Errorf("got %v", err)
	}
	_, err = c.Call(t.Context(), webhook.Request{URL: "http://ada:s3cret@[::x/"})
	if err == nil || strings.Contains(err.Error(), "s3cret") {
		t.Errorf("got %v", err)
	}
}

type refusal struct{}

func (refusal) Error() string  { return "this is no TwiML" }
func (refusal) ErrorCode() int { return 12100 }

func TestCallOr(t *testing.T) {
	var asked []string
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm()
		asked = append(asked, r.URL.Path+" "+r.PostForm.Get("ErrorCode")+" "+strings.Replace(r.PostForm.Get("ErrorUrl"), "http://"+r.Host, "", 1))
		if r.URL.Path == "/500" {
			w.WriteHeader(http.StatusInternalServerError)
		}
		_, _ = io.WriteString(w, r.URL.Path)
	})
	c := newClient(t, webhook.Options{})
	accept := func(r webhook.Response) error {
		if string(r.Body) == "/bad" {
			return refusal{}
		}
		return nil
	}
	request := func(path string) webhook.Request {
		if path == "" {
			return webhook.Request{}
		}
		return webhook.Request{URL: strings.Replace(s.URL, "//", "//a:b@", 1) + path, Form: form}
	}
	for _, tc := range []struct {
		first, fallback, body string
		failed                bool
		asked                 []string
	}{
		{"/good", "/fallback", "/good", false, []string{"/good  "}},
		{"/500", "/fallback", "/fallback", false, []string{"/500  ", "/fallback 11200 /500"}},
		{"/bad", "/fallback", "/fallback", false, []string{"/bad  ", "/fallback 12100 /bad"}},
		{"/bad", "/500", "", true, []string{"/bad  ", "/500 12100 /bad"}},
		{"/500", "", "", true, []string{"/500  "}},
	} {
		asked = nil
		resp, err := c.CallOr(t.Context(), request(tc.first), request(tc.fallback), accept)
		if (err != nil) != tc.failed || !tc.failed && string(resp.Body) != tc.body {
			t.Errorf("%s or %s: got %q, %v", tc.first, tc.fallback, resp.Body, err)
		}
		if (resp.Fallback != nil) != (len(tc.asked) == 2) {
			t.Errorf("%s or %s: the reason for the fallback is %v", tc.first, tc.fallback, resp.Fallback)
		}
		if diff := cmp.Diff(tc.asked, asked); diff != "" {
			t.Error(diff)
		}
	}
	if form.Get("ErrorCode") != "" {
		t.Error("the caller's form was changed")
	}
}
