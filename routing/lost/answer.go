package lost

import (
	"bytes"
	"encoding/xml"
	"strings"
	"time"
)

// answer is a response under way.
type answer struct {
	bytes.Buffer
}

// text writes character data.
func (a *answer) text(s string) {
	// A bytes.Buffer does not fail.
	_ = xml.EscapeText(a, []byte(strings.ToValidUTF8(s, "\uFFFD")))
}

// open writes <name key="value" …> with the pairs that have a value.
func (a *answer) open(name string, pairs ...string) {
	a.WriteString("<" + name)
	a.pairs(pairs)
	a.WriteString(">")
}

// empty writes <name key="value" …/>.
func (a *answer) empty(name string, pairs ...string) {
	a.WriteString("<" + name)
	a.pairs(pairs)
	a.WriteString("/>\n")
}

func (a *answer) pairs(pairs []string) {
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] == "" {
			continue
		}
		a.WriteString(" " + pairs[i] + `="`)
		a.text(pairs[i+1])
		a.WriteString(`"`)
	}
}

func (a *answer) close(name string) { a.WriteString("</" + name + ">\n") }

// element writes <name>text</name>, nothing where there is no text.
func (a *answer) element(name, text string, pairs ...string) {
	if text == "" {
		return
	}
	a.open(name, pairs...)
	a.text(text)
	a.close(name)
}

// root starts a response.
func (a *answer) root(name string, pairs ...string) {
	a.WriteString(`<?xml version="1.0" encoding="UTF-8"?>` + "\n")
	a.open(name, append([]string{"xmlns", Namespace}, pairs...)...)
	a.WriteString("\n")
}

// path writes the servers that a query went through.
func (a *answer) path(vias []string, self string) {
	a.open("path")
	a.WriteString("\n")
	for _, v := range append(vias[:len(vias):len(vias)], self) {
		a.empty("via", "source", v)
	}
	a.close("path")
}

// errorsOf returns the whole response to a query that failed.
func errorsOf(f *Fault, source string) []byte {
	var a answer
	a.root("errors", "source", source)
	a.empty(f.Name, "unsupportedProfiles", f.Unsupported, "message", f.Message, "xml:lang", "en")
	a.close("errors")
	return a.Bytes()
}

// stamp writes a time as the protocol has it.
func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05Z") }
