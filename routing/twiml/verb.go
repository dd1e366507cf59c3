package twiml

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"
)

// elsewhere are the provider's verbs that do not belong to a call back.
var elsewhere = []string{
	"Connect", "Enqueue", "Gather", "Leave", "Pay", "Prompt", "Queue", "Record", "Refer", "Siprec", "Sms", "Message",
	"Start", "Stop", "Stream", "Transcription",
}

// verbs reads each verb.
func (p *parser) verbs() map[string]func(*element) (Verb, error) {
	return map[string]func(*element) (Verb, error){
		"Say": p.say, "Play": p.play, "Pause": p.pause, "Dial": p.dial, "Reject": p.reject, "Hangup": p.hangup, "Redirect": p.redirect,
	}
}

func (p *parser) document(root *element) error {
	if root.name != "Response" {
		return &Error{CodeRoot, root.line, fmt.Sprintf("the root element is <%.40s>: it must be <Response>", root.name)}
	}
	p.attributes(root).done()
	if strings.TrimSpace(string(root.own)) != "" {
		p.warn(CodeSchema, root, "text between verbs is ignored: put it into <Say>")
	}
	verbs := p.verbs()
	for _, e := range root.children {
		read, ok := verbs[e.name]
		if !ok {
			return unknown(e, verbs)
		}
		v, err := read(e)
		if err != nil {
			return err
		}
		if v != nil {
			p.doc.Verbs = append(p.doc.Verbs, v)
		}
	}
	return nil
}

// unknown is the error for a verb that cannot be carried out: the rest of the document may rely on it.
func unknown(e *element, verbs map[string]func(*element) (Verb, error)) error {
	if slices.Contains(elsewhere, e.name) {
		return &Error{CodeSchema, e.line, fmt.Sprintf("<%s> is not simulated: a call back can use Say, Play, Pause, Dial, Reject, Hangup and Redirect", e.name)}
	}
	for name := range verbs {
		if strings.EqualFold(name, e.name) {
			return &Error{CodeSchema, e.line, fmt.Sprintf("<%.40s> is no verb: TwiML heeds case, write <%s>", e.name, name)}
		}
	}
	return &Error{CodeSchema, e.line, fmt.Sprintf("<%.40s> is no verb of TwiML", e.name)}
}

func (p *parser) say(e *element) (Verb, error) {
	a := p.attributes(e)
	v := &Say{Voice: a.text("voice"), Language: a.text("language"), Loop: a.number("loop", 13510, 0, maxLoop, 1)}
	a.done()
	v.Text = strings.Join(strings.Fields(string(e.text)), " ")
	if len(e.children) > 0 {
		p.warn(CodeSchema, e, "the markup within <Say> is left out, its text is read")
	}
	switch {
	case v.Text == "":
		p.warn(13520, e, "<Say> has no text")
		return nil, nil
	case utf8.RuneCountInString(v.Text) > maxText:
		return nil, &Error{13521, e.line, fmt.Sprintf("<Say> has more than %d characters: divide it", maxText)}
	}
	return v, nil
}

func (p *parser) play(e *element) (Verb, error) {
	a := p.attributes(e)
	v := &Play{URL: strings.TrimSpace(string(e.own)), Digits: a.text("digits"), Loop: a.number("loop", 13410, 0, maxLoop, 1)}
	a.done()
	if err := p.childless(e); err != nil {
		return nil, err
	}
	if strings.Trim(v.Digits, "0123456789*#ABCDw") != "" || len(v.Digits) > 100 {
		p.warn(13430, e, "digits=%.40q of <Play> is not of 0-9, *, #, A-D and w: it is ignored", v.Digits)
		v.Digits = ""
	}
	if v.URL == "" && v.Digits == "" {
		return nil, &Error{CodeURL, e.line, "<Play> has neither URL nor digits"}
	}
	return v, checkURL(e, v.URL)
}

func (p *parser) pause(e *element) (Verb, error) {
	a := p.attributes(e)
	v := &Pause{a.seconds("length", 13910, 1, 4*3600, 1)}
	a.done()
	return v, p.childless(e)
}

func (p *parser) reject(e *element) (Verb, error) {
	a := p.attributes(e)
	v := &Reject{}
	switch reason := a.text("reason"); reason {
	case "", "rejected":
	case "busy":
		v.Busy = true
	default:
		p.warn(13810, e, "reason=%.40q of <Reject> is neither rejected nor busy: rejected is used", reason)
	}
	a.done()
	return v, p.childless(e)
}

func (p *parser) hangup(e *element) (Verb, error) {
	p.attributes(e).done()
	return &Hangup{}, p.childless(e)
}

func (p *parser) redirect(e *element) (Verb, error) {
	a := p.attributes(e)
	v := &Redirect{URL: strings.TrimSpace(string(e.own)), Method: a.method(13710)}
	a.done()
	if err := p.childless(e); err != nil {
		return nil, err
	}
	return v, checkURL(e, v.URL)
}

func (p *parser) childless(e *element) error {
	if len(e.children) > 0 {
		c := e.children[0]
		return &Error{CodeSchema, c.line, fmt.Sprintf("<%.40s> is not allowed in <%s>", c.name, e.name)}
	}
	return nil
}

// checkURL looks at a URL as far as that can be done before it is known what it is relative to.
func checkURL(e *element, s string) error {
	u, err := url.Parse(s)
	switch {
	case len(s) > maxURL:
		return &Error{CodeURL, e.line, fmt.Sprintf("the URL of <%s> is longer than %d characters", e.name, maxURL)}
	case err != nil:
		return &Error{CodeURL, e.line, fmt.Sprintf("%.100q of <%s> is no URL", s, e.name)}
	case u.Scheme != "" && u.Scheme != "http" && u.Scheme != "https":
		return &Error{CodeURL, e.line, fmt.Sprintf("scheme %.20q of <%s> is neither http nor https", u.Scheme, e.name)}
	}
	return nil
}
