package agent

import (
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// uri is a SIP, SIPS, TEL or URN URI, strictly parsed.
type uri struct {
	Address
	params  string // URI parameters as received, without the leading ";"
	headers string // URI headers, without the leading "?"
}

// param returns the value of a URI parameter, its name in any case, and whether it is there.
func (u uri) param(name string) (string, bool) { return param(u.params, name) }

// transport is the hop's transport as RFC 3261 section 19.1.4 and RFC 3263 section 4.1 read it, without DNS.
func (u uri) transport() string {
	if t, ok := u.param("transport"); ok {
		t = strings.ToLower(t)
		if u.Scheme == "sips" && t == "tcp" {
			return "tls"
		}
		return t
	}
	if u.Scheme == "sips" {
		return "tls"
	}
	return "udp"
}

// literal returns the host as an IP address, if it is one.
func (u uri) literal() (netip.Addr, bool) {
	ip, err := netip.ParseAddr(u.Host)
	return ip.Unmap(), err == nil
}

// param finds name in a list of ";"-separated parameters; quoted values are unquoted.
func param(params, name string) (string, bool) {
	for params != "" {
		var p string
		p, params = cutQuoted(params, ';')
		k, v, _ := strings.Cut(p, "=")
		if strings.EqualFold(strings.TrimSpace(k), name) {
			return unquote(strings.TrimSpace(v)), true
		}
	}
	return "", false
}

// cutQuoted cuts s at the first sep that stands outside double quotes.
func cutQuoted(s string, sep byte) (before, after string) {
	quoted := false
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\\' && quoted:
			i++
		case s[i] == '"':
			quoted = !quoted
		case s[i] == sep && !quoted:
			return s[:i], s[i+1:]
		}
	}
	return s, ""
}

// closed tells whether every double quote in s has its other end. What we add behind one that has none, a tag or the
// source, would be part of it.
func closed(s string) bool {
	quoted := false
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\\' && quoted:
			i++
		case s[i] == '"':
			quoted = !quoted
		}
	}
	return !quoted
}

// Values splits the value of a header field that is a list, minding quotes and angle brackets.
func Values(list string) []string { return splitList(list) }

// splitList splits a comma-separated header value, minding quotes and angle brackets.
func splitList(s string) []string {
	var out []string
	start, angle, quoted := 0, false, false
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\\' && quoted:
			i++
		case s[i] == '"':
			quoted = !quoted
		case quoted:
		case s[i] == '<':
			angle = true
		case s[i] == '>':
			angle = false
		case s[i] == ',' && !angle:
			out = append(out, strings.TrimSpace(s[start:i]))
			start = i + 1
		}
	}
	return append(out, strings.TrimSpace(s[start:]))
}

func unquote(s string) string {
	if len(s) < 2 || s[0] != '"' || s[len(s)-1] != '"' {
		return s
	}
	s = s[1 : len(s)-1]
	if !strings.Contains(s, `\`) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) {
			i++
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

var errURI = errors.New("malformed URI")

// parseURI reads a URI by the grammar of RFC 3261 section 25 (sip, sips), or keeps what follows the scheme in User
// (tel, urn). Another scheme is an errScheme.
func parseURI(s string) (uri, error) {
	scheme, rest, ok := strings.Cut(s, ":")
	if !ok || !isScheme(scheme) || rest == "" {
		return uri{}, errURI
	}
	u := uri{Address: Address{Scheme: strings.ToLower(scheme)}}
	if u.Scheme == "sip" || u.Scheme == "sips" {
		return u, u.parseSIP(rest)
	}
	for i := 0; i < len(rest); i++ {
		if rest[i] <= ' ' || rest[i] >= 0x7f || strings.IndexByte(`<>"\`, rest[i]) >= 0 {
			return uri{}, errURI
		}
	}
	switch u.Scheme {
	case "tel":
		rest, u.params, _ = strings.Cut(rest, ";")
		fallthrough
	case "urn":
		if u.User = rest; rest == "" {
			return uri{}, errURI
		}
		return u, nil
	}
	return u, errScheme(u.Scheme)
}

// isScheme tells whether s can be a URI scheme (RFC 3986 section 3.1).
func isScheme(s string) bool {
	for i := 0; i < len(s); i++ {
		c := s[i] | 0x20
		if !(c >= 'a' && c <= 'z' || i > 0 && (s[i] >= '0' && s[i] <= '9' || s[i] == '+' || s[i] == '-' || s[i] == '.')) {
			return false
		}
	}
	return s != ""
}

// errScheme is a URI scheme that no leg can be made of.
type errScheme string

func (e errScheme) Error() string { return fmt.Sprintf("URI scheme %q is not supported", string(e)) }

func (u *uri) parseSIP(s string) error {
	if at := strings.LastIndexByte(userPart(s), '@'); at >= 0 {
		user, err := parseUser(s[:at])
		if err != nil {
			return err
		}
		u.User, s = user, s[at+1:]
	}
	s, u.headers, _ = strings.Cut(s, "?")
	s, u.params, _ = strings.Cut(s, ";")
	for _, part := range []string{u.params, u.headers} {
		for i := 0; i < len(part); i++ {
			if part[i] <= ' ' || part[i] >= 0x7f || part[i] == '<' || part[i] == '>' {
				return errURI
			}
		}
	}
	return u.parseHostPort(s)
}

// userPart is the stretch of a SIP URI in which the "@" after the user can stand: URI headers may hold another one.
func userPart(s string) string {
	if i := strings.IndexByte(s, '@'); i >= 0 {
		return s[:i+1]
	}
	return s
}

func (u *uri) parseHostPort(s string) error {
	host, port := s, ""
	if strings.HasPrefix(s, "[") {
		end := strings.IndexByte(s, ']')
		if end < 0 {
			return errURI
		}
		ip, ok := parseIPv6(s[1:end])
		if !ok {
			return errURI
		}
		host, port = ip.String(), s[end+1:]
		if port != "" && port[0] != ':' {
			return errURI
		}
		port = strings.TrimPrefix(port, ":")
	} else {
		host, port, _ = strings.Cut(s, ":")
		host = strings.TrimSuffix(host, ".")
		if !isHost(host) {
			return errURI
		}
	}
	u.Host = strings.ToLower(host)
	if port == "" {
		return nil
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil || n == 0 {
		return errURI
	}
	u.Port = uint16(n)
	return nil
}

// parseIPv6 reads what stands in the brackets of an IPv6 reference. A zone has no place there: it names an interface of
// one machine, and may hold any character. RFC 5118 section 4.10 wants one colon too many before an IPv4 address to be
// put up with, since the grammar of RFC 3261 allows it.
func parseIPv6(s string) (netip.Addr, bool) {
	if head, v4, ok := strings.Cut(s, ":::"); ok {
		if ip, err := netip.ParseAddr(v4); err != nil || !ip.Is4() {
			return netip.Addr{}, false
		}
		s = head + "::" + v4
	}
	ip, err := netip.ParseAddr(s)
	return ip, err == nil && ip.Is6() && ip.Zone() == ""
}

func isHost(s string) bool {
	if s == "" || len(s) > 255 || s[0] == '.' || s[len(s)-1] == '.' || strings.Contains(s, "..") {
		return false
	}
	for i := 0; i < len(s); i++ {
		c := s[i]
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '.' || c == '_') {
			return false
		}
	}
	return true
}

// parseUser unescapes the user part and drops a password, which has to be well formed all the same: a request within a
// call goes to the Contact as it was written.
func parseUser(s string) (string, error) {
	s, password, _ := strings.Cut(s, ":")
	if _, err := unescape(password); s == "" || err != nil {
		return "", errURI
	}
	return unescape(s)
}

func unescape(s string) (string, error) {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case c == '%':
			if i+2 >= len(s) {
				return "", errURI
			}
			n, err := strconv.ParseUint(s[i+1:i+3], 16, 8)
			if err != nil {
				return "", errURI
			}
			b.WriteByte(byte(n))
			i += 2
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', strings.IndexByte("-_.!~*'()&=+$,;?/#", c) >= 0:
			b.WriteByte(c)
		default:
			return "", errURI
		}
	}
	return b.String(), nil
}

// escapeUser writes a user part so that parseUser reads it back.
func escapeUser(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("-_.!~*'()&=+$,;?/", c) >= 0 {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}

// bracket writes an IPv6 address in brackets and leaves any other host as it is.
func bracket(host string) string {
	if strings.IndexByte(host, ':') >= 0 && !strings.HasPrefix(host, "[") {
		return "[" + host + "]"
	}
	return host
}

// String writes the address as a URI.
func (a Address) String() string {
	if a.Scheme == "tel" || a.Scheme == "urn" {
		return a.Scheme + ":" + a.User
	}
	s := a.Scheme
	if s == "" {
		s = "sip"
	}
	s += ":"
	if a.User != "" {
		s += escapeUser(a.User) + "@"
	}
	s += bracket(a.Host)
	if a.Port != 0 {
		s += ":" + strconv.Itoa(int(a.Port))
	}
	return s
}
