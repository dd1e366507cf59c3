package systest

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"callbox/sip/call"
)

// softphone runs a baresip that is registered as a user of a domain, until the test ends.
func softphone(t *testing.T, l *lab, user, transport, mode string) (host string) {
	t.Helper()
	path := need(t, "baresip", "baresip-core")
	modules := ""
	for _, m := range []string{"/usr/lib/baresip/modules", "/usr/lib/x86_64-linux-gnu/baresip/modules", "/usr/lib/aarch64-linux-gnu/baresip/modules"} {
		if _, err := os.Stat(m); err == nil {
			modules = m
		}
	}
	host, dir := newHost(), t.TempDir()
	writeWAV(t, filepath.Join(dir, "tone.wav"), tone(30))
	for name, text := range map[string]string{
		"contacts": "",
		"accounts": fmt.Sprintf("<sip:%[1]s@%[2]s;transport=%[3]s>;auth_user=%[1]s;auth_pass=%[4]s;regint=600;answermode=%[5]s;outbound=\"sip:%[6]s;transport=%[3]s\";audio_codecs=PCMU/8000/1\n",
			user, phones, transport, password, mode, l.sip()),
		"config": fmt.Sprintf("sip_listen %[1]s:6060\nnet_interface %[1]s\nrtp_ports 17000-17900\n"+
			"audio_source aufile,%[2]s/tone.wav\naudio_player aubridge,nil\naudio_alert aubridge,nil\nsnd_path %[2]s\n"+
			"module_path %[3]s\nmodule g711.so\nmodule aufile.so\nmodule aubridge.so\n"+
			"module_tmp account.so\nmodule_app menu.so\n", host, dir, modules),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	c := startSoftphone(t, path, dir)
	eventually(t, 60*time.Second, "the phone is registered", func() error {
		_, body := l.get(t, "/api/v1/registrations")
		switch {
		case strings.Contains(string(body), host+":"):
			return nil
		case strings.Contains(c.said.String(), "not implemented"): // it gives up on two challenges, and gets one next time
			c.stop()
			c = startSoftphone(t, path, dir)
		}
		return fmt.Errorf("%s\n%s", body, c.said)
	})
	return host
}

// softphoneRun is a baresip that runs.
type softphoneRun struct {
	said *buffer
	stop func()
}

// startSoftphone starts baresip on the files in dir, until the test ends or it is stopped.
func startSoftphone(t *testing.T, path, dir string) softphoneRun {
	t.Helper()
	said := &buffer{}
	cmd := exec.Command(path, "-f", dir)
	cmd.Stdout, cmd.Stderr = said, said
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	cmd.WaitDelay = 5 * time.Second
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	stop := sync.OnceFunc(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	t.Cleanup(stop)
	return softphoneRun{said, stop}
}

// A softphone behind a connection of its own: the callback has to come by that one.
func TestARegisteredPhoneRingsByItsConnection(t *testing.T) {
	t.Parallel()
	l := startLab(t, settings{})
	l.script(t, "psap-sf", `{"hang_up_after": "7s"}`) // baresip's media has another address than its SIP, and is heard late
	host := softphone(t, l, "alice", "tcp", "auto")
	wire := startCapture(t, "tcp and (host "+l.host+" or host "+host+")")
	r := l.record(t, l.callback(t, "psap-sf", map[string]string{"number": sanFrancisco}))
	if r.AnsweredBy != "alice@"+phones || r.EndReason != call.EndCallerHungUp {
		t.Fatalf("answered by %q, ended by %s, tried %s; %v", r.AnsweredBy, r.EndReason, tried(r), r.Trace)
	}
	if r.Media.FromCaller.Packets < 50 || r.Media.FromCentre.Packets < 50 || r.Media.OneWay {
		t.Errorf("media: %+v", r.Media)
	}
	eventually(t, 20*time.Second, "tshark sees the INVITE by the phone's connection", func() error {
		find := func(filter string) string {
			out, _ := exec.Command(wire.tshark, "-r", wire.file, "-d", "tcp.port==6060,sip", "-Y", filter, "-T", "fields", "-e", "sip.msg_hdr", "-e", "tcp.dstport").Output()
			return string(out)
		}
		if opened := find("tcp.flags.syn==1 && tcp.flags.ack==0 && ip.dst==" + host); opened != "" {
			t.Fatalf("the edge has opened a connection to the phone: %s", opened)
		}
		if !strings.Contains(find(`sip.Method=="INVITE" && ip.src==`+l.host), "Priority: psap-callback") {
			return errors.New("no INVITE")
		}
		return nil
	})
}

func TestTwoPhonesOfAUserRing(t *testing.T) {
	t.Parallel()
	l := startLab(t, settings{})
	l.script(t, "psap-sf", `{"hang_up_after": "500ms"}`)
	ringing := softphone(t, l, "alice", "udp", "manual")
	answering := softphone(t, l, "alice", "udp", "auto")
	wire := startCapture(t, "udp and host "+ringing)
	r := l.record(t, l.callback(t, "psap-sf", map[string]string{"number": sanFrancisco}))
	outcomes := map[string]string{}
	for _, a := range r.Attempts {
		for _, host := range []string{ringing, answering} {
			if strings.Contains(a.URI, host) {
				outcomes[host] = a.Outcome
			}
		}
	}
	if outcomes[ringing] != "cancelled" || outcomes[answering] != "answered" {
		t.Errorf("attempts %+v", r.Attempts)
	}
	eventually(t, 20*time.Second, "tshark sees the CANCEL", func() error {
		out, _ := exec.Command(wire.tshark, "-r", wire.file, "-d", "udp.port==6060,sip", "-Y", `sip.Method=="CANCEL"`, "-T", "fields", "-e", "sip.msg_hdr").CombinedOutput()
		if !strings.Contains(string(out), "completed elsewhere") {
			return fmt.Errorf("CANCEL: %s", out)
		}
		return nil
	})
}

// script changes what a simulated call centre does.
func (l *lab) script(t *testing.T, centre, text string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPut, l.url("/api/v1/psaps/"+centre+"/script"), strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("script: %s", resp.Status)
	}
}
