package systest

import (
	"encoding/json"
	"errors"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

// examination is a `callbox doctor` that listens.
type examination struct {
	sip, tls string
	cmd      *exec.Cmd
	out, err *buffer
	done     chan struct{}
}

// examine starts a doctor and returns when it listens.
func examine(t *testing.T, args ...string) *examination {
	t.Helper()
	host := newHost()
	e := &examination{sip: host + ":5060", tls: host + ":5061", out: &buffer{}, err: &buffer{}, done: make(chan struct{})}
	e.cmd = exec.Command(callbox(t), append([]string{"doctor", "--sip", e.sip, "--timeout", "2m", "-o", "json"}, args...)...)
	e.cmd.Stdout, e.cmd.Stderr = e.out, e.err
	e.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := e.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { defer close(e.done); _ = e.cmd.Wait() }()
	t.Cleanup(func() { _ = e.cmd.Process.Kill(); <-e.done })
	eventually(t, 30*time.Second, "the doctor listens", func() error {
		if !strings.Contains(e.err.String(), "listening on") {
			return errors.New(e.err.String())
		}
		return nil
	})
	return e
}

// pbxCalls places one call of a PBX by SIPp to its end.
func (e *examination) pbxCalls(t *testing.T, scenario, to, from string, args ...string) {
	t.Helper()
	at := newHost()
	s := startSIPp(t, scenario, at, "", e.sip, append([]string{
		"-t", "u1", "-m", "1", "-d", "1500", "-timeout", "60", "-timeout_error", "-rtp_echo", "-oocsn", "ooc_default",
		"-key", "ruri", "sip:" + to + "@" + trunk, "-key", "to", "<sip:" + to + "@" + trunk + ">", "-key", "from", "<sip:" + from + "@" + trunk + ">",
		"-key", "proto", "UDP", "-key", "at", at + ":6060",
	}, args...)...)
	s.finish(t)
}

// diagnosis is the report of an examination.
type diagnosis struct {
	code   int
	OK     bool `json:"ok"`
	Calls  int  `json:"calls"`
	Checks []struct {
		ID, State, Saw, Mend string
		Mend3CX              string `json:"mend_3cx"`
	}
}

// report waits for the end of the run, which it asks for where hurry is set, and returns what was found.
func (e *examination) report(t *testing.T, hurry bool) diagnosis {
	t.Helper()
	if hurry {
		_ = e.cmd.Process.Signal(syscall.SIGINT)
	}
	select {
	case <-e.done:
	case <-time.After(60 * time.Second):
		t.Fatalf("the doctor does not end:\n%s", e.err)
	}
	d := diagnosis{code: e.cmd.ProcessState.ExitCode()}
	if err := json.Unmarshal([]byte(e.out.String()), &d); err != nil {
		t.Fatalf("%v\n%s\n%s", err, e.out, e.err)
	}
	return d
}

// want checks the states of checks, each written "ID state words".
func (d diagnosis) want(t *testing.T, wanted ...string) {
	t.Helper()
	for _, w := range wanted {
		id, rest, _ := strings.Cut(w, " ")
		state, words, _ := strings.Cut(rest, " ")
		found := false
		for _, c := range d.Checks {
			if c.ID != id {
				continue
			}
			found = true
			if text := c.Saw + " " + c.Mend + " " + c.Mend3CX; c.State != state || !strings.Contains(text, words) {
				t.Errorf("want %s; got %s: %s", w, c.State, text)
			}
		}
		if !found {
			t.Errorf("there is no check %s", id)
		}
	}
}

func TestTheDoctorFindsNothingWrongWithAGoodPBX(t *testing.T) {
	t.Parallel()
	e := examine(t, "--number", sanFrancisco, "--user", "alice", "--password", "Callbox-lab-911", "--talk", "20s")
	for _, to := range []string{"933", "911"} {
		e.pbxCalls(t, "digest.xml", to, sanFrancisco, "-au", "alice", "-ap", "Callbox-lab-911")
	}
	d := e.report(t, false)
	if d.code != 0 || !d.OK || d.Calls != 2 {
		t.Errorf("exit code %d, %d calls\n%s", d.code, d.Calls, e.out)
	}
	d.want(t, "dialled_933 ok", "dialled_911 ok", "direct_dial ok", "caller_place ok", "caller_format ok", "caller_known ok",
		"authentication ok alice by MD5", "transport ok", "srtp ok", "codec ok PCMU", "dtmf ok", "audio ok", "ack ok", "way_back ok 200")
}

func TestTheDoctorSaysWhatIsWrongWithABadPBX(t *testing.T) {
	t.Parallel()
	e := examine(t, "--user", "hq-trunk", "--password", "Callbox-lab-911", "--talk", "1s", "--dialled", "911")
	e.pbxCalls(t, "pbx_wrong.xml", "9911", "hq-trunk") // it is challenged, and gives up
	e.pbxCalls(t, "digest.xml", "4155551234", "4155550100", "-au", "hq-trunk", "-ap", "wrong", "-d", "100")
	d := e.report(t, true)
	if d.code != 1 || d.OK {
		t.Errorf("exit code %d", d.code)
	}
	d.want(t, "dialled_911 wrong it came as 9911", "direct_dial wrong Kari's Law", "caller_place wrong the authentication ID; P-Asserted-Identity has +14155550100",
		"caller_place wrong OutboundCallerId", "caller_format wrong +14155550100", "called_format wrong Prepend +1", "authentication wrong",
		"dtmf wrong RFC 4733", "session_timer wrong 90 s")

	e = examine(t, "--talk", "1s", "--secure", "--tls", newHost()+":5061")
	e.pbxCalls(t, "pbx_wrong.xml", "911", sanFrancisco)
	e.pbxCalls(t, "refused_sdp.xml", "933", sanFrancisco)
	d = e.report(t, false)
	if d.code != 1 || d.OK {
		t.Errorf("exit code %d", d.code)
	}
	d.want(t, "dialled_911 ok", "dialled_933 ok", "caller_place ok", "transport wrong root certificate", "srtp wrong plain RTP", "codec wrong no audio line",
		"audio wrong 10.9.8.7, a private address", "ack ok", "way_back wrong 127.255.255.1")
}

// baresip registers, is called back, and calls by TLS with SRTP.
func TestTheDoctorExaminesBaresip(t *testing.T) {
	t.Parallel()
	p, host := newSoftphone(t), newHost()
	e := examine(t, "--secure", "--tls", host+":5061", "--dialled", "933", "--user", "alice", "--password", "Callbox-lab-911", "--talk", "2s",
		"--algorithms", "MD5") // this baresip gives up its first call where SHA-256 is offered, too
	p.listen = "127.0.0.1:0" // what its media comes from
	p.account = account(sanFrancisco, trunk, "tls", host+":5061", append(proves("alice", "Callbox-lab-911", "60"), "mediaenc=srtp-mand")...)
	p.config, p.modules = "sip_verify_server no\n", []string{"srtp"}
	said := p.start(t, "-e", "/dial sip:933@"+trunk).said
	d := e.report(t, false)
	d.want(t, "registration ok "+sanFrancisco, "dialled_933 ok", "caller_place ok", "authentication ok alice", "transport ok TLS", "srtp ok AES_CM_128_HMAC_SHA1_80",
		"codec ok", "audio ok", "ack ok", "way_back ok")
	if t.Failed() {
		t.Logf("doctor: %s\nbaresip: %s", e.err, said)
	}
}
