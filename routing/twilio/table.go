package twilio

import (
	"cmp"

	"callbox/routing/directory/store"
	"callbox/routing/twilio/rest"
)

// table is how the rows of one resource are found and shown. B is how answers show one.
type table[R store.Row, B any] struct {
	key, list, item string // the list's key in JSON, its element and its items' element in XML
	part            string // of the path that names a row, "" for Sid
	column          string // which it is a value of, "" for sid
	id              func(R) int64
	// under returns what rows under the request's path have in common; it answers 404 if there is no such parent.
	under func(t *store.Tx, r *rest.Request) (store.Query, error)
	show  func(t *store.Tx, r *rest.Request, rows []R) ([]B, error)
	// sparse says that filters may leave few of very many rows.
	sparse bool
}

// each makes a table's show out of a function for one row that needs nothing else.
func each[R store.Row, B any](one func(R) B) func(*store.Tx, *rest.Request, []R) ([]B, error) {
	return func(_ *store.Tx, _ *rest.Request, rows []R) ([]B, error) {
		shown := make([]B, len(rows))
		for i, row := range rows {
			shown[i] = one(row)
		}
		return shown, nil
	}
}

// inAccount is the under of a resource that stands right below its account.
func inAccount(_ *store.Tx, r *rest.Request) (store.Query, error) {
	return store.Query{Account: r.Var("AccountSid")}, nil
}

// get reads the row with a SID under the request's path, 404 if it is not there.
func (b table[R, B]) get(t *store.Tx, r *rest.Request) (row R, err error) {
	q, err := b.under(t, r)
	if err != nil {
		return row, err
	}
	q.Where = append(q.Where, store.Cond{Column: cmp.Or(b.column, "sid"), Op: store.Equal, Value: r.Var(cmp.Or(b.part, "Sid"))})
	q.Limit = 1
	rows, err := store.Find[R](t, q)
	if err != nil {
		return row, err
	}
	if len(rows) == 0 {
		return row, r.NotFound()
	}
	return rows[0], nil
}

// reply answers with one row.
func (b table[R, B]) reply(t *store.Tx, r *rest.Request, as func(string, any) rest.Reply, row R) (rest.Reply, error) {
	shown, err := b.show(t, r, []R{row})
	if err != nil {
		return rest.Reply{}, err
	}
	return as(b.item, shown[0]), nil
}

// fetch is the handler that shows one row.
func (b table[R, B]) fetch(a *api) rest.Handler {
	return a.reading(func(t *store.Tx, r *rest.Request) (rest.Reply, error) {
		row, err := b.get(t, r)
		if err != nil {
			return rest.Reply{}, err
		}
		return b.reply(t, r, rest.OK, row)
	})
}

// page is the handler that lists rows.
func (b table[R, B]) page(a *api) rest.Handler {
	return a.reading(func(t *store.Tx, r *rest.Request) (rest.Reply, error) {
		w, err := r.Window()
		if err != nil {
			return rest.Reply{}, err
		}
		q, err := b.under(t, r)
		if err != nil {
			return rest.Reply{}, err
		}
		find := direct[R]
		if b.sparse && !selective(q) {
			find = sparsely[R]
		}
		rows, paging, err := find(t, w, q, b.id)
		if err != nil {
			return rest.Reply{}, err
		}
		shown, err := b.show(t, r, rows)
		if err != nil {
			return rest.Reply{}, err
		}
		return rest.NewList(r, b.key, b.list, b.item, paging, shown), nil
	})
}

// addable refuses rows below what belongs to a directory file, before anything else is said of them.
func (b table[R, B]) addable(t *store.Tx, r *rest.Request) error {
	parent := cmp.Or(r.Var("ListSid"), r.Var("DomainSid"), r.Var("TrunkSid"))
	if parent == "" {
		return nil
	}
	if _, err := b.under(t, r); err != nil { // whose it is comes first
		return err
	}
	return store.WritableBelow(t, parent)
}

// create is the handler that adds the row which make returns.
func (b table[R, B]) create(a *api, make func(t *store.Tx, r *rest.Request) (R, error)) rest.Handler {
	return a.writing(func(t *store.Tx, r *rest.Request) (rest.Reply, error) {
		if err := b.addable(t, r); err != nil {
			return rest.Reply{}, err
		}
		row, err := make(t, r)
		if err != nil {
			return rest.Reply{}, err
		}
		if err := store.Insert(t, &row); err != nil {
			return rest.Reply{}, err
		}
		return b.reply(t, r, rest.Created, row)
	})
}

// update is the handler that changes a row.
func (b table[R, B]) update(a *api, change func(t *store.Tx, r *rest.Request, row *R) error) rest.Handler {
	return a.writing(func(t *store.Tx, r *rest.Request) (rest.Reply, error) {
		row, err := b.get(t, r)
		if err != nil {
			return rest.Reply{}, err
		}
		if err := store.Writable(t, &row); err != nil {
			return rest.Reply{}, err
		}
		if err := change(t, r, &row); err != nil {
			return rest.Reply{}, err
		}
		if err := store.Save(t, &row); err != nil {
			return rest.Reply{}, err
		}
		return b.reply(t, r, rest.OK, row)
	})
}

// remove is the handler that deletes a row which mind, if not nil, lets go.
func (b table[R, B]) remove(a *api, mind func(t *store.Tx, r *rest.Request, row R) error) rest.Handler {
	return a.writing(func(t *store.Tx, r *rest.Request) (rest.Reply, error) {
		row, err := b.get(t, r)
		if err != nil {
			return rest.Reply{}, err
		}
		if err := store.Writable(t, &row); err != nil {
			return rest.Reply{}, err
		}
		if mind != nil {
			if err := mind(t, r, row); err != nil {
				return rest.Reply{}, err
			}
		}
		if err := store.Delete(t, &row); err != nil {
			return rest.Reply{}, err
		}
		return rest.NoContent(), nil
	})
}
