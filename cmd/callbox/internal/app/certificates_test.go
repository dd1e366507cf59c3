package app

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"callbox/config"
	"callbox/routing/directory"
)

// clock is a time that only moves when told to.
type clock struct{ now time.Time }

func (c *clock) Now() time.Time { return c.now }

func newClock() *clock { return &clock{time.Date(2025, 6, 1, 0, 0, 0, 0, time.UTC)} }

// open opens certificates in dir, with what they log.
func openCerts(t *testing.T, dir string, o config.TLS, c *clock) (*certificates, *bytes.Buffer) {
	t.Helper()
	var log bytes.Buffer
	certs, err := newCertificates(&dataDir{path: dir, write: writeFile}, []string{"lab.example"}, o, c.Now, zerolog.New(&log))
	if err != nil {
		t.Fatal(err)
	}
	return certs, &log
}

// serial returns the serial number of what a handshake gets.
func serial(t *testing.T, c *certificates) string {
	t.Helper()
	cert, err := c.get(nil)
	if err != nil {
		t.Fatal(err)
	}
	return cert.Leaf.SerialNumber.String()
}

// inFiles makes a certificate in two files of dir, their times n seconds after the clock.
func inFiles(t *testing.T, dir string, c *clock, n int) config.TLS {
	t.Helper()
	files := config.TLS{Certificate: filepath.Join(dir, "c.pem"), Key: filepath.Join(dir, "k.pem")}
	made, err := makeCertificate(nil, c.now)
	if err == nil {
		err = made.keep(files, writeFile)
	}
	if err != nil {
		t.Fatal(err)
	}
	touch(t, files, c.now.Add(time.Duration(n)*time.Second))
	return files
}

func touch(t *testing.T, files config.TLS, at time.Time) {
	t.Helper()
	for _, f := range []string{files.Certificate, files.Key} {
		if err := os.Chtimes(f, at, at); err != nil {
			t.Fatal(err)
		}
	}
}

func TestTheFirstStartMakesACertificateThatClientsCanTrust(t *testing.T) {
	t.Parallel()
	dir, c := t.TempDir(), newClock()
	certs, _ := openCerts(t, dir, config.TLS{}, c)
	leaf := certs.current.Load().Leaf
	roots := x509.NewCertPool()
	roots.AddCert(leaf)
	for _, name := range []string{"lab.example", "localhost", "127.0.0.1", "::1"} {
		if _, err := leaf.Verify(x509.VerifyOptions{DNSName: name, Roots: roots, CurrentTime: c.now}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := leaf.Verify(x509.VerifyOptions{DNSName: "evil.example", Roots: roots, CurrentTime: c.now}); err == nil {
		t.Error("the certificate is anybody's")
	}
	if m := mode(t, filepath.Join(dir, "tls-key.pem")); m != 0o600 {
		t.Errorf("the key has mode %v", m)
	}
	again, _ := openCerts(t, dir, config.TLS{}, c)
	if serial(t, certs) != serial(t, again) {
		t.Error("the next start makes another one")
	}
}

func TestACertificateOfOurOwnIsRenewedInItsLastMonth(t *testing.T) {
	t.Parallel()
	dir, c := t.TempDir(), newClock()
	certs, _ := openCerts(t, dir, config.TLS{}, c)
	first := serial(t, certs)
	c.now = c.now.Add(ownLifetime - renewBefore - time.Hour)
	certs, _ = openCerts(t, dir, config.TLS{}, c)
	if serial(t, certs) != first {
		t.Error("renewed too early")
	}
	c.now = c.now.Add(2 * time.Hour)
	certs, _ = openCerts(t, dir, config.TLS{}, c)
	if serial(t, certs) == first || certs.expiry().Sub(c.now) < ownLifetime/2 {
		t.Error("not renewed")
	}
}

// theirs puts a certificate that is not of our making into dir, under the names of our own.
func theirs(t *testing.T, dir string, subject pkix.Name, until time.Time) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	authority := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Lab authority"}}
	leaf := &x509.Certificate{SerialNumber: big.NewInt(4711), Subject: subject, NotAfter: until}
	der, err := x509.CreateCertificate(rand.Reader, leaf, authority, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for name, block := range map[string]*pem.Block{
		"tls-certificate.pem": {Type: "CERTIFICATE", Bytes: der}, "tls-key.pem": {Type: "PRIVATE KEY", Bytes: keyDER},
	} {
		if err := os.WriteFile(filepath.Join(dir, name), pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func TestAnOperatorsCertificateIsKeptAndWarnedOfOnce(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		subject pkix.Name
		lasts   time.Duration
		warned  int
	}{
		{"one that lasts", pkix.Name{CommonName: "sip.example.com"}, renewBefore + time.Hour, 0},
		{"one in its last month", pkix.Name{CommonName: "sip.example.com"}, renewBefore - time.Hour, 1},
		{"one that has expired", pkix.Name{CommonName: "sip.example.com"}, -time.Hour, 1},
		{"one that has our name and another issuer", ownName(), time.Hour, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			dir, c := t.TempDir(), newClock()
			theirs(t, dir, tt.subject, c.now.Add(tt.lasts))
			before := contents(t, dir)
			certs, log := openCerts(t, dir, config.TLS{}, c)
			if _, err := certs.prepare(config.TLS{}); err != nil { // as a reload does
				t.Fatal(err)
			}
			if serial(t, certs) != "4711" || contents(t, dir) != before {
				t.Error("the operator's files were changed")
			}
			if n := strings.Count(log.String(), "not renewed"); n != tt.warned {
				t.Errorf("warned %d times, want %d\n%s", n, tt.warned, log)
			}
			if tt.warned > 0 && !strings.Contains(log.String(), "put a new certificate and key") {
				t.Errorf("no mend in\n%s", log)
			}
		})
	}
}

// contents returns certificate and key of dir.
func contents(t *testing.T, dir string) string {
	t.Helper()
	cert, err := os.ReadFile(filepath.Join(dir, "tls-certificate.pem"))
	if err != nil {
		t.Fatal(err)
	}
	key, err := os.ReadFile(filepath.Join(dir, "tls-key.pem"))
	if err != nil {
		t.Fatal(err)
	}
	return string(cert) + string(key)
}

func TestHalfAPairIsNotOverwritten(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"tls-certificate.pem", "tls-key.pem"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir, c := t.TempDir(), newClock()
			theirs(t, dir, pkix.Name{CommonName: "sip.example.com"}, c.now.Add(time.Hour))
			if err := os.Remove(filepath.Join(dir, name)); err != nil {
				t.Fatal(err)
			}
			_, err := newCertificates(&dataDir{path: dir, write: writeFile}, nil, config.TLS{}, c.Now, zerolog.Nop())
			if err == nil || !strings.Contains(err.Error(), name) {
				t.Errorf("%v", err)
			}
			if _, err := os.Stat(filepath.Join(dir, name)); err == nil {
				t.Errorf("%s was made beside the operator's file", name)
			}
		})
	}
}

func TestANewCertificateIsUsedWithoutARestart(t *testing.T) {
	t.Parallel()
	dir, c := t.TempDir(), newClock()
	files := inFiles(t, dir, c, 0)
	certs, log := openCerts(t, dir, files, c)
	old := serial(t, certs)
	inFiles(t, dir, c, 10)
	if serial(t, certs) != old {
		t.Error("the files are looked at by every handshake")
	}
	c.now = c.now.Add(recheckAfter)
	if serial(t, certs) == old {
		t.Errorf("the old certificate is still in use\n%s", log)
	}
}

func TestABadNewCertificateKeepsTheOldAndSaysSoOnce(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		spoil func(t *testing.T, f config.TLS)
	}{
		{"nonsense", func(t *testing.T, f config.TLS) {
			if err := os.WriteFile(f.Certificate, []byte("nonsense"), 0o600); err != nil {
				t.Fatal(err)
			}
		}},
		{"gone", func(t *testing.T, f config.TLS) { os.Remove(f.Key) }},
		{"key of another", func(t *testing.T, f config.TLS) {
			other := t.TempDir()
			another := inFiles(t, other, newClock(), 20)
			key, _ := os.ReadFile(another.Key)
			if err := os.WriteFile(f.Key, key, 0o600); err != nil {
				t.Fatal(err)
			}
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			dir, c := t.TempDir(), newClock()
			files := inFiles(t, dir, c, 0)
			certs, log := openCerts(t, dir, files, c)
			old := serial(t, certs)
			tt.spoil(t, files)
			for range 4 {
				c.now = c.now.Add(recheckAfter)
				if serial(t, certs) != old {
					t.Fatal("the old certificate is no longer in use")
				}
			}
			if n := strings.Count(log.String(), "the old one stays"); n != 1 {
				t.Errorf("said %d times\n%s", n, log)
			}
			if _, err := certs.prepare(files); err == nil {
				t.Error("a reload would take it")
			}
			inFiles(t, dir, c, 30)
			c.now = c.now.Add(recheckAfter)
			if serial(t, certs) == old {
				t.Errorf("a good one after it is not used\n%s", log)
			}
		})
	}
}

func TestACertificateThatCannotBeReadStopsTheStart(t *testing.T) {
	t.Parallel()
	dir, c := t.TempDir(), newClock()
	if err := os.WriteFile(filepath.Join(dir, "tls-certificate.pem"), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "tls-key.pem"), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := newCertificates(&dataDir{path: dir, write: writeFile}, nil, config.TLS{}, c.Now, zerolog.Nop()); err == nil || !strings.Contains(err.Error(), "delete both files") {
		t.Errorf("%v", err)
	}
}

func TestAnEdgeWithoutTLSNeedsNoCertificate(t *testing.T) {
	t.Parallel()
	var none *certificates
	if none.serverConfig() != nil {
		t.Error("a TLS configuration out of nothing")
	}
	certs, _ := openCerts(t, t.TempDir(), config.TLS{}, newClock())
	if o := certs.serverConfig(); o.MinVersion != tls.VersionTLS12 || o.GetCertificate == nil {
		t.Errorf("%+v", o)
	}
}

func TestTheLabsHostsHaveTheirShortForms(t *testing.T) {
	t.Parallel()
	names := hostNames(directory.Lab(netip.AddrPort{}))
	for _, want := range []string{
		"lab.sip.us1.twilio.com", "lab.sip.twilio.com", "store.sip.us1.twilio.com", "phones.sip.us1.twilio.com",
		"quiet.sip.us1.twilio.com", "lab.pstn.ashburn.twilio.com", "lab.pstn.twilio.com",
	} {
		if !slices.Contains(names, want) {
			t.Errorf("no %s in %v", want, names)
		}
	}
}

func TestTheOwnCertificateIsGoodForDomainsMadeLater(t *testing.T) {
	t.Parallel()
	pair, err := makeCertificate(nil, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(pair.certificate)
	leaf, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	for _, host := range []string{"api.twilio.com", "shop.sip.twilio.com", "shop.sip.us1.twilio.com", "mypbx.pstn.ashburn.twilio.com"} {
		if err := leaf.VerifyHostname(host); err != nil {
			t.Error(err)
		}
	}
	if leaf.VerifyHostname("a.shop.sip.twilio.com") == nil {
		t.Error("good for a name below a domain")
	}
}

func TestTheOwnCertificateIsGoodForTheAddressesOfTheConfiguration(t *testing.T) {
	t.Parallel()
	o := config.Defaults()
	if got := ownHosts(o); len(got) != 0 {
		t.Errorf("the lab has %q", got)
	}
	o.SIP.Listeners = []config.Listener{
		{Network: "udp", Address: netip.MustParseAddrPort("192.0.2.1:5060")}, {Network: "tls", Address: netip.MustParseAddrPort("192.0.2.2:5061")},
	}
	o.HTTP.TLS, o.HTTP.Address = "auto", netip.MustParseAddrPort("[2001:db8::1]:8443")
	o.EmergencyData.BaseURL = "https://edge.example.com:8443/data"
	pair, err := makeCertificate(ownHosts(o), time.Now())
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(pair.certificate)
	leaf, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	for host, want := range map[string]bool{"192.0.2.1": false, "192.0.2.2": true, "2001:db8::1": true, "edge.example.com": true, "127.0.0.1": true} {
		if got := leaf.VerifyHostname(host) == nil; got != want {
			t.Errorf("%s: %v", host, got)
		}
	}
}
