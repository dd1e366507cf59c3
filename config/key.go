package config

import (
	"encoding"
	"fmt"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"time"

	"callbox/config/strict"
)

// Key is one option as a user meets it.
type Key struct {
	Path    string // as in the YAML file: sip.user_agent
	Env     string // the variable that overrides it: CALLBOX_SIP_USER_AGENT
	Default string // as written in YAML; "" for none
	Live    bool   // takes effect at a reload, without a restart
}

// Keys returns every option in the order of the file.
func Keys() []Key {
	o := Defaults()
	var keys []Key
	for l := range leaves(reflect.ValueOf(&o).Elem()) {
		keys = append(keys, Key{Path: l.path, Env: variableName(l.path), Default: text(l.value), Live: l.live})
	}
	return keys
}

// Changed returns the paths that differ between two sets of options, sorted: those that take effect at a reload, and
// those that need a restart. A list counts as one path.
func Changed(old, new Options) (live, restart []string) {
	values := map[string]any{}
	for l := range leaves(reflect.ValueOf(&old).Elem()) {
		values[l.path] = l.value.Interface()
	}
	for l := range leaves(reflect.ValueOf(&new).Elem()) {
		if same(values[l.path], l.value) {
			continue
		}
		if l.live {
			live = append(live, l.path)
		} else {
			restart = append(restart, l.path)
		}
	}
	slices.Sort(live)
	slices.Sort(restart)
	return live, restart
}

// same compares an option's values; a list that is empty equals one that is not there.
func same(old any, new reflect.Value) bool {
	if new.Kind() == reflect.Slice && new.Len() == 0 && reflect.ValueOf(old).Len() == 0 {
		return true
	}
	return reflect.DeepEqual(old, new.Interface())
}

// leaf is one option: a value that is not a section of others.
type leaf struct {
	path  string
	live  bool
	value reflect.Value
}

// leaves yields the options below v, a struct, in the order of its fields.
func leaves(v reflect.Value) func(yield func(leaf) bool) {
	return func(yield func(leaf) bool) { walk(v, "", false, yield) }
}

func walk(v reflect.Value, prefix string, live bool, yield func(leaf) bool) bool {
	for i := range v.NumField() {
		f := v.Type().Field(i)
		path := prefix + f.Tag.Get("yaml")
		live := live || f.Tag.Get("reload") == "live"
		_, single := v.Field(i).Addr().Interface().(encoding.TextUnmarshaler)
		if f.Type.Kind() == reflect.Struct && !single {
			if !walk(v.Field(i), path+".", live, yield) {
				return false
			}
			continue
		}
		if !yield(leaf{path, live, v.Field(i)}) {
			return false
		}
	}
	return true
}

// text renders an option as it would be written in YAML.
func text(v reflect.Value) string {
	switch x := v.Interface().(type) {
	case []Listener:
		parts := make([]string, len(x))
		for i, l := range x {
			parts[i] = l.String()
		}
		return strings.Join(parts, ",")
	case []string:
		return strings.Join(x, ",")
	case time.Duration:
		return strict.ShortDuration(x)
	case netip.Addr:
		if !x.IsValid() {
			return ""
		}
	case netip.AddrPort:
		if !x.IsValid() {
			return ""
		}
	}
	if v.Kind() == reflect.Slice && v.Len() == 0 {
		return ""
	}
	return fmt.Sprint(v.Interface())
}
