package strict

import (
	"reflect"
	"slices"
	"strings"
)

// field is one key of a struct.
type field struct {
	name   string
	index  []int
	typ    reflect.Type
	secret bool
}

// fieldsOf returns the keys of struct type t in the order of its fields, inlined structs included.
func (d *decoder) fieldsOf(t reflect.Type) []field {
	if fs, ok := d.fields[t]; ok {
		return fs
	}
	fs := structFields(t, nil, false)
	d.fields[t] = fs
	return fs
}

func structFields(t reflect.Type, index []int, secret bool) []field {
	var out []field
	for i := range t.NumField() {
		f := t.Field(i)
		name, options, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		if !f.IsExported() || name == "-" {
			continue
		}
		at := append(slices.Clone(index), i)
		hide := secret || f.Tag.Get("secret") == "true"
		if f.Type.Kind() == reflect.Struct && slices.Contains(strings.Split(options, ","), "inline") {
			out = append(out, structFields(f.Type, at, hide)...)
			continue
		}
		if name == "" {
			name = strings.ToLower(f.Name) // as yaml.v3 does
		}
		out = append(out, field{name, at, f.Type, hide})
	}
	return out
}

func lookup(fields []field, name string) (field, bool) {
	i := slices.IndexFunc(fields, func(f field) bool { return f.name == name })
	if i < 0 {
		return field{}, false
	}
	return fields[i], true
}

// holdsSecret tells whether a value of type t may hold a secret somewhere: a scalar found in its place may be one.
func (d *decoder) holdsSecret(t reflect.Type) bool {
	return d.searchSecret(t, map[reflect.Type]bool{})
}

func (d *decoder) searchSecret(t reflect.Type, seen map[reflect.Type]bool) bool {
	if t == secretType {
		return true
	}
	if seen[t] || isScalar(t) {
		return false
	}
	seen[t] = true
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Map:
		return d.searchSecret(t.Elem(), seen)
	case reflect.Struct:
		return slices.ContainsFunc(d.fieldsOf(t), func(f field) bool { return f.secret || d.searchSecret(f.typ, seen) })
	}
	return false
}

// suggest returns the mend of an unknown key of the struct at path: a known key that looks like it, a place elsewhere
// where that key belongs, or what is known here.
func (d *decoder) suggest(key, path string, fields []field) string {
	if len(d.problems) > MaxProblems {
		return "" // nobody will see it
	}
	best, closest := "", tooFar(key)
	for _, f := range fields {
		if n := distance(key, f.name); n < closest {
			best, closest = f.name, n
		}
	}
	if best == "" {
		best = abbreviated(key, fields)
	}
	if best != "" {
		return "did you mean " + best + "?"
	}
	if places := d.elsewhere(key, path); len(places) == 1 {
		return "did you mean " + places[0] + "?"
	}
	names := make([]string, len(fields))
	for i, f := range fields {
		names[i] = f.name
	}
	if len(names) == 0 {
		return "there are no keys here"
	}
	return "known keys: " + strings.Join(names, ", ")
}

// abbreviated returns the one known key that key begins, as cert does certificate, or that begins key.
func abbreviated(key string, fields []field) string {
	found := ""
	for _, f := range fields {
		if len(key) >= 3 && strings.HasPrefix(f.name, plain(key)) || len(f.name) >= 3 && strings.HasPrefix(plain(key), f.name) {
			if found != "" {
				return ""
			}
			found = f.name
		}
	}
	return found
}

// elsewhere returns the paths outside of path that end in key, as far as structs reach.
func (d *decoder) elsewhere(key, path string) []string {
	var out []string
	var walk func(t reflect.Type, at place, depth int)
	walk = func(t reflect.Type, at place, depth int) {
		if t.Kind() != reflect.Struct || isScalar(t) || depth > 8 {
			return
		}
		for _, f := range d.fieldsOf(t) {
			if f.name == key && at.path != path {
				out = append(out, at.key(key).path)
			}
			walk(f.typ, at.key(f.name), depth+1)
		}
	}
	if d.rootType != nil {
		walk(d.rootType.Elem(), place{}, 0)
	}
	return out
}
