package strict

import (
	"encoding"
	"fmt"
	"reflect"
	"strconv"
	"time"

	"gopkg.in/yaml.v3"
)

// decoder walks one YAML tree against one Go type.
type decoder struct {
	doc      *Document
	rootType reflect.Type
	problems Problems
	fields   map[reflect.Type][]field
	merges   merger
	active   map[*yaml.Node]bool // anchors being expanded, to notice one that contains itself
	aliases  int                 // how many of them
	expanded int                 // values reached through aliases so far
	verbatim bool                // strings take any text, as outside of YAML
}

func newDecoder(source string, rootType reflect.Type) *decoder {
	d := &decoder{
		doc:      &Document{file: source, secrets: map[string]bool{}},
		rootType: rootType,
		fields:   map[reflect.Type][]field{},
		active:   map[*yaml.Node]bool{},
	}
	d.merges = newMerger(d.wrongKey)
	return d
}

// place is where in the document a value stands.
type place struct {
	path   string
	secret bool
}

func (p place) key(k string) place {
	if p.path != "" {
		k = p.path + "." + k
	}
	return place{k, p.secret}
}

func (p place) index(i int) place {
	return place{p.path + "[" + strconv.Itoa(i) + "]", p.secret}
}

// add records p unless there are too many already.
func (d *decoder) add(p Problem) {
	switch {
	case len(d.problems) < MaxProblems:
		d.problems = append(d.problems, p)
	case len(d.problems) == MaxProblems:
		d.problems = append(d.problems, Problem{File: d.doc.file, Line: p.Line,
			Message: "too many problems, the others are not shown", Mend: "mend these first"})
	}
}

// wrong records a problem of n. Its value is shown when n is a scalar.
func (d *decoder) wrong(n *yaml.Node, at place, message, mend string) {
	p := Problem{File: d.doc.file, Line: n.Line, Column: n.Column, Path: at.path, Message: message, Mend: mend}
	if n.Kind == yaml.ScalarNode {
		p.Value = d.doc.show(at.path, n.Value)
	}
	d.add(p)
}

// wrongKey records a problem of the key k itself; the value, which may be a misspelt password, is not shown.
func (d *decoder) wrongKey(k *yaml.Node, at place, message, mend string) {
	d.add(Problem{File: d.doc.file, Line: k.Line, Column: k.Column, Path: at.path, Message: message, Mend: mend})
}

// decode sets v, which is addressable, from n. On a problem v keeps what it held.
func (d *decoder) decode(n *yaml.Node, v reflect.Value, at place) {
	if n.Kind == yaml.AliasNode {
		anchor := n.Alias
		if d.active[anchor] {
			d.wrong(n, at, "refers to itself", "write the value out")
			return
		}
		d.active[anchor] = true
		d.aliases++
		defer func() {
			delete(d.active, anchor)
			d.aliases--
		}()
		n = anchor
	}
	if !d.afford(n, at) {
		return
	}
	at.secret = at.secret || v.Type() == secretType
	if at.secret || d.holdsSecret(v.Type()) && n.Kind == yaml.ScalarNode {
		d.doc.secrets[at.path] = true
	}
	if customTag(n) {
		d.wrong(n, at, "carries a YAML tag, which means nothing here", `remove the word that begins with "!", or quote the value`)
		return
	}
	d.decodeInto(n, v, at)
}

// afford counts values reached through aliases, and tells whether n is within bounds. The problem is reported once.
func (d *decoder) afford(n *yaml.Node, at place) bool {
	if d.aliases == 0 {
		return true
	}
	d.expanded++
	if d.expanded == MaxExpanded+1 {
		d.wrong(n, place{path: at.path, secret: true}, fmt.Sprintf("aliases expand to more than %d values", MaxExpanded), "write fewer aliases")
	}
	return d.expanded <= MaxExpanded
}

func (d *decoder) decodeInto(n *yaml.Node, v reflect.Value, at place) {
	t := v.Type()
	if t.Kind() == reflect.Pointer {
		d.decodePointer(n, v, at)
		return
	}
	if isScalar(t) {
		d.decodeScalar(n, v, at)
		return
	}
	null := isNull(n)
	switch t.Kind() {
	case reflect.Struct:
		if !null { // a section whose keys are all commented out is as good as none
			d.decodeStruct(n, v, at)
		}
	case reflect.Slice:
		if null {
			d.wrong(n, at, "has no value", "write [] for an empty list, or remove the key")
			return
		}
		d.decodeSlice(n, v, at)
	case reflect.Map:
		if null {
			d.wrong(n, at, "has no value", "write {} for none, or remove the key")
			return
		}
		d.decodeMap(n, v, at)
	default:
		d.wrong(n, at, "cannot be decoded into "+t.String(), "")
	}
}

// decodePointer fills a fresh value, so that what v pointed to before (a default others share) is never written.
func (d *decoder) decodePointer(n *yaml.Node, v reflect.Value, at place) {
	if isNull(n) {
		v.SetZero()
		return
	}
	fresh := reflect.New(v.Type().Elem())
	if !v.IsNil() {
		fresh.Elem().Set(v.Elem())
	}
	before := len(d.problems)
	at.secret = at.secret || v.Type().Elem() == secretType
	d.decodeInto(n, fresh.Elem(), at)
	if len(d.problems) == before || fresh.Elem().Kind() == reflect.Struct {
		v.Set(fresh)
	}
}

func (d *decoder) decodeSlice(n *yaml.Node, v reflect.Value, at place) {
	if n.Kind != yaml.SequenceNode {
		d.wrong(n, at, "must be a list, not "+kindOf(n), `begin each entry with "- ", or write [a, b]`)
		return
	}
	out := reflect.MakeSlice(v.Type(), len(n.Content), len(n.Content))
	for i, item := range n.Content {
		if d.expanded > MaxExpanded {
			return
		}
		if isNull(item) && v.Type().Elem().Kind() == reflect.Struct {
			d.wrong(item, at.index(i), "is an empty entry", "give it a value or remove it")
			continue
		}
		d.decode(item, out.Index(i), at.index(i))
	}
	v.Set(out)
}

func (d *decoder) decodeMap(n *yaml.Node, v reflect.Value, at place) {
	t := v.Type()
	if n.Kind != yaml.MappingNode {
		d.wrong(n, at, "must be keys and values, not "+kindOf(n), `write "key: value"`)
		return
	}
	if t.Key().Kind() != reflect.String {
		d.wrong(n, at, "cannot be decoded into "+t.String(), "")
		return
	}
	out := reflect.MakeMapWithSize(t, min(len(n.Content)/2, 1024))
	for _, e := range d.merges.entries(n, at) {
		if d.expanded > MaxExpanded {
			return
		}
		at := at.key(e.key.Value)
		value := reflect.New(t.Elem()).Elem()
		d.decode(e.value, value, at)
		if e.again {
			continue
		}
		key := reflect.New(t.Key()).Elem()
		if d.decodeKey(e.key, key, at) {
			out.SetMapIndex(key, value)
		}
	}
	v.Set(out)
}

// decodeKey sets a map's key, whose type may check it by UnmarshalText.
func (d *decoder) decodeKey(n *yaml.Node, key reflect.Value, at place) bool {
	u, ok := key.Addr().Interface().(encoding.TextUnmarshaler)
	if !ok {
		key.SetString(n.Value)
		return true
	}
	if err := u.UnmarshalText([]byte(n.Value)); err != nil {
		message, mend := explain(err)
		d.wrongKey(n, at, "as a key "+message, mend)
		return false
	}
	return true
}

func (d *decoder) decodeStruct(n *yaml.Node, v reflect.Value, at place) {
	if n.Kind != yaml.MappingNode {
		d.wrong(n, at, "must be keys and values, not "+kindOf(n), `write "key: value", one a line`)
		return
	}
	fields := d.fieldsOf(v.Type())
	for _, e := range d.merges.entries(n, at) {
		if d.expanded > MaxExpanded {
			return
		}
		f, ok := lookup(fields, e.key.Value)
		if !ok {
			if !e.again {
				d.wrongKey(e.key, at.key(e.key.Value), "unknown key", d.suggest(e.key.Value, at.path, fields))
			}
			continue
		}
		at := at.key(f.name)
		at.secret = at.secret || f.secret
		target := v.FieldByIndex(f.index)
		if e.again { // the second of two is checked, and dropped
			target = reflect.New(target.Type()).Elem()
		}
		d.decode(e.value, target, at)
	}
}

var (
	secretType   = reflect.TypeFor[Secret]()
	durationType = reflect.TypeFor[time.Duration]()
	textType     = reflect.TypeFor[encoding.TextUnmarshaler]()
)

// isScalar tells whether a value of type t is written as one scalar.
func isScalar(t reflect.Type) bool {
	if reflect.PointerTo(t).Implements(textType) {
		return true
	}
	switch t.Kind() {
	case reflect.String, reflect.Bool, reflect.Float32, reflect.Float64,
		reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return true
	}
	return false
}
