package unified

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"unicode/utf8"
)

// object is a JSON object of a request. Its methods note what is wrong, and err returns all of it. What no method asks for
// is passed over.
type object struct {
	fields map[string]json.RawMessage
	path   string // of it in the body, with a dot at its end, or ""
	wrong  *[]entry
}

// readObject takes a JSON object apart. One with a field that is there twice is refused: which of them counts would be a
// matter of taste.
func readObject(raw []byte) (*object, error) {
	o := &object{wrong: new([]entry)}
	if len(bytes.TrimSpace(raw)) == 0 {
		return nil, bad(source{}, "There is no body; send a JSON object.")
	}
	if err := o.read(raw); err != nil {
		return nil, err
	}
	return o, nil
}

func (o *object) read(raw []byte) error {
	where := strings.TrimSuffix(o.path, ".")
	d := json.NewDecoder(bytes.NewReader(raw))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		if err != nil && !errors.Is(err, io.EOF) {
			return bad(source{Field: where}, "The body is not JSON: %s", err)
		}
		return bad(source{Field: where}, "A JSON object is expected here.")
	}
	o.fields = map[string]json.RawMessage{}
	for d.More() {
		key, err := d.Token()
		name, ok := key.(string)
		if err != nil || !ok {
			return bad(source{Field: where}, "The body is not JSON: %v", err)
		}
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return bad(source{Field: o.path + clip(name)}, "The body is not JSON: %s", err)
		}
		if _, twice := o.fields[name]; twice {
			return bad(source{Field: o.path + clip(name)}, "The field is there twice.")
		}
		o.fields[name] = value
	}
	if _, err := d.Token(); err != nil {
		return bad(source{Field: where}, "The body is not JSON: it ends too early.")
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return bad(source{Field: where}, "There is something behind the JSON object.")
	}
	return nil
}

// clip bounds a name that a client chose.
func clip(s string) string {
	if len(s) > 60 {
		return strings.ToValidUTF8(s[:60], "") + "…"
	}
	return s
}

// note adds a fault of a field.
func (o *object) note(name, format string, args ...any) {
	if len(*o.wrong) < 20 {
		*o.wrong = append(*o.wrong, bad(source{Field: o.path + name}, format, args...).Entries[0])
	}
}

// err returns everything that was noted, nil for nothing.
func (o *object) err() error {
	if len(*o.wrong) == 0 {
		return nil
	}
	return &Error{status: http.StatusBadRequest, Entries: *o.wrong}
}

// has tells whether a field is there and not null.
func (o *object) has(name string) bool {
	raw, ok := o.fields[name]
	return ok && string(raw) != "null"
}

// text returns a string field of at most so many characters, "" where there is none.
func (o *object) text(name string, longest int) string {
	if !o.has(name) {
		return ""
	}
	var s string
	if json.Unmarshal(o.fields[name], &s) != nil {
		o.note(name, "It must be a string.")
		return ""
	}
	return o.checked(name, s, longest)
}

func (o *object) checked(name, s string, longest int) string {
	switch {
	case utf8.RuneCountInString(s) > longest:
		o.note(name, "It is longer than %d characters.", longest)
		return ""
	case strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f || r == utf8.RuneError }):
		o.note(name, "It has a control character, or is not UTF-8.")
		return ""
	}
	return strings.TrimSpace(s)
}

// word returns a string field that must be one of a few, "" where there is none.
func (o *object) word(name string, words ...string) string {
	s := o.text(name, 40)
	if s == "" {
		return ""
	}
	for _, w := range words {
		if s == w {
			return s
		}
	}
	o.note(name, "It must be one of %s.", strings.Join(words, ", "))
	return ""
}

// flag returns a boolean field, false where there is none.
func (o *object) flag(name string) (v bool) {
	if o.has(name) && json.Unmarshal(o.fields[name], &v) != nil {
		o.note(name, "It must be true or false.")
	}
	return v
}

// number returns a field that is a number, or a string of one; false where there is none.
func (o *object) number(name string) (float64, bool) {
	raw := o.fields[name]
	var s string
	if !o.has(name) || json.Unmarshal(raw, &s) == nil && strings.TrimSpace(s) == "" {
		return 0, false
	}
	if s != "" {
		raw = []byte(strings.TrimSpace(s))
	}
	var v float64
	if json.Unmarshal(raw, &v) != nil {
		o.note(name, "It must be a number.")
		return 0, false
	}
	return v, true
}

// list returns the elements of an array field.
func (o *object) list(name string, most int) []json.RawMessage {
	if !o.has(name) {
		return nil
	}
	var all []json.RawMessage
	if json.Unmarshal(o.fields[name], &all) != nil {
		o.note(name, "It must be an array.")
		return nil
	}
	if len(all) > most {
		o.note(name, "It has more than %d elements.", most)
		return nil
	}
	return all
}

// objects returns the objects of an array field.
func (o *object) objects(name string, most int) []*object {
	var all []*object
	for i, raw := range o.list(name, most) {
		in := &object{path: fmt.Sprintf("%s%s[%d].", o.path, name, i), wrong: o.wrong}
		var e *Error
		if err := in.read(raw); errors.As(err, &e) {
			if len(*o.wrong) < 20 {
				*o.wrong = append(*o.wrong, e.Entries...)
			}
			continue
		}
		all = append(all, in)
	}
	return all
}

// texts returns the strings of an array field, each once; one that is there twice is noted.
func (o *object) texts(name string, most, longest int) []string {
	var all []string
	seen := map[string]bool{}
	for i, raw := range o.list(name, most) {
		var s string
		at := fmt.Sprintf("%s[%d]", name, i)
		if json.Unmarshal(raw, &s) != nil {
			o.note(at, "It must be a string.")
			continue
		}
		if s = o.checked(at, s, longest); s == "" {
			o.note(at, "It must not be empty.")
			continue
		}
		if seen[s] {
			o.note(at, "It is there twice.")
			continue
		}
		seen[s] = true
		all = append(all, s)
	}
	return all
}
