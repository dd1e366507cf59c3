package rest

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"reflect"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// What a request may bring at most. The longest honest form has some thirty parameters with a URL or two among them.
const (
	MaxBody       = 64 << 10 // bytes
	maxParameters = 200
	maxString     = 1024 // characters of a parameter whose rule says nothing else
	maxURL        = 2048
)

// readForm reads the parameters of a body. An empty body is a form without parameters, whatever its type.
func readForm(w http.ResponseWriter, r *http.Request) (url.Values, error) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, MaxBody))
	if large := (*http.MaxBytesError)(nil); errors.As(err, &large) {
		return nil, &Error{http.StatusRequestEntityTooLarge, CodeTooLarge, "The request's body is longer than 65536 bytes"}
	}
	if err != nil {
		return nil, Bad(CodeInvalid, "The request's body ended before its length")
	}
	if len(body) == 0 {
		return url.Values{}, nil
	}
	if kind := r.Header.Get("Content-Type"); kind != "" {
		if media, _, err := mime.ParseMediaType(kind); err != nil || media != "application/x-www-form-urlencoded" {
			return nil, &Error{http.StatusUnsupportedMediaType, CodeContentType,
				"The Content-Type of the request is not supported: send application/x-www-form-urlencoded"}
		}
	}
	return parseValues(string(body))
}

// parseValues is url.ParseQuery with bounds: it takes UTF-8 only, and no control characters that no field can hold.
func parseValues(s string) (url.Values, error) {
	if strings.Count(s, "&") >= maxParameters {
		return nil, Bad(CodeInvalid, "The request has more than %d parameters", maxParameters)
	}
	values, err := url.ParseQuery(s)
	if err != nil {
		return nil, Bad(CodeInvalid, "The request's parameters are not form encoded: a %%-escape or a separator is broken")
	}
	for name, all := range values {
		if !clean(name) {
			return nil, Bad(CodeInvalid, "The name of a parameter is not UTF-8 or has control characters")
		}
		for _, v := range all {
			if !clean(v) {
				return nil, Invalid(CodeInvalid, shorten(name, 64), "it is not UTF-8 or has control characters")
			}
		}
	}
	return values, nil
}

func clean(s string) bool {
	return utf8.ValidString(s) && strings.IndexFunc(s, func(r rune) bool { return unicode.IsControl(r) && r != '\t' }) < 0
}

// shorten keeps a name or a path that a client made up from filling an error or the log.
func shorten(s string, most int) string {
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "…"
}

// Decode puts parameters into dst, a pointer to a struct. A field's form tag names its parameter; its type says what it
// takes: string, bool, int or time.Time (a day, or an instant of RFC 3339), or a pointer to one of them, which stays nil
// while the parameter is absent. A string that is there and empty is a pointer to "": that is how a client clears a field.
// For the other types empty counts as absent. Parameters without a field are ignored, as the provider does.
//
// A rule tag has constraints, separated by commas: required; min=N and max=N (characters of a string, value of an int);
// url (absolute http or https, or empty); method (GET or POST); enum=a|b; sid=AD (two letters and 32 hexadecimal digits, or
// empty); code=N, the error code for whatever is wrong with this parameter.
//
// The error is an *Error that names the first parameter, in the struct's order, that is wrong.
func Decode(values url.Values, dst any) error {
	v := reflect.ValueOf(dst).Elem()
	for i := range v.NumField() {
		field := v.Type().Field(i)
		if field.Anonymous {
			if err := Decode(values, v.Field(i).Addr().Interface()); err != nil {
				return err
			}
			continue
		}
		name := field.Tag.Get("form")
		if name == "" {
			continue
		}
		rule, err := parseRule(field.Tag.Get("rule"))
		if err != nil {
			return err
		}
		if err := set(v.Field(i), name, values[name], rule); err != nil {
			return err
		}
	}
	return nil
}

// rule is a field's constraints.
type rule struct {
	required, url, method bool
	min, max              int
	bounded               bool // max was given
	enum                  []string
	sid                   string
	code                  int
}

func parseRule(tag string) (rule, error) {
	r := rule{code: CodeInvalid}
	if tag == "" {
		return r, nil
	}
	for part := range strings.SplitSeq(tag, ",") {
		key, value, _ := strings.Cut(part, "=")
		var err error
		switch key {
		case "required":
			r.required = true
		case "min":
			r.min, err = strconv.Atoi(value)
		case "max":
			r.bounded = true
			r.max, err = strconv.Atoi(value)
		case "url":
			r.url, r.code = true, CodeInvalidURL
		case "method":
			r.method, r.code = true, CodeInvalidMeth
		case "enum":
			r.enum = strings.Split(value, "|")
		case "sid":
			r.sid = value
		case "code":
			r.code, err = strconv.Atoi(value)
		default:
			err = errors.New("rest: no such rule: " + key)
		}
		if err != nil {
			return r, err
		}
	}
	return r, nil
}

// set puts what came for one parameter into its field.
func set(field reflect.Value, name string, given []string, r rule) error {
	if len(given) > 1 {
		return Invalid(r.code, name, "it was given %d times", len(given))
	}
	if len(given) == 0 || r.required && strings.TrimSpace(given[0]) == "" {
		if r.required {
			return Missing(r.code, name)
		}
		return nil
	}
	typ := field.Type()
	if typ.Kind() == reflect.Pointer {
		typ = typ.Elem()
	}
	if given[0] == "" && (typ.Kind() != reflect.String || r.method || r.enum != nil) {
		return nil
	}
	value, why := r.parse(typ, given[0])
	if why != "" {
		return Invalid(r.code, name, "%s", why)
	}
	if field.Kind() == reflect.Pointer {
		p := reflect.New(typ)
		p.Elem().Set(reflect.ValueOf(value))
		field.Set(p)
		return nil
	}
	field.Set(reflect.ValueOf(value))
	return nil
}

// parse reads a value of a field's type; why tells what is wrong with it.
func (r rule) parse(typ reflect.Type, s string) (value any, why string) {
	switch reflect.Zero(typ).Interface().(type) {
	case string:
		return r.parseString(s)
	case bool:
		switch strings.ToLower(s) {
		case "true", "1":
			return true, ""
		case "false", "0":
			return false, ""
		}
		return nil, "it must be true or false"
	case int:
		n, err := strconv.Atoi(s)
		if err != nil {
			return nil, "it must be a whole number"
		}
		if n < r.min || r.bounded && n > r.max {
			if r.bounded {
				return nil, "it must be from " + strconv.Itoa(r.min) + " to " + strconv.Itoa(r.max)
			}
			return nil, "it must be at least " + strconv.Itoa(r.min)
		}
		return n, ""
	case time.Time:
		for _, layout := range []string{time.DateOnly, time.RFC3339} {
			if t, err := time.Parse(layout, s); err == nil {
				return t.UTC(), ""
			}
		}
		return nil, "it must be a day as YYYY-MM-DD or an instant as YYYY-MM-DDThh:mm:ssZ"
	}
	return nil, "it cannot be set"
}

func (r rule) parseString(s string) (value any, why string) {
	longest := maxString
	switch {
	case r.bounded:
		longest = r.max
	case r.url:
		longest = maxURL
	}
	switch n := utf8.RuneCountInString(s); {
	case n > longest:
		return nil, "it is longer than " + strconv.Itoa(longest) + " characters"
	case n < r.min && s != "":
		return nil, "it is shorter than " + strconv.Itoa(r.min) + " characters"
	}
	switch {
	case r.method:
		if s = strings.ToUpper(s); s != http.MethodGet && s != http.MethodPost {
			return nil, "it must be GET or POST"
		}
	case r.enum != nil:
		for _, e := range r.enum {
			if strings.EqualFold(s, e) {
				return e, ""
			}
		}
		return nil, "it must be " + strings.Join(r.enum, ", ")
	case s == "":
	case r.sid != "" && !ValidSID(r.sid, s):
		return nil, "it must be " + r.sid + " and 32 hexadecimal digits"
	case r.url:
		if u, err := url.Parse(s); err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" {
			return nil, "it must be an absolute URL of http or https"
		}
	}
	return s, ""
}
