package store_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	. "callbox/routing/directory/store"
	"callbox/routing/directory/store/storetest"
)

func TestTheLabLeavesOutWhatTheAPIHasAlready(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, engine string) {
		s := open(t, engine)
		_, out := mirror(t, s)
		mine := Number{Common: Common{AccountSID: other}, PhoneNumber: "+14155550100", Country: "US", FriendlyName: "mine"}
		update(t, s, func(tx *Tx) error {
			must(t, Insert(tx, &mine))
			return Insert(tx, &Trunk{Common: Common{AccountSID: other}, DomainName: "lab.pstn.twilio.com"}) // the lab's, of another region
		})
		adoptLab(t, s)
		now := out.now()
		if n, _ := now.Number("+14155550100"); n.SID() != mine.SID || n.AccountSID != other {
			t.Errorf("the API's number became %+v", n)
		}
		if n, ok := now.Number("+12125550100"); !ok || !n.Registered() || n.AccountSID != lab {
			t.Errorf("a number of the lab: %+v", n)
		}
		if d, ok := now.Domain("store.sip.us1.twilio.com"); !ok || d.CallerID != "" {
			t.Errorf("the domain whose Emergency Caller ID was left out: %+v", d)
		}
		if k, _ := now.Trunk("lab.pstn.ashburn.twilio.com"); k == nil || k.Account.SID != other {
			t.Errorf("the API's trunk became %+v", k)
		}
		view(t, s, func(tx *Tx) error {
			a, err := Get[Account](tx, lab, lab)
			if a.Origin != OriginAPI || err != nil {
				t.Errorf("the account that was there: %+v, %v", a, err)
			}
			return nil
		})
	})
}

func TestAStoreThatHadAFileKeepsItWithoutOne(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, engine string) {
		s := storetest.Open(t, engine, Options{})
		_, out := mirror(t, s)
		adopt(t, s, fileOne)
		before := summary(out.now())
		adoptLab(t, s)
		if diff := cmp.Diff(before, summary(out.now())); diff != "" {
			t.Error(diff)
		}
	})
}

func TestNamesOfAFileMayChangePlaces(t *testing.T) {
	t.Parallel()
	const sids = `
accounts: [{sid: AC00000000000000000000000000000001}]
acls: [{name: office, networks: [192.0.2.0/24]}]
domains:
  - {sid: SD00000000000000000000000000000001, name: one.sip.twilio.com, acls: [office]}
  - {sid: SD00000000000000000000000000000002, name: two.sip.twilio.com, acls: [office]}
numbers:
  - {sid: PN00000000000000000000000000000001, number: "+16175550101"}
  - {sid: PN00000000000000000000000000000002, number: "+16175550102"}
`
	storetest.Each(t, func(t *testing.T, engine string) {
		s := storetest.Open(t, engine, Options{})
		_, out := mirror(t, s)
		adopt(t, s, sids)
		swapped := strings.NewReplacer("one.sip", "two.sip", "two.sip", "one.sip", "0101", "0102", "0102", "0103").Replace(sids)
		f, problems := adopt(t, s, swapped)
		if diff := cmp.Diff(summary(alone(t, f)), summary(out.now())); diff != "" || problems != "" {
			t.Error(diff, problems)
		}
		var numbers []string
		for n := range out.now().Numbers() {
			numbers = append(numbers, n.E164)
		}
		slices.Sort(numbers)
		if diff := cmp.Diff([]string{"+16175550102", "+16175550103"}, numbers); diff != "" {
			t.Error(diff)
		}
	})
}

func FuzzTies(f *testing.F) {
	f.Add(FormatTies(nil, nil))
	f.Add(FormatTies(&[]string{}, nil))
	f.Add(FormatTies(nil, &[]string{"TK1", "TK2"}))
	f.Add(`{"domains":null`)
	f.Fuzz(func(t *testing.T, text string) {
		domains, trunks := ParseTies(text)
		again, same := ParseTies(FormatTies(domains, trunks))
		if diff := cmp.Diff([]*[]string{domains, trunks}, []*[]string{again, same}); diff != "" {
			t.Error(diff)
		}
	})
}

func TestANumberOfAFileShowsItsTrunkAndName(t *testing.T) {
	t.Parallel()
	const file = `
accounts: [{sid: AC00000000000000000000000000000001}]
acls: [{name: office, networks: [192.0.2.0/24]}]
domains: [{name: one.sip.twilio.com, acls: [office]}]
trunks:
  - {sid: TK00000000000000000000000000000001, name: one.pstn.twilio.com, acls: [office]}
  - {sid: TK00000000000000000000000000000002, name: two.pstn.twilio.com, acls: [office]}
numbers:
  - {number: "+16175550101", trunks: [two.pstn.twilio.com], domains: []}
  - {number: "+16175550102"}
`
	storetest.Each(t, func(t *testing.T, engine string) {
		s := storetest.Open(t, engine, Options{})
		_, out := mirror(t, s)
		f, problems := adopt(t, s, file)
		if diff := cmp.Diff(summary(alone(t, f)), summary(out.now())); diff != "" || problems != "" {
			t.Error(diff, problems)
		}
		view(t, s, func(tx *Tx) error {
			numbers, err := Find[Number](tx, Query{Oldest: true})
			for _, n := range numbers {
				if want := map[string]string{"+16175550101": "TK00000000000000000000000000000002"}[n.PhoneNumber]; n.TrunkSID != want {
					t.Errorf("%s is on the trunk %q, want %q", n.PhoneNumber, n.TrunkSID, want)
				}
				if want := map[string]string{"+16175550101": "(617) 555-0101", "+16175550102": "(617) 555-0102"}[n.PhoneNumber]; n.FriendlyName != want {
					t.Errorf("%s is called %q, want %q", n.PhoneNumber, n.FriendlyName, want)
				}
			}
			return err
		})
		f, problems = adopt(t, s, strings.NewReplacer(", trunks: [two.pstn.twilio.com]", ", trunks: []",
			"  - {sid: TK00000000000000000000000000000002, name: two.pstn.twilio.com, acls: [office]}\n", "").Replace(file))
		if diff := cmp.Diff(summary(alone(t, f)), summary(out.now())); diff != "" || problems != "" {
			t.Error(diff, problems)
		}
	})
}
