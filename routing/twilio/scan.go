package twilio

import (
	"slices"

	"callbox/routing/directory/store"
	"callbox/routing/twilio/rest"
)

// reach is how far one page of a list looks for rows that are few among many.
type reach struct {
	ids   int64 // identities at once: rows of every kind share them
	batch int   // rows at once
	all   int64 // identities in all, at least
	rows  int   // rows in all that only Go can tell from the wanted ones, at least
}

// farEnough keeps a page of an account with a million numbers within a fraction of a second.
var farEnough = reach{ids: 50_000, batch: 250, all: 200_000, rows: 5000}

// selective tells whether an index finds the rows of a query in their order, or finds so few that their order is cheap.
func selective(q store.Query) bool {
	return len(q.Where) == 0 || slices.ContainsFunc(q.Where, func(c store.Cond) bool {
		return c.Op == store.Equal && (c.Column == "phone_number" || c.Column == "friendly_name" || c.Column == "sid")
	})
}

// direct finds a page where the database finds it fast.
func direct[R store.Row](t *store.Tx, w rest.Window, q store.Query, id func(R) int64) ([]R, rest.Paging, error) {
	rows, err := store.Find[R](t, windowed(w, q))
	if err != nil {
		return nil, rest.Paging{}, err
	}
	rows, paging := rest.NewPage(w, rows, id)
	return rows, paging, nil
}

// sparsely finds a page where that is not sure.
func sparsely[R store.Row](t *store.Tx, w rest.Window, q store.Query, id func(R) int64) ([]R, rest.Paging, error) {
	return scan(t, w, q, id, nil, farEnough)
}

// scan finds a page of rows that may be few among many: it goes through the account's rows in their order, stretch by
// stretch, and where it has looked far enough ends the page early, or empty, with a link that goes on. keep, unless nil,
// tells the wanted rows among those of the query.
func scan[R store.Row](t *store.Tx, w rest.Window, q store.Query, id func(R) int64, keep func(R) bool, far reach) ([]R, rest.Paging, error) {
	low, high, err := ends(t, q.Account, id)
	if err != nil || high == 0 {
		rows, paging := rest.NewPage[R](w, nil, id)
		return rows, paging, err
	}
	at := high + 1 // the rows from here on are not looked at yet: smaller ones, or greater ones for a window that goes back
	if w.Bound != 0 || w.Back {
		at = min(w.Bound, at)
	}
	start, looked := at, 0
	q.Oldest = w.Back
	var rows []R
	for len(rows) <= w.Size && (w.Back && at < high || !w.Back && at > low) {
		q.Limit = far.batch
		if keep == nil {
			q.Limit = w.Size + 1 - len(rows)
		}
		if w.Back {
			q.After, q.Before = at, at+far.ids+1
		} else {
			q.After, q.Before = max(at-far.ids-1, 0), at
		}
		found, err := store.Find[R](t, q)
		if err != nil {
			return nil, rest.Paging{}, err
		}
		for _, row := range found {
			if len(rows) <= w.Size && (keep == nil || keep(row)) {
				rows = append(rows, row)
			}
		}
		switch {
		case len(found) == q.Limit:
			at = id(found[len(found)-1])
		case w.Back:
			at = q.Before - 1
		default:
			at = q.After + 1
		}
		looked += len(found)
		if len(rows) <= w.Size && (max(at-start, start-at) >= far.all || keep != nil && looked >= far.rows) {
			if w.Back {
				slices.Reverse(rows)
			}
			return rows, rest.Short(w, at), nil
		}
	}
	rows, paging := rest.NewPage(w, rows, id)
	return rows, paging, nil
}

// ends returns the smallest and the greatest identity of an account's rows, 0 and 0 if it has none.
func ends[R store.Row](t *store.Tx, account string, id func(R) int64) (low, high int64, err error) {
	for _, oldest := range []bool{true, false} {
		rows, err := store.Find[R](t, store.Query{Account: account, Limit: 1, Oldest: oldest})
		if err != nil || len(rows) == 0 {
			return 0, 0, err
		}
		if n := id(rows[0]); oldest {
			low = n
		} else {
			high = n
		}
	}
	return low, high, nil
}
