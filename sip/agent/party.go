package agent

import (
	"errors"
	"strings"
)

// party is the value of From, To, Contact, Route or Record-Route: a URI, a display name and header parameters.
type party struct {
	raw    string // as received
	uri    uri
	spec   string // the URI's text
	params string
	tag    string
}

var errParty = errors.New("malformed address")

// parseParty reads a name-addr or addr-spec (RFC 3261 section 25.1) so that it can be read one way only: text that is
// left over, a second tag, or a URI that needs brackets and has none is an error.
func parseParty(s string) (party, error) {
	p := party{raw: s}
	display, rest, err := cutDisplay(s)
	if err != nil {
		return p, err
	}
	if strings.HasPrefix(rest, "<") {
		end := strings.IndexByte(rest, '>')
		if end < 0 {
			return p, errParty
		}
		p.spec, rest = rest[1:end], strings.TrimLeft(rest[end+1:], " \t")
		if rest != "" && rest[0] != ';' {
			return p, errParty
		}
		p.params = strings.TrimPrefix(rest, ";")
	} else {
		if display != "" {
			return p, errParty
		}
		p.spec, p.params, _ = strings.Cut(rest, ";")
		p.spec = strings.TrimRight(p.spec, " \t")
		if strings.ContainsAny(p.spec, "?,") { // RFC 3261 section 20: such a URI must be bracketed
			return p, errParty
		}
	}
	p.uri, err = parseURI(p.spec)
	if err != nil && !isForeign(err) {
		return p, err
	}
	p.uri.Display = display
	if bad := p.parseTag(); bad != nil {
		return p, bad
	}
	return p, err
}

func (p *party) parseTag() error {
	if !closed(p.params) {
		return errParty
	}
	seen := false
	for rest := p.params; rest != ""; {
		var one string
		one, rest = cutQuoted(rest, ';')
		k, v, _ := strings.Cut(one, "=")
		if !strings.EqualFold(strings.TrimSpace(k), "tag") {
			continue
		}
		v = strings.TrimSpace(v)
		if seen || !isToken(v) {
			return errParty
		}
		seen, p.tag = true, v
	}
	return nil
}

// cutDisplay takes a quoted or plain display name off the front of s.
func cutDisplay(s string) (display, rest string, err error) {
	s = strings.TrimSpace(s)
	if strings.HasPrefix(s, `"`) {
		for i := 1; i < len(s); i++ {
			switch s[i] {
			case '\\':
				i++
			case '"':
				rest = strings.TrimLeft(s[i+1:], " \t")
				if !strings.HasPrefix(rest, "<") {
					return "", "", errParty
				}
				return unquote(s[:i+1]), rest, nil
			}
		}
		return "", "", errParty
	}
	i := strings.IndexByte(s, '<')
	if i <= 0 {
		return "", s, nil
	}
	display = strings.TrimRight(s[:i], " \t")
	for _, word := range strings.Fields(display) {
		if !isToken(word) {
			return "", "", errParty
		}
	}
	return display, s[i:], nil
}

// isToken tells whether s is a token of RFC 3261 section 25.1.
func isToken(s string) bool {
	if s == "" {
		return false
	}
	for i := 0; i < len(s); i++ {
		c := s[i]
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("-.!%*_+`'~", c) >= 0) {
			return false
		}
	}
	return true
}
