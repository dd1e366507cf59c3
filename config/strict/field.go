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
	best, distance := "", 1+max(1, len(key)/3)
	for _, f := range fields {
		if n := editDistance(plain(key), plain(f.name)); n < min(distance, len(key)) {
			best, distance = f.name, n
		}
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

// plain brings the ways to write a key together: userAgent, user-agent, User_Agent.
func plain(key string) string {
	return strings.NewReplacer("-", "", "_", "", " ", "").Replace(strings.ToLower(key))
}

// editDistance counts the insertions, deletions, replacements and swaps of neighbours between a and b. Keys far longer
// than any known one are not worth the time and count as wholly different.
func editDistance(a, b string) int {
	if len(a) > 64 || len(b) > 64 {
		return 64
	}
	rows := [3][]int{make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)}
	for j := range rows[1] {
		rows[1][j] = j
	}
	for i := 1; i <= len(a); i++ {
		before, above, row := rows[0], rows[1], rows[2]
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(above[j]+1, row[j-1]+1, above[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		rows[0], rows[1], rows[2] = above, row, before
	}
	return rows[1][len(b)]
}
