package agent

import "net/netip"

// Kind says what an Event is.
type Kind uint8

// The kinds of leg events. UAC kinds come on legs made by Dial, UAS kinds on legs made by Incoming.Accept.
const (
	_                Kind = iota
	KindProgress          // UAC: a 1xx above 100, with Status, Message and Fork
	KindAnswered          // UAC: the first 2xx. ACK has been sent if the INVITE had a body; else call Ack
	KindFailed            // UAC: a final answer of 300 or more, or Local: 408 nothing came, 503 unreachable. The leg is over
	KindCancelled         // UAS: CANCEL (Message) before our final answer. 487 has been sent. The leg is over
	KindAcked             // UAS: the ACK for our 2xx (to the INVITE, or to a re-INVITE), Message holds its body if any
	KindAckTimeout        // UAS: no ACK for our 2xx within 64*T1. The dialog still exists: call Bye
	KindRequest           // a request within the dialog waits for Request.Respond: INVITE, UPDATE, INFO, REFER, NOTIFY, MESSAGE, or a PRACK with a body
	KindRequestGone       // CANCEL for a pending re-INVITE, which has been answered 487: Request tells which
	KindResponse          // the final answer to what Send sent: ID, Status, Reason, Message. 2xx to an INVITE sent with a body has been ACKed
	KindBye               // BYE came and has been answered 200. The leg is over
	KindPrackTimeout      // UAS: no PRACK for a provisional answer within 64*T1 (RFC 3262); 504 has been sent. The leg is over
	KindGone              // a final 481 or 408 within the dialog, BYE answered or given up, or the transport is lost for good. The leg is over
)

// Event is one thing that happened on a leg.
type Event struct {
	Leg     *Leg
	Kind    Kind
	ID      uint32 // KindResponse: what Send returned
	Status  int
	Reason  string // the reason phrase
	Local   bool   // made by this edge (a timeout, a transport error), not received
	Cause   string // Local: why, in words
	Contact string // KindFailed with a 3xx: the URI of the first Contact
	Fork    string // To-tag of the answering branch of a forked INVITE
	Offer   bool   // KindProgress to an INVITE without a body: an offer in it waits for Leg.Prack
	Message Message
	Request *Request
}

// Sink takes the events of a leg in the order they happened. It is called from the agent's goroutines and must not block.
type Sink func(Event)

// Outgoing describes the INVITE of a UAC leg. The leg makes its own Call-ID, tags, Via and Contact.
type Outgoing struct {
	Route Route // where it goes, from Agent.Route

	// Service is the Request-URI of an INVITE for a service, such as urn:service:sos: the route's URI then stands in a Route
	// header field with lr, until the callee's own Contact takes their place. "" is the usual: the route's URI.
	Service string

	From      Address // Host "" means this agent's own address
	To        Address // zero value means the target URI
	Message   Message
	Tags      []string // option tags in Supported beside the agent's own
	Late      bool     // whatever the body holds, no offer is in it: the 2xx brings one, and Leg.Ack its answer
	Username  string   // digest credentials to answer a 401 or 407 with, "" for none
	Password  string
	Anonymous bool // From is anonymous@anonymous.invalid (RFC 3323)
	Spent     int  // hops that the call has made already: Max-Forwards is 70 less them (RFC 7332)
}

// Route is a resolved next hop.
type Route struct {
	URI       string // the Request-URI to send
	Transport string // udp, tcp or tls as asked for; a large request goes by tcp instead of udp where the peer takes it
	Remote    netip.AddrPort
	Local     netip.Addr // our address towards Remote; for advertising in SDP

	back *wayBack // of RouteBack; else nil
}
