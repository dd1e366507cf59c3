package systest

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"callbox/sip/call"
)

// pbx is a Kamailio in front of the lab's trunk.
type pbx struct {
	address string // where phones send
	said    *buffer
}

// startPBX starts Kamailio with the user's password and returns when it listens. It asks for session timers of the interval.
func startPBX(t *testing.T, l *lab, password, seconds string) pbx {
	t.Helper()
	path, dir, host := need(t, "kamailio", "kamailio"), t.TempDir(), newHost()
	list := filepath.Join(dir, "dispatcher.list")
	// 9: inactive until it has answered a probe.
	if err := os.WriteFile(list, []byte("1 sip:"+l.sip()+" 9\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(repository(t, "testdata", "pbx", "kamailio.cfg"))
	if err != nil {
		t.Fatal(err)
	}
	config := filepath.Join(dir, "kamailio.cfg")
	of := strings.NewReplacer("HERE", "udp:"+host+":5060", "TRUNK", `"`+trunk+`"`, "USER", `"alice"`, "PASSWORD", `"`+password+`"`,
		"SECONDS", seconds, "LIST", list)
	if err := os.WriteFile(config, []byte(of.Replace(string(text))), 0o600); err != nil {
		t.Fatal(err)
	}
	p := pbx{address: host + ":5060", said: &buffer{}}
	cmd := exec.Command(path, "-f", config, "-DD", "-E", "-m", "64", "-M", "4", "-Y", dir, "-P", filepath.Join(dir, "pid"))
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, p.said, p.said
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // with its workers
		_ = cmd.Wait()
	})
	p.await(t, "trunk is up")
	return p
}

// await waits until Kamailio has said something.
func (p pbx) await(t *testing.T, what string) {
	t.Helper()
	eventually(t, 30*time.Second, "Kamailio says "+what, func() error {
		if said := p.said.String(); !strings.Contains(said, what) {
			return errors.New(tail(said, 10))
		}
		return nil
	})
}

func TestAKamailioPBXUsesTheTrunk(t *testing.T) {
	t.Parallel()
	l := startLab(t, settings{})
	p := startPBX(t, l, password, "90")
	said := l.call(t, caller{scenario: "pbx_phone.xml", to: "911", domain: trunk, edge: p.address, hold: 300 * time.Millisecond})
	_, id := said.answer()
	r := l.record(t, id)
	if r.AnsweredBy != "psap-sf" || r.EndReason != call.EndCallerHungUp {
		t.Errorf("answered by %q, ended by %v", r.AnsweredBy, r.EndReason)
	}
	var held, resumed bool
	for _, e := range r.Events {
		held, resumed = held || e.Kind == call.EventHeld, resumed || e.Kind == call.EventResumed
	}
	if !held || !resumed {
		t.Errorf("held %v, resumed %v: %+v", held, resumed, r.Events)
	}
	answer, _ := said.find(func(m message) bool { return m.received && m.isStatus("200") })
	if !strings.HasPrefix(answer.header("Session-Expires"), "90") {
		t.Errorf("the phone was answered with Session-Expires %q, want the PBX's interval:\n%v", answer.header("Session-Expires"), answer.headers)
	}
}

func TestAKamailioPBXWithTheWrongPasswordIsRefused(t *testing.T) {
	t.Parallel()
	l := startLab(t, settings{})
	p := startPBX(t, l, "Callbox-lab-912", "90")
	final, _ := l.call(t, caller{scenario: "refused.xml", to: "911", domain: trunk, edge: p.address}).answer()
	if !final.isStatus("403") {
		t.Errorf("the phone received %v, want 403", final.start)
	}
}

func TestAKamailioPBXSeesTheTrunkGoDownAndUp(t *testing.T) {
	t.Parallel()
	l := startLab(t, settings{})
	p := startPBX(t, l, password, "90")
	l.signal(t, syscall.SIGTERM)
	p.await(t, "trunk is down")
}
