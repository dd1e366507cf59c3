package store

import (
	"slices"

	"callbox/routing/directory"
)

// places makes the rows of a file's locations, endpoints and emergency numbers.
func (m *rowMaker) places(f *directory.File) {
	sids := map[string]string{}
	for _, r := range f.Locations {
		sids[placeName(r.AccountSID, r.ID)] = r.SID
		l := Location{
			Common: m.common(r.SID, r.AccountSID), LocationID: r.ID, Description: r.Description, ESN: r.ESN, Validation: r.Status.String(),
		}
		l.SetCivic(r.Civic)
		l.SetPoint(r.Point)
		m.rows.Locations = append(m.rows.Locations, l)
	}
	for _, r := range f.Endpoints {
		e := Endpoint{
			Common: m.common(r.SID, r.AccountSID), EndpointID: r.ID, PIDFLO: r.PIDFLO, Callback: r.Callback, CallerName: r.Name,
			Language: r.Language, IsoCountry: r.Country, LocationSID: sids[placeName(r.AccountSID, r.LocationID)],
		}
		e.SetCivic(r.Civic, r.ESN)
		m.rows.Endpoints = append(m.rows.Endpoints, e)
	}
	for _, r := range f.Customers.EmergencyNumbers {
		n := EmergencyNumber{Common: m.common(r.SID, r.AccountSID), PhoneNumber: r.Number}
		n.SetRecord(r)
		m.rows.Emergency = append(m.rows.Emergency, n)
	}
}

// takenPlaces finds entries whose ID or number a row of the API has in their account.
func (a *adoption) takenPlaces(t *Tx, taken map[string]string) error {
	w := &a.want
	return inTurn(
		func() error { return takenIDs(t, w.Locations, taken) },
		func() error { return takenIDs(t, w.Endpoints, taken) },
		func() error {
			theirs, err := Find[EmergencyNumber](t, Where("origin", OriginAPI))
			for _, n := range w.Emergency {
				if slices.ContainsFunc(theirs, func(r EmergencyNumber) bool { return r.PhoneNumber == n.PhoneNumber }) {
					taken[n.SID] = "number"
				}
			}
			return err
		},
	)
}

// takenIDs finds rows whose ID a row of the API has in their account.
func takenIDs[R Row](t *Tx, want []R, taken map[string]string) error {
	tb := tableOf[R](t)
	for part := range slices.Chunk(want, chunk) {
		ids, sids := make([]string, len(part)), make(map[string]string, len(part))
		for i := range part {
			row := rowOf(&part[i])
			ids[i] = row.FieldByIndex(tb.key.index).String()
			sids[tb.tombstone(row)] = commonOf(&part[i]).SID
		}
		rows, err := Find[R](t, Query{Where: []Cond{{tb.key.name, In, ids}, {"origin", Equal, OriginAPI}}})
		if err != nil {
			return err
		}
		for i := range rows {
			if sid, ok := sids[tb.tombstone(rowOf(&rows[i]))]; ok {
				taken[sid] = "id"
			}
		}
	}
	return nil
}

// leaveOutPlaces is leaveOut for locations, endpoints and emergency numbers.
func (w *wantedRows) leaveOutPlaces(gone func(sid string) bool) {
	w.Locations = slices.DeleteFunc(w.Locations, func(r Location) bool { return gone(r.SID) })
	w.Endpoints = slices.DeleteFunc(w.Endpoints, func(r Endpoint) bool { return gone(r.SID) })
	w.Emergency = slices.DeleteFunc(w.Emergency, func(r EmergencyNumber) bool { return gone(r.SID) })
	for i := range w.Endpoints {
		if gone(w.Endpoints[i].LocationSID) {
			w.Endpoints[i].LocationSID = ""
		}
	}
}

// locatePlaces is locate for the locations and endpoints that are not the file's.
func (a *adoption) locatePlaces(t *Tx) error {
	theirs := []Cond{{"origin", NotEqual, OriginFile}}
	if err := pages(t, theirs, func(rows []Location) error {
		var changed []Location
		for _, r := range rows {
			if status, esn := a.f.Network.Validate(r.Civic()); esn != r.ESN || status.String() != r.Validation {
				r.ESN, r.Validation = esn, status.String()
				changed = append(changed, r)
			}
		}
		a.done.ESNs += len(changed)
		return SaveMany(t, changed)
	}); err != nil {
		return err
	}
	own := append(theirs, Cond{"has_address", Equal, true})
	return pages(t, own, func(rows []Endpoint) error {
		var changed []Endpoint
		for _, r := range rows {
			if esn := a.f.Network.ESN(*r.Civic()); esn != r.ESN {
				r.ESN = esn
				changed = append(changed, r)
			}
		}
		a.done.ESNs += len(changed)
		return SaveMany(t, changed)
	})
}
