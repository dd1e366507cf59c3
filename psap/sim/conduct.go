package sim

import (
	"bytes"
	"strings"
	"time"

	"callbox/psap/sim/voice"
	"callbox/sip/agent"
	"callbox/sip/audio"
)

// retryAfter is what the announcement's refusal tells the caller, in seconds.
const retryAfter = "30"

// ring begins the call.
func (c *session) ring() {
	switch {
	case c.script.Service == ServiceAnnounce:
	case c.script.EarlyMedia && c.ringAloud():
	default:
		c.progress(180, "Ringing", agent.Message{})
	}
	if c.script.Answer == OutcomeSilence {
		c.wait(maxRinging, timeoutRing)
		return
	}
	c.wait(c.script.Ring, timeoutRing)
}

// ringAloud sends ring-back tone as early media and reports whether the caller can take it.
func (c *session) ringAloud() bool {
	body, err := c.describe()
	if err != nil || !c.offer.agreed {
		return false
	}
	c.progress(183, "Session Progress", withSDP(body))
	if c.player != nil {
		c.player.Idle(audio.RingBack())
	}
	return true
}

// advance goes on from ringing once both the ring time is over and the speech is ready.
func (c *session) advance() (over bool) {
	if c.out != nil {
		if c.rang && c.spoken {
			c.rang = false // once
			c.voiced(agent.Message{})
			c.say(c.speech)
		}
		return false
	}
	if !c.rang || !c.spoken || c.info.State != StateRinging {
		return false
	}
	switch {
	case c.script.Answer == OutcomeSilence:
		c.endedBy("centre", 0)
		c.reject(480, "Temporarily Unavailable")
		return true
	case c.script.Service == ServiceAnnounce:
		return c.announce()
	case c.script.Answer == OutcomeBusy || c.script.Answer == OutcomeFail:
		return c.fail()
	}
	return c.answer()
}

func (c *session) fail() (over bool) {
	c.endedBy("centre", 0)
	status, reason := c.script.failure()
	var headers []agent.Header
	if status == 503 && c.script.Service == ServiceAnnounce {
		headers = append(headers, agent.Header{Name: "Retry-After", Value: retryAfter}, warning("no emergency call centre could be reached"))
	}
	c.reject(status, reason, headers...)
	return true
}

// announce plays the greeting as early media; the end of it fails the call.
func (c *session) announce() (over bool) {
	body, err := c.describe()
	if err != nil || !c.offer.agreed || c.player == nil {
		return c.fail()
	}
	c.progress(183, "Session Progress", c.voiced(withSDP(body)))
	c.say(c.speech)
	return false
}

func (c *session) answer() (over bool) {
	body, err := c.describe()
	if err != nil {
		c.endedBy("centre", 0)
		status, reason, why := refusal(err)
		c.reject(status, reason, warning(why))
		return true
	}
	c.note(func(i *Call) { i.State, i.AnsweredAt, i.Status = StateAnswered, time.Now(), 200 })
	c.leg.Answer(c.reported(c.refreshed(c.voiced(withSDP(body)), c.offer.message)))
	if c.script.HangUpAfter > 0 {
		c.hangUp = time.AfterFunc(c.script.HangUpAfter, func() { c.post(message{timer: timeoutHangUp}) })
	}
	if t := c.script.Transfer; t.To != "" && t.After > 0 {
		c.sending = time.AfterFunc(t.After, func() { c.post(message{transfer: &t}) })
	}
	if c.replaces != nil {
		c.replaces.post(message{timer: timeoutHangUp})
	}
	c.say(c.speech)
	return false
}

// voiced adds the header that tells which voice speaks.
func (c *session) voiced(m agent.Message) agent.Message {
	if len(c.speech) == 0 {
		return m
	}
	c.note(func(i *Call) { i.Voice = c.speech[0].Voice })
	return m.With("X-Callbox-Voice", c.speech[0].Voice)
}

// say plays sentences in place of what is being said.
func (c *session) say(speech []voice.Speech) {
	if c.loop != nil {
		return // its media is the caller's own
	}
	c.played++
	round := c.played
	if c.player == nil { // mute
		c.post(message{played: round})
		return
	}
	c.player.Idle(audio.Quiet{})
	var clips []audio.Clip
	for _, s := range speech {
		clips = append(clips, s.Clips...)
	}
	c.noteSpeech(speech)
	c.player.Play(clips, func() { c.post(message{played: round}) })
}

func (c *session) stopSaying() {
	if c.player != nil {
		c.played++
		c.player.Stop()
		c.noteSpeech(nil)
	}
}

// leave says farewell, which ends the call.
func (c *session) leave() {
	c.leaving = true
	c.say(c.farewell)
}

// said goes on after the last sentence.
func (c *session) said() (over bool) {
	if c.script.Service == ServiceAnnounce {
		return c.fail()
	}
	switch {
	case c.show != nil:
		c.playPart()
	case c.leaving:
		c.bye()
	case c.script.Then == ThenHangUp:
		c.wait(c.script.Wait, timeoutKey)
	default:
		c.behave(c.script.Then)
	}
	return false
}

// behave sets what is sent while nothing is said.
func (c *session) behave(m Manner) {
	if c.player == nil {
		return
	}
	switch m {
	case ThenEcho:
		c.player.Idle(c.echo)
	case ThenTone:
		c.player.Idle(audio.Beep())
	default:
		c.player.Idle(audio.Quiet{})
	}
}

// key does what the script has for a DTMF key.
func (c *session) key(d byte) {
	c.noteDigit(d)
	if c.info.State != StateAnswered {
		return
	}
	switch action := c.script.Keys[string(rune(d))]; action {
	case ActionHangUp:
		c.bye()
	case ActionTransfer:
		if c.script.Transfer.To != "" {
			c.transfer(c.script.Transfer)
		}
	case ActionRepeat:
		c.stopWaiting()
		c.leaving = false
		c.say(c.speech)
	case ActionEcho, ActionSilence, ActionTone:
		c.stopWaiting()
		c.leaving = false
		c.stopSaying()
		c.behave(Manner(action))
	}
}

// request answers a request within the dialog.
func (c *session) request(r *agent.Request) {
	switch r.Method {
	case "INVITE", "UPDATE":
		c.reoffer(r)
	case "INFO":
		r.Respond(200, "OK", agent.Message{})
		if d, ok := infoDigit(r.Message); ok {
			c.key(d)
		}
	case "REFER":
		r.Respond(603, "Decline", agent.Message{})
	case "NOTIFY":
		r.Respond(200, "OK", agent.Message{})
		c.notified(r.Message)
	case "MESSAGE", "PRACK":
		r.Respond(200, "OK", agent.Message{})
	default:
		r.Respond(501, "Not Implemented", agent.Message{})
	}
}

// infoDigit returns the DTMF digit of an INFO: application/dtmf-relay has lines such as "Signal=5", application/dtmf
// the digit alone.
func infoDigit(m agent.Message) (byte, bool) {
	kind, _, _ := strings.Cut(m.ContentType, ";")
	text := bytes.TrimSpace(m.Body)
	switch strings.ToLower(strings.TrimSpace(kind)) {
	case "application/dtmf":
	case "application/dtmf-relay":
		signal := []byte(nil)
		for line := range bytes.Lines(m.Body) {
			name, value, ok := bytes.Cut(line, []byte("="))
			if ok && strings.EqualFold(string(bytes.TrimSpace(name)), "signal") {
				signal = bytes.TrimSpace(value)
				break
			}
		}
		text = signal
	default:
		return 0, false
	}
	switch code := string(text); code { // some phones send the event code
	case "10":
		return '*', true
	case "11":
		return '#', true
	}
	if len(text) != 1 || !audio.Digit(text[0]) {
		return 0, false
	}
	return text[0], true
}

// supports tells whether the request's sender understands the extension.
func supports(request agent.Message, tag string) bool {
	for _, h := range request.Headers {
		if !strings.EqualFold(h.Name, "Supported") && !strings.EqualFold(h.Name, "Require") {
			continue
		}
		for option := range strings.SplitSeq(h.Value, ",") {
			if strings.EqualFold(strings.TrimSpace(option), tag) {
				return true
			}
		}
	}
	return false
}
