package b2bua

import (
	"encoding/base64"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// line says how often a header field may stand in a message of the edge, and what it must look like where that is ours
// to say.
type line struct {
	min, max int
	value    *regexp.Regexp
}

const many = 256

func one(value string) line       { return line{1, 1, regexp.MustCompile("^(?:" + value + ")$")} }
func atMostOne(v string) line     { l := one(v); l.min = 0; return l }
func anyNumber(v string) line     { l := one(v); l.min, l.max = 0, many; return l }
func (l line) atLeast(n int) line { l.min, l.max = n, many; return l }

const (
	anything   = `.*`
	ourHost    = `127\.0\.0\.1:\d+`
	optionTags = `(timer|100rel|norefersub|replaces)(, (timer|100rel|norefersub|replaces))*`
	ourTag     = `;tag=[0-9a-f]{16}`
	callID     = `CA[0-9a-f]{32}`
)

// toCentre are the lines of requests to the centre, by method.
var toCentre = map[string]map[string]line{
	"INVITE": joined(ofRequest("INVITE"), map[string]line{
		"Contact": one(`<sip:callbox@` + ourHost + `>`), "Allow": one(`[A-Z, ]+`), "Priority": one("emergency"),
		"To":             one(`<sip:[\w-]+@` + ourHost + `>`),
		"X-Callbox-Call": one(callID), "X-Callbox-Dialled": one("911"),
		"P-Asserted-Identity": one(`<sip:\+14155550100@127\.0\.0\.1>`),
		"Geolocation":         anyNumber(anything), "Geolocation-Routing": atMostOne(anything),
		"Supported": atMostOne(optionTags), "Session-Expires": atMostOne(anything), "Min-SE": atMostOne(anything),
		"Accept-Language": anyNumber(anything), "Resource-Priority": anyNumber(anything),
		"Subject": anyNumber(anything), "User-to-User": anyNumber(anything),
		"Call-Info": anyNumber(anything), "Accept-Contact": anyNumber(anything), "MIME-Version": atMostOne(anything),
		"Content-ID": atMostOne(anything), "Content-Disposition": atMostOne(anything), "Content-Language": atMostOne(anything),
		"Content-Type": atMostOne(`application/sdp|application/pidf\+xml|multipart/.*`),
	}),
	"ACK": joined(ofRequest("ACK"), map[string]line{"Content-Type": atMostOne("application/sdp")}),
	"INFO": joined(ofRequest("INFO"), map[string]line{
		"Info-Package": atMostOne(anything), "Content-Disposition": atMostOne(anything), "Content-Type": atMostOne(anything),
		"Reason": anyNumber(anything), "Accept-Language": anyNumber(anything), "Resource-Priority": anyNumber(anything),
	}),
	"BYE":    joined(ofRequest("BYE"), map[string]line{"Reason": anyNumber(anything)}),
	"CANCEL": joined(ofRequest("CANCEL"), map[string]line{"Reason": anyNumber(anything)}),
}

// ofRequest are the lines of every request.
func ofRequest(method string) map[string]line {
	m := map[string]line{
		"Via":  one(`SIP/2\.0/UDP ` + ourHost + `;branch=z9hG4bK[0-9a-f]{18};rport`),
		"From": one(`<sip:\+14155550100@127\.0\.0\.1>` + ourTag), "To": one(anything), "Call-ID": one(`[0-9a-f]{32}`),
		"CSeq": one(`\d{1,9} ` + method), "Max-Forwards": one(`\d{1,3}`), "User-Agent": atMostOne("callbox"), "Content-Length": one(`\d+`),
	}
	if method != "INVITE" && method != "CANCEL" {
		m["Route"] = anyNumber(`.+`) // what the centre's side has recorded
	}
	return m
}

// toCaller are the lines of an answer to a request of the caller's. What the caller has written comes back as it was.
var toCaller = map[string]line{
	"Via": one(anything).atLeast(1), "From": one(anything), "To": one(anything), "Call-ID": one(anything),
	"CSeq": one(anything), "Content-Length": one(`\d+`), "Content-Type": atMostOne("application/sdp"),
	"Record-Route": anyNumber(`.+`), "Contact": atMostOne(`<sip:callbox@` + ourHost + `>`), "Server": atMostOne("callbox"),
	"X-Callbox-Call": atMostOne(callID), "X-Callbox-Error": atMostOne(`\d+`), "X-Callbox-Voice": atMostOne(anything),
	"Warning": atMostOne(`399 callbox "(?:[^"\\]|\\.)*"`), "Allow": atMostOne(`[A-Z, ]+`), "Supported": atMostOne(optionTags),
	"Retry-After": atMostOne(anything), "Session-Expires": atMostOne(anything), "Min-SE": atMostOne(anything),
	"Require": atMostOne("timer"), "Unsupported": anyNumber(anything), "Accept": anyNumber(anything),
	"Accept-Encoding": anyNumber(anything), "Accept-Language": atMostOne("en"),
	"Proxy-Authenticate": anyNumber(`Digest .*`), "Geolocation-Error": atMostOne(`100;code="Cannot Process Location"`),
}

// answerToInfo has any body: it is the other side's.
var answerToInfo = joined(toCaller, map[string]line{"Content-Type": atMostOne(anything)})

// byeToCaller are the lines of the BYE to the caller, whose Contact and Record-Route are its own.
var byeToCaller = joined(ofRequest("BYE"), map[string]line{
	"From": one(anything + ourTag), "To": one(anything), "Call-ID": one(anything), "Reason": anyNumber(anything),
})

func joined(ms ...map[string]line) map[string]line {
	all := map[string]line{}
	for _, m := range ms {
		for name, l := range m {
			all[name] = l
		}
	}
	return all
}

var (
	requestLine = regexp.MustCompile(`^([A-Z]+) ([!-~]+) SIP/2\.0$`)
	statusLine  = regexp.MustCompile(`^SIP/2\.0 ([1-6]\d\d) [^\x00-\x1f\x7f]*$`)
	fieldLine   = regexp.MustCompile(`^([A-Za-z-]+): ([^\x00-\x1f\x7f]*)$`)
)

// inspect checks a message that the edge has sent: every line is one of ours, as often as it may be, and the body ends
// where Content-Length says.
func (w *wire) inspect(m datagram) {
	w.t.Helper()
	head, body, ok := strings.Cut(m.text, "\r\n\r\n")
	if !ok {
		w.t.Fatalf("no empty line:\n%q", m.text)
	}
	lines := strings.Split(head, "\r\n")
	allowed := toCaller
	first := requestLine.FindStringSubmatch(lines[0])
	switch {
	case first != nil && m.centre:
		allowed = toCentre[first[1]]
	case first != nil && first[1] == "BYE":
		allowed = byeToCaller
	case first != nil, statusLine.FindString(lines[0]) == "":
		w.t.Fatalf("the first line is %q", lines[0])
	case strings.HasSuffix(value(m.text, "CSeq"), " INFO"):
		allowed = answerToInfo
	}
	seen := map[string]int{}
	for _, l := range lines[1:] {
		f := fieldLine.FindStringSubmatch(l)
		if f == nil {
			w.t.Fatalf("%q is no header field of\n%s", l, m.text)
		}
		may, known := allowed[f[1]]
		if seen[f[1]]++; !known || seen[f[1]] > may.max || !may.value.MatchString(f[2]) {
			w.t.Fatalf("%q is not allowed in\n%s", l, m.text)
		}
	}
	for name, must := range allowed {
		if seen[name] < must.min {
			w.t.Fatalf("%s is missing in\n%s", name, m.text)
		}
	}
	if n, err := strconv.Atoi(value(m.text, "Content-Length")); err != nil || n != len(body) {
		w.t.Fatalf("Content-Length is %q of %d bytes in\n%s", value(m.text, "Content-Length"), len(body), m.text)
	}
	if !strings.HasSuffix(value(m.text, "CSeq"), " INFO") { // whose body is for the other side alone
		inspectBody(w.t, value(m.text, "Content-Type"), body)
	}
}

var sdpLine = regexp.MustCompile(`^[vostcbam]=[^\x00-\x08\x0a-\x1f]*$`)

// inspectBody checks that a body is what its type says: a session description that speaks of our address only, or parts of
// which no more than one is such.
func inspectBody(t testing.TB, contentType, body string) {
	t.Helper()
	kind, _, err := mime.ParseMediaType(contentType)
	switch {
	case body == "" && contentType == "":
	case strings.HasPrefix(contentType, "multipart/"): // whose other parameters are the caller's
		_, boundary, _ := strings.Cut(contentType, "boundary=")
		boundary, _, _ = strings.Cut(boundary, ";")
		if n := inspectParts(t, body, strings.Trim(boundary, ` "`)); n > 1 {
			t.Fatalf("%d descriptions in\n%s", n, body)
		}
	case err != nil || body == "":
		t.Fatalf("a body of %d bytes is of type %q", len(body), contentType)
	case kind == "application/pidf+xml":
	default:
		inspectSDP(t, body)
	}
}

// inspectParts checks every description among the parts, and returns how many there are.
func inspectParts(t testing.TB, body, boundary string) (descriptions int) {
	t.Helper()
	parts := multipart.NewReader(strings.NewReader(body), boundary)
	for {
		part, err := parts.NextRawPart()
		if err != nil {
			return descriptions
		}
		raw, _ := io.ReadAll(part)
		text := string(raw)
		seen := false
		for _, contentType := range part.Header["Content-Type"] { // any of them may be the one that counts
			kind, params, _ := mime.ParseMediaType(contentType)
			switch {
			case kind == "application/sdp" && !seen:
				seen = true
				descriptions++
				inspectSDP(t, decoded(part.Header.Get("Content-Transfer-Encoding"), text))
			case strings.HasPrefix(kind, "multipart/"):
				descriptions += inspectParts(t, text, params["boundary"])
			}
		}
	}
}

func decoded(encoding, text string) string {
	switch strings.ToLower(encoding) {
	case "base64":
		plain, _ := base64.StdEncoding.DecodeString(strings.ReplaceAll(text, "\r\n", ""))
		return string(plain)
	case "quoted-printable":
		plain, _ := io.ReadAll(quotedprintable.NewReader(strings.NewReader(text)))
		return string(plain)
	}
	return text
}

func inspectSDP(t testing.TB, body string) {
	t.Helper()
	for l := range strings.SplitSeq(strings.TrimRight(body, "\r\n"), "\r\n") {
		if !sdpLine.MatchString(l) || l[0] == 'c' && l != "c=IN IP4 127.0.0.1" || l[0] == 'o' && !strings.HasSuffix(l, " IN IP4 127.0.0.1") {
			t.Fatalf("%q is a line of\n%s", l, body)
		}
	}
}
