package store_test

import (
	"strings"
	"testing"

	. "callbox/routing/directory/store"
	"callbox/routing/directory/store/storetest"
)

func TestWhatTheAPINeedsDoesNotLeaveAFile(t *testing.T) {
	t.Parallel()
	const bare = "accounts: [{sid: AC00000000000000000000000000000001, name: One}]\n"
	storetest.Each(t, func(t *testing.T, engine string) {
		s := storetest.Open(t, engine, Options{})
		adopt(t, s, fileOne)
		update(t, s, func(tx *Tx) error {
			c := Common{AccountSID: "AC00000000000000000000000000000001"}
			address, trunk, list := first[Address](t, tx), first[Trunk](t, tx), first[ACL](t, tx)
			n := Number{
				Common: c, PhoneNumber: "+16175550177", Country: "US", Service: "e911", EmergencyAddressSID: address.SID,
				EmergencyAddressStatus: "registered", TrunkSID: trunk.SID,
			}
			must(t, Insert(tx, &n))
			d := Domain{Common: c, DomainName: "c.sip.twilio.com", EmergencyCallerSID: first[Number](t, tx).SID}
			must(t, Insert(tx, &d))
			return Insert(tx, &Mapping{Common: c, ParentSID: d.SID, Use: UseCalls, ListSID: list.SID, Kind: KindACL})
		})
		before := s.Revision()
		_, problems := adopt(t, s, bare)
		for _, want := range []string{
			"is the emergency address of +16175550177", "is the trunk of +16175550177", "is the Emergency Caller ID of c.sip.twilio.com",
			"guards SD", "keep it in the file, or set the number's EmergencyAddressSid to nothing by the API first",
		} {
			if !strings.Contains(problems, want) {
				t.Errorf("no %q in\n%s", want, problems)
			}
		}
		if s.Revision() != before {
			t.Error("something was written")
		}
		update(t, s, func(tx *Tx) error { // the API lets go
			d := ofAPI[Domain](t, tx)
			must(t, Delete(tx, &d))
			n := ofAPI[Number](t, tx)
			return Delete(tx, &n)
		})
		if _, problems := adopt(t, s, bare); problems != "" {
			t.Errorf("when nobody needs it: %s", problems)
		}
	})
}

// ofAPI returns the one row of a kind that the API made.
func ofAPI[R Row](t *testing.T, tx *Tx) R {
	t.Helper()
	rows, err := Find[R](tx, Where("origin", OriginAPI))
	if err != nil || len(rows) != 1 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	return rows[0]
}
