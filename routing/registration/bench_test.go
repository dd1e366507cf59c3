package registration

import (
	"fmt"
	"testing"
	"time"

	"callbox/routing/directory/store"
	"callbox/routing/directory/store/storetest"
	"callbox/routing/fees"
	"callbox/routing/labclock"
)

// BenchmarkMove moves 10,000 numbers that are due at once, and charges each.
func BenchmarkMove(b *testing.B) {
	const crowd = 10_000
	for _, engine := range []string{storetest.SQLite, storetest.Postgres} {
		b.Run(engine, func(b *testing.B) {
			for b.Loop() {
				b.StopTimer()
				s := storetest.Open(b, engine, store.Options{})
				clock := labclock.New(func() time.Time { return start })
				rows := make([]store.Number, crowd)
				address := store.Address{Common: store.Common{AccountSID: account}, IsoCountry: "US", EmergencyEnabled: true, Validated: true}
				err := s.Update(b.Context(), who, func(t *store.Tx) error {
					if err := store.Insert(t, &store.Account{Common: store.Common{SID: account}}); err != nil {
						return err
					}
					if err := store.Insert(t, &address); err != nil {
						return err
					}
					for i := range rows {
						rows[i] = store.Number{Common: store.Common{AccountSID: account}, PhoneNumber: fmt.Sprintf("+1415%07d", i), EmergencyAddressSID: address.SID,
							EmergencyAddressStatus: PendingRegistration, StatusNext: Registered, StatusDue: start.UnixMilli()}
					}
					return store.InsertMany(t, rows)
				})
				if err != nil {
					b.Fatal(err)
				}
				m := NewMover(s, clock, Options{Months: fees.New(s, clock, fees.Options{})})
				b.StartTimer()
				if moved, err := m.Move(b.Context()); moved != crowd || err != nil {
					b.Fatal(moved, err)
				}
			}
			b.ReportMetric(crowd*float64(b.N)/b.Elapsed().Seconds(), "numbers/s")
		})
	}
}
