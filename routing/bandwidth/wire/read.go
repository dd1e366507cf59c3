package wire

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"golang.org/x/text/encoding/ianaindex"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
)

// Bounds of a document: an order of 5,000 endpoints, the most the provider takes in one, keeps well within them.
const (
	maxBody     = 1 << 20
	maxDepth    = 16
	maxElements = 50_000
)

// Text is the text of an element without the space around it: the provider's own examples put words on lines of their own.
type Text string

// UnmarshalText takes what stands in the element.
func (t *Text) UnmarshalText(b []byte) error {
	*t = Text(bytes.TrimSpace(b))
	return nil
}

// Read reads the request's document, whose root element is one of roots, in any namespace, into what a pointer to a struct with xml tags
// points to. Elements that the struct has no field for are passed over. The error is an *Error that says what is wrong and
// where. A document type is refused, and with it every entity but XML's own five.
func (r *Request) Read(into any, roots ...string) error { return read(r.document, into, roots) }

// fetch reads the body of a request, before anything is done for it.
func fetch(r *http.Request) ([]byte, error) {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody+1))
	var big *http.MaxBytesError
	switch {
	case errors.As(err, &big), err == nil && len(body) > maxBody:
		return nil, &Error{Status: http.StatusRequestEntityTooLarge, Code: CodeBadRequest, Description: fmt.Sprintf("%s The body has more than %d bytes.", badRequest, maxBody)}
	case err != nil:
		return nil, unreadable("The body did not come whole.")
	}
	return body, nil
}

func read(body []byte, into any, roots []string) error {
	if len(bytes.TrimSpace(body)) == 0 {
		return unreadable("The body is empty; send an XML document with the root element <%s>.", roots[0])
	}
	text, wide, err := utf8Of(body)
	if err != nil {
		return unreadable("The body is not text of the encoding that its byte order mark names.")
	}
	s := &source{d: xml.NewDecoder(bytes.NewReader(text)), roots: roots}
	s.d.CharsetReader = func(label string, in io.Reader) (io.Reader, error) { return charset(label, wide, in) }
	d := xml.NewTokenDecoder(s)
	if err := d.Decode(into); err != nil {
		return s.complaint(err)
	}
	for {
		_, err := d.Token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return s.complaint(err)
		}
	}
}

// utf8Of takes a byte order mark off; what follows one of UTF-16 is converted, which wide tells.
func utf8Of(body []byte) (text []byte, wide bool, err error) {
	wide = bytes.HasPrefix(body, []byte{0xFE, 0xFF}) || bytes.HasPrefix(body, []byte{0xFF, 0xFE})
	if !wide && !bytes.HasPrefix(body, []byte{0xEF, 0xBB, 0xBF}) {
		return body, false, nil
	}
	text, _, err = transform.Bytes(unicode.BOMOverride(transform.Nop), body)
	return text, wide, err
}

// charset reads what a document declares to be in another encoding than UTF-8.
func charset(label string, wide bool, in io.Reader) (io.Reader, error) {
	if wide && strings.HasPrefix(strings.ToLower(label), "utf-16") {
		return in, nil
	}
	e, err := ianaindex.IANA.Encoding(label)
	if err != nil || e == nil || strings.HasPrefix(strings.ToLower(label), "utf-") {
		return nil, fmt.Errorf("the encoding %.40q is not known here; send UTF-8", label)
	}
	return e.NewDecoder().Reader(in), nil
}

// source gives a decoder the tokens of a document within the bounds.
type source struct {
	d        *xml.Decoder
	roots    []string
	depth    int
	elements int
	done     bool // the root element has ended
}

// Token returns the next one.
func (s *source) Token() (xml.Token, error) {
	t, err := s.d.RawToken()
	if err != nil {
		return t, err
	}
	switch t := t.(type) {
	case xml.Directive:
		return nil, errors.New("a document type is not taken; leave <!DOCTYPE> out")
	case xml.CharData:
		if s.depth == 0 && len(bytes.TrimSpace(t)) > 0 {
			return nil, errors.New("there is text outside of the root element")
		}
	case xml.StartElement:
		if err := s.open(t); err != nil {
			return nil, err
		}
	case xml.EndElement:
		if s.depth--; s.depth == 0 {
			s.done = true
		}
	}
	return t, nil
}

func (s *source) open(t xml.StartElement) error {
	s.depth++
	s.elements++
	switch {
	case s.done:
		return errors.New("there is a second root element")
	case s.depth == 1 && !s.root(t.Name.Local):
		return fmt.Errorf("the root element is <%.60s>; it must be <%s>", t.Name.Local, strings.Join(s.roots, "> or <"))
	case s.depth > maxDepth:
		return fmt.Errorf("elements stand more than %d deep", maxDepth)
	case s.elements > maxElements:
		return fmt.Errorf("there are more than %d elements", maxElements)
	}
	return nil
}

func (s *source) root(name string) bool {
	for _, r := range s.roots {
		if r == name {
			return true
		}
	}
	return false
}

// complaint says what is wrong with the document and in which line.
func (s *source) complaint(err error) error {
	why := err.Error()
	var syntax *xml.SyntaxError
	switch {
	case errors.As(err, &syntax):
		why = syntax.Msg
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		why = "it ends too early"
	}
	line, _ := s.d.InputPos()
	return unreadable("The XML cannot be read, line %d: %s.", line, printable(strings.TrimPrefix(why, "xml: ")))
}

// printable bounds what of a document an answer repeats.
func printable(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r == '\uFFFD' {
			return ' '
		}
		return r
	}, s)
	if len(s) > 200 {
		s = strings.ToValidUTF8(s[:200], "") + "…"
	}
	return s
}

const badRequest = "Bad request encountered. Please check your request and try again."

func unreadable(format string, args ...any) *Error {
	return Bad(CodeBadRequest, "%s "+format, append([]any{badRequest}, args...)...)
}
