package phone

import (
	"strings"
	"unicode"

	"callbox/sip/agent"
	"callbox/sip/body"
)

// longestSaid bounds the text of an answer that is kept, in bytes.
const longestSaid = 4096

// description finds the session description in a body, which may have other parts beside it (RFC 5621), as the answer to
// urn:service:test.sos has. A body that cannot be taken apart is the description itself, or none.
func description(m agent.Message) []byte {
	if m.ContentType == "" {
		return m.Body
	}
	b, err := body.Split(m.ContentType, m.Body)
	if err != nil {
		return m.Body
	}
	i := b.Session()
	if i < 0 {
		return nil
	}
	sdp, err := b.Content(i)
	if err != nil {
		return nil
	}
	return sdp
}

// said returns the text for people in the body of an answer, "" for none. It goes to a terminal: of control characters
// only line ends stay.
func said(m agent.Message) string {
	b, err := body.Split(m.ContentType, m.Body)
	if err != nil {
		return ""
	}
	i := b.Find("text/plain")
	if i < 0 {
		return ""
	}
	raw, err := b.Content(i)
	if err != nil {
		return ""
	}
	text := strings.Map(func(r rune) rune {
		if r == '\n' || unicode.IsPrint(r) {
			return r
		}
		return -1
	}, strings.ToValidUTF8(string(raw[:min(len(raw), longestSaid)]), ""))
	return strings.TrimSpace(text)
}
