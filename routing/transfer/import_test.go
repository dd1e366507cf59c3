package transfer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"callbox/routing/directory/store"
	"callbox/routing/directory/store/storetest"
)

const (
	lab    = "AC00000000000000000000000000000911"
	other  = "AC00000000000000000000000000000912"
	trunk1 = "TK00000000000000000000000000000001"
)

var tester = store.Actor{Name: lab, Source: "192.0.2.1"}

// shelf is a store with two accounts and a trunk.
type shelf struct {
	t testing.TB
	s *store.Store
}

func newShelf(t testing.TB, engine string) *shelf {
	t.Helper()
	h := &shelf{t, storetest.Open(t, engine, store.Options{})}
	h.update(func(tx *store.Tx) error {
		for _, sid := range []string{lab, other} {
			if err := store.Insert(tx, &store.Account{Common: store.Common{SID: sid}, FriendlyName: sid, Status: "active"}); err != nil {
				return err
			}
		}
		return store.Insert(tx, &store.Trunk{Common: store.Common{SID: trunk1, AccountSID: lab}, DomainName: "lab.pstn.twilio.com"})
	})
	return h
}

func (h *shelf) update(fn func(*store.Tx) error) {
	h.t.Helper()
	if err := h.s.Update(h.t.Context(), tester, fn); err != nil {
		h.t.Fatal(err)
	}
}

// clear takes all numbers out.
func (h *shelf) clear() {
	h.t.Helper()
	h.update(func(tx *store.Tx) error {
		all, err := store.Find[store.Number](tx, store.Query{})
		for i := range all {
			if err := store.Delete(tx, &all[i]); err != nil {
				return err
			}
		}
		return err
	})
}

// imports imports a file into the lab's account, which must not fail but may have problems.
func (h *shelf) imports(file string, o Options) Report {
	h.t.Helper()
	o.Account = lab
	r, err := Import(h.t.Context(), h.s, tester, strings.NewReader(file), o)
	if err != nil {
		h.t.Fatal(err)
	}
	return r
}

func (h *shelf) exports() string {
	h.t.Helper()
	var out bytes.Buffer
	if err := Export(h.t.Context(), h.s, lab, &out); err != nil {
		h.t.Fatal(err)
	}
	return out.String()
}

// has is what the store has of an account: each number with its service, status, trunk and address.
func (h *shelf) has(account string) (lines []string) {
	h.t.Helper()
	err := h.s.View(h.t.Context(), func(t *store.Tx) error {
		numbers, err := store.Find[store.Number](t, store.Query{Account: account, Oldest: true})
		for _, n := range numbers {
			text := strings.Join([]string{n.PhoneNumber, n.FriendlyName, n.Country, n.Service, n.EmergencyAddressStatus, n.TrunkSID}, " ")
			if n.EmergencyAddressSID != "" {
				a, err := store.Get[store.Address](t, account, n.EmergencyAddressSID)
				if err != nil {
					return err
				}
				text += ": " + strings.Join([]string{a.CustomerName, line(&a), a.FriendlyName, a.ESN}, "; ")
			}
			lines = append(lines, text)
		}
		return err
	})
	if err != nil {
		h.t.Fatal(err)
	}
	return lines
}

func count[R store.Row](h *shelf) (n int) {
	h.t.Helper()
	err := h.s.View(h.t.Context(), func(t *store.Tx) (err error) {
		n, err = store.Count[R](t, store.Query{})
		return err
	})
	if err != nil {
		h.t.Fatal(err)
	}
	return n
}

const full = `phone_number,friendly_name,service,status,trunk,customer_name,street,street_secondary,city,region,postal_code,iso_country,address_friendly_name
+14155550100,Front desk,,,lab.pstn.twilio.com,Twilio,645 Harrison St,Fl 4,San Francisco,CA,94105,US,HQ
+14155550101,,basic911,,,Twilio,645 Harrison St,Fl 4,San Francisco,CA,94105,us,HQ
+14155550102,"=""no"", address",none,,,,,,,,,,
+14155550103,Late,e911,registration-failure,` + trunk1 + `,Twilio,645 Harrisson St,,San Francisco,CA,94105,US,
`

func TestAFileBecomesNumbersAndAddresses(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, engine string) {
		h := newShelf(t, engine)
		got := h.imports(full, Options{Guide: harrison})
		want := Report{Applied: true, Lines: 4, Added: 4, AddressesAdded: 2, AddressesCorrected: 1, Problems: []Problem{}}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff([]string{
			"+14155550100 Front desk US e911 registered " + trunk1 + ": Twilio; 645 Harrison St, Fl 4, San Francisco, CA, 94105, US; HQ; 101",
			"+14155550101 (415) 555-0101 US basic911 registered : Twilio; 645 Harrison St, Fl 4, San Francisco, CA, 94105, US; HQ; 101",
			`+14155550102 ="no", address US none unregistered `,
			"+14155550103 Late US e911 registration-failure " + trunk1 + ": Twilio; 645 HARRISON ST, SAN FRANCISCO, CA, 94105, US; ; 101",
		}, h.has(lab)); diff != "" {
			t.Error(diff)
		}
		if n := count[store.Address](h); n != 2 {
			t.Errorf("%d addresses, want equal ones to be one", n)
		}
		h.audited(t, map[string]int{"import": 1})
	})
}

// audited holds how many audit entries of each action of an import there are.
func (h *shelf) audited(t *testing.T, want map[string]int) {
	t.Helper()
	got := map[string]int{}
	err := h.s.View(t.Context(), func(tx *store.Tx) error {
		all, err := store.Find[store.AuditEntry](tx, store.Query{Where: []store.Cond{{Column: "kind", Op: store.In, Value: []string{"number", "address"}}}})
		for _, e := range all {
			got[e.Action]++
		}
		return err
	})
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Error(diff, err)
	}
}

func TestAnExportComesBackAsItIs(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, engine string) {
		from, to := newShelf(t, engine), newShelf(t, engine)
		from.imports(full, Options{Guide: harrison})
		file := from.exports()
		for _, o := range []Options{{}, {OnConflict: OnConflictUpdate}, {OnConflict: OnConflictSkip}} {
			o.Guide = harrison
			if diff := cmp.Diff(Report{Applied: true, Lines: 4, Unchanged: 4, Problems: []Problem{}}, from.imports(file, o)); diff != "" {
				t.Errorf("into the same store, %s: %s", o.OnConflict, diff)
			}
		}
		if got := to.imports(file, Options{Guide: harrison}); !got.Applied || got.Added != 4 || got.AddressesAdded != 2 {
			t.Errorf("into another store: %+v", got)
		}
		if diff := cmp.Diff(from.has(lab), to.has(lab)); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff(file, to.exports()); diff != "" {
			t.Error(diff)
		}
		if !strings.Contains(file, `,"'=""no"", address",`) || !strings.Contains(file, "\n+14155550100,") {
			t.Errorf("formulas are to be guarded, numbers not:\n%s", file)
		}
	})
}

func TestABadLineKeepsTheFileOut(t *testing.T) {
	t.Parallel()
	file := "phone_number,trunk,address_sid\n+14155550100,,\nx,,\n+14155550101,nowhere,\n+14155550102,,AD0123456789abcdef0123456789abcdef\n"
	wrong := []string{
		`3:1 phone_number: "x": is not E.164; write "+", the country's calling code and the rest of the number, such as +14155550100`,
		`4:14 trunk: "nowhere": is no trunk of the account; write the SID or the domain name of one that is there, or leave it empty`,
		`5:15 address_sid: "AD0123456789abcdef0123456789abcdef": is no address of the account; write the SID of one that is there, or the address itself into street, city and so on`,
	}
	tests := []struct {
		name string
		o    Options
		want Report
		has  int
	}{
		{"all or nothing", Options{}, Report{Lines: 4, Bad: 3, Added: 1}, 0},
		{"good lines only", Options{GoodLinesOnly: true}, Report{Applied: true, Lines: 4, Bad: 3, Added: 1}, 1},
		{"a dry run", Options{DryRun: true}, Report{DryRun: true, Lines: 4, Bad: 3, Added: 1}, 0},
		{"a dry run of good lines", Options{DryRun: true, GoodLinesOnly: true}, Report{DryRun: true, Lines: 4, Bad: 3, Added: 1}, 0},
	}
	storetest.Each(t, func(t *testing.T, engine string) {
		h := newShelf(t, engine)
		for _, test := range tests {
			h.clear()
			before := h.s.Revision()
			got := h.imports(file, test.o)
			if diff := cmp.Diff(wrong, problems(got)); diff != "" {
				t.Errorf("%s: %s", test.name, diff)
			}
			if diff := cmp.Diff(test.want, got, cmpopts.IgnoreFields(Report{}, "Problems")); diff != "" {
				t.Errorf("%s: %s", test.name, diff)
			}
			if n := count[store.Number](h); n != test.has {
				t.Errorf("%s: %d numbers, want %d", test.name, n, test.has)
			}
			if test.has == 0 && h.s.Revision() != before {
				t.Errorf("%s: nothing was to change, but the revision did", test.name)
			}
		}
	})
}

func TestRegistrationsBegin(t *testing.T) {
	t.Parallel()
	h := newShelf(t, storetest.SQLite)
	pend := func(_ *store.Tx, n *store.Number, a store.Address) error {
		if n.Service == "none" {
			return &Refusal{"takes no address", "give it a service"}
		}
		n.EmergencyAddressSID, n.EmergencyAddressStatus, n.StatusNext, n.StatusDue = a.SID, "pending-registration", "registered", 77
		return nil
	}
	const header = "phone_number,service,status,street,city,region,postal_code,iso_country\n"
	const at = ",645 Harrison St,San Francisco,CA,94105,US\n"
	o := Options{Register: Pending, Pend: pend, Guide: harrison}
	got := h.imports(header+"+14155550100,none,"+at+"+14155550101,none,registered"+at, o)
	if diff := cmp.Diff([]string{`2:1 phone_number: "+14155550100": takes no address; give it a service`}, problems(got)); diff != "" {
		t.Error(diff)
	}
	h.imports(header+"+14155550100,,"+at+"+14155550101,,pending-unregistration"+at, o)
	h.update(func(tx *store.Tx) error {
		all, err := store.Find[store.Number](tx, store.Query{Oldest: true})
		for i, want := range []store.Number{
			{EmergencyAddressStatus: "pending-registration", StatusDue: 77, StatusNext: "registered"},
			{EmergencyAddressStatus: "pending-unregistration", StatusDue: 1, StatusNext: "unregistered"},
		} {
			if n := all[i]; n.EmergencyAddressStatus != want.EmergencyAddressStatus || n.StatusDue != want.StatusDue || n.StatusNext != want.StatusNext {
				t.Errorf("%+v", n)
			}
		}
		return err
	})
	if got := h.imports(h.exports(), Options{OnConflict: OnConflictUpdate}); got.Unchanged != 2 {
		t.Errorf("numbers on their way are to stay so: %+v", got)
	}
	o.Pend = nil
	if _, err := Import(t.Context(), h.s, tester, strings.NewReader(full), Options{Account: lab, Register: Pending}); err == nil {
		t.Error("pending without anybody to move it")
	}
}

func TestWhatFailsLeavesNothing(t *testing.T) {
	t.Parallel()
	broken := errors.New("gone")
	long := &strings.Builder{}
	long.WriteString("phone_number\n")
	for i := range 3 * batchSize {
		fmt.Fprintf(long, "+1415%07d\n", 2_000_000+i)
	}
	storetest.Each(t, func(t *testing.T, engine string) {
		h := newShelf(t, engine)
		r := io.MultiReader(strings.NewReader(long.String()), iotest.ErrReader(broken))
		if _, err := Import(t.Context(), h.s, tester, r, Options{Account: lab}); !errors.Is(err, broken) {
			t.Errorf("%v, want the reader's error", err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		r = io.MultiReader(strings.NewReader(long.String()), readerFunc(func([]byte) (int, error) { cancel(); return 0, io.EOF }))
		if got, err := Import(ctx, h.s, tester, r, Options{Account: lab}); !errors.Is(err, context.Canceled) || got.Applied {
			t.Errorf("%+v, %v: want the context's error", got, err)
		}
		for account, want := range map[string]string{"AC00000000000000000000000000000000": "cannot import: there is no account AC00000000000000000000000000000000", "lab": `cannot import: account "lab" is no SID; write AC and 32 hex digits`} {
			if _, err := Import(t.Context(), h.s, tester, strings.NewReader(full), Options{Account: account}); err == nil || err.Error() != want {
				t.Errorf("%v, want %s", err, want)
			}
		}
		if n := count[store.Number](h); n != 0 {
			t.Errorf("%d numbers stayed", n)
		}
		if err := Export(t.Context(), h.s, "AC00000000000000000000000000000000", io.Discard); err == nil {
			t.Error("an account that is not there was exported")
		}
	})
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

func TestMoreThanABatch(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, engine string) {
		h := newShelf(t, engine)
		file := &strings.Builder{}
		file.WriteString(addressed)
		const n = 2*pageSize + batchSize/2
		for i := range n {
			fmt.Fprintf(file, "+1415%07d,%d Main St,San Francisco,CA,94105,US\n", 2_000_000+i, i/2%900)
		}
		got := h.imports(file.String(), Options{})
		if want := (Report{Applied: true, Lines: n, Added: n, AddressesAdded: 900, Problems: []Problem{}}); !cmp.Equal(want, got) {
			t.Errorf("%+v", got)
		}
		dry := h.imports(strings.ReplaceAll(file.String(), "Main", "Mean"), Options{DryRun: true, OnConflict: OnConflictUpdate})
		if want := (Report{DryRun: true, Lines: n, Updated: n, AddressesAdded: 900, Problems: []Problem{}}); !cmp.Equal(want, dry) {
			t.Errorf("%+v", dry)
		}
		exported := h.exports()
		if lines := strings.Count(exported, "\n"); lines != n+1 {
			t.Errorf("%d lines were exported", lines)
		}
		if got := h.imports(exported, Options{}); got.Unchanged != n {
			t.Errorf("%+v", got)
		}
		if got := h.imports(strings.ReplaceAll(exported, "e911", "none"), Options{OnConflict: OnConflictUpdate}); got.Updated != n {
			t.Errorf("%+v", got)
		}
		h.audited(t, map[string]int{"import": 2})
	})
}
