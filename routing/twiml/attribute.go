package twiml

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// attributes are those of one element, each taken once; what is left at the end is unknown.
type attributes struct {
	p      *parser
	e      *element
	values map[string]string
}

// attributes returns those of e. The names in without are the provider's, but have no effect here.
func (p *parser) attributes(e *element, without ...string) *attributes {
	a := &attributes{p, e, map[string]string{}}
	for _, x := range e.attrs {
		if slices.Contains(without, x.Name.Local) {
			p.warn(CodeSchema, e, "%s of <%s> is not simulated and has no effect", x.Name.Local, e.name)
			continue
		}
		a.values[x.Name.Local] = x.Value
	}
	return a
}

func (p *parser) warn(code int, e *element, format string, args ...any) {
	p.doc.Warnings = append(p.doc.Warnings, Warning{code, e.line, fmt.Sprintf(format, args...)})
}

// text takes an attribute as it is written, "" where it is absent.
func (a *attributes) text(name string) string {
	v := a.values[name]
	delete(a.values, name)
	return v
}

// number takes a whole number of low to high; another value is warned of with code and becomes otherwise.
func (a *attributes) number(name string, code, low, high, otherwise int) int {
	v, ok := a.values[name]
	delete(a.values, name)
	if !ok {
		return otherwise
	}
	n, err := strconv.Atoi(strings.TrimSpace(v))
	if err != nil || n < low || n > high {
		a.p.warn(code, a.e, "%s=%.40q of <%s> is not a whole number from %d to %d: %d is used", name, v, a.e.name, low, high, otherwise)
		return otherwise
	}
	return n
}

// seconds takes a number of seconds.
func (a *attributes) seconds(name string, code, low, high, otherwise int) time.Duration {
	return time.Duration(a.number(name, code, low, high, otherwise)) * time.Second
}

// flag takes true or false, false where it is absent.
func (a *attributes) flag(name string, code int) bool {
	v, ok := a.values[name]
	delete(a.values, name)
	switch {
	case !ok || strings.EqualFold(v, "false"):
	case strings.EqualFold(v, "true"):
		return true
	default:
		a.p.warn(code, a.e, "%s=%.40q of <%s> is neither true nor false: false is used", name, v, a.e.name)
	}
	return false
}

// method takes GET or POST; POST where it is absent.
func (a *attributes) method(code int) string {
	v, ok := a.values["method"]
	delete(a.values, "method")
	switch m := strings.ToUpper(v); {
	case m == "GET" || m == "POST":
		return m
	case ok:
		a.p.warn(code, a.e, "method=%.40q of <%s> is neither GET nor POST: POST is used", v, a.e.name)
	}
	return "POST"
}

// done warns of what nobody took.
func (a *attributes) done() {
	for _, x := range a.e.attrs {
		if _, left := a.values[x.Name.Local]; left {
			a.p.warn(CodeSchema, a.e, "attribute %.40q is not allowed in <%s> and is ignored", x.Name.Local, a.e.name)
		}
	}
}
