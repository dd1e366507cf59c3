package b2bua

import (
	"strconv"

	"callbox/sip/agent"
)

// subscription tells a centre that sent REFER how its transfer fares (RFC 3515 section 2.4.4), by one NOTIFY at a time as
// RFC 6665 section 4.2.2 wants. What happens meanwhile is told by the next, the latest only.
type subscription struct {
	leg   leg
	event string // of Event
	off   bool   // it wants none (RFC 4488), or cannot be told any more
	out   uint32 // ID of the NOTIFY that waits for its answer, 0 for none
	last  string // the status line told last
	next  string // the one that waits, "" for none
	final bool   // what was told or waits is the outcome
}

// subscribed reads from a REFER whether and how its sender is told. No NOTIFY has gone yet.
func subscribed(l leg, r request, first bool) *subscription {
	s := &subscription{leg: l, event: "refer", off: is(r.message().Get("Refer-Sub"), "false")}
	if !first { // RFC 3515 section 2.4.6
		s.event += ";id=" + strconv.FormatUint(uint64(r.cseq()), 10)
	}
	return s
}

// tell says how the transfer stands, unless that was the last thing said.
func (s *subscription) tell(status int, reason string, final bool) {
	line := "SIP/2.0 " + strconv.Itoa(status) + " " + oneLine(reason)
	switch {
	case s.off || s.final || line == s.last && !final:
		return
	case s.out != 0:
		s.next, s.final = line, final
		return
	}
	s.final = final
	s.send(line)
}

func (s *subscription) send(line string) {
	state := "active;expires=180"
	if s.final {
		state = "terminated;reason=noresource"
	}
	s.last, s.next = line, ""
	s.out = s.leg.Send("NOTIFY", agent.Message{
		Headers:     []agent.Header{header("Event", s.event), header("Subscription-State", state)},
		ContentType: "message/sipfrag;version=2.0", Body: []byte(line + "\r\n"),
	})
}

// answered takes the answer to one of its NOTIFYs; false: it was to something else.
func (s *subscription) answered(id uint32, status int) bool {
	if s.out == 0 || id != s.out {
		return false
	}
	s.out = 0
	switch {
	case status == 481 || status == 489: // RFC 6665 section 4.2.2: the subscription is gone
		s.off = true
	case s.next != "":
		s.send(s.next)
	}
	return true
}

// over tells whether there is nothing left that the centre will be told and has not been.
func (s *subscription) over() bool { return s.off || s.final && s.out == 0 && s.next == "" }

// oneLine returns a peer's reason phrase fit for a status line.
func oneLine(reason string) string {
	const most = 80
	reason = quotable(reason)
	if len(reason) > most {
		reason = reason[:most]
	}
	return reason
}
