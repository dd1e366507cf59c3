package web

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"callbox/routing/directory/store"
	"callbox/routing/registration"
)

func TestTheLabClockIsToldAndStepped(t *testing.T) {
	t.Parallel()
	const path = "/api/v1/lab/clock"
	e := withStore(t)
	is := func(want time.Time) {
		t.Helper()
		got := get[LabClock](t, e, path)
		if !got.Now.Equal(want) || got.AheadSeconds != want.Sub(noon).Seconds() {
			t.Errorf("the clock says %+v, want %s", got, want)
		}
	}
	is(noon)
	w := e.ask(request{method: "POST", path: path, body: `{"step_seconds":720}`})
	if got := decode[LabClock](t, w.Body); w.Code != http.StatusOK || got.AheadSeconds != 720 {
		t.Errorf("%d %+v", w.Code, got)
	}
	is(noon.Add(12 * time.Minute))
	if w := e.ask(request{method: "POST", path: path, body: `{"to":"2027-01-01T00:00:00+01:00"}`}); w.Code != http.StatusOK {
		t.Errorf("%d\n%s", w.Code, w.Body)
	}
	is(time.Date(2026, 12, 31, 23, 0, 0, 0, time.UTC))
	for body, says := range map[string]string{
		`{"step_seconds":-1}`:                                      "goes forwards only",
		`{"step_seconds":-9223372036854775808}`:                    "goes forwards only",
		`{"step_seconds":9223372036854775807}`:                     "take several steps",
		`{"to":"2026-12-31T22:59:59Z"}`:                            "goes forwards only",
		`{"to":"9999-12-31T00:00:00Z"}`:                            "does not step that far",
		`{"to":"0001-01-01T00:00:00Z"}`:                            "goes forwards only",
		`{}`:                                                       "one of them",
		`{"step_seconds":1,"to":"2027-01-02T00:00:00Z"}`:           "one of them",
		`{"step_seconds":"1"}`:                                     "expected integer",
		`{"minutes":1}`:                                            "unexpected property",
		`{"to":"tomorrow"}`:                                        "date-time",
		`{"step_seconds":1000000000000000000000000000000000000.5}`: "",
	} {
		w := e.ask(request{method: "POST", path: path, body: body})
		if text := w.Body.String(); w.Code != http.StatusUnprocessableEntity && w.Code != http.StatusBadRequest || !strings.Contains(text, says) {
			t.Errorf("%s: %d, does not say %q\n%s", body, w.Code, says, text)
		}
	}
	is(time.Date(2026, 12, 31, 23, 0, 0, 0, time.UTC))
	if entries := get[AuditPage](t, e, "/api/v1/audit?kind=lab_clock").Entries; len(entries) != 2 || entries[0].Actor != "local" || entries[0].Action != "step" {
		t.Errorf("audit log: %+v", entries)
	}
}

func TestFailuresAreOrdered(t *testing.T) {
	t.Parallel()
	const path = "/api/v1/lab/failures"
	e := withStore(t)
	for body, want := range map[string]LabFailures{
		`{"phone_number":"+14155550100","what":"registration"}`:             {"+14155550100", "registration", 1},
		`{"phone_number":"+14155550101","what":"unregistration","times":7}`: {"+14155550101", "unregistration", 7},
		`{"phone_number":"+14155550102","what":"registration","times":0}`:   {"+14155550102", "registration", 0},
	} {
		w := e.ask(request{method: "POST", path: path, body: body})
		if w.Code != http.StatusOK {
			t.Fatalf("%s: %d\n%s", body, w.Code, w.Body)
		}
		if got := decode[LabFailures](t, w.Body); got != want {
			t.Errorf("%s: %+v, want %+v", body, got, want)
		}
	}
	for _, body := range []string{
		``, `{}`, `{"phone_number":"4155550100","what":"registration"}`, `{"phone_number":"+14155550100","what":"everything"}`,
		`{"phone_number":"+14155550100","what":"registration","times":-1}`, `{"phone_number":"+14155550100","what":"registration","times":1001}`,
	} {
		if w := e.ask(request{method: "POST", path: path, body: body}); w.Code != http.StatusUnprocessableEntity && w.Code != http.StatusBadRequest {
			t.Errorf("%q is taken: %d\n%s", body, w.Code, w.Body)
		}
	}
	n := store.Number{Common: store.Common{AccountSID: account}, PhoneNumber: "+14155550100", Country: "US", EmergencyAddressStatus: registration.Unregistered}
	err := e.store.Update(t.Context(), store.Actor{}, func(tx *store.Tx) error {
		a := store.Address{Common: store.Common{AccountSID: account}, IsoCountry: "US", EmergencyEnabled: true, Validated: true}
		if err := store.Insert(tx, &a); err != nil {
			return err
		}
		return registration.Rules{}.Associate(tx, &n, a)
	})
	if err != nil || n.StatusNext != registration.RegistrationFailure {
		t.Errorf("the ordered failure does not come: next is %q, %v", n.StatusNext, err)
	}
}

func TestFeesAddUp(t *testing.T) {
	t.Parallel()
	e := withStore(t)
	day := func(month time.Month, day int) int64 {
		return time.Date(2026, month, day, 1, 0, 0, 0, time.UTC).UnixMilli()
	}
	rows := []store.Fee{
		{Common: store.Common{AccountSID: account}, Kind: store.FeeUnregisteredCall, Cents: 7500, Subject: "1", At: day(11, 20), Number: "+1"},
		{Common: store.Common{AccountSID: account}, Kind: store.FeeUnregisteredCall, Cents: 7500, Subject: "2", At: day(11, 21), Number: "+1"},
		{Common: store.Common{AccountSID: account}, Kind: store.FeeEmergencyNumber, Cents: 75, Subject: "3", At: day(12, 1), Number: "+2"},
		{Common: store.Common{AccountSID: other}, Kind: store.FeeEmergencyNumber, Cents: 75, Subject: "4", At: day(12, 1), Number: "+3"},
	}
	err := e.store.Update(t.Context(), store.Actor{}, func(tx *store.Tx) error { _, err := store.InsertMissing(tx, rows); return err })
	if err != nil {
		t.Fatal(err)
	}
	const calls, numbers = store.FeeUnregisteredCall, store.FeeEmergencyNumber
	for query, want := range map[string]FeeReport{
		"": {Sums: []FeeSum{{"2026-11-01", account, "", calls, 2, 15000}, {"2026-12-01", account, "", numbers, 1, 75}, {"2026-12-01", other, "", numbers, 1, 75}}, TotalCents: 15150},
		"?by=day&account_sid=" + account + "&until=2026-12-01": {Sums: []FeeSum{{"2026-11-20", account, "", calls, 1, 7500}, {"2026-11-21", account, "", calls, 1, 7500}}, TotalCents: 15000},
		"?by=all&from=2026-11-21&number=%2B1":                  {Sums: []FeeSum{{"", account, "", calls, 1, 7500}}, TotalCents: 7500},
		"?by=number&limit=1":                                   {Sums: []FeeSum{{"", account, "+1", calls, 2, 15000}}, TotalCents: 15150, NextOffset: 1},
		"?by=number&limit=2&offset=1":                          {Sums: []FeeSum{{"", account, "+2", numbers, 1, 75}, {"", other, "+3", numbers, 1, 75}}, TotalCents: 15150},
		"?by=month&limit=1&offset=1":                           {Sums: []FeeSum{{"2026-12-01", account, "", numbers, 1, 75}}, TotalCents: 15150, NextOffset: 2},
		"?by=year&offset=9":                                    {Sums: []FeeSum{}, TotalCents: 15150},
	} {
		same(t, query, want, get[FeeReport](t, e, "/api/v1/fees"+query))
	}
	for _, query := range []string{"?by=week", "?from=yesterday", "?until=2026-02-30", "?limit=0", "?offset=-1", "?since=2026-01-01"} {
		refused(t, e.ask(request{path: "/api/v1/fees" + query}), http.StatusUnprocessableEntity)
	}

}

func same[T any](t *testing.T, what string, want, got T) {
	t.Helper()
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("%s (-want +got):\n%s", what, d)
	}
}
