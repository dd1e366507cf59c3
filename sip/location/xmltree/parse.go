package xmltree

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Parse reads a document within its limits and returns its root. The error wraps ErrTooLarge or ErrSyntax.
func Parse(doc []byte, limits Limits) (*Element, error) {
	if len(doc) > limits.Bytes {
		return nil, fmt.Errorf("%w: %d bytes, the limit is %d", ErrTooLarge, len(doc), limits.Bytes)
	}
	if limits.Elements == 0 {
		limits.Elements = MaxElements
	}
	s := strings.TrimPrefix(string(doc), "\uFEFF")
	p := parser{s: s}
	if at := badRune(s); at >= 0 {
		p.at = at
		return nil, p.syntax("the byte 0x%02x is not a character of XML in UTF-8: send UTF-8 without control characters", s[at])
	}
	opened := strings.Count(s, "<") - strings.Count(s, "</")
	p.slab = make([]Element, 0, min(max(opened, 1), limits.Elements))
	if err := p.document(); err != nil {
		return nil, err
	}
	return p.root, nil
}

// badRune returns where the first byte is that no document may contain, -1 for none.
func badRune(s string) int {
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c >= utf8.RuneSelf:
			r, size := utf8.DecodeRuneInString(s[i:])
			if r == utf8.RuneError && size == 1 || r == 0xFFFE || r == 0xFFFF {
				return i
			}
			i += size - 1
		case c < ' ' && c != '\t' && c != '\n' && c != '\r':
			return i
		}
	}
	return -1
}

// parser walks through a document once.
type parser struct {
	s    string
	at   int
	slab []Element // its capacity is not exceeded: elements point to one another

	root     *Element
	open     [MaxDepth]*Element
	names    [MaxDepth]string // as written, for the end tags
	scopes   [MaxDepth]int    // how many bindings were in force before each
	depth    int
	bindings []binding
	attrs    []Attr // of the element that is being read

	counted, lines int // line ends before a place
}

// binding is a namespace prefix, "" for the default one.
type binding struct{ prefix, uri string }

// line returns where the parser is. Errors alone ask for it.
func (p *parser) line() int { return 1 + strings.Count(p.s[:min(p.at, len(p.s))], "\n") }

// lineOf is the same for a place that is behind all that were asked for before.
func (p *parser) lineOf(at int) int {
	p.lines += strings.Count(p.s[p.counted:at], "\n")
	p.counted = at
	return 1 + p.lines
}

func (p *parser) document() error {
	if rest := p.s; strings.HasPrefix(rest, "<?xml") && len(rest) > 5 && isSpace(rest[5]) {
		if err := p.declaration(); err != nil {
			return err
		}
	}
	for p.at < len(p.s) {
		if p.s[p.at] != '<' {
			if err := p.text(); err != nil {
				return err
			}
			continue
		}
		if err := p.markup(); err != nil {
			return err
		}
	}
	switch {
	case p.root == nil:
		return p.syntax("there is no element in it")
	case p.depth > 0:
		return p.syntax("it ends within <%s>", p.names[p.depth-1])
	}
	return nil
}

// declaration reads <?xml ...?>.
func (p *parser) declaration() error {
	end := strings.Index(p.s, "?>")
	if end < 0 {
		return p.syntax("the XML declaration does not end")
	}
	inner := p.s[len("<?xml"):end]
	if v, ok := pseudo(inner, "version"); !ok || v != "1.0" {
		return p.syntax("XML version %q: send 1.0", v)
	}
	if enc, ok := pseudo(inner, "encoding"); ok && !strings.EqualFold(enc, "utf-8") {
		return p.syntax("encoding %q: send UTF-8", enc)
	}
	p.at = end + 2
	return nil
}

// pseudo returns the value of an attribute of the XML declaration.
func pseudo(inner, name string) (string, bool) {
	_, rest, ok := strings.Cut(inner, name)
	rest = strings.TrimLeft(rest, " \t\r\n")
	if !ok || !strings.HasPrefix(rest, "=") {
		return "", false
	}
	rest = strings.TrimLeft(rest[1:], " \t\r\n")
	if rest == "" || rest[0] != '"' && rest[0] != '\'' {
		return "", false
	}
	value, _, ok := strings.Cut(rest[1:], rest[:1])
	return value, ok
}

// markup reads what starts with <.
func (p *parser) markup() error {
	rest := p.s[p.at:]
	switch {
	case strings.HasPrefix(rest, "</"):
		return p.endTag()
	case strings.HasPrefix(rest, "<!--"):
		end := strings.Index(rest[4:], "--")
		if end < 0 || !strings.HasPrefix(rest[4+end:], "-->") {
			return p.syntax("a comment does not end with -->")
		}
		p.at += 4 + end + 3
		return nil
	case strings.HasPrefix(rest, "<![CDATA["):
		end := strings.Index(rest, "]]>")
		if end < 0 {
			return p.syntax("a CDATA section does not end")
		}
		p.at += end + 3
		return p.add(rest[len("<![CDATA["):end])
	case strings.HasPrefix(rest, "<!"):
		return p.syntax("document types and entities are refused: send the document without them")
	case strings.HasPrefix(rest, "<?"):
		end := strings.Index(rest, "?>")
		name := rest[2:min(2+nameEnd(rest[2:]), len(rest))]
		if end < 0 || name == "" || strings.EqualFold(name, "xml") || strings.Contains(name, ":") {
			return p.syntax("a processing instruction that is none")
		}
		p.at += end + 2
		return nil
	}
	return p.startTag()
}

// text reads character data up to the next markup.
func (p *parser) text() error {
	end := strings.IndexByte(p.s[p.at:], '<')
	if end < 0 {
		end = len(p.s) - p.at
	}
	raw := p.s[p.at : p.at+end]
	if strings.Contains(raw, "]]>") {
		return p.syntax("]]> outside of a CDATA section: write ]]&gt;")
	}
	text, err := p.unescape(raw)
	if err != nil {
		return err
	}
	if err := p.add(text); err != nil {
		return err
	}
	p.at += end
	return nil
}

// add gives text to the element that is open.
func (p *parser) add(text string) error {
	if blank(text) {
		return nil
	}
	if p.depth == 0 {
		return p.syntax("text outside of the document's element")
	}
	e := p.open[p.depth-1]
	if strings.Contains(text, "\r") {
		text = strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\r", "\n")
	}
	switch {
	case e.Text == "":
		e.Text = text
	case len(e.Text) > maxMixed:
		return p.tooLarge("the text of <%s> is in too many pieces", p.names[p.depth-1])
	default:
		e.Text += text
	}
	return nil
}

// maxMixed bounds text that is put together, so that ten thousand pieces do not cost ten thousand copies.
const maxMixed = 4096

func blank(text string) bool {
	for i := range len(text) {
		if !isSpace(text[i]) {
			return false
		}
	}
	return true
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }
