package store_test

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"sync"
	"testing"

	"callbox/routing/directory"
	. "callbox/routing/directory/store"
	"callbox/routing/directory/store/storetest"
)

// seen is what a Mirror has published.
type seen struct {
	mu    sync.Mutex
	last  *directory.Snapshot
	count int
	more  chan struct{} // gets one for each, while there is room
}

func newSeen() *seen { return &seen{more: make(chan struct{}, 1000)} }

func (s *seen) publish(next *directory.Snapshot) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last = next
	s.count++
	select {
	case s.more <- struct{}{}:
	default:
	}
}

func (s *seen) now() *directory.Snapshot {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.last
}

// await waits until a published snapshot is as wanted.
func (s *seen) await(t *testing.T, wanted func(*directory.Snapshot) bool) {
	t.Helper()
	for !wanted(s.now()) {
		select {
		case <-s.more:
		case <-t.Context().Done():
			t.Fatal("the change never came")
		}
	}
}

func mirror(t testing.TB, s *Store) (*Mirror, *seen) {
	t.Helper()
	out := newSeen()
	m, err := s.Mirror(t.Context(), directory.LabContents(netip.AddrPort{}).Network, out.publish)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Close)
	return m, out
}

// site is a number with an address, a domain it is the Emergency Caller ID of, the domain's guard, and a trunk.
type site struct {
	address Address
	number  Number
	domain  Domain
	acl     ACL
	entry   ACLEntry
	guard   Mapping
	trunk   Trunk
}

// insert makes the site, in order of what refers to what.
func (x *site) insert(t *testing.T, tx *Tx) {
	t.Helper()
	mine := Common{AccountSID: lab}
	x.address = Address{Common: mine, CustomerName: "Desk", Street: "645 Harrison St", City: "San Francisco", Region: "CA",
		PostalCode: "94105", IsoCountry: "US"}
	must(t, Insert(tx, &x.address))
	x.number = Number{Common: mine, PhoneNumber: "+14155550100", Country: "US", Service: "e911",
		EmergencyAddressSID: x.address.SID, EmergencyAddressStatus: "registered"}
	must(t, Insert(tx, &x.number))
	x.domain = Domain{Common: mine, DomainName: "a.sip.twilio.com", EmergencyCallingEnabled: true,
		EmergencyCallerSID: x.number.SID, CallerIDMode: "fallback"}
	must(t, Insert(tx, &x.domain))
	x.acl = ACL{Common: mine, FriendlyName: "office"}
	must(t, Insert(tx, &x.acl))
	x.entry = ACLEntry{Common: mine, ListSID: x.acl.SID, IPAddress: "192.0.2.0", CIDRPrefixLength: 24}
	must(t, Insert(tx, &x.entry))
	x.guard = Mapping{Common: mine, ParentSID: x.domain.SID, Use: UseCalls, ListSID: x.acl.SID, Kind: KindACL}
	must(t, Insert(tx, &x.guard))
	x.trunk = Trunk{Common: mine, DomainName: "a.pstn.twilio.com"}
	must(t, Insert(tx, &x.trunk))
}

func TestASnapshotHasEveryChangeWhenUpdateReturns(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, engine string) {
		s := open(t, engine)
		_, out := mirror(t, s)
		var x site
		update(t, s, func(tx *Tx) error { x.insert(t, tx); return nil })
		checkSite(t, out.now(), x)

		update(t, s, func(tx *Tx) error {
			x.address.Street = "647 Harrison St"
			return Save(tx, &x.address)
		})
		if got, _ := out.now().Number("+14155550100"); got.Address.Civic().Street != "647 Harrison St" {
			t.Error("the number of a changed address keeps the old one:", got.Address.Line())
		}
		update(t, s, func(tx *Tx) error {
			x.number.TrunkSID, x.number.EmergencyAddressStatus = x.trunk.SID, "pending-unregistration"
			return Save(tx, &x.number)
		})
		gate, _ := out.now().Trunk("a.pstn.twilio.com")
		if got, _ := out.now().Number("+14155550100"); !got.OnTrunk(gate) || got.Registered() {
			t.Errorf("number %+v", got)
		}
		update(t, s, func(tx *Tx) error {
			must(t, Delete(tx, &x.entry))
			x.domain.EmergencyCallerSID = ""
			must(t, Save(tx, &x.domain))
			return Delete(tx, &x.number)
		})
		if _, ok := out.now().Number("+14155550100"); ok {
			t.Error("a deleted number is still there")
		}
		domain, _ := out.now().Domain("a.sip.twilio.com")
		if domain.CallerID != "" || domain.Access.ACLs[0].Contains(netip.MustParseAddr("192.0.2.9")) {
			t.Errorf("domain %+v", domain)
		}
	})
}

func checkSite(t *testing.T, s *directory.Snapshot, x site) {
	t.Helper()
	got, ok := s.Number("+14155550100")
	domain, hosted := s.Domain("a.sip.us1.twilio.com")
	gate, _ := s.Trunk("a.pstn.twilio.com")
	if !ok || !hosted || !got.Registered() || got.SID() != x.number.SID || got.Address.Civic().Street != "645 Harrison St" ||
		!got.OnDomain(domain) || got.OnTrunk(gate) {
		t.Fatalf("number %+v, domain %+v", got, domain)
	}
	if domain.CallerID != "+14155550100" || len(domain.Access.ACLs) != 1 ||
		!domain.Access.ACLs[0].Contains(netip.MustParseAddr("192.0.2.9")) ||
		domain.Access.ACLs[0].Contains(netip.MustParseAddr("192.0.3.9")) {
		t.Errorf("domain %+v", domain)
	}
}

func TestANumberDeletedAndMadeAgainIsTheOneMadeLast(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, engine string) {
		s := open(t, engine)
		_, out := mirror(t, s)
		n := Number{Common: Common{AccountSID: lab}, PhoneNumber: "+14155550100", Country: "US"}
		update(t, s, func(tx *Tx) error {
			must(t, Insert(tx, &n))
			must(t, Delete(tx, &n))
			n.SID = ""
			return Insert(tx, &n)
		})
		if got, ok := out.now().Number("+14155550100"); !ok || got.SID() != n.SID {
			t.Error("the number made last is not there")
		}
	})
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestAMirrorLoadsWhatIsThereAndFollowsAnotherEdge(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, engine string) {
		url := storetest.URL(t, engine)
		one := storetest.OpenURL(t, url, Options{})
		addAccounts(t, one)
		numbers := make([]Number, 1500)
		for i := range numbers {
			numbers[i] = Number{Common: Common{AccountSID: lab}, PhoneNumber: e164(i), Country: "US"}
		}
		update(t, one, func(tx *Tx) error { return InsertMany(tx, numbers) })

		other := storetest.OpenURL(t, url, Options{})
		_, out := mirror(t, other)
		if n := out.now().Count(); n != 1500 {
			t.Fatalf("%d numbers after the first load", n)
		}
		update(t, one, func(tx *Tx) error { return Delete(tx, &numbers[7]) })
		out.await(t, func(s *directory.Snapshot) bool { return s.Count() == 1499 })
		update(t, one, func(tx *Tx) error {
			return Insert(tx, &Domain{Common: Common{AccountSID: lab}, DomainName: "b.sip.twilio.com"})
		})
		out.await(t, func(s *directory.Snapshot) bool { _, ok := s.Domain("b.sip.twilio.com"); return ok })
		if one.Revision() != other.Revision() {
			t.Errorf("revisions %d and %d", one.Revision(), other.Revision())
		}
	})
}

func TestAMirrorTakesFewChangesAndManyAlike(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, engine string) {
		const n = 1500 // more than are read by the page
		s := open(t, engine)
		_, out := mirror(t, s)
		importNumbers(t, s, 0, n)
		streets := func(want string, count int) {
			t.Helper()
			got := 0
			for number := range out.now().Numbers() {
				if number.Address != nil && strings.Contains(number.Address.Civic().Street, want) {
					got++
				}
			}
			if got != count || out.now().Count() != n {
				t.Errorf("%d of %d numbers are in %s, want %d of %d", got, out.now().Count(), want, count, n)
			}
		}
		streets("Harrison", n)
		for _, many := range []int{1, 99, 100, 101, 1100, 1101, n} {
			street := fmt.Sprintf("Street %d", many)
			update(t, s, func(tx *Tx) error {
				rows, err := Find[Address](tx, Query{Oldest: true, Limit: many})
				for i := range rows {
					rows[i].Street = street
				}
				return errors.Join(err, SaveMany(tx, rows))
			})
			streets(street, many)
		}
	})
}
