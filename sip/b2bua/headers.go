package b2bua

import (
	"slices"
	"strconv"
	"strings"

	"callbox/sip/agent"
)

// The edge's own header fields.
const (
	headerCall    = "X-Callbox-Call"    // the call's ID, on every answer and on the centre's INVITE
	headerError   = "X-Callbox-Error"   // the provider's error code of a refusal
	headerDialled = "X-Callbox-Dialled" // what the caller dialled, for the call-taker
	headerCentre  = "X-Callbox-Centre"  // who would have been rung, for the test service
	headerVoice   = "X-Callbox-Voice"   // what a simulated centre speaks with, for the caller
)

// allowed is what Allow says in an answer of ours to a method we do not take.
const allowed = "INVITE, ACK, CANCEL, BYE, OPTIONS, PRACK, UPDATE, INFO, REFER, MESSAGE"

// What passes is listed, so that a header field nobody thought of stays behind: the caller's may name its network, the
// centre's the public safety network's. A caller's Privacy is not listed, since towards a call centre there is none.
func inInvite(name string) bool {
	return is(name, "Accept-Language") || is(name, "Resource-Priority")
}

func inDialog(name string) bool {
	return inInvite(name) || is(name, "Info-Package") || is(name, "Content-Disposition") || inBye(name)
}

func inAnswer(name string) bool {
	return is(name, "Retry-After") || is(name, "Unsupported") ||
		is(name, "Accept") || is(name, "Accept-Encoding") || inEarlyMedia(name)
}

func inEarlyMedia(name string) bool { return is(name, headerVoice) }

func inBye(name string) bool { return is(name, "Reason") }

func is(name, other string) bool { return len(name) == len(other) && strings.EqualFold(name, other) }

// single tells the header fields of those that pass which may stand once only. Whoever gets two picks one of them, and
// not the one that we went by.
func single(name string) bool {
	return is(name, "Retry-After") || is(name, "Info-Package") ||
		is(name, "Content-Disposition") || is(name, headerVoice)
}

// pass appends the header fields of m that may pass, the first of those that may stand once.
func pass(dst []agent.Header, m agent.Message, may func(string) bool) []agent.Header {
	for _, h := range m.Headers {
		if may(h.Name) && !(single(h.Name) && holds(dst, h.Name)) {
			dst = append(dst, h)
		}
	}
	return dst
}

func holds(hs []agent.Header, name string) bool {
	return slices.ContainsFunc(hs, func(h agent.Header) bool { return is(h.Name, name) })
}

func header(name, value string) agent.Header { return agent.Header{Name: name, Value: value} }

// warning is a sentence for people in an answer (RFC 3261 section 20.43).
func warning(sentence string) agent.Header {
	return agent.Header{Name: "Warning", Value: `399 callbox "` + quotable(sentence) + `"`}
}

// quotable returns s fit for a quoted string.
func quotable(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '"' || r == '\\':
			return '\''
		case r < ' ' || r == 0x7f:
			return ' '
		}
		return r
	}, s)
}

// reason is why we end a leg on our own (RFC 3326). A call-taker whose call breaks off sees it.
func reason(cause int, sentence string) agent.Header {
	return agent.Header{Name: "Reason", Value: "SIP;cause=" + strconv.Itoa(cause) + `;text="` + quotable(sentence) + `"`}
}

// respond answers a request with no body; a request that is not there needs no answer.
func respond(r request, status int, headers ...agent.Header) {
	if r != nil {
		r.Respond(status, phrase(status), agent.Message{Headers: headers})
	}
}

// callHeaders are on every answer to the caller's INVITE.
func (c *bridge) callHeaders() []agent.Header { return c.idHeader[:] }

// refusalHeaders are on every refusal of it.
func (c *bridge) refusalHeaders(sentence string) []agent.Header {
	h := make([]agent.Header, 0, 4)
	h = append(h, c.idHeader[0])
	if c.plan.BadLocation != "" {
		h = append(h, geolocationError)
	}
	if sentence != "" {
		h = append(h, warning(sentence))
	}
	if c.plan.Code != 0 {
		h = append(h, header(headerError, strconv.Itoa(c.plan.Code)))
	}
	return h
}

// phrase returns the reason phrase of a status that the edge gives itself.
func phrase(status int) string {
	switch status {
	case 180:
		return "Ringing"
	case 200:
		return "OK"
	case 202:
		return "Accepted"
	case 400:
		return "Bad Request"
	case 403:
		return "Forbidden"
	case 404:
		return "Not Found"
	case 405:
		return "Method Not Allowed"
	case 408:
		return "Request Timeout"
	case 415:
		return "Unsupported Media Type"
	case 416:
		return "Unsupported URI Scheme"
	case 422:
		return "Session Interval Too Small"
	case 480:
		return "Temporarily Unavailable"
	case 481:
		return "Call/Transaction Does Not Exist"
	case 482:
		return "Loop Detected"
	case 486:
		return "Busy Here"
	case 487:
		return "Request Terminated"
	case 488:
		return "Not Acceptable Here"
	case 491:
		return "Request Pending"
	case 500:
		return "Server Internal Error"
	case 503:
		return "Service Unavailable"
	case 603:
		return "Decline"
	}
	return "Refused"
}
