package phone

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"

	"callbox/sip/agent"
	"callbox/sip/audio"
	"callbox/sip/sdp"
)

// target returns the Request-URI of the call.
func target(o Options) (string, error) {
	switch {
	case o.To == "":
		return "", errors.New("nobody to call")
	case o.Domain == "":
		return "", errors.New("no domain to call through")
	case strings.ContainsFunc(o.To+o.Domain+o.From, func(c rune) bool { return c <= ' ' || c == 0x7F || c == '<' || c == '>' }):
		return "", errors.New("an address holds characters that it cannot")
	}
	scheme, rest, found := strings.Cut(o.To, ":")
	switch strings.ToLower(scheme) {
	case "sip", "sips", "urn":
		if found {
			return o.To, nil
		}
	case "tel":
		if found {
			return "sip:" + escape(rest) + "@" + o.Domain + ";user=phone", nil
		}
	}
	if strings.Contains(o.To, "@") {
		return "sip:" + o.To, nil
	}
	return "sip:" + escape(o.To) + "@" + o.Domain, nil
}

// escape writes a user part so that # and the like survive; + and * need not be escaped there (RFC 3261 section 25.1).
func escape(user string) string {
	return strings.NewReplacer("%2B", "+", "%2A", "*").Replace(url.PathEscape(user))
}

// caller returns the From of the call; its zero value is anonymous.
func caller(o Options) agent.Address {
	if o.From == "" {
		return agent.Address{}
	}
	user, host, found := strings.Cut(strings.TrimPrefix(strings.TrimPrefix(o.From, "sips:"), "sip:"), "@")
	if !found {
		host = o.Domain
	}
	a := agent.Address{Scheme: "sip", User: user, Host: strings.Trim(host, "[]")}
	if name, port, err := net.SplitHostPort(host); err == nil {
		if n, err := strconv.ParseUint(port, 10, 16); err == nil {
			a.Host, a.Port = name, uint16(n)
		}
	}
	return a
}

// formats returns what is offered.
func formats(o Options) ([]sdp.Format, error) {
	if len(o.Codecs) == 0 {
		return sdp.Supported(), nil
	}
	var list []sdp.Format
	for _, name := range o.Codecs {
		switch strings.ToUpper(name) {
		case audio.PCMU.String():
			list = append(list, sdp.PCMU())
		case audio.PCMA.String():
			list = append(list, sdp.PCMA())
		default:
			return nil, fmt.Errorf("codec %q is not spoken here: PCMU or PCMA", name)
		}
	}
	return append(list, sdp.TelephoneEvent(101)), nil
}

// sentence returns the text of the first Warning with code 399 (RFC 3261 section 20.43), "" for none.
func sentence(m agent.Message) string {
	for _, h := range m.Headers {
		if !strings.EqualFold(h.Name, "Warning") {
			continue
		}
		rest, ok := strings.CutPrefix(strings.TrimSpace(h.Value), "399 ")
		_, quoted, more := strings.Cut(rest, `"`)
		if !ok || !more {
			continue
		}
		return unquote(quoted)
	}
	return ""
}

// unquote returns the rest of a quoted string up to its closing quote, quoted pairs resolved.
func unquote(text string) string {
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		switch {
		case text[i] == '"':
			return b.String()
		case text[i] == '\\' && i+1 < len(text):
			i++
		}
		b.WriteByte(text[i])
	}
	return b.String()
}
