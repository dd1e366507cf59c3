package app

import (
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"callbox/config"
)

// asked returns the certificate that the edge's HTTPS shows who trusts it, and what is on GET /.
func asked(t *testing.T, a *App, file string) (serial string) {
	t.Helper()
	pem, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	client := &http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{
		DisableKeepAlives: true, TLSClientConfig: &tls.Config{RootCAs: roots},
	}}
	resp, err := client.Get("https://" + a.httpAddr.String() + "/api/v1/psaps")
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Errorf("%s", resp.Status)
	}
	return resp.TLS.PeerCertificates[0].SerialNumber.String()
}

func TestHTTPSTakesTheEdgesOwnCertificate(t *testing.T) {
	t.Parallel()
	s := lab(t)
	s.options.HTTP.TLS = "auto"
	s.options.SIP.Listeners = s.options.SIP.Listeners[:1] // none is tls
	a := start(t, s)
	asked(t, a, filepath.Join(s.options.Data, "tls-certificate.pem"))
	if !strings.Contains(a.summary(), "https://"+a.httpAddr.String()) {
		t.Errorf("the summary:\n%s", a.summary())
	}
}

func TestHTTPSFollowsItsFiles(t *testing.T) {
	t.Parallel()
	s, c := lab(t), newClock()
	c.now = time.Now()
	files := inFiles(t, t.TempDir(), c, 0)
	s.options.HTTP.TLS, s.options.HTTP.Certificate, s.options.HTTP.Key = "files", files.Certificate, files.Key
	a := start(t, s)
	first := asked(t, a, files.Certificate)

	others := inFiles(t, t.TempDir(), c, 0)
	s.change(func(s *settings) {
		s.options.HTTP.Certificate, s.options.HTTP.Key = others.Certificate, others.Key
	})
	if got := a.reloadSecurely(t); !strings.Contains(got, "http.certificate: a new certificate") {
		t.Errorf("changed %s", got)
	}
	second := asked(t, a, others.Certificate)
	if first == second {
		t.Error("the certificate is the old one after a reload")
	}

	_ = os.WriteFile(others.Key, []byte("no key"), 0o600)
	if _, err := a.Reload(t.Context()); err == nil || !strings.Contains(err.Error(), "http.certificate") {
		t.Errorf("a bad key: %v", err)
	}
	if asked(t, a, others.Certificate) != second {
		t.Error("a bad key took the certificate out of force")
	}

	s.change(func(s *settings) {
		s.options.HTTP = config.HTTP{Address: s.options.HTTP.Address, TLS: "off"}
	})
	done, err := a.Reload(t.Context())
	if err != nil || len(done.Restart) != 1 || done.Restart[0] != "http.tls" {
		t.Errorf("%+v, %v: http.tls needs a restart", done, err)
	}
	if asked(t, a, others.Certificate) != second {
		t.Error("the certificate went with its setting before the restart")
	}
}

// reloadSecurely reloads and returns what changed, on one line.
func (a *App) reloadSecurely(t *testing.T) string {
	t.Helper()
	done, err := a.Reload(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(done.Changed, ", ")
}

func TestTheReadTokenReadsAndChangesNothing(t *testing.T) {
	t.Parallel()
	s := lab(t)
	if err := os.MkdirAll(s.options.Data, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(s.options.Data, readName), []byte("Only-reading-1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s.options.Auth.Token = "Everything-1"
	a := start(t, s)
	for token, want := range map[string][2]int{"Only-reading-1": {200, 403}, "Everything-1": {200, 200}, "": {401, 401}} {
		for i, method := range []string{http.MethodGet, http.MethodPost} {
			path := []string{"/api/v1/psaps", "/-/reload"}[i]
			r, err := http.NewRequestWithContext(t.Context(), method, "http://"+a.httpAddr.String()+path, nil)
			if err != nil {
				t.Fatal(err)
			}
			r.Host = "edge.example"
			r.SetBasicAuth(a.account(), token)
			resp, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 5 * time.Second}).Do(r)
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			if resp.StatusCode != want[i] {
				t.Errorf("%s %s with %q: %d, want %d", method, path, token, resp.StatusCode, want[i])
			}
		}
	}
	if _, body := a.ask(t, http.MethodGet, "/metrics"); !strings.Contains(body, `callbox_logins_total{result="wrong"} 2`) {
		t.Errorf("the metrics do not count two wrong logins:\n%s", body)
	}
}

func TestAnEmptyReadTokenFileIsAMistake(t *testing.T) {
	t.Parallel()
	s := lab(t)
	if err := os.MkdirAll(s.options.Data, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(s.options.Data, readName), []byte("\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	a, err := Start(t.Context(), Options{Source: s.source})
	if err == nil || !strings.Contains(err.Error(), "read-token is empty") {
		t.Errorf("%v", err)
	}
	if a != nil {
		a.Close()
	}
}
