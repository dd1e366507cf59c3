package agent

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
)

// Reply is the final answer to a request outside a dialog.
type Reply struct {
	Status  int
	Reason  string // the reason phrase
	Message Message
}

// maxRequests is how many requests outside a dialog may wait for their answers at once; more wait for a place.
const maxRequests = 256

// Request sends a request that belongs to no dialog and makes none, such as MESSAGE (RFC 3428), and returns its final
// answer, whatever that says. A challenge is answered once where o has credentials; a redirection is not followed. It
// blocks until the answer, for 64*T1 at most, or until ctx ends. The error says that no answer came and why.
func (a *Agent) Request(ctx context.Context, method string, o Outgoing) (Reply, error) {
	if !isToken(method) || method == "INVITE" || method == "ACK" || method == "CANCEL" {
		return Reply{}, fmt.Errorf("request %q: not a method of a request outside a dialog", method)
	}
	fail := func(err error) (Reply, error) { return Reply{}, fmt.Errorf("%s to %q: %w", method, o.Route.URI, err) }
	select {
	case a.requests <- struct{}{}:
		defer func() { <-a.requests }()
	case <-ctx.Done():
		return fail(ctx.Err())
	case <-a.done:
		return fail(errFlowGone)
	}
	f, err := a.flowTo(ctx, o.Route)
	if err != nil {
		return fail(err)
	}
	lone := newLone(a, method, o, f)
	p, err := lone.send(ctx, f, Header{})
	if err == nil && (p.status == 401 || p.status == 407) && o.Username != "" {
		if h, ok := answerChallenge(p.auth, method, o.Route.URI, o.Username, o.Password); ok {
			p, err = lone.send(ctx, f, h)
		}
	}
	if err != nil {
		return fail(err)
	}
	return Reply{Status: p.status, Reason: p.reason, Message: p.message}, nil
}

// lone is a request outside a dialog, which is sent a second time with credentials.
type lone struct {
	a                *Agent
	method, target   string
	from, to, callID string
	path             []string // proxies on the way to a phone that registered through them
	seq              int
	spent            int
	message          Message
}

func newLone(a *Agent, method string, o Outgoing, f flow) *lone {
	from, to := a.identities(o, f)
	return &lone{
		a: a, method: method, target: o.Route.URI, from: from + ";tag=" + newTag(), to: to, callID: token(16),
		path: o.Route.path(), spent: o.Spent, message: o.Message,
	}
}

// send sends it once and waits for the final answer.
func (l *lone) send(ctx context.Context, f flow, auth Header) (*packet, error) {
	l.seq++
	m := l.message
	if auth.Name != "" {
		m = m.With(auth.Name, auth.Value)
	}
	return l.a.ask(ctx, f, l.method, func(f flow, branch string) []byte { return l.build(f, branch, m) })
}

func (l *lone) build(f flow, branch string, m Message) []byte {
	w := writer{b: make([]byte, 0, 512+len(m.Body))}
	w.line(l.method, " ", l.target, " SIP/2.0")
	l.a.viaLine(&w, f, branch)
	for _, p := range l.path {
		w.field("Route", p)
	}
	w.field("From", l.from)
	w.field("To", l.to)
	w.field("Call-ID", l.callID)
	w.field("CSeq", strconv.Itoa(l.seq)+" "+l.method)
	w.field("Max-Forwards", strconv.Itoa(max(0, usualHops-l.spent)))
	if l.method != "MESSAGE" { // RFC 3428 section 4 forbids it there
		w.field("Contact", "<sip:callbox@"+l.a.contactHost(f)+">")
	}
	if l.a.opts.UserAgent != "" {
		w.field("User-Agent", l.a.opts.UserAgent)
	}
	w.fields(m.Headers)
	return w.body(m)
}

// ask sends a request in a transaction of its own and waits for the final answer.
func (a *Agent) ask(ctx context.Context, f flow, method string, build func(f flow, branch string) []byte) (*packet, error) {
	type answer struct {
		p      *packet
		status int
	}
	got := make(chan answer, 1)
	branch := newBranch()
	t := a.request(f, method, branch, func(f flow) []byte { return build(f, branch) }, func(p *packet, status int) {
		if p == nil || status >= 200 {
			select {
			case got <- answer{p, status}:
			default:
			}
		}
	})
	select {
	case r := <-got:
		if r.p != nil {
			return r.p, nil
		}
		return nil, &noAnswer{r.status, t.failure(r.status)}
	case <-ctx.Done():
		t.stop()
		return nil, ctx.Err()
	case <-a.done:
		return nil, errFlowGone
	}
}

// noAnswer is that nothing came: 408 for silence, 503 where the request could not be sent.
type noAnswer struct {
	status int
	why    string
}

// Error says why nothing came.
func (e *noAnswer) Error() string {
	if e.why == "" {
		return localReason(e.status)
	}
	return e.why
}

// unanswered is the status that stands for an answer that did not come, 0 where err is something else.
func unanswered(err error) int {
	var none *noAnswer
	if errors.As(err, &none) {
		return none.status
	}
	return 0
}

// identities are From, without its tag, and To of a request that goes by f.
func (a *Agent) identities(o Outgoing, f flow) (from, to string) {
	if o.Anonymous {
		from = `"Anonymous" <sip:anonymous@anonymous.invalid>`
	} else {
		if o.From.Host == "" {
			if h, _, err := net.SplitHostPort(a.contactHost(f)); err == nil {
				o.From.Host = h
			}
		}
		from = nameAddr(o.From)
	}
	if o.To.Host == "" && o.To.User == "" {
		uri, _, _ := strings.Cut(o.Route.URI, ";")
		return from, "<" + uri + ">"
	}
	return from, nameAddr(o.To)
}
