package routing

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"
	"time"

	"callbox/routing/directory"
	"callbox/routing/numbering"
)

// BenchmarkDecideAmongAMillion calls from random numbers of a million that each have an address of their own.
func BenchmarkDecideAmongAMillion(b *testing.B) {
	const million = 1_000_000
	lab := directory.Lab(netip.AddrPort{})
	e := lab.Edit()
	number := func(i int) string { return fmt.Sprintf("+1%d", 2_000_000_000+i*4567%8_000_000_000) }
	for i := range million {
		err := e.PutNumber(directory.NumberRecord{
			SID: fmt.Sprintf("PN%032x", i), AccountSID: lab.Accounts()[0].SID, Country: "US", E164: number(i),
			Service: directory.ServiceE911, Status: directory.StatusRegistered,
			Address: &directory.AddressRecord{SID: fmt.Sprintf("AD%032x", i), Civic: directory.Civic{
				Customer: fmt.Sprintf("Customer No. %d", i), Street: fmt.Sprintf("%d Harrison St", i%9999+1),
				Secondary: fmt.Sprintf("Fl %d", i%40), City: "San Francisco", State: "CA", PostalCode: fmt.Sprintf("941%02d", i%100), Country: "US",
			}},
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	s := e.Snapshot()
	numbers := make([]string, 1<<18)
	for i := range numbers {
		numbers[i] = number(rand.IntN(million))
	}
	took := make([]time.Duration, 0, len(numbers))
	r, out := request("", "911", hostLab), down("psap-oakland")
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		r.From.User = numbers[i&(len(numbers)-1)]
		if !numbering.Valid(r.From.User) { // it has just come from the wire: it is in the cache
			b.Fatal(r.From.User)
		}
		start := time.Now()
		d := Decide(s, out, r)
		if len(took) < cap(took) {
			took = append(took, time.Since(start))
		}
		if d.Verdict != VerdictPSAP {
			b.Fatal(Text(d))
		}
		i++
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2]), "p50-ns")
	b.ReportMetric(float64(took[len(took)*99/100]), "p99-ns")
}
