package systest

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"callbox/sip/call"
)

// withoutAddress has no registered address: its calls reach the national emergency call centre.
const withoutAddress = "+14155550102"

// talk places a call to 911 and returns its ID once it is answered; hungUp waits for its end.
func (l *lab) talk(t *testing.T, length time.Duration) (id string, hungUp func() placed) {
	t.Helper()
	before := len(l.calls(t))
	type end struct {
		stdout, stderr string
		code           int
	}
	ended := make(chan end, 1)
	go func() {
		var e end
		e.stdout, e.stderr, e.code = command(t, "call", "-o", "json", "911", "--from", withoutAddress, "--tone",
			"--duration", length.String(), "--edge", l.sip())
		ended <- e
	}()
	eventually(t, 30*time.Second, "the call comes up", func() error {
		all := l.calls(t)
		if len(all) <= before || all[0].State != call.StateAnswered {
			return fmt.Errorf("%d calls, %d before", len(all), before)
		}
		id = string(all[0].ID)
		return nil
	})
	return id, func() (p placed) {
		t.Helper()
		e := <-ended
		if err := json.Unmarshal([]byte(e.stdout), &p); err != nil || e.code != 0 {
			t.Fatalf("callbox call ended with code %d: %v\n%s%s", e.code, err, e.stdout, e.stderr)
		}
		return p
	}
}

// transfer has the simulated agent of a call send it on.
func (l *lab) transfer(t *testing.T, id string, how map[string]any) {
	t.Helper()
	l.post(t, "/api/v1/calls/"+id+"/transfer", how, http.StatusAccepted)
}

// heard waits until a simulated centre has said something on a call.
func (l *lab) heard(t *testing.T, id, centre string) {
	t.Helper()
	eventually(t, 30*time.Second, centre+" speaks", func() error {
		var detail struct {
			Transcripts []struct {
				Centre string
				Said   []string
			}
		}
		_, body := l.get(t, "/api/v1/calls/"+id)
		if err := json.Unmarshal(body, &detail); err != nil {
			return err
		}
		for _, x := range detail.Transcripts {
			if x.Centre == centre && len(x.Said) > 0 {
				return nil
			}
		}
		return errors.New("it has said nothing yet")
	})
}

// sees counts the packets of a capture that a display filter lets through, once there are some.
func (c *capture) sees(t *testing.T, filter string) (packets int) {
	t.Helper()
	eventually(t, 30*time.Second, "tshark sees "+filter, func() error {
		if packets = c.count(t, filter); packets == 0 {
			return errors.New("no packet is so")
		}
		return nil
	})
	return packets
}

func (c *capture) count(t *testing.T, filter string) int {
	t.Helper()
	out, err := exec.Command(c.tshark, "-r", c.file, "-d", "udp.port==6060,sip", "-d", "udp.port==6070,sip", "-Y", filter,
		"-T", "fields", "-e", "frame.number").Output()
	var exit *exec.ExitError
	if err != nil && !(errors.As(err, &exit) && len(out) > 0) { // the file may end within a packet
		return 0
	}
	return len(strings.Fields(string(out)))
}

// The story of the provider's guide: a number without a registered address calls the national emergency call centre, whose
// agent finds out where the caller is and transfers the call to the local centre.
func TestTheNationalCentreTransfersToTheLocalOne(t *testing.T) {
	t.Parallel()
	l := startLab(t, settings{})
	wire := startCapture(t, "udp and host "+l.host)
	id, hungUp := l.talk(t, 6*time.Second)
	l.heard(t, id, "ecc-us")
	l.transfer(t, id, map[string]any{"to": "psap-sf"})
	l.recordWhen(t, id, "psap-sf has the call", func(r call.Record) bool { return r.AnsweredBy == "psap-sf" })
	l.heard(t, id, "psap-sf")
	p := hungUp()
	r := l.record(t, id)
	if tried(r) != "ecc-us answered, psap-sf answered" || r.Attempts[1].TransferredBy != "ecc-us" || r.EndReason != call.EndCallerHungUp {
		t.Errorf("tried %s, ended by %s: %+v", tried(r), r.EndReason, r.Attempts)
	}
	if kinds := events(r); !slices.Contains(kinds, call.EventTransferring) || !slices.Contains(kinds, call.EventTransferred) {
		t.Errorf("events %v", kinds)
	}
	if p.HungUpBy != "caller" || p.PacketsReceived < 150 {
		t.Errorf("the caller tells %+v", p)
	}
	wire.sees(t, `sip.Method == "REFER" && frame contains "Refer-To: <sip:psap-sf@"`)
	wire.sees(t, `sip.Method == "NOTIFY" && frame contains "SIP/2.0 100 Trying"`)
	wire.sees(t, `sip.Method == "NOTIFY" && frame contains "SIP/2.0 200 OK" && frame contains "terminated;reason=noresource"`)
	wire.sees(t, `sip.Method == "INVITE" && frame contains "Referred-By: <sip:ecc-us@" && frame contains "Priority: emergency" && frame contains "P-Asserted-Identity: <sip:`+withoutAddress+`@"`)
	if n := wire.count(t, `sip.Method == "INVITE" && ip.src == `+l.host+` && udp.dstport != 6070 && udp.srcport == 6060`); n > 0 {
		t.Errorf("the caller was re-INVITEd %d times, though nothing has changed for it", n)
	}
	wire.followsTheCaller(t, l)
}

// followsTheCaller checks that what the caller has sent went to one centre and then to the other, and that the caller has
// heard both, without a packet lost on the way.
func (c *capture) followsTheCaller(t *testing.T, l *lab) {
	t.Helper()
	c.streams(t, func(all []stream) error {
		sent, heard := flowing(all, "127.0.0.1", l.host), flowing(all, l.host, "127.0.0.1")
		if len(sent) != 1 || len(heard) != 2 {
			return fmt.Errorf("%d streams from the caller, %d to it: %+v", len(sent), len(heard), all)
		}
		for _, s := range append(heard, sent...) {
			if s.packets < 20 || s.lost != 0 {
				return fmt.Errorf("stream %+v", s)
			}
		}
		centres := 0
		for _, s := range flowing(all, l.host, l.host) { // the edge to the centres, and they to the edge
			for _, from := range sent {
				if s.from == from.to {
					return fmt.Errorf("the port of the caller's side sends to a centre: %+v", s)
				}
			}
			centres += s.packets
		}
		for _, s := range heard { // what the centres have sent reached the caller
			centres -= s.packets
		}
		if gone := sent[0].packets - centres; gone > 10 || gone < -10 {
			return fmt.Errorf("the caller has sent %d packets, of which the centres got all but %d", sent[0].packets, gone)
		}
		return nil
	})
}

func TestTransfersOfOtherKindsAndThoseThatFail(t *testing.T) {
	t.Parallel()
	l := startLab(t, settings{scripts: "centres: {psap-oakland: {answer: busy, ring: 0s}, ecc-us: {greeting: Hello.}}\n"})
	wire := startCapture(t, "udp and host "+l.host+" and (port 6060 or port 6070)")

	t.Run("attended", func(t *testing.T) {
		id, hungUp := l.talk(t, 6*time.Second)
		l.transfer(t, id, map[string]any{"to": "psap-sf", "attended": true})
		l.recordWhen(t, id, "psap-sf has the call", func(r call.Record) bool { return r.AnsweredBy == "psap-sf" })
		l.heard(t, id, "psap-sf")
		hungUp()
		if r := l.record(t, id); tried(r) != "ecc-us answered, psap-sf answered" || r.EndReason != call.EndCallerHungUp {
			t.Errorf("tried %s, ended by %s", tried(r), r.EndReason)
		}
		wire.sees(t, `sip.Method == "INVITE" && frame contains "Replaces: " && frame contains "Require: replaces"`)
	})
	t.Run("the agent hangs up at once", func(t *testing.T) {
		id, hungUp := l.talk(t, 5*time.Second)
		l.transfer(t, id, map[string]any{"to": "psap-sf", "hang_up": true})
		l.recordWhen(t, id, "psap-sf has the call", func(r call.Record) bool { return r.AnsweredBy == "psap-sf" })
		hungUp()
		if r := l.record(t, id); r.EndReason != call.EndCallerHungUp {
			t.Errorf("ended by %s", r.EndReason)
		}
	})
	t.Run("the other centre is busy", func(t *testing.T) {
		id, hungUp := l.talk(t, 4*time.Second)
		l.transfer(t, id, map[string]any{"to": "psap-oakland"})
		r := l.recordWhen(t, id, "the transfer fails", func(r call.Record) bool {
			return slices.Contains(events(r), call.EventTransferFailed)
		})
		if r.AnsweredBy != "ecc-us" || r.State != call.StateAnswered {
			t.Errorf("after it the call is %s with %s", r.State, r.AnsweredBy)
		}
		hungUp()
		if r := l.record(t, id); r.EndReason != call.EndCallerHungUp || r.AnsweredBy != "ecc-us" {
			t.Errorf("ended by %s, with %s", r.EndReason, r.AnsweredBy)
		}
		wire.sees(t, `sip.Method == "NOTIFY" && frame contains "SIP/2.0 486 Busy Here"`)
	})
	t.Run("and the agent has gone", func(t *testing.T) {
		id, hungUp := l.talk(t, 6*time.Second)
		l.transfer(t, id, map[string]any{"to": "psap-oakland", "hang_up": true})
		l.recordWhen(t, id, "somebody else has the call", func(r call.Record) bool {
			return tried(r) == "ecc-us answered, psap-oakland busy, ecc-us answered"
		})
		hungUp()
		if r := l.record(t, id); r.EndReason != call.EndCallerHungUp {
			t.Errorf("ended by %s", r.EndReason)
		}
	})
	l.post(t, "/api/v1/calls/CA00000000000000000000000000000000/transfer", map[string]any{"to": "psap-sf"}, http.StatusNotFound)
}

func TestARealCentreTransfersByItself(t *testing.T) {
	t.Parallel()
	l, psap := between(t, settings{}, centre{scenario: "uas_answer.xml", media: true})
	done := make(chan struct{})
	go func() {
		defer close(done)
		command(t, "call", "911", "--from", sanFrancisco, "--edge", l.sip(), "--duration", "2s")
	}()
	id := l.theCall(t)
	l.recordWhen(t, id, "the call is answered", func(r call.Record) bool { return r.State == call.StateAnswered })
	body := l.post(t, "/api/v1/calls/"+id+"/transfer", map[string]any{"to": "ecc-us"}, http.StatusConflict)
	if !strings.Contains(string(body), "Refer-To: <sip:ecc-us@"+l.sip()+">") && !strings.Contains(string(body), "is not simulated") {
		t.Errorf("the answer is %s", body)
	}
	<-done
	psap.stop(t)
}
