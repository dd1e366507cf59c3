package config

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestLoadTakesACertificateWithItsKeyOnly(t *testing.T) {
	dir := t.TempDir()
	writePair(t, dir, "edge")
	writePair(t, dir, "other")
	for _, test := range []struct{ name, certificate, key, problem string }{
		{"its own key", "edge.pem", "edge.key", ""},
		{"the key of another", "edge.pem", "other.key", "sip.tls.certificate: \"edge.pem\": cannot be used with sip.tls.key: tls: private key does not match public key"},
		{"the files swapped", "edge.key", "edge.pem", "sip.tls.certificate: \"edge.key\": cannot be used with sip.tls.key"},
		{"no such key", "edge.pem", "none.key", "sip.tls.key: \"none.key\": cannot be read: no such file or directory"},
	} {
		t.Run(test.name, func(t *testing.T) {
			file := filepath.Join(dir, "callbox.yaml")
			src := "sip:\n  tls:\n    certificate: " + test.certificate + "\n    key: " + test.key + "\n"
			if err := os.WriteFile(file, []byte(src), 0o600); err != nil {
				t.Fatal(err)
			}
			_, problems := Load(file, nil)
			switch {
			case test.problem == "" && len(problems) > 0:
				t.Error(problems)
			case test.problem != "" && (len(problems) != 1 || !strings.Contains(problems.Error(), test.problem)):
				t.Errorf("got %q, want %q", problems.Error(), test.problem)
			}
		})
	}
}

func TestLoadTakesFilesThatAreThere(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "callbox.yaml")
	for name, src := range map[string]string{"callbox.yaml": "directory: sites.yaml\nsim: {scripts: scripts.yaml}\ndata: .\n", "sites.yaml": "", "scripts.yaml": ""} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(src), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	o, problems := Load(file, nil)
	if len(problems) > 0 || o.Directory != filepath.Join(dir, "sites.yaml") || o.Data != dir {
		t.Error(o.Directory, o.Data, problems)
	}
}

// writePair makes a self-signed certificate, name.pem, and its key, name.key.
func writePair(t *testing.T, dir, name string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1)}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for file, block := range map[string]*pem.Block{".pem": {Type: "CERTIFICATE", Bytes: cert}, ".key": {Type: "PRIVATE KEY", Bytes: pkcs8}} {
		if err := os.WriteFile(filepath.Join(dir, name+file), pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}
