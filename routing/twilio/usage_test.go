package twilio

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"callbox/routing/directory/store"
	"callbox/routing/directory/store/storetest"
	"callbox/routing/fees"
)

// eachWithFees runs a test with an edge that has a ledger, in an account that began on 30 October.
func eachWithFees(t *testing.T, test func(t *testing.T, e *edge)) {
	t.Helper()
	storetest.Each(t, func(t *testing.T, engine string) {
		born := time.Date(2026, 10, 30, 15, 0, 0, 0, time.UTC)
		s := storetest.Open(t, engine, store.Options{Now: func() time.Time { return born }})
		e := newEdge(t, s, func(o *Options) { o.Fees = fees.New(s, nil, fees.Options{}) })
		var rows []store.Fee
		fee := func(account, kind string, cents int64, at time.Time) {
			rows = append(rows, store.Fee{Common: store.Common{AccountSID: account}, Kind: kind, Cents: cents, Subject: fmt.Sprint(len(rows)), At: at.UnixMilli()})
		}
		day := func(month time.Month, day int) time.Time { return time.Date(2026, month, day, 0, 0, 0, 0, time.UTC) }
		fee(e.mine, store.FeeEmergencyNumber, 75, day(10, 31))
		fee(e.mine, store.FeeEmergencyNumber, 75, day(11, 1))
		fee(e.mine, store.FeeEmergencyNumber, 75, day(11, 1))
		fee(e.mine, store.FeeUnregisteredCall, 7500, day(11, 20).Add(23*time.Hour))
		fee(e.mine, store.FeeUnregisteredCall, 7500, day(11, 21).Add(time.Hour))
		fee(e.mine, store.FeeUnregisteredCall, 7500, day(11, 21).Add(2*time.Hour))
		fee(e.other, store.FeeUnregisteredCall, 7500, day(11, 21))
		e.write(func(tx *store.Tx) error { _, err := store.InsertMissing(tx, rows); return err })
		test(t, e)
	})
}

// lines says of each record what matters.
func (a answer) lines() []string {
	out := []string{}
	items, _ := a.body["usage_records"].([]any)
	for _, item := range items {
		m, _ := item.(map[string]any)
		out = append(out, fmt.Sprintf("%s %s..%s %v %.2f", m["category"], m["start_date"], m["end_date"], m["count"], m["price"]))
	}
	return out
}

func TestUsageAddsUpTheFeesOfAnAccount(t *testing.T) {
	t.Parallel()
	const calls, numbers = "trunking-emergency-calls", "phonenumbers-emergency"
	eachWithFees(t, func(t *testing.T, e *edge) {
		for _, tt := range []struct {
			path   string
			filter []string
			want   []string
		}{
			{"Records", nil, []string{
				"phonenumbers 2026-10-30..2026-11-21 3 2.25", numbers + " 2026-10-30..2026-11-21 3 2.25",
				calls + " 2026-10-30..2026-11-21 3 225.00", "totalprice 2026-10-30..2026-11-21 <nil> 227.25"}},
			{"Records/AllTime", []string{"Category", calls}, []string{calls + " 2026-10-30..2026-11-21 3 225.00"}},
			{"Records", []string{"Category", calls, "StartDate", "2026-11-21", "EndDate", "2026-12-01"}, []string{calls + " 2026-11-21..2026-12-01 2 150.00"}},
			{"Records", []string{"Category", calls, "StartDate", "-1day"}, []string{calls + " 2026-11-20..2026-11-21 3 225.00"}},
			{"Records", []string{"Category", calls, "EndDate", "-1days"}, []string{calls + " 2026-10-30..2026-11-20 1 75.00"}},
			{"Records/Today", []string{"Category", calls}, []string{calls + " 2026-11-21..2026-11-21 2 150.00"}},
			{"Records/Yesterday", []string{"Category", calls}, []string{calls + " 2026-11-20..2026-11-20 1 75.00"}},
			{"Records/ThisMonth", []string{"Category", numbers}, []string{numbers + " 2026-11-01..2026-11-21 2 1.50"}},
			{"Records/LastMonth", []string{"Category", numbers}, []string{numbers + " 2026-10-01..2026-10-31 1 0.75"}},
			{"Records/Monthly", []string{"Category", numbers}, []string{numbers + " 2026-11-01..2026-11-21 2 1.50", numbers + " 2026-10-30..2026-10-31 1 0.75"}},
			{"Records/Yearly", []string{"Category", calls}, []string{calls + " 2026-10-30..2026-11-21 3 225.00"}},
			{"Records/Daily", []string{"Category", calls, "StartDate", "2026-11-19", "EndDate", "2026-11-21"}, []string{
				calls + " 2026-11-21..2026-11-21 2 150.00", calls + " 2026-11-20..2026-11-20 1 75.00", calls + " 2026-11-19..2026-11-19 0 0.00"}},
			{"Records/Daily", []string{"StartDate", "2027-01-01"}, []string{}},
			{"Records", []string{"StartDate", "2026-11-02", "EndDate", "2026-11-01"}, []string{}},
			{"Records", []string{"Category", "sms"}, []string{}},
		} {
			if d := cmp.Diff(tt.want, e.must("GET", "Usage/"+tt.path+".json", tt.filter...).lines()); d != "" {
				t.Errorf("%s %v (-want +got):\n%s", tt.path, tt.filter, d)
			}
		}
		e.refused(400, 20001, []string{"StartDate"}, "GET", "Usage/Records.json", "StartDate", "soon")
		e.refused(400, 20001, []string{"EndDate"}, "GET", "Usage/Records/Daily.json", "EndDate", "2026-02-30")
		if a := e.as("key", "any", "GET", "/2010-04-01/Accounts/AC00000000000000000000000000000000/Usage/Records.json"); a.status != 404 {
			t.Error("usage of an account that is not there:", a.text)
		}
	})
}

func TestAUsageRecordLooksAsTheProviderShowsIt(t *testing.T) {
	t.Parallel()
	eachWithFees(t, func(t *testing.T, e *edge) {
		records, _ := e.must("GET", "Usage/Records/ThisMonth.json").body["usage_records"].([]any)
		if len(records) != len(categories) {
			t.Fatalf("%d records, want one for each of %d categories", len(records), len(categories))
		}
		base := "/2010-04-01/Accounts/" + e.mine + "/Usage/Records"
		uris := map[string]any{}
		for _, p := range periods[1:] {
			uris[p.key] = base + "/" + p.name + ".json?Category=trunking-emergency-calls"
		}
		want := map[string]any{
			"account_sid": e.mine, "api_version": "2010-04-01", "as_of": "2026-11-21T10:00:00+00:00", "category": "trunking-emergency-calls",
			"count": "3", "count_unit": "calls", "description": "Emergency Calls from Numbers without a Registered Address",
			"start_date": "2026-11-01", "end_date": "2026-11-21", "price": 225.0, "price_unit": "usd", "usage": "3", "usage_unit": "calls",
			"subresource_uris": uris, "uri": base + "/ThisMonth.json?Category=trunking-emergency-calls&StartDate=2026-11-01&EndDate=2026-11-21",
		}
		if d := cmp.Diff(want, records[2]); d != "" {
			t.Errorf("record (-want +got):\n%s", d)
		}
		total, _ := records[3].(map[string]any)
		if total["usage"] != "226.50" || total["usage_unit"] != "usd" || total["count"] != nil {
			t.Errorf("total: %v", total)
		}
		if xml := e.must("GET", "Usage/Records/ThisMonth"); !strings.Contains(xml.text, "<UsageRecord><AccountSid>"+e.mine) || !strings.Contains(xml.text, "<Price>225.00</Price>") {
			t.Error(xml.text)
		}
	})
}

func TestUsageIsPaged(t *testing.T) {
	t.Parallel()
	eachWithFees(t, func(t *testing.T, e *edge) {
		all := e.must("GET", "Usage/Records/Daily.json", "PageSize", "1000").lines()
		if len(all) != 23*len(categories) {
			t.Errorf("%d records for 23 days, want %d", len(all), 23*len(categories))
		}
		var got []string
		page := e.must("GET", "Usage/Records/Daily.json", "PageSize", "7")
		for {
			got = append(got, page.lines()...)
			next := page.str("next_page_uri")
			if next == "" {
				break
			}
			page = e.must("GET", next)
		}
		if d := cmp.Diff(all, got); d != "" {
			t.Errorf("pages of seven (-want +got):\n%s", d)
		}
		back := e.must("GET", page.str("previous_page_uri")).lines()
		if d := cmp.Diff(all[len(all)-len(page.lines())-7:len(all)-len(page.lines())], back); d != "" {
			t.Errorf("the page before the last (-want +got):\n%s", d)
		}
	})
}
