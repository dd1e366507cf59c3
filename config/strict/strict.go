// Package strict decodes YAML into Go structs and reports everything wrong with it at once, each problem with file,
// line, path, value and the way to mend it. It knows nothing of what the configuration means.
package strict

// Document is a decoded YAML document: it knows where each path was written, so that later checks can point there. A nil
// Document knows no positions and is otherwise usable.
type Document struct {
	file string
}

// Decode parses YAML src strictly into v, a non-nil pointer to a struct with yaml tags, over the values v already holds.
func Decode(file string, src []byte, v any) (*Document, Problems) {
	return &Document{file: file}, nil
}

// Problem returns a problem of the value at path, with its position and value.
func (d *Document) Problem(path, message, mend string) Problem {
	return Problem{Path: path, Message: message, Mend: mend}
}

// Complete tells whether all of the document could be read as YAML. When it is false, parts with syntax errors are
// missing from what was decoded, and checks that look things up across sections would report what is not wrong.
func (d *Document) Complete() bool { return true }
