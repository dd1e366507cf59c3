package systest

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	api "github.com/twilio/twilio-go/rest/api/v2010"

	"callbox/routing/directory/store/storetest/pgtest"
)

// onEachDatabase runs a test on a database of either sort, in parallel.
func onEachDatabase(t *testing.T, test func(t *testing.T, s settings)) {
	t.Parallel()
	for engine, url := range map[string]func(testing.TB) string{"SQLite": nil, "PostgreSQL": pgtest.URL} {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			var s settings
			if url != nil {
				s.database = url(t)
			}
			test(t, s)
		})
	}
}

// What was acknowledged is there after a kill -9 in the midst of writes, and the lab goes on where it was.
func TestNoAcknowledgedWriteIsLostByAKill(t *testing.T) {
	onEachDatabase(t, func(t *testing.T, s settings) {
		l := startLab(t, s)
		c := l.customer(t)
		var mu sync.Mutex
		acknowledged := map[string]bool{}
		enough := make(chan struct{})
		var writers sync.WaitGroup
		for w := range 4 {
			writers.Go(func() {
				for i := 0; ; i++ {
					number := fmt.Sprintf("+1415555%d%03d", w+2, i)
					_, err := c.api.CreateIncomingPhoneNumber((&api.CreateIncomingPhoneNumberParams{}).SetPhoneNumber(number))
					if err != nil {
						return
					}
					mu.Lock()
					if acknowledged[number] = true; len(acknowledged) == 40 {
						close(enough)
					}
					mu.Unlock()
				}
			})
		}
		select {
		case <-enough:
		case <-time.After(30 * time.Second):
			t.Fatal("not 40 numbers in 30 s")
		}
		l.signal(t, syscall.SIGKILL)
		writers.Wait()
		l.wait(t, 10*time.Second)

		l.start(t)
		c = l.customer(t)
		all := ok[[]api.ApiV2010IncomingPhoneNumber](t)(c.api.ListIncomingPhoneNumber((&api.ListIncomingPhoneNumberParams{}).SetPageSize(1000)))
		there := map[string]bool{}
		for _, n := range all {
			there[*n.PhoneNumber] = true
		}
		for number := range acknowledged {
			if !there[number] {
				t.Errorf("%s was acknowledged and is gone", number)
			}
		}
		if !there[sanFrancisco] {
			t.Error("the lab is gone")
		}
	})
}

// The embedded lab belongs to whoever provisions it, and stays as they left it.
func TestTheLabIsChangedForGood(t *testing.T) {
	t.Parallel()
	l := startLab(t, settings{})
	c := l.customer(t)
	n := ok[[]api.ApiV2010IncomingPhoneNumber](t)(c.api.ListIncomingPhoneNumber(
		(&api.ListIncomingPhoneNumberParams{}).SetPhoneNumber("+14155550102")))
	if len(n) != 1 {
		t.Fatalf("%d numbers of the lab are +14155550102", len(n))
	}
	c.associate(t, *n[0].Sid, *c.address(t, fifth).Sid)
	c.becomes(t, *n[0].Sid, "registered")
	call := caller{from: "sip:+14155550102@lab.sip.us1.twilio.com", to: "911"}
	l.dial(t, "the number has an address now", call, answered("psap-nyc", "+14155550102"))
	l.signal(t, syscall.SIGTERM)
	l.wait(t, 10*time.Second)
	l.start(t)
	l.dial(t, "after a restart", call, answered("psap-nyc", "+14155550102"))
}

// What a directory file has is changed there; the API says so, and goes on beside it.
func TestTheAPILeavesAFilesEntriesAlone(t *testing.T) {
	t.Parallel()
	l := startLab(t, settings{directory: directoryOf(t, target{id: "psap-first", uri: "sip:psap-sf@sim"}, target{id: "ecc-us", uri: "sip:ecc-us@sim"})})
	c := l.customer(t)
	all := ok[[]api.ApiV2010IncomingPhoneNumber](t)(c.api.ListIncomingPhoneNumber(&api.ListIncomingPhoneNumberParams{}))
	if len(all) == 0 {
		t.Fatal("the file's numbers are not in the API")
	}
	_, err := c.api.UpdateIncomingPhoneNumber(*all[0].Sid, (&api.UpdateIncomingPhoneNumberParams{}).SetEmergencyAddressSid(""))
	refusedWith(t, "a number of the file", err, 400, 20001)
	if err == nil || !strings.Contains(err.Error(), "directory.yaml") {
		t.Errorf("the refusal does not name the file: %v", err)
	}
	n := c.number(t, "+14155550177")
	if got := c.status(t, *n.Sid); got != "unregistered" {
		t.Errorf("the API's own number is %s", got)
	}
}

// A file that comes to collide with what the API made keeps no edge from starting: calls go on as before, and the API by
// which it can be mended runs.
func TestAFileThatCollidesWithTheAPIIsToldAndLeftOut(t *testing.T) {
	t.Parallel()
	text := directoryOf(t, target{id: "psap-first", uri: "sip:psap-sf@sim"}, target{id: "ecc-us", uri: "sip:ecc-us@sim"})
	l := startLab(t, settings{directory: text})
	n := l.customer(t).number(t, "+14155550177")
	l.write(t, "directory.yaml", strings.Replace(text, "numbers:\n", "numbers:\n  - {number: \"+14155550177\", service: e911, address: sf}\n", 1))
	if status, body := l.request(t, http.MethodPost, "/-/reload"); status != http.StatusBadRequest || !strings.Contains(string(body), "+14155550177") {
		t.Errorf("a reload: %d %s", status, body)
	}
	l.signal(t, syscall.SIGTERM)
	l.wait(t, 10*time.Second)
	l.start(t)
	l.untilReadiness(t, "degraded: directory", true)
	call := caller{from: "sip:+14155550100@lab.sip.us1.twilio.com", to: "911"}
	l.dial(t, "a number of the file", call, answered("psap-first", sanFrancisco))
	if err := l.customer(t).api.DeleteIncomingPhoneNumber(*n.Sid, &api.DeleteIncomingPhoneNumberParams{}); err != nil {
		t.Fatal(err)
	}
	if status, body := l.request(t, http.MethodPost, "/-/reload"); status != http.StatusOK {
		t.Errorf("a reload when it is mended: %d %s", status, body)
	}
	l.untilReadiness(t, "degraded", false)
	call.from = "sip:+14155550177@lab.sip.us1.twilio.com"
	l.dial(t, "the number is the file's now", call, answered("psap-first", "+14155550177"))
}

// Two edges share a database: what one is told the other's next call meets within a second.
func TestTwoEdgesShareADatabase(t *testing.T) {
	t.Parallel()
	url := pgtest.URL(t)
	first := startLab(t, settings{database: url})
	second := startLab(t, settings{database: url})
	c := first.customer(t)
	c.domain(t, "shared", true)
	n := c.number(t, "+14155550188")
	c.associate(t, *n.Sid, *c.address(t, harrison).Sid)
	c.becomes(t, *n.Sid, "registered")
	limit := time.Now().Add(time.Second)
	for {
		var got struct {
			Verdict string `json:"verdict"`
		}
		second.ask(t, "/api/v1/explain", map[string]any{"from": "+14155550188", "to": "911", "domain": "shared.sip.us1.twilio.com"}, &got)
		if got.Verdict == "psap" {
			break
		}
		if time.Now().After(limit) {
			t.Fatalf("after a second the other edge decides %q", got.Verdict)
		}
	}
	second.dial(t, "through the other edge", caller{from: "+14155550188", to: "911", domain: "shared.sip.us1.twilio.com"},
		answered("psap-sf", "+14155550188"))
	if _, err := second.customerAs(labAccount, second.token(t)).api.FetchIncomingPhoneNumber(*n.Sid, &api.FetchIncomingPhoneNumberParams{}); err != nil {
		t.Error(errors.Join(errors.New("the other edge's API"), err))
	}
}
