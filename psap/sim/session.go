package sim

import (
	"cmp"
	"context"
	"net/netip"
	"sync"
	"time"

	"callbox/psap/sim/voice"
	"callbox/sip/agent"
	"callbox/sip/audio"
)

// leg is what a session does with its SIP leg; *agent.Leg is one.
type leg interface {
	Progress(status int, reason string, m agent.Message)
	Answer(m agent.Message)
	Reject(status int, reason string, headers ...agent.Header)
	Bye(headers ...agent.Header)
	Send(method string, m agent.Message) (id uint32)
}

// session is one call at a centre. All that happens on it comes through box to the goroutine in run, which owns all
// that mu does not guard.
type session struct {
	server *Server
	script Script
	leg    leg
	given  delivered
	offer  exchange
	out    *agent.Leg // where the centre calls somebody back; nil where it was called

	box  chan message
	full chan struct{} // closed when box overflowed
	once sync.Once

	timer    *time.Timer // the one thing waited for next
	waits    int         // how often it was set: what an earlier one says means nothing
	hangUp   *time.Timer // HangUpAfter
	refresh  *time.Timer // Script.Timer
	expires  int         // the session's seconds
	speech   []voice.Speech
	farewell []voice.Speech
	leaving  bool // the farewell is being said
	rang     bool // the ring time is over
	spoken   bool // speech is ready
	player   *audio.Player
	echo     *audio.Echo
	loop     *loop        // of a test call by URN; nil for every other
	played   int          // which round of playing is current: the end of an earlier one means nothing
	show     *performance // of a program; nil at a centre

	peer      netip.AddrPort // where the INVITE came from
	referring *referral      // a transfer under way, nil for none
	sending   *time.Timer    // Script.Transfer
	consults  *session       // the call that this one is made for: the agent asks the centre that is to take it over
	replaces  *session       // the call whose place this one takes, nil for none

	mu     sync.Mutex // guards the rest
	info   Call
	moving bool        // a transfer was asked for and has not come to its end
	coming []utterance // of what is being said, what has not begun
	stream *audio.Stream
}

// message is one thing that happened on a session; the field that is set says what.
type message struct {
	event        *agent.Event
	digit        byte
	timer        timeout
	wait         int // which setting of the timer
	speech       []voice.Speech
	played       int // the round whose last frame was sent
	part         *part
	transfer     *Transfer
	consultation *consultation
}

// timeout says what a timer was set for.
type timeout uint8

const (
	_              timeout = iota
	timeoutRing            // the ring time is over
	timeoutKey             // no key was pressed after all was said
	timeoutHangUp          // HangUpAfter
	timeoutRefused         // nothing came of a BYE
	timeoutRefresh         // the session is to be refreshed
)

// boxSize bounds what waits to be handled on one call. A caller who sends more at once is hung up on.
const boxSize = 64

// Limits of waiting.
const (
	maxRinging = 5 * time.Minute  // a silent centre gives up, in case the caller never does
	maxGone    = 40 * time.Second // for the answer to BYE, after the leg's own time-out
	maxClosing = time.Second      // for the same when the server is closed
)

func newSession(s *Server, in *agent.Incoming, script Script, d delivered) *session {
	c := &session{
		server: s, script: script, given: d,
		peer: in.Source, box: make(chan message, boxSize), full: make(chan struct{}),
	}
	c.offer.init(in, s.o.Advertise)
	if isLoop(in, script) {
		c.loop = &loop{done: func() { c.post(message{timer: timeoutHangUp}) }}
		c.script.HangUpAfter = loopWait
	}
	c.info = Call{
		CallID: in.Message.Get("X-Callbox-Call"), SIPCallID: in.CallID, Centre: centreOf(in),
		Dialled: in.Message.Get("X-Callbox-Dialled"), Number: d.number, Address: d.address.String(),
		CallerName: cmp.Or(d.name, d.address.Name), Point: d.point, Beside: d.beside,
		State: StateRinging, StartedAt: time.Now(),
	}
	if c.info.CallID == "" {
		c.info.CallID = in.CallID
	}
	return c
}

// sink is the leg's agent.Sink.
func (c *session) sink(e agent.Event) { c.post(message{event: &e}) }

// post hands m to run. It does not block.
func (c *session) post(m message) {
	select {
	case c.box <- m:
	default:
		c.once.Do(func() { close(c.full) })
	}
}

// wait sets the one timer.
func (c *session) wait(d time.Duration, what timeout) {
	c.stopWaiting()
	m := message{timer: what, wait: c.waits}
	c.timer = time.AfterFunc(d, func() { c.post(m) })
}

func (c *session) stopWaiting() {
	if c.timer != nil {
		c.timer.Stop()
	}
	c.timer = nil
	c.waits++
}

// run is the life of the call.
func (c *session) run(ctx context.Context) {
	speaking, quiet := context.WithCancel(ctx)
	var helpers sync.WaitGroup
	defer func() {
		quiet()
		helpers.Wait()
		c.stopWaiting()
		if c.hangUp != nil {
			c.hangUp.Stop()
		}
		if c.refresh != nil {
			c.refresh.Stop()
		}
		if c.sending != nil {
			c.sending.Stop()
		}
		if r := c.referring; r != nil && r.consult != nil {
			r.consult.post(message{timer: timeoutHangUp})
		}
		c.closeMedia()
		c.finish()
	}()
	if c.out == nil {
		c.ring()
	}
	switch {
	case c.show != nil:
		c.spoken = true
		helpers.Go(func() { c.perform(speaking) })
	case c.talks():
		helpers.Go(func() { c.speak(speaking) })
	default:
		c.spoken = true
	}
	done, full := ctx.Done(), c.full
	for over := c.advance(); !over; {
		select {
		case m := <-c.box:
			over = c.handle(m)
		case <-full:
			full = nil
			c.server.overflowed()
			over = c.giveUp()
		case <-done:
			done = nil
			over = c.giveUp()
		}
	}
}

// talks tells whether the call comes to a point where something is said.
func (c *session) talks() bool {
	return !c.script.Mute && c.loop == nil && (c.script.Answer == OutcomeAnswer || c.script.Answer == "" || c.script.Service == ServiceAnnounce)
}

// speak renders all that will be said, the farewell last, and posts it.
func (c *session) speak(ctx context.Context) {
	said := append(c.script.sentences(c.info.Name, c.given), voice.Text(c.script.Farewell))
	c.post(message{speech: c.server.speaker.Say(ctx, said...)})
}

// handle takes one message and reports whether the call is over.
func (c *session) handle(m message) (over bool) {
	switch {
	case m.event != nil:
		return c.event(*m.event)
	case m.digit != 0:
		c.key(m.digit)
	case m.speech != nil:
		last := len(m.speech) - 1
		c.speech, c.farewell, c.spoken = m.speech[:last], m.speech[last:], true
		return c.advance()
	case m.transfer != nil:
		c.transfer(*m.transfer)
	case m.consultation != nil:
		c.onConsultation(m.consultation)
	case m.part != nil:
		c.takePart(m.part)
	case m.played != 0:
		return m.played == c.played && c.said()
	case m.timer == timeoutHangUp:
		c.bye()
	case m.timer == timeoutRefresh:
		c.refreshNow()
	case m.timer != 0 && m.wait == c.waits:
		return c.timeout(m.timer)
	}
	return false
}

func (c *session) timeout(what timeout) (over bool) {
	c.stopWaiting()
	switch what {
	case timeoutRing:
		c.rang = true
		return c.advance()
	case timeoutKey:
		c.leave()
	case timeoutRefused:
		return true
	}
	return false
}

// event takes what happened on the leg.
func (c *session) event(e agent.Event) (over bool) {
	switch e.Kind {
	case agent.KindCancelled:
		c.endedBy("caller", 487)
		return true
	case agent.KindBye:
		c.endedBy("caller", 0)
		return true
	case agent.KindGone:
		c.endedBy("lost", 0)
		return true
	case agent.KindAcked:
		c.acked(e.Message)
	case agent.KindAckTimeout:
		c.endedBy("lost", 0)
		c.bye()
	case agent.KindRequest:
		c.request(e.Request)
	case agent.KindResponse:
		c.onResponse(e)
	default:
		return c.dialled(e)
	}
	return false
}

// bye hangs up; the leg's KindGone ends the session.
func (c *session) bye() {
	c.endedBy("centre", 0)
	c.stopSaying()
	c.leg.Bye()
	c.wait(maxGone, timeoutRefused)
}

// giveUp ends the call whatever its state. It reports whether the call is over at once; otherwise it soon is.
func (c *session) giveUp() (over bool) {
	if c.info.State == StateAnswered {
		c.bye()
		c.wait(maxClosing, timeoutRefused)
		return false
	}
	if c.out != nil {
		c.abandon()
		return false
	}
	c.endedBy("centre", 0)
	c.reject(503, "Service Unavailable")
	return true
}

func (c *session) reject(status int, reason string, headers ...agent.Header) {
	c.note(func(i *Call) { i.Status = status })
	c.leg.Reject(status, reason, headers...)
}

// endedBy notes who ended the call; the first one counts.
func (c *session) endedBy(who string, status int) {
	c.note(func(i *Call) {
		if i.EndedBy == "" {
			i.EndedBy = who
		}
		if i.Status == 0 {
			i.Status = status
		}
	})
}

// finish moves the call to the past and logs it.
func (c *session) finish() {
	c.noteSpeech(nil)
	c.note(func(i *Call) { i.State, i.EndedAt = StateEnded, time.Now() })
	c.server.ended(c)
	i := c.snapshot()
	c.server.log.Debug().Str("call_id", i.CallID).Str("leg", "b").Str("centre", i.Centre).Int("sip_status", i.Status).
		Str("ended_by", i.EndedBy).Str("voice", i.Voice).Str("digits", i.Digits).
		Uint64("packets_sent", i.Media.PacketsSent).Uint64("packets_received", i.Media.PacketsReceived).
		Msg("call at simulated centre ended")
}

func (s *Server) overflowed() {
	s.mu.Lock()
	s.overflow++
	n := s.overflow
	s.mu.Unlock()
	s.log.Warn().Uint64("calls", n).Msg("more happened on a call than was handled, it was hung up")
}
