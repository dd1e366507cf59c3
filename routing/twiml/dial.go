package twiml

import (
	"fmt"
	"net/url"
	"strings"

	"callbox/routing/numbering"
)

// What the provider fixes of a Dial.
const (
	maxSIPURI  = 255
	maxHeaders = 1024 // characters of all header fields of a URI
)

func (p *parser) dial(e *element) (Verb, error) {
	a := p.attributes(e, "callReason", "events", "hangupOnStar", "record", "recordingStatusCallback",
		"recordingStatusCallbackEvent", "recordingStatusCallbackMethod", "recordingTrack", "referMethod", "referUrl",
		"ringTone", "trim")
	v := &Dial{
		Sequential: a.flag("sequential", 13218), AnswerOnBridge: a.flag("answerOnBridge", 13219),
		Timeout: a.seconds("timeout", 13212, 5, 600, 30), TimeLimit: a.seconds("timeLimit", 13216, 1, 86400, 14400),
		Action: strings.TrimSpace(a.text("action")), Method: a.method(13210),
		CallerID: strings.TrimSpace(a.text("callerId")),
	}
	a.done()
	if v.CallerID != "" && !numbering.Valid(v.CallerID) {
		p.warn(13214, e, "callerId=%.40q of <Dial> is not E.164: the caller's own is kept", v.CallerID)
		v.CallerID = ""
	}
	if err := checkURL(e, v.Action); err != nil {
		return nil, err
	}
	for _, c := range e.children {
		if err := p.target(v, c); err != nil {
			return nil, err
		}
	}
	if text := strings.TrimSpace(string(e.own)); text != "" {
		if len(e.children) > 0 {
			p.warn(13215, e, "text beside elements in <Dial> is ignored")
		} else {
			p.number(v, e, text)
		}
	}
	switch {
	case len(v.Targets) == 0:
		return nil, &Error{13224, e.line, "<Dial> has nobody to call: give it a <Sip> with a URI or a <Number> in E.164"}
	case len(v.Targets) > maxTargets:
		return nil, &Error{13250, e.line, fmt.Sprintf("<Dial> calls more than %d", maxTargets)}
	}
	return v, nil
}

// target adds what one element within a Dial names.
func (p *parser) target(v *Dial, e *element) error {
	switch e.name {
	case "Number":
		p.attributes(e, "amdStatusCallback", "amdStatusCallbackMethod", "byoc", "machineDetection",
			"machineDetectionSilenceTimeout", "machineDetectionSpeechEndThreshold", "machineDetectionSpeechThreshold",
			"machineDetectionTimeout", "method", "phoneNumber", "sendDigits", "statusCallback", "statusCallbackEvent",
			"statusCallbackMethod", "url").done()
		if err := p.childless(e); err != nil {
			return err
		}
		p.number(v, e, strings.TrimSpace(string(e.own)))
		return nil
	case "Sip":
		a := p.attributes(e, "amdStatusCallback", "amdStatusCallbackMethod", "codecs", "machineDetection",
			"machineDetectionSilenceTimeout", "machineDetectionSpeechEndThreshold", "machineDetectionSpeechThreshold",
			"machineDetectionTimeout", "method", "sendDigits", "statusCallback", "statusCallbackEvent",
			"statusCallbackMethod", "url")
		t := &SIP{User: a.text("username"), Password: a.text("password")}
		a.done()
		if err := p.childless(e); err != nil {
			return err
		}
		if t.User == "" && t.Password != "" {
			p.warn(13249, e, "<Sip> has a password without a username")
		}
		if why := p.sip(t, e); why != "" {
			p.warn(13243, e, "%.100q of <Sip> cannot be called: %s", strings.TrimSpace(string(e.own)), why)
			return nil
		}
		v.Targets = append(v.Targets, t)
		return nil
	case "Client", "Conference", "Queue", "Sim", "WhatsApp", "Application":
		return &Error{CodeSchema, e.line, fmt.Sprintf("<%s> within <Dial> is not simulated: a call back can dial Sip and Number", e.name)}
	}
	return &Error{13215, e.line, fmt.Sprintf("<%.40s> is not allowed in <Dial>", e.name)}
}

// number adds a telephone number. As the provider does, it takes a North American one without +1 and separators.
func (p *parser) number(v *Dial, e *element, text string) {
	s := strings.Map(func(r rune) rune {
		if strings.ContainsRune(" -.()", r) {
			return -1
		}
		return r
	}, text)
	switch {
	case len(s) == 10 && s[0] != '+':
		s = "+1" + s
	case len(s) == 11 && s[0] == '1':
		s = "+" + s
	}
	if !numbering.Valid(s) {
		p.warn(13223, e, "%.40q of <%s> is no number in E.164, such as +14155550100", text, e.name)
		return
	}
	v.Targets = append(v.Targets, &Number{s})
}

// sip reads the URI of a target and the header fields behind its question mark; why says what is wrong with it.
func (p *parser) sip(t *SIP, e *element) (why string) {
	uri, headers, _ := strings.Cut(strings.TrimSpace(string(e.own)), "?")
	scheme, rest, _ := strings.Cut(uri, ":")
	address, _, _ := strings.Cut(rest, ";")
	host := address[strings.LastIndexByte(address, '@')+1:]
	switch {
	case !strings.EqualFold(scheme, "sip") && !strings.EqualFold(scheme, "sips"):
		return "its scheme must be sip or sips"
	case len(uri) > maxSIPURI:
		return "it is longer than 255 characters"
	case strings.ContainsFunc(uri, func(r rune) bool { return r <= ' ' || r > '~' || strings.ContainsRune("<>\"\\^`{|}#", r) }):
		return "it must be printable ASCII without spaces, quotes and brackets around it"
	case strings.Count(address, "@") > 1 || strings.HasPrefix(address, "@"), strings.Contains(rest[len(address):], "@"):
		return "it must have one user before @, or none and no @"
	case host == "" || host[0] == ':':
		return "it names no host"
	}
	t.URI = strings.ToLower(scheme) + ":" + rest
	if len(headers) > maxHeaders {
		p.warn(13253, e, "the header fields of <Sip> have more than %d characters and are left out", maxHeaders)
		return ""
	}
	for field := range strings.SplitSeq(headers, "&") {
		if field != "" {
			p.header(t, e, field)
		}
	}
	return ""
}

// header adds one header field of a URI. Names are restricted as the provider's are, so that a document cannot write
// the call's own.
func (p *parser) header(t *SIP, e *element, field string) {
	name, value, _ := strings.Cut(field, "=")
	value, err := url.PathUnescape(value)
	isX := len(name) > 2 && strings.EqualFold(name[:2], "x-") && !strings.HasPrefix(strings.ToLower(name), "x-callbox-")
	if !isX && !strings.EqualFold(name, "User-to-User") ||
		strings.Trim(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-") != "" {
		p.warn(13252, e, "header field %.40q of <Sip> is left out: names begin with X-", name)
		return
	}
	if err != nil || strings.ContainsFunc(value, func(r rune) bool { return r < ' ' || r == 0x7f || r == '\uFFFD' }) {
		p.warn(13252, e, "the value of header field %.40q of <Sip> cannot be sent and is left out", name)
		return
	}
	t.Headers = append(t.Headers, Header{name, value})
}
