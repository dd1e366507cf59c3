package callback

import (
	"errors"
	"net/netip"
	"strings"

	"callbox/sip/agent"
)

// noAddr stands for an address that is not known.
var noAddr netip.AddrPort

// errSource is why there is no way back to a phone.
var errSource = errors.New("where it called from is not known")

// parseSource reads the source of a call record.
func parseSource(s string) (netip.AddrPort, error) {
	a, err := netip.ParseAddrPort(s)
	if err != nil {
		return a, errSource
	}
	return netip.AddrPortFrom(a.Addr().Unmap(), a.Port()), nil
}

// isSIP tells a SIP URI from a number.
func isSIP(s string) bool {
	scheme, _, ok := strings.Cut(s, ":")
	return ok && (strings.EqualFold(scheme, "sip") || strings.EqualFold(scheme, "sips"))
}

// addressOf reads a SIP URI, zero for what cannot be read.
func addressOf(uri string) agent.Address {
	if a, err := agent.ParseAddress(uri); err == nil {
		return a
	}
	return agent.Address{}
}

// hostOf is the host of a SIP URI, without port and brackets.
func hostOf(uri string) string { return addressOf(uri).Host }

// userOf is the user part of a SIP URI, unescaped and without parameters, "" for none.
func userOf(uri string) string {
	user, _, _ := strings.Cut(addressOf(uri).User, ";")
	return user
}

// nameOf is what a URI is called in the record: its user and host.
func nameOf(uri string) string {
	if u := userOf(uri); u != "" {
		return u + "@" + hostOf(uri)
	}
	return hostOf(uri)
}

// param returns a parameter of a SIP URI, in lower case.
func param(uri, name string) string {
	if i := strings.LastIndexByte(uri, '@'); i >= 0 {
		uri = uri[i+1:]
	}
	uri, _, _ = strings.Cut(uri, "?")
	for _, p := range strings.Split(uri, ";")[1:] {
		k, v, _ := strings.Cut(p, "=")
		if strings.EqualFold(k, name) {
			return strings.ToLower(v)
		}
	}
	return ""
}

// secureURI writes a URI so that it is reached by TLS, false where it asks for something else.
func secureURI(uri string) (string, bool) {
	switch {
	case strings.HasPrefix(strings.ToLower(uri), "sips:"), param(uri, "transport") == "tls":
		return uri, true
	case param(uri, "transport") != "":
		return uri, false
	}
	head, query, ok := strings.Cut(uri, "?")
	head += ";transport=tls"
	if ok {
		head += "?" + query
	}
	return head, true
}

// withUser gives a URI that has none a user part.
func withUser(uri, user string) string {
	if userOf(uri) != "" {
		return uri
	}
	scheme, rest, _ := strings.Cut(uri, ":")
	rest = strings.TrimPrefix(rest, "@")
	return scheme + ":" + user + "@" + rest
}
