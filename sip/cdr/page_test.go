package cdr

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"callbox/sip/call"
)

// uneven returns n calls of uneven length in the order in which they end, as the journal gets them.
func uneven(n int) []call.Record {
	random := rand.New(rand.NewPCG(1, 2))
	out := make([]call.Record, n)
	for i := range out {
		out[i] = record(i)
		out[i].EndedAt = out[i].StartedAt.Add(time.Duration(random.IntN(120_000)) * time.Millisecond)
		if i%7 == 0 {
			out[i].Account = "AC00000000000000000000000000000007"
		}
	}
	slices.SortFunc(out, func(a, b call.Record) int { return a.EndedAt.Compare(b.EndedAt) })
	return out
}

func journalOf(t *testing.T, records []call.Record, o Options) *Journal {
	t.Helper()
	dir := t.TempDir()
	j := open(t, dir, Options{MaxBytes: o.MaxBytes})
	for _, r := range records {
		j.Append(r)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	j = open(t, dir, o)
	t.Cleanup(func() { _ = j.Close() })
	return j
}

// pages reads all pages of a query and returns the calls in the order in which they came.
func pages(t *testing.T, j *Journal, q Query) (got []int, n int) {
	t.Helper()
	got = []int{}
	for {
		p, err := j.Page(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, ids(p.Calls)...)
		n++
		if !p.More {
			return got, n
		}
		if q.After != (Position{}) && p.Next.Compare(q.After) <= 0 {
			t.Fatalf("page %d continues at %v, which is not after %v", n, p.Next, q.After)
		}
		q.After = p.Next
	}
}

func down(from, to int) []int {
	out := []int{}
	for n := from; n >= to; n-- {
		out = append(out, n)
	}
	return out
}

func TestPagesReachEveryCallOnceLatestBegunFirst(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		o    Options
	}{
		{"all in memory", Options{}},
		{"most in one file", Options{Recent: 10}},
		{"most in rotated files", Options{Recent: 10, MaxBytes: 20_000, MaxFiles: 100}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			j := journalOf(t, uneven(300), tt.o)
			for _, limit := range []int{1, 7, 50, 299, 300, 1000} {
				got, n := pages(t, j, Query{Limit: limit})
				if d := cmp.Diff(down(299, 0), got); d != "" {
					t.Errorf("pages of %d (-want +got):\n%s", limit, d)
				}
				if want := (300 + limit - 1) / limit; n != want {
					t.Errorf("%d pages of %d, want %d", n, limit, want)
				}
			}
		})
	}
}

func TestPagesLeadBackTheWayTheyCame(t *testing.T) {
	t.Parallel()
	j := journalOf(t, uneven(300), Options{Recent: 10, MaxBytes: 20_000, MaxFiles: 100})
	got := []int{}
	for q := (Query{Limit: 7, Before: PositionOf(ptr(record(100)))}); ; {
		p, err := j.Page(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		got = append(ids(p.Calls), got...)
		if !p.More {
			break
		}
		if q.Before = p.Next; p.Next != PositionOf(p.Calls[0]) || len(p.Calls) != 7 {
			t.Fatalf("a page of %d that leads back to %v", len(p.Calls), p.Next)
		}
	}
	if d := cmp.Diff(down(299, 101), got); d != "" {
		t.Errorf("calls over all pages (-want +got):\n%s", d)
	}
}

func ptr[T any](v T) *T { return &v }

func TestAQueryListsOnlyWhatItAsksFor(t *testing.T) {
	t.Parallel()
	j := journalOf(t, uneven(200), Options{Recent: 20, MaxBytes: 30_000, MaxFiles: 100})
	at := func(n int) time.Time { return record(n).StartedAt }
	live := record(500)
	live.State, live.EndedAt, live.EndReason = call.StateAnswered, time.Time{}, call.EndNone
	both := record(199) // ended since the caller looked at what is up
	both.State, both.EndedAt = call.StateAnswered, time.Time{}
	tests := []struct {
		name  string
		query Query
		want  []int
	}{
		{"calls that began in a span", Query{Started: Span{at(50), at(53)}}, []int{52, 51, 50}},
		{"calls that began early on", Query{Started: Span{Until: at(2)}}, []int{1, 0}},
		{"calls of an account", Query{Account: "AC00000000000000000000000000000007", Started: Span{Until: at(30)}}, []int{28, 21, 14, 7, 0}},
		{"calls of an account nobody has", Query{Account: `AC"`}, []int{}},
		{"calls that match", Query{Match: func(r *call.Record) bool { return r.StartedAt.Equal(at(3)) }}, []int{3}},
		{"a live call among the ended ones, each call once", Query{Live: []call.Record{live, both}, Started: Span{From: at(198)}}, []int{500, 199, 198}},
		{"no live call among those that ended in a span", Query{Live: []call.Record{live}, Ended: Span{From: at(100_000)}}, []int{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			q := tt.query
			q.Limit = 2
			got, _ := pages(t, j, q)
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Errorf("calls (-want +got):\n%s", d)
			}
		})
	}
	ended := Span{at(60), at(90)}
	got, _ := pages(t, j, Query{Limit: 3, Ended: ended})
	want := []int{}
	for _, r := range uneven(200) {
		if ended.Has(r.EndedAt) {
			want = append(want, ids([]*call.Record{&r})...)
		}
	}
	slices.Sort(want)
	slices.Reverse(want)
	if d := cmp.Diff(want, got); d != "" || len(want) == 0 {
		t.Errorf("calls that ended in a span (-want +got):\n%s", d)
	}
}

func TestPagesHoldUnderNewCalls(t *testing.T) {
	t.Parallel()
	records := uneven(120)
	j := journalOf(t, records, Options{Recent: 10, MaxBytes: 20_000, MaxFiles: 100})
	got, q := []int{}, Query{Limit: 10}
	for n := 1000; ; n++ {
		p, err := j.Page(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, ids(p.Calls)...)
		if !p.More {
			break
		}
		q.After = p.Next
		for i := range 15 { // more than memory holds
			j.Append(record(n*100 + i))
		}
	}
	if d := cmp.Diff(down(119, 0), got); d != "" {
		t.Errorf("calls over all pages (-want +got):\n%s", d)
	}
}

func TestASearchThatGivesUpContinuesWhereItWas(t *testing.T) {
	t.Parallel()
	j := journalOf(t, uneven(400), Options{Recent: 1})
	odd := func(r *call.Record) bool { return ids([]*call.Record{r})[0]%2 == 1 }
	got, pages := []int{}, 0
	for q := (Query{Limit: 30, Match: odd}); ; pages++ {
		s := search{query: q, seen: map[call.ID]bool{}, budget: 25}
		if err := s.files(t.Context(), j.dir); err != nil {
			t.Fatal(err)
		}
		p := s.page()
		got = append(got, ids(p.Calls)...)
		if !p.More {
			break
		}
		q.After = p.Next
	}
	want := slices.DeleteFunc(down(399, 0), func(n int) bool { return n%2 == 0 })
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("calls over all pages (-want +got):\n%s", d)
	}
	if pages < 10 {
		t.Errorf("only %d pages: the search never gave up", pages)
	}
}

func TestChargedGivesEveryCallWithAFeeOnce(t *testing.T) {
	t.Parallel()
	records := uneven(100)
	want := []int{}
	for i := range records {
		if i%9 == 0 {
			records[i].FeeCents = 7500
			want = append(want, ids([]*call.Record{&records[i]})...)
		}
	}
	slices.Reverse(want)
	j := journalOf(t, records, Options{Recent: 10, MaxBytes: 20_000, MaxFiles: 100})
	var got []*call.Record
	for r, err := range j.Charged(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, r)
	}
	if d := cmp.Diff(want, ids(got)); d != "" {
		t.Errorf("calls with a fee (-want +got):\n%s", d)
	}
	for range j.Charged(t.Context()) {
		break // must not go on
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var last error
	for _, err := range j.Charged(ctx) {
		last = err
	}
	if !errors.Is(last, context.Canceled) {
		t.Errorf("the last word is %v, want that of the context", last)
	}
}

func TestAPageEndsWithItsContext(t *testing.T) {
	t.Parallel()
	j := journalOf(t, uneven(2000), Options{Recent: 1})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := j.Page(ctx, Query{Limit: 5000}); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want that of the context", err)
	}
}

func TestAPagePassesOverWhatIsNoRecord(t *testing.T) {
	t.Parallel()
	j := journalOf(t, uneven(5), Options{Recent: 1})
	path := filepath.Join(j.dir, fileName)
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	bad := strings.Join([]string{"", "{}", "nonsense", `{"id":"CA1","duration_ms":`, `{"id":7,"duration_ms":1}`, strings.Repeat("x", maxLine+chunk), ""}, "\n")
	if err := os.WriteFile(path, append(append([]byte(bad), b...), bad[:len(bad)-1]...), 0o600); err != nil {
		t.Fatal(err)
	}
	got, _ := pages(t, j, Query{Limit: 2})
	if d := cmp.Diff(down(4, 0), got); d != "" {
		t.Errorf("calls (-want +got):\n%s", d)
	}
}

func TestTheHeadOfALineIsThatOfItsRecord(t *testing.T) {
	t.Parallel()
	local := record(3)
	local.StartedAt = local.StartedAt.In(time.FixedZone("", 2*60*60))
	local.AnsweredAt = local.StartedAt.Add(1234567 * time.Nanosecond)
	for _, r := range []call.Record{record(1), local} {
		line, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		h, ok := headOf(line)
		if !ok || h.id != r.ID || !h.started.Equal(r.StartedAt) || !h.ended.Equal(r.EndedAt) {
			t.Errorf("head %v %v of %s", h, ok, line)
		}
	}
	for _, line := range []string{"", "{}", `{"id":"","started_at":"2025-03-04T05:06:07Z","ended_at":"2025-03-04T05:06:07Z","duration_ms":`,
		`{"id":"CA1","started_at":"2025-03-04T05:06:07Z","duration_ms":1}`, `{"id":"CA1","started_at":"soon","ended_at":"2025-03-04T05:06:07Z","duration_ms":1}`,
		`{"id":"CA1","started_at":"2025-03-04T05:06:07Z","ended_at":"2025-03-04,"duration_ms":1}`, `{"id":"CA1,"duration_ms":1}`} {
		if h, ok := headOf([]byte(line)); ok {
			t.Errorf("head %v of %s", h, line)
		}
	}
}

func FuzzBackwards(f *testing.F) {
	for _, seed := range []string{"", "\n", "a", "a\n", "\n\na\nbc", "a\n" + strings.Repeat("b", 100) + "\nc\n"} {
		f.Add([]byte(seed), uint8(3))
	}
	f.Fuzz(func(t *testing.T, file []byte, repeat uint8) {
		file = bytes.Repeat(file, 1+int(repeat)*50)
		var want, got []string
		for line := range bytes.SplitSeq(file, []byte("\n")) {
			if len(line) > 0 && len(line) <= maxLine {
				want = append(want, string(line))
			}
		}
		slices.Reverse(want)
		goOn, err := backwards(bytes.NewReader(file), int64(len(file)), func(l []byte) bool {
			got = append(got, string(l))
			return true
		})
		if err != nil || !goOn {
			t.Fatalf("ended with %t, %v", goOn, err)
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Fatalf("lines (-want +got):\n%s", d)
		}
		slices.Reverse(want)
		var forth []string
		goOn, err = forwards(t.Context(), bytes.NewReader(file), func(l []byte) bool {
			forth = append(forth, string(l))
			return true
		})
		if d := cmp.Diff(want, forth); d != "" || err != nil || !goOn {
			t.Fatalf("lines forwards end with %t, %v (-want +got):\n%s", goOn, err, d)
		}
	})
}
