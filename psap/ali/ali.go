// Package ali is what a legacy call centre's screen shows of a caller, the record of automatic location identification,
// and the book of the calls that are up, which records are asked from. It must not know about SIP messages, the directory
// or how a call is routed. DESIGN.md has the columns of the text and the choices.
package ali

import (
	"strings"

	"callbox/sip/location"
)

// joined puts the fields that are not empty together, each on one line.
func joined(fields ...string) string {
	kept := fields[:0]
	for _, field := range fields {
		if field = location.Tidy(field); field != "" {
			kept = append(kept, field)
		}
	}
	return strings.Join(kept, ", ")
}
