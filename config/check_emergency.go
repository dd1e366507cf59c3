package config

import (
	"fmt"
	"net/url"
	"strings"
)

// emergencyData checks what next-generation call centres are told of the edge: a URL that they are given must be one that
// nobody on the way can read.
func (c *checker) emergencyData(e EmergencyData) {
	if e.BaseURL != "" {
		u, err := url.Parse(e.BaseURL)
		switch {
		case err != nil || u.Scheme != "https" || u.Hostname() == "":
			c.add("emergency_data.base_url", "is no https: URL", "write https://HOST, or https://HOST:PORT/PATH, by which call centres reach this edge's HTTP")
		case u.User != nil || u.RawQuery != "" || u.Fragment != "" || strings.ContainsAny(e.BaseURL, "<>\" \t"):
			c.add("emergency_data.base_url", "has more than a host and a path", "remove user, query and fragment: every call's own URL is added")
		}
	}
	if e.Domain != "" && !isDomain(e.Domain) {
		c.add("emergency_data.domain", "is no domain name", "write a name of yours such as edge.example.com")
	}
	p := e.Provider
	if s := p.Series; s != "NENA" && s != "EENA" && s != "domain" {
		c.add("emergency_data.provider.id_series", "is not a series of RFC 7852", "write NENA, EENA or domain")
	}
	if p.Name == "" || len(p.Name) > 256 {
		c.add("emergency_data.provider.name", "is not a provider's name", "write up to 256 bytes")
	}
	if scheme, rest, ok := strings.Cut(p.Contact, ":"); p.Contact != "" && (!ok || rest == "" || scheme != "tel" && scheme != "sip" && scheme != "sips" ||
		strings.ContainsAny(p.Contact, "<>\" \t")) {
		c.add("emergency_data.provider.contact", "is no URI that a call centre can call", "write tel:+NUMBER or sip:USER@HOST")
	}
	for i, l := range p.Languages {
		if l == "" || len(l) > 35 || strings.Trim(l, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-") != "" {
			c.add(fmt.Sprintf("emergency_data.provider.languages[%d]", i), "is no language tag", "write one such as en or fr-CA")
		}
	}
}

// isDomain tells whether s is a name of letters, digits and hyphens with dots between.
func isDomain(s string) bool {
	if len(s) > 253 {
		return false
	}
	for label := range strings.SplitSeq(s, ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' ||
			strings.Trim(strings.ToLower(label), "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
			return false
		}
	}
	return true
}
