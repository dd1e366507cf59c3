package b2bua

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// place is a stretch of an INVITE that is the caller's to write; a template has it in braces.
var places = []string{
	"uri", "via", "lines", "from-name", "from-uri", "from", "to-name", "to-uri", "to", "call-id", "cseq", "contact-name",
	"contact-user", "contact-uri", "contact", "subject", "language", "priority", "location", "timer", "supported", "type",
	"session", "media", "body", "hops",
}

const inviteTemplate = "INVITE sip:911@" + labDomain + "{uri} SIP/2.0\r\n" +
	"Via: SIP/2.0/UDP 127.0.0.1:$PORT;branch=z9hG4bK$ID{via}\r\n" +
	"X-Line: a{lines}\r\n" +
	"From: {from-name}<sip:+14155550100@" + labDomain + "{from-uri}>;tag=$ID{from}\r\n" +
	"To: {to-name}<sip:911@" + labDomain + "{to-uri}>{to}\r\n" +
	"Call-ID: $ID{call-id}\r\n" +
	"CSeq: 1{cseq} INVITE\r\n" +
	"Contact: {contact-name}<sip:x{contact-user}@127.0.0.1:$PORT{contact-uri}>{contact}\r\n" +
	"Max-Forwards: 70{hops}\r\n" +
	"Subject: help{subject}\r\n" +
	"Accept-Language: en{language}\r\n" +
	"Resource-Priority: esnet.0{priority}\r\n" +
	"Geolocation: <https://where.example>{location}\r\n" +
	"Supported: timer{supported}\r\n" +
	"Session-Expires: 1800{timer}\r\n" +
	"Content-Type: application/sdp{type}\r\n"

const bodyTemplate = "v=0\r\no=alice 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n{session}" +
	"m=audio 9 RTP/AVP 0 101\r\na=rtpmap:101 telephone-event/8000\r\n{media}"

// inviteWith writes an INVITE with what is put in the places.
func (w *wire) inviteWith(id string, put map[string]string) string {
	fill := []string{"$ID", id}
	for _, place := range places {
		fill = append(fill, "{"+place+"}", put[place])
	}
	r := strings.NewReplacer(fill...)
	body := r.Replace(bodyTemplate)
	if put["body"] != "" {
		body = put["body"]
	}
	return strings.ReplaceAll(r.Replace(inviteTemplate), "$PORT", w.port(w.caller)) + "Content-Length: " + strconv.Itoa(len(body)) + "\r\n\r\n" + body
}

// pace is how a call is played.
type pace struct {
	first, next time.Duration // waits: for the INVITE, and for what comes after it, which a hostile answer may spoil
	centreEnds  bool          // it hangs up, not the caller
}

var (
	certain = pace{first: 5 * time.Second, next: 5 * time.Second}
	hasty   = pace{first: time.Second, next: 100 * time.Millisecond}
)

func (p pace) endedByCentre(is bool) pace { p.centreEnds = is; return p }

// play sends an INVITE and goes on with the call as far as the edge lets it: a centre that rings and answers, ACK, BYE.
// Whatever the edge sends meanwhile is inspected. It returns the INVITE to the centre and the final answer to the
// caller, "" for one that did not come.
func (w *wire) play(id, invite string, p pace, ringing, answered func(request string)) (offered, final string) {
	w.t.Helper()
	ours := func(d datagram) bool {
		if d.centre {
			return strings.HasPrefix(d.text, "INVITE sip:"+id+"@")
		}
		return isFinal(d.text) && strings.Contains(value(d.text, "Via"), ";branch=z9hG4bK"+id)
	}
	w.sync(ours)
	before := w.a.Metrics()
	w.says(w.caller, invite)
	m := w.sync(ours)
	if now := w.a.Metrics(); !ours(m) && now.Requests > before.Requests+1 && now.Refused == before.Refused {
		m = w.await(p.first, ours) // it was read, has a goroutine of its own, and will be heard of
	}
	if m.centre {
		offered = m.text
		final = w.settle(offered, p, ours, ringing, answered)
	} else {
		final = m.text
	}
	switch {
	case final == "" || !ours(datagram{text: final}):
		return offered, ""
	case offered != "" && strings.HasPrefix(final, "SIP/2.0 2"):
		w.hangUp(id, offered, final, p)
	default:
		w.says(w.caller, "ACK sip:911@lab SIP/2.0\r\nVia: "+value(final, "Via")+"\r\n"+echo(final, "From", "To", "Call-ID")+
			"CSeq: "+number(final)+" ACK\r\nContent-Length: 0\r\n\r\n")
	}
	return offered, final
}

// settle is the centre's part in a call, and returns what the caller is answered in the end.
func (w *wire) settle(offered string, p pace, ours func(datagram) bool, ringing, answered func(string)) string {
	w.t.Helper()
	before := w.a.Metrics().Unparsed
	ringing(offered)
	answered(offered)
	toCaller := func(d datagram) bool { return ours(d) && !d.centre }
	m := w.sync(toCaller)
	if !toCaller(m) && w.a.Metrics().Unparsed == before {
		m = w.await(p.next, toCaller)
	}
	return m.text
}

func isFinal(msg string) bool { return strings.HasPrefix(msg, "SIP/2.0 ") && msg[8] != '1' }

func number(msg string) string {
	n, _, _ := strings.Cut(value(msg, "CSeq"), " ")
	return n
}

// hangUp acknowledges the final answer and ends the call, and answers the BYE that the other side gets.
func (w *wire) hangUp(id, request, final string, p pace) {
	w.t.Helper()
	w.says(w.caller, w.fromCaller("ACK", id, final, 1, ""))
	if w.within != nil {
		w.within(id, final)
	}
	if !p.centreEnds {
		w.says(w.caller, w.fromCaller("BYE", id, final, 3, ""))
	} else {
		w.says(w.centre, "BYE sip:callbox@edge SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:"+w.port(w.centre)+";branch=z9hG4bKBYE"+id+
			"\r\nFrom: "+value(request, "To")+";tag=centre\r\nTo: "+value(request, "From")+"\r\n"+echo(request, "Call-ID")+
			"CSeq: 1 BYE\r\nReason: Q.850;cause=16\r\n\r\n")
	}
	bye := w.await(p.next, func(d datagram) bool { return d.centre != p.centreEnds && strings.HasPrefix(d.text, "BYE ") })
	switch {
	case bye.centre:
		w.answers(bye.text, "200 OK", "", "")
	case bye.text != "":
		w.says(w.caller, "SIP/2.0 200 OK\r\n"+echo(bye.text, "Via", "From", "To", "Call-ID", "CSeq")+"\r\n")
	}
}

// fromCaller is a request within the call that final has answered.
func (w *wire) fromCaller(method, id, final string, seq int, own string) string {
	return method + " sip:callbox@edge SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:" + w.port(w.caller) + ";branch=z9hG4bK" + method + id + "\r\n" +
		echo(final, "From", "To", "Call-ID") + "CSeq: " + strconv.Itoa(seq) + " " + method + "\r\nReason: Q.850;cause=16\r\n" + own + "\r\n"
}

const answerOfCentre = "v=0\r\no=bob 7 7 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 9 RTP/AVP 0\r\n"

func (w *wire) rings(request string) { w.answers(request, "180 Ringing", w.contact(w.centre), "") }
func (w *wire) takes(request string) {
	w.answers(request, "200 OK", w.contact(w.centre), answerOfCentre)
}

// evils are what a hostile caller or centre writes where it may write something.
var evils = []string{
	"", "\r\nP-Asserted-Identity: <sip:evil@evil>", "\nP-Asserted-Identity: <sip:evil@evil>", "\rX-Callbox-Dialled: 1",
	"\r\n P-Asserted-Identity: <sip:evil@evil>", "\r\n\tfolded\r\n ", "\x00", "\x7f\x1b[2J", "\r\n\r\nBYE sip:evil SIP/2.0\r\n",
	`"`, `\"`, `";x="`, ">,<sip:evil@evil>", "%0d%0aEvil: 1", "\xff\xfe\x80", ";tag=evil;tag=evil2", ",", ";", "\r\nContent-Length: 0",
	"\r\nFrom: <sip:evil@evil>;tag=2", "\u2028Evil: 1", "\r\n:", "\r\nVia: SIP/2.0/UDP evil", " \t ", strings.Repeat("a,", 3000),
	"\r\nSession-Expires: 90\r\nMin-SE: 90\r\nMin-SE: 91", "\r\nGeolocation: <cid:evil>,\r\n <https://a>\r\nX-Callbox-Call: CA1",
	"\r\nRequire: timer", "\r\nb: x\r\nx: 90\r\ns: y",
	"\r\nRecord-Route: <sip:127.0.0.1:$PORT;lr>;x=\"a\r\n b\", <sip:127.0.0.1:9>", ":x SIP/2.0", "\r\nx: 90;refresher=uac\r\nx: 91",
}

func TestNothingIsSmuggledToTheCentreOrBack(t *testing.T) {
	t.Parallel()
	w := newWire(t)
	reached := map[string]bool{}
	for _, place := range places {
		for i, evil := range evils {
			id := w.next()
			invite := w.inviteWith(id, map[string]string{place: evil})
			offered, final := w.play(id, invite, certain.endedByCentre(i%2 == 0), w.rings, w.takes)
			reached[place] = reached[place] || offered != "" && strings.HasPrefix(final, "SIP/2.0 200") && evil != ""
		}
	}
	for _, place := range places {
		if !reached[place] && place != "body" && place != "cseq" && place != "hops" && place != "contact-user" {
			t.Errorf("no call with something hostile in its %s came through, so that nothing was seen of it", place)
		}
	}
}

// centrePlaces are the stretches of an answer that are the centre's to write.
var centrePlaces = []string{"reason", "lines", "contact", "voice", "body"}

// centreWith plays a call whose centre puts something hostile into its answers.
func (w *wire) centreWith(place, evil string, p pace) (final string) {
	id := w.next()
	put := map[string]string{place: evil}
	body := answerOfCentre
	if place == "body" {
		body += evil
	}
	own := put["lines"] + "Contact: <sip:x" + put["contact"] + "@127.0.0.1:" + w.port(w.centre) + ">" + put["contact"] + "\r\n" +
		"X-Callbox-Voice: v" + put["voice"] + "\r\nSession-Expires: 1800" + put["voice"] + "\r\n"
	_, final = w.play(id, w.inviteWith(id, nil), p,
		func(request string) { w.answers(request, "183 Soon"+put["reason"], own, body) },
		func(request string) { w.answers(request, "200 Yes"+put["reason"], own, body) })
	return final
}

func TestNothingIsSmuggledBackByTheCentre(t *testing.T) {
	t.Parallel()
	w := newWire(t)
	for _, place := range centrePlaces {
		reached := false
		for i, evil := range evils {
			final := w.centreWith(place, evil, hasty.endedByCentre(i%2 == 0))
			reached = reached || strings.HasPrefix(final, "SIP/2.0 200") && evil != ""
		}
		if !reached {
			t.Errorf("no answer with something hostile in its %s came through", place)
		}
	}
	final := w.centreWith("lines", "Session-Expires: 90\r\nMin-SE: 90\r\nMin-SE: 100\r\nRetry-After: 1\r\nRetry-After: 2\r\n", certain)
	if got := values(final, "Session-Expires"); len(got) != 1 || got[0] != "1800;refresher=uas" {
		t.Errorf("the caller's Session-Expires was answered %q", got)
	}
}

// onItsWay makes the INVITE of an RFC one that this test can follow: it comes from here and its answers come back here.
func (w *wire) onItsWay(id string, message []byte) string {
	top := regexp.MustCompile(`(?im)^(v|via)[ \t]*:`)
	at := top.FindIndex(message)
	if at == nil {
		return string(message)
	}
	via := "Via: SIP/2.0/UDP 127.0.0.1:" + w.port(w.caller) + ";branch=z9hG4bK" + id + "\r\n"
	text := string(message[:at[0]]) + via + string(message[at[0]:])
	return strings.Replace(text, ";   tag    = 1918181833n", "", 1) // wsinv is within a dialog
}

func TestNothingOfTheTortureMessagesIsSmuggledToTheCentre(t *testing.T) {
	t.Parallel()
	w := newWire(t)
	w.insist = true
	files, _ := filepath.Glob("../agent/testdata/rfc*/*/*.dat")
	if len(files) < 61 {
		t.Fatalf("%d messages", len(files))
	}
	offered := map[string]bool{}
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		id := w.next()
		request, _ := w.play(id, w.onItsWay(id, b), certain, w.rings, w.takes)
		if request != "" {
			offered[strings.TrimSuffix(filepath.Base(file), ".dat")] = true
		}
	}
	for _, name := range []string{"wsinv", "longreq", "esc01", "escruri", "sdp01", "ipv6-in-sdp", "mult-ip-in-sdp", "ipv4-mapped-ipv6"} {
		if !offered[name] {
			t.Errorf("%s did not reach the centre", name)
		}
	}
}

// leavesTheMachine tells of input that makes the edge connect to addresses of its choosing, which a fuzzer must not.
func leavesTheMachine(b []byte) bool {
	b = bytes.ToLower(b)
	return bytes.Contains(b, []byte("transport")) || bytes.Contains(b, []byte("sips"))
}

func TestNothingIsSmuggledWhereNoCallComesUp(t *testing.T) {
	t.Parallel()
	w := newWire(t)
	refused, cancelled := 0, 0
	for _, evil := range evils {
		id := w.next()
		_, final := w.play(id, w.inviteWith(id, nil), hasty, w.rings, func(request string) {
			w.answers(request, "486 Busy"+evil, "Retry-After: 9"+evil+"\r\nWarning: 399 x \"y\""+evil+"\r\nReason: SIP;cause=486"+evil+"\r\n", "")
		})
		if strings.HasPrefix(final, "SIP/2.0 503") {
			refused++
		}
		id = w.next()
		invite := w.inviteWith(id, nil)
		w.play(id, invite, hasty, w.rings, func(request string) {
			w.says(w.caller, "CANCEL "+strings.TrimPrefix(strings.Split(invite, "\r\n")[0], "INVITE ")+"\r\n"+
				echo(invite, "Via", "From", "To", "Call-ID")+"CSeq: 1 CANCEL\r\nReason: SIP;cause=200;text=\"x"+evil+"\"\r\nReason: a"+evil+"\r\n\r\n")
			cancel := w.await(time.Second, func(d datagram) bool {
				return strings.HasPrefix(d.text, "CANCEL ") || value(d.text, "CSeq") == "1 CANCEL" && !strings.HasPrefix(d.text, "SIP/2.0 200")
			})
			if cancel.centre {
				cancelled++
				w.answers(cancel.text, "200 OK", "", "")
			}
			w.answers(request, "487 Gone"+evil, "", "")
		})
	}
	if refused < len(evils)/2 || cancelled < len(evils)/2 {
		t.Errorf("%d refused and %d cancelled of %d", refused, cancelled, len(evils))
	}
}

func TestNothingIsSmuggledByARequestWithinACall(t *testing.T) {
	t.Parallel()
	w := newWire(t)
	came := 0
	for _, evil := range evils {
		w.within = func(id, final string) {
			own := "Info-Package: a" + evil + "\r\nInfo-Package: b\r\nContent-Type: text/plain" + evil + "\r\nAccept-Language: en" + evil + "\r\n"
			w.says(w.caller, w.fromCaller("INFO", id, final, 2, own)+"body"+evil)
			info := w.await(time.Second, func(d datagram) bool {
				return d.centre && strings.HasPrefix(d.text, "INFO ") || !d.centre && value(d.text, "CSeq") == "2 INFO"
			})
			if !info.centre {
				return // it was refused
			}
			came++
			w.answers(info.text, "200 Yes"+evil, own+"Accept: a"+evil+"\r\nUnsupported: a"+evil+"\r\n", "")
			if back := w.await(certain.next, func(d datagram) bool { return !d.centre && value(d.text, "CSeq") == "2 INFO" }); back.text == "" {
				t.Errorf("no answer to an INFO with %q", evil)
			}
		}
		id := w.next()
		w.play(id, w.inviteWith(id, nil), certain, w.rings, w.takes)
	}
	if came < len(evils)/2 {
		t.Errorf("only %d of %d came to the centre", came, len(evils))
	}
}

func FuzzInvite(f *testing.F) {
	for i := range places {
		for j, evil := range evils {
			if i%4 == j%4 { // a quarter is enough to begin with
				f.Add(byte(i), []byte(evil), byte(0), []byte(nil))
			}
		}
	}
	f.Add(byte(8), []byte(";tag="), byte(2), []byte("Record-Route: <sip:127.0.0.1:9;lr>\r\n"))
	w := newWire(f)
	f.Fuzz(func(t *testing.T, place byte, evil []byte, other byte, more []byte) {
		if leavesTheMachine(append(bytes.Clone(evil), more...)) || len(evil)+len(more) > 8000 {
			return
		}
		w.t = t
		put := map[string]string{places[int(place)%len(places)]: string(evil)}
		if o := places[int(other)%len(places)]; put[o] == "" {
			put[o] = string(more)
		}
		id := w.next()
		w.play(id, w.inviteWith(id, put), hasty.endedByCentre(place > 127), w.rings, w.takes)
	})
}

func FuzzAnswer(f *testing.F) {
	for i := range centrePlaces {
		for _, evil := range evils {
			f.Add(byte(i), []byte(evil))
		}
	}
	w := newWire(f)
	f.Fuzz(func(t *testing.T, place byte, evil []byte) {
		if leavesTheMachine(evil) || len(evil) > 8000 {
			return
		}
		w.t = t
		w.centreWith(centrePlaces[int(place)%len(centrePlaces)], string(evil), hasty.endedByCentre(place > 127))
	})
}
