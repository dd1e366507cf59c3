package unified

import (
	"math"
	"net/url"
	"strconv"

	"callbox/routing/directory/store"
)

// Bounds of pages.
const (
	defaultLimit = 100
	maxLimit     = 1000
)

// page is what part of a list a client asks for.
type page struct {
	limit, offset int
	self          string // path below the base
	query         url.Values
}

// link is a way to another part of a list.
type link struct {
	Href   string `json:"href"`
	Rel    string `json:"rel"`
	Method string `json:"method"`
}

// page reads limit and offset; self is the path of the list below the base.
func (r *request) page(self string) (page, error) {
	p := page{limit: defaultLimit, self: self, query: r.URL.Query()}
	for _, n := range []struct {
		name        string
		at          *int
		least, most int
	}{{"limit", &p.limit, 1, maxLimit}, {"offset", &p.offset, 0, math.MaxInt32}} {
		got := p.query[n.name]
		if len(got) == 0 {
			continue
		}
		v, err := strconv.Atoi(got[0])
		if err != nil || len(got) > 1 || v < n.least || v > n.most {
			return p, bad(source{Parameter: n.name}, "The parameter %s must be a number from %d to %d.", n.name, n.least, n.most)
		}
		*n.at = v
	}
	return p, nil
}

// of narrows a query to the page, oldest first.
func (p page) of(q store.Query) store.Query {
	q.Limit, q.Offset, q.Oldest = p.limit, p.offset, true
	return q
}

// links are the ways from the page through a list of so many.
func (p page) links(total int) []link {
	last := max(0, (total-1)/p.limit*p.limit)
	to := func(rel string, offset int, there bool) link {
		l := link{Rel: rel, Method: "GET"}
		if !there {
			return l
		}
		q := url.Values{}
		for k, v := range p.query {
			q[k] = v
		}
		q.Del("offset")
		if offset > 0 {
			q.Set("offset", strconv.Itoa(offset))
			q.Set("limit", strconv.Itoa(p.limit))
		}
		if l.Href = p.self; len(q) > 0 {
			l.Href += "?" + q.Encode()
		}
		return l
	}
	return []link{
		to("self", p.offset, true), to("first", 0, true), to("last", last, true),
		to("prev", max(0, p.offset-p.limit), p.offset > 0), to("next", p.offset+p.limit, p.offset+p.limit < total),
	}
}

// inRegion adds the condition of the parameter region, by the column of a country.
func (r *request) inRegion(q *store.Query) error {
	region, err := r.one("region", regionNA, regionROW)
	switch region {
	case regionNA:
		q.Where = append(q.Where, store.Cond{Column: "iso_country", Op: store.In, Value: []string{"US", "CA"}})
	case regionROW:
		for _, c := range []string{"US", "CA"} {
			q.Where = append(q.Where, store.Cond{Column: "iso_country", Op: store.NotEqual, Value: c})
		}
	}
	return err
}

// The regions.
const (
	regionNA  = "NA"
	regionROW = "ROW"
)

// seen refuses a resource of a country that is not in the region that a request names: it is not found there.
func (r *request) seen(country string) error {
	region, err := r.one("region", regionNA, regionROW)
	if err == nil && region != "" && (region == regionNA) != (country == "US" || country == "CA") {
		err = NotFound()
	}
	return err
}
