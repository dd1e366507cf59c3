package phone

import (
	"context"
	"fmt"
	"sync"
	"time"

	"callbox/sip/agent"
	"callbox/sip/audio"
	"callbox/sip/sdp"
)

// conversation is the call as its events tell it. Its run owns all of it.
type conversation struct {
	o       Options
	line    *line
	sound   *sound
	events  chan agent.Event
	digits  chan byte
	first   chan struct{}
	full    chan struct{} // closed when events overflowed
	once    sync.Once
	begun   time.Time
	final   time.Time // when the final answer came
	ended   time.Time
	answers bool // the call was answered
	hanging bool // we have hung up or cancelled
	dtmf    string
	r       Result

	hangUp, key, giveUp timer
}

// timer is a time.Timer that may not be set.
type timer struct{ t *time.Timer }

func (t *timer) set(d time.Duration) {
	t.stop()
	t.t = time.NewTimer(d)
}

func (t *timer) stop() {
	if t.t != nil {
		t.t.Stop()
	}
}

func (t *timer) c() <-chan time.Time {
	if t.t == nil {
		return nil
	}
	return t.t.C
}

const (
	// eventBuffer bounds what waits to be handled; a peer who sends more at once is hung up on.
	eventBuffer = 128

	// patience is how long the end of a call is waited for after hanging up.
	patience = 5 * time.Second

	// settle is how long media is given before the first digit is sent, and digitTime what one digit takes.
	settle    = 300 * time.Millisecond
	digitTime = 160 * time.Millisecond
)

func newConversation(o Options, l *line, s *sound) *conversation {
	c := &conversation{
		o: o, line: l, sound: s, dtmf: o.DTMF, begun: time.Now(),
		events: make(chan agent.Event, eventBuffer), digits: make(chan byte, eventBuffer),
		first: make(chan struct{}, 1), full: make(chan struct{}),
	}
	l.listenTo(s, func(d byte) {
		select {
		case c.digits <- d:
		default: // a hundred digits at once are noise
		}
	}, func() { c.first <- struct{}{} })
	return c
}

// sink is the leg's agent.Sink.
func (c *conversation) sink(e agent.Event) {
	select {
	case c.events <- e:
	default:
		c.once.Do(func() { close(c.full) })
	}
}

func (c *conversation) tell(kind EventKind, status int, detail string) {
	if c.o.OnEvent != nil {
		c.o.OnEvent(Event{At: time.Now(), Kind: kind, Status: status, Detail: detail})
	}
}

// run is the life of the call.
func (c *conversation) run(ctx context.Context) error {
	defer func() {
		c.ended = time.Now()
		c.hangUp.stop()
		c.key.stop()
		c.giveUp.stop()
	}()
	c.r.SIPCallID = c.line.leg.CallID()
	c.tell(EventDialled, 0, c.o.To)
	done := ctx.Done()
	for over := false; !over; {
		select {
		case e := <-c.events:
			over = c.event(e)
		case d := <-c.digits:
			c.r.Digits += string(rune(d))
			c.tell(EventDigit, 0, string(rune(d)))
		case <-c.first:
			c.tell(EventHeard, 0, "")
		case <-c.hangUp.c():
			c.end(HungUpCaller)
		case <-c.key.c():
			c.press()
		case <-done:
			done = nil
			c.end(HungUpCaller)
		case <-c.full:
			c.end(HungUpLost)
			over = true
		case <-c.giveUp.c():
			over = true
		}
	}
	c.tell(EventEnded, c.r.Status, c.r.Reason)
	if c.answers {
		return nil
	}
	if c.r.Status == 0 {
		c.r.Status, c.r.Reason, c.r.Local = 487, "Request Terminated", true
	}
	return &FailedError{}
}

// end hangs up, or cancels; the leg's last event ends the call.
func (c *conversation) end(by HungUpBy) {
	if c.hanging {
		return
	}
	c.hanging = true
	c.giveUp.set(patience)
	if !c.answers {
		c.line.leg.Cancel()
		return
	}
	c.r.HungUpBy = by
	c.line.leg.Bye()
}

func (c *conversation) event(e agent.Event) (over bool) {
	c.read(e)
	switch e.Kind {
	case agent.KindProgress:
		c.progress(e)
	case agent.KindAnswered:
		c.answered(e)
	case agent.KindFailed:
		c.final = time.Now()
		c.r.Status, c.r.Reason, c.r.Local = e.Status, e.Reason, e.Local
		c.r.Sentence = sentence(e.Message)
		if e.Local && !c.hanging {
			why := because(e, c.o, c.final.Sub(c.begun))
			c.r.Sentence, c.r.BadCertificate = why.sentence, why.certificate
		}
		return true
	case agent.KindRequest:
		c.request(e.Request)
	case agent.KindAcked: // the answer to an offer of ours, if there was one
		c.accept(e.Message)
	case agent.KindAckTimeout:
		c.end(HungUpLost)
	case agent.KindBye:
		if c.r.HungUpBy == HungUpNobody {
			c.r.HungUpBy = HungUpCallee
		}
		return true
	case agent.KindGone:
		if c.r.HungUpBy == HungUpNobody {
			c.r.HungUpBy = HungUpLost
		}
		return true
	}
	return false
}

// read takes what the edge says about the call in any of its answers.
func (c *conversation) read(e agent.Event) {
	for name, to := range map[string]*string{
		"X-Callbox-Call": &c.r.CallID, "X-Callbox-Error": &c.r.ErrorCode, "X-Callbox-Voice": &c.r.Voice, "Retry-After": &c.r.RetryAfter,
	} {
		if v := e.Message.Get(name); v != "" {
			*to = v
		}
	}
}

func (c *conversation) progress(e agent.Event) {
	if len(e.Message.Body) == 0 || !c.accept(e.Message) {
		c.tell(EventProgress, e.Status, e.Reason)
		return
	}
	c.r.EarlyMedia = true
	c.tell(EventEarlyMedia, e.Status, e.Reason)
}

func (c *conversation) answered(e agent.Event) {
	c.final, c.answers = time.Now(), true
	c.r.Status, c.r.Reason, c.r.Said = e.Status, e.Reason, said(e.Message)
	fits := c.accept(e.Message)
	c.tell(EventAnswered, e.Status, c.r.Codec)
	if !fits && c.o.SRTP == sdp.Required {
		c.hanging, c.r.Sentence = true, "SRTP is required here, and the answer has none that was offered"
	}
	if c.hanging { // it crossed our CANCEL, or is in the clear
		c.line.leg.Bye()
		c.r.HungUpBy = HungUpCaller
		return
	}
	if c.sound.clip != nil {
		c.line.player.Play([]audio.Clip{c.sound.clip}, nil)
	}
	if c.o.Duration > 0 {
		c.hangUp.set(c.o.Duration)
	}
	if c.dtmf != "" {
		c.key.set(settle)
	}
}

// accept takes the answer to our offer and reports whether audio can flow by it.
func (c *conversation) accept(m agent.Message) bool {
	if len(m.Body) == 0 {
		return c.r.Codec != ""
	}
	s, err := sdp.Parse(description(m))
	if err != nil {
		return false
	}
	s, _, ok := c.line.take(s, c.line.ring.Answered)
	if !ok {
		return false
	}
	media, _ := s.Audio()
	return c.connect(media, media.Codecs())
}

// connect lets audio flow and reports whether it can.
func (c *conversation) connect(m sdp.Media, chosen []sdp.Format) bool {
	codec := c.line.connect(m, chosen)
	if codec == "" {
		return false
	}
	c.r.Codec, c.r.SRTP = codec, ""
	if k := c.line.keys; k != nil {
		c.r.SRTP = k.Send.Suite
	}
	return true
}

// request answers what the other side asks within the call.
func (c *conversation) request(r *agent.Request) {
	switch r.Method {
	case "INVITE", "UPDATE":
		c.reoffer(r)
	case "INFO", "NOTIFY", "MESSAGE", "PRACK":
		r.Respond(200, "OK", agent.Message{})
	case "REFER":
		r.Respond(603, "Decline", agent.Message{})
	default:
		r.Respond(501, "Not Implemented", agent.Message{})
	}
}

func (c *conversation) reoffer(r *agent.Request) {
	l := c.line
	if len(r.Message.Body) == 0 {
		m := agent.Message{}
		if r.Method == "INVITE" {
			m = agent.Message{ContentType: "application/sdp", Body: l.writer.Offer(l.propose(l.describe()), l.offers, sdp.SendRecv, 20)}
		}
		r.Respond(200, "OK", m)
		return
	}
	s, err := sdp.Parse(description(r.Message))
	if err != nil {
		r.Respond(400, "Bad Request", agent.Message{})
		return
	}
	s, lines, ok := l.take(s, l.ring.Answer)
	d := l.describe()
	d.Crypto = lines
	body, chosen, err := l.writer.Answer(s, d, l.offers, sdp.SendRecv, 20)
	if !ok || err != nil {
		r.Respond(488, "Not Acceptable Here", agent.Message{})
		return
	}
	media, _ := s.Audio()
	c.connect(media, chosen)
	r.Respond(200, "OK", agent.Message{ContentType: "application/sdp", Body: body})
}

// press sends the digits up to the next comma: as RTP events, or by INFO where the other side knows none.
func (c *conversation) press() {
	sent := 0
	for c.dtmf != "" {
		d := c.dtmf[0]
		c.dtmf = c.dtmf[1:]
		if d == ',' {
			c.key.set(time.Second + time.Duration(sent)*digitTime)
			return
		}
		if !audio.Digit(d) {
			continue
		}
		sent++
		if !c.line.stream.SendDigit(d) {
			c.line.leg.Send("INFO", agent.Message{
				ContentType: "application/dtmf-relay", Body: fmt.Appendf(nil, "Signal=%c\r\nDuration=%d\r\n", d, 100),
			})
		}
	}
}

// result returns how the call went. The stream is closed by then.
func (c *conversation) result(s *sound) Result {
	r := c.r
	if !c.final.IsZero() {
		r.Setup = c.final.Sub(c.begun)
	}
	if c.answers {
		r.Talk = c.ended.Sub(c.final)
	}
	stats := c.line.stream.Stats()
	r.PacketsSent, r.PacketsReceived, r.PacketsLost = stats.PacketsSent, stats.PacketsReceived, stats.PacketsLost
	r.LevelDBFS = s.meter.Level()
	return r
}
