package systest

import (
	"os"
	"regexp"
	"strings"
	"testing"
	"time"
)

// invites returns the INVITEs in the trace of SIPp as they went over the wire.
func invites(t *testing.T, s *sipp) (all []string) {
	t.Helper()
	b, err := os.ReadFile(s.file("messages"))
	if err != nil {
		t.Fatal(err)
	}
	text := string(b)
	marks := traceLine.FindAllStringSubmatchIndex(text, -1)
	for i, at := range marks {
		end := len(text)
		if i+1 < len(marks) {
			end = marks[i+1][0]
		}
		if m := text[at[1]:end]; strings.HasPrefix(m, "INVITE ") {
			all = append(all, strings.TrimSuffix(m, "\n"))
		}
	}
	if len(all) == 0 {
		t.Fatalf("no INVITE in the trace of %s", s.scenario)
	}
	return all
}

var description = regexp.MustCompile(`(?s)v=0\r\n.*?a=sendrecv\r\n`)

// aroundDescription cuts the one session description out of a message's body.
func aroundDescription(t *testing.T, invite string) (before, after string) {
	t.Helper()
	_, body, _ := strings.Cut(invite, "\r\n\r\n")
	if n := len(description.FindAllString(body, -1)); n != 1 {
		t.Fatalf("%d descriptions in\n%s", n, body)
	}
	at := description.FindStringIndex(body)
	return body[:at[0]], body[at[1]:]
}

// fieldsOf are the lines of a header field, whole.
func fieldsOf(message, name string) (lines []string) {
	head, _, _ := strings.Cut(message, "\r\n\r\n")
	for line := range strings.SplitSeq(head, "\r\n") {
		if strings.HasPrefix(line, name+":") {
			lines = append(lines, line)
		}
	}
	return lines
}

// TestALocationComesToTheCentreAsTheCallerSentIt compares both sides byte for byte: the second centre's too, which gets
// the call when the first one fails.
func TestALocationComesToTheCentreAsTheCallerSentIt(t *testing.T) {
	t.Parallel()
	busy, psap := startCentre(t, centre{scenario: "uas_busy.xml"}), startCentre(t, centre{scenario: "uas_answer.xml"})
	l := startLab(t, settings{directory: directoryOf(t, target{id: "psap-busy", uri: busy.uri()}, target{id: "psap-first", uri: psap.uri()},
		target{id: "ecc-us", uri: "sip:ecc-us@sim"})})
	phone := l.place(t, caller{scenario: "located.xml", to: "911", hold: 200 * time.Millisecond})
	said := phone.finish(t)
	sent := invites(t, phone)[0]
	before, after := aroundDescription(t, sent)
	rest, end, _ := strings.Cut(after, "\r\n--pbx=part+1--\r\n")
	for _, s := range []*sipp{busy, psap} {
		got := invites(t, s)[0]
		gotBefore, gotAfter := aroundDescription(t, got)
		if gotBefore != before || !strings.HasPrefix(gotAfter, rest+"\r\n--pbx=part+1\r\n") || !strings.HasSuffix(gotAfter, "\r\n--pbx=part+1--\r\n"+end) {
			t.Errorf("the parts differ: sent\n%q\n%q\ngot\n%q\n%q", before, after, gotBefore, gotAfter)
		}
		for _, name := range []string{"Geolocation-Routing", "Call-Info", "Accept-Contact", "MIME-Version", "Content-Type"} {
			if want, have := fieldsOf(sent, name), fieldsOf(got, name); strings.Join(want, "|") != strings.Join(have, "|") {
				t.Errorf("%s: sent %q, got %q", name, want, have)
			}
		}
		want, have := fieldsOf(sent, "Geolocation"), fieldsOf(got, "Geolocation")
		if len(have) != 3 || have[0] != want[0] || have[1] != want[1] || !strings.HasPrefix(have[2], "Geolocation: <cid:location.CA") {
			t.Errorf("Geolocation: sent %q, got %q", want, have)
		}
		if !strings.Contains(gotAfter, "645") || strings.Contains(gotAfter, "SEARCH") {
			t.Errorf("the address that routed is not in\n%s", gotAfter)
		}
	}
	final, id := said.answer()
	if got := final.header("Geolocation-Error"); got != "" && got != `100;code="Cannot Process Location"` {
		t.Errorf("Geolocation-Error is %q", got)
	}
	if r := l.record(t, id); r.AnsweredBy != "psap-first" {
		t.Errorf("answered by %s", r.AnsweredBy)
	}
}

func TestANextGenerationCentreOverTheWire(t *testing.T) {
	t.Parallel()
	busy, psap := startCentre(t, centre{scenario: "uas_busy.xml"}), startCentre(t, centre{scenario: "uas_answer.xml"})
	l := startLab(t, settings{directory: directoryOf(t, target{id: "psap-busy", uri: busy.uri(), ng: "{}"},
		target{id: "psap-first", uri: psap.uri(), ng: "{request_uri: centre, resource_priority: esnet.0}"}, target{id: "ecc-us", uri: "sip:ecc-us@sim"})})
	_, id := l.call(t, caller{scenario: "answered.xml", to: "911", hold: 200 * time.Millisecond}).answer()
	first, second := invites(t, busy)[0], invites(t, psap)[0]
	for _, want := range []string{
		"INVITE urn:service:sos SIP/2.0\r\n", "\r\nRoute: <" + busy.uri() + ";lr>\r\n", "\r\nTo: <urn:service:sos>\r\n", "\r\nPriority: emergency\r\n",
		"\r\nResource-Priority: esnet.1\r\n", "application/EmergencyCallData.SubscriberInfo+xml", "application/pidf+xml",
	} {
		if !strings.Contains(first, want) {
			t.Errorf("%q is missing in\n%s", want, first)
		}
	}
	for _, want := range []string{"INVITE " + psap.uri() + " SIP/2.0\r\n", "\r\nTo: <urn:service:sos>\r\n", "\r\nResource-Priority: esnet.0\r\n"} {
		if !strings.Contains(second, want) {
			t.Errorf("%q is missing in\n%s", want, second)
		}
	}
	r := l.record(t, id)
	for _, urn := range []string{r.EmergencyCallID, r.IncidentID} {
		if urn == "" || !strings.Contains(first, "Call-Info: <"+urn+">;purpose=") || !strings.Contains(second, "<"+urn+">") {
			t.Errorf("the identifier %q is not what both centres got", urn)
		}
	}
	if busy.stop(t); r.AnsweredBy != "psap-first" {
		t.Errorf("answered by %s", r.AnsweredBy)
	}
}

// TestATestCallByURNTellsWhoWouldHaveRung dials urn:service:test.sos (RFC 6881 section 15).
func TestATestCallByURNTellsWhoWouldHaveRung(t *testing.T) {
	t.Parallel()
	l := startLab(t, settings{directory: directoryOf(t, target{id: "psap-first", uri: "sip:psap-sf@sim"}, target{id: "ecc-us", uri: "sip:ecc-us@sim"})})
	said := l.call(t, caller{scenario: "located.xml", to: "urn:service:test.sos", hold: 200 * time.Millisecond})
	final, id := said.answer()
	for _, want := range []string{"Content-Type: text/plain", "PSAP: psap-first\n", "Service: urn:service:test.sos\n", "645", "Number: +14155550100\n"} {
		if !strings.Contains(final.body, want) {
			t.Errorf("%q is missing in\n%s", want, final.body)
		}
	}
	if !strings.HasPrefix(final.header("Content-Type"), "multipart/mixed") || !strings.Contains(final.body, "m=audio") {
		t.Errorf("the answer is %s\n%s", final.header("Content-Type"), final.body)
	}
	if r := l.record(t, id); r.Verdict != "test" || len(r.Attempts) != 1 || r.FeeCents != 0 {
		t.Errorf("record: %s, %+v, %d", r.Verdict, r.Attempts, r.FeeCents)
	}
	final, _ = l.call(t, caller{scenario: "answered.xml", to: "933", hold: 200 * time.Millisecond}).answer()
	if got := final.header("Content-Type"); got != "application/sdp" {
		t.Errorf("933 is answered %s", got)
	}
}
