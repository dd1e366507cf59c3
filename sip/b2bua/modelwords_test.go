package b2bua

import (
	"slices"
	"strings"
	"time"

	"callbox/sip/agent"
	"callbox/sip/call"
)

// The events that a call may meet, as words. A call is a line of them: "announce two a:ack b:183 &b:486 20s". A word
// of settings says what is special about it. a: is the caller, b: the target dialled last, o: the one before it. & means
// that the event happens before the edge has looked at the one before. What is not possible when its turn comes is
// left out, so that every line is a call and a shorter line is a shorter call.

// word is one event, with what the edge gets to see of it.
type word struct {
	kind    agent.Kind
	status  int
	local   bool
	fork    string
	offer   bool // KindProgress: it is reliable and has an offer
	body    string
	method  string // of a request
	timed   bool   // KindRequest: it asks for a session timer and will refresh it
	newest  bool   // KindResponse: to the request sent last, not to the one that waits longest
	outcome string // KindFailed: what the record says of the target
	side    call.Leg
	wait    time.Duration
}

const (
	bodyNone = ""
	bodyGood = "good"
	bodyBad  = "nonsense"
)

// settings are the words that set a call up.
var settings = []string{
	"one", "two", "test", "located", "ng", "offerless", "nonsense", "announce", "named", "queue", "hide", "follow", "slow", "limited",
	"100rel", "100rel", "strict", "strict", "own", "a-refreshes", "a-timed", "b-refreshes", "b-timed", "updates", "noupdates",
	"asks", "asks2", "out1", "out2", "full1", "full3", "noports", "refused", "defect",
}

// legWords are the events on a leg.
var legWords = map[string]word{
	"cancel":  {kind: agent.KindCancelled},
	"ack":     {kind: agent.KindAcked, body: bodyGood},
	"ack0":    {kind: agent.KindAcked},
	"noack":   {kind: agent.KindAckTimeout},
	"bye":     {kind: agent.KindBye},
	"gone":    {kind: agent.KindGone, status: 481},
	"noprack": {kind: agent.KindPrackTimeout, status: 504},

	"180":  {kind: agent.KindProgress, status: 180, fork: "x"},
	"182":  {kind: agent.KindProgress, status: 182, fork: "x"},
	"183":  {kind: agent.KindProgress, status: 183, fork: "x", body: bodyGood},
	"183y": {kind: agent.KindProgress, status: 183, fork: "y", body: bodyGood},
	"183o": {kind: agent.KindProgress, status: 183, fork: "x", body: bodyGood, offer: true},
	"183!": {kind: agent.KindProgress, status: 183, fork: "x", body: bodyBad},
	"200":  {kind: agent.KindAnswered, status: 200, fork: "x", body: bodyGood},
	"200y": {kind: agent.KindAnswered, status: 200, fork: "y", body: bodyGood},
	"200-": {kind: agent.KindAnswered, status: 200, fork: "x"},
	"200!": {kind: agent.KindAnswered, status: 200, fork: "x", body: bodyBad},
	"302":  {kind: agent.KindFailed, status: 302, outcome: "failed"},
	"404":  {kind: agent.KindFailed, status: 404, outcome: "failed"},
	"422":  {kind: agent.KindFailed, status: 422, outcome: "failed"},
	"486":  {kind: agent.KindFailed, status: 486, outcome: "busy"},
	"603":  {kind: agent.KindFailed, status: 603, outcome: "failed"},
	"dead": {kind: agent.KindFailed, status: 408, local: true, outcome: "timeout"},
	"down": {kind: agent.KindFailed, status: 503, local: true, outcome: "unreachable"},

	"reinvite":  {kind: agent.KindRequest, method: "INVITE", body: bodyGood},
	"reinvite0": {kind: agent.KindRequest, method: "INVITE"},
	"reinvite!": {kind: agent.KindRequest, method: "INVITE", body: bodyBad},
	"withdraw":  {kind: agent.KindRequestGone},
	"update":    {kind: agent.KindRequest, method: "UPDATE", body: bodyGood},
	"refresh":   {kind: agent.KindRequest, method: "UPDATE"},
	"retime":    {kind: agent.KindRequest, method: "UPDATE", timed: true},
	"again":     {kind: agent.KindRequest, method: "INVITE", body: bodyGood, timed: true},
	"prack":     {kind: agent.KindRequest, method: "PRACK", body: bodyGood},
	"prack!":    {kind: agent.KindRequest, method: "PRACK", body: bodyBad},
	"info":      {kind: agent.KindRequest, method: "INFO"},
	"message":   {kind: agent.KindRequest, method: "MESSAGE"},
	"refer":     {kind: agent.KindRequest, method: "REFER", body: bodyGood},
	"refer!":    {kind: agent.KindRequest, method: "REFER", body: bodyBad},
	"refer-":    {kind: agent.KindRequest, method: "REFER", body: bodyQuiet},
	"refern":    {kind: agent.KindRequest, method: "REFER", body: bodyNamed},
	"notify":    {kind: agent.KindRequest, method: "NOTIFY"},

	"ok":     {kind: agent.KindResponse, status: 200, body: bodyGood},
	"ok0":    {kind: agent.KindResponse, status: 200},
	"ok2":    {kind: agent.KindResponse, status: 200, body: bodyGood, newest: true},
	"no":     {kind: agent.KindResponse, status: 488},
	"glare":  {kind: agent.KindResponse, status: 491},
	"302'":   {kind: agent.KindResponse, status: 302},
	"lost":   {kind: agent.KindResponse, status: 408, local: true},
	"nocall": {kind: agent.KindResponse, status: 481},
}

// otherWords are the events that happen on no leg.
var otherWords = map[string]word{
	"found": {kind: kindRouted, status: 200}, "unknown": {kind: kindRouted},
	"reply":   {kind: kindReplied},
	"silence": {kind: kindNotice}, "quiet-a": {kind: kindQuiet, side: call.LegA}, "quiet-b": {kind: kindQuiet, side: call.LegB},
	"shutdown": {kind: kindShutdown},
	"1s":       {wait: time.Second}, "20s": {wait: 20 * time.Second}, "50s": {wait: 50 * time.Second},
	"2m": {wait: 2 * time.Minute}, "14m": {wait: 14 * time.Minute}, "1h": {wait: time.Hour},
}

// find returns the word and its leg, nil for words of no leg. The leg may not be there yet.
func (m *model) find(text string) (w word, l *modelLeg, ok bool) {
	side, name, onLeg := strings.Cut(text, ":")
	if !onLeg {
		w, ok = otherWords[text]
		return w, nil, ok
	}
	w, ok = legWords[name]
	switch n := len(m.legs); {
	case side == "a":
		l = m.a
	case side == "b" && n > 0:
		l = m.legs[n-1]
	case side == "o" && n > 1:
		l = m.legs[n-2]
	default:
		return w, nil, false
	}
	return w, l, ok && l.can(w, l == m.a)
}

// can tells whether an event is possible, as far as the agent lets events through at all.
func (l *modelLeg) can(w word, caller bool) bool {
	switch w.kind {
	case agent.KindProgress:
		return !caller && l.state == legEarly && (!w.offer || l.bodiless && !l.early)
	case agent.KindAnswered, agent.KindFailed:
		return !caller && l.state == legEarly
	case agent.KindCancelled, agent.KindPrackTimeout:
		return caller && l.state == legEarly
	case agent.KindAcked, agent.KindAckTimeout:
		return l.owes && l.state == legAnswered
	case agent.KindRequest:
		switch w.method {
		case "INVITE": // the agent answers what crosses
			return l.state == legAnswered && !l.inviting()
		case "PRACK":
			return l.state == legEarly && caller
		}
		return l.state == legAnswered || l.state == legEarly && l.dialog
	case agent.KindRequestGone:
		return l.state == legAnswered && l.openInvite() != nil
	case agent.KindResponse:
		return l.state == legAnswered && len(l.sent) > 0
	}
	return l.state == legAnswered
}

// happens makes an event true, for the edge to look at later.
func (l *modelLeg) happens(w word) []happening {
	h := happening{word: w, leg: l}
	switch w.kind {
	case agent.KindProgress:
		l.dialog = true
		l.early = l.early || w.offer
	case agent.KindAnswered:
		l.state, l.dialog = legAnswered, true
	case agent.KindFailed, agent.KindCancelled, agent.KindPrackTimeout, agent.KindBye, agent.KindGone:
		l.state = legOver
	case agent.KindAcked, agent.KindAckTimeout:
		l.owes = false
	case agent.KindRequest:
		h.ask = &modelAsk{leg: l, method: w.method, body: w.body, timed: w.timed}
		l.asks = append(l.asks, h.ask)
	case agent.KindRequestGone:
		h.ask = l.openInvite()
		h.ask.status = 487
	case agent.KindResponse:
		n := 0
		if w.newest {
			n = len(l.sent) - 1
		}
		s := l.sent[n]
		l.sent = slices.Delete(l.sent, n, n+1)
		h.id = s.id
		if (w.status == 481 || w.status == 408) && (s.method == "INVITE" || s.method == "UPDATE") {
			l.state = legOver // RFC 3261 section 12.2.1.2
			return []happening{h, {word: legWords["gone"], leg: l}}
		}
	}
	return []happening{h}
}
