package store_test

import (
	"fmt"
	"net/netip"
	"os"
	"runtime"
	"strconv"
	"syscall"
	"testing"
	"time"

	"callbox/routing/directory"
	. "callbox/routing/directory/store"
	"callbox/routing/directory/store/storetest"
)

// benchNumbers is how many numbers with addresses of their own the large benchmarks work on: CALLBOX_BENCH_NUMBERS, or a
// hundred thousand.
func benchNumbers(b *testing.B) int {
	b.Helper()
	n := 100_000
	if s := os.Getenv("CALLBOX_BENCH_NUMBERS"); s != "" {
		var err error
		if n, err = strconv.Atoi(s); err != nil {
			b.Fatal(err)
		}
	}
	return n
}

// importNumbers adds n numbers with an address each, in transactions of a hundred thousand, from the first-th on.
func importNumbers(b testing.TB, s *Store, first, n int) {
	b.Helper()
	for n > 0 {
		some := min(n, 100_000)
		addresses, numbers := make([]Address, some), make([]Number, some)
		for i := range some {
			k := first + i
			addresses[i] = Address{Common: Common{SID: NewSID("AD"), AccountSID: lab}, CustomerName: fmt.Sprintf("Customer %d", k),
				Street: fmt.Sprintf("%d Harrison St", k%2000), StreetSecondary: fmt.Sprintf("Fl %d", k%40), City: "San Francisco",
				Region: "CA", PostalCode: fmt.Sprintf("941%02d", k%60), IsoCountry: "US", EmergencyEnabled: true, Validated: true, ESN: "101"}
			numbers[i] = Number{Common: Common{AccountSID: lab}, PhoneNumber: e164(k), FriendlyName: e164(k), Country: "US", Service: "e911",
				EmergencyStatus: "Active", EmergencyAddressSID: addresses[i].SID, EmergencyAddressStatus: "registered", VoiceMethod: "POST"}
		}
		update(b, s, func(tx *Tx) error {
			if err := InsertMany(tx, addresses); err != nil {
				return err
			}
			return InsertMany(tx, numbers)
		})
		first, n = first+some, n-some
	}
}

func eachEngine(b *testing.B, run func(b *testing.B, engine string)) {
	b.Helper()
	for _, engine := range []string{storetest.SQLite, storetest.Postgres} {
		b.Run(engine, func(b *testing.B) { run(b, engine) })
	}
}

// BenchmarkImport adds numbers with an address each to a store that a snapshot follows.
func BenchmarkImport(b *testing.B) {
	n := benchNumbers(b)
	eachEngine(b, func(b *testing.B, engine string) {
		for b.Loop() {
			s := open(b, engine)
			_, out := mirror(b, s)
			start, cpu := time.Now(), cpuTime()
			importNumbers(b, s, 0, n)
			b.ReportMetric(cpuTime()-cpu, "cpu-s")
			b.ReportMetric(float64(n)/time.Since(start).Seconds(), "numbers/s")
			if out.now().Count() != n {
				b.Fatal("not all are in the snapshot")
			}
		}
	})
}

// BenchmarkLoad makes the first snapshot, as at the start of an edge.
func BenchmarkLoad(b *testing.B) {
	n := benchNumbers(b)
	eachEngine(b, func(b *testing.B, engine string) {
		s := open(b, engine)
		importNumbers(b, s, 0, n)
		for b.Loop() {
			b.StopTimer()
			before := heap()
			b.StartTimer()
			cpu := cpuTime()
			out := newSeen()
			m, err := s.Mirror(b.Context(), directory.LabContents(netip.AddrPort{}).Network, out.publish)
			if err != nil || out.now().Count() != n {
				b.Fatal("not all are in the snapshot", err)
			}
			b.StopTimer()
			m.Close()
			b.ReportMetric(cpuTime()-cpu, "cpu-s")
			b.ReportMetric(float64(heap()-before)/float64(n), "B/number")
			runtime.KeepAlive(out)
			b.StartTimer()
		}
	})
}

// cpuTime is what this process has used of the processors, in seconds: the figure that other work on the machine changes
// least. The server of PostgreSQL is not in it.
func cpuTime() float64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()).Seconds()
}

// heap is what is in use after a collection.
func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// BenchmarkChange saves one number of many: until it is on disk and in the snapshot.
func BenchmarkChange(b *testing.B) {
	n := benchNumbers(b)
	eachEngine(b, func(b *testing.B, engine string) {
		s := open(b, engine)
		importNumbers(b, s, 0, n)
		_, out := mirror(b, s)
		words := [2]string{"registered", "pending-unregistration"}
		i := 0
		for b.Loop() {
			i++
			number := e164(i * 7919 % n)
			update(b, s, func(tx *Tx) error {
				found, err := Find[Number](tx, Where("phone_number", number))
				if err != nil {
					return err
				}
				if found[0].EmergencyAddressStatus == words[0] {
					words[0], words[1] = words[1], words[0]
				}
				found[0].EmergencyAddressStatus = words[0]
				return Save(tx, &found[0])
			})
			if got, _ := out.now().Number(number); got.Status.String() != words[0] {
				b.Fatal("the change is not in the snapshot")
			}
		}
	})
}

// BenchmarkOtherEdge saves one number on one edge: until it is in the snapshot of another one at the same database.
func BenchmarkOtherEdge(b *testing.B) {
	eachEngine(b, func(b *testing.B, engine string) {
		url := storetest.URL(b, engine)
		one, two := storetest.OpenURL(b, url, Options{}), storetest.OpenURL(b, url, Options{})
		addAccounts(b, one)
		_, out := mirror(b, two)
		i := 0
		for b.Loop() {
			i++
			update(b, one, func(tx *Tx) error {
				return Insert(tx, &Number{Common: Common{AccountSID: lab}, PhoneNumber: e164(i)})
			})
			for out.now().Count() < i {
				<-out.more
			}
		}
	})
}
