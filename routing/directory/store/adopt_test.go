package store_test

import (
	"errors"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"callbox/routing/directory"
	. "callbox/routing/directory/store"
	"callbox/routing/directory/store/storetest"
)

// summary is what two snapshots must have in common to be the same directory.
func summary(s *directory.Snapshot) []string {
	var lines []string
	for _, d := range s.Domains() {
		line := "domain " + d.SID + " " + d.Name + " " + d.Account.SID + " caller " + d.CallerID + " settings " + d.Settings.Stored()
		for _, a := range d.Access.ACLs {
			line += " acl " + a.SID
			networks := slices.Clone(a.Networks)
			slices.SortFunc(networks, netip.Prefix.Compare)
			for _, n := range networks {
				line += " " + n.String()
			}
		}
		for _, c := range d.Access.Credentials {
			_, alice := c.HA1("alice")
			line += " list " + c.SID + " " + c.Name
			if alice {
				line += " alice"
			}
		}
		lines = append(lines, line)
	}
	for _, k := range s.Trunks() {
		lines = append(lines, "trunk "+k.SID+" "+k.Name+" settings "+k.Settings.Stored())
	}
	for n := range s.Numbers() {
		line := "number " + n.SID() + " " + n.E164 + " " + n.Service.String() + " " + n.Status.String()
		if n.Address != nil {
			line += " " + n.Address.SID() + " " + n.Address.Line()
		}
		for _, d := range s.Domains() {
			if n.OnDomain(d) {
				line += " on " + d.Name
			}
		}
		for _, k := range s.Trunks() {
			if n.OnTrunk(k) {
				line += " on " + k.Name
			}
		}
		lines = append(lines, line)
	}
	slices.Sort(lines)
	return lines
}

// adopt adopts a directory file, made of the embedded lab's call centres and the customers given.
func adopt(t *testing.T, s *Store, customers string) (f *directory.File, problems string) {
	t.Helper()
	f, bad := directory.Parse("directory.yaml", []byte(customers+`
eccs: [{id: ecc-us, name: ECC, country: US, uri: "sip:ecc@sim"}]
`), directory.Options{})
	if len(bad) > 0 {
		t.Fatal(bad)
	}
	found, err := s.Adopt(t.Context(), f, Base{Name: "directory.yaml", ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	if len(found) == 0 {
		return f, ""
	}
	return f, found.Error()
}

func adoptLab(t *testing.T, s *Store) {
	t.Helper()
	problems, err := s.Adopt(t.Context(), directory.LabContents(netip.AddrPort{}), Base{Name: directory.LabFile})
	if err != nil || len(problems) > 0 {
		t.Fatal(problems, err)
	}
}

func alone(t *testing.T, f *directory.File) *directory.Snapshot {
	t.Helper()
	s, err := f.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestTheLabComesOutOfTheStoreAsItIs(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, engine string) {
		s := storetest.Open(t, engine, Options{})
		adoptLab(t, s)
		_, out := mirror(t, s)
		if diff := cmp.Diff(summary(directory.Lab(netip.AddrPort{})), summary(out.now())); diff != "" {
			t.Error(diff)
		}
		// It is the API's from then on: what was deleted stays so.
		var n Number
		update(t, s, func(tx *Tx) error {
			found, err := Find[Number](tx, Where("phone_number", "+14155550102"))
			must(t, err)
			n = found[0]
			return Delete(tx, &n)
		})
		adoptLab(t, s)
		if _, ok := out.now().Number("+14155550102"); ok {
			t.Error("the lab came back over what the API deleted")
		}
	})
}

const fileOne = `
accounts: [{sid: AC00000000000000000000000000000001, name: One}]
acls: [{name: office, networks: [192.0.2.0/24, 2001:db8::/32]}]
credential_lists: [{name: phones, users: [{user: alice, password: Secret-password-1}]}]
addresses:
  - {id: hq, street: 1 Main St, city: Boston, state: MA, postal_code: "02101", country: US}
  - {id: old, street: 2 Main St, city: Boston, state: MA, postal_code: "02101", country: US}
numbers:
  - {number: "+16175550100", service: e911, address: hq}
  - {number: "+16175550101", service: e911, address: old, domains: [a.sip.twilio.com], trunks: []}
domains:
  - {name: a.sip.twilio.com, emergency_calling: true, acls: [office], emergency_caller_id: {number: "+16175550100", mode: always},
     identity: {normalise: true}, notify: [{kind: webhook, to: "https://desk.example.com/{}", secret: key}]}
  - {name: b.sip.twilio.com, emergency_calling: true, credential_lists: [phones]}
trunks: [{name: a.pstn.twilio.com, acls: [office], credential_lists: [phones], callback: {fallback: ["sip:desk@192.0.2.7"]}}]
`

func TestAFileIsAdoptedAsItIsAndFollowsItsChanges(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, engine string) {
		s := storetest.Open(t, engine, Options{})
		_, out := mirror(t, s)
		f, problems := adopt(t, s, fileOne)
		if diff := cmp.Diff(summary(alone(t, f)), summary(out.now())); diff != "" || problems != "" {
			t.Error(diff, problems)
		}
		before := s.Revision()
		adopt(t, s, fileOne)
		if s.Revision() != before {
			t.Error("an unchanged file was written again")
		}
		next := strings.NewReplacer(
			"1 Main St", "10 Main St", "192.0.2.0/24", "192.0.2.0/25", "user: alice", "user: bob",
			"{number: \"+16175550101\", service: e911, address: old", "{number: \"+16175550102\", service: none, address: hq",
			"  - {id: old, street: 2 Main St, city: Boston, state: MA, postal_code: \"02101\", country: US}\n", "",
			"+16175550100\", mode: always", "+16175550102\", mode: fallback", "name: One", "name: Uno", "sip:desk@192.0.2.7", "sip:guard@192.0.2.7",
		).Replace(fileOne)
		f, problems = adopt(t, s, next)
		if diff := cmp.Diff(summary(alone(t, f)), summary(out.now())); diff != "" || problems != "" {
			t.Error(diff, problems)
		}
	})
}

func TestRowsOfAFileAreReadOnly(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, engine string) {
		s := storetest.Open(t, engine, Options{})
		adopt(t, s, fileOne)
		tries := map[string]func(tx *Tx) error{
			"saving a number": func(tx *Tx) error {
				n := first[Number](t, tx)
				n.FriendlyName = "mine"
				return Save(tx, &n)
			},
			"deleting a domain": func(tx *Tx) error { d := first[Domain](t, tx); return Delete(tx, &d) },
			"adding a user to a list": func(tx *Tx) error {
				l := first[CredentialList](t, tx)
				return Insert(tx, &Credential{Common: Common{AccountSID: l.AccountSID}, ListSID: l.SID, Username: "eve"})
			},
			"adding users to a list": func(tx *Tx) error {
				l := first[CredentialList](t, tx)
				return InsertMany(tx, []Credential{{Common: Common{AccountSID: l.AccountSID}, ListSID: l.SID, Username: "eve"}})
			},
			"guarding a domain": func(tx *Tx) error {
				d, l := first[Domain](t, tx), first[CredentialList](t, tx)
				return Insert(tx, &Mapping{Common: Common{AccountSID: l.AccountSID}, ParentSID: d.SID, Use: UseCalls, ListSID: l.SID, Kind: KindCredentials})
			},
		}
		for name, try := range tries {
			err := s.Update(t.Context(), tester, try)
			var readOnly ErrReadOnly
			if !errors.As(err, &readOnly) || readOnly.Origin != OriginFile ||
				!strings.HasSuffix(err.Error(), " is from directory.yaml; change it there and reload") {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

// first returns the oldest row of a kind.
func first[R Row](t *testing.T, tx *Tx) R {
	t.Helper()
	rows, err := Find[R](tx, Query{Oldest: true, Limit: 1})
	if err != nil || len(rows) == 0 {
		t.Fatal("no row", err)
	}
	return rows[0]
}

func TestAnAPIRowInTheWayOfAFileIsAProblemAndChangesNothing(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, engine string) {
		s := open(t, engine)
		_, out := mirror(t, s)
		update(t, s, func(tx *Tx) error {
			must(t, Insert(tx, &Number{Common: Common{AccountSID: lab}, PhoneNumber: "+16175550100", Country: "US"}))
			return Insert(tx, &Domain{Common: Common{AccountSID: lab}, DomainName: "b.sip.us1.twilio.com"})
		})
		before := summary(out.now())
		_, problems := adopt(t, s, fileOne)
		want := `directory.yaml:9: numbers[0].number: "+16175550100": is a number that was added through the API; remove it here, or release it through the API
directory.yaml:14: domains[1].name: "b.sip.twilio.com": is the host of something that was made through the API; rename it here, or delete the other through the API`
		if diff := cmp.Diff(want, problems); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff(before, summary(out.now())); diff != "" {
			t.Error(diff)
		}
	})
}

func TestAFileSharesNoHostWithTheAPIWhateverKind(t *testing.T) {
	t.Parallel()
	for name, other := range map[string]func(tx *Tx) error{
		`trunks[0].name: "a.pstn.twilio.com"`: func(tx *Tx) error {
			return Insert(tx, &Domain{Common: Common{AccountSID: lab}, DomainName: "d.sip.twilio.com", Aliases: "a.pstn.twilio.com"})
		},
		`domains[1].name: "b.sip.twilio.com"`: func(tx *Tx) error {
			return Insert(tx, &Trunk{Common: Common{AccountSID: lab}, DomainName: "b.sip.us1.twilio.com"})
		},
	} {
		s := open(t, storetest.SQLite)
		update(t, s, other)
		if _, problems := adopt(t, s, fileOne); !strings.Contains(problems, name+": is the host of something that was made through the API") {
			t.Errorf("%s: %q", name, problems)
		}
	}
}

func TestListsOfAFileMayChangeTheirSIDs(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, engine string) {
		s := storetest.Open(t, engine, Options{})
		_, out := mirror(t, s)
		const lists = `
accounts: [{sid: AC00000000000000000000000000000001, name: One}]
credential_lists:
  - {sid: CL0000000000000000000000000000000A, name: one, users: [{user: alice, password: Secret-password-1}]}
  - {sid: CL0000000000000000000000000000000B, name: two, users: [{user: alice, password: Secret-password-2}]}
domains: [{name: a.sip.twilio.com, emergency_calling: true, credential_lists: [one]}]
`
		first := strings.NewReplacer("000A", "000a", "000B", "000b").Replace(lists)
		adopt(t, s, first)
		f, problems := adopt(t, s, strings.NewReplacer("000A", "000b", "000B", "000a").Replace(lists))
		if diff := cmp.Diff(summary(alone(t, f)), summary(out.now())); diff != "" || problems != "" {
			t.Error(diff, problems)
		}
	})
}

func TestAFileTakesTheLabsPlaceButNotTheAPIs(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, engine string) {
		s := storetest.Open(t, engine, Options{})
		_, out := mirror(t, s)
		adoptLab(t, s)
		mine := Number{Common: Common{AccountSID: lab}, PhoneNumber: "+14155550177", Country: "US", EmergencyAddressStatus: "registered"}
		update(t, s, func(tx *Tx) error {
			mine.EmergencyAddressSID = first[Address](t, tx).SID
			mine.TrunkSID = first[Trunk](t, tx).SID
			must(t, Insert(tx, &mine))
			touched, err := Find[Domain](tx, Where("domain_name", "store.sip.us1.twilio.com"))
			must(t, err)
			touched[0].FriendlyName = "ours now"
			must(t, Save(tx, &touched[0]))
			guarded, err := Find[Domain](tx, Where("domain_name", "quiet.sip.us1.twilio.com"))
			must(t, err)
			own := CredentialList{Common: Common{AccountSID: lab}, FriendlyName: "own"}
			must(t, Insert(tx, &own))
			return Insert(tx, &Mapping{Common: Common{AccountSID: lab}, ParentSID: guarded[0].SID, Use: UseCalls, ListSID: own.SID, Kind: KindCredentials})
		})
		if _, problems := adopt(t, s, fileOne); problems != "" {
			t.Fatal(problems)
		}
		var hosts []string
		for _, d := range out.now().Domains() {
			hosts = append(hosts, d.Name)
		}
		slices.Sort(hosts)
		want := []string{"a.sip.twilio.com", "b.sip.twilio.com", "quiet.sip.us1.twilio.com", "store.sip.us1.twilio.com"}
		if diff := cmp.Diff(want, hosts); diff != "" {
			t.Error(diff)
		}
		if n, ok := out.now().Number("+14155550177"); !ok || n.Registered() || n.Address != nil || out.now().Count() != 3 {
			t.Errorf("the API's number: %+v; %d numbers", n, out.now().Count())
		}
		if d, _ := out.now().Domain("quiet.sip.us1.twilio.com"); len(d.Access.ACLs)+len(d.Access.Credentials) != 0 {
			t.Errorf("a domain lost one of two guards and lets in who passes the other: %+v", d)
		}
		if d, _ := out.now().Domain("store.sip.us1.twilio.com"); d.CallerID != "" || len(d.Access.ACLs) != 0 {
			t.Errorf("a domain still has what the lab took along: %+v", d)
		}
		view(t, s, func(tx *Tx) error {
			if n, err := Count[AuditEntry](tx, Where("action", "adopt")); n != 2 || err != nil {
				t.Errorf("%d adoptions in the audit log, %v", n, err)
			}
			return nil
		})
	})
}
