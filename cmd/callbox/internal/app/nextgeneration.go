package app

import (
	"cmp"
	"net/url"
	"strings"

	"callbox/psap/ng911"
	"callbox/sip/b2bua"
)

// nextGeneration is what next-generation centres are told of the edge. Its additional data can be had by URL where the
// API has TLS and an address that others reach, or where the configuration says by which URL.
func (a *App) nextGeneration() b2bua.NextGeneration {
	o := a.settings.EmergencyData
	base := o.BaseURL
	if _, scheme := a.httpTLS(); base == "" && scheme == "https" {
		if at := a.settings.HTTP.Address; at.Port() != 0 && !at.Addr().IsUnspecified() {
			base = "https://" + at.String()
		}
	}
	a.shelf = ng911.NewShelf(base)
	domain := o.Domain
	if u, err := url.Parse(o.BaseURL); err == nil && domain == "" && !strings.Contains(u.Hostname(), ":") {
		domain = u.Hostname()
	}
	host := cmp.Or(domain, "callbox.invalid")
	p := o.Provider
	return b2bua.NextGeneration{Domain: domain, Data: a.shelf, Provider: ng911.Provider{
		Name: p.Name, ID: cmp.Or(p.ID, host), Series: p.Series, Contact: cmp.Or(p.Contact, "sip:callbox@"+host), Languages: p.Languages,
	}}
}
