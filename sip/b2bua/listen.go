package b2bua

import (
	"time"

	"callbox/routing"
	"callbox/routing/directory"
	"callbox/sip/agent"
	"callbox/sip/audio"
	"callbox/sip/call"
	"callbox/sip/media"
	"callbox/sip/sdp"
)

// listener is the purpose of a branch to somebody who is to hear the call, a security desk for one, and where he barges
// in is to be heard by both. What becomes of him never touches the call.
type listener struct {
	c     *bridge
	kind  directory.NotificationKind // NotifyListen or NotifyBarge
	media mediaListener
	heard bool // he hears the call
}

// listenerRing is how long a listener may take to answer.
const listenerRing = time.Minute

// startListeners rings everybody who is to hear the call, once it is answered.
func (c *bridge) startListeners() {
	for _, n := range c.plan.Notify {
		if (n.Kind == directory.NotifyListen || n.Kind == directory.NotifyBarge) && (c.plan.Emergency || n.Test) {
			c.startListener(n)
		}
	}
}

func (c *bridge) startListener(n directory.Notification) {
	l := &listener{c: c, kind: n.Kind}
	if !c.talksG711() {
		l.gone(0, "the call is not in G.711")
		return
	}
	routes, ours := c.e.o.Phones(n.To)
	if ours && len(routes) == 0 {
		l.gone(0, "nobody is registered there")
		return
	}
	var route *agent.Route
	if len(routes) > 0 {
		route = &routes[0]
	}
	var err error
	if l.media, err = c.media.listen(n.Kind == directory.NotifyBarge); err != nil {
		l.gone(0, err.Error())
		return
	}
	at := len(c.rec.Attempts)
	c.startBranch(&routing.Target{ID: l.kind.String(), URI: n.To}, l, listenerRing, route, nil)
	c.rec.Attempts[at].Purpose = l.kind.String()
}

// talksG711 tells whether the codec that the centre chose is one of those that listeners understand.
func (c *bridge) talksG711() bool {
	if c.b.said == nil {
		return false
	}
	m, ok := c.b.said.Audio()
	if !ok {
		return false
	}
	_, ok = g711(m)
	return ok
}

// g711 returns the first codec of a description where that is one of G.711.
func g711(m sdp.Media) (audio.Codec, bool) {
	for _, f := range m.Codecs() {
		switch {
		case f.Payload == uint8(audio.PCMU) && f.Is("PCMU", audio.SampleRate):
			return audio.PCMU, true
		case f.Payload == uint8(audio.PCMA) && f.Is("PCMA", audio.SampleRate):
			return audio.PCMA, true
		case !f.Is("telephone-event", f.ClockRate) && !f.Is("CN", f.ClockRate):
			return 0, false
		}
	}
	return 0, false
}

// invite implements purpose. The offer is sendrecv for a listener as well, though nothing that he says is used: sendonly is
// how calls are put on hold, and phones that take it for that play nothing.
func (l *listener) invite(b *branch) agent.Outgoing {
	d := &l.c.plan
	name := "Emergency call"
	if !d.Emergency {
		name = "Test call"
	}
	return agent.Outgoing{
		Route: b.route, From: agent.Address{Scheme: "sip", User: d.Caller.Number, Display: name},
		Message: agent.Message{
			ContentType: typeSDP,
			Body:        b.writer.Offer(l.local(b), []sdp.Format{sdp.PCMU(), sdp.PCMA()}, sdp.SendRecv, int(audio.FrameTime.Milliseconds())),
			Headers: []agent.Header{
				l.c.idHeader[0], header(headerDialled, d.Dialled), header("Subject", name+" from "+d.Caller.Number),
				header("Supported", " "), // no session timer: this leg ends with the call
			},
		},
	}
}

// on implements purpose.
func (l *listener) on(b *branch, ev event) {
	if ev.kind != agent.KindAnswered {
		return
	}
	c := l.c
	s, _, f := b.offered(ev.message, sdp.RoleAnswer)
	sentence := "no session description"
	if f != nil {
		sentence = f.sentence
	} else if s != nil {
		sentence = "it speaks no G.711"
		m, _ := s.Audio()
		if codec, ok := g711(m); ok {
			l.media.Start(media.Remote{RTP: m.RTP, Signalling: b.signalling}, codec)
			l.heard = true
			c.closeBranch(b, "answered", ev.status)
			c.note(call.Event{Kind: call.EventListening, Target: l.kind.String(), Status: ev.status, Detail: b.target.URI})
			return
		}
	}
	c.loseBranch(b, loss{outcome: "failed", status: ev.status, detail: "answered with a body of no use: " + sentence})
}

// onRequest answers a listener who puts the call on hold, moves his media or refreshes his session: it concerns his leg
// alone. It reports false for every other request.
func (l *listener) onRequest(b *branch, r request) bool {
	m := r.message()
	if !l.heard || r.method() != "UPDATE" && (r.method() != "INVITE" || len(m.Body) == 0) {
		return false
	}
	var out agent.Message
	if len(m.Body) > 0 {
		s, _, f := b.offered(m, sdp.RoleOffer)
		if f != nil || s == nil {
			respond(r, 488)
			return true
		}
		body, formats, err := b.writer.Answer(s, l.local(b), []sdp.Format{sdp.PCMU(), sdp.PCMA()}, sdp.SendRecv, 0)
		if err != nil || len(formats) == 0 {
			respond(r, 488, warning("those who listen have to speak G.711"))
			return true
		}
		audioLine, _ := s.Audio()
		l.media.Start(media.Remote{RTP: audioLine.RTP, Signalling: b.signalling}, audio.Codec(formats[0].Payload))
		out = agent.Message{ContentType: typeSDP, Body: body}
	}
	if asked := refreshOf(m); asked.seconds > 0 && asked.refresher != "uas" { // he refreshes: there is no timer here
		out.Headers = append(out.Headers, (&session{seconds: asked.seconds}).header("uas", "uac"))
		if asked.able {
			out.Headers = append(out.Headers, header("Require", "timer"))
		}
	}
	r.Respond(200, phrase(200), out)
	return true
}

// local is what we say about ourselves to a listener.
func (l *listener) local(b *branch) sdp.Local {
	return sdp.Local{Addr: b.local, RTP: l.media.Port(), RTCP: l.media.Port() + 1}
}

// lost implements purpose.
func (l *listener) lost(_ *branch, x loss) {
	l.media.Close()
	l.gone(x.status, x.detail)
}

// gone tells that the listener does not hear the call.
func (l *listener) gone(status int, why string) {
	l.c.note(call.Event{Kind: call.EventUnheard, Target: l.kind.String(), Status: status, Detail: why})
	l.c.log(levelInfo, call.LegB).Str("listener", l.kind.String()).Bool("heard", l.heard).Int("sip_status", status).
		Str("detail", why).Msg("nobody listens in")
}
