package systest

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"syscall"
	"testing"
	"time"

	api "github.com/twilio/twilio-go/rest/api/v2010"
)

// usage is how much of a category the provider's library tells for this month.
func (c customer) usage(t *testing.T, category string) (count string, price float64) {
	t.Helper()
	all := ok[[]api.ApiV2010UsageRecordThisMonth](t)(c.api.ListUsageRecordThisMonth((&api.ListUsageRecordThisMonthParams{}).SetCategory(category)))
	if len(all) != 1 || all[0].Count == nil || all[0].Price == nil {
		t.Fatalf("usage of %s: %+v", category, all)
	}
	return *all[0].Count, float64(*all[0].Price)
}

// charged waits until this month's usage of a category has come to an amount.
func (c customer) charged(t *testing.T, category string, price float64) {
	t.Helper()
	eventually(t, 10*time.Second, fmt.Sprintf("%s come to %.2f", category, price), func() error {
		if _, got := c.usage(t, category); got != price {
			return fmt.Errorf("they are %.2f", got)
		}
		return nil
	})
}

const (
	emergencyCalls   = "trunking-emergency-calls"
	emergencyNumbers = "phonenumbers-emergency"
)

// A call from a number without an address costs 75.00, once, also after a kill; the call is in the provider's list.
func TestAnUnregisteredCallIsCharged(t *testing.T) {
	onEachDatabase(t, func(t *testing.T, s settings) {
		l := startLab(t, s)
		c := l.customer(t)
		n := c.number(t, "+14155550131")
		c.domain(t, "fees", true)
		call := caller{from: "+14155550131", to: "911", domain: "fees.sip.us1.twilio.com"}
		l.dial(t, "without an address", call, answered("ecc-us", "+14155550131").with(toECC))
		c.charged(t, emergencyCalls, 75)

		list := (&api.ListCallParams{}).SetFrom("+14155550131").SetStatus("completed").SetStartTimeAfter(time.Now().Add(-time.Hour)).SetPageSize(1)
		calls := ok[[]api.ApiV2010Call](t)(c.api.ListCall(list))
		if len(calls) != 1 || *calls[0].Price != "-75.00000" || *calls[0].To != "sip:911@fees.sip.us1.twilio.com" || *calls[0].PhoneNumberSid != *n.Sid {
			t.Errorf("the calls of the number: %+v", calls)
		}
		one := ok[*api.ApiV2010Call](t)(c.api.FetchCall(*calls[0].Sid, &api.FetchCallParams{}))
		if *one.Status != "completed" || *one.Direction != "inbound" || *one.EndTime == "" {
			t.Errorf("the call: %+v", one)
		}
		_, err := c.api.CreateCall((&api.CreateCallParams{}).SetTo("+14155550199").SetFrom("+14155550131").SetUrl("https://pbx.example.com/"))
		refusedWith(t, "a call by REST", err, http.StatusMethodNotAllowed, 20004)

		l.stepClock(t, 40*24*time.Hour)
		l.signal(t, syscall.SIGKILL)
		l.wait(t, 10*time.Second)
		l.start(t)
		if ahead := time.Until(l.clock(t)); ahead < 39*24*time.Hour {
			t.Errorf("after a kill the lab's clock is %s ahead", ahead)
		}
		c = l.customer(t)
		l.dial(t, "again after a kill, in another month", call, answered("ecc-us", "+14155550131").with(toECC))
		c.charged(t, emergencyCalls, 75)
		all := ok[[]api.ApiV2010UsageRecordAllTime](t)(c.api.ListUsageRecordAllTime((&api.ListUsageRecordAllTimeParams{}).SetCategory(emergencyCalls)))
		if len(all) != 1 || *all[0].Count != "2" || *all[0].Price != 150 {
			t.Errorf("usage of all time: %+v", all)
		}
	})
}

// A number with an address costs 0.75 a month by the lab's clock, from its registration to the month it is unregistered.
func TestANumberIsChargedByTheMonthsOfTheLab(t *testing.T) {
	onEachDatabase(t, func(t *testing.T, s settings) {
		l := startLab(t, s)
		c := l.customer(t)
		n, a := c.number(t, "+14155550132"), c.address(t, harrison)
		comesTo := func(months int64) {
			t.Helper()
			eventually(t, 10*time.Second, fmt.Sprintf("%d months are charged", months), func() error {
				if got := l.months(t, "+14155550132"); got != months {
					return fmt.Errorf("%d are", got)
				}
				return nil
			})
		}
		comesTo(0)
		l.ask(t, "/api/v1/lab/failures", map[string]any{"phone_number": "+14155550132", "what": "registration"}, &struct{}{})
		c.associate(t, *n.Sid, *a.Sid)
		c.becomes(t, *n.Sid, "registration-failure")
		c.associate(t, *n.Sid, *a.Sid)
		c.becomes(t, *n.Sid, "registered")
		comesTo(1)
		now := l.clock(t)
		months := func(to time.Time) int64 { return int64(12*(to.Year()-now.Year()) + int(to.Month()-now.Month())) }
		l.stepClock(t, 100*24*time.Hour)
		comesTo(1 + months(l.clock(t)))
		c.associate(t, *n.Sid, "")
		c.becomes(t, *n.Sid, "unregistered")
		last := l.months(t, "+14155550132")
		l.stepClock(t, 100*24*time.Hour)
		eventually(t, 10*time.Second, "the others are charged for the month", func() error {
			if _, price := c.usage(t, emergencyNumbers); price == 0 {
				return errors.New("none is")
			}
			return nil
		})
		if got := l.months(t, "+14155550132"); got != last {
			t.Errorf("%d months are charged after the number was unregistered in the %dth", got, last)
		}
	})
}

// months is for how many months a number was charged.
func (l *lab) months(t *testing.T, number string) int64 {
	t.Helper()
	status, body := l.get(t, "/api/v1/fees?by=month&number=%2B"+number[1:])
	var report struct {
		Sums []struct {
			Kind  string `json:"kind"`
			Count int64  `json:"count"`
		} `json:"sums"`
		TotalCents int64 `json:"total_cents"`
	}
	if err := json.Unmarshal(body, &report); err != nil || status != http.StatusOK {
		t.Fatalf("fees: %d %v %s", status, err, body)
	}
	for _, s := range report.Sums {
		if s.Kind != "emergency_number" || s.Count != 1 {
			t.Errorf("a month of the number: %+v", s)
		}
	}
	if report.TotalCents != 75*int64(len(report.Sums)) {
		t.Errorf("fees of the number: %s", body)
	}
	return int64(len(report.Sums))
}

// clock is the lab's time.
func (l *lab) clock(t *testing.T) time.Time {
	t.Helper()
	status, body := l.get(t, "/api/v1/lab/clock")
	var out struct {
		Now time.Time `json:"now"`
	}
	if err := json.Unmarshal(body, &out); err != nil || status != http.StatusOK {
		t.Fatalf("lab clock: %d %v %s", status, err, body)
	}
	return out.Now
}
