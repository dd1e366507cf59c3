package systest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"callbox/sip/call"
)

// startTwinkle starts Twinkle's console without a sound card, as the number's phone.
func startTwinkle(t *testing.T, l *lab, number string, rtpPort int) console {
	t.Helper()
	path, err := exec.LookPath("twinkle-console")
	if err != nil {
		t.Skip("twinkle-console is not installed (Debian: apt-get install twinkle-console)")
	}
	dir := t.TempDir()
	for name, text := range map[string]string{
		".asoundrc": "pcm.!default { type null }\npcm.null { type null }\n",
		".twinkle/phone.cfg": fmt.Sprintf("user_name=%s\nuser_domain=lab.sip.us1.twilio.com\noutbound_proxy=%s\n"+
			"all_requests_to_proxy=yes\nregister_at_startup=no\ncodecs=g711u,g711a\next_100rel=required\n", number, l.sip()),
		".twinkle/twinkle.sys": fmt.Sprintf("sip_port=%d\nrtp_port=%d\ndev_ringtone=alsa:null\ndev_speaker=alsa:null\n"+
			"dev_mic=alsa:null\n", rtpPort-2, rtpPort),
	} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	c := startConsole(t, dir, path, "phone.cfg")
	c.await(t, "Twinkle>", 1)
	return c
}

// TestTwinkleHoldsAndResumes: it wants reliable provisional answers, and holds with sendonly.
func TestTwinkleHoldsAndResumes(t *testing.T) {
	t.Parallel()
	l := startLab(t, settings{})
	p := startTwinkle(t, l, sanFrancisco, 18002)
	p.do(t, "call sip:911@lab.sip.us1.twilio.com")
	p.await(t, "far end answered call", 1)
	id := l.theCall(t)
	for n, step := range []struct {
		command string
		event   call.EventKind
	}{{"hold", call.EventHeld}, {"retrieve", call.EventResumed}} {
		p.do(t, step.command)
		p.await(t, "re-INVITE successful", n+1)
		l.recordWhen(t, id, step.command+" is on record", func(r call.Record) bool { return slices.Contains(events(r), step.event) })
	}
	p.do(t, "bye")
	if r := l.record(t, id); r.AnsweredBy != "psap-sf" || r.EndReason != call.EndCallerHungUp {
		t.Errorf("answered by %q, ended by %v", r.AnsweredBy, r.EndReason)
	}
}
