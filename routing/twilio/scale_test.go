package twilio

import (
	"fmt"
	"testing"

	"callbox/routing/directory/store"
	"callbox/routing/directory/store/storetest"
)

// BenchmarkListsOfAMillion asks for pages of an account with a million numbers and addresses, as a client does over HTTP.
func BenchmarkListsOfAMillion(b *testing.B) {
	const million = 1_000_000
	for _, engine := range []string{storetest.SQLite, storetest.Postgres} {
		b.Run(engine, func(b *testing.B) {
			e := newEdge(b, storetest.Open(b, engine, store.Options{}))
			e.fill(million)
			middle := e.must("GET", "IncomingPhoneNumbers.json").str("next_page_uri")
			for range 3 {
				middle = e.must("GET", middle).str("next_page_uri")
			}
			for _, c := range []struct{ name, path string }{
				{"first", "IncomingPhoneNumbers.json"}, {"next", middle}, {"thousand", "IncomingPhoneNumbers.json?PageSize=1000"},
				{"number", "IncomingPhoneNumbers.json?PhoneNumber=%2B12010500000"}, {"prefix", "IncomingPhoneNumbers.json?PhoneNumber=%2B120100000"},
				{"broad prefix", "IncomingPhoneNumbers.json?PhoneNumber=%2B1"}, {"no such prefix", "IncomingPhoneNumbers.json?PhoneNumber=%2B44"},
				{"part", "IncomingPhoneNumbers.json?PhoneNumber=0500000"}, {"wildcards", "IncomingPhoneNumbers.json?PhoneNumber=%2B1*01*500000"},
				{"name", "IncomingPhoneNumbers.json?FriendlyName=n500000"}, {"no such name", "IncomingPhoneNumbers.json?FriendlyName=x"},
				{"local", "IncomingPhoneNumbers/Local.json"}, {"toll-free", "IncomingPhoneNumbers/TollFree.json"},
				{"addresses", "Addresses.json"}, {"address by name", "Addresses.json?FriendlyName=a500000"},
				{"address by customer", "Addresses.json?CustomerName=nobody"}, {"address by country", "Addresses.json?IsoCountry=GB"},
				{"emergency addresses", "Addresses.json?EmergencyEnabled=false"},
			} {
				b.Run(c.name, func(b *testing.B) {
					for b.Loop() {
						e.must("GET", c.path)
					}
				})
			}
		})
	}
}

// fill inserts numbers, each with an address, past the API.
func (e *edge) fill(n int) {
	e.t.Helper()
	const batch = 20_000
	for from := 0; from < n; from += batch {
		e.write(func(t *store.Tx) error {
			addresses, numbers := make([]store.Address, batch), make([]store.Number, batch)
			for i := range batch {
				addresses[i] = store.Address{
					Common: store.Common{AccountSID: e.mine, SID: store.NewSID("AD")}, FriendlyName: fmt.Sprint("a", from+i), CustomerName: "Acme",
					Street: fmt.Sprint(from+i, " HARRISON ST"), City: "SAN FRANCISCO", Region: "CA", PostalCode: "94105", IsoCountry: "US",
					EmergencyEnabled: true, Validated: true, ESN: "2101",
				}
				numbers[i] = store.Number{
					Common: store.Common{AccountSID: e.mine}, PhoneNumber: fmt.Sprintf("+1201%07d", from+i), FriendlyName: fmt.Sprint("n", from+i),
					Country: "US", Service: "e911", EmergencyStatus: "Active", EmergencyAddressStatus: "registered", EmergencyAddressSID: addresses[i].SID,
				}
			}
			if err := store.InsertMany(t, addresses); err != nil {
				return err
			}
			return store.InsertMany(t, numbers)
		})
	}
}
