package xmltree

import (
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

func (p *parser) endTag() error {
	rest := p.s[p.at+2:]
	n := nameEnd(rest)
	name := rest[:n]
	for n < len(rest) && isSpace(rest[n]) {
		n++
	}
	switch {
	case p.depth == 0:
		return p.syntax("</%s> ends nothing", short(name))
	case name != p.names[p.depth-1]:
		return p.syntax("</%s> ends <%s>", short(name), short(p.names[p.depth-1]))
	case n == len(rest) || rest[n] != '>':
		return p.syntax("</%s is not followed by >", short(name))
	}
	p.at += 2 + n + 1
	p.close()
	return nil
}

func (p *parser) close() {
	p.depth--
	p.bindings = p.bindings[:p.scopes[p.depth]]
}

// startTag reads an element's start, and all of an element that is empty.
func (p *parser) startTag() error {
	start := p.at
	n := nameEnd(p.s[p.at+1:])
	name := p.s[p.at+1 : p.at+1+n]
	switch {
	case n == 0:
		return p.syntax("< is not followed by a name: write &lt;")
	case p.depth == 0 && p.root != nil:
		return p.syntax("a second element beside <%s>", short(p.root.Local))
	case p.depth == MaxDepth:
		return p.tooLarge("more than %d elements within one another", MaxDepth)
	case len(p.slab) == cap(p.slab):
		return p.tooLarge("more than %d elements", cap(p.slab))
	}
	p.slab = append(p.slab, Element{})
	e := &p.slab[len(p.slab)-1]
	p.names[p.depth], p.scopes[p.depth], p.open[p.depth] = name, len(p.bindings), e
	p.depth++
	p.at += 1 + n
	empty, err := p.attributes()
	if err != nil {
		return err
	}
	if e.Space, e.Local, err = p.resolve(name, true); err != nil {
		return err
	}
	if e.Attrs, err = p.take(); err != nil {
		return err
	}
	e.Line = p.lineOf(start)
	p.hang(e)
	if empty {
		p.close()
	}
	return nil
}

// hang puts an element, which is the innermost of those that are open, into the tree.
func (p *parser) hang(e *Element) {
	if p.depth == 1 {
		p.root = e
		return
	}
	parent := p.open[p.depth-2]
	if parent.last == nil {
		parent.first = e
	} else {
		parent.last.next = e
	}
	parent.last = e
}

// attributes reads what follows the name of an element, up to its >. Namespace declarations come into force.
func (p *parser) attributes() (empty bool, err error) {
	p.attrs = p.attrs[:0]
	for n := 0; ; n++ {
		space := p.skip()
		rest := p.s[p.at:]
		switch {
		case strings.HasPrefix(rest, "/>"):
			p.at += 2
			return true, nil
		case strings.HasPrefix(rest, ">"):
			p.at++
			return false, nil
		case n == maxAttributes:
			return false, p.tooLarge("more than %d attributes", maxAttributes)
		case !space:
			return false, p.syntax("<%s is not followed by > or white space", short(p.names[p.depth-1]))
		}
		if err := p.attribute(); err != nil {
			return false, err
		}
	}
}

// attribute reads one: a namespace declaration into the bindings, another into attrs, by the name as written.
func (p *parser) attribute() error {
	rest := p.s[p.at:]
	n := nameEnd(rest)
	name := rest[:n]
	p.at += n
	p.skip()
	if n == 0 || p.at >= len(p.s) || p.s[p.at] != '=' {
		return p.syntax("in <%s: an attribute is written name=\"value\"", short(p.names[p.depth-1]))
	}
	p.at++
	p.skip()
	rest = p.s[p.at:]
	if rest == "" || rest[0] != '"' && rest[0] != '\'' {
		return p.syntax("the value of %s is not in quotes", short(name))
	}
	end := strings.IndexByte(rest[1:], rest[0])
	if end < 0 || strings.IndexByte(rest[1:1+end], '<') >= 0 {
		return p.syntax("the value of %s does not end", short(name))
	}
	value, err := p.unescape(rest[1 : 1+end])
	if err != nil {
		return err
	}
	p.at += end + 2
	prefix, isDeclared := strings.CutPrefix(name, "xmlns:")
	if name == "xmlns" {
		prefix, isDeclared = "", true
	}
	if isDeclared {
		return p.bind(prefix, strings.TrimSpace(value)) // an example of RFC 4119 has a space before the URI
	}
	p.attrs = append(p.attrs, Attr{Local: name, Value: value})
	return nil
}

// bind brings a namespace into force for the element that is being read.
func (p *parser) bind(prefix, uri string) error {
	switch {
	case len(p.bindings) == maxBindings:
		return p.tooLarge("more than %d namespaces", maxBindings)
	case prefix == "xmlns" || uri == "http://www.w3.org/2000/xmlns/" || (prefix == "xml") != (uri == xmlNS):
		return p.syntax("the namespace prefix %s is not for you to declare", short(prefix))
	case uri == "" && prefix != "" || strings.Contains(prefix, ":"):
		return p.syntax("xmlns:%s declares no namespace", short(prefix))
	}
	for _, b := range p.bindings[p.scopes[p.depth-1]:] {
		if b.prefix == prefix {
			return p.syntax("the namespace prefix %q is declared twice", short(prefix))
		}
	}
	p.bindings = append(p.bindings, binding{prefix, uri})
	return nil
}

// take resolves the attributes of the element that is being read and returns them.
func (p *parser) take() ([]Attr, error) {
	if len(p.attrs) == 0 {
		return nil, nil
	}
	attrs := slices.Clone(p.attrs)
	for i := range attrs {
		var err error
		if attrs[i].Space, attrs[i].Local, err = p.resolve(attrs[i].Local, false); err != nil {
			return nil, err
		}
		for j := range i {
			if attrs[j].Local == attrs[i].Local && attrs[j].Space == attrs[i].Space {
				return nil, p.syntax("the attribute %s is given twice", short(attrs[i].Local))
			}
		}
	}
	return attrs, nil
}

// resolve takes a name as written apart: into its namespace and its local name.
func (p *parser) resolve(name string, element bool) (space, local string, err error) {
	prefix, local, ok := strings.Cut(name, ":")
	switch {
	case !ok && !element:
		return "", name, nil
	case !ok:
		prefix, local = "", name
	case prefix == "" || nameEnd(local) == 0 || strings.Contains(local, ":"):
		return "", "", p.syntax("the name %s has no proper prefix", short(name))
	case prefix == "xml":
		return xmlNS, local, nil
	}
	for i := len(p.bindings) - 1; i >= 0; i-- {
		if p.bindings[i].prefix == prefix {
			return p.bindings[i].uri, local, nil
		}
	}
	if prefix == "" {
		return "", local, nil
	}
	return "", "", p.syntax("the namespace prefix %s is not declared: add xmlns:%[1]s", short(prefix))
}

// skip goes over white space and tells whether there was any.
func (p *parser) skip() bool {
	start := p.at
	for p.at < len(p.s) && isSpace(p.s[p.at]) {
		p.at++
	}
	return p.at > start
}

// nameEnd returns how long the name is that s starts with, 0 for none.
func nameEnd(s string) int {
	for i := 0; i < len(s); {
		c := s[i]
		switch {
		case c|0x20 >= 'a' && c|0x20 <= 'z' || c == '_' || c == ':':
			i++
		case c >= '0' && c <= '9' || c == '-' || c == '.':
			if i == 0 {
				return 0
			}
			i++
		case c >= utf8.RuneSelf:
			r, size := utf8.DecodeRuneInString(s[i:])
			if !unicode.IsLetter(r) && (i == 0 || !unicode.IsDigit(r) && !unicode.IsMark(r)) {
				return i
			}
			i += size
		default:
			return i
		}
	}
	return len(s)
}

// unescape replaces references to characters and to the five entities of XML.
func (p *parser) unescape(raw string) (string, error) {
	if strings.IndexByte(raw, '&') < 0 {
		return raw, nil
	}
	var b strings.Builder
	b.Grow(len(raw))
	for {
		before, rest, found := strings.Cut(raw, "&")
		b.WriteString(before)
		if !found {
			return b.String(), nil
		}
		name, after, ok := strings.Cut(rest, ";")
		r := entity(name)
		if !ok || r < 0 {
			return "", p.syntax("&%s; is no entity of XML: write & as &amp;", short(name))
		}
		b.WriteRune(r)
		raw = after
	}
}

// entity returns what a reference stands for, -1 for nothing.
func entity(name string) rune {
	switch name {
	case "amp":
		return '&'
	case "lt":
		return '<'
	case "gt":
		return '>'
	case "apos":
		return '\''
	case "quot":
		return '"'
	}
	digits, ok := strings.CutPrefix(name, "#")
	base := 10
	if hex, isHex := strings.CutPrefix(digits, "x"); isHex {
		digits, base = hex, 16
	}
	n, err := strconv.ParseUint(digits, base, 21)
	r := rune(n)
	if !ok || err != nil || !utf8.ValidRune(r) || r == 0xFFFE || r == 0xFFFF ||
		r < ' ' && r != '\t' && r != '\n' && r != '\r' {
		return -1
	}
	return r
}

// short bounds what an error repeats.
func short(name string) string {
	if len(name) <= 40 {
		return name
	}
	return strings.ToValidUTF8(name[:40], "") + "…"
}
