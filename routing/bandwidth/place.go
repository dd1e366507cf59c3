package bandwidth

import (
	"encoding/xml"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"callbox/routing/bandwidth/wire"
	"callbox/routing/directory/store"
)

// The provider's codes for lists of addresses and endpoints.
const (
	codeNoEndpoints = 12087
	codeAddressType = 12104
	codeTypeNeeded  = 12105
	codeOnlyE911    = 12132
	codePage        = 13058
)

// maxPage bounds a page of addresses or endpoints.
const maxPage = 5000

// addressList answers a list of locations.
type addressList struct {
	XMLName   xml.Name    `xml:"AddressesResponse"`
	Total     int         `xml:"TotalCount"`
	Links     *wire.Links `xml:"Links"`
	Addresses []Address   `xml:"Addresses>Address"`
}

// endpointList answers a list of endpoints.
type endpointList struct {
	XMLName   xml.Name    `xml:"AlternateEndUserIdentifiersResponse"`
	Total     int         `xml:"TotalCount"`
	Links     *wire.Links `xml:"Links"`
	Endpoints []endpoint  `xml:"AlternateEndUserIdentifiers>AlternateEndUserIdentifier"`
}

// endpointResponse answers one endpoint.
type endpointResponse struct {
	XMLName  xml.Name `xml:"AlternateEndUserIdentifierResponse"`
	Endpoint endpoint `xml:"AlternateEndUserIdentifier"`
}

// locationShown writes a location in the parts of the API.
func locationShown(row store.Location) Address {
	a := addressOf(row.Civic().InGuide())
	a.LocationID, a.AddressType, a.Validation = text(row.LocationID), text("E911"), text(row.Validation)
	if p := row.Point(); p != nil {
		a.Latitude, a.Longitude = text(degrees(p.Lat)), text(degrees(p.Lon))
	}
	return a
}

func degrees(d float64) string { return strconv.FormatFloat(d, 'f', 6, 64) }

// listAddresses lists locations, which are the addresses of type E911; no others are kept here.
func (a *api) listAddresses(t *store.Tx, r *wire.Request) (wire.Reply, error) {
	in := r.URL.Query()
	id := in.Get("e911locationid")
	switch kind := in.Get("type"); {
	case kind == "" && id == "":
		return wire.Reply{}, wire.Bad(codeTypeNeeded, "Address type is required")
	case id != "" && kind != "" && !strings.EqualFold(kind, "e911"):
		return wire.Reply{}, wire.Bad(codeOnlyE911, "'e911locationid' can be used only with E911 address type.")
	case kind != "" && !strings.EqualFold(kind, "e911") && !strings.EqualFold(kind, "billing") && !strings.EqualFold(kind, "dispatch"):
		return wire.Reply{}, wire.Bad(codeAddressType, "Unknown address type: %.40s", kind)
	case kind != "" && !strings.EqualFold(kind, "e911"):
		return wire.Reply{}, wire.NotFound(0)
	}
	q := store.Query{Account: r.Account}
	if id != "" {
		q.Where = append(q.Where, store.Cond{Column: "location_id", Op: store.Equal, Value: id})
	}
	if s := in.Get("suggestions"); s != "" {
		q.Where = append(q.Where, like("location_id", s))
	}
	rows, page, err := paged[store.Location](t, r, "/addresses", q, func(l store.Location) (store.Common, string) { return l.Common, l.LocationID })
	if err != nil {
		return wire.Reply{}, err
	}
	if page.total == 0 {
		return wire.Reply{}, wire.NotFound(0)
	}
	out := addressList{Total: page.total, Links: page.links}
	counts, err := usersOf(t, rows)
	for _, row := range rows {
		shown := locationShown(row)
		shown.EndpointCount = text(strconv.Itoa(counts[row.SID]))
		out.Addresses = append(out.Addresses, shown)
	}
	return wire.OK(out), err
}

// usersOf counts the endpoints at locations, by the SIDs of those.
func usersOf(t *store.Tx, rows []store.Location) (map[string]int, error) {
	counts := map[string]int{}
	for _, row := range rows {
		n, err := store.Count[store.Endpoint](t, store.Where("location_sid", row.SID))
		if err != nil {
			return nil, err
		}
		counts[row.SID] = n
	}
	return counts, nil
}

// listEndpoints lists endpoints.
func (a *api) listEndpoints(t *store.Tx, r *wire.Request) (wire.Reply, error) {
	in := r.URL.Query()
	q := store.Query{Account: r.Account}
	if id := in.Get("aeui"); id != "" {
		q.Where = append(q.Where, store.Cond{Column: "endpoint_id", Op: store.Equal, Value: id})
	}
	if n := in.Get("callback"); n != "" {
		callback, _ := e164(n)
		q.Where = append(q.Where, store.Cond{Column: "callback", Op: store.Equal, Value: callback})
	}
	if only, _ := strconv.ParseBool(in.Get("pidfloenabledonly")); only {
		q.Where = append(q.Where, store.Cond{Column: "pidf_lo", Op: store.Equal, Value: true})
	}
	if s := in.Get("suggestions"); s != "" {
		sids, err := suggested(t, r.Account, s)
		if err != nil {
			return wire.Reply{}, err
		}
		q.Where = append(q.Where, store.Cond{Column: "sid", Op: store.In, Value: sids})
	}
	rows, page, err := paged[store.Endpoint](t, r, "/aeuis", q, func(e store.Endpoint) (store.Common, string) { return e.Common, e.EndpointID })
	if err != nil {
		return wire.Reply{}, err
	}
	if page.total == 0 {
		return wire.Reply{}, &wire.Error{Status: http.StatusNotFound, Code: codeNoEndpoints, Description: "Alternate End User Identifiers were not found."}
	}
	out := endpointList{Total: page.total, Links: page.links}
	at, groups, err := aroundEndpoints(t, rows)
	for _, row := range rows {
		shown := endpointShown(row, at[row.LocationSID])
		shown.Group = first(groups[row.SID])
		out.Endpoints = append(out.Endpoints, shown)
	}
	return wire.OK(out), err
}

// aroundEndpoints returns the locations of endpoints by the SIDs of those, and the notification groups of each by its own, in
// the order in which it came into them: the provider's other API lets it be in several.
func aroundEndpoints(t *store.Tx, rows []store.Endpoint) (map[string]store.Location, map[string][]groupShown, error) {
	var places, endpoints, theirs []string
	for _, row := range rows {
		endpoints = append(endpoints, row.SID)
		if row.LocationSID != "" {
			places = append(places, row.LocationSID)
		}
	}
	at, err := bySID[store.Location](t, places, func(l store.Location) string { return l.SID })
	if err != nil {
		return nil, nil, err
	}
	in, err := store.Find[store.GroupEndpoint](t, store.Query{Oldest: true, Where: []store.Cond{{Column: "endpoint_sid", Op: store.In, Value: endpoints}}})
	if err != nil {
		return nil, nil, err
	}
	for _, m := range in {
		theirs = append(theirs, m.GroupSID)
	}
	groups, err := bySID[store.Group](t, theirs, func(g store.Group) string { return g.SID })
	shown := make(map[string][]groupShown, len(in))
	for _, m := range in {
		g := groups[m.GroupSID]
		shown[m.EndpointSID] = append(shown[m.EndpointSID], groupShown{g.GroupID, g.Description})
	}
	return at, shown, err
}

// first is the group that an endpoint is shown with: this API knows one.
func first(groups []groupShown) *groupShown {
	if len(groups) == 0 {
		return nil
	}
	return &groups[0]
}

// bySID reads rows by their SIDs, each once.
func bySID[R store.Row](t *store.Tx, sids []string, sid func(R) string) (map[string]R, error) {
	slices.Sort(sids)
	rows, err := store.Find[R](t, store.Query{Where: []store.Cond{{Column: "sid", Op: store.In, Value: slices.Compact(sids)}}})
	all := make(map[string]R, len(rows))
	for _, row := range rows {
		all[sid(row)] = row
	}
	return all, err
}

// suggested returns the SIDs of endpoints whose ID, caller name or callback number has a text in it.
func suggested(t *store.Tx, account, s string) ([]string, error) {
	var sids []string
	for _, column := range []string{"endpoint_id", "caller_name", "callback"} {
		rows, err := store.Find[store.Endpoint](t, store.Query{Account: account, Where: []store.Cond{like(column, s)}, Limit: maxPage})
		if err != nil {
			return nil, err
		}
		for _, row := range rows {
			sids = append(sids, row.SID)
		}
	}
	return sids, nil
}

func like(column, s string) store.Cond {
	return store.Cond{Column: column, Op: store.Like, Value: "%" + store.EscapeLike(s) + "%"}
}

// endpointShown writes an endpoint at its location without its address and group.
func endpointShown(row store.Endpoint, at store.Location) endpoint {
	p := endpoint{
		Identifier: text(row.EndpointID), CallbackNumber: some(national(row.Callback)), PIDFLOEnabled: text(strconv.FormatBool(row.PIDFLO)),
		CallerName: some(row.CallerName), PreferredLanguage: some(row.Language),
	}
	if row.LocationSID != "" {
		p.LocationID = text(at.LocationID)
	}
	return p
}

// fetchEndpoint shows an endpoint with its address.
func (a *api) fetchEndpoint(t *store.Tx, r *wire.Request) (wire.Reply, error) {
	row, err := endpointOf(t, r.Account, r.PathValue("acid"))
	if err != nil {
		return wire.Reply{}, err
	}
	places, groups, err := aroundEndpoints(t, []store.Endpoint{row})
	if err != nil {
		return wire.Reply{}, err
	}
	at := places[row.LocationSID]
	shown := endpointShown(row, at)
	service := &e911{CallerName: shown.CallerName, Group: first(groups[row.SID])}
	switch c := row.Civic(); {
	case c != nil:
		own := addressOf(c.InGuide())
		own.AddressType = text("E911")
		service.Address = &own
	case row.LocationSID != "":
		place := locationShown(at)
		service.Address = &place
	}
	shown.E911 = service
	return wire.OK(endpointResponse{Endpoint: shown}), nil
}

// page is one of a list.
type page struct {
	total int
	links *wire.Links
}

// paged reads a page of rows, the oldest first. A page begins with a row whose ID or SID a client names, or with the n-th; "1"
// is the first one, whatever the IDs.
func paged[R store.Row](t *store.Tx, r *wire.Request, path string, q store.Query, key func(R) (store.Common, string)) ([]R, page, error) {
	in := r.URL.Query()
	p := page{}
	size := 500
	if s := in.Get("size"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil || n < 1 {
			return nil, p, wire.Bad(codePage, "page and size must be greater than or equal to 1")
		}
		size = min(n, maxPage)
	}
	var err error
	if p.total, err = store.Count[R](t, q); err != nil || p.total == 0 {
		return nil, p, err
	}
	q.Oldest, q.Limit = true, size+1
	if first := in.Get("page"); first != "" && first != "1" {
		row, err := store.ByID[R](t, r.Account, first)
		if errors.Is(err, store.ErrNotFound) {
			row, err = store.Get[R](t, r.Account, first)
		}
		n, bad := strconv.Atoi(first)
		switch {
		case err == nil:
			of, _ := key(row)
			q.After = of.ID - 1
		case !errors.Is(err, store.ErrNotFound):
			return nil, p, err
		case bad != nil || n < 1:
			return nil, p, wire.NotFound(0)
		default:
			q.Offset = n - 1
		}
	}
	rows, err := store.Find[R](t, q)
	if err != nil {
		return nil, p, err
	}
	p.links = &wire.Links{First: link(r, path, "1", size, "first")}
	if len(rows) > size {
		of, next := key(rows[size])
		if next == "1" {
			next = of.SID
		}
		p.links.Next, rows = link(r, path, next, size, "next"), rows[:size]
	}
	return rows, p, nil
}

// link writes where a page is: the query as it came, but for page and size.
func link(r *wire.Request, path, first string, size int, rel string) string {
	v := url.Values{}
	for name, values := range r.URL.Query() {
		v[name] = values
	}
	v.Set("page", first)
	v.Set("size", strconv.Itoa(size))
	return wire.Link(r.Base+path+"?"+v.Encode(), rel)
}
