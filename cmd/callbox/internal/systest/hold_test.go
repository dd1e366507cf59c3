package systest

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"callbox/sip/call"
)

func TestHoldTheOldWayAndTheMediaAfterIt(t *testing.T) {
	t.Parallel()
	l, psap := between(t, settings{}, centre{scenario: "uas_held_old.xml", media: true})
	dir := t.TempDir()
	speaks(t, dir)
	said := l.call(t, caller{scenario: "hold_old.xml", to: "911", hold: 2 * time.Second, dir: dir})
	_, id := said.answer()
	r := l.record(t, id)
	heard := psap.stop(t)
	want := []string{"sendrecv", "sendonly", "sendrecv"}
	if diff := cmp.Diff(want, directions(heard, func(m message) bool { return m.received && isInvite(m) })); diff != "" {
		t.Errorf("offers at the centre (-want +got):\n%s", diff)
	}
	for _, m := range heard.all(func(m message) bool { return m.received && isInvite(m) }) {
		if mediaOf(t, m) != l.host {
			t.Errorf("the centre was told to send to %s", mediaOf(t, m))
		}
	}
	want = []string{"sendrecv", "recvonly", "sendrecv"}
	if diff := cmp.Diff(want, directions(said, func(m message) bool { return m.received && isOK(m) })); diff != "" {
		t.Errorf("answers at the caller (-want +got):\n%s", diff)
	}
	// The caller speaks only after it has taken the hold back, and the centre echoes.
	if r.Media.FromCaller.Packets < 20 || r.Media.FromCentre.Packets < 20 {
		t.Errorf("media after the hold: %+v", r.Media)
	}
	if r.EndReason != call.EndCallerHungUp {
		t.Errorf("the call ended by %v", r.EndReason)
	}
}

// speaks writes what SIPp's caller says.
func speaks(t *testing.T, dir string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, "speech.ulaw"), ulaw(tone(5)), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestAHoldThatIsTakenBackWithoutAnOfferMutesNobody(t *testing.T) {
	t.Parallel()
	l, psap := between(t, settings{}, centre{scenario: "uas_held_mute.xml", media: true})
	dir := t.TempDir()
	speaks(t, dir)
	said := l.call(t, caller{scenario: "hold_offerless.xml", to: "911", hold: 2 * time.Second, dir: dir})
	_, id := said.answer()
	r := l.record(t, id)
	heard := psap.stop(t)
	want := []string{"sendrecv", "recvonly", "sendrecv"} // the last is an offer, though the centre's was recvonly
	if diff := cmp.Diff(want, directions(said, func(m message) bool { return m.received && isOK(m) })); diff != "" {
		t.Errorf("at the caller (-want +got):\n%s", diff)
	}
	want = []string{"sendrecv", "sendonly", "sendrecv"} // the last is the edge's own
	if diff := cmp.Diff(want, directions(heard, func(m message) bool { return m.received && isInvite(m) })); diff != "" {
		t.Errorf("offers at the centre (-want +got):\n%s", diff)
	}
	if r.Media.FromCaller.Packets < 20 || r.Media.FromCentre.Packets < 20 {
		t.Errorf("media after the hold: %+v", r.Media)
	}
}
