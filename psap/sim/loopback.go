package sim

import (
	"cmp"
	"fmt"
	"strings"
	"sync"
	"time"

	"callbox/sip/agent"
	"callbox/sip/audio"
	"callbox/sip/body"
)

// Bounds of a test call (RFC 6881 section 15): how many packets of media are given back, and how long they are waited for.
const (
	loopPackets = 3
	loopWait    = 10 * time.Second
)

// loop gives the first packets of media back and, a frame later, tells that it has: a BYE at once could overtake the last.
type loop struct {
	done func() // must not block; called once

	mu    sync.Mutex
	heard []int16
	sent  int // frames
}

const loopSamples = loopPackets * audio.FrameSamples

// hear takes pcm in until there is enough.
func (l *loop) hear(pcm []int16) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.heard = append(l.heard, pcm[:min(len(pcm), loopSamples-len(l.heard))]...)
}

// Frame implements audio.Source: nothing is sent that was not heard.
func (l *loop) Frame(dst []int16) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	at := l.sent * audio.FrameSamples
	if at == loopSamples {
		l.sent++
		l.done()
		return false
	}
	if len(l.heard) < at+audio.FrameSamples {
		return false
	}
	copy(dst, l.heard[at:at+audio.FrameSamples])
	l.sent++
	return true
}

// isLoop tells whether an INVITE is for the test of RFC 6881, not for somebody who wants to hear his address.
func isLoop(in *agent.Incoming, script Script) bool {
	return script.Service == ServiceTest && in.To.Scheme == "urn" && strings.EqualFold(in.To.User, "service:test.sos")
}

// report is what the answer to a test call says: which centre, the service, and the location that came with the call.
func (c *session) report() []byte {
	text := "PSAP: " + cmp.Or(c.offer.message.Get("X-Callbox-Centre"), c.info.Centre) + "\r\n" +
		"Service: urn:service:test.sos\r\n" +
		"Number: " + cmp.Or(c.given.number, "none") + "\r\n" +
		"Location: " + c.given.place() + "\r\n"
	return []byte(text)
}

// place is what came of the caller's place, on one line.
func (d delivered) place() string {
	var said []string
	if address := d.address.String(); address != "" {
		said = append(said, address)
	}
	if p := d.point; p != nil {
		at := fmt.Sprintf("%.6f,%.6f", p.Lat, p.Lon)
		if p.Uncertainty > 0 {
			at += fmt.Sprintf(" within %.0f m", p.Uncertainty)
		}
		said = append(said, at)
	}
	return cmp.Or(strings.Join(said, "; "), "none")
}

// reported puts the report beside the description in the answer to a test call.
func (c *session) reported(m agent.Message) agent.Message {
	if c.loop == nil {
		return m
	}
	b, err := body.Split(m.ContentType, m.Body)
	if err != nil {
		return m
	}
	part := body.Addition{Type: "text/plain;charset=utf-8", Content: c.report()}
	m.ContentType, m.Body = b.Write(m.Body, []body.Addition{part}, "callbox-test")
	return m
}
