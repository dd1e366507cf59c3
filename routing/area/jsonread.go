package area

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strconv"
	"strings"

	"callbox/config/strict"
)

// jsonReader reads JSON value by value and says where what is wrong with it stands. It takes no key twice and no value of
// another type than was asked for.
type jsonReader struct {
	dec      *json.Decoder
	file     string
	src      []byte
	counted  int64 // bytes whose lines are
	line     int
	steps    []step // to the value that is being read
	problems strict.Problems
	more     int // problems that were too many to keep
}

// maxProblems bounds what is reported of one file.
const maxProblems = 100

// errStop ends the reading of a file of which nothing more can be made; what is wrong has been reported.
var errStop = errors.New("cannot be read any further")

func newJSONReader(file string, src []byte) *jsonReader {
	r := &jsonReader{dec: json.NewDecoder(bytes.NewReader(src)), file: file, src: src, line: 1}
	r.dec.UseNumber()
	return r
}

// at returns the line of what was read last.
func (r *jsonReader) at() int {
	now := min(r.dec.InputOffset(), int64(len(r.src)))
	if now > r.counted {
		r.line += bytes.Count(r.src[r.counted:now], []byte{'\n'})
		r.counted = now
	}
	return r.line
}

// step is a key or, where that is "", the place in a list.
type step struct {
	key   string
	index int
}

// path returns where the value stands that is being read, such as features[3].geometry.
func (r *jsonReader) path() string { return pathOf(r.steps) }

func pathOf(steps []step) string {
	var b strings.Builder
	for i, s := range steps {
		switch {
		case s.key == "":
			b.WriteString("[" + strconv.Itoa(s.index) + "]")
		case i > 0:
			b.WriteString("." + s.key)
		default:
			b.WriteString(s.key)
		}
	}
	return b.String()
}

// within reads a value that stands at a step from here.
func (r *jsonReader) within(s step, read func() error) error {
	r.steps = append(r.steps, s)
	err := read()
	r.steps = r.steps[:len(r.steps)-1]
	return err
}

// bad reports what is wrong with the value that is being read.
func (r *jsonReader) bad(value, message, mend string) {
	r.add(strict.Problem{Line: r.at(), Path: r.path(), Value: value, Message: message, Mend: mend})
}

// add reports p, which is of this file.
func (r *jsonReader) add(p strict.Problem) {
	if len(r.problems) == maxProblems {
		r.more++
		return
	}
	const longest = 80
	if len(p.Value) > longest {
		p.Value = strings.ToValidUTF8(p.Value[:longest], "") + "…"
	}
	p.File = r.file
	r.problems = append(r.problems, p)
}

// broken reports what is no JSON.
func (r *jsonReader) broken(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = errors.New("the file ends in the middle of it")
	}
	if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
		r.counted, r.line = 0, 1
		end := min(max(syntax.Offset-1, 0), int64(len(r.src)))
		r.line += bytes.Count(r.src[:end], []byte{'\n'})
		r.counted = end
	}
	r.bad("", "is not JSON: "+err.Error(), "write GeoJSON as RFC 7946 has it")
	return errStop
}

// token returns the next token.
func (r *jsonReader) token() (json.Token, error) {
	t, err := r.dec.Token()
	if err != nil {
		return nil, r.broken(err)
	}
	return t, nil
}

// skip passes over the rest of a value that begins with t.
func (r *jsonReader) skip(t json.Token) error {
	for depth := 0; ; {
		switch t {
		case json.Delim('{'), json.Delim('['):
			depth++
		case json.Delim('}'), json.Delim(']'):
			depth--
		}
		if depth == 0 {
			return nil
		}
		var err error
		if t, err = r.token(); err != nil {
			return err
		}
	}
}

// pass passes over the next value.
func (r *jsonReader) pass() error {
	t, err := r.token()
	if err != nil {
		return err
	}
	return r.skip(t)
}

// open takes the beginning of an object or a list, false for another value, which is reported and passed over.
func (r *jsonReader) open(delim json.Delim, what string) (bool, error) {
	t, err := r.token()
	if err != nil || t == delim {
		return err == nil, err
	}
	r.bad("", "is "+kindOf(t)+" where "+what+" belongs", "write it as RFC 7946 has it")
	return false, r.skip(t)
}

// object reads an object, whose values field reads. A key that is there twice is reported and passed over.
func (r *jsonReader) object(field func(key string) error) error {
	ok, err := r.open('{', "an object")
	if err != nil || !ok {
		return err
	}
	seen := make(map[string]bool)
	for {
		t, err := r.token()
		if err != nil || t == json.Delim('}') {
			return err
		}
		key, _ := t.(string)
		err = r.within(step{key: key}, func() error {
			if seen[key] {
				r.bad("", "is there twice", "keep one of them")
				return r.pass()
			}
			seen[key] = true
			return field(key)
		})
		if err != nil {
			return err
		}
	}
}

// array reads a list, whose values item reads.
func (r *jsonReader) array(item func() error) error {
	ok, err := r.open('[', "a list")
	if err != nil || !ok {
		return err
	}
	for i := 0; r.dec.More(); i++ {
		if err := r.within(step{index: i}, item); err != nil {
			return err
		}
	}
	_, err = r.token()
	return err
}

// text reads a string, "" for another value, which is reported.
func (r *jsonReader) text() (string, error) {
	t, err := r.token()
	if err != nil {
		return "", err
	}
	if s, ok := t.(string); ok {
		return s, nil
	}
	r.bad("", "is "+kindOf(t)+" where a text belongs", "put it in quotes")
	return "", r.skip(t)
}

// words reads a text or a number as it is written, "" for null and for another value, which is reported.
func (r *jsonReader) words() (string, error) {
	t, err := r.token()
	if err != nil {
		return "", err
	}
	switch t := t.(type) {
	case string:
		return t, nil
	case json.Number:
		return t.String(), nil
	case nil:
		return "", nil
	}
	r.bad("", "is "+kindOf(t)+" where a text or a number belongs", "put it in quotes")
	return "", r.skip(t)
}

// kindOf names the JSON type of a token.
func kindOf(t json.Token) string {
	switch t := t.(type) {
	case json.Delim:
		if t == '[' {
			return "a list"
		}
		return "an object"
	case bool:
		return "true or false"
	case string:
		return "a text"
	case nil:
		return "null"
	}
	return "a number"
}
