package store

import "slices"

// ByID returns the location, endpoint, recipient, group or emergency number of an account that has an ID of the customer's
// own (a number: E.164); ErrNotFound where there is none. Account "" is any.
func ByID[R Row](t *Tx, account, id string) (R, error) {
	var none R
	q := Where(tableOf[R](t).key.name, id)
	q.Account, q.Limit = account, 1
	rows, err := Find[R](t, q)
	switch {
	case err != nil:
		return none, err
	case len(rows) == 0:
		return none, ErrNotFound
	}
	return rows[0], nil
}

// ByIDs returns those of an account's rows that have one of some IDs, by ID.
func ByIDs[R Row](t *Tx, account string, ids []string) (map[string]R, error) {
	tb, all := tableOf[R](t), make(map[string]R, len(ids))
	for part := range slices.Chunk(ids, chunk) {
		rows, err := Find[R](t, Query{Account: account, Where: []Cond{{tb.key.name, In, part}}})
		if err != nil {
			return nil, err
		}
		for i := range rows {
			all[rowOf(&rows[i]).FieldByIndex(tb.key.index).String()] = rows[i]
		}
	}
	return all, nil
}

// Membership is who is in a group, by their IDs in the order in which they came.
type Membership struct{ Endpoints, Recipients []string }

// Members returns who is in groups, by the SIDs of those.
func Members(t *Tx, groups []Group) (map[string]Membership, error) {
	all := make(map[string]Membership, len(groups))
	for part := range slices.Chunk(sids(groups), chunk) {
		args := make([]any, len(part))
		for i, sid := range part {
			args[i] = sid
		}
		var in []struct {
			Group string `db:"in_group"`
			ID    string `db:"member"`
			What  string `db:"what"`
			Turn  int64  `db:"turn"`
		}
		if err := t.Select(&in, "SELECT g.group_sid AS in_group, e.endpoint_id AS member, 'endpoint' AS what, g.id AS turn FROM bandwidth_group_endpoints g "+
			"JOIN bandwidth_endpoints e ON e.sid = g.endpoint_sid WHERE g.group_sid IN "+marks(len(part))+
			" UNION ALL SELECT g.group_sid, r.recipient_id, 'recipient', g.id FROM bandwidth_group_recipients g "+
			"JOIN bandwidth_recipients r ON r.sid = g.recipient_sid WHERE g.group_sid IN "+marks(len(part))+" ORDER BY turn",
			append(args, args...)...); err != nil {
			return nil, err
		}
		for _, m := range in {
			now := all[m.Group]
			if m.What == "endpoint" {
				now.Endpoints = append(now.Endpoints, m.ID)
			} else {
				now.Recipients = append(now.Recipients, m.ID)
			}
			all[m.Group] = now
		}
	}
	return all, nil
}

// JoinGroup puts endpoints into a group; those that are in it stay.
func JoinGroup(t *Tx, g Group, endpoints []Endpoint) error {
	there, err := Find[GroupEndpoint](t, Where("group_sid", g.SID))
	if err != nil {
		return err
	}
	var rows []GroupEndpoint
	in := make(map[string]bool, len(there))
	for _, r := range there {
		in[r.EndpointSID] = true
	}
	for _, e := range endpoints {
		if !in[e.SID] {
			in[e.SID] = true
			rows = append(rows, GroupEndpoint{Common: Common{AccountSID: g.AccountSID}, GroupSID: g.SID, EndpointSID: e.SID})
		}
	}
	if err := InsertMany(t, rows); err != nil {
		return err
	}
	return t.stir(endpoints)
}

// LeaveGroup takes endpoints out of a group; those that are not in it do not matter.
func LeaveGroup(t *Tx, g Group, endpoints []Endpoint) error {
	for part := range slices.Chunk(sids(endpoints), chunk) {
		args := []any{g.SID}
		for _, sid := range part {
			args = append(args, sid)
		}
		if _, err := t.exec("DELETE FROM bandwidth_group_endpoints WHERE group_sid = ? AND endpoint_sid IN "+marks(len(part)), args...); err != nil {
			return err
		}
	}
	return t.stir(endpoints)
}

// stir has the mirrors read endpoints again, whose groups are others now.
func (t *Tx) stir(endpoints []Endpoint) error {
	for part := range slices.Chunk(sids(endpoints), chunk) {
		args := []any{t.state.Rev}
		for _, sid := range part {
			args = append(args, sid)
		}
		if _, err := t.exec("UPDATE bandwidth_endpoints SET rev = ? WHERE sid IN "+marks(len(part)), args...); err != nil {
			return err
		}
		t.wrote = true
	}
	return nil
}

// Tell has a group tell recipients; those that it tells already stay.
func Tell(t *Tx, g Group, recipients []Recipient) error {
	there, err := Find[GroupRecipient](t, Where("group_sid", g.SID))
	if err != nil {
		return err
	}
	in := make(map[string]bool, len(there))
	for _, r := range there {
		in[r.RecipientSID] = true
	}
	for _, r := range recipients {
		if in[r.SID] {
			continue
		}
		in[r.SID] = true
		row := GroupRecipient{Common: Common{AccountSID: g.AccountSID}, GroupSID: g.SID, RecipientSID: r.SID}
		if err := Insert(t, &row); err != nil {
			return err
		}
	}
	return nil
}

// StopTelling has a group tell recipients no more; those that it does not tell do not matter.
func StopTelling(t *Tx, g Group, recipients []Recipient) error {
	there, err := Find[GroupRecipient](t, Where("group_sid", g.SID))
	if err != nil {
		return err
	}
	for _, r := range there {
		if slices.ContainsFunc(recipients, func(o Recipient) bool { return o.SID == r.RecipientSID }) {
			if err := Delete(t, &r); err != nil {
				return err
			}
		}
	}
	return nil
}
