package directory

import (
	"net/netip"
	"strings"
)

// longestHost bounds host names to look up (RFC 1035 section 2.3.4).
const longestHost = 253

// hosts maps host names to domains or trunks. Names below a provider suffix are kept by what stands before it.
type hosts[T any] struct {
	kind     string   // "sip" for domains, "pstn" for trunks: the label before the region
	suffixes []string // extra ones, lower case, without a leading dot
	exact    map[string]T
	short    map[string]T
}

func newHosts[T any](kind string, suffixes []string) hosts[T] {
	return hosts[T]{kind: kind, suffixes: suffixes, exact: make(map[string]T), short: make(map[string]T)}
}

// add takes v under a normal host name. It reports false when the name or another host form of it is taken.
func (h hosts[T]) add(host string, v T) bool {
	if _, taken := h.find(host); taken {
		return false
	}
	h.exact[host] = v
	if name := h.cut([]byte(host)); name != nil {
		h.short[string(name)] = v
	}
	return true
}

// find looks a host up in any of its forms, without regard to case or a final dot. It allocates nothing.
func (h hosts[T]) find(host string) (v T, ok bool) {
	var buf [longestHost]byte
	host = strings.TrimSuffix(host, ".")
	if len(host) > len(buf) {
		return v, false
	}
	lower := buf[:len(host)]
	for i := range len(host) {
		c := host[i]
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		lower[i] = c
	}
	if v, ok = h.exact[string(lower)]; ok {
		return v, true
	}
	if name := h.cut(lower); name != nil {
		v, ok = h.short[string(name)]
	}
	return v, ok
}

// cut returns what stands before the provider's suffix: name in name.sip.twilio.com, name.sip.us1.twilio.com and any
// other region, and name.suffix for an extra suffix; nil for a host of another form.
func (h hosts[T]) cut(host []byte) []byte {
	for _, s := range h.suffixes {
		if name, ok := cutLabels(host, s); ok {
			return name
		}
	}
	rest, ok := cutLabels(host, "twilio.com")
	if !ok {
		return nil
	}
	if name, ok := cutLabels(rest, h.kind); ok {
		return name
	}
	for i := len(rest) - 1; i > 0; i-- {
		if rest[i] == '.' {
			name, _ := cutLabels(rest[:i], h.kind)
			return name
		}
	}
	return nil
}

// HostKey returns what all forms of a host name have in common that lead to the same domain (kind "sip") or trunk (kind
// "pstn"): name.sip.twilio.com, name.sip.us1.twilio.com and name below one of the extra suffixes have one key. It is for
// keeping names apart; it is no host name.
func HostKey(kind string, suffixes []string, host string) string {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	if name := (hosts[struct{}]{kind: kind, suffixes: suffixes}).cut([]byte(host)); name != nil {
		return string(name) + ".." + kind // no host name has an empty label
	}
	return host
}

// cutLabels cuts "." + suffix off host; what is left is not empty.
func cutLabels(host []byte, suffix string) ([]byte, bool) {
	n := len(host) - len(suffix) - 1
	if n <= 0 || host[n] != '.' || string(host[n+1:]) != suffix {
		return nil, false
	}
	return host[:n], true
}

// bareHost returns a host in small letters and without the brackets of an IPv6 address.
func bareHost(host string) string { return strings.ToLower(strings.Trim(host, "[]")) }

// validHost tells whether s is a lower-case host name or an IP address without brackets.
func validHost(s string) bool {
	if _, err := netip.ParseAddr(s); err == nil {
		return true
	}
	if s == "" || len(s) > longestHost {
		return false
	}
	for label := range strings.SplitSeq(s, ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		if strings.Trim(label, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
			return false
		}
	}
	return true
}
