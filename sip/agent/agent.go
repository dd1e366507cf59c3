// Package agent gives the rest of callbox its SIP legs: it owns listeners, transactions, dialogs and digest
// authentication, and is the only importer of sipgo. It must not know about routing or calls.
package agent

import (
	"context"
	"crypto/tls"
	"errors"

	"github.com/rs/zerolog"
)

// Listener is one socket to take SIP on.
type Listener struct {
	Network   string // udp, tcp or tls
	Address   string // host:port to bind, IPv6 in brackets; port 0 picks one
	Advertise string // host or host:port to write into Via and Contact; "" finds the local address towards each peer
}

// Options configure an Agent. OnInvite is required.
type Options struct {
	Listeners []Listener
	TLS       *tls.Config // for tls listeners; use GetCertificate to change certificates without a restart
	ClientTLS *tls.Config // for outgoing TLS; nil verifies against the system's roots
	UserAgent string      // Server and User-Agent header; "" leaves them out
	Logger    zerolog.Logger
	OnInvite  func(*Incoming) // a new INVITE; called on a goroutine of its own
	Ready     func() bool     // OPTIONS outside a dialog: 200 while true or nil, else 503
}

// Agent is one SIP user agent: its sockets and all dialogs on them. Its methods are safe for concurrent use.
type Agent struct{}

// New returns an agent that is not listening yet.
func New(o Options) (*Agent, error) { return nil, errors.New("not implemented") }

// Start binds every listener and serves them. On an error nothing stays bound.
func (a *Agent) Start() error { panic("not implemented") }

// Addrs returns the bound listeners with their real ports.
func (a *Agent) Addrs() []Listener { panic("not implemented") }

// Close stops listening and drops every dialog without a word to the peers; end legs with Bye first. It waits for the
// agent's goroutines.
func (a *Agent) Close() error { panic("not implemented") }

// Route resolves a SIP or SIPS URI to its next hop. It returns at once for IP literals and blocks for DNS names until
// ctx ends.
func (a *Agent) Route(ctx context.Context, uri string) (Route, error) { panic("not implemented") }

// Dial sends an INVITE and returns its leg at once; everything after comes to sink.
func (a *Agent) Dial(o Outgoing, sink Sink) *Leg { panic("not implemented") }

// Options sends OPTIONS to uri and returns the status of the final answer. It blocks until then or until ctx ends.
func (a *Agent) Options(ctx context.Context, uri string) (status int, err error) {
	panic("not implemented")
}

// Accept takes the INVITE: from here on its events go to sink, and its owner answers it with Leg.Progress,
// Leg.Answer or Leg.Reject.
func (in *Incoming) Accept(sink Sink) *Leg { panic("not implemented") }

// Refuse answers with a final status of 300 or more. It blocks for nothing.
func (in *Incoming) Refuse(status int, reason string, headers ...Header) { panic("not implemented") }

// Challenge answers 401 with a fresh nonce for realm, stale as the Proof says.
func (in *Incoming) Challenge(realm string) { panic("not implemented") }

// Leg is one dialog, or one on its way to be. All methods return at once; those that make no sense in the leg's state
// do nothing. After KindFailed, KindCancelled, KindBye or KindGone no more events come.
type Leg struct{}

// CallID returns the leg's Call-ID header field.
func (l *Leg) CallID() string { panic("not implemented") }

// Progress sends a 1xx above 100 (UAS).
func (l *Leg) Progress(status int, reason string, m Message) { panic("not implemented") }

// Answer sends 200 and repeats it until the ACK comes (UAS).
func (l *Leg) Answer(m Message) { panic("not implemented") }

// Reject sends a final status of 300 or more (UAS). The leg is over and gives no further event.
func (l *Leg) Reject(status int, reason string, headers ...Header) { panic("not implemented") }

// Ack acknowledges the 2xx to an INVITE that had no body, with the answer in m (UAC, or after Send of an INVITE
// without a body). For INVITEs with a body the leg has done so itself.
func (l *Leg) Ack(m Message) { panic("not implemented") }

// Cancel gives up a UAC leg that has no final answer: CANCEL is sent as soon as a 1xx allows it (RFC 3261 section
// 9.1), and a 2xx that crosses it is ACKed and ended by BYE. The leg then ends with KindFailed (487 as a rule).
func (l *Leg) Cancel(headers ...Header) { panic("not implemented") }

// Bye ends an answered leg; KindGone follows when BYE was answered or given up. On a UAS leg without ACK it waits for
// the ACK or its time-out (RFC 3261 section 15).
func (l *Leg) Bye(headers ...Header) { panic("not implemented") }

// Send sends a request within the dialog: INVITE, UPDATE, INFO, REFER, NOTIFY, MESSAGE. Its final answer comes as
// KindResponse with the returned ID.
func (l *Leg) Send(method string, m Message) (id uint32) { panic("not implemented") }

// CancelSend gives up a re-INVITE sent with Send.
func (l *Leg) CancelSend(id uint32) { panic("not implemented") }

// Request is a request within a dialog that waits for its answer.
type Request struct {
	Method  string
	Message Message
}

// Respond answers the request: a final status, once. A 2xx to a re-INVITE is repeated until its ACK, which comes as
// KindAcked.
func (r *Request) Respond(status int, reason string, m Message) { panic("not implemented") }

// Proof is the digest credentials of a request (RFC 7616; MD5 and SHA-256).
type Proof struct{}

// Username returns the user name as sent.
func (p *Proof) Username() string { panic("not implemented") }

// Verify tells whether the credentials prove knowledge of password for a nonce of ours that is not stale or replayed.
func (p *Proof) Verify(password string) bool { panic("not implemented") }

// serverInvite is the transaction behind an Incoming.
type serverInvite struct{}
