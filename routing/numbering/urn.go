package numbering

import (
	"slices"
	"strings"
)

// Labels of service URNs: RFC 5031 section 4.2 and, for tests, RFC 6881 section 17.
const (
	Sos              = "sos"
	SosAmbulance     = "sos.ambulance"
	SosAnimalControl = "sos.animal-control"
	SosFire          = "sos.fire"
	SosGas           = "sos.gas"
	SosMarine        = "sos.marine"
	SosMountain      = "sos.mountain"
	SosPhysician     = "sos.physician"
	SosPoison        = "sos.poison"
	SosPolice        = "sos.police"
	TestSos          = "test.sos"
)

// labels are the services below sos that can have a number of their own.
var labels = [...]string{
	SosPolice, SosFire, SosAmbulance, SosMountain, SosMarine, SosGas, SosPhysician, SosPoison, SosAnimalControl,
}

// ServiceURN reads what follows "urn:" in a service URN and returns its label in canonical spelling: the nearest known
// ancestor, as RFC 5031 section 3 asks of a resolver, so "service:sos.fire.forest" is sos.fire and an unknown child of
// sos is sos itself. Any test.sos… is TestSos. ok is false for what is no emergency service. Labels are compared
// without regard to case. It allocates nothing.
func ServiceURN(rest string) (label string, ok bool) {
	name, found := cutPrefixFold(rest, "service:")
	if !found || !labelChars(name) {
		return "", false
	}
	if below(name, TestSos) {
		return TestSos, true
	}
	if !below(name, Sos) {
		return "", false
	}
	for _, l := range labels {
		if below(name, l) {
			return l, true
		}
	}
	return Sos, true
}

// IsLabel tells whether s names a service below sos that can have a number of its own.
func IsLabel(s string) bool { return slices.Contains(labels[:], s) }

// Labels returns the services below sos that can have a number of their own.
func Labels() []string { return slices.Clone(labels[:]) }

// below tells whether name is label or one of its children.
func below(name, label string) bool {
	rest, ok := cutPrefixFold(name, label)
	return ok && (rest == "" || rest[0] == '.')
}

func cutPrefixFold(s, prefix string) (string, bool) {
	if len(s) < len(prefix) || !strings.EqualFold(s[:len(prefix)], prefix) {
		return s, false
	}
	return s[len(prefix):], true
}

// labelChars tells whether s is dot-separated labels of letters, digits and inner hyphens (RFC 5031 section 3).
func labelChars(s string) bool {
	if len(s) > 255 {
		return false
	}
	start := true
	for i := range len(s) {
		switch c := s[i]; {
		case c == '.' || c == '-':
			if start || i == len(s)-1 {
				return false
			}
			start = c == '.'
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
			start = false
		default:
			return false
		}
	}
	return s != ""
}
