package ali

import (
	"errors"
	"strings"
	"time"

	"callbox/sip/location"
)

// PIDFLO returns r as a PIDF-LO document about entity, a URI such as
// "sip:+14155550100@edge.example", with the time it was made. The number is the
// contact of the presence tuple and the name the occupant (NAM).
func PIDFLO(r Record, entity string, at time.Time) []byte {
	c := r.lines().Civic()
	l := location.Location{Entity: entity, Civic: &c, Method: "Manual", Timestamp: at}
	if number := location.Tidy(r.Number); number != "" {
		l.Contact = "tel:" + number
	}
	return location.Build(l)
}

// ParsePIDFLO reads the preferred civic address of a PIDF-LO document, with the
// number in its contact if there is one. The error wraps ErrTooLarge, ErrSyntax,
// or ErrNoCivic for a document with other kinds of location only.
func ParsePIDFLO(b []byte) (Record, error) {
	found, err := location.Parse(b)
	for _, l := range found {
		if l.Civic != nil {
			return record(telephone(l.Contact), l.Civic.Lines()), nil
		}
	}
	if len(found) == 0 && err != nil && !errors.Is(err, location.ErrNone) {
		return Record{}, err
	}
	return Record{}, ErrNoCivic
}

// telephone returns the number of a tel, sip or sips URI, "" if it has none.
func telephone(uri string) string {
	scheme, rest, _ := strings.Cut(uri, ":")
	switch strings.ToLower(scheme) {
	case "tel":
	case "sip", "sips":
		rest, _, _ = strings.Cut(rest, "@")
	default:
		return ""
	}
	number, _, _ := strings.Cut(rest, ";")
	number = strings.NewReplacer("-", "", ".", "", "(", "", ")", "").Replace(number) // RFC 3966 section 5.1.1
	digits := strings.TrimPrefix(number, "+")
	if digits == "" || len(digits) > 15 || strings.Trim(digits, "0123456789") != "" {
		return ""
	}
	return number
}
