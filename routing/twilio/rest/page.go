package rest

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"hash/fnv"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// DefaultPageSize and MaxPageSize bound a page, as the provider's do.
const (
	DefaultPageSize = 50
	MaxPageSize     = 1000
)

// Window is the page a client asks for: rows are ordered newest first by an identity that only grows, and a page begins
// beyond the row where its neighbour ended. So a page neither repeats nor skips a row that stayed, whatever is written or
// deleted between two requests.
type Window struct {
	Size   int
	Number int    // counts pages from 0; it is shown, not used to find rows
	Bound  int64  // the identity of the neighbour page's last row on this side; 0: from the newest
	Back   bool   // the page lies before the bound (newer rows): read them oldest first, NewPage turns them round
	Tie    string // for a list that Between pages: what tells the bound's row from others with the same identity
}

// Paging is where a page lies among its neighbours.
type Paging struct {
	Window
	first, last Mark // of its first and last row; zero if it is empty
	older       bool // there are rows beyond last
	newer       bool // there are rows before first
}

// Mark is the place of a row in the order of a list: its identity and, where several rows can share that, what comes first
// among them: letters and digits.
type Mark struct {
	Bound int64
	Tie   string
}

// Between is where a page lies that its list has cut itself: the marks of its first and last row, and whether there are
// rows before and beyond. A page may be empty and still have a mark beyond which the list goes on.
func Between(w Window, first, last Mark, newer, older bool) Paging {
	return Paging{Window: w, first: first, last: last, newer: newer, older: older}
}

type windowForm struct {
	Size  *int   `form:"PageSize" rule:"min=1"`
	Page  *int   `form:"Page" rule:"min=0,max=1000000000"`
	Token string `form:"PageToken" rule:"max=64,code=21481"`
}

// Window reads PageSize, Page and PageToken. A size beyond the maximum counts as the maximum, as the provider has it.
func (r *Request) Window() (Window, error) {
	var f windowForm
	w := Window{Size: DefaultPageSize}
	if err := Decode(r.query, &f); err != nil {
		return w, err
	}
	if f.Size != nil {
		w.Size = min(*f.Size, MaxPageSize)
	}
	if f.Page != nil {
		w.Number = *f.Page
	}
	if f.Token == "" {
		if w.Number > 0 {
			return w, Invalid(CodeInvalid, "Page",
				"page %d is reached by the link to it in its neighbour, which has its PageToken", w.Number)
		}
		return w, nil
	}
	mark, back, ok := parseToken(f.Token)
	if !ok {
		return w, Invalid(CodePageToken, "PageToken", "it is not one that a list here has given")
	}
	w.Bound, w.Tie, w.Back = mark.Bound, mark.Tie, back
	return w, nil
}

// NewPage cuts what was read for w to the page and turns it newest first. The caller reads w.Size+1 rows: newest first,
// older than Bound; or, for a window that goes back, oldest first, newer than Bound.
func NewPage[T any](w Window, rows []T, id func(T) int64) ([]T, Paging) {
	more := len(rows) > w.Size
	if more {
		rows = rows[:w.Size]
	}
	p := Paging{Window: w}
	if w.Back {
		slices.Reverse(rows)
		p.newer, p.older = more, true
	} else {
		p.newer, p.older = w.Bound != 0, more
	}
	switch {
	case len(rows) == 0 && w.Back: // all that was newer is gone: the bound's own row is the newest
		p.last = Mark{Bound: w.Bound + 1}
		return rows, p
	case len(rows) == 0:
		return rows, p
	}
	p.first, p.last = Mark{Bound: id(rows[0])}, Mark{Bound: id(rows[len(rows)-1])}
	return rows, p
}

// Short is the place of a page that ends early: its caller has looked no further than a row, and found less than a page.
// The page beyond goes on behind that row.
func Short(w Window, last int64) Paging {
	p := Paging{Window: w, newer: w.Bound != 0, older: true}
	p.first, p.last = Mark{Bound: w.Bound - 1}, Mark{Bound: last}
	if w.Back {
		p.newer, p.first, p.last = true, Mark{Bound: last}, Mark{Bound: w.Bound + 1}
	}
	return p
}

// token spells a mark. It is opaque to clients; the checksum tells one that was cut or mistyped from a right one.
func token(m Mark, back bool) string {
	side := byte('A')
	if back {
		side = 'B'
	}
	b := append([]byte{side}, strconv.FormatInt(m.Bound, 36)...)
	if m.Tie != "" {
		b = append(append(b, '.'), m.Tie...)
	}
	return "P" + string(b) + "-" + checksum(b)
}

func checksum(b []byte) string {
	h := fnv.New32a()
	_, _ = h.Write(b)
	return hex.EncodeToString(h.Sum(nil))
}

func parseToken(s string) (m Mark, back, ok bool) {
	if len(s) < 12 || s[0] != 'P' || s[len(s)-9] != '-' {
		return m, false, false
	}
	body, sum := s[1:len(s)-9], s[len(s)-8:]
	if checksum([]byte(body)) != sum || (body[0] != 'A' && body[0] != 'B') {
		return m, false, false
	}
	bound, tie, tied := strings.Cut(body[1:], ".")
	n, err := strconv.ParseInt(bound, 36, 64)
	plain := strings.IndexFunc(tie, func(c rune) bool { return (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') }) < 0
	back = body[0] == 'B'
	return Mark{n, tie}, back, err == nil && (n > 0 || n == 0 && back) && plain && tied == (tie != "")
}

// Next returns the window of the page beyond, with older rows, and whether there is one.
func (p Paging) Next() (Window, bool) {
	return Window{Size: p.Size, Number: p.Number + 1, Bound: p.last.Bound, Tie: p.last.Tie}, p.older
}

// Previous returns the window of the page before, with newer rows, and whether there is one.
func (p Paging) Previous() (Window, bool) {
	first := p.first
	if first == (Mark{}) { // all that was older is gone: the page before ends with the bound's own row
		first = Mark{Bound: p.Bound - 1}
	}
	return Window{Size: p.Size, Number: max(p.Number-1, 0), Bound: first.Bound, Tie: first.Tie, Back: true}, p.newer
}

// query is the window in a link, behind the filters of a list.
func (w Window) query(filters url.Values) string {
	q := url.Values{}
	for k, v := range filters {
		if k != "Page" && k != "PageToken" && k != "PageSize" {
			q[k] = v
		}
	}
	query := q.Encode()
	if query != "" {
		query += "&"
	}
	query += "PageSize=" + strconv.Itoa(w.Size) + "&Page=" + strconv.Itoa(w.Number)
	if w.Bound != 0 || w.Back {
		query += "&PageToken=" + token(Mark{w.Bound, w.Tie}, w.Back)
	}
	return "?" + query
}

// links are the queries of a page and its neighbours, "" for a neighbour that is not there.
type links struct{ this, first, next, previous string }

func (p Paging) links(filters url.Values) links {
	l := links{this: p.Window.query(filters), first: Window{Size: p.Size}.query(filters)}
	if w, ok := p.Next(); ok {
		l.next = w.query(filters)
	}
	if w, ok := p.Previous(); ok {
		l.previous = w.query(filters)
	}
	return l
}

// List is a page of resources as a reply's value.
type List struct {
	Key   string // JSON's: "addresses"
	Name  string // XML's: "Addresses"
	Item  string // XML's, of each: "Address"
	Items []any  // never nil in what NewList makes
	Paging
	path    string // of the list, without suffix or query
	base    string // of whole URLs; "" for the 2010 API
	filters url.Values
}

// NewList answers r with a page; name and item are XML's elements. The links carry the filters of the query.
func NewList[T any](r *Request, key, name, item string, p Paging, rows []T) Reply {
	l := List{Key: key, Name: name, Item: item, Items: make([]any, len(rows)), Paging: p, filters: r.query}
	for i, row := range rows {
		l.Items[i] = row
	}
	l.path = trimSuffix(r.Path)
	if isV1(r.Path) {
		l.base, l.path = r.BaseURL, r.Path
	}
	return OK("", l)
}

// MarshalJSON writes the list with its page's place: in `meta` for a v1 API, beside the items for 2010.
func (l List) MarshalJSON() ([]byte, error) {
	at := l.links(l.filters)
	out := map[string]any{l.Key: l.Items}
	if l.base != "" {
		whole := func(query string) Null {
			if query == "" {
				return ""
			}
			return Null(l.base + l.path + query)
		}
		out["meta"] = map[string]any{"first_page_url": whole(at.first), "key": l.Key, "next_page_url": whole(at.next),
			"page": l.Number, "page_size": l.Size, "previous_page_url": whole(at.previous), "url": whole(at.this)}
		return marshal(out)
	}
	out["page"], out["page_size"] = l.Number, l.Size
	out["start"], out["end"] = l.place()
	out["uri"], out["first_page_uri"] = l.uri(at.this), l.uri(at.first)
	out["next_page_uri"], out["previous_page_uri"] = l.uri(at.next), l.uri(at.previous)
	return marshal(out)
}

// place returns the positions of the page's first and last item, both the first's if it is empty.
func (l List) place() (start, end int) {
	start = l.Number * l.Size
	return start, start + max(len(l.Items)-1, 0)
}

func (l List) uri(query string) URI {
	if query == "" {
		return ""
	}
	return URI(l.path + query)
}

func (l List) xml(b *bytes.Buffer) {
	at := l.links(l.filters)
	start, end := l.place()
	b.WriteString("<" + l.Name)
	for _, a := range [][2]string{
		{"page", strconv.Itoa(l.Number)}, {"pagesize", strconv.Itoa(l.Size)}, {"start", strconv.Itoa(start)}, {"end", strconv.Itoa(end)},
		{"uri", l.uri(at.this).in(XML)}, {"firstpageuri", l.uri(at.first).in(XML)},
		{"previouspageuri", l.uri(at.previous).in(XML)}, {"nextpageuri", l.uri(at.next).in(XML)},
	} {
		b.WriteString(" " + a[0] + `="`)
		escape(b, a[1])
		b.WriteByte('"')
	}
	b.WriteByte('>')
	for _, item := range l.Items {
		writeXML(b, l.Item, reflect.ValueOf(item))
	}
	b.WriteString("</" + l.Name + ">")
}

// marshal is json.Marshal without the escapes for HTML, which would spell the & of a link as \u0026.
func marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(v)
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), err
}
