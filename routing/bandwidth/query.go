package bandwidth

import (
	"cmp"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"callbox/routing/bandwidth/wire"
)

// The provider's codes for the queries of notification lists, which take nothing they do not know.
const (
	codeUnknownParameter = 8090
	codeBadParameter     = 8091
	codeDateTime         = 8092
)

// The sizes of a page of those lists.
const (
	usualSize = 100
	mostSize  = 500
)

// query is what a notification list is asked for. Names count without regard to case: the provider's older documents begin
// them with a capital.
type query struct {
	values    map[string]string
	size      int
	page      int64 // of lab or real time, as the list has it: only what is not later; 0 for all
	ascending bool
	after     int64
}

// ask reads a query that may have names besides page and size.
func ask(r *wire.Request, names ...string) (query, error) {
	q := query{values: map[string]string{}, size: usualSize}
	names = append(names, "page", "size")
	for given, values := range r.URL.Query() {
		i := slices.IndexFunc(names, func(n string) bool { return strings.EqualFold(n, given) })
		if i < 0 {
			return q, wire.Bad(codeUnknownParameter, "Query parameter(s) %.60s not recognized.", given)
		}
		q.values[names[i]] = values[0]
	}
	var err error
	if s := q.get("size"); s != "" {
		if q.size, err = strconv.Atoi(s); err != nil || q.size < 1 || q.size > mostSize {
			return q, unsupported("size", s, fmt.Sprintf("1 to %d", mostSize))
		}
	}
	for _, name := range names {
		if s := q.get(name); s != "" && slices.Contains([]string{"groupCount", "enrDetails", "endpointCount", "includeEndpoints"}, name) {
			if _, err := strconv.ParseBool(s); err != nil {
				return q, unsupported(name, s, "true, false")
			}
		}
	}
	if q.page, err = moment(q.get("page")); err != nil {
		return q, err
	}
	q.after, err = moment(q.get("createdAfterDate"))
	q.ascending = q.after != 0
	return q, err
}

func (q query) get(name string) string { return q.values[name] }

func (q query) is(name string) bool { b, _ := strconv.ParseBool(q.get(name)); return b }

// allows tells whether a value is the one asked for, if one is.
func (q query) allows(name, v string) bool { return q.get(name) == "" || q.get(name) == v }

func unsupported(name, v, values string) error {
	return wire.Bad(codeBadParameter, "Invalid value %.60s for query parameter %s. Supported values are %s.", v, name, values)
}

// moment reads a date and time, 0 for none. Without a time it is the day's beginning, without a zone it is UTC.
func moment(s string) (int64, error) {
	if s == "" {
		return 0, nil
	}
	s = strings.ReplaceAll(s, " ", "+") // a plus sign that was not escaped
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05", time.DateOnly} {
		if at, err := time.Parse(layout, s); err == nil && at.UnixMilli() > 0 {
			return at.UnixMilli(), nil
		}
	}
	return 0, wire.Bad(codeDateTime, "Invalid format of date time. You should specify either YYYY-MM-DDTHH:MM:SS.mmmZ or YYYY-MM-DDTHH:MM:SS.mmm-hh:mm date format.")
}

// cut sorts rows by time and leaves one page of them. Rows of the same moment stay together, so that a page never begins with
// one that was shown.
func cut[R any](r *wire.Request, q query, path string, rows []R, at func(R) int64) ([]R, wire.Links) {
	rows = slices.DeleteFunc(rows, func(row R) bool {
		return at(row) <= q.after || q.page != 0 && at(row) > q.page && !q.ascending || q.ascending && at(row) < q.page
	})
	slices.SortStableFunc(rows, func(a, b R) int {
		if q.ascending {
			return cmp.Compare(at(a), at(b))
		}
		return cmp.Compare(at(b), at(a))
	})
	links := wire.Links{First: wire.Link(there(r, path, ""), "first")}
	size := q.size
	for size < len(rows) && at(rows[size]) == at(rows[size-1]) {
		size++
	}
	if size < len(rows) {
		links.Next = wire.Link(there(r, path, wire.Time(at(rows[size]))), "next")
		rows = rows[:size]
	}
	return rows, links
}

// there is the list's URL with its query and another page.
func there(r *wire.Request, path, page string) string {
	v := url.Values{}
	for name, values := range r.URL.Query() {
		if !strings.EqualFold(name, "page") {
			v[name] = values
		}
	}
	if page != "" {
		v.Set("page", page)
	}
	if len(v) == 0 {
		return r.Base + path
	}
	return r.Base + path + "?" + v.Encode()
}
