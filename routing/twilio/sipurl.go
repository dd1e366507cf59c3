package twilio

import (
	"errors"
	"net/netip"
	"strconv"
	"strings"
)

const maxSIPURL = 255

// originationURL returns the SIP URI of an origination URL. The provider's documentation writes sip://host as well: that
// is no SIP URI (RFC 3261 section 25.1), so the slashes are left out.
func originationURL(s string) (string, error) {
	if s == "" {
		return "", errors.New("it is empty")
	}
	if len(s) > maxSIPURL {
		return "", errors.New("it must not be longer than 255 characters")
	}
	scheme, rest, _ := strings.Cut(s, ":")
	scheme = strings.ToLower(scheme)
	if scheme != "sip" && scheme != "sips" {
		return "", errors.New("its scheme must be sip or sips")
	}
	rest = strings.TrimPrefix(rest, "//")
	if strings.ContainsFunc(rest, func(r rune) bool { return r <= ' ' || r > '~' || strings.ContainsRune("<>\"\\^`{|}#", r) }) {
		return "", errors.New("it must be printable ASCII without spaces, quotes and brackets around it")
	}
	address, params, _ := strings.Cut(rest, ";")
	if strings.Contains(rest, "?") {
		return "", errors.New("it must not have header fields after a question mark")
	}
	if strings.ContainsAny(params, "@") {
		return "", errors.New("it must not have @ in its parameters")
	}
	if user, host, ok := strings.Cut(address, "@"); ok {
		if user == "" || strings.Contains(host, "@") {
			return "", errors.New("it must have one user before @, or none and no @")
		}
		address = host
	}
	if !validHostPort(address) {
		return "", errors.New("it must name a host, such as sip:pbx.example.com:5060")
	}
	return scheme + ":" + rest, nil
}

// validHostPort tells whether s is a host name or address, with brackets around IPv6, and perhaps a port.
func validHostPort(s string) bool {
	host, port := s, ""
	if i := strings.LastIndexByte(s, ':'); i >= 0 && !strings.HasSuffix(s, "]") {
		host, port = s[:i], s[i+1:]
		if n, err := strconv.Atoi(port); err != nil || n < 1 || n > 65535 || port[0] == '+' {
			return false
		}
	}
	if v6, ok := strings.CutPrefix(host, "["); ok {
		a, err := netip.ParseAddr(strings.TrimSuffix(v6, "]"))
		return err == nil && a.Is6() && a.Zone() == "" && strings.HasSuffix(v6, "]")
	}
	host = strings.TrimSuffix(strings.ToLower(host), ".")
	if len(host) > 253 {
		return false
	}
	for label := range strings.SplitSeq(host, ".") {
		if !validLabel(label) {
			return false
		}
	}
	return true
}
