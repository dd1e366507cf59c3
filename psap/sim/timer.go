package sim

import (
	"strconv"
	"strings"
	"time"

	"callbox/sip/agent"
)

// A centre's own part in the dialog, for scripts that ask for it: reliable provisional answers (RFC 3262) and a session
// timer that the centre refreshes (RFC 4028).

// progress is a provisional answer, reliable where the script says so and the caller takes that.
func (c *session) progress(status int, reason string, m agent.Message) {
	if c.script.Reliable {
		m = m.With("Require", "100rel")
	}
	c.leg.Progress(status, reason, m)
}

// refreshed agrees to a session timer in a 2xx: the script's, which the centre refreshes, or one that the caller's side
// does; by itself the centre needs none.
func (c *session) refreshed(m, request agent.Message) agent.Message {
	interval, params, _ := strings.Cut(request.Get("Session-Expires"), ";")
	seconds, err := strconv.ParseUint(strings.TrimSpace(interval), 10, 30)
	if !supports(request, "timer") {
		return m
	}
	if own := c.script.timer(); own > 0 {
		if err == nil && seconds > 0 {
			own = min(own, int(seconds))
		}
		c.refreshIn(own)
		return m.With("Session-Expires", strconv.Itoa(own)+";refresher=uas").With("Require", "timer")
	}
	if err != nil || strings.Contains(strings.ToLower(params), "uas") {
		return m
	}
	return m.With("Session-Expires", strings.TrimSpace(interval)+";refresher=uac").With("Require", "timer")
}

// timer is the script's session interval in seconds.
func (s Script) timer() int { return int(s.Timer / time.Second) }

// refreshIn sets when the centre refreshes a session of so many seconds next: after half of them.
func (c *session) refreshIn(seconds int) {
	if c.refresh != nil {
		c.refresh.Stop()
	}
	c.expires = seconds
	c.refresh = time.AfterFunc(time.Duration(seconds)*time.Second/2, func() { c.post(message{timer: timeoutRefresh}) })
}

// refreshNow sends UPDATE without an offer; a side that refuses it hears of the session no more.
func (c *session) refreshNow() {
	if c.info.State != StateAnswered {
		return
	}
	c.leg.Send("UPDATE", agent.Message{}.With("Session-Expires", strconv.Itoa(c.expires)+";refresher=uac"))
	c.refreshIn(c.expires)
}
