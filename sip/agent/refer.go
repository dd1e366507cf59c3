package agent

import (
	"net/url"
	"strings"
)

// ReferTo is the call that a REFER asks for (RFC 3515).
type ReferTo struct {
	Target    Address   // a sip or sips URI without parameters
	Transport string    // its parameter, "" for none
	Replaces  *Replaces // the dialog that the call takes the place of (RFC 3891), nil for none
}

// URI writes the target as the Request-URI of that call.
func (r ReferTo) URI() string {
	if r.Transport == "" {
		return r.Target.String()
	}
	return r.Target.String() + ";transport=" + r.Transport
}

// ReferError is why a REFER cannot be followed, with the status that says so.
type ReferError struct {
	Status   int
	Sentence string
}

// Error returns the sentence.
func (e *ReferError) Error() string { return e.Sentence }

// ReadRefer reads the Refer-To of a REFER. It takes what a call can be made of and nothing that would steer that call
// elsewhere: header fields in the URI other than Replaces, a method other than INVITE and maddr are refused. The error is
// a *ReferError.
func ReadRefer(m Message) (ReferTo, error) {
	value, n := "", 0
	for _, h := range m.Headers {
		if strings.EqualFold(h.Name, "Refer-To") {
			value, n = h.Value, n+len(splitList(h.Value))
		}
	}
	if n != 1 { // RFC 3515 section 2.4.2
		return ReferTo{}, &ReferError{400, "a REFER needs one Refer-To, no more and no less"}
	}
	p, err := parseParty(value)
	switch {
	case isForeign(err), err == nil && p.uri.Scheme != "sip" && p.uri.Scheme != "sips":
		return ReferTo{}, &ReferError{416, "Refer-To has to be a SIP URI"}
	case err != nil:
		return ReferTo{}, &ReferError{400, "Refer-To cannot be read: " + err.Error()}
	}
	r := ReferTo{Target: p.uri.Address}
	r.Target.Display = ""
	if method, ok := p.uri.param("method"); ok && method != "INVITE" {
		return ReferTo{}, &ReferError{403, "Refer-To asks for a method other than INVITE"}
	}
	if _, ok := p.uri.param("maddr"); ok {
		return ReferTo{}, &ReferError{403, "Refer-To has maddr, which leads past its host"}
	}
	if t, ok := p.uri.param("transport"); ok {
		if r.Transport = strings.ToLower(t); r.Transport != "udp" && r.Transport != "tcp" && r.Transport != "tls" {
			return ReferTo{}, &ReferError{403, "Refer-To asks for a transport other than udp, tcp or tls"}
		}
	}
	return r, r.readHeaders(p.uri.headers)
}

// readHeaders reads the header fields of the URI (RFC 3261 section 19.1.1).
func (r *ReferTo) readHeaders(s string) error {
	for one := range strings.SplitSeq(s, "&") {
		if one == "" {
			continue
		}
		name, value, _ := strings.Cut(one, "=")
		if !strings.EqualFold(name, "Replaces") {
			return &ReferError{403, "Refer-To carries a header field other than Replaces"}
		}
		plain, err := url.PathUnescape(value)
		if err != nil || r.Replaces != nil {
			return &ReferError{400, "Replaces in Refer-To cannot be read"}
		}
		replaces, ok := parseReplaces(plain)
		if !ok {
			return &ReferError{400, "Replaces in Refer-To cannot be read"}
		}
		r.Replaces = &replaces
	}
	return nil
}

// Replaces names the dialog whose place a call takes (RFC 3891). The tags are those of the user agent that gets the
// INVITE with it: ToTag its own, FromTag its peer's.
type Replaces struct {
	CallID, ToTag, FromTag string
	EarlyOnly              bool // only a dialog that was not answered
}

// String writes the value of the header field.
func (r Replaces) String() string {
	s := r.CallID + ";to-tag=" + r.ToTag + ";from-tag=" + r.FromTag
	if r.EarlyOnly {
		s += ";early-only"
	}
	return s
}

// Escaped writes it as a header field of a URI, for Refer-To.
func (r Replaces) Escaped() string { return "Replaces=" + url.QueryEscape(r.String()) }

func parseReplaces(s string) (r Replaces, ok bool) {
	id, params, _ := strings.Cut(s, ";")
	r.CallID = strings.TrimSpace(id)
	for i := 0; i < len(r.CallID); i++ {
		if c := r.CallID[i]; c <= ' ' || c >= 0x7f || c == ',' {
			return r, false
		}
	}
	for params != "" {
		var one string
		one, params, _ = strings.Cut(params, ";")
		name, value, _ := strings.Cut(one, "=")
		name, value = strings.ToLower(strings.TrimSpace(name)), strings.TrimSpace(value)
		switch {
		case name == "to-tag" && r.ToTag == "" && isToken(value):
			r.ToTag = value
		case name == "from-tag" && r.FromTag == "" && isToken(value):
			r.FromTag = value
		case name == "early-only" && value == "":
			r.EarlyOnly = true
		case name == "to-tag", name == "from-tag", !isToken(name):
			return r, false
		}
	}
	return r, r.CallID != "" && r.ToTag != "" && r.FromTag != ""
}

// replaces returns the Replaces of an INVITE, nil for none or where it is not understood. Two, or one that cannot be read,
// are a fault (RFC 3891 section 3).
func (p *packet) replaces(understood bool) (*Replaces, *fault) {
	var found *Replaces
	if !understood {
		return nil, nil
	}
	for _, h := range p.message.Headers {
		if !strings.EqualFold(h.Name, "Replaces") {
			continue
		}
		r, ok := parseReplaces(h.Value)
		if !ok || found != nil {
			return nil, badRequest("Replaces cannot be read, or stands more than once")
		}
		found = &r
	}
	return found, nil
}

// replacesIn returns the Replaces of an INVITE that inspect has let pass.
func (a *Agent) replacesIn(p *packet) *Replaces {
	r, _ := p.replaces(a.opts.Replaces)
	return r
}

// DialogID returns what names the leg's dialog: its Call-ID, our tag and the peer's. The peer's is "" while there is no
// dialog.
func (l *Leg) DialogID() (callID, localTag, remoteTag string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.callID, l.tag, l.remoteTag
}

// Is tells whether r, in an INVITE that came to us, names the leg's dialog.
func (r Replaces) Is(l *Leg) bool {
	callID, local, remote := l.DialogID()
	return r.CallID == callID && r.ToTag == local && r.FromTag == remote
}

// ParseAddress reads a SIP, SIPS, tel or urn URI.
func ParseAddress(s string) (Address, error) {
	u, err := parseURI(s)
	return u.Address, err
}
