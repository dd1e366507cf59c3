package hook

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"callbox/sip/location"
)

// What an answer may hold. The provider names no lengths; these leave room for whatever it takes.
const (
	maxBody     = 16 << 10 // bytes of an answer; no more are read
	maxDepth    = 16       // of what is in fields that nobody knows
	maxID       = 256      // characters of aeui and location_id
	maxName     = 256
	maxCallback = 32
)

// Answer is what a web service says of a caller. A field that was absent, null or "" is the zero value.
type Answer struct {
	AEUI       string
	LocationID string
	Callback   string
	Name       string
	Point      *location.Point
	Radius     *float64 // metres, not negative
}

// Parse reads an answer: one JSON object with the provider's fields, each at most once and of its own type. Fields that the
// provider does not know are passed over. The error says what is wrong where, and the mend. Whether the fields together are
// one of the provider's four forms is for the decision.
func Parse(src []byte) (Answer, error) {
	if err := plain(src); err != nil {
		return Answer{}, err
	}
	var whole json.RawMessage
	if err := json.Unmarshal(src, &whole); err != nil {
		return Answer{}, syntax(err)
	}
	d := json.NewDecoder(bytes.NewReader(src))
	d.UseNumber()
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return Answer{}, errors.New("the answer is JSON, but no object: write {\"aeui\": ..., \"location_id\": ...}")
	}
	var f fields
	seen := make(map[string]bool)
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return Answer{}, syntax(err)
		}
		key, _ := name.(string)
		if seen[key] {
			return Answer{}, fmt.Errorf("field %s is there twice: write it once", quoted(key))
		}
		seen[key] = true
		if err := f.read(d, key); err != nil {
			return Answer{}, err
		}
	}
	return f.answer()
}

// plain refuses what is no text that JSON could be in.
func plain(src []byte) error {
	switch {
	case len(src) > maxBody:
		return errTooLong
	case bytes.HasPrefix(src, []byte("\xef\xbb\xbf")), bytes.HasPrefix(src, []byte("\xff\xfe")), bytes.HasPrefix(src, []byte("\xfe\xff")):
		return errors.New("the answer begins with a byte order mark: send UTF-8 without one")
	case !utf8.Valid(src):
		return errors.New("the answer is not UTF-8: send JSON in UTF-8")
	case len(bytes.TrimSpace(src)) == 0:
		return errors.New("the answer is empty: send a JSON object with aeui and location_id, or aeui, lat and lon")
	}
	return nil
}

var errTooLong = fmt.Errorf("the answer is longer than %d kB: send the provider's fields alone", maxBody>>10)

// syntax says where JSON ends to be some.
func syntax(err error) error {
	var s *json.SyntaxError
	if errors.As(err, &s) {
		return fmt.Errorf("the answer is no JSON, at byte %d: %s", s.Offset, clip(s.Error(), 120))
	}
	return fmt.Errorf("the answer is no JSON: %s", clip(err.Error(), 120))
}

// fields collects what an answer has.
type fields struct {
	a        Answer
	lat, lon *float64
	alike    string // a field that would be one of the provider's in small letters
}

// read takes the value of one field.
func (f *fields) read(d *json.Decoder, key string) (err error) {
	switch key {
	case "aeui":
		f.a.AEUI, err = text(d, key, maxID)
	case "location_id":
		f.a.LocationID, err = text(d, key, maxID)
	case "callback":
		f.a.Callback, err = text(d, key, maxCallback)
	case "name":
		f.a.Name, err = text(d, key, maxName)
	case "lat":
		f.lat, err = number(d, key)
	case "lon":
		f.lon, err = number(d, key)
	case "radius":
		f.a.Radius, err = number(d, key)
	default:
		if known(strings.ToLower(key)) {
			f.alike = key
		}
		err = skip(d)
	}
	return err
}

// known tells whether the provider has a field of that name.
func known(key string) bool {
	switch key {
	case "aeui", "location_id", "callback", "name", "lat", "lon", "radius":
		return true
	}
	return false
}

// answer checks what the fields say together.
func (f *fields) answer() (Answer, error) {
	hint := ""
	if f.alike != "" {
		hint = fmt.Sprintf("; %s is no field of the provider's: write it in small letters", quoted(f.alike))
	}
	switch {
	case f.a.AEUI == "":
		return Answer{}, errors.New("aeui is missing, which says who calls" + hint)
	case f.lat != nil && f.lon == nil:
		return Answer{}, errors.New("there is lat without lon: send both" + hint)
	case f.lat == nil && f.lon != nil:
		return Answer{}, errors.New("there is lon without lat: send both" + hint)
	case f.a.Radius != nil && *f.a.Radius < 0:
		return Answer{}, fmt.Errorf("radius is %s m: it cannot be negative", shown(*f.a.Radius))
	}
	if f.lat != nil {
		if err := checkPoint(*f.lat, *f.lon); err != nil {
			return Answer{}, err
		}
		f.a.Point = &location.Point{Lat: *f.lat, Lon: *f.lon}
	}
	return f.a, nil
}

// checkPoint finds what is no place on earth, and a place in Antarctica that the other way round is one the provider serves.
func checkPoint(lat, lon float64) error {
	far := math.Abs(lat) > 90 && math.Abs(lat) <= 180 && math.Abs(lon) <= 90
	if far || lat < -50 && lon > 13 && lon <= 90 {
		return fmt.Errorf("lat %s and lon %s look swapped: lat is the one from -90 to 90, north of the equator positive", shown(lat), shown(lon))
	}
	switch {
	case math.Abs(lat) > 90:
		return fmt.Errorf("lat is %s: it must be from -90 to 90 degrees", shown(lat))
	case math.Abs(lon) > 180:
		return fmt.Errorf("lon is %s: it must be from -180 to 180 degrees", shown(lon))
	}
	return nil
}

// text takes a string, "" for null.
func text(d *json.Decoder, key string, longest int) (string, error) {
	t, err := d.Token()
	if err != nil {
		return "", syntax(err)
	}
	s, ok := t.(string)
	switch {
	case t == nil:
		return "", nil
	case !ok:
		return "", fmt.Errorf("%s is %s: it must be a string", key, kind(t))
	case utf8.RuneCountInString(s) > longest:
		return "", fmt.Errorf("%s is longer than %d characters", key, longest)
	case strings.ContainsFunc(s, unicode.IsControl):
		return "", fmt.Errorf("%s holds a control character", key)
	}
	return s, nil
}

// number takes a number, nil for null.
func number(d *json.Decoder, key string) (*float64, error) {
	t, err := d.Token()
	if err != nil {
		return nil, syntax(err)
	}
	if t == nil {
		return nil, nil
	}
	n, ok := t.(json.Number)
	if !ok {
		mend := ""
		if _, is := t.(string); is {
			mend = ", without quotes"
		}
		return nil, fmt.Errorf("%s is %s: it must be a number%s", key, kind(t), mend)
	}
	v, err := strconv.ParseFloat(string(n), 64)
	if err != nil || math.IsInf(v, 0) || math.IsNaN(v) {
		return nil, fmt.Errorf("%s is %s: that is out of every range", key, clip(string(n), 24))
	}
	return &v, nil
}

// skip passes over the value of a field that nobody knows.
func skip(d *json.Decoder) error {
	for depth := 0; ; {
		t, err := d.Token()
		if err != nil {
			return syntax(err)
		}
		switch t {
		case json.Delim('{'), json.Delim('['):
			if depth++; depth > maxDepth {
				return fmt.Errorf("the answer is nested deeper than %d", maxDepth)
			}
		case json.Delim('}'), json.Delim(']'):
			depth--
		}
		if depth == 0 {
			return nil
		}
	}
}

// kind names the type of a value for people.
func kind(t json.Token) string {
	switch t := t.(type) {
	case string:
		return "a string"
	case json.Number:
		return "a number"
	case bool:
		return "a boolean"
	case json.Delim:
		if t == '[' {
			return "an array"
		}
		return "an object"
	}
	return "null"
}

func shown(v float64) string { return clip(strconv.FormatFloat(v, 'g', -1, 64), 24) }

// quoted shows a name that came from outside.
func quoted(s string) string { return strconv.QuoteToASCII(clip(s, 40)) }

// clip cuts s to n bytes.
func clip(s string, n int) string {
	if len(s) > n {
		return strings.ToValidUTF8(s[:n], "") + "..."
	}
	return s
}
