package b2bua

import (
	"callbox/sip/agent"
	"callbox/sip/body"
)

// maxReport bounds what the test service says of a test call, in bytes.
const maxReport = 4096

// withReport adds to the answer to a call to urn:service:test.sos what the test service says of it: which centre, and which
// location came with the call (RFC 6881 section 17).
func (c *bridge) withReport(m, answer agent.Message) agent.Message {
	if c.plan.TestCentre == "" || len(m.Body) == 0 {
		return m
	}
	b, err := body.Split(answer.ContentType, answer.Body)
	i := b.Find("text/plain")
	if err != nil || i < 0 {
		return m
	}
	text, err := b.Content(i)
	if err != nil || len(text) > maxReport {
		return m
	}
	own, err := body.Split(typeSDP, m.Body)
	if err != nil {
		return m
	}
	report := body.Addition{Type: "text/plain;charset=utf-8", Disposition: "render;handling=optional", Content: text}
	m.ContentType, m.Body = own.Write(m.Body, []body.Addition{report}, "callbox-"+string(c.rec.ID)[2:14])
	return m
}
