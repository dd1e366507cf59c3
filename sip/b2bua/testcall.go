package b2bua

import (
	"strings"

	"callbox/sip/agent"
	"callbox/sip/body"
)

// maxReport bounds what the test service says of a test call, in bytes.
const maxReport = 4096

// withReport adds to the answer to a call to urn:service:test.sos what the test service says of it: which centre, and which
// location came with the call (RFC 6881 section 15).
func (c *bridge) withReport(m, answer agent.Message) agent.Message {
	if c.plan.TestCentre == "" || len(m.Body) == 0 || !c.takesParts() {
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

// takesParts tells whether the caller's Accept has room for a description with something beside it. An INVITE without
// Accept has, too: phones that read such bodies leave it out, and a test is no emergency.
func (c *bridge) takesParts() bool {
	named := false
	for _, h := range c.about.headers {
		if !is(h.Name, "Accept") {
			continue
		}
		named = true
		for one := range strings.SplitSeq(h.Value, ",") {
			kind, _, _ := strings.Cut(one, ";")
			switch strings.ToLower(strings.TrimSpace(kind)) {
			case "multipart/mixed", "multipart/*", "*/*":
				return true
			}
		}
	}
	return !named
}
