package ali

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/textproto"
	"net/url"
	"strconv"
	"strings"
)

const (
	typeSDP  = "application/sdp"
	typePIDF = "application/pidf+xml"
)

// Part is one part of a body.
type Part struct {
	ContentType string // media type in lower case, without parameters
	ID          string // Content-ID without the angle brackets
	Body        []byte
}

// Multipart returns a multipart/mixed body (RFC 2046) of an SDP part and a
// PIDF-LO part whose Content-ID is cid, and the value of its Content-Type header.
// The cid goes without angle brackets and belongs in "Geolocation: <cid:...>" as
// it is (RFC 6442). A boundary that is not legal or occurs in a part is replaced
// by one that is and does not.
func Multipart(sdp, pidf []byte, cid, boundary string) (contentType string, body []byte) {
	boundary = freeBoundary(boundary, sdp, pidf)
	b := make([]byte, 0, len(sdp)+len(pidf)+len(cid)+3*len(boundary)+256)
	b = append(b, "--"+boundary+"\r\nContent-Type: "+typeSDP+"\r\n\r\n"...)
	b = append(b, sdp...)
	b = append(b, "\r\n--"+boundary+"\r\nContent-Type: "+typePIDF+"\r\nContent-ID: <"+headerSafe(cid)+">\r\n"+
		"Content-Disposition: by-reference;handling=optional\r\n\r\n"...)
	b = append(b, pidf...)
	b = append(b, "\r\n--"+boundary+"--\r\n"...)
	return "multipart/mixed;boundary=\"" + boundary + "\"", b
}

// headerSafe drops what would end the angle brackets or the header line.
func headerSafe(cid string) string {
	return strings.Map(func(c rune) rune {
		if c <= ' ' || c >= 0x7f || c == '<' || c == '>' {
			return -1
		}
		return c
	}, cid)
}

// freeBoundary returns want, or a variation of it that no part contains.
func freeBoundary(want string, parts ...[]byte) string {
	want = strings.Map(func(c rune) rune {
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_' || c == '.' {
			return c
		}
		return -1
	}, want)
	want = want[:min(len(want), 50)] // leaves room for a number within the 70 of RFC 2046
	if want == "" {
		want = "callbox"
	}
	free := want
	for n := 1; contained(free, parts); n++ {
		free = want + "-" + strconv.Itoa(n)
	}
	return free
}

func contained(boundary string, parts [][]byte) bool {
	for _, part := range parts {
		if bytes.Contains(part, []byte("--"+boundary)) {
			return true
		}
	}
	return false
}

// SplitMultipart returns the first SDP and the first PIDF-LO of a body; either
// may be nil. The body may be multipart, or one of the two alone. The error wraps
// ErrTooLarge, ErrSyntax, or ErrUnsupported, which a SIP server answers with 415.
func SplitMultipart(contentType string, body []byte) (sdp, pidf []byte, err error) {
	parts, err := Parts(contentType, body)
	if err != nil {
		return nil, nil, err
	}
	for _, part := range parts {
		switch {
		case part.ContentType == typeSDP && sdp == nil:
			sdp = part.Body
		case part.ContentType == typePIDF && pidf == nil:
			pidf = part.Body
		}
	}
	if sdp == nil && pidf == nil {
		return nil, nil, fmt.Errorf("%w: neither %s nor %s in it", ErrUnsupported, typeSDP, typePIDF)
	}
	return sdp, pidf, nil
}

// Parts returns every part of a body in order; a body that is not multipart is
// one part, those of a multipart within a multipart stand in its place.
func Parts(contentType string, body []byte) ([]Part, error) {
	return partsOf(contentType, body, maxNested)
}

func partsOf(contentType string, body []byte, depth int) ([]Part, error) {
	if len(body) > MaxSize {
		return nil, fmt.Errorf("body: %w: %d bytes, the limit is %d", ErrTooLarge, len(body), MaxSize)
	}
	kind, params, err := mime.ParseMediaType(contentType)
	if err != nil && !errors.Is(err, mime.ErrInvalidMediaParameter) {
		return nil, fmt.Errorf("Content-Type: %w: %w", ErrSyntax, err)
	}
	if !strings.HasPrefix(kind, "multipart/") {
		return []Part{{ContentType: kind, Body: body}}, nil
	}
	if params["boundary"] == "" {
		return nil, fmt.Errorf("Content-Type: %w: %s without a boundary", ErrSyntax, kind)
	}
	reader := multipart.NewReader(bytes.NewReader(body), params["boundary"])
	var parts []Part
	for {
		raw, err := reader.NextRawPart()
		if err == io.EOF { // as it is: wrapped, it means that the last boundary is missing
			return parts, nil
		}
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return nil, fmt.Errorf("%w multipart body: a boundary is missing", ErrSyntax)
		}
		if err != nil {
			return nil, fmt.Errorf("%w multipart body: %s", ErrSyntax, strings.TrimPrefix(err.Error(), "multipart: "))
		}
		if len(parts) == MaxParts {
			return nil, fmt.Errorf("multipart body %w: more than %d parts", ErrTooLarge, MaxParts)
		}
		part, err := readPart(raw.Header, raw)
		if err != nil {
			return nil, fmt.Errorf("part %d of the body: %w", len(parts)+1, err)
		}
		if strings.HasPrefix(part.ContentType, "multipart/") && depth > 1 {
			if within, err := partsOf(raw.Header.Get("Content-Type"), part.Body, depth-1); err == nil && len(parts)+len(within) <= MaxParts {
				parts = append(parts, within...)
				continue
			}
		}
		parts = append(parts, part)
	}
}

func readPart(header textproto.MIMEHeader, r io.Reader) (Part, error) {
	kind, _, err := mime.ParseMediaType(header.Get("Content-Type"))
	if err != nil && !errors.Is(err, mime.ErrInvalidMediaParameter) {
		kind = "text/plain" // what RFC 2046 section 5.1 says of a part without a type
	}
	body, err := io.ReadAll(r)
	if err != nil {
		return Part{}, fmt.Errorf("%w: %w", ErrSyntax, err)
	}
	body = decoded(header.Get("Content-Transfer-Encoding"), body)
	return Part{ContentType: kind, ID: trimID(header.Get("Content-ID")), Body: body}, nil
}

// decoded undoes a transfer encoding; what it spoils stays as it came.
func decoded(encoding string, body []byte) []byte {
	var r io.Reader
	switch strings.ToLower(strings.TrimSpace(encoding)) {
	case "base64":
		r = base64.NewDecoder(base64.StdEncoding, bytes.NewReader(body))
	case "quoted-printable":
		r = quotedprintable.NewReader(bytes.NewReader(body))
	default:
		return body
	}
	if plain, err := io.ReadAll(r); err == nil {
		return plain
	}
	return body
}

// ByReference returns the part that a Geolocation value such as "<cid:a@b>"
// points to. The URI holds the Content-ID percent-encoded (RFC 2392).
func ByReference(parts []Part, ref string) (Part, bool) {
	scheme, id, _ := strings.Cut(trimID(ref), ":")
	if !strings.EqualFold(scheme, "cid") || id == "" {
		return Part{}, false
	}
	if plain, err := url.PathUnescape(id); err == nil {
		id = plain
	}
	for _, part := range parts {
		if part.ID == id {
			return part, true
		}
	}
	return Part{}, false
}

// trimID takes the angle brackets off, and header parameters behind them.
func trimID(text string) string {
	text = strings.TrimSpace(text)
	if inner, ok := strings.CutPrefix(text, "<"); ok {
		inner, _, _ = strings.Cut(inner, ">")
		return inner
	}
	return text
}
