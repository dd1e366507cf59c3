package b2bua

import (
	"strings"

	"callbox/sip/agent"
)

// Session timers (RFC 4028) run end to end: the edge passes what the two sides agree on and refreshes nothing itself.
// Where only the side that asked speaks them, the edge does what a proxy does and lets that side refresh.

// refresh is what a request says about session timers.
type refresh struct {
	able  bool   // its sender speaks them
	asked string // Session-Expires, "" for none
}

func refreshOf(m agent.Message) refresh {
	r := refresh{able: timersIn(m)}
	if r.able {
		r.asked = m.Get("Session-Expires")
	}
	return r
}

// timersIn tells whether a message lists the option tag timer.
func timersIn(m agent.Message) bool {
	for _, h := range m.Headers {
		if !is(h.Name, "Supported") && !is(h.Name, "Require") {
			continue
		}
		for tag := range strings.SplitSeq(h.Value, ",") {
			if is(strings.TrimSpace(tag), "timer") {
				return true
			}
		}
	}
	return false
}

// offerTimers appends to the headers of a request for p what the other side's request m says about timers. An empty
// Supported keeps a peer from choosing us as the refresher of a session that nobody on the other side will refresh.
func offerTimers(dst []agent.Header, p *party, m agent.Message) []agent.Header {
	if !p.timers || !timersIn(m) {
		return append(dst, header("Supported", " "))
	}
	dst = append(dst, header("Supported", "timer"))
	return pass(dst, m, func(name string) bool { return is(name, "Session-Expires") || is(name, "Min-SE") })
}

// complete makes the headers of a 2xx right for the side that sent the request: RFC 4028 section 8.2 has a proxy name
// the caller as the refresher when the other side is silent about timers.
func (r refresh) complete(h []agent.Header) []agent.Header {
	kept, agreed := h[:0], false
	for _, one := range h {
		if is(one.Name, "Session-Expires") {
			if !r.able {
				continue
			}
			agreed = true
		}
		kept = append(kept, one)
	}
	if seconds, _, _ := strings.Cut(r.asked, ";"); !agreed && digits(strings.TrimSpace(seconds)) {
		kept = append(kept, header("Session-Expires", strings.TrimSpace(seconds)+";refresher=uac"))
		agreed = true
	}
	if agreed {
		kept = append(kept, header("Require", "timer"))
	}
	return kept
}

// digits tells whether s is a number.
func digits(s string) bool {
	for _, r := range s {
		if r < '0' || r > '9' {
			return false
		}
	}
	return s != "" && len(s) < 10
}
