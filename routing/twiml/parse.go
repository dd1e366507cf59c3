package twiml

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"mime"
	"strings"
	"unicode/utf8"
)

// Parse reads a document. What is merely odd becomes a warning in it; the error is an *Error with the provider's code, the
// line and the mend. It takes time and memory in proportion to b, of which it wants MaxBytes at most.
func Parse(b []byte) (*Document, error) {
	if err := checkText(b); err != nil {
		return nil, err
	}
	b = bytes.TrimPrefix(b, []byte("\xEF\xBB\xBF"))
	p := &parser{doc: &Document{}}
	p.xml = xml.NewDecoder(bytes.NewReader(b))
	p.xml.CharsetReader = p.charset
	root, err := p.tree()
	if err != nil {
		return nil, err
	}
	if err := p.document(root); err != nil {
		return nil, err
	}
	return p.doc, nil
}

// CheckContentType returns an error for an answer that is no XML by its header field; an empty one is an error too.
func CheckContentType(s string) error {
	kind, _, err := mime.ParseMediaType(s)
	switch {
	case s == "":
		return &Error{Code: CodeContentType, Message: "the answer has no Content-Type: send text/xml"}
	case err == nil && (kind == "text/xml" || kind == "application/xml" || kind == "text/html"):
		return nil
	}
	return &Error{Code: CodeContentType, Message: fmt.Sprintf("Content-Type %.60q is not XML: send text/xml", s)}
}

// checkText refuses what is no UTF-8 text before a parser stumbles over it in its own words.
func checkText(b []byte) error {
	switch {
	case len(b) > MaxBytes:
		return &Error{Code: CodeTooLarge, Message: "the document is longer than 64 kB: shorten it"}
	case len(bytes.TrimSpace(b)) == 0:
		return &Error{Code: CodeEmpty, Message: "the document is empty: answer with <Response/> at least"}
	case bytes.HasPrefix(b, []byte{0xFE, 0xFF}), bytes.HasPrefix(b, []byte{0xFF, 0xFE}), bytes.IndexByte(b, 0) >= 0:
		return &Error{Code: CodeParse, Line: 1, Message: "the document is UTF-16 or binary: write it as UTF-8"}
	case !utf8.Valid(b):
		line := 1
		for i := 0; i < len(b); {
			r, n := utf8.DecodeRune(b[i:])
			if r == utf8.RuneError && n == 1 {
				break
			}
			if r == '\n' {
				line++
			}
			i += n
		}
		return &Error{Code: CodeParse, Line: line, Message: "the document is not UTF-8: write it in that character set"}
	case bytes.HasPrefix(bytes.TrimSpace(b), []byte("<?xml")) && !bytes.HasPrefix(b, []byte("<?xml")):
		return &Error{Code: CodeParse, Line: 1, Message: "there is space before the XML declaration: begin with <?xml"}
	}
	return nil
}

// element is a node of the document.
type element struct {
	name     string
	line     int
	attrs    []xml.Attr
	text     []byte // of it and, in reading order, of all below it
	own      []byte // of it alone
	children []*element
}

type parser struct {
	xml      *xml.Decoder
	doc      *Document
	elements int
	space    string // the namespace of the root
}

// charset takes the names of UTF-8 and of its subset; what is declared otherwise would be read wrong.
func (p *parser) charset(name string, r io.Reader) (io.Reader, error) {
	switch strings.ToLower(name) {
	case "utf-8", "utf8", "us-ascii", "ascii":
		return r, nil
	}
	return nil, &Error{Code: CodeParse, Line: 1, Message: fmt.Sprintf("the declared encoding %.20q is not read: use UTF-8", name)}
}

// tree reads the document's elements.
func (p *parser) tree() (*element, error) {
	var root *element
	var open []*element
	for {
		line, _ := p.xml.InputPos()
		token, err := p.xml.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, p.syntax(err)
		}
		switch t := token.(type) {
		case xml.Directive:
			return nil, &Error{CodeParse, line, "a document type or another <! directive is not taken: leave it out"}
		case xml.StartElement:
			e, err := p.start(t, line, len(open))
			if err != nil {
				return nil, err
			}
			if len(open) == 0 {
				if root != nil {
					return nil, &Error{CodeParse, line, "there is a second root element: leave one <Response>"}
				}
				root = e
			} else {
				parent := open[len(open)-1]
				parent.children = append(parent.children, e)
			}
			open = append(open, e)
		case xml.EndElement:
			closed := open[len(open)-1]
			open = open[:len(open)-1]
			if len(open) > 0 {
				open[len(open)-1].text = append(open[len(open)-1].text, closed.text...)
			}
		case xml.CharData:
			if len(open) > 0 {
				e := open[len(open)-1]
				e.text, e.own = append(e.text, t...), append(e.own, t...)
			} else if len(bytes.TrimSpace(t)) > 0 {
				return nil, &Error{CodeParse, line, "there is text outside of <Response>: is this an error page?"}
			}
		}
	}
	if root == nil {
		return nil, &Error{CodeParse, 0, "there is no element: answer with <Response>"}
	}
	return root, nil
}

func (p *parser) start(t xml.StartElement, line, depth int) (*element, error) {
	if depth == 0 {
		p.space = t.Name.Space
	}
	p.elements++
	switch {
	case p.elements > maxElements:
		return nil, &Error{CodeParse, line, fmt.Sprintf("there are more than %d elements", maxElements)}
	case depth >= maxDepth:
		return nil, &Error{CodeParse, line, fmt.Sprintf("elements are nested more than %d deep", maxDepth)}
	case t.Name.Space != p.space:
		return nil, &Error{CodeSchema, line, fmt.Sprintf("<%.40s> is of another namespace than the root", t.Name.Local)}
	}
	e := &element{name: t.Name.Local, line: line}
	seen := map[xml.Name]bool{}
	for _, a := range t.Attr {
		if seen[a.Name] {
			return nil, &Error{CodeParse, line, fmt.Sprintf("attribute %.40q stands twice in <%.40s>", a.Name.Local, e.name)}
		}
		seen[a.Name] = true
		if a.Name.Space == "xmlns" || a.Name.Local == "xmlns" || a.Name.Space == "xml" {
			continue
		}
		e.attrs = append(e.attrs, a)
	}
	return e, nil
}

// syntax puts the decoder's complaint in the provider's shape.
func (p *parser) syntax(err error) error {
	var ours *Error
	if errors.As(err, &ours) {
		return ours
	}
	line, _ := p.xml.InputPos()
	message := err.Error()
	var s *xml.SyntaxError
	if errors.As(err, &s) {
		line, message = s.Line, s.Msg
	}
	if len(message) > 200 {
		message = message[:200] + "…"
	}
	return &Error{CodeParse, line, "the XML cannot be read: " + strings.ToValidUTF8(message, "�")}
}
