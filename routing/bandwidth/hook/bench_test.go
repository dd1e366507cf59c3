package hook_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"callbox/routing"
	"callbox/routing/bandwidth/hook"
	"callbox/routing/directory"
)

// question is one to a local service, which answers at once.
func question(b *testing.B) (*hook.Client, routing.Question) {
	b.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, good) }))
	c := hook.New(hook.Options{})
	b.Cleanup(func() { c.Close(); s.Close() })
	n := &directory.EmergencyNumber{EmergencyNumberRecord: directory.EmergencyNumberRecord{
		AccountSID: "AC1", Number: "+19195550911", URL: s.URL + "/where", Timeout: 5 * time.Second,
	}}
	return c, routing.Question{Hook: n, To: n.Number, From: "+14155550100"}
}

// BenchmarkAsk is what a question costs over a warm connection, the service's own time included.
func BenchmarkAsk(b *testing.B) {
	c, q := question(b)
	for b.Loop() {
		if r := c.Ask(b.Context(), q); r.Err != "" {
			b.Fatal(r.Err)
		}
	}
}

// BenchmarkAskAtTwoHundredASecond has questions come as calls do, and reports how long they take: run it with
// -benchtime 4000x for twenty seconds.
func BenchmarkAskAtTwoHundredASecond(b *testing.B) {
	c, q := question(b)
	var mu sync.Mutex
	var took []time.Duration
	var asked sync.WaitGroup
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for range b.N {
		<-tick.C
		asked.Go(func() {
			r := c.Ask(b.Context(), q)
			mu.Lock()
			defer mu.Unlock()
			took = append(took, r.Elapsed)
			if r.Err != "" {
				b.Error(r.Err)
			}
		})
	}
	asked.Wait()
	slices.Sort(took)
	at := func(share int) float64 { return float64(took[(len(took)-1)*share/100].Microseconds()) / 1000 }
	b.ReportMetric(at(50), "p50-ms")
	b.ReportMetric(at(99), "p99-ms")
	b.ReportMetric(at(100), "max-ms")
}

func BenchmarkParse(b *testing.B) {
	src := []byte(`{"aeui":"alicePhone0001","location_id":"elmStreet100","lat":35.7796,"lon":-78.6382,"radius":75,"callback":"+15554321234","name":"JJ Smith"}`)
	for b.Loop() {
		if _, err := hook.Parse(src); err != nil {
			b.Fatal(err)
		}
	}
}
