package directory

import "strings"

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

// DomainSuffixes returns the extra suffixes of domains, in small letters and without a leading dot.
func (n *Network) DomainSuffixes() []string { return n.domainSuffixes }

// TrunkSuffixes returns the extra suffixes of trunks, in small letters and without a leading dot.
func (n *Network) TrunkSuffixes() []string { return n.trunkSuffixes }
