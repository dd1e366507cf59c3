package b2bua

import (
	"time"

	"callbox/sip/agent"
	"callbox/sip/call"
)

// The model is what DESIGN.md says the edge does, written a second time and without the edge's means: no goroutine, no
// SDP, no header fields. It predicts what the edge says on each leg, how requests are answered and what the record
// tells; modelplay_test.go plays the same events to the edge and compares.

// model is one call.
type model struct {
	set     map[string]bool // what is special about this call, see settings
	targets int
	now     time.Duration // since the INVITE
	step    time.Duration // when the ring time or the announcement is over; 0: never
	limit   time.Duration // when the set-up or the call has lasted too long; 0: never
	phase   phase
	why     call.EndReason
	status  int // the caller's final answer, as the record has it

	a    *modelLeg
	legs []*modelLeg // to the targets, in the order they were dialled
	b    *modelLeg   // the one that counts, nil: none

	questions int // that the decision still has
	upcoming  int // index of the next target
	tries     []modelTry
	announced bool
	farewell  bool // the announcement is being tried
	plain     bool // dialled again without session timers
	moved     bool // a redirection was followed

	early   string // branch whose early media the caller hears
	updated bool   // its centre has changed it by UPDATE
	offered bool   // the caller has made an offer, or answered one
	given   *modelGiven
	offers  int  // how often the caller has changed its offer since the INVITE
	owed    bool // the centre is to be made an offer once the call is up
	hears   told
	x       *modelExchange
	restore *modelExchange // of the edge, to be made again
	relayed []modelRelayed

	t                    *modelTransfer // under way
	partings             []*modelParting
	transfers, referrals int

	queue   []happening // what the edge has not looked at yet
	covered map[cell]int
}

// cell is one place of the table.
type cell struct {
	kind  agent.Kind
	phase phase
}

// modelTry is one target in the record.
type modelTry struct{ target, outcome string }

// modelLeg is one leg: what is true of it, and what the edge has seen of that.
type modelLeg struct {
	name      string
	state     legState
	seen      legState
	cancelled bool
	dialog    bool        // the far end can send requests
	acked     bool        // no ACK of the first INVITE is left: A's to come, B's to be sent
	owes      bool        // an ACK for a 2xx of ours is still to come
	probing   uint32      // ID of the OPTIONS that asks whether it is still there
	timer     *modelTimer // the session timer, nil for none
	asB       bool        // what it said last is what every good body says
	offers    int         // which of the caller's offers it was asked with
	bodiless  bool        // its INVITE has no offer
	early     bool        // it has made one in a provisional answer
	said      []string    // what the edge says on it
	asks      []*modelAsk // the far end's requests
	sent      []modelSend // the edge's requests that wait for an answer
	ids       uint32
}

type modelAsk struct {
	leg    *modelLeg
	method string
	body   string
	timed  bool // it asks for a session timer and will refresh it
	status int  // its answer, 0: none yet
}

type modelSend struct {
	id     uint32
	method string
}

// happening is an event on its way to the edge.
type happening struct {
	word
	leg *modelLeg
	id  uint32
	ask *modelAsk
}

func newModel(set map[string]bool) *model {
	m := &model{set: set, a: &modelLeg{name: "a", dialog: true}, covered: map[cell]int{}, targets: 3}
	switch {
	case set["test"], set["one"]:
		m.targets = 1
	case set["two"]:
		m.targets = 2
	}
	switch {
	case set["asks"]:
		m.questions = 1
	case set["asks2"]:
		m.questions = 2
	}
	m.a.asB, m.offered = set["offerless"], !set["offerless"]
	return m
}

func (m *model) emergency() bool { return !m.set["test"] }

// rule is what an event does in a phase.
type rule func(*model, happening)

// row is the rules of one event. A nil rule: nothing happens.
type row struct{ asking, resolving, dialling, announcing, up rule }

// table is the state machine. Where no target is on its way there is nothing to wait for, so phaseSetup sees no event.
var table = map[agent.Kind]row{
	agent.KindCancelled:    {(*model).cancelled, (*model).cancelled, (*model).cancelled, (*model).cancelled, (*model).cancelled},
	agent.KindPrackTimeout: {(*model).noPrack, (*model).noPrack, (*model).noPrack, (*model).noPrack, (*model).noPrack},
	agent.KindProgress:     {nil, nil, (*model).progress, (*model).progress, nil},
	agent.KindAnswered:     {nil, nil, (*model).answered, (*model).farewellAnswered, nil},
	agent.KindFailed:       {nil, nil, (*model).failed, (*model).noTarget, nil},
	agent.KindAcked:        {nil, nil, nil, nil, (*model).acked},
	agent.KindAckTimeout:   {nil, nil, nil, nil, (*model).neverAcked},
	agent.KindRequest:      {(*model).tooEarly, (*model).tooEarly, (*model).tooEarly, (*model).tooEarly, (*model).requested},
	agent.KindRequestGone:  {nil, nil, nil, nil, (*model).withdrawn},
	agent.KindResponse:     {nil, nil, nil, nil, (*model).responded},
	agent.KindBye:          {nil, nil, nil, nil, (*model).hungUp},
	agent.KindGone:         {nil, nil, nil, nil, (*model).lost},
	kindRouted:             {nil, (*model).routed, nil, nil, nil},
	kindStep:               {(*model).replied, (*model).ringOver, (*model).ringOver, (*model).noTarget, (*model).restoreNow},
	kindLimit:              {nil, (*model).setupOver, (*model).setupOver, (*model).setupOver, (*model).lastedTooLong},
	kindNotice:             {nil, nil, nil, nil, (*model).mediaSilent},
	kindQuiet:              {nil, nil, nil, nil, (*model).quiet},
	kindTimer:              {nil, nil, nil, nil, (*model).timerDue},
	kindShutdown:           {(*model).shutdown, (*model).shutdown, (*model).shutdown, (*model).shutdown, (*model).shutdown},
	kindReplied:            {(*model).replied, nil, nil, nil, nil},
}

// The kinds that only the model has: the edge makes these itself, or tells two kinds of notice apart.
const (
	kindStep   agent.Kind = iota + 200 // the ring time or the announcement is over, or the wait after an offer that crossed another
	kindLimit                          // the set-up or the call has lasted too long
	kindQuiet                          // one side sends no media
	kindTimer                          // a session timer is due
	kindBeside                         // a leg beside the call's two has waited long enough
)

func (r row) in(p phase) rule {
	switch p {
	case phaseAsking:
		return r.asking
	case phaseResolving:
		return r.resolving
	case phaseDialling:
		return r.dialling
	case phaseAnnouncing:
		return r.announcing
	case phaseUp:
		return r.up
	}
	return nil
}

// look lets the edge look at everything that has happened.
func (m *model) look() {
	for len(m.queue) > 0 {
		h := m.queue[0]
		m.queue = m.queue[1:]
		m.handle(h)
		if l := m.timed(); len(m.queue) == 0 && l != nil && l.timer.due <= m.now {
			m.queue = append(m.queue, happening{word: word{kind: kindTimer}, leg: l})
		}
	}
}

func (m *model) handle(h happening) {
	if m.t != nil && m.t.alone {
		m.covered[cell{h.kind, phaseAlone}]++
	}
	if m.phase != phaseOver && h.leg != nil && m.beside(h) {
		m.join()
		return
	}
	if m.phase == phaseOver || h.leg != nil && h.leg != m.a && h.leg != m.b {
		m.late(h)
		return
	}
	m.covered[cell{h.kind, m.phase}]++
	if rule := table[h.kind].in(m.phase); rule != nil {
		rule(m, h)
	}
	if m.owed && m.phase == phaseUp && m.a.acked && m.x == nil && m.restore == nil {
		m.owed = false
		m.offerBack(m.b, 0)
	}
	m.join()
}

// late is for a leg that was given up, and for everything once the call is over.
func (m *model) late(h happening) {
	switch h.kind {
	case agent.KindAnswered:
		h.leg.say("ack")
		h.leg.bye()
	case agent.KindRequest:
		h.ask.answer(481)
	}
}

// pass lets time go by.
func (m *model) pass(d time.Duration) {
	end := m.now + d
	for m.phase != phaseOver {
		due, kind := m.step, kindStep
		if due == 0 || m.limit != 0 && m.limit <= due {
			due, kind = m.limit, kindLimit
		}
		l := m.timed()
		if l != nil && (due == 0 || l.timer.due < due) {
			due, kind = l.timer.due, kindTimer
		} else {
			l = nil
		}
		if besides := m.besidesDue(); besides != 0 && (due == 0 || besides < due || besides == due && kind == kindTimer) {
			due, kind, l = besides, kindBeside, nil
		}
		if due == 0 || due > end {
			break
		}
		m.now = due
		switch kind {
		case kindStep:
			m.step = 0
		case kindLimit:
			m.limit = 0
		case kindBeside:
			m.besidesOver()
			m.look()
			continue
		}
		m.queue = append(m.queue, happening{word: word{kind: kind}, leg: l})
		m.look()
	}
	m.now = end
}

// What the edge says on a leg. As the agent has it, what makes no sense in the leg's state is not said.

func (l *modelLeg) say(what string) { l.said = append(l.said, what) }

func (l *modelLeg) bye() {
	if l.state == legAnswered {
		l.state = legOver
		l.say("bye")
	}
	l.seen = legOver
}

func (l *modelLeg) cancel() {
	if l.state == legEarly && !l.cancelled {
		l.cancelled = true
		l.say("cancel")
	}
	l.seen = legOver
}

// send returns the request's ID. One that cannot be sent is answered by the agent itself.
func (m *model) send(l *modelLeg, method string) uint32 {
	l.ids++
	status := 0
	switch {
	case l.state != legAnswered:
		status = 481
	case method == "INVITE" && l.inviting():
		status = 491
	}
	if status != 0 {
		refusal := word{kind: agent.KindResponse, status: status, local: true}
		m.queue = append(m.queue, happening{word: refusal, leg: l, id: l.ids})
		return l.ids
	}
	l.sent = append(l.sent, modelSend{l.ids, method})
	l.say("send " + method)
	return l.ids
}

// inviting tells whether an INVITE is under way in the dialog (RFC 3261 section 14.1).
func (l *modelLeg) inviting() bool {
	for _, s := range l.sent {
		if s.method == "INVITE" {
			return true
		}
	}
	return l.owes || l.openInvite() != nil
}

func (l *modelLeg) openInvite() *modelAsk {
	for _, q := range l.asks {
		if q.method == "INVITE" && q.status == 0 {
			return q
		}
	}
	return nil
}

// answer gives a request its answer; the first one counts.
func (q *modelAsk) answer(status int) {
	if q == nil || q.status != 0 {
		return
	}
	q.status = status
	if q.method == "INVITE" && status < 300 && q.leg.state == legAnswered {
		q.leg.owes = true
	}
}
