package location

import (
	"errors"
	"fmt"
	"net/url"
	"path"
	"strings"
)

// Limits of Geolocation headers.
const (
	maxReferences = 16   // values of all headers
	maxReference  = 1024 // bytes of one
)

// ReferenceKind says what a Geolocation value is.
type ReferenceKind uint8

// The kinds of values.
const (
	RefURI        ReferenceKind = iota // a URI where the location may be had: sip, sips, pres, http, https, any other
	RefContent                         // cid: a part of the body
	RefGeo                             // coordinates: a geo URI (RFC 5870), or latitude and longitude alone
	RefLocationID                      // a bare name of a location that the provider keeps
)

// Reference is one value of a Geolocation header. RFC 6442 wants URIs in angle brackets. Providers take more: a name of
// a location of theirs and coordinates, with the brackets or without.
type Reference struct {
	Kind       ReferenceKind
	URI        string // as it stands in the header
	ContentID  string // of a cid, decoded, without angle brackets
	LocationID string // 1 to 50 letters and digits that may name a location: the value itself, the user of a SIP URI, the end of a path
	Shape      *Shape // of coordinates: a point, or a circle where the uncertainty is given
	Source     string // who added the value: loc-src of RFC 8787
}

// Location returns the place that the value itself gives, which is that of coordinates.
func (r Reference) Location() (Location, bool) {
	if r.Shape == nil {
		return Location{}, false
	}
	return Location{Shape: r.Shape}, true
}

// ParseGeolocation reads the values of all Geolocation headers of a message, in order. It returns those that can be
// read, and an error that tells what is wrong with the others.
func ParseGeolocation(values []string) ([]Reference, error) {
	var found []Reference
	var faults []error
	for _, header := range values {
		for _, value := range split(header) {
			if len(found)+len(faults) == maxReferences {
				return found, errors.Join(append(faults, fmt.Errorf("more than %d Geolocation values: send fewer", maxReferences))...)
			}
			r, err := parseReference(value)
			if err != nil {
				faults = append(faults, fmt.Errorf("value %s of Geolocation: %w", quoted(value), err))
				continue
			}
			found = append(found, r)
		}
	}
	return found, errors.Join(faults...)
}

// split takes a header apart at the commas that are neither within angle brackets nor within quotes. Without brackets it
// is one value where it is coordinates.
func split(header string) []string {
	header = strings.TrimSpace(header)
	if header == "" {
		return nil
	}
	if !strings.Contains(header, "<") && strings.Contains(header, ",") {
		if _, err := parseReference(header); err == nil {
			return []string{header}
		}
	}
	var values []string
	start, bracket, quote := 0, false, false
	for i := 0; i < len(header) && len(values) <= maxReferences; i++ {
		switch c := header[i]; {
		case quote:
			quote = c != '"'
		case bracket:
			bracket = c != '>'
		case c == '"':
			quote = true
		case c == '<':
			bracket = true
		case c == ',':
			values = append(values, strings.TrimSpace(header[start:i]))
			start = i + 1
		}
	}
	return append(values, strings.TrimSpace(header[start:]))
}

func parseReference(value string) (r Reference, err error) {
	if len(value) > maxReference {
		return r, fmt.Errorf("it has %d bytes, the limit is %d", len(value), maxReference)
	}
	uri := value
	params := ""
	if inner, ok := strings.CutPrefix(value, "<"); ok {
		if uri, params, ok = strings.Cut(inner, ">"); !ok {
			return r, errors.New("the angle bracket does not close: write <uri>")
		}
		r.Source = param(params, "loc-src")
	}
	uri = strings.TrimSpace(uri)
	if uri == "" || strings.ContainsFunc(uri, func(c rune) bool { return c <= ' ' || c == 0x7f || c == '<' || c == '"' }) &&
		!isCoordinates(uri) {
		return r, errors.New("it is no URI: write <cid:...>, <sip:...> or <https://...>")
	}
	r.URI = uri
	return r, r.read()
}

// read says what the URI is.
func (r *Reference) read() error {
	scheme, rest, ok := strings.Cut(r.URI, ":")
	switch scheme = strings.ToLower(scheme); {
	case isCoordinates(r.URI):
		return r.geo(strings.ReplaceAll(r.URI, " ", ""))
	case !ok && isLocationID(r.URI):
		r.Kind, r.LocationID = RefLocationID, r.URI
		return nil
	case !ok:
		return errors.New("it is neither a URI nor a name of 1 to 50 letters and digits")
	case rest == "":
		return errors.New("there is nothing behind the scheme of the URI")
	case scheme == "geo":
		return r.geo(rest)
	case scheme == "cid":
		r.Kind, r.ContentID = RefContent, rest
		if plain, err := url.PathUnescape(rest); err == nil { // RFC 2392
			r.ContentID = plain
		}
		return nil
	}
	r.Kind = RefURI
	name := rest
	switch scheme {
	case "sip", "sips", "pres", "tel":
		name, _, _ = strings.Cut(rest, "@")
		name, _, _ = strings.Cut(name, ";")
	case "http", "https":
		u, err := url.Parse(r.URI)
		if err != nil || u.Host == "" {
			return errors.New("it is no URL: write <https://host/path>")
		}
		name = path.Base(u.Path)
	}
	if isLocationID(name) {
		r.LocationID = name
	}
	return nil
}

// geo reads what follows geo: in a URI: "37.786971,-122.399677;crs=wgs84;u=10".
func (r *Reference) geo(rest string) error {
	r.Kind = RefGeo
	coordinates, params, _ := strings.Cut(rest, ";")
	p, err := place(strings.Split(coordinates, ","))
	if err != nil {
		return err
	}
	if crs := param(";"+params, "crs"); crs != "" && !strings.EqualFold(crs, "wgs84") {
		return fmt.Errorf("crs %s is not supported: send wgs84", quoted(crs))
	}
	s := NewPoint(p)
	if u := param(";"+params, "u"); u != "" {
		radius, err := number(u)
		if err != nil {
			return fmt.Errorf("uncertainty u=%w", err)
		}
		if s = NewCircle(p, radius); p.Alt != nil && radius != 0 {
			s.Kind = KindSphere
		}
	}
	r.Shape = &s
	return s.Check()
}

// isCoordinates tells whether a value is latitude and longitude alone.
func isCoordinates(s string) bool {
	return strings.Contains(s, ",") && strings.Trim(s, "0123456789.,+- ") == "" && strings.ContainsAny(s, "0123456789")
}

func isLocationID(s string) bool {
	if len(s) < 1 || len(s) > 50 {
		return false
	}
	for i := range len(s) {
		if c := s[i]; !(c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z') {
			return false
		}
	}
	return true
}

// param returns the value of a parameter of ";name=value;name=value", "" where there is none.
func param(params, name string) string {
	for one := range strings.SplitSeq(params, ";") {
		key, value, _ := strings.Cut(one, "=")
		if strings.EqualFold(strings.TrimSpace(key), name) {
			return Tidy(strings.Trim(strings.TrimSpace(value), `"`))
		}
	}
	return ""
}

// ParseGeolocationRouting returns what the Geolocation-Routing headers of a message say: "yes", "no", or "" where there
// is none. What is neither counts as no (RFC 6442 section 4.2), and one no of several is enough.
func ParseGeolocationRouting(values []string) string {
	said := ""
	for _, v := range values {
		v, _, _ = strings.Cut(v, ";")
		if !strings.EqualFold(strings.TrimSpace(v), "yes") {
			return "no"
		}
		said = "yes"
	}
	return said
}
