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

	trunking "github.com/twilio/twilio-go/rest/trunking/v1"

	"callbox/sip/call"
)

// callback has a simulated centre call back and returns the ID of the new call.
func (l *lab) callback(t *testing.T, centre string, whom map[string]string) string {
	t.Helper()
	var made struct {
		CallID string `json:"call_id"`
	}
	if err := json.Unmarshal(l.post(t, "/api/v1/psaps/"+centre+"/callback", whom, http.StatusOK), &made); err != nil {
		t.Fatal(err)
	}
	if made.CallID == "" {
		t.Fatal("the answer names no call")
	}
	return made.CallID
}

// originate gives the lab's trunk an origination URL.
func (l *lab) originate(t *testing.T, name, url string, priority, weight int) {
	t.Helper()
	l.originateBy(t, trunk, name, url, priority, weight)
}

// originateBy gives a trunk an origination URL.
func (l *lab) originateBy(t *testing.T, trunk, name, url string, priority, weight int) {
	t.Helper()
	c := l.customer(t)
	all := ok[[]trunking.TrunkingV1Trunk](t)(c.trunk.ListTrunk(&trunking.ListTrunkParams{}))
	i := slices.IndexFunc(all, func(k trunking.TrunkingV1Trunk) bool { return *k.DomainName == trunk })
	if i < 0 {
		t.Fatal("the lab has no trunk")
	}
	ok[any](t)(c.trunk.CreateOriginationUrl(*all[i].Sid, (&trunking.CreateOriginationUrlParams{}).SetFriendlyName(name).
		SetSipUrl(url).SetPriority(priority).SetWeight(weight).SetEnabled(true)))
}

// trace returns what a rule saw, each time it was tried.
func trace(r call.Record, rule string) (saw []string) {
	for _, s := range r.Trace {
		if s.Name == rule {
			saw = append(saw, s.Outcome+": "+s.Saw)
		}
	}
	return saw
}

// tried is the attempts of a record in a line.
func tried(r call.Record) string {
	var all []string
	for _, a := range r.Attempts {
		all = append(all, a.Target+" "+a.Outcome)
	}
	return strings.Join(all, ", ")
}

// invited waits for the INVITE that SIPp was sent and returns it.
func (s *sipp) invited(t *testing.T) (m message) {
	t.Helper()
	eventually(t, 30*time.Second, "SIPp is called", func() error {
		var ok bool
		m, ok = s.said(t).find(func(m message) bool { return m.received && m.isRequest("INVITE") })
		if !ok {
			return errors.New("no INVITE has come")
		}
		return nil
	})
	return m
}

// The story of the provider's guide: somebody calls from behind a PBX, the call is lost, the dispatcher calls the number
// back, and the PBX rings.
func TestADispatcherCallsBackThroughTheTrunk(t *testing.T) {
	t.Parallel()
	l := startLab(t, settings{})
	pbx := startCentre(t, centre{scenario: "uas_hangs_up.xml", hold: 4 * time.Second, media: true})
	l.originate(t, "pbx", "sip:"+pbx.host+":6060", 10, 10)
	wire := startCapture(t, "udp and host "+pbx.host)
	_, lost := l.call(t, caller{scenario: "digest.xml", to: "911", domain: trunk, user: "alice", password: password, hold: 200 * time.Millisecond}).answer()
	l.record(t, lost)

	id := l.callback(t, "psap-sf", map[string]string{"call_id": lost})
	r := l.record(t, id)
	if r.Direction != call.DirectionCallback || r.Centre != "psap-sf" || string(r.CallbackOf) != lost || r.Verdict != "callback" {
		t.Errorf("the record says %s by %q about %s, verdict %s", r.Direction, r.Centre, r.CallbackOf, r.Verdict)
	}
	if r.AnsweredBy != "pbx" || r.EndReason != call.EndCalleeHungUp || tried(r) != "pbx answered" || r.FeeCents != 0 {
		t.Errorf("tried %s, answered by %q, ended by %s, fee %d", tried(r), r.AnsweredBy, r.EndReason, r.FeeCents)
	}
	if r.Media.OneWay || r.Media.FromCaller.Packets < 100 || r.Media.FromCentre.Packets < 100 {
		t.Errorf("media: %+v", r.Media)
	}
	invite := pbx.invited(t)
	if p := invite.header("Priority"); p != "psap-callback" {
		t.Errorf("the PBX was called with Priority %q", p)
	}
	if !strings.HasPrefix(invite.start, "INVITE sip:+14155550100@"+pbx.host) || invite.header("X-Callbox-Call") != id {
		t.Errorf("the PBX was sent %q for the call %s", invite.start, invite.header("X-Callbox-Call"))
	}
	wire.seesCallback(t)
	streams := wire.streams(t, func(all []stream) error {
		if len(flowing(all, l.host, pbx.host)) == 0 || len(flowing(all, pbx.host, l.host)) == 0 {
			return fmt.Errorf("streams %+v", all)
		}
		return nil
	})
	for _, s := range append(flowing(streams, l.host, pbx.host), flowing(streams, pbx.host, l.host)...) {
		if s.packets < 100 || s.lost > 0 {
			t.Errorf("stream %+v", s)
		}
	}
	var first struct {
		Callbacks []string `json:"callbacks"`
	}
	_, body := l.get(t, "/api/v1/calls/"+lost)
	if err := json.Unmarshal(body, &first); err != nil || !slices.Equal(first.Callbacks, []string{id}) {
		t.Errorf("the lost call names the callbacks %v, %v", first.Callbacks, err)
	}
}

// seesCallback has tshark find the mark of a callback on the INVITE.
func (c *capture) seesCallback(t *testing.T) {
	t.Helper()
	eventually(t, 20*time.Second, "tshark sees the INVITE", func() error {
		out, err := exec.Command(c.tshark, "-r", c.file, "-Y", `sip.Method == "INVITE"`, "-d", "udp.port==6060,sip",
			"-T", "fields", "-e", "sip.msg_hdr").CombinedOutput()
		if err != nil || !strings.Contains(string(out), "Priority: psap-callback") {
			return fmt.Errorf("tshark: %w %s", err, out)
		}
		return nil
	})
}

func TestACallbackGoesOnToTheNextOriginationURL(t *testing.T) {
	t.Parallel()
	l := startLab(t, settings{})
	down := startCentre(t, centre{scenario: "uas_down.xml"})
	up := startCentre(t, centre{scenario: "uas_hangs_up.xml", hold: 200 * time.Millisecond})
	l.originate(t, "spare", "sip:"+up.host+":6060", 20, 10)
	l.originate(t, "main", "sip:"+down.host+":6060", 10, 10)
	for _, number := range []string{"+14155550100", "14155550100", "4155550100"} {
		r := l.record(t, l.callback(t, "psap-sf", map[string]string{"number": number}))
		if tried(r) != "main failed, spare answered" || r.AnsweredBy != "spare" {
			t.Errorf("%s: tried %s, answered by %q; %v", number, tried(r), r.AnsweredBy, trace(r, "trunk"))
		}
	}
	l.post(t, "/api/v1/psaps/psap-sf/callback", map[string]string{"number": stranger}, http.StatusNotFound)
	l.post(t, "/api/v1/psaps/nowhere/callback", map[string]string{"number": sanFrancisco}, http.StatusNotFound)
	l.post(t, "/api/v1/psaps/psap-sf/callback", map[string]string{"number": "bob"}, http.StatusUnprocessableEntity)
	l.post(t, "/api/v1/psaps/psap-sf/callback", map[string]string{}, http.StatusUnprocessableEntity)
}
