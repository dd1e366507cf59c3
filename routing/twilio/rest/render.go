package rest

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// write answers with a reply. A value that cannot be written is a fault of ours: it becomes a 500, never half a body.
func write(w http.ResponseWriter, f Format, r Reply) {
	if r.Value == nil {
		w.WriteHeader(r.Status)
		return
	}
	body, err := render(f, r)
	if err != nil {
		e := Internal()
		r.Status = e.Status
		body, _ = render(f, Reply{e.Status, "RestException", e.body()})
	}
	kind := "application/json;charset=utf-8"
	if f == XML {
		kind = "application/xml;charset=utf-8"
	}
	h := w.Header()
	h.Set("Content-Type", kind)
	h.Set("Content-Length", strconv.Itoa(len(body)))
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(r.Status)
	_, _ = w.Write(body) // a client that went away does not need it
}

func render(f Format, r Reply) ([]byte, error) {
	var b bytes.Buffer
	if f == JSON {
		enc := json.NewEncoder(&b)
		enc.SetEscapeHTML(false)
		err := enc.Encode(r.Value)
		return b.Bytes(), err
	}
	b.WriteString("<?xml version='1.0' encoding='UTF-8'?>\n<TwilioResponse>")
	if l, ok := r.Value.(List); ok {
		l.xml(&b)
	} else {
		writeXML(&b, r.Name, reflect.ValueOf(r.Value))
	}
	b.WriteString("</TwilioResponse>")
	return b.Bytes(), nil
}

// writeXML writes v as an element called name. Names come from our own structs; every text is escaped, and what XML 1.0
// cannot hold at all (control characters, broken UTF-8) becomes U+FFFD, so that a stored string never breaks the document.
func writeXML(b *bytes.Buffer, name string, v reflect.Value) {
	b.WriteString("<" + name)
	text, leaf := xmlText(v)
	if leaf {
		if text == "" {
			b.WriteString("/>")
			return
		}
		b.WriteByte('>')
		escape(b, text)
		b.WriteString("</" + name + ">")
		return
	}
	b.WriteByte('>')
	for v.Kind() == reflect.Pointer || v.Kind() == reflect.Interface {
		v = v.Elem()
	}
	switch v.Kind() {
	case reflect.Struct:
		writeFields(b, v)
	case reflect.Map: // of URIs by name
		keys := v.MapKeys()
		slices.SortFunc(keys, func(x, y reflect.Value) int { return strings.Compare(x.String(), y.String()) })
		for _, k := range keys {
			writeXML(b, camel(k.String()), v.MapIndex(k))
		}
	case reflect.Slice:
		for i := range v.Len() {
			writeXML(b, "Item", v.Index(i))
		}
	}
	b.WriteString("</" + name + ">")
}

// writeFields writes the fields of a struct; those of an embedded one as its own, as JSON does.
func writeFields(b *bytes.Buffer, v reflect.Value) {
	for i := range v.NumField() {
		f := v.Type().Field(i)
		switch name := xmlName(f); {
		case f.Anonymous && f.Type.Kind() == reflect.Struct:
			writeFields(b, v.Field(i))
		case name != "":
			writeXML(b, name, v.Field(i))
		}
	}
}

// xmlText returns the text of a value that has no parts, and whether it is one.
func xmlText(v reflect.Value) (text string, leaf bool) {
	if !v.IsValid() || (v.Kind() == reflect.Pointer || v.Kind() == reflect.Interface) && v.IsNil() {
		return "", true
	}
	switch x := v.Interface().(type) {
	case Stamp:
		return x.text(), true
	case ISO:
		return x.text(), true
	case URI:
		return x.in(XML), true
	}
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		return xmlText(v.Elem())
	case reflect.String:
		return v.String(), true
	case reflect.Bool:
		return strconv.FormatBool(v.Bool()), true
	case reflect.Int, reflect.Int64, reflect.Int32:
		return strconv.FormatInt(v.Int(), 10), true
	}
	return "", false
}

// xmlName returns the element of a struct's field: its xml tag, else its json name in camel case, "" if it has none.
func xmlName(f reflect.StructField) string {
	if n := f.Tag.Get("xml"); n != "" {
		return n
	}
	n, _, _ := strings.Cut(f.Tag.Get("json"), ",")
	if n == "" || n == "-" {
		return ""
	}
	return camel(n)
}

// camel turns friendly_name into FriendlyName.
func camel(s string) string {
	var b strings.Builder
	for part := range strings.SplitSeq(s, "_") {
		if part != "" {
			b.WriteString(strings.ToUpper(part[:1]) + part[1:])
		}
	}
	return b.String()
}

func escape(b *bytes.Buffer, s string) {
	_ = xml.EscapeText(b, []byte(s)) // a buffer takes every byte
}
