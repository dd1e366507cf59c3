package body

import (
	"bytes"
	"fmt"
	"strings"
)

// splitter finds the parts of a multipart body by their places in it.
type splitter struct {
	raw   []byte
	parts []Part
}

// delimiter is one line that ends a part or the last one.
type delimiter struct {
	lead int  // where it begins, with the line end before it
	next int  // the first byte after its line
	last bool // it closes the multipart
}

// split takes the stretch within of a multipart apart, and returns where its closing delimiter begins and whether there is
// one: without one the last part ends where the multipart does.
func (s *splitter) split(kind, boundary string, within span, depth int) (end int, closed bool, err error) {
	d, ok := s.delimiter(boundary, within.start, within)
	if !ok || d.last {
		return 0, false, fmt.Errorf("%w multipart body: a boundary is missing", ErrSyntax)
	}
	for {
		next, ok := s.delimiter(boundary, d.next, within)
		if !ok {
			next = delimiter{lead: within.end, last: true}
		}
		if err := s.part(kind, d, max(next.lead, d.next), depth); err != nil {
			return 0, false, err
		}
		if next.last {
			return max(next.lead, d.next), ok, nil
		}
		d = next
	}
}

// delimiter finds the first delimiter line at or after from. A line that only begins like one is content. A bare LF ends a
// line, too: there are readers to whom it does.
func (s *splitter) delimiter(boundary string, from int, within span) (delimiter, bool) {
	mark := []byte("--" + boundary)
	for at := from; at < within.end; {
		i := bytes.Index(s.raw[at:within.end], mark)
		if i < 0 {
			break
		}
		at += i
		begins := at == within.start || at == from || s.raw[at-1] == '\n'
		if d, ok := s.delimiterAt(at, at+len(mark), within); begins && ok {
			return d, true
		}
		at += len(mark)
	}
	return delimiter{}, false
}

// delimiterAt reads the rest of a delimiter line: nothing or "--", and white space.
func (s *splitter) delimiterAt(start, at int, within span) (delimiter, bool) {
	d := delimiter{lead: start}
	if bytes.HasPrefix(s.raw[at:within.end], []byte("--")) {
		d.last = true
		at += 2
	}
	for at < within.end && (s.raw[at] == ' ' || s.raw[at] == '\t' || s.raw[at] == '\r') {
		at++
	}
	switch {
	case at == within.end && d.last:
		d.next = at
	case at < within.end && s.raw[at] == '\n':
		d.next = at + 1
	default:
		return d, false
	}
	if d.lead > within.start && s.raw[d.lead-1] == '\n' {
		d.lead--
		if d.lead > within.start && s.raw[d.lead-1] == '\r' {
			d.lead--
		}
	}
	return d, true
}

// part reads the part behind a delimiter, which ends at end.
func (s *splitter) part(parent string, d delimiter, end, depth int) error {
	p := Part{Type: "text/plain", parent: parent, lead: d.lead, end: end}
	h := header{part: &p}
	p.start = s.header(&h, span{d.next, max(d.next, end)})
	nested := strings.HasPrefix(p.Type, "multipart/") && h.boundary != "" && depth < MaxDepth && !p.encoded()
	if nested {
		before := len(s.parts)
		if _, _, err := s.split(p.Type, h.boundary, span{p.start, p.end}, depth+1); err == nil || len(s.parts) > MaxParts {
			return err
		}
		s.parts = s.parts[:before] // it is one part, whatever it is
	}
	s.parts = append(s.parts, p)
	if len(s.parts) > MaxParts {
		return fmt.Errorf("multipart body %w: more than %d parts", ErrTooLarge, MaxParts)
	}
	return nil
}

func (p *Part) encoded() bool {
	switch p.encoding {
	case "", "7bit", "8bit", "binary":
		return false
	}
	return true
}

// header is what is read of a part's header fields.
type header struct {
	part     *Part
	boundary string
	typed    bool
}

// header reads the header fields of a part and returns where its content begins: after the first empty line.
func (s *splitter) header(h *header, within span) int {
	at := within.start
	for at < within.end {
		start := at
		at = s.lineEnd(at, within.end)
		if line := string(s.raw[start:at]); line == "\n" || line == "\r\n" {
			return at
		}
		for at < within.end && (s.raw[at] == ' ' || s.raw[at] == '\t') { // folded
			at = s.lineEnd(at, within.end)
		}
		h.field(s.raw[start:at], span{start, at})
	}
	h.part.bare = true
	return within.end
}

func (s *splitter) lineEnd(at, end int) int {
	if i := bytes.IndexByte(s.raw[at:end], '\n'); i >= 0 {
		return at + i + 1
	}
	return end
}

// field takes one header field. Of two that say a type the session description counts: one that a reader behind could see
// must not pass as something else.
func (h *header) field(line []byte, at span) {
	name, value, ok := strings.Cut(string(line), ":")
	if !ok {
		return
	}
	value = strings.TrimSpace(value)
	switch strings.ToLower(strings.TrimSpace(name)) {
	case "content-type", "c":
		kind, boundary, _ := mediaType(value)
		if kind != "" && (!h.typed || kind == SDP) {
			h.part.Type, h.boundary, h.typed = kind, boundary, true
		}
	case "content-id":
		if h.part.ID == "" {
			h.part.ID = angled(value)
		}
	case "content-disposition":
		h.part.Disposition = word(value)
	case "content-transfer-encoding":
		h.part.encoding = word(value)
	case "content-length", "l":
		h.part.length = at
	}
}

// angled takes angle brackets off, and what stands behind them.
func angled(s string) string {
	if inner, ok := strings.CutPrefix(s, "<"); ok {
		s, _, _ = strings.Cut(inner, ">")
	}
	return strings.TrimSpace(s)
}

// word is the value of a header field before its parameters, in lower case and without white space and comments.
func word(value string) string {
	value, _, _ = strings.Cut(value, ";")
	if i := strings.IndexByte(value, '('); i >= 0 {
		value = value[:i]
	}
	return strings.ToLower(strings.Join(strings.Fields(value), ""))
}

// mediaType reads a Content-Type: the type, and the boundary where it has one. Two that differ would be read differently
// by different readers.
func mediaType(value string) (kind, boundary string, err error) {
	kind = word(value)
	_, params, _ := cutParam(value)
	seen := false
	for params != "" {
		var one string
		one, params, _ = cutParam(params)
		name, v, _ := strings.Cut(one, "=")
		if !strings.EqualFold(strings.TrimSpace(name), "boundary") {
			continue
		}
		v = unquoted(strings.TrimSpace(v))
		if seen && v != boundary {
			return kind, "", fmt.Errorf("%w: two boundaries", ErrSyntax)
		}
		boundary, seen = v, true
	}
	if len(boundary) > 256 || strings.ContainsAny(boundary, "\r\n\x00") {
		return kind, "", fmt.Errorf("%w: a boundary that no part can have", ErrSyntax)
	}
	return kind, boundary, nil
}

// cutParam cuts at the first semicolon that stands outside quotes.
func cutParam(s string) (before, after string, found bool) {
	quoted := false
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\\' && quoted:
			i++
		case s[i] == '"':
			quoted = !quoted
		case s[i] == ';' && !quoted:
			return s[:i], s[i+1:], true
		}
	}
	return s, "", false
}

func unquoted(s string) string {
	if len(s) < 2 || s[0] != '"' || s[len(s)-1] != '"' {
		return s
	}
	var b strings.Builder
	for i := 1; i < len(s)-1; i++ {
		if s[i] == '\\' && i+1 < len(s)-1 {
			i++
		}
		b.WriteByte(s[i])
	}
	return b.String()
}
