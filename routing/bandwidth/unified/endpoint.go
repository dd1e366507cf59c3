package unified

import (
	"errors"
	"net/http"
	"regexp"
	"strings"

	"callbox/routing/directory"
	"callbox/routing/directory/store"
	"callbox/routing/numbering"
)

// The kinds of orders, in the API's words, which the store has as well.
const (
	kindAdd    = "ADD_ENDPOINTS"
	kindUpdate = "UPDATE_ENDPOINTS"
	kindDelete = "DELETE_ENDPOINTS"
)

// Bounds of an order and of an endpoint's parts.
const (
	maxItems = 1000
	maxName  = 100
	maxLang  = 8
)

func (a *api) endpoints(m *mux) {
	m.handle(http.MethodGet, "/endpoints", false, listEndpoints)
	m.handle(http.MethodPost, "/endpoints", true, a.addEndpoints)
	m.handle(http.MethodPatch, "/endpoints", true, a.updateEndpoints)
	m.handle(http.MethodDelete, "/endpoints", true, a.deleteEndpoints)
	m.handle(http.MethodGet, "/endpoints/{id}", false, getEndpoint)
	m.handle(http.MethodPatch, "/endpoints/{id}", true, a.updateEndpoint)
	m.handle(http.MethodDelete, "/endpoints/{id}", true, a.deleteEndpoint)
}

// endpointBody is an endpoint as answers show it.
type endpointBody struct {
	ID          string `json:"id"`
	AccountID   string `json:"accountId"`
	PhoneNumber string `json:"phoneNumber,omitempty"`
	Name        string `json:"name"`
	Lang        string `json:"lang"`
	Created     string `json:"created"`
	Updated     string `json:"updated"`
	Country     string `json:"country"`
	AddressID   string `json:"addressId,omitempty"`
}

// phonePattern is that of the document for a phone number.
var phonePattern = regexp.MustCompile(`^(\+\d{1,2}\s?)?1?\-?\.?\s?\(?\d{3}\)?[\s.-]?\d{3}[\s.-]?\d{4}$`)

// showEndpoints shows endpoints with the IDs of their addresses.
func showEndpoints(t *store.Tx, r *request, rows []store.Endpoint) ([]endpointBody, error) {
	var sids []string
	for _, e := range rows {
		if e.LocationSID != "" {
			sids = append(sids, e.LocationSID)
		}
	}
	at, err := store.Find[store.Location](t, store.Query{Where: []store.Cond{{Column: "sid", Op: store.In, Value: sids}}})
	if err != nil {
		return nil, err
	}
	ids := make(map[string]string, len(at))
	for _, l := range at {
		ids[l.SID] = l.LocationID
	}
	shown := make([]endpointBody, len(rows))
	for i, e := range rows {
		shown[i] = endpointBody{
			ID: e.EndpointID, AccountID: r.accountID, Name: e.CallerName, Lang: e.Language, Created: stamp(e.Created), Updated: stamp(e.Updated),
			Country: e.IsoCountry, AddressID: ids[e.LocationSID],
		}
		if phonePattern.MatchString(e.Callback) { // a number of another form came by another way, and has no place here
			shown[i].PhoneNumber = e.Callback
		}
	}
	return shown, nil
}

func listEndpoints(t *store.Tx, r *request) (reply, error) {
	p, err := r.page("/endpoints")
	if err != nil {
		return reply{}, err
	}
	q := store.Query{Account: r.account}
	if err := r.inRegion(&q); err != nil {
		return reply{}, err
	}
	if at := r.URL.Query().Get("addressId"); at != "" {
		l, err := store.ByID[store.Location](t, r.account, at)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return reply{}, err
		}
		sid := l.SID
		if sid == "" {
			sid = "none" // nothing is at an address that is not there
		}
		q.Where = append(q.Where, store.Cond{Column: "location_sid", Op: store.Equal, Value: sid})
	}
	rows, total, err := paged[store.Endpoint](t, p, q)
	if err != nil {
		return reply{}, err
	}
	shown, err := showEndpoints(t, r, rows)
	return reply{http.StatusOK, map[string]any{"links": p.links(total), "endpoints": shown}}, err
}

// endpoint finds the endpoint that a path names.
func (r *request) endpoint(t *store.Tx) (store.Endpoint, error) {
	e, err := store.ByID[store.Endpoint](t, r.account, r.PathValue("id"))
	if err == nil {
		err = r.seen(e.IsoCountry)
	}
	return e, err
}

func getEndpoint(t *store.Tx, r *request) (reply, error) {
	e, err := r.endpoint(t)
	if err != nil {
		return reply{}, err
	}
	shown, err := showEndpoints(t, r, []store.Endpoint{e})
	if err != nil {
		return reply{}, err
	}
	return reply{http.StatusOK, shown[0]}, nil
}

// work is what an item of an order is to do.
type work struct {
	Phone     string `json:"phone,omitempty"` // E.164
	Name      string `json:"name,omitempty"`
	Lang      string `json:"lang,omitempty"`
	Country   string `json:"country,omitempty"`
	AddressID string `json:"address_id,omitempty"`
}

// The actions of an order's items.
const (
	actionAdd         = "ADD"
	actionProvision   = "PROVISION"
	actionUnprovision = "UNPROVISION"
	actionDelete      = "DELETE"
)

// task is an item of an order that is being made.
type task struct {
	id     string
	action string
	work   work
}

func (a *api) addEndpoints(t *store.Tx, r *request) (reply, error) {
	o, err := r.object()
	if err != nil {
		return reply{}, err
	}
	var tasks []task
	seen := map[string]bool{}
	for _, in := range o.objects("endpoints", maxItems) {
		k := task{id: in.text("id", directory.LongestEndpointID), action: actionAdd, work: work{
			Name: in.text("name", maxName), AddressID: in.text("addressId", directory.LongestLocationID), Country: strings.ToUpper(in.text("country", 3)),
		}}
		switch {
		case !in.has("id"):
			k.id = digits(store.NewSID(""))
		case !directory.ValidID(k.id, directory.LongestEndpointID):
			in.note("id", "It must be up to %d printable ASCII characters without spaces, quotes, < > @ / ? # %% and backslashes.", directory.LongestEndpointID)
		case seen[k.id]:
			in.note("id", "The endpoint is there twice.")
		}
		seen[k.id] = true
		k.work.Phone = phone(in, "phoneNumber")
		if k.work.Lang = in.text("lang", maxLang); strings.Trim(k.work.Lang, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-") != "" {
			in.note("lang", "It must be the code of a language, such as en.")
		}
		tasks = append(tasks, k)
	}
	return a.order(t, r, o, kindAdd, "endpoints", tasks)
}

// phone returns a field that is a phone number, in E.164.
func phone(o *object, name string) string {
	s := o.text(name, 40)
	if s == "" {
		return ""
	}
	number := e164(s)
	if !phonePattern.MatchString(s) || !numbering.Valid(number) {
		o.note(name, "It must be a phone number, such as +16175551212.")
		return ""
	}
	return number
}

// e164 writes a number of the document's pattern in E.164: one without a plus is of North America.
func e164(s string) string {
	d := strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, s)
	if !strings.HasPrefix(s, "+") && len(d) == 10 {
		d = "1" + d
	}
	return "+" + d
}

func (a *api) updateEndpoints(t *store.Tx, r *request) (reply, error) {
	o, err := r.object()
	if err != nil {
		return reply{}, err
	}
	action := requiredAction(o)
	var tasks []task
	seen := map[string]bool{}
	for _, in := range o.objects("endpoints", maxItems) {
		k := task{id: in.text("id", directory.LongestEndpointID), action: action, work: work{AddressID: in.text("addressId", directory.LongestLocationID)}}
		switch {
		case k.id == "":
			in.note("id", "It is required.")
		case seen[k.id]:
			in.note("id", "The endpoint is there twice.")
		case action == actionProvision && k.work.AddressID == "":
			in.note("addressId", "It is required for PROVISION.")
		}
		seen[k.id] = true
		tasks = append(tasks, k)
	}
	return a.order(t, r, o, kindUpdate, "endpoints", tasks)
}

func requiredAction(o *object) string {
	action := o.word("action", actionProvision, actionUnprovision)
	if !o.has("action") {
		o.note("action", "It is required: PROVISION or UNPROVISION.")
	}
	return action
}

func (a *api) deleteEndpoints(t *store.Tx, r *request) (reply, error) {
	o, err := r.object()
	if err != nil {
		return reply{}, err
	}
	var tasks []task
	for _, id := range o.texts("endpointIds", maxItems, directory.LongestEndpointID) {
		tasks = append(tasks, task{id: id, action: actionDelete})
	}
	return a.order(t, r, o, kindDelete, "endpointIds", tasks)
}

func (a *api) updateEndpoint(t *store.Tx, r *request) (reply, error) {
	o, err := r.object()
	if err != nil {
		return reply{}, err
	}
	e, err := r.endpoint(t)
	if err != nil {
		return reply{}, err
	}
	k := task{id: e.EndpointID, action: requiredAction(o), work: work{AddressID: o.text("addressId", directory.LongestLocationID)}}
	if k.action == actionProvision && k.work.AddressID == "" {
		o.note("addressId", "It is required for PROVISION.")
	}
	return a.order(t, r, o, kindUpdate, "", []task{k})
}

func (a *api) deleteEndpoint(t *store.Tx, r *request) (reply, error) {
	e, err := r.endpoint(t)
	if err != nil {
		return reply{}, err
	}
	return a.order(t, r, nil, kindDelete, "", []task{{id: e.EndpointID, action: actionDelete}})
}
