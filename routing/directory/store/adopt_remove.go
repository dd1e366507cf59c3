package store

import (
	"reflect"
	"slices"
	"strings"

	"callbox/routing/directory"
)

// remove takes out what a file or lab has brought and the file does not have any more.
func (a *adoption) remove(t *Tx) error {
	w := &a.want
	var d doomedRows
	if err := inTurn(
		func() error { return doomed(t, w.Mappings, &d.mappings) },
		func() error { return doomed(t, w.Entries, &d.entries) },
		func() error { return doomed(t, w.Credentials, &d.credentials) },
		func() error { return doomed(t, w.Domains, &d.domains) },
		func() error { return doomed(t, w.Numbers, &d.numbers) },
		func() error { return doomed(t, w.Addresses, &d.addresses) },
		func() error { return doomed(t, w.Trunks, &d.trunks) },
		func() error { return doomed(t, w.ACLs, &d.acls) },
		func() error { return doomed(t, w.Lists, &d.lists) },
		func() error { return doomed(t, w.Endpoints, &d.endpoints) },
		func() error { return doomed(t, w.Locations, &d.locations) },
		func() error { return doomed(t, w.Emergency, &d.emergency) },
		func() error { return doomed(t, w.Accounts, &d.accounts) },
	); err != nil {
		return err
	}
	lists := append(sids(d.acls), sids(d.lists)...)
	if a.was.Origin == OriginFile { // a lab is to be thrown away
		if err := a.needed(t, d); err != nil {
			return err
		}
		if len(a.problems) > 0 {
			return errProblems
		}
	} else if err := a.unguard(t, lists); err != nil {
		return err
	}
	if err := a.unlink(t, d); err != nil {
		return err
	}
	n := &a.done.Removed
	return inTurn(
		func() error { return drop(t, d.mappings, n) },
		func() error { return drop(t, d.entries, n) },
		func() error { return drop(t, d.credentials, n) },
		func() error { return drop(t, d.domains, n) },
		func() error { return drop(t, d.numbers, n) },
		func() error { return drop(t, d.addresses, n) },
		func() error { return drop(t, d.trunks, n) },
		func() error { return drop(t, d.acls, n) },
		func() error { return drop(t, d.lists, n) },
		func() error { return drop(t, d.endpoints, n) },
		func() error { return drop(t, d.locations, n) },
		func() error { return drop(t, d.emergency, n) },
		func() error { return a.dropAccounts(t, d.accounts) },
	)
}

// doomedRows are those to be taken out.
type doomedRows struct {
	accounts    []Account
	acls        []ACL
	entries     []ACLEntry
	lists       []CredentialList
	credentials []Credential
	addresses   []Address
	trunks      []Trunk
	numbers     []Number
	domains     []Domain
	mappings    []Mapping
	endpoints   []Endpoint
	locations   []Location
	emergency   []EmergencyNumber
}

// doomed finds the rows of a file or lab that are wanted no more.
func doomed[R Row](t *Tx, want []R, out *[]R) error {
	rows, err := Find[R](t, Query{Where: []Cond{{"origin", In, []string{OriginFile, OriginLab}}}})
	if err != nil {
		return err
	}
	stay := make(map[string]bool, len(want))
	for i := range want {
		stay[commonOf(&want[i]).SID] = true
	}
	*out = slices.DeleteFunc(rows, func(r R) bool { return stay[commonOf(&r).SID] })
	return nil
}

// unlink clears references to rows that go. Those of the file's own rows are written anew afterwards; those of the API's
// are counted.
func (a *adoption) unlink(t *Tx, d doomedRows) error {
	unregistered := directory.StatusUnregistered.String()
	gone := append(sids(d.domains), sids(d.trunks)...)
	lists := append(sids(d.acls), sids(d.lists)...)
	for _, u := range []struct {
		what  string // the statement up to its WHERE
		where string
		sids  []string
	}{
		{"UPDATE numbers SET emergency_address_status = '" + unregistered + "', status_due = 0, status_next = '',", "emergency_address_sid", sids(d.addresses)},
		{"UPDATE numbers SET", "address_sid", sids(d.addresses)},
		{"UPDATE numbers SET", "trunk_sid", sids(d.trunks)},
		{"UPDATE domains SET", "emergency_caller_sid", sids(d.numbers)},
		{"UPDATE bandwidth_endpoints SET", "location_sid", sids(d.locations)},
		{"DELETE FROM mappings", "list_sid", lists},
		{"DELETE FROM mappings", "parent_sid", gone},
	} {
		for part := range slices.Chunk(u.sids, chunk) {
			if err := a.unlinkPart(t, u.what, u.where, part); err != nil {
				return err
			}
		}
	}
	t.state.Small = t.state.Rev
	return nil
}

func (a *adoption) unlinkPart(t *Tx, statement, column string, sids []string) error {
	args := []any{}
	if strings.HasPrefix(statement, "UPDATE") {
		statement += " " + column + " = NULL, rev = ?, updated = ?"
		args = append(args, t.state.Rev, t.now)
	}
	statement += " WHERE " + column + " IN (" + strings.TrimSuffix(strings.Repeat("?, ", len(sids)), ", ") + ") AND origin"
	for _, s := range sids {
		args = append(args, s)
	}
	n, err := t.exec(statement+" = 'api'", args...)
	a.done.Unlinked += int(n)
	if err != nil {
		return err
	}
	_, err = t.exec(statement+" <> 'api'", args...)
	return err
}

// sids are the SIDs of rows.
func sids[R Row](rows []R) []string {
	out := make([]string, len(rows))
	for i := range rows {
		out[i] = commonOf(&rows[i]).SID
	}
	return out
}

// drop deletes rows that nothing refers to any more.
func drop[R Row](t *Tx, rows []R, count *int) error {
	tb := tableOf[R](t)
	for i := range rows {
		if _, err := t.exec("DELETE FROM "+tb.kind.table+" WHERE sid = ?", commonOf(&rows[i]).SID); err != nil {
			return err
		}
		if err := t.bury(tb, reflect.ValueOf(rows[i])); err != nil {
			return err
		}
		t.touch(tb)
		*count++
	}
	return nil
}

// dropAccounts deletes accounts in which the API has made nothing; the others become the API's.
func (a *adoption) dropAccounts(t *Tx, accounts []Account) error {
	for _, account := range accounts {
		used := false
		for _, tb := range t.s.tables {
			if tb.kind.silent || tb.kind.table == "accounts" {
				continue
			}
			var rows []int
			if err := t.Select(&rows, "SELECT 1 FROM "+tb.kind.table+" WHERE account_sid = ? LIMIT 1", account.SID); err != nil {
				return err
			}
			used = used || len(rows) > 0
		}
		if !used {
			if err := drop(t, []Account{account}, &a.done.Removed); err != nil {
				return err
			}
			continue
		}
		if _, err := t.exec("UPDATE accounts SET origin = ?, rev = ? WHERE sid = ?", OriginAPI, t.state.Rev, account.SID); err != nil {
			return err
		}
		t.touch(tableOf[Account](t))
	}
	return nil
}

// rewrite writes rows over their older selves. Names that must be unique are freed first, as two may have changed places.
func rewrite[R Row](t *Tx, have map[string]R, rows []R) error {
	tb := tableOf[R](t)
	free := map[string]string{
		"numbers": "phone_number = sid", "domains": "domain_name = ''", "trunks": "domain_name = ''", "credentials": "username = sid",
		"bandwidth_locations": "location_id = sid", "bandwidth_endpoints": "endpoint_id = sid", "emergency_numbers": "phone_number = sid",
		"accounts": "bandwidth_id = ''",
	}[tb.kind.table]
	for part := range slices.Chunk(rows, chunk) {
		if free == "" {
			break
		}
		where, args, _, err := tb.where(Query{Where: []Cond{{"sid", In, sids(part)}}})
		if err != nil {
			return err
		}
		if _, err := t.exec("UPDATE "+tb.kind.table+" SET "+free+where, args...); err != nil {
			return err
		}
	}
	for i := range rows {
		old := have[commonOf(&rows[i]).SID]
		if err := tb.check(reflect.ValueOf(rows[i])); err != nil {
			return err
		}
		if err := t.overwrite(tb, reflect.ValueOf(old), reflect.ValueOf(rows[i])); err != nil {
			return err
		}
		t.touch(tb)
	}
	return nil
}
