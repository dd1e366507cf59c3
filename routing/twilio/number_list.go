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

// pattern makes conditions of a number or a part of one, in which * stands for any digit.
func pattern(s string) ([]store.Cond, error) {
	s = plussed(s)
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
	conds := []store.Cond{ // bounds let the database use its index; they are digits only, whose order every collation agrees on
		{Column: "phone_number", Op: store.GreaterEq, Value: known},
		{Column: "phone_number", Op: store.LessEq, Value: known + "9999999999999999"},
	}
	if known != s {
		conds = append(conds, store.Cond{Column: "phone_number", Op: store.Like, Value: like})
	}
	return conds, nil
}

// page lists the numbers of a subset.
func (s subset) page(t *store.Tx, r *rest.Request) (rest.Reply, error) {
	w, err := r.Window()
	if err != nil {
		return rest.Reply{}, err
	}
	q, err := numberFilter(t, r)
	if err != nil {
		return rest.Reply{}, err
	}
	rows, paging, err := s.find(t, w, q)
	if err != nil {
		return rest.Reply{}, err
	}
	shown := make([]numberBody, len(rows))
	for i, n := range rows {
		shown[i] = showNumber(n)
	}
	return rest.NewList(r, "incoming_phone_numbers", "IncomingPhoneNumbers", "IncomingPhoneNumber", paging, shown), nil
}

// find finds a page of the subset by what is fastest for the query.
func (s subset) find(t *store.Tx, w rest.Window, q store.Query) ([]store.Number, rest.Paging, error) {
	if s.class == "" && selective(q) {
		return direct(t, w, q, numberID)
	}
	few, ok, err := fewNumbers(t, q)
	if err != nil {
		return nil, rest.Paging{}, err
	}
	if !ok {
		return scan(t, w, q, numberID, s.keep(), farEnough)
	}
	keep, account := s.keep(), q.Account
	few = slices.DeleteFunc(few, func(n store.Number) bool {
		outside := w.Back && n.ID <= w.Bound || !w.Back && w.Bound != 0 && n.ID >= w.Bound
		return outside || n.AccountSID != account || keep != nil && !keep(n)
	})
	if w.Back {
		slices.Reverse(few)
	}
	rows, paging := rest.NewPage(w, few, numberID)
	return rows, paging, nil
}

// keep tells the numbers of the subset, nil for the whole.
func (s subset) keep() func(store.Number) bool {
	if s.class == "" {
		return nil
	}
	return func(n store.Number) bool { return numbering.ClassOf(n.PhoneNumber) == s.class }
}

const maxFew = 2000 // numbers whose order is cheaper to make than to follow

// fewNumbers returns the numbers of all accounts that a query with bounds chooses, newest first, if they are few. Without
// the account in the question the database takes the index of phone numbers for it, whatever else there is.
func fewNumbers(t *store.Tx, q store.Query) ([]store.Number, bool, error) {
	var bounds []any
	for _, c := range q.Where {
		if c.Column == "phone_number" && (c.Op == store.GreaterEq || c.Op == store.LessEq) {
			bounds = append(bounds, c.Value)
		}
	}
	if len(bounds) != 2 {
		return nil, false, nil
	}
	var n []int
	err := t.Select(&n, "SELECT COUNT(*) FROM (SELECT 1 FROM numbers WHERE phone_number >= ? AND phone_number <= ? LIMIT ?) few",
		bounds[0], bounds[1], maxFew+1)
	if err != nil || n[0] > maxFew {
		return nil, false, err
	}
	rows, err := store.Find[store.Number](t, store.Query{Where: q.Where})
	return rows, true, err
}

// numberID is the identity by which numbers are paged.
func numberID(n store.Number) int64 { return n.ID }

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
	rows, paging := rest.NewPage(w, rows, numberID)
	shown := make([]dependentBody, len(rows))
	for i, n := range rows {
		shown[i] = showDependent(n)
	}
	return rest.NewList(r, "dependent_phone_numbers", "DependentPhoneNumbers", "DependentPhoneNumber", paging, shown), nil
}
