package systest

import (
	"errors"
	"fmt"
	"net/http"
	"os/exec"
	"strings"
	"testing"
	"time"

	"callbox/sip/call"
)

// registeredPhone runs a softphone that is registered as a user of a domain, until the test ends.
func registeredPhone(t *testing.T, l *lab, user, transport, mode string) (host string) {
	t.Helper()
	p := newSoftphone(t)
	p.account = account(user, phones, transport, l.sip(), append(proves(user, password, "600"), "answermode="+mode)...)
	p.register(t, l)
	return p.host
}

// A softphone behind a connection of its own: the callback has to come by that one.
func TestARegisteredPhoneRingsByItsConnection(t *testing.T) {
	t.Parallel()
	l := startLab(t, settings{})
	l.script(t, "psap-sf", `{"hang_up_after": "7s"}`) // baresip's media has another address than its SIP, and is heard late
	host := registeredPhone(t, l, "alice", "tcp", "auto")
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
	ringing := registeredPhone(t, l, "alice", "udp", "manual")
	answering := registeredPhone(t, l, "alice", "udp", "auto")
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
