package twilio

import (
	"errors"
	"fmt"
	"strings"

	"callbox/routing/directory"
	"callbox/routing/directory/store"
)

// hostRule is what host names of one kind look like: one label below the provider's suffix, or below a suffix that a lab
// with its own DNS has configured.
type hostRule struct {
	kind  string   // "sip" for domains, "pstn" for trunks
	extra []string // lower case, without a leading dot
}

// normal returns a host name to create in small letters. account is the one that asks: nobody may take the name of
// another one's SID.
func (r hostRule) normal(name, account string) (string, error) {
	suffix := r.kind + ".twilio.com"
	lower := strings.Map(lowerASCII, name)
	label, ok := below(lower, suffix)
	for i := 0; !ok && i < len(r.extra); i++ {
		label, ok = below(lower, r.extra[i])
	}
	switch {
	case name == "":
		return "", errors.New("it is empty")
	case !ok && r.localized(lower):
		return "", fmt.Errorf("it must end with .%s; localized names, such as %s, reach the same by themselves",
			suffix, clip(lower))
	case !ok:
		return "", fmt.Errorf("it must end with .%s", suffix)
	case !validLabel(label):
		return "", fmt.Errorf("before .%s must be one label of up to 63 letters, digits and hyphens, "+
			"with a letter or digit at both ends", strings.TrimPrefix(lower, label+"."))
	case isSID(label, "ac") && label != strings.ToLower(account):
		return "", errors.New("it is the SID of another account")
	}
	return lower, nil
}

// lowerASCII leaves other alphabets alone: a Kelvin sign is no k.
func lowerASCII(r rune) rune {
	if 'A' <= r && r <= 'Z' {
		r += 'a' - 'A'
	}
	return r
}

// localized tells whether a name is that of a region or edge, such as lab.sip.us1.twilio.com.
func (r hostRule) localized(lower string) bool {
	rest, ok := below(lower, "twilio.com")
	return ok && strings.Contains(rest, "."+r.kind+".")
}

// key returns what every form of a host has in common: two hosts with one key lead to the same domain or trunk.
func (r hostRule) key(host string) string { return directory.HostKey(r.kind, r.extra, host) }

// taken tells whether a domain or trunk, of whatever account, is reached under a form of a host name already. sid is that
// of the one that asks for the name.
func (r hostRule) taken(t *store.Tx, host, sid string) (bool, error) {
	domains, err := store.Find[store.Domain](t, store.Query{})
	if err != nil {
		return false, err
	}
	trunks, err := store.Find[store.Trunk](t, store.Query{})
	if err != nil {
		return false, err
	}
	for _, d := range domains {
		if d.SID != sid && r.meets(host, d.DomainName, d.Aliases) {
			return true, nil
		}
	}
	for _, k := range trunks {
		if k.SID != sid && r.meets(host, k.DomainName, k.Aliases) {
			return true, nil
		}
	}
	return false, nil
}

// meets tells whether a host has a form in common with a name or one of the aliases.
func (r hostRule) meets(host, name, aliases string) bool {
	for _, other := range append(strings.Fields(aliases), name) {
		if other != "" && r.key(other) == r.key(host) {
			return true
		}
	}
	return false
}

// below returns what stands before "." + suffix.
func below(host, suffix string) (string, bool) {
	rest, ok := strings.CutSuffix(host, suffix)
	if !ok {
		return "", false
	}
	return strings.CutSuffix(rest, ".")
}

// validLabel tells whether s is a DNS label in small letters (RFC 1123 section 2.1).
func validLabel(s string) bool {
	return s != "" && len(s) <= 63 && s[0] != '-' && s[len(s)-1] != '-' &&
		strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789-") == ""
}

// isSID tells whether s is prefix and 32 hex digits in small letters.
func isSID(s, prefix string) bool {
	hex, ok := strings.CutPrefix(s, prefix)
	return ok && len(hex) == 32 && strings.Trim(hex, "0123456789abcdef") == ""
}

// clip keeps a value that a stranger sent from filling a message.
func clip(s string) string {
	const limit = 80
	if len(s) <= limit {
		return s
	}
	return strings.ToValidUTF8(s[:limit], "") + "…"
}
