package b2bua

import (
	"sync"
	"sync/atomic"

	"callbox/routing"
	"callbox/sip/agent"
	"callbox/sip/call"
	"callbox/sip/media"
)

// event is one thing a call's goroutine has to look at: what happened on a leg, a notice of the media, or word from
// the edge. The kinds of the legs are the agent's.
type event struct {
	kind      agent.Kind
	leg       leg // the leg it happened on, nil for kinds of our own
	id        uint32
	status    int
	local     bool
	reason    string
	cause     string // of a failure on this side: why, in words
	contact   string // of a redirection
	fork      string
	offer     bool // of a provisional answer: its PRACK is owed
	message   agent.Message
	request   request
	notice    media.Notice
	routed    *routed
	planned   *planned
	asked     *asked
	peek      *peek
	far       *farLeg
	consulted *consulted
}

// The kinds of our own, out of the agent's way.
const (
	kindNotice    agent.Kind = iota + 128 // the media noticed something
	kindRouted                            // a target's host name was looked up
	kindPeek                              // someone wants to see the call's record
	kindFarLeg                            // another call asks whom this one has on its other side
	kindConsulted                         // the answer
	kindShutdown                          // the edge is told to stop
	kindPlanned                           // the plan of a callback has a next step
	kindReplied                           // the question of a decision has its reply
)

// routed is the outcome of looking up where a target is. The call knows by its address whether it still wants it.
type routed struct {
	target *routing.Target
	branch *branch // that is to go there, nil for leg B
	route  agent.Route
	err    error
}

// peek asks for a call's record. done is called once, with nil when the call is over.
type peek struct{ done func(*call.Record) }

// mailboxLimit is how many events may wait for a call's goroutine before the mailbox sheds what can be spared.
const mailboxLimit = 64

// mailboxKept is how much room an idle call's mailbox keeps; a call that is up waits for hours with an empty one.
const mailboxKept = 4

// mailbox is the queue of a call's goroutine. It takes events in order and from any goroutine, and never blocks.
//
// When mailboxLimit events wait, what can be spared is dropped and counted: provisional answers and the notice of a
// first packet silently, requests within the dialog (INFO, re-INVITE, ...) with 500 and Retry-After, so that their
// sender tries again. Everything else is taken even then, because losing it would leave a leg hanging: final answers,
// CANCEL, BYE, ACK, answers to our own requests. Each of those comes at most once for a leg or a request of ours, so
// the queue stays bounded.
type mailbox struct {
	mu      sync.Mutex
	queue   []event // those from head on wait
	head    int
	closed  bool
	wake    chan struct{} // one token: something waits
	dropped *atomic.Uint64
	late    func(event) // takes what comes after close, from the sender's goroutine
}

func newMailbox(dropped *atomic.Uint64, late func(event)) mailbox {
	return mailbox{wake: make(chan struct{}, 1), dropped: dropped, late: late}
}

// post queues an event.
func (b *mailbox) post(e event) {
	b.mu.Lock()
	if b.closed {
		b.mu.Unlock()
		b.late(e)
		return
	}
	if len(b.queue)-b.head >= mailboxLimit && spare(e) {
		b.mu.Unlock()
		b.shed(e)
		return
	}
	b.queue = append(b.queue, e)
	b.mu.Unlock()
	select {
	case b.wake <- struct{}{}:
	default:
	}
}

// next takes the event that waited longest.
func (b *mailbox) next() (event, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.head == len(b.queue) {
		return event{}, false
	}
	e := b.queue[b.head]
	b.queue[b.head] = event{} // lets go of the message
	if b.head++; b.head == len(b.queue) {
		b.queue, b.head = b.queue[:0], 0
		if cap(b.queue) > mailboxKept {
			b.queue = nil
		}
	}
	return e, true
}

// close hands everything that waits, and all that comes from now on, to late.
func (b *mailbox) close() {
	b.mu.Lock()
	rest := b.queue[b.head:]
	b.queue, b.head, b.closed = nil, 0, true
	b.mu.Unlock()
	for _, e := range rest {
		b.late(e)
	}
}

func (b *mailbox) shed(e event) {
	b.dropped.Add(1)
	if e.kind == agent.KindRequest {
		respond(e.request, 500, header("Retry-After", "1"))
	}
}

// spare tells whether a call can do without an event.
func spare(e event) bool {
	switch e.kind {
	case agent.KindProgress:
		return !e.offer
	case agent.KindRequest:
		return true
	case kindNotice:
		return e.notice.Kind == media.NoticeFirstPacket
	}
	return false
}
