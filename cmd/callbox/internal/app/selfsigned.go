package app

import (
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"callbox/cmd/callbox/internal/selfsigned"
	"callbox/config"
	"callbox/routing/directory"
)

// A certificate of our own making lasts two years and is made anew at the first start or reload of its last month. In
// its last month an operator's is warned of.
const (
	ownLifetime = 2 * 365 * 24 * time.Hour
	renewBefore = 30 * 24 * time.Hour
)

// ownName returns the name that every certificate of our own making has as subject and issuer.
func ownName() pkix.Name {
	return pkix.Name{CommonName: "callbox lab", Organization: []string{"callbox"}}
}

// ownMade tells a certificate that makeCertificate made from one that an operator put in its place: only the former has
// our name and is signed by itself.
func ownMade(leaf *x509.Certificate) bool {
	own := ownName()
	return leaf.Subject.String() == own.String() && leaf.Issuer.String() == own.String() && leaf.CheckSignatureFrom(leaf) == nil
}

// hostNames returns the hosts of a directory, with and without their region.
func hostNames(s *directory.Snapshot) []string {
	var names []string
	add := func(name string) {
		names = append(names, name)
		// lab.sip.us1.twilio.com is lab.sip.twilio.com, too
		if labels := strings.Split(name, "."); len(labels) > 4 && (labels[1] == "sip" || labels[1] == "pstn") {
			names = append(names, strings.Join(slices.Delete(labels, 2, 3), "."))
		}
	}
	for _, d := range s.Domains() {
		add(d.Name)
	}
	for _, t := range s.Trunks() {
		add(t.Name)
	}
	return names
}

// ownHosts returns the addresses by which the configuration has others reach the edge with TLS. Whoever checks the
// certificate, as a call centre that fetches additional data, looks for them in it.
func ownHosts(o config.Options) []string {
	var hosts []string
	add := func(a netip.Addr) {
		if a.IsValid() && !a.IsUnspecified() {
			hosts = append(hosts, a.Unmap().WithZone("").String())
		}
	}
	for _, l := range o.SIP.Listeners {
		if l.Encrypted() {
			add(l.Address.Addr())
		}
	}
	if o.HTTP.TLS == "auto" {
		add(o.HTTP.Address.Addr())
		if u, err := url.Parse(o.EmergencyData.BaseURL); err == nil && u.Hostname() != "" {
			hosts = append(hosts, u.Hostname())
		}
	}
	return slices.Compact(hosts)
}

// providerNames returns the names that the provider's clients use: its APIs, and every domain or trunk that somebody makes
// there later, at any of its edges.
func providerNames() []string {
	names := []string{"api.twilio.com", "trunking.twilio.com", "*.sip.twilio.com", "*.pstn.twilio.com"}
	for _, edge := range []string{
		"us1", "us2", "ie1", "au1", "br1", "de1", "jp1", "sg1", "in1",
		"ashburn", "umatilla", "dublin", "frankfurt", "sao-paulo", "singapore", "sydney", "tokyo",
	} {
		names = append(names, "*.sip."+edge+".twilio.com", "*.pstn."+edge+".twilio.com")
	}
	return names
}

// ownPair is the certificate of the data directory and its key as they stand in their files.
type ownPair struct{ certificate, key []byte }

// makeCertificate makes a self-signed certificate for this machine, hosts, and whatever the provider's API may add.
func makeCertificate(hosts []string, now time.Time) (ownPair, error) {
	made, err := selfsigned.Make(selfsigned.Request{
		Subject: ownName(), Hosts: slices.Concat(hosts, providerNames()), From: now, Lifetime: ownLifetime,
	})
	if err != nil {
		return ownPair{}, err
	}
	return encode(&made)
}

// encode returns a certificate, with the chain it has, and its key as files have them.
func encode(c *tls.Certificate) (ownPair, error) {
	key, err := x509.MarshalPKCS8PrivateKey(c.PrivateKey)
	if err != nil {
		return ownPair{}, fmt.Errorf("encode key: %w", err)
	}
	return ownPair{selfsigned.PEM(*c), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key})}, nil
}

// keep writes the pair, the key first, so that no certificate is ever there without one.
func (o ownPair) keep(files config.TLS, write func(path string, data []byte) error) error {
	if err := write(files.Key, o.key); err != nil {
		return fmt.Errorf("write key: %w", err)
	}
	if err := write(files.Certificate, o.certificate); err != nil {
		return fmt.Errorf("write certificate: %w", err)
	}
	return nil
}
