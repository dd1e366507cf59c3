package store

import (
	"net/url"

	"callbox/routing/directory"
)

// placePage is how many locations or endpoints are read at once.
const placePage = 500

// loadPlaces reads all locations and endpoints into an editor.
func (m *Mirror) loadPlaces(t *Tx, e *directory.Editor) error {
	return inTurn(
		func() error {
			return pages(t, nil, func(rows []Location) error { return m.putLocations(e, rows) })
		},
		func() error {
			return pages(t, nil, func(rows []Endpoint) error { return m.putEndpoints(t, e, rows) })
		},
	)
}

// applyPlaces brings locations and endpoints that were written or deleted after a revision into an editor.
func (m *Mirror) applyPlaces(t *Tx, e *directory.Editor, since int64) error {
	return inTurn(
		func() error {
			return changedRows(t, since, func(rows []Location) error { return m.putLocations(e, rows) })
		},
		func() error {
			return changedRows(t, since, func(rows []Endpoint) error { return m.putEndpoints(t, e, rows) })
		},
	)
}

// pages reads the rows that meet conditions, oldest first.
func pages[R Row](t *Tx, where []Cond, put func([]R) error) error {
	q := Query{Where: where, Oldest: true, Limit: placePage}
	for {
		rows, err := Find[R](t, q)
		if err != nil || len(rows) == 0 {
			return err
		}
		if err := put(rows); err != nil || len(rows) < placePage {
			return err
		}
		q.After = commonOf(&rows[len(rows)-1]).ID
	}
}

// changedRows reads the rows that were written after a revision.
func changedRows[R Row](t *Tx, since int64, put func([]R) error) error {
	all, err := t.changes(tableOf[R](t).kind.table, since, func(page []place) error {
		sids := make([]string, len(page))
		for i, p := range page {
			sids[i] = p.SID
		}
		return pages(t, []Cond{{"sid", In, sids}}, put)
	})
	if all || err != nil {
		return err
	}
	return pages(t, []Cond{{"rev", Greater, since}}, put)
}

// putLocations puts locations into an editor. One that cannot be used is not in the directory, whatever it was before.
func (m *Mirror) putLocations(e *directory.Editor, rows []Location) error {
	var errs []error
	for _, r := range rows {
		if err := e.PutLocation(r.record()); err != nil {
			e.DeleteLocation(r.AccountSID, r.LocationID)
			errs = append(errs, err)
		}
	}
	m.warn(errs)
	return nil
}

// putEndpoints is putLocations for endpoints, with the IDs of their locations and the groups that they are in.
func (m *Mirror) putEndpoints(t *Tx, e *directory.Editor, rows []Endpoint) error {
	sids := make([]any, len(rows))
	for i, r := range rows {
		sids[i] = r.SID
	}
	var at, in []struct {
		Endpoint string `db:"endpoint"`
		Other    string `db:"other"`
	}
	if err := t.Select(&at, "SELECT e.sid AS endpoint, l.location_id AS other FROM bandwidth_endpoints e "+
		"JOIN bandwidth_locations l ON l.sid = e.location_sid WHERE e.sid IN "+marks(len(sids)), sids...); err != nil {
		return err
	}
	if err := t.Select(&in, "SELECT endpoint_sid AS endpoint, group_sid AS other FROM bandwidth_group_endpoints WHERE endpoint_sid IN "+
		marks(len(sids))+" ORDER BY id", sids...); err != nil {
		return err
	}
	locations, groups := make(map[string]string, len(at)), make(map[string][]string)
	for _, p := range at {
		locations[p.Endpoint] = p.Other
	}
	for _, p := range in {
		groups[p.Endpoint] = append(groups[p.Endpoint], p.Other)
	}
	var errs []error
	for _, r := range rows {
		if err := e.PutEndpoint(directory.EndpointRecord{
			SID: r.SID, AccountSID: r.AccountSID, ID: r.EndpointID, PIDFLO: r.PIDFLO, Callback: r.Callback, Name: r.CallerName,
			Language: r.Language, Country: r.IsoCountry, LocationID: locations[r.SID], Civic: r.Civic(), ESN: r.ESN, Groups: groups[r.SID],
		}); err != nil {
			e.DeleteEndpoint(r.AccountSID, r.EndpointID)
			errs = append(errs, err)
		}
	}
	m.warn(errs)
	return nil
}

// deletePlace takes what a tombstone names out of an editor.
func deletePlace(e *directory.Editor, kind, name string) {
	switch account, id := splitPlaceName(name); kind {
	case Location{}.kind().name:
		e.DeleteLocation(account, id)
	case Endpoint{}.kind().name:
		e.DeleteEndpoint(account, id)
	}
}

func (l *loader) emergency() {
	for _, n := range all[EmergencyNumber](l) {
		l.c.EmergencyNumbers = append(l.c.EmergencyNumbers, n.Record())
	}
	recipients := map[string]Recipient{}
	for _, r := range all[Recipient](l) {
		recipients[r.SID] = r
	}
	tell := map[string][]directory.Notification{}
	for _, m := range all[GroupRecipient](l) {
		if n, ok := recipients[m.RecipientSID].notification(); ok {
			tell[m.GroupSID] = append(tell[m.GroupSID], n)
		}
	}
	for _, g := range all[Group](l) {
		l.c.Groups = append(l.c.Groups, directory.GroupRecord{SID: g.SID, AccountSID: g.AccountSID, Tell: tell[g.SID]})
	}
}

// Notifies returns the way a recipient is told, 0 for one of a kind not known here.
func (r Recipient) Notifies() directory.NotificationKind {
	switch r.Kind {
	case RecipientHTTP:
		return directory.NotifyWebhook
	case RecipientSMS:
		return directory.NotifySMS
	case RecipientEmail:
		return directory.NotifyEmail
	case RecipientVoice:
		return directory.NotifyVoice
	}
	return 0
}

// notification is how a recipient is told, false for one of a kind not known here.
func (r Recipient) notification() (directory.Notification, bool) {
	n := directory.Notification{Kind: r.Notifies(), To: r.Target, Test: true, Events: []directory.NotificationEvent{directory.NotifyPlaced}}
	if r.Kind == RecipientHTTP && r.Username != "" {
		if u, err := url.Parse(r.Target); err == nil {
			u.User = url.UserPassword(r.Username, r.Password)
			n.To = u.String()
		}
	}
	return n, n.Kind != 0
}
