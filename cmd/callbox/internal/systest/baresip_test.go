package systest

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"callbox/sip/call"
)

// baresip runs the softphone of that name until it has dialled and quit, and returns what it said. Its own tone goes
// out, and what it hears is written to a dump-*-dec.wav in dir.
func baresip(t *testing.T, l *lab, dir, from, to, transport string, quit time.Duration) string {
	t.Helper()
	return runBaresip(t, dir, fmt.Sprintf("<sip:%s@lab.sip.us1.twilio.com;transport=%s>;regint=0;outbound=\"sip:%s;transport=%[2]s\";audio_codecs=PCMU/8000/1\n",
		from, transport, l.sip()), "sip:"+to+"@lab.sip.us1.twilio.com", quit)
}

// runBaresip is baresip with a line of its accounts file.
func runBaresip(t *testing.T, dir, account, to string, quit time.Duration) string {
	t.Helper()
	path := need(t, "baresip", "baresip-core")
	modules := baresipModules()
	host := newHost()
	writeWAV(t, filepath.Join(dir, "tone.wav"), tone(30))
	files := map[string]string{
		"contacts": "",
		"accounts": account,
		"config": fmt.Sprintf("sip_listen %[1]s:6060\nnet_interface %[1]s\nrtp_ports 17000-17900\n"+
			"audio_source aufile,%[2]s/tone.wav\naudio_player aubridge,nil\naudio_alert aubridge,nil\nsnd_path %[2]s\n"+
			"module_path %[3]s\nmodule g711.so\nmodule aufile.so\nmodule aubridge.so\nmodule sndfile.so\n"+
			"module_tmp account.so\nmodule_app menu.so\n", host, dir, modules),
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var said bytes.Buffer
	cmd := exec.Command(path, "-f", dir, "-e", "/dial "+to, "-t", seconds(quit))
	cmd.Stdout, cmd.Stderr = &said, &said
	cmd.WaitDelay = 5 * time.Second
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	stuck := time.AfterFunc(quit+15*time.Second, func() { _ = cmd.Process.Kill() })
	defer stuck.Stop()
	if err := cmd.Wait(); err != nil {
		t.Fatalf("baresip: %v\n%s", err, &said)
	}
	return said.String()
}

// baresipModules is the directory of its modules.
func baresipModules() (dir string) {
	for _, m := range []string{"/usr/lib/baresip/modules", "/usr/lib/x86_64-linux-gnu/baresip/modules", "/usr/lib/aarch64-linux-gnu/baresip/modules"} {
		if _, err := os.Stat(m); err == nil {
			dir = m
		}
	}
	return dir
}

func TestBaresipTalksToACallTaker(t *testing.T) {
	t.Parallel()
	for _, transport := range []string{"udp", "tcp"} {
		t.Run(transport, func(t *testing.T) {
			t.Parallel()
			l, dir := startLab(t, settings{}), t.TempDir()
			said := baresip(t, l, dir, sanFrancisco, "911", transport, 9*time.Second)
			if !strings.Contains(said, "Call established") {
				t.Fatalf("baresip was not answered:\n%s", said)
			}
			r := l.record(t, l.theCall(t))
			if r.AnsweredBy != "psap-sf" || r.EndReason != call.EndCallerHungUp || r.Transport != transport {
				t.Errorf("answered by %q over %s, ended by %v", r.AnsweredBy, r.Transport, r.EndReason)
			}
			if r.Media.FromCaller.Packets < 150 || r.Media.FromCentre.Packets < 150 || r.Media.OneWay {
				t.Errorf("media: %+v", r.Media)
			}
			heard, err := filepath.Glob(filepath.Join(dir, "dump-*-dec.wav"))
			if err != nil || len(heard) != 1 {
				t.Fatalf("baresip wrote %v", heard)
			}
			if s := readWAV(t, heard[0]); s.active < time.Second {
				t.Errorf("baresip heard %+v", s)
			}
		})
	}
}

func TestBaresipIsToldThatAStrangerIsRefused(t *testing.T) {
	t.Parallel()
	l := startLab(t, settings{})
	said := baresip(t, l, t.TempDir(), stranger, "911", "udp", 3*time.Second)
	if !strings.Contains(said, "403") {
		t.Errorf("baresip said:\n%s", said)
	}
}
