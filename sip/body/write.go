package body

import (
	"bytes"
	"encoding/base64"
	"mime/quotedprintable"
	"strconv"
	"strings"
)

// Addition is a part of ours.
type Addition struct {
	Type        string
	ID          string // Content-ID without angle brackets
	Disposition string
	Content     []byte
}

// Write returns the body with session in the place of its session description, without any other session description,
// and with more at its end; and the Content-Type header field to it. With a nil session there must be none in the body.
// spare is the boundary of a multipart that has to be made: where the body was none, or one whose parts stand for one
// another; header is then what SIP header fields say of the body alone.
func (b Body) Write(session []byte, more []Addition, spare string, header ...string) (contentType string, out []byte) {
	whole := b.exchanged(session)
	switch {
	case len(more) == 0:
		return b.Type, whole
	case b.boundary != "" && (b.kind == "multipart/mixed" || b.kind == "multipart/related"):
		return b.Type, b.append(whole, more)
	case len(b.Raw) == 0:
		return joined(nil, more, spare)
	}
	first := make([]byte, 0, len(whole)+256)
	first = append(first, "Content-Type: "...)
	first = append(first, b.Type...)
	for _, h := range header {
		first = append(append(first, "\r\n"...), h...)
	}
	first = append(append(first, "\r\n\r\n"...), whole...)
	return joined(first, more, spare)
}

// exchanged is the body with its session description exchanged, every other one taken out, and nothing else touched.
func (b Body) exchanged(session []byte) []byte {
	mine := b.Session()
	if mine < 0 {
		return b.Raw
	}
	if !b.Multipart() {
		return session
	}
	out := make([]byte, 0, len(b.Raw)+len(session)+256)
	at := 0
	keep := func(to int) { out = append(out, b.Raw[at:max(at, to)]...) }
	for i, p := range b.Parts {
		switch {
		case p.Type != SDP:
		case i == mine:
			if p.length.end > 0 { // of a length that is not known yet
				keep(p.length.start)
				at = p.length.end
			}
			keep(p.start)
			if p.bare {
				out = ended(out)
			}
			out = append(out, encode(p.encoding, session)...)
			at = p.end
		default:
			keep(p.lead)
			at = p.end
		}
	}
	keep(len(b.Raw))
	return out
}

// ended ends the header fields of a part that has nothing else.
func ended(out []byte) []byte {
	if !bytes.HasSuffix(out, []byte("\n")) {
		out = append(out, "\r\n"...)
	}
	return append(out, "\r\n"...)
}

// encode puts content in the transfer encoding that the part's header fields name.
func encode(encoding string, content []byte) []byte {
	switch encoding {
	case "base64":
		var out bytes.Buffer
		text := base64.StdEncoding.EncodeToString(content)
		for len(text) > 76 {
			out.WriteString(text[:76] + "\r\n")
			text = text[76:]
		}
		out.WriteString(text)
		return out.Bytes()
	case "quoted-printable":
		var out bytes.Buffer
		w := quotedprintable.NewWriter(&out)
		_, _ = w.Write(content) // a bytes.Buffer does not fail
		_ = w.Close()
		return out.Bytes()
	}
	return content
}

// append puts parts before the last delimiter of whole, which ends as b does.
func (b Body) append(whole []byte, more []Addition) []byte {
	tail := b.Raw[b.close:]
	whole = whole[:len(whole)-len(tail)]
	out := make([]byte, 0, len(whole)+len(tail)+size(more))
	out = append(out, whole...)
	for _, a := range more {
		out = append(out, "\r\n--"+b.boundary+"\r\n"...)
		out = a.write(out)
	}
	if !b.closed {
		return append(out, "\r\n--"+b.boundary+"--\r\n"...)
	}
	if len(tail) > 0 && tail[0] == '-' { // of an empty part, whose line end was the delimiter's before
		out = append(out, "\r\n"...)
	}
	return append(out, tail...)
}

// joined writes a multipart of a part that has its header fields already, and more.
func joined(first []byte, more []Addition, spare string) (contentType string, out []byte) {
	boundary := free(spare, first, more)
	out = make([]byte, 0, len(first)+size(more)+128)
	if first != nil {
		out = append(out, "--"+boundary+"\r\n"...)
		out = append(out, first...)
		out = append(out, "\r\n"...)
	}
	for _, a := range more {
		out = append(out, "--"+boundary+"\r\n"...)
		out = append(a.write(out), "\r\n"...)
	}
	out = append(out, "--"+boundary+"--\r\n"...)
	return `multipart/mixed;boundary="` + boundary + `"`, out
}

func (a Addition) write(out []byte) []byte {
	out = append(out, "Content-Type: "+a.Type+"\r\n"...)
	if a.ID != "" {
		out = append(out, "Content-ID: <"+a.ID+">\r\n"...)
	}
	if a.Disposition != "" {
		out = append(out, "Content-Disposition: "+a.Disposition+"\r\n"...)
	}
	return append(append(out, "\r\n"...), a.Content...)
}

func size(more []Addition) int {
	n := 0
	for _, a := range more {
		n += len(a.Content) + len(a.Type) + len(a.ID) + len(a.Disposition) + 160
	}
	return n
}

// free returns want, or a variation of it that no part contains.
func free(want string, first []byte, more []Addition) string {
	for n := 0; ; n++ {
		boundary := want
		if n > 0 {
			boundary += "-" + strconv.Itoa(n)
		}
		taken := bytes.Contains(first, []byte("--"+boundary))
		for _, a := range more {
			taken = taken || bytes.Contains(a.Content, []byte("--"+boundary))
		}
		if !taken {
			return boundary
		}
	}
}

// Kept returns what of the body has to be kept to write it again, in memory of its own: all but its session description. It
// is the zero value where that is more than limit bytes, or nothing.
func (b Body) Kept(limit int) Body {
	if len(b.Parts) == 0 || b.Err != nil {
		return Body{}
	}
	raw := b.Raw
	if b.Session() >= 0 {
		raw = b.exchanged(nil)
	}
	if len(raw) > limit {
		return Body{}
	}
	kept, _ := Split(strings.Clone(b.Type), bytes.Clone(raw)) // what could be read can be
	return kept
}

// Header writes a header field for Write.
func Header(name, value string) string {
	return name + ": " + strings.NewReplacer("\r", " ", "\n", " ").Replace(value)
}
