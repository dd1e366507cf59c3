package systest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"callbox/sip/call"
)

// calledBack has a centre call back, and wants the telephone system to answer as this user about that call.
func (l *lab) calledBack(t *testing.T, pbx *sipp, centre string, whom map[string]string, user, about string) call.Record {
	t.Helper()
	r := l.record(t, l.callback(t, centre, whom))
	if r.AnsweredBy != "pbx" && !strings.Contains(r.AnsweredBy, pbx.host) || string(r.CallbackOf) != about || r.Account != labAccount || r.Verdict != "callback" {
		t.Errorf("%v: answered by %q about %q, account %s, verdict %s; %+v", whom, r.AnsweredBy, r.CallbackOf, r.Account, r.Verdict, r.Trace)
	}
	if _, ok := pbx.said(t).find(func(m message) bool {
		return m.received && strings.HasPrefix(m.start, "INVITE sip:"+user+"@"+pbx.host) && m.header("X-Callbox-Call") == string(r.ID) &&
			m.header("Priority") == "psap-callback"
	}); !ok {
		t.Errorf("%v: the telephone system was not called as %s", whom, user)
	}
	return r
}

// A softphone behind a telephone system calls by its name. Its callback number is no number of the account.
func TestADispatcherCallsAnEndpointBack(t *testing.T) {
	t.Parallel()
	l, h := startLab(t, settings{}), startWhereHook(t)
	pbx := startCentre(t, centre{scenario: "uas_hangs_up.xml", hold: 100 * time.Millisecond})
	l.originateBy(t, bandwidthHost, "pbx", "sip:"+pbx.host+":6060", 10, 10)
	const alice, stranger = "+19195550100", "+19995550188"
	r := l.calledBack(t, pbx, "psap-raleigh", map[string]string{"number": alice}, alice, "")
	if got := trace(r, "endpoint"); !slices.Equal(got, []string{"passed: " + alice + " is the callback number of alicePhone0001 of the account " + labAccount}) {
		t.Errorf("before any call the trace says %q", got)
	}
	p := phone(t, 0, "911", "--from", "alicePhone0001", "--domain", bandwidthHost, "--edge", l.sip(), "--duration", "200ms")
	if first := l.record(t, p.CallID); first.AnsweredBy != "psap-raleigh" || first.CallbackNumber != alice {
		t.Fatalf("answered by %q with the callback number %q", first.AnsweredBy, first.CallbackNumber)
	}
	l.calledBack(t, pbx, "psap-raleigh", map[string]string{"call_id": p.CallID}, alice, p.CallID)
	r = l.calledBack(t, pbx, "psap-raleigh", map[string]string{"number": "9195550100"}, alice, p.CallID)
	if got := trace(r, "original_call"); len(got) != 1 || !strings.Contains(got[0], "the emergency call of alicePhone0001") {
		t.Errorf("the trace says %q", got)
	}

	// A telephone of the public network calls the designated number, and its service is down: only the centre that was rung
	// may call it back.
	l.designate(t, h, "")
	h.says(http.StatusInternalServerError, "")
	d := l.dialDesignated(t, 0)
	if d.AnsweredBy != "ecc-us" || d.Caller != stranger {
		t.Fatalf("answered by %q for %q", d.AnsweredBy, d.Caller)
	}
	l.post(t, "/api/v1/psaps/psap-raleigh/callback", map[string]string{"number": stranger}, http.StatusNotFound)
	l.calledBack(t, pbx, "ecc-us", map[string]string{"number": stranger}, stranger, string(d.ID))
	var dry struct {
		Targets []string    `json:"targets"`
		Trace   []call.Step `json:"trace"`
	}
	body := l.post(t, "/api/v1/psaps/ecc-us/callback?dry_run=true", map[string]string{"number": stranger}, http.StatusOK)
	if err := json.Unmarshal(body, &dry); err != nil || len(dry.Targets) != 1 || !strings.Contains(fmt.Sprint(dry.Trace), "is the callback number of "+string(d.ID)) {
		t.Errorf("dry run: %v %s", err, body)
	}
}

// A caller without a number is called back by the number that the centre is shown instead.
func TestADispatcherCallsAPANIBack(t *testing.T) {
	t.Parallel()
	pbx := startCentre(t, centre{scenario: "uas_hangs_up.xml", hold: 100 * time.Millisecond})
	l := startLab(t, settings{directory: strings.Replace(paniDirectory, "provider: bandwidth,",
		`provider: bandwidth, callback: {fallback: ["sip:zoe@`+pbx.host+`:6060"]},`, 1)})
	l.post(t, "/api/v1/psaps/psap-raleigh/callback", map[string]string{"number": "+19195119001"}, http.StatusNotFound)
	hangUp := l.onTheLine(t, "911", "--from", "silentPhone01", "--domain", bandwidthHost)
	id := string(l.upWith(t, "").ID)
	r := l.calledBack(t, pbx, "psap-raleigh", map[string]string{"number": "9195119001"}, "zoe", id)
	if got := trace(r, "pani"); !slices.Equal(got, []string{"passed: +19195119001 stands for the emergency call " + id + " of silentPhone01"}) {
		t.Errorf("the trace says %q", got)
	}
	hangUp() // the number stands for the call a while longer
	l.record(t, id)
	l.calledBack(t, pbx, "psap-raleigh", map[string]string{"call_id": id}, "zoe", id)
}
