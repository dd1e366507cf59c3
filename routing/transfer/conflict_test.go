package transfer

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"callbox/routing/directory/store"
	"callbox/routing/directory/store/storetest"
)

func TestNumbersThatAreThere(t *testing.T) {
	t.Parallel()
	const header = "phone_number,friendly_name,service,street,city,region,postal_code,iso_country\n"
	const was = "+14155550100,Old,e911,645 Harrison St,San Francisco,CA,94105,US\n"
	const same = "+14155550100 Old US e911 registered : ; 645 Harrison St, San Francisco, CA, 94105, US; ; 101"
	tests := []struct {
		name, file string
		o          Options
		want       Report
		wrong      []string
		has        string
	}{
		{"the same is no conflict", header + was, Options{}, Report{Applied: true, Unchanged: 1}, nil, same},
		{"columns that are not there do not count", "phone_number\n+14155550100\n", Options{OnConflict: OnConflictUpdate}, Report{Applied: true, Unchanged: 1}, nil, same},
		{"another name is one", "phone_number,friendly_name\n+14155550100,New\n", Options{}, Report{Bad: 1},
			[]string{`2:1 phone_number: "+14155550100": is on the account already, with another friendly_name; leave the line out, or import with on_conflict=update or on_conflict=skip`}, same},
		{"everything else is one", header + "+14155550100,New,none,,,,,\n", Options{}, Report{Bad: 1},
			[]string{`2:1 phone_number: "+14155550100": is on the account already, with another friendly_name, service, address, status; leave the line out, or import with on_conflict=update or on_conflict=skip`}, same},
		{"update", "service,phone_number,friendly_name\nbasic911,+14155550100,\n", Options{OnConflict: OnConflictUpdate}, Report{Applied: true, Updated: 1}, nil,
			"+14155550100 Old US basic911 registered : ; 645 Harrison St, San Francisco, CA, 94105, US; ; 101"},
		{"update to another address", header + "+14155550100,Old,e911,645 Harrison St,San Francisco,CA,94107,US\n", Options{OnConflict: OnConflictUpdate},
			Report{Applied: true, Updated: 1, AddressesAdded: 1}, nil, "+14155550100 Old US e911 registered : ; 645 Harrison St, San Francisco, CA, 94107, US; ; 101"},
		{"update to no address", header + "+14155550100,Old,e911,,,,,\n", Options{OnConflict: OnConflictUpdate}, Report{Applied: true, Updated: 1}, nil,
			"+14155550100 Old US e911 unregistered "},
		{"update of the status alone", "phone_number,status\n+14155550100,unregistered\n", Options{OnConflict: OnConflictUpdate}, Report{Applied: true, Updated: 1}, nil,
			"+14155550100 Old US e911 unregistered : ; 645 Harrison St, San Francisco, CA, 94105, US; ; 101"},
		{"skip", header + "+14155550100,New,none,645 Harrison St,San Francisco,CA,94107,US\n", Options{OnConflict: OnConflictSkip}, Report{Applied: true, Skipped: 1}, nil, same},
	}
	storetest.Each(t, func(t *testing.T, engine string) {
		h := newShelf(t, engine)
		for _, test := range tests {
			h.clear()
			test.o.Guide = harrison
			if r := h.imports(header+was, test.o); !r.Applied {
				t.Fatal(problems(r))
			}
			addresses := count[store.Address](h)
			got := h.imports(test.file, test.o)
			if diff := cmp.Diff(test.wrong, problems(got)); diff != "" {
				t.Errorf("%s: %s", test.name, diff)
			}
			test.want.Lines = 1
			if diff := cmp.Diff(test.want, got, cmpopts.IgnoreFields(Report{}, "Problems")); diff != "" {
				t.Errorf("%s: %s", test.name, diff)
			}
			if diff := cmp.Diff([]string{test.has}, h.has(lab)); diff != "" {
				t.Errorf("%s: %s", test.name, diff)
			}
			if n := count[store.Address](h); n != addresses+test.want.AddressesAdded {
				t.Errorf("%s: %d addresses, %d before", test.name, n, addresses)
			}
		}
	})
}

func TestAnotherAccountKeepsWhatItHas(t *testing.T) {
	t.Parallel()
	h := newShelf(t, storetest.SQLite)
	a := store.Address{Common: store.Common{AccountSID: other}, Street: "1", City: "x", PostalCode: "1", IsoCountry: "US"}
	h.update(func(tx *store.Tx) error {
		if err := store.Insert(tx, &a); err != nil {
			return err
		}
		return store.Insert(tx, &store.Number{Common: store.Common{AccountSID: other}, PhoneNumber: "+14155550100", Service: "e911"})
	})
	for _, conflict := range []Conflict{OnConflictError, OnConflictUpdate, OnConflictSkip} {
		got := h.imports("phone_number,address_sid,service\n+14155550100,,none\n+14155550101,"+a.SID+",\n", Options{OnConflict: conflict})
		want := []string{
			`2:1 phone_number: "+14155550100": is on another account; leave it out, or release it there first`,
			`3:14 address_sid: "` + a.SID + `": is no address of the account; write the SID of one that is there, or the address itself into street, city and so on`,
		}
		if diff := cmp.Diff(want, problems(got)); diff != "" {
			t.Errorf("%s: %s", conflict, diff)
		}
	}
}

func TestAnAddressMadeByTheAPIIsTaken(t *testing.T) {
	t.Parallel()
	h := newShelf(t, storetest.SQLite)
	a := store.Address{Common: store.Common{AccountSID: lab}, Street: "645 Harrison St", City: "San Francisco", Region: "CA", PostalCode: "94105", IsoCountry: "US"}
	h.update(func(tx *store.Tx) error { return store.Insert(tx, &a) })
	const header = "phone_number,address_sid,street,city,region,postal_code,iso_country\n"
	got := h.imports(header+"+14155550100,"+a.SID+",,,,,\n+14155550101,"+a.SID+",645 Harrison St,San Francisco,CA,94105,US\n", Options{})
	if !got.Applied || got.Added != 2 || got.AddressesAdded != 0 {
		t.Errorf("%+v", got)
	}
	got = h.imports(header+"+14155550102,"+a.SID+",1 Main St,San Francisco,CA,94105,US\n", Options{})
	want := []string{`2:14 address_sid: "` + a.SID + `": is another address here: 645 Harrison St, San Francisco, CA, 94105, US; leave it empty to have the line's own address taken`}
	if diff := cmp.Diff(want, problems(got)); diff != "" {
		t.Error(diff)
	}
}

func TestAnImportedAddressThatWasChangedIsNotTakenForItself(t *testing.T) {
	t.Parallel()
	h := newShelf(t, storetest.SQLite)
	file := func(number string) string { return addressed + number + ",645 Harrison St,San Francisco,CA,94105,US\n" }
	h.imports(file("+14155550100"), Options{})
	h.update(func(tx *store.Tx) error {
		all, err := store.Find[store.Address](tx, store.Query{})
		if err != nil {
			return err
		}
		all[0].Street = "1 Main St"
		return store.Save(tx, &all[0])
	})
	for i, number := range []string{"+14155550101", "+14155550102"} {
		if got := h.imports(file(number), Options{}); !got.Applied || got.AddressesAdded != 1-i {
			t.Errorf("%s: %+v", number, got)
		}
	}
	if got := h.has(lab); !strings.Contains(got[0], "1 Main St") || !strings.Contains(got[1], "645 Harrison") || !strings.Contains(got[2], "645 Harrison") {
		t.Error(got)
	}
}
