package rest

import (
	"encoding/json"
	"errors"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// table is a list of rows by identity, as the store reads them.
type table []int64

func (t table) find(w Window) []int64 {
	rows := slices.Clone(t)
	slices.Sort(rows)
	if !w.Back {
		slices.Reverse(rows)
	}
	var out []int64
	for _, id := range rows {
		if len(out) <= w.Size && (w.Bound == 0 || w.Back && id > w.Bound || !w.Back && id < w.Bound) {
			out = append(out, id)
		}
	}
	return out
}

// page is what a client sees of a 2010 list.
type page struct {
	Rows     []int64 `json:"rows"`
	Page     int     `json:"page"`
	Start    int     `json:"start"`
	End      int     `json:"end"`
	URI      string  `json:"uri"`
	First    string  `json:"first_page_uri"`
	Next     string  `json:"next_page_uri"`
	Previous string  `json:"previous_page_uri"`
}

func (t table) get(tb testing.TB, uri string) page {
	tb.Helper()
	u, err := url.Parse(uri)
	if err != nil {
		tb.Fatal(err)
	}
	r := &Request{Path: u.Path, query: u.Query()}
	w, err := r.Window()
	if err != nil {
		tb.Fatal(err)
	}
	rows, paging := NewPage(w, t.find(w), func(id int64) int64 { return id })
	b, err := render(JSON, NewList(r, "rows", "Rows", "Row", paging, rows))
	if err != nil {
		tb.Fatal(err)
	}
	var p page
	if err := json.Unmarshal(b, &p); err != nil {
		tb.Fatal(err)
	}
	return p
}

func TestPagesForthAndBack(t *testing.T) {
	t.Parallel()
	rows := table{1, 2, 3, 4, 5, 6, 7}
	one := rows.get(t, "/2010-04-01/Rows.json?PageSize=3&FriendlyName=a%26b")
	want := page{Rows: []int64{7, 6, 5}, End: 2, URI: "/2010-04-01/Rows.json?FriendlyName=a%26b&PageSize=3&Page=0",
		First: "/2010-04-01/Rows.json?FriendlyName=a%26b&PageSize=3&Page=0", Next: one.Next}
	if d := cmp.Diff(want, one); d != "" || !strings.Contains(one.Next, "FriendlyName=a%26b&PageSize=3&Page=1&PageToken=PA") {
		t.Fatal(d, one.Next)
	}
	two := rows.get(t, one.Next)
	three := rows.get(t, two.Next)
	if d := cmp.Diff([][]int64{{4, 3, 2}, {1}}, [][]int64{two.Rows, three.Rows}); d != "" || three.Next != "" || three.Page != 2 ||
		three.Start != 6 || three.End != 6 {
		t.Fatal(d, three)
	}
	back := rows.get(t, three.Previous)
	if d := cmp.Diff(two.Rows, back.Rows); d != "" || back.Page != 1 {
		t.Fatal(d, back)
	}
	if again := rows.get(t, rows.get(t, back.Next).URI); again.Rows[0] != 1 {
		t.Error("the page after the page before is not the page", again)
	}
	if first := rows.get(t, back.Previous); first.Previous != "" || !slices.Equal(first.Rows, one.Rows) || first.Page != 0 {
		t.Error(first)
	}
}

func TestPagesHoldUnderWrites(t *testing.T) {
	t.Parallel()
	one := table{1, 2, 3, 4, 5, 6}.get(t, "/2010-04-01/Rows.json?PageSize=2")
	// 7 and 8 come, and the bound's own row, 5, goes.
	two := table{1, 2, 3, 4, 6, 7, 8}.get(t, one.Next)
	if !slices.Equal(two.Rows, []int64{4, 3}) {
		t.Error("a row was skipped or repeated:", two.Rows)
	}
	if prev := (table{1, 2, 3, 4, 6, 7, 8}).get(t, two.Previous); !slices.Equal(prev.Rows, []int64{7, 6}) || prev.Previous == "" {
		t.Error(prev)
	}
	// Everything older than the bound goes: the page is empty, and the way back is open.
	empty := table{6, 5, 7}.get(t, one.Next)
	if len(empty.Rows) != 0 || empty.Next != "" {
		t.Error(empty)
	}
	if prev := (table{6, 5, 7}).get(t, empty.Previous); !slices.Equal(prev.Rows, []int64{6, 5}) {
		t.Error(prev)
	}
	// Everything newer goes.
	if gone := (table{1, 2, 4}).get(t, two.Previous); len(gone.Rows) != 0 || gone.Previous != "" ||
		!slices.Equal((table{1, 2, 4}).get(t, gone.Next).Rows, []int64{4, 2}) {
		t.Error(gone)
	}
}

func TestWindowRefuses(t *testing.T) {
	t.Parallel()
	good := token(Mark{Bound: 42, Tie: "CA1"}, true)
	for _, q := range []string{"PageSize=0", "PageSize=-1", "PageSize=x", "Page=-1", "Page=1", "PageToken=x", "PageToken=" + good[:len(good)-1],
		"PageToken=PA1-00000000", "PageToken=" + strings.Repeat("P", 65), "PageToken=PB16" + good[4:] + "x"} {
		values, _ := url.ParseQuery(q)
		want := CodeInvalid
		if values.Has("PageToken") {
			want = CodePageToken
		}
		w, err := (&Request{query: values}).Window()
		if e := (*Error)(nil); !errors.As(err, &e) || e.Code != want || e.Status != 400 {
			t.Errorf("%s is taken as %+v, %v; want %d", q, w, err, want)
		}
	}
	values, _ := url.ParseQuery("PageSize=5000&Page=4&PageToken=" + good)
	if w, err := (&Request{query: values}).Window(); err != nil || w != (Window{MaxPageSize, 4, 42, true, "CA1"}) {
		t.Error(w, err)
	}
}

func TestMeta(t *testing.T) {
	t.Parallel()
	r := &Request{Path: "/v1/Trunks", BaseURL: "http://127.0.0.1:8080", query: url.Values{}}
	rows, paging := NewPage(Window{Size: 1}, []int64{9, 8}, func(id int64) int64 { return id })
	b, err := render(JSON, NewList(r, "trunks", "Trunks", "Trunk", paging, rows))
	if err != nil {
		t.Fatal(err)
	}
	want := `{"meta":{"first_page_url":"http://127.0.0.1:8080/v1/Trunks?PageSize=1&Page=0","key":"trunks",` +
		`"next_page_url":"http://127.0.0.1:8080/v1/Trunks?PageSize=1&Page=1&PageToken=` + token(Mark{Bound: 9}, false) + `","page":0,"page_size":1,` +
		`"previous_page_url":null,"url":"http://127.0.0.1:8080/v1/Trunks?PageSize=1&Page=0"},"trunks":[9]}` + "\n"
	if d := cmp.Diff(want, string(b)); d != "" {
		t.Error(d)
	}
}

func FuzzPageToken(f *testing.F) {
	f.Add(token(Mark{Bound: 1}, false))
	f.Add(token(Mark{Bound: 1, Tie: "CA7"}, true))
	f.Add("PA")
	f.Fuzz(func(t *testing.T, s string) {
		if mark, back, ok := parseToken(s); ok && !strings.EqualFold(token(mark, back), s) {
			if again, side, fine := parseToken(token(mark, back)); !fine || again != mark || side != back {
				t.Errorf("%q reads as %+v %v, which does not come back", s, mark, back)
			}
		}
	})
}
