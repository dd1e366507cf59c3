package systest

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"callbox/sip/call"
)

const ownCentre = `
accounts: [{sid: ` + labAccount + `, name: Test}]
acls: [{name: all, networks: [127.0.0.0/8]}]
domains: [{name: lab.sip.us1.twilio.com, emergency_calling: true, acls: [all]}]
addresses: [{id: sf, customer: Test, street: 645 Harrison St, city: San Francisco, state: CA, postal_code: "94105", country: US}]
numbers: [{number: "+14155550100", service: e911, address: sf}]
psaps:
  - {id: psap-x, uri: "sip:psap@127.0.0.1:9", ring: 20s, deliver: sip, callback: {user: psap-x, password: Callback-secret-1}, serves: {country: US, whole_country: true}}
eccs: [{id: ecc-us, country: US, uri: "sip:ecc-us@sim"}]
`

// desk is a baresip at the desk of a dispatcher, told what to do by its console.
type desk struct {
	host string
	said *buffer
}

// dispatcher starts one that is registered as a call centre at psap. and the lab's domain.
func dispatcher(t *testing.T, l *lab, centre string) *desk {
	t.Helper()
	p := newSoftphone(t)
	p.account = account(centre, "psap.lab.sip.us1.twilio.com", "udp", l.sip(), append(proves(centre, "Callback-secret-1", "600"), "answermode=auto")...)
	p.config, p.modules = "cons_listen "+p.host+":5555\n", []string{"cons"}
	d := &desk{p.host, p.start(t).said}
	eventually(t, 60*time.Second, "the centre is registered", func() error {
		if _, body := l.get(t, "/api/v1/registrations"); !strings.Contains(string(body), d.host+":6060") {
			return fmt.Errorf("%s\n%s", body, d.said)
		}
		return nil
	})
	return d
}

// do gives the phone a command.
func (d *desk) do(t *testing.T, command string) {
	t.Helper()
	c, err := net.Dial("udp", d.host+":5555")
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := c.Write([]byte(command + "\n")); err != nil {
		t.Fatal(err)
	}
}

// A call centre that is a phone with an account: its URI leads nowhere, and all that is known of it is what it registers.
func TestARegisteredCallCentreIsRungAndCallsBack(t *testing.T) {
	t.Parallel()
	l := startLab(t, settings{directory: ownCentre, md5Only: true, probeInterval: 200 * time.Millisecond})
	refused := string(l.post(t, "/api/v1/psaps/psap-x/callback", map[string]string{"number": sanFrancisco}, http.StatusConflict))
	if !strings.Contains(refused, "neither simulated nor registered") {
		t.Errorf("before it has registered the answer is %s", refused)
	}
	d := dispatcher(t, l, "psap-x")
	eventually(t, 30*time.Second, "its URI has failed", func() error {
		var all struct {
			PSAPs []struct {
				ID            string
				State         string
				InService     bool `json:"in_service"`
				Registered    bool
				ProbeFailures int `json:"probe_failures"`
			}
		}
		if _, body := l.get(t, "/api/v1/psaps"); json.Unmarshal(body, &all) != nil || len(all.PSAPs) == 0 {
			return fmt.Errorf("%s", body)
		}
		if x := all.PSAPs[0]; x.ID != "psap-x" || x.ProbeFailures < 3 || !x.InService || !x.Registered || x.State != "up" {
			return fmt.Errorf("%+v", x)
		}
		return nil
	})
	refused = string(l.post(t, "/api/v1/psaps/psap-x/callback", map[string]string{"number": sanFrancisco}, http.StatusConflict))
	if !strings.Contains(refused, "registered from "+d.host+":6060") || !strings.Contains(refused, "dial "+sanFrancisco) {
		t.Errorf("the answer is %s", refused)
	}

	host := newHost()
	caller := l.place(t, caller{scenario: "hung_up_on.xml", to: "911", at: host})
	eventually(t, 30*time.Second, "the centre has answered", func() error {
		if all := l.calls(t); len(all) != 1 || all[0].AnsweredBy != "psap-x" || all[0].State != call.StateAnswered {
			return fmt.Errorf("calls %+v\n%s", all, d.said)
		}
		return nil
	})
	d.do(t, "/hangup")
	_, lost := caller.finish(t).answer()
	if r := l.record(t, lost); tried(r) != "psap-x answered" || !strings.Contains(r.Attempts[0].URI, d.host) || r.EndReason != call.EndCalleeHungUp {
		t.Fatalf("tried %s, ended by %s: %+v", tried(r), r.EndReason, r.Attempts)
	}

	phone := startCentre(t, centre{scenario: "uas_hangs_up.xml", host: host, hold: 300 * time.Millisecond})
	d.do(t, "/dial sip:"+sanFrancisco+"@psap.lab.sip.us1.twilio.com")
	invite := phone.invited(t)
	if p := invite.header("Priority"); p != "psap-callback" {
		t.Errorf("the phone was called with Priority %q", p)
	}
	id := invite.header("X-Callbox-Call")
	r := l.record(t, id)
	if r.Direction != call.DirectionCallback || r.Centre != "psap-x" || string(r.CallbackOf) != lost || r.EndReason != call.EndCalleeHungUp {
		t.Errorf("the record says %s by %q about %s, ended by %s; %v\n%s", r.Direction, r.Centre, r.CallbackOf, r.EndReason, r.Trace, d.said)
	}
	if !strings.Contains(strings.Join(trace(r, "centre"), ""), "from where it has registered") {
		t.Errorf("the trace says %v", r.Trace)
	}
}
