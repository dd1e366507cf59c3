package config

import (
	"reflect"
	"slices"
	"strings"

	"callbox/config/strict"
)

// envPrefix begins the name of every variable that sets an option.
const envPrefix = "CALLBOX_"

// Variable is a CALLBOX_* environment variable that overrides an option.
type Variable struct {
	Name, Path, Value string
}

// variableName returns the variable of an option: CALLBOX_SIP_USER_AGENT for sip.user_agent.
func variableName(path string) string {
	return envPrefix + strings.ToUpper(strings.ReplaceAll(path, ".", "_"))
}

// override sets the options that environ names and notes them in from. An empty variable counts as unset: compose files
// pass on what their own environment lacks as empty.
func override(o *Options, environ []string, from source) strict.Problems {
	values := map[string]string{}
	for _, e := range environ {
		if name, value, ok := strings.Cut(e, "="); ok && strings.HasPrefix(name, envPrefix) && value != "" {
			values[name] = value
		}
	}
	var problems strict.Problems
	for l := range leaves(reflect.ValueOf(o).Elem()) {
		name := variableName(l.path)
		value, ok := values[name]
		delete(values, name)
		if !ok {
			continue
		}
		from.env[l.path] = Variable{name, l.path, value}
		if listeners, ok := l.value.Addr().Interface().(*[]Listener); ok {
			problems = append(problems, parseListeners(name, l.path, value, listeners)...)
			continue
		}
		_, secret := l.value.Interface().(Secret)
		problems = append(problems, strict.DecodeText(name, l.path, value, l.value.Addr().Interface(), secret)...)
	}
	return append(problems, misspelt(values)...)
}

// misspelt reports variables that are nearly those of an option. Others are let be: the prefix is not ours alone, as
// Kubernetes names its own CALLBOX_PORT_… for a service called callbox.
func misspelt(values map[string]string) strict.Problems {
	var problems strict.Problems
	for name := range values {
		for _, k := range Keys() {
			if strict.Similar(strings.TrimPrefix(name, envPrefix), strings.TrimPrefix(k.Env, envPrefix)) {
				problems = append(problems, strict.Problem{File: name, Message: "unknown variable", Mend: "did you mean " + k.Env + "?"})
				break
			}
		}
	}
	problems.Sort()
	return problems
}

// parseListeners reads a list such as udp:0.0.0.0:5060,tls:[::]:5061=sip.example.com.
func parseListeners(name, path, value string, to *[]Listener) strict.Problems {
	var out []Listener
	var problems strict.Problems
	for part := range strings.SplitSeq(value, ",") {
		part = strings.TrimSpace(part)
		if part == "" {
			continue
		}
		l, found := parseListener(name, path, part)
		out = append(out, l)
		problems = append(problems, found...)
	}
	if len(problems) == 0 {
		*to = slices.Clip(out)
	}
	return problems
}

// ParseListener reads a listener from one word, as flags and variables give it: network:address:port, with =advertise
// behind it if wanted, as in tls:[::]:5061=sip.example.com.
func ParseListener(word string) (Listener, error) {
	l, problems := parseListener("", "", word)
	return l, problems.Err()
}

func parseListener(name, path, word string) (Listener, strict.Problems) {
	rest, advertise, _ := strings.Cut(word, "=")
	network, address, ok := strings.Cut(rest, ":")
	l := Listener{Network: network, Advertise: advertise}
	if !ok || !slices.Contains(networks(), network) {
		return l, strict.Problems{{File: name, Path: path, Value: word, Message: "is not a listener",
			Mend: "write network:address:port such as udp:0.0.0.0:5060 or tls:[::]:5061=sip.example.com"}}
	}
	return l, strict.DecodeText(name, path, address, &l.Address, false)
}

// String renders l as ParseListener reads it.
func (l Listener) String() string {
	s := l.Network + ":" + l.Address.String()
	if l.Advertise != "" {
		s += "=" + l.Advertise
	}
	return s
}
