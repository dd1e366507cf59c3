package systest

import (
	"strings"
	"testing"
	"time"
)

// bLeg places a call and returns the INVITE the centre got, with all that was said on the caller's side.
func bLeg(t *testing.T, from, deliver string) (l *lab, a dialogue, invite message) {
	t.Helper()
	psap := startCentre(t, centre{scenario: "uas_answer.xml"})
	l = startLab(t, settings{directory: directoryOf(t,
		target{id: "psap-first", uri: psap.uri(), deliver: deliver}, target{id: "ecc-us", uri: "sip:ecc-us@sim"})})
	a = l.call(t, caller{scenario: "answered.xml", from: "sip:" + from + "@lab.sip.us1.twilio.com", to: "911", hold: 200 * time.Millisecond})
	invite, ok := psap.stop(t).find(func(m message) bool { return m.received && isInvite(m) })
	if !ok {
		t.Fatal("the centre got no INVITE")
	}
	return l, a, invite
}

func text(m message) string { return m.start + "\n" + strings.Join(m.headers, "\n") + "\n\n" + m.body }

func TestCentreLearnsNumberAndAddressOfAnE911Caller(t *testing.T) {
	t.Parallel()
	_, a, invite := bLeg(t, sanFrancisco, "")
	_, id := a.answer()
	for header, want := range map[string]string{
		"From": "<sip:" + sanFrancisco + "@", "P-Asserted-Identity": "<sip:" + sanFrancisco + "@", "X-Callbox-Call": id,
		"X-Callbox-Dialled": "911", "Priority": "emergency", "Geolocation": "<cid:", "Geolocation-Routing": "yes",
		"Content-Type": "multipart/mixed",
	} {
		if got := invite.header(header); !strings.Contains(got, want) {
			t.Errorf("%s is %q, want %q in it", header, got, want)
		}
	}
	for _, want := range []string{"application/pidf+xml", "645", "HARRISON", "94105", "application/sdp", "m=audio"} {
		if !strings.Contains(strings.ToUpper(invite.body), strings.ToUpper(want)) {
			t.Errorf("the body has no %q:\n%s", want, invite.body)
		}
	}
}

func TestCentreWithoutPIDFGetsTheNumberOnly(t *testing.T) {
	t.Parallel()
	_, _, invite := bLeg(t, sanFrancisco, "sip")
	if got := invite.header("P-Asserted-Identity"); !strings.Contains(got, sanFrancisco) {
		t.Errorf("P-Asserted-Identity is %q", got)
	}
	if strings.Contains(text(invite), "Harrison") || invite.header("Content-Type") != "application/sdp" {
		t.Errorf("the centre got more than SDP:\n%s", text(invite))
	}
}

func TestCentreLearnsNothingOfABasic911Caller(t *testing.T) {
	t.Parallel()
	_, _, invite := bLeg(t, "+14155550101", "")
	for _, secret := range []string{"4155550101", "Harrison", "94105"} {
		if strings.Contains(text(invite), secret) {
			t.Errorf("the centre learns %s:\n%s", secret, text(invite))
		}
	}
	if from := invite.header("From"); !strings.Contains(from, "anonymous@anonymous.invalid") {
		t.Errorf("From is %q", from)
	}
}

func TestNothingOfTheCallersNetworkReachesTheCentre(t *testing.T) {
	t.Parallel()
	l, a, invite := bLeg(t, sanFrancisco, "")
	sent, _ := a.find(func(m message) bool { return !m.received && isInvite(m) })
	at := mediaOf(t, sent) // the caller's host
	for what, secret := range map[string]string{
		"the caller's address": at, "the caller's Call-ID": sent.header("Call-ID"), "the caller's tag": tagOf(sent.header("From")),
		"the caller's Contact": "sip:caller@", "the caller's session": "o=- 3745 ",
	} {
		if strings.Contains(text(invite), secret) {
			t.Errorf("the centre sees %s, %q:\n%s", what, secret, text(invite))
		}
	}
	vias := 0
	for _, h := range invite.headers {
		if strings.HasPrefix(h, "Via:") {
			vias++
		}
	}
	if vias != 1 {
		t.Errorf("the INVITE to the centre has %d Via", vias)
	}
	if mediaOf(t, message{body: invite.body[strings.Index(invite.body, "v=0"):]}) != l.host {
		t.Errorf("the centre is not told to send its media to the edge:\n%s", invite.body)
	}
	for _, m := range a {
		if m.received && strings.Contains(text(m), "sip:centre@") {
			t.Errorf("the caller sees the centre's Contact:\n%s", text(m))
		}
	}
}

func tagOf(from string) string {
	_, tag, _ := strings.Cut(from, ";tag=")
	return tag
}
