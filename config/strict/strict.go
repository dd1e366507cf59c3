// Package strict decodes YAML into Go structs and reports everything wrong with it at once, each problem with file,
// line, path, value and the way to mend it. It knows nothing of what the configuration means.
//
// It exists because yaml.v3's own strict mode stops at the first syntax error, gives no column and no path, lets a
// key of a list entry go unnamed, and shows the value of a password that has the wrong type.
package strict

import (
	"fmt"
	"reflect"

	"gopkg.in/yaml.v3"
)

// Bounds on what Decode takes, so that a hostile document costs a bounded amount of memory and time.
const (
	MaxBytes    = 8 << 20 // size of a document
	MaxExpanded = 100_000 // values reached through aliases, and keys through merge keys
	MaxProblems = 100     // problems reported; one more says that there are others
)

// Document is a decoded YAML document: it knows where each path was written, so that later checks can point there. A nil
// Document knows no positions and is otherwise usable.
type Document struct {
	file    string
	root    *yaml.Node // nil when there is nothing
	secrets map[string]bool
	partial bool
}

// Decode parses YAML src strictly into v, a non-nil pointer to a struct with yaml tags. file is only used to name the
// source in problems. The Document is never nil.
//
// Keys that are absent leave what v holds, so v can be filled with defaults; lists and maps are replaced as a whole.
// Fields may be structs (also ",inline"), slices, maps with text keys, pointers, strings, booleans, numbers,
// time.Duration ("30s"), netip.Addr, netip.AddrPort, netip.Prefix and encoding.TextUnmarshaler, whose error may be an
// *Invalid. A field of type Secret or with the tag `secret:"true"`, and all below it, shows as *** in problems.
//
// With problems, v holds what could be read and must not be put to use; it is good enough for further checks.
func Decode(file string, src []byte, v any) (*Document, Problems) {
	d := newDecoder(file, reflect.TypeOf(v))
	doc := d.doc
	rv := reflect.ValueOf(v)
	if rv.Kind() != reflect.Pointer || rv.IsNil() {
		d.add(Problem{Message: fmt.Sprintf("cannot be decoded into %T", v)})
		return doc, d.problems
	}
	text := parse(file, src)
	for _, p := range text.problems {
		d.add(p)
	}
	doc.root, doc.partial = text.root, text.partial
	if doc.root != nil {
		d.decode(doc.root, rv.Elem(), place{})
	}
	d.problems.Sort()
	return doc, d.problems
}

// DecodeText decodes text, one value from outside of YAML such as an environment variable, into v, a non-nil pointer,
// by the rules of Decode. source names where it came from and stands in Problem.File; path is the option's path. A
// slice takes values separated by commas; a string takes any text.
func DecodeText(source, path, text string, v any, secret bool) Problems {
	d := newDecoder(source, nil)
	d.verbatim = true
	rv := reflect.ValueOf(v)
	if rv.Kind() != reflect.Pointer || rv.IsNil() {
		d.add(Problem{Path: path, Message: fmt.Sprintf("cannot be decoded into %T", v)})
		return d.problems
	}
	d.decode(textNode(text, rv.Elem().Type()), rv.Elem(), place{path: path, secret: secret})
	return d.problems
}

// Problem returns a problem of the value at path, with its position and, for a scalar that is no secret, its value.
// Where path was not written it points at the nearest enclosing value that was.
func (d *Document) Problem(path, message, mend string) Problem {
	p := Problem{Path: path, Message: message, Mend: mend}
	if d == nil {
		return p
	}
	p.File = d.file
	at := find(d.root, path)
	p.Line, p.Column = at.position()
	if at.exact && at.value != nil && at.value.Kind == yaml.ScalarNode {
		p.Value = d.show(path, at.value.Value)
	}
	return p
}

// Has tells whether path was written in the document.
func (d *Document) Has(path string) bool {
	return d != nil && d.root != nil && find(d.root, path).exact
}

// Complete tells whether all of the document could be read as YAML. When it is false, parts with syntax errors are
// missing from what was decoded, and checks that look things up across sections would report what is not wrong.
func (d *Document) Complete() bool { return d == nil || !d.partial }

// show returns value as a problem may print it: hidden for a secret, and shortened.
func (d *Document) show(path, value string) string {
	if value == "" {
		return ""
	}
	if d.secrets[path] {
		return hidden
	}
	const longest = 80
	runes := 0
	for i := range value {
		if runes++; runes > longest {
			return value[:i] + "…"
		}
	}
	return value
}
