package store_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"callbox/routing/directory"
	. "callbox/routing/directory/store"
	"callbox/routing/directory/store/storetest"
	"callbox/sip/location"
)

func harrison(account, id string) Location {
	l := Location{Common: Common{AccountSID: account}, LocationID: id, Validation: "VALID", ESN: "2101"}
	l.SetCivic(directory.Civic{Customer: "Callbox", Street: "645 Harrison St", City: "San Francisco", State: "CA", PostalCode: "94105", Country: "US"})
	l.SetPoint(&location.Point{Lat: 37.7841, Lon: -122.3964})
	return l
}

func TestTheMirrorFollowsLocationsAndEndpoints(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, engine string) {
		s := open(t, engine)
		_, out := mirror(t, s)
		l := harrison(lab, "mainCampus")
		e := Endpoint{Common: Common{AccountSID: lab}, EndpointID: "alicePhone0001", Callback: "+14155550100", CallerName: "Alice", PIDFLO: true}
		update(t, s, func(tx *Tx) error {
			must(t, Insert(tx, &l))
			e.LocationSID = l.SID
			return Insert(tx, &e)
		})
		now := out.now()
		got, ok := now.Location(lab, "mainCampus")
		if !ok || got.Address.Civic() != l.Civic() || got.Point == nil || got.Point.Lon != -122.3964 || got.Status != directory.Valid {
			t.Fatalf("location: %+v", got)
		}
		if p, _ := now.ServingLocation(got); p == nil || p.ID != "psap-sf" {
			t.Errorf("served by %+v", p)
		}
		if p, ok := now.Endpoint(lab, "alicePhone0001"); !ok || p.LocationID != "mainCampus" || p.Name != "Alice" || !p.PIDFLO {
			t.Errorf("endpoint: %+v", p)
		}
		e.LocationSID = ""
		e.SetCivic(&directory.Civic{Street: "1 Elm", City: "Oakland", State: "CA", PostalCode: "94601", Country: "US"}, "")
		update(t, s, func(tx *Tx) error {
			must(t, Save(tx, &e))
			return Delete(tx, &l)
		})
		now = out.now()
		if _, ok := now.Location(lab, "mainCampus"); ok {
			t.Error("a location that was deleted is there")
		}
		p, _ := now.Endpoint(lab, "alicePhone0001")
		if p.LocationID != "" || p.Address == nil {
			t.Fatalf("endpoint: %+v", p)
		}
		if c, _ := now.Serving(p.Address); c == nil || c.ID != "psap-oakland" {
			t.Errorf("its own address is served by %+v", c)
		}
		_, fresh := mirror(t, s) // loads everything anew
		if p, ok := fresh.now().Endpoint(lab, "alicePhone0001"); !ok || p.Address == nil {
			t.Errorf("loaded anew: %+v", p)
		}
		update(t, s, func(tx *Tx) error { return Delete(tx, &e) })
		if _, ok := out.now().Endpoint(lab, "alicePhone0001"); ok {
			t.Error("an endpoint that was deleted is there")
		}
	})
}

func TestIDsAreUniqueInAnAccountAndPlacesInUseStay(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, engine string) {
		s := open(t, engine)
		update(t, s, func(tx *Tx) error {
			l := harrison(lab, "mainCampus")
			must(t, Insert(tx, &l))
			elsewhere := harrison(other, "mainCampus")
			must(t, Insert(tx, &elsewhere))
			again := harrison(lab, "mainCampus")
			if err := Insert(tx, &again); !errors.Is(err, ErrTaken) {
				t.Error("a second one of the ID:", err)
			}
			e := Endpoint{Common: Common{AccountSID: lab}, EndpointID: "alice", LocationSID: l.SID}
			must(t, Insert(tx, &e))
			if err := Delete(tx, &l); !errors.Is(err, ErrInUse) {
				t.Error("a location in use:", err)
			}
			got, err := ByID[Location](tx, lab, "mainCampus")
			if diff := cmp.Diff(l, got); diff != "" || err != nil {
				t.Error(diff, err)
			}
			if _, err := ByID[Endpoint](tx, other, "alice"); !errors.Is(err, ErrNotFound) {
				t.Error("another account's:", err)
			}
			all, err := ByIDs[Endpoint](tx, lab, []string{"alice", "bob"})
			if len(all) != 1 || all["alice"].SID != e.SID || err != nil {
				t.Error(all, err)
			}
			return nil
		})
	})
}

func TestGroupsTellWhoIsInThem(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, engine string) {
		s := open(t, engine)
		_, out := mirror(t, s)
		e := Endpoint{Common: Common{AccountSID: lab}, EndpointID: "alice"}
		g := Group{Common: Common{AccountSID: lab}, GroupID: "1"}
		hook := Recipient{Common: Common{AccountSID: lab}, RecipientID: "hook", Kind: RecipientHTTP, Target: "https://desk.example.com/x", Username: "me", Password: "s3cret"}
		text := Recipient{Common: Common{AccountSID: lab}, RecipientID: "text", Kind: RecipientSMS, Target: "+14155550100"}
		update(t, s, func(tx *Tx) error {
			must(t, Insert(tx, &e))
			must(t, Insert(tx, &g))
			must(t, Insert(tx, &hook))
			must(t, Insert(tx, &text))
			must(t, Tell(tx, g, []Recipient{hook, text, hook}))
			return JoinGroup(tx, g, []Endpoint{e, e})
		})
		told := func() (to []string) {
			now := out.now()
			p, _ := now.Endpoint(lab, "alice")
			for _, n := range now.Told(p) {
				to = append(to, n.Kind.String()+" "+n.To)
			}
			return to
		}
		if diff := cmp.Diff([]string{"webhook https://me:s3cret@desk.example.com/x", "sms +14155550100"}, told()); diff != "" {
			t.Error(diff)
		}
		view(t, s, func(tx *Tx) error {
			in, err := Members(tx, []Group{g})
			if diff := cmp.Diff(map[string]Membership{g.SID: {Endpoints: []string{"alice"}, Recipients: []string{"hook", "text"}}}, in); diff != "" || err != nil {
				t.Error(diff, err)
			}
			log, err := Find[AuditEntry](tx, Where("sid", hook.SID))
			if err != nil || len(log) != 1 || strings.Contains(log[0].Changes, "s3cret") {
				t.Error("the audit log:", log, err)
			}
			return nil
		})
		update(t, s, func(tx *Tx) error {
			if err := Delete(tx, &hook); !errors.Is(err, ErrInUse) {
				t.Error("a recipient in use:", err)
			}
			must(t, StopTelling(tx, g, []Recipient{hook}))
			return Delete(tx, &hook)
		})
		if diff := cmp.Diff([]string{"sms +14155550100"}, told()); diff != "" {
			t.Error(diff)
		}
		update(t, s, func(tx *Tx) error { return LeaveGroup(tx, g, []Endpoint{e}) })
		if got := told(); got != nil {
			t.Error("told of an endpoint that left:", got)
		}
		update(t, s, func(tx *Tx) error { return Delete(tx, &g) })
	})
}

func TestAFileBringsLocationsAndEndpoints(t *testing.T) {
	t.Parallel()
	const file = `
accounts: [{sid: AC00000000000000000000000000000911, bandwidth_id: "5001232"}]
locations:
  - {id: campus, street: 645 Harrison St, city: San Francisco, state: CA, postal_code: "94105", country: US, point: {lat: 37.7841, lon: -122.3964}}
endpoints:
  - {id: alice, location: campus, callback: "+14155550100"}
emergency_numbers:
  - {number: "+19195550911", url: "http://127.0.0.1:8911/where", user: me, password: s3cret}
`
	storetest.Each(t, func(t *testing.T, engine string) {
		s := storetest.Open(t, engine, Options{})
		_, out := mirror(t, s)
		if _, problems := adopt(t, s, file); problems != "" {
			t.Fatal(problems)
		}
		now := out.now()
		l, ok := now.Location(lab, "campus")
		if !ok || l.Address.ESN() != "2101" || l.Status != directory.Valid || l.Point == nil {
			t.Errorf("location: %+v", l)
		}
		if p, ok := now.Endpoint(lab, "alice"); !ok || p.LocationID != "campus" {
			t.Errorf("endpoint: %+v", p)
		}
		if n, ok := now.EmergencyNumber("+19195550911"); !ok || n.Timeout != directory.DefaultHookTimeout || string(n.Password) != "s3cret" || n.Account.SID != lab {
			t.Errorf("emergency number: %+v", n)
		}
		if a, ok := now.BandwidthAccount("5001232"); !ok || a.SID != lab {
			t.Errorf("account: %+v", a)
		}
		update(t, s, func(tx *Tx) error {
			mine, err := ByID[Location](tx, lab, "campus")
			must(t, err)
			if err := Save(tx, &Location{Common: mine.Common, LocationID: "campus"}); !errors.As(err, new(ErrReadOnly)) {
				t.Error("a row of a file was written:", err)
			}
			return Insert(tx, &Endpoint{Common: Common{AccountSID: lab}, EndpointID: "bob", LocationSID: mine.SID})
		})
		_, problems := adopt(t, s, "accounts: [{sid: AC00000000000000000000000000000911}]\n")
		if !strings.Contains(problems, "which is where the endpoint is: bob") {
			t.Error(problems)
		}
		update(t, s, func(tx *Tx) error {
			bob, err := ByID[Endpoint](tx, lab, "bob")
			must(t, err)
			return Delete(tx, &bob)
		})
		if _, problems = adopt(t, s, "accounts: [{sid: AC00000000000000000000000000000911}]\n"); problems != "" {
			t.Fatal(problems)
		}
		now = out.now()
		if _, ok := now.Location(lab, "campus"); ok {
			t.Error("a location that left its file is there")
		}
		if _, ok := now.EmergencyNumber("+19195550911"); ok {
			t.Error("an emergency number that left its file is there")
		}
	})
}

// BenchmarkOneOfTenThousandEndpoints says what a change costs where there are many endpoints and locations.
func BenchmarkOneOfTenThousandEndpoints(b *testing.B) {
	eachEngine(b, func(b *testing.B, engine string) {
		s := open(b, engine)
		_, out := mirror(b, s)
		var locations []Location
		var endpoints []Endpoint
		update(b, s, func(tx *Tx) error {
			for i := range 10_000 {
				locations = append(locations, harrison(lab, fmt.Sprintf("desk%d", i)))
			}
			if err := InsertMany(tx, locations); err != nil {
				return err
			}
			for i, l := range locations {
				endpoints = append(endpoints, Endpoint{Common: Common{AccountSID: lab}, EndpointID: fmt.Sprintf("phone%d", i), LocationSID: l.SID})
			}
			return InsertMany(tx, endpoints)
		})
		if _, ok := out.now().Endpoint(lab, "phone9999"); !ok {
			b.Fatal("the last endpoint is not there")
		}
		for i := 0; b.Loop(); i++ {
			update(b, s, func(tx *Tx) error {
				e, err := ByID[Endpoint](tx, lab, fmt.Sprintf("phone%d", i%10_000))
				if err != nil {
					return err
				}
				e.LocationSID = locations[(i+1)%10_000].SID
				return Save(tx, &e)
			})
		}
	})
}
