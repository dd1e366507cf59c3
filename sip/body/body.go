// Package body takes the body of a SIP message apart (RFC 2046, RFC 5621) and puts it together again with one session
// description exchanged and every other byte as it came. It reads leniently, since what it cannot read must not fail an
// emergency call, and sees at least what any reader behind it sees. It knows nothing of messages, or of what parts mean.
package body

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"mime/quotedprintable"
	"net/url"
	"strings"
)

// Types of parts that are looked for.
const (
	SDP  = "application/sdp"
	PIDF = "application/pidf+xml"
)

// Limits of a body that is taken apart.
const (
	MaxSize  = 64 << 10 // bytes
	MaxParts = 32       // parts, those within parts too
	MaxDepth = 4        // multiparts within one another; what is deeper is one part
)

// Errors of Split, wrapped with what was wrong.
var (
	ErrTooLarge = errors.New("too large")
	ErrSyntax   = errors.New("malformed")
)

// Part is one part of a body that is no multipart, wherever it stands.
type Part struct {
	Type        string // media type in lower case, without parameters; text/plain where it is not said
	ID          string // Content-ID without angle brackets, "" for none
	Disposition string // in lower case, without parameters
	encoding    string // Content-Transfer-Encoding in lower case, "" for none
	parent      string // type of the multipart it stands in, "" for none

	lead       int // where its delimiter begins, with the line end before it
	start, end int // its content
	length     span
	bare       bool // no empty line stands before that
}

// span is a stretch of a body; the zero value is none.
type span struct{ start, end int }

// Body is a body that was taken apart. Raw must not be changed.
type Body struct {
	Type  string // the Content-Type header field as it came
	Raw   []byte
	Parts []Part // in order
	Err   error  // why it must not be written, though parts of it were found; nil where it may be

	kind     string // media type of the whole
	boundary string // of the outermost multipart, "" where there is none
	close    int    // where its last delimiter begins, with the line end before it
	closed   bool   // there is one
}

// Split takes a body apart. One that is not multipart has one part, and so has what stands in a transfer encoding or
// too deep. The error wraps ErrTooLarge, or ErrSyntax where no part can be found. With too many parts the first
// are there to be looked at; such a body must not be written.
func Split(contentType string, raw []byte) (Body, error) {
	if len(raw) > MaxSize {
		return Body{}, fmt.Errorf("body %w: %d bytes, the limit is %d", ErrTooLarge, len(raw), MaxSize)
	}
	kind, boundary, err := mediaType(contentType)
	if err != nil {
		return Body{}, fmt.Errorf("Content-Type: %w", err)
	}
	b := Body{Type: contentType, Raw: raw, kind: kind}
	if !strings.HasPrefix(kind, "multipart/") {
		b.Parts = []Part{{Type: kind, end: len(raw)}}
		return b, nil
	}
	if boundary == "" {
		return Body{}, fmt.Errorf("Content-Type: %w: %s without a boundary", ErrSyntax, kind)
	}
	s := splitter{raw: raw}
	b.boundary = boundary
	b.close, b.closed, err = s.split(kind, boundary, span{0, len(raw)}, 1)
	b.Parts = s.parts
	if err == nil && len(b.Parts) == 0 {
		err = fmt.Errorf("%w multipart body: it has no part", ErrSyntax)
	}
	if err != nil {
		b.Err = err
		return b, err
	}
	return b, nil
}

// Multipart tells whether the body is one.
func (b Body) Multipart() bool { return b.boundary != "" }

// Find returns the index of the first part of a type, -1 where there is none.
func (b Body) Find(kind string) int {
	for i, p := range b.Parts {
		if p.Type == kind {
			return i
		}
	}
	return -1
}

// Session returns the index of the session description: the first that says nothing else of itself, else the first; -1
// where there is none.
func (b Body) Session() int {
	for i, p := range b.Parts {
		if p.Type == SDP && (p.Disposition == "" || p.Disposition == "session") {
			return i
		}
	}
	return b.Find(SDP)
}

// Content returns what part i holds, with its transfer encoding undone.
func (b Body) Content(i int) ([]byte, error) {
	p := b.Parts[i]
	raw := b.Raw[p.start:p.end]
	switch p.encoding {
	case "", "7bit", "8bit", "binary":
		return raw, nil
	case "base64":
		out, err := io.ReadAll(base64.NewDecoder(base64.StdEncoding, strings.NewReader(string(raw))))
		if err != nil {
			return nil, fmt.Errorf("part %d of the body: %w: %w", i+1, ErrSyntax, err)
		}
		return out, nil
	case "quoted-printable":
		out, err := io.ReadAll(quotedprintable.NewReader(strings.NewReader(string(raw))))
		if err != nil {
			return nil, fmt.Errorf("part %d of the body: %w: %w", i+1, ErrSyntax, err)
		}
		return out, nil
	}
	return nil, fmt.Errorf("part %d of the body: %w: Content-Transfer-Encoding %q is not known here", i+1, ErrSyntax, p.encoding)
}

// ByID returns the index of the part that a cid: URI names (RFC 2392: the Content-ID, percent-encoded), -1 where there is
// none. Of two with one ID it is the first.
func (b Body) ByID(uri string) int {
	scheme, id, _ := strings.Cut(uri, ":")
	if !strings.EqualFold(scheme, "cid") || id == "" {
		return -1
	}
	plain, err := url.PathUnescape(id)
	if err != nil {
		plain = id
	}
	for i, p := range b.Parts {
		if p.ID != "" && (p.ID == id || p.ID == plain) {
			return i
		}
	}
	return -1
}
