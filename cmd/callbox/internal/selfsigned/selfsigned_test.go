package selfsigned

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"testing"
	"time"
)

func TestACertificateIsItsOwnAuthority(t *testing.T) {
	t.Parallel()
	now := time.Now()
	made, err := Make(Request{
		Subject: pkix.Name{CommonName: "test"}, Hosts: []string{"*.pstn.example.com", "192.0.2.7", "2001:db8::7"}, From: now, Lifetime: 24 * time.Hour,
	})
	if err != nil {
		t.Fatal(err)
	}
	block, rest := pem.Decode(PEM(made))
	if block == nil || len(rest) > 0 {
		t.Fatalf("PEM of %d bytes more", len(rest))
	}
	leaf, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(leaf)
	for _, name := range []string{"mypbx.pstn.example.com", "192.0.2.7", "2001:db8::7", "127.0.0.1", "::1", "localhost"} {
		for _, use := range []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth} {
			o := x509.VerifyOptions{DNSName: name, Roots: roots, CurrentTime: now.Add(-time.Minute), KeyUsages: []x509.ExtKeyUsage{use}}
			if _, err := leaf.Verify(o); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	late := x509.VerifyOptions{DNSName: "localhost", Roots: roots, CurrentTime: now.Add(25 * time.Hour)}
	if _, err := leaf.Verify(late); err == nil {
		t.Error("it is good for ever")
	}
}
