package area

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"sync"
	"testing"
)

// million is an MSAG of a million ranges: 1,000 communities of 200 streets of 5 ranges, with postal codes.
var million = sync.OnceValue(func() []byte {
	rng := rand.New(rand.NewPCG(1, 2))
	letters := func(n int) string {
		s := make([]byte, n)
		for i := range s {
			s[i] = byte('A' + rng.IntN(26))
		}
		return string(s)
	}
	kinds := []string{"ST", "AVE", "RD", "BLVD", "LN", "DR"}
	var b bytes.Buffer
	b.WriteString("PRD,STN,STS,POD,Low,High,Community,State,O/E/B,ESN,ZIP,County\n")
	for c := range 1000 {
		community := letters(6 + rng.IntN(8))
		for range 200 {
			name, kind := letters(5+rng.IntN(8)), kinds[rng.IntN(len(kinds))]
			if rng.IntN(8) == 0 {
				name += " " + letters(6)
			}
			for low := range 5 {
				fmt.Fprintf(&b, ",%s,%s,,%d,%d,%s,TX,B,%d,%05d,SOMEWHERE\n", name, kind, low*100+1, low*100+99, community, 100+c%500, 70000+c)
			}
		}
	}
	return b.Bytes()
})

func largeGuide(b *testing.B) (*Guide, []Civic) {
	b.Helper()
	g, problems := ReadGuide("million.csv", bytes.NewReader(million()), GuideOptions{})
	if len(problems) > 0 {
		b.Fatal(problems)
	}
	t := g.tables[0]
	rng := rand.New(rand.NewPCG(3, 4))
	var asked []Civic
	for range 1000 {
		s := &t.streets[rng.IntN(len(t.streets))]
		c := &t.communities[s.community]
		asked = append(asked, Civic{
			Street: fmt.Sprintf("%d %s", 1+rng.IntN(99), t.name(s)), City: c.name, State: "TX",
			PostalCode: t.codes[t.ranges[s.first].code][0], Country: "US",
		})
	}
	return g, asked
}

func BenchmarkReadGuideOfAMillionRanges(b *testing.B) {
	src := million()
	b.SetBytes(int64(len(src)))
	var g *Guide
	for b.Loop() {
		g, _ = ReadGuide("million.csv", bytes.NewReader(src), GuideOptions{})
	}
	if g == nil || g.Len() != 1_000_000 {
		b.Fatal("not read")
	}
	b.ReportMetric(float64(b.N)*1e6/b.Elapsed().Seconds(), "ranges/s")
	var with, without runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&with)
	runtime.KeepAlive(g)
	g = nil
	runtime.GC()
	runtime.ReadMemStats(&without)
	b.ReportMetric((float64(with.HeapAlloc)-float64(without.HeapAlloc))/1e6, "B/range")
}

func BenchmarkCheckAmongAMillionRanges(b *testing.B) {
	g, asked := largeGuide(b)
	for _, r := range []struct {
		name  string
		want  Match
		spoil func(*Civic)
	}{
		{"exact", Exact, func(*Civic) {}},
		{"misspelt", Near, func(c *Civic) { c.Street = strings.Replace(c.Street, " ", " X", 1) }},
		{"wrong city", Near, func(c *Civic) { c.City = "Nowhere" }},
		{"wrong postal code", Near, func(c *Civic) { c.PostalCode = "99999" }},
		{"no such street", NoMatch, func(c *Civic) { c.Street = "1 Nonexistent Boulevard" }},
	} {
		b.Run(r.name, func(b *testing.B) {
			asked := append([]Civic(nil), asked...)
			for i := range asked {
				r.spoil(&asked[i])
			}
			b.ReportAllocs()
			i, other := 0, 0
			for b.Loop() {
				if f := g.Check(asked[i%len(asked)]); f.Match != r.want {
					other++
				}
				i++
			}
			if other > i/20 {
				b.Errorf("%d of %d are not %s", other, i, r.want)
			}
		})
	}
}
