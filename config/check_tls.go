package config

import (
	"crypto/x509"
	"fmt"
	"os"
	"path"
	"strings"
)

// clientAuth checks what listeners ask of their peers' certificates.
func (c *checker) clientAuth(s SIP) {
	for i, l := range s.Listeners {
		at := fmt.Sprintf("sip.listeners[%d].client_auth", i)
		if l.ClientAuth == "" {
			continue
		}
		c.oneOf(at, l.ClientAuth, clientAuths())
		switch {
		case l.ClientAuth == "off":
		case !l.Encrypted():
			c.add(at, "is for listeners of network tls or wss: others see no certificate", "remove it, or change the network")
		case s.TLS.ClientCA == "":
			c.add(at, "has no authorities to hold certificates against", "set sip.tls.client_ca")
		}
	}
}

// origins checks the patterns of hosts whose pages may connect.
func (c *checker) origins(patterns []string) {
	for i, p := range patterns {
		at := fmt.Sprintf("sip.websocket.origins[%d]", i)
		_, err := path.Match(p, "")
		if p == "" || err != nil || strings.Contains(p, "/") {
			c.add(at, "is not a host", `write the host of the page alone, such as phone.example.com, *.example.com or "*" for any`)
		}
	}
}

// authorities checks that a file has certificates.
func (c *checker) authorities(path, file string) {
	if !c.readable(path, file) {
		return
	}
	if _, err := Authorities(file, false); err != nil {
		c.add(path, err.Error(), "give the PEM certificates of the authorities, one after the other")
	}
}

// Authorities reads the certificates of a PEM file; with system those of the machine are among them.
func Authorities(file string, system bool) (*x509.CertPool, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if system {
		if pool, err = x509.SystemCertPool(); err != nil { // a machine without any
			pool = x509.NewCertPool()
		}
	}
	if !pool.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("has no certificate in PEM")
	}
	return pool, nil
}
