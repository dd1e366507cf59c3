package systest

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"callbox/sip/call"
)

// mediaOf returns the address of a message's SDP connection line.
func mediaOf(t *testing.T, m message) string {
	t.Helper()
	for line := range strings.Lines(m.body) {
		if rest, ok := strings.CutPrefix(strings.TrimSpace(line), "c=IN IP4 "); ok {
			return rest
		}
	}
	t.Fatalf("no c= line in the body of %q:\n%s", m.start, m.body)
	return ""
}

// between joins a caller and a call centre by an edge whose only directory entry is that centre.
func between(t *testing.T, s settings, c centre) (*lab, *sipp) {
	t.Helper()
	psap := startCentre(t, c)
	s.directory = directoryOf(t, target{id: "psap-first", uri: psap.uri()}, target{id: "ecc-us", uri: "sip:ecc-us@sim"})
	return startLab(t, s), psap
}

func isInvite(m message) bool { return m.isRequest("INVITE") }

func hasSDP(m message) bool { return strings.Contains(m.body, "m=audio") }

// directions returns the media directions of the SDP bodies that fulfil a condition, in order.
func directions(d dialogue, fulfils func(message) bool) []string {
	var s []string
	for _, m := range d.all(func(m message) bool { return hasSDP(m) && fulfils(m) }) {
		s = append(s, m.direction())
	}
	return s
}

func isOK(m message) bool { return m.isStatus("200") && m.method() == "INVITE" }

func TestHoldByTheCallerReachesTheCentre(t *testing.T) {
	t.Parallel()
	l, psap := between(t, settings{}, centre{scenario: "uas_held.xml"})
	said := l.call(t, caller{scenario: "hold.xml", to: "911", hold: 300 * time.Millisecond})
	_, id := said.answer()
	r := l.record(t, id)
	heard := psap.stop(t)

	want := []string{"sendrecv", "sendonly", "inactive", "sendrecv"}
	if diff := cmp.Diff(want, directions(heard, func(m message) bool { return m.received && isInvite(m) })); diff != "" {
		t.Errorf("offers at the centre (-want +got):\n%s", diff)
	}
	want = []string{"sendrecv", "recvonly", "inactive", "sendrecv"}
	if diff := cmp.Diff(want, directions(said, func(m message) bool { return m.received && isOK(m) })); diff != "" {
		t.Errorf("answers at the caller (-want +got):\n%s", diff)
	}
	if k := events(r); !slices.Contains(k, call.EventHeld) || !slices.Contains(k, call.EventResumed) {
		t.Errorf("events %v", k)
	}
}

func TestHoldByTheCentreReachesTheCaller(t *testing.T) {
	t.Parallel()
	l, psap := between(t, settings{}, centre{scenario: "uas_hold.xml", hold: 300 * time.Millisecond})
	said := l.call(t, caller{scenario: "held.xml", to: "911"})
	_, id := said.answer()
	r := l.record(t, id)
	heard := psap.stop(t)

	if diff := cmp.Diff([]string{"sendonly", "sendrecv"}, directions(said, func(m message) bool { return m.received && isInvite(m) })); diff != "" {
		t.Errorf("offers at the caller (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"recvonly", "sendrecv"}, directions(heard, func(m message) bool { return m.received && isOK(m) })); diff != "" {
		t.Errorf("answers at the centre (-want +got):\n%s", diff)
	}
	if r.EndReason != call.EndCalleeHungUp {
		t.Errorf("the call ended by %v", r.EndReason)
	}
}

func TestCodecChangeAndInfoPassEndToEndAndARefreshDoesNot(t *testing.T) {
	t.Parallel()
	l, psap := between(t, settings{}, centre{scenario: "uas_refreshed.xml"})
	said := l.call(t, caller{scenario: "refresh.xml", to: "911", hold: 200 * time.Millisecond})
	_, id := said.answer()
	l.record(t, id)
	heard := psap.stop(t)

	info, ok := heard.find(func(m message) bool { return m.received && m.isRequest("INFO") })
	if !ok || info.header("Content-Type") != "application/dtmf-relay" || !strings.Contains(info.body, "Signal=5") {
		t.Errorf("INFO at the centre: %+v", info)
	}
	refreshed, ok := said.find(func(m message) bool { return m.received && m.isStatus("200") && m.method() == "UPDATE" })
	if !ok || refreshed.header("Session-Expires") != "1800;refresher=uac" || refreshed.header("Require") != "timer" {
		t.Errorf("the caller's UPDATE was answered %+v", refreshed)
	}
	if _, ok := heard.find(func(m message) bool { return m.received && m.isRequest("UPDATE") }); ok {
		t.Error("the caller's refresh went on to the centre")
	}
	offers := heard.all(func(m message) bool { return m.received && isInvite(m) })
	if len(offers) != 2 || !strings.Contains(offers[1].body, "RTP/AVP 8 101") {
		t.Errorf("offers at the centre: %+v", offers)
	}
}

func TestOfferlessInviteIsOfferedByTheCentre(t *testing.T) {
	t.Parallel()
	l := startLab(t, settings{})
	said := l.call(t, caller{scenario: "offerless.xml", to: "911", hold: 300 * time.Millisecond})
	ok, found := said.find(func(m message) bool { return m.received && isOK(m) })
	if !found || !hasSDP(ok) {
		t.Fatalf("the 200 to an offerless INVITE offers nothing: %+v", ok)
	}
	_, id := said.answer()
	if diff := cmp.Diff(answered("psap-sf", sanFrancisco), outcomeOf(l.record(t, id))); diff != "" {
		t.Errorf("the record differs (-want +got):\n%s", diff)
	}
}

func TestLateAckKeepsTheCall(t *testing.T) {
	t.Parallel()
	l := startLab(t, settings{})
	said := l.call(t, caller{scenario: "late_ack.xml", to: "911", hold: 300 * time.Millisecond})
	if n := len(said.all(func(m message) bool { return m.received && isOK(m) })); n < 2 {
		t.Errorf("the 200 came %d times in the two seconds without ACK", n)
	}
	_, id := said.answer()
	if r := l.record(t, id); r.EndReason != call.EndCallerHungUp {
		t.Errorf("the call ended by %v", r.EndReason)
	}
}

func TestLostAckEndsTheCallOnBothSides(t *testing.T) {
	t.Parallel()
	l, psap := between(t, settings{}, centre{scenario: "uas_answer.xml"})
	said := l.call(t, caller{scenario: "lost_ack.xml", to: "911", limit: time.Minute})
	if n := len(said.all(func(m message) bool { return m.received && isOK(m) })); n < 5 {
		t.Errorf("the 200 came %d times in 32 seconds", n)
	}
	_, id := said.answer()
	if r := l.record(t, id); r.EndReason != call.EndNoAck {
		t.Errorf("the call ended by %v", r.EndReason)
	}
	if _, ok := psap.stop(t).find(func(m message) bool { return m.received && m.isRequest("BYE") }); !ok {
		t.Error("the centre got no BYE")
	}
}

func TestByeFromTheCentreEndsTheCall(t *testing.T) {
	t.Parallel()
	l, psap := between(t, settings{}, centre{scenario: "uas_hangs_up.xml", hold: 500 * time.Millisecond})
	_, id := l.call(t, caller{scenario: "hung_up_on.xml", to: "911"}).answer()
	if r := l.record(t, id); r.EndReason != call.EndCalleeHungUp || r.DurationMS < 400 {
		t.Errorf("the call ended by %v after %d ms", r.EndReason, r.DurationMS)
	}
	psap.stop(t)
}

func TestLargeInviteOverUDP(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		centre func(t *testing.T) *lab
	}{
		{"to a centre that takes TCP", func(t *testing.T) *lab { return startLab(t, settings{}) }},
		{"to a centre that takes UDP only", func(t *testing.T) *lab {
			l, _ := between(t, settings{}, centre{scenario: "uas_answer.xml"})
			return l
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			l := test.centre(t)
			_, id := l.call(t, caller{scenario: "large.xml", to: "911", hold: 300 * time.Millisecond}).answer()
			if r := l.record(t, id); r.EndReason != call.EndCallerHungUp {
				t.Errorf("the call ended by %v, attempts %v", r.EndReason, attempts(r))
			}
		})
	}
}

func TestOfferWithoutAudioIsNotAcceptable(t *testing.T) {
	t.Parallel()
	l := startLab(t, settings{})
	final, id := l.call(t, caller{scenario: "refused_sdp.xml", to: "911"}).answer()
	if !final.isStatus("488") {
		t.Errorf("the caller got %q", final.start)
	}
	checkRefusal(t, final, 0)
	if r := l.record(t, id); r.EndReason != call.EndBadRequest {
		t.Errorf("the call ended by %v", r.EndReason)
	}
}
