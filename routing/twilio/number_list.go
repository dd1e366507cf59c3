package twilio

import (
	"slices"
	"strings"

	"callbox/routing/directory/store"
	"callbox/routing/numbering"
	"callbox/routing/twilio/rest"
)

// numberFilter reads the filters of a list of numbers.
func numberFilter(_ *store.Tx, r *rest.Request) (store.Query, error) {
	var f struct {
		Beta         *bool   `form:"Beta"` // none here is new to the provider, so it leaves out nothing
		FriendlyName *string `form:"FriendlyName"`
		PhoneNumber  string  `form:"PhoneNumber" rule:"max=32,code=21421"`
		Origin       *string `form:"Origin" rule:"enum=twilio|hosted"`
	}
	q := store.Query{Account: r.Var("AccountSid")}
	if err := r.Decode(&f); err != nil {
		return q, err
	}
	q.Where = equal("friendly_name", f.FriendlyName)
	if f.Origin != nil && *f.Origin == "hosted" { // of which there are none
		q.Where = append(q.Where, store.Cond{Column: "sid", Op: store.Equal, Value: ""})
	}
	if f.PhoneNumber != "" {
		conds, err := pattern(f.PhoneNumber)
		if err != nil {
			return q, err
		}
		q.Where = append(q.Where, conds...)
	}
	return q, nil
}

// pattern makes conditions of a number or a part of one, in which * stands for any digit. A plus that was not escaped in
// a URL arrives as a space.
func pattern(s string) ([]store.Cond, error) {
	if strings.HasPrefix(s, " ") {
		s = "+" + s[1:]
	}
	if strings.Trim(s, "+*0123456789") != "" || strings.LastIndexByte(s, '+') > 0 {
		return nil, rest.Invalid(rest.CodeInvalidPhone, "PhoneNumber", "it must be a number or a part of one: digits, * for any digit, + at the start")
	}
	if numbering.Valid(s) {
		return []store.Cond{{Column: "phone_number", Op: store.Equal, Value: s}}, nil
	}
	like := strings.ReplaceAll(s, "*", "_") + "%"
	if s[0] != '+' {
		return []store.Cond{{Column: "phone_number", Op: store.Like, Value: "%" + like}}, nil
	}
	known, _, _ := strings.Cut(s, "*")
	return []store.Cond{ // the bounds let the database use its index; they are digits only, whose order every collation agrees on
		{Column: "phone_number", Op: store.GreaterEq, Value: known},
		{Column: "phone_number", Op: store.LessEq, Value: known + "9999999999999999"},
		{Column: "phone_number", Op: store.Like, Value: like},
	}, nil
}

// How far a page of a sub-resource looks: so many rows at once, and at most so many in all. Classes are not kept, so the
// rows of another class between two of the wanted one are read and passed over; a page that had to pass over too many is
// shorter than asked for, and its next_page_uri goes on from there.
const (
	scanBatch = 1000
	scanLimit = 20000
)

// page lists the numbers of a class.
func (s subset) page(t *store.Tx, r *rest.Request) (rest.Reply, error) {
	w, err := r.Window()
	if err != nil {
		return rest.Reply{}, err
	}
	q, err := numberFilter(t, r)
	if err != nil {
		return rest.Reply{}, err
	}
	rows, paging, err := s.scan(t, w, q, scanBatch, scanLimit)
	if err != nil {
		return rest.Reply{}, err
	}
	shown := make([]numberBody, len(rows))
	for i, n := range rows {
		shown[i] = showNumber(n)
	}
	return rest.NewList(r, "incoming_phone_numbers", "IncomingPhoneNumbers", "IncomingPhoneNumber", paging, shown), nil
}

// scan finds a page of the class among the rows of a query, batch by batch, and looks at limit of them or some more.
func (s subset) scan(t *store.Tx, w rest.Window, q store.Query, batch, limit int) ([]store.Number, rest.Paging, error) {
	var rows []store.Number
	q = windowed(w, q)
	q.Limit = batch
	for looked := 0; ; looked += batch {
		found, err := store.Find[store.Number](t, q)
		if err != nil {
			return nil, rest.Paging{}, err
		}
		for _, n := range found {
			if len(rows) <= w.Size && numbering.ClassOf(n.PhoneNumber) == s.class {
				rows = append(rows, n)
			}
		}
		if len(rows) > w.Size || len(found) < batch {
			break
		}
		last := found[len(found)-1].ID
		if looked+batch >= limit {
			if w.Back {
				slices.Reverse(rows)
			}
			return rows, rest.Short(w, last), nil
		}
		if w.Back {
			q.After = last
		} else {
			q.Before = last
		}
	}
	rows, paging := rest.NewPage(w, rows, func(n store.Number) int64 { return n.ID })
	return rows, paging, nil
}

// dependents lists the numbers that refer to an address, for emergencies or otherwise.
func dependents(t *store.Tx, r *rest.Request) (rest.Reply, error) {
	address, err := store.Get[store.Address](t, r.Var("AccountSid"), r.Var("AddressSid"))
	if err != nil {
		return rest.Reply{}, err
	}
	w, err := r.Window()
	if err != nil {
		return rest.Reply{}, err
	}
	var rows []store.Number
	for _, column := range []string{"emergency_address_sid", "address_sid"} {
		some, err := store.Find[store.Number](t, windowed(w, store.Where(column, address.SID)))
		if err != nil {
			return rest.Reply{}, err
		}
		rows = append(rows, some...)
	}
	slices.SortFunc(rows, func(a, b store.Number) int {
		if w.Back {
			return int(a.ID - b.ID)
		}
		return int(b.ID - a.ID)
	})
	rows = slices.CompactFunc(rows, func(a, b store.Number) bool { return a.ID == b.ID })
	rows, paging := rest.NewPage(w, rows, func(n store.Number) int64 { return n.ID })
	shown := make([]dependentBody, len(rows))
	for i, n := range rows {
		shown[i] = showDependent(n)
	}
	return rest.NewList(r, "dependent_phone_numbers", "DependentPhoneNumbers", "DependentPhoneNumber", paging, shown), nil
}
