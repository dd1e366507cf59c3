package agent

import (
	"net/netip"
	"slices"
	"strings"
)

// Header is one SIP header field. Name has the RFC's spelling; Value has no line ends.
type Header struct {
	Name, Value string
}

// Message is the part of a SIP message that belongs to the user of a leg rather than to the dialog or transaction:
// the end-to-end header fields and the body. Via, From, To, Call-ID, CSeq, Contact, Route, Record-Route,
// Max-Forwards, Content-Type, Content-Length, Authorization and Proxy-Authorization are never in Headers; the leg
// writes its own. A Message received must not be changed; its Body stays valid.
type Message struct {
	Headers     []Header
	ContentType string
	Body        []byte
}

// Get returns the value of the first header field called name, in any case, or "".
func (m Message) Get(name string) string {
	for _, h := range m.Headers {
		if strings.EqualFold(h.Name, name) {
			return h.Value
		}
	}
	return ""
}

// With returns m with one more header field; m itself is unchanged.
func (m Message) With(name, value string) Message {
	h := make([]Header, 0, len(m.Headers)+1)
	m.Headers = append(append(h, m.Headers...), Header{name, value})
	return m
}

// without returns m less the header fields called name.
func (m Message) without(name string) Message {
	if m.Get(name) != "" {
		m.Headers = slices.DeleteFunc(slices.Clone(m.Headers), func(h Header) bool { return strings.EqualFold(h.Name, name) })
	}
	return m
}

// supporting returns m with these option tags in Supported, unless its owner has said which.
func (m Message) supporting(tags string) Message {
	if m.Get("Supported") != "" {
		return m
	}
	return m.With("Supported", tags)
}

// Address is a name-addr of From, To or a Request-URI, strictly parsed: no part holds characters its grammar forbids.
// For a urn: or tel: URI User holds all that follows the scheme ("service:sos.police") and Host is "".
type Address struct {
	Display string
	Scheme  string // sip, sips, tel or urn, lower case
	User    string // unescaped
	Host    string // lower case, IPv6 without brackets
	Port    uint16
}

// Incoming is an INVITE outside any dialog: the birth of an A leg. Its owner must call Accept, Refuse or Challenge once
// and soon, since nothing has been answered yet.
type Incoming struct {
	CallID     string
	Source     netip.AddrPort // where it really came from
	Local      netip.AddrPort // our address towards Source; for advertising in SDP
	Transport  string         // udp, tcp, tls, ws or wss
	RequestURI Address
	From, To   Address
	Contact    string  // the URI in the first Contact
	Route      Address // the first of Route, the zero value where there is none: whom a Request-URI of urn: is meant for
	Message    Message
	Replaces   *Replaces // the dialog it takes the place of, nil for none and without Options.Replaces
	Proof      *Proof    // digest credentials as sent, nil when there were none
	Peer       string    // who the peer is by its TLS certificate, where one was asked for and verified; else ""

	MaxForwards int // how many more hops the request may go

	invite *serverInvite
}
