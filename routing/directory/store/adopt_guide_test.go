package store_test

import (
	"testing"

	"callbox/routing/directory"
	. "callbox/routing/directory/store"
	"callbox/routing/directory/store/storetest"
)

const zones = `
msag: [ranges.csv]
accounts: [{sid: AC00000000000000000000000000000001}]
psaps:
  - {id: old-zone, uri: "sip:a@sim", serves: {country: US, esns: ["701"]}}
  - {id: new-zone, uri: "sip:b@sim", serves: {country: US, esns: ["702"]}}
  - {id: by-code, uri: "sip:c@sim", serves: {country: US, postal_codes: ["79843"]}}
eccs: [{id: ecc-us, country: US, uri: "sip:ecc@sim"}]
`

// A zone that is renumbered takes all of its addresses along: 701 may be the number of another one from then on.
func TestAnotherGuideGivesTheAPIsAddressesItsESNs(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, engine string) {
		s := open(t, engine)
		m, out := mirror(t, s)
		take := func(esn string) {
			t.Helper()
			f, problems := directory.Parse("directory.yaml", []byte(zones), directory.Options{Read: func(string) ([]byte, error) {
				return []byte("country,state,community,stn,low,high,esn\nUS,TX,Marfa,Main St,1,99," + esn + "\n"), nil
			}})
			must(t, problems.Err())
			found, err := s.Adopt(t.Context(), f, Base{Name: "directory.yaml", ReadOnly: true})
			if err != nil || len(found) > 0 {
				t.Fatal(err, found)
			}
			m.SetNetwork(f.Network)
		}
		served := func(want ...string) {
			t.Helper()
			for i, id := range want {
				n, _ := out.now().Number(e164(i))
				if p, level := out.now().Serving(n.Address); p == nil || p.ID != id || !n.Registered() {
					t.Errorf("number %d is %s and served by %+v, %s; want %s", i, n.Status, p, level, id)
				}
			}
		}
		take("701")
		update(t, s, func(tx *Tx) error {
			for i, street := range []string{"1 Main St", "1 No Such Rd"} {
				a := Address{Common: Common{AccountSID: lab}, Street: street, City: "Marfa", Region: "TX", PostalCode: "79843",
					IsoCountry: "US", EmergencyEnabled: true, Validated: true, ESN: "701"}
				must(t, Insert(tx, &a))
				must(t, Insert(tx, &Number{Common: Common{AccountSID: lab}, PhoneNumber: e164(i), Country: "US",
					EmergencyAddressSID: a.SID, EmergencyAddressStatus: "registered"}))
			}
			return nil
		})
		served("old-zone", "old-zone")
		take("702")
		served("new-zone", "by-code")
		before := s.Revision()
		take("702")
		if s.Revision() != before {
			t.Error("the same guide was asked again")
		}
	})
}
