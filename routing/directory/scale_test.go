package directory

import (
	"math/rand/v2"
	"net/netip"
	"runtime"
	"strings"
	"sync"
	"testing"
)

const million = 1_000_000

// large returns a directory of the lab and a million numbers with addresses of their own, made once.
var large = sync.OnceValues(func() (*Snapshot, error) {
	e := Lab(netip.AddrPort{}).Edit()
	for i := range million {
		if err := e.PutNumber(number(i)); err != nil {
			return nil, err
		}
	}
	return e.Snapshot(), nil
})

func million1(b *testing.B) *Snapshot {
	b.Helper()
	s, err := large()
	if err != nil {
		b.Fatal(err)
	}
	return s
}

// live is the heap in use.
func live() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC() // what weak pointers kept
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// fill makes a directory of n numbers and returns what each of them takes of the heap.
func fill(t testing.TB, n int) (*Snapshot, float64) {
	before := live()
	e := Lab(netip.AddrPort{}).Edit()
	for i := range n {
		put(t, e, number(i))
	}
	s := e.Snapshot()
	after := live()
	return s, float64(after-before) / float64(n)
}

func TestANumberWithAnAddressOfItsOwnIsSmall(t *testing.T) {
	s, each := fill(t, 20_000)
	if each > 400 {
		t.Errorf("%.0f bytes a number", each)
	}
	if s.Count() != 20_013 {
		t.Errorf("%d numbers", s.Count())
	}
}

func BenchmarkMillion(b *testing.B) {
	for b.Loop() {
		s, each := fill(b, million)
		b.ReportMetric(each, "bytes/number")
		runtime.KeepAlive(s)
	}
}

func BenchmarkChangeOfOneInAMillion(b *testing.B) {
	s := million1(b)
	b.ReportAllocs()
	for b.Loop() {
		r := number(rand.IntN(million))
		r.Status = StatusPending
		e := s.Edit()
		put(b, e, r)
		s = e.Snapshot()
	}
}

func BenchmarkDeleteOfOneInAMillion(b *testing.B) {
	s := million1(b)
	b.ReportAllocs()
	for b.Loop() {
		e := s.Edit()
		e.DeleteNumber(number(rand.IntN(million)).E164)
		e.Snapshot()
	}
}

func BenchmarkLookUpInAMillion(b *testing.B) {
	s := million1(b)
	numbers := make([]string, 1<<16)
	for i := range numbers {
		numbers[i] = number(rand.IntN(million)).E164
	}
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		if _, ok := s.Number(numbers[i&(len(numbers)-1)]); !ok {
			b.Fatal("not found")
		}
		i++
	}
}

// BenchmarkAnotherNetworkForAMillion measures a reload: of the same centres, of one with another postal code, and of one
// that takes every address.
func BenchmarkAnotherNetworkForAMillion(b *testing.B) {
	s := million1(b)
	for name, change := range map[string]string{
		"same": `{name: Oakland, state: CA}`, "few": `{name: City 941, state: CA}`, "all": "{name: Oakland, state: CA}]\n      states: [CA",
	} {
		src := strings.Replace(string(labYAML), `{name: Oakland, state: CA}`, change, 1)
		f, problems := Parse(LabFile, []byte(src), Options{})
		if err := problems.Err(); err != nil {
			b.Fatal(err)
		}
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				e := s.Edit()
				e.SetNetwork(f.Network)
				e.Snapshot()
			}
		})
	}
}
