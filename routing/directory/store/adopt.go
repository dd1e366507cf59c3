package store

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"

	"callbox/config/strict"
	"callbox/routing/directory"
)

// Base says what a directory file is to the store.
type Base struct {
	Name     string // of the file, as errors give it: directory.yaml
	ReadOnly bool   // its rows belong to the file, as against the lab's, which belong to the API once they are written
}

// adopted counts what an adoption did.
type adopted struct {
	Added    int `json:"added"`
	Changed  int `json:"changed"`
	Removed  int `json:"removed"`
	Unlinked int `json:"unlinked"` // references of the API's rows to what was removed
	Left     int `json:"left_out"` // entries of the lab whose place was taken
	ESNs     int `json:"esns"`     // addresses of the API that another guide gives another one
}

// errProblems ends an adoption that the API's rows stand in the way of.
var errProblems = errors.New("problems")

// Adopt brings the customers of a directory file into the store in one transaction. With b.ReadOnly the store's rows
// become exactly those of the file, besides the API's: what left the file goes, and so does a lab the API has not
// touched, with references of the API's rows to it. An entry that an API row stands in the way of is a problem, and so is
// one that left the file and that an API row needs; then nothing changes. Where the file's street ranges are other ones
// than before, the API's addresses get the ESNs that these have for them. Without b.ReadOnly it is the embedded lab:
// written into a store that has had neither lab nor file, and never again.
func (s *Store) Adopt(ctx context.Context, f *directory.File, b Base) (strict.Problems, error) {
	a := adoption{f: f, origin: OriginLab, want: wanted(f, b)}
	if b.ReadOnly {
		a.origin = OriginFile
	}
	a.is = base{Name: b.Name, Origin: a.origin}
	digest, err := a.want.digest()
	if err != nil {
		return nil, err
	}
	a.is.Digest = digest
	if f.Network != nil && b.ReadOnly {
		guide := f.Network.GuideDigest()
		a.is.Guide = hex.EncodeToString(guide[:])
	}
	if same, err := a.isThere(ctx, s); same || err != nil {
		return nil, err
	}
	err = s.update(ctx, Actor{Name: "file " + b.Name}, true, a.run)
	if errors.Is(err, errProblems) {
		a.problems.Sort()
		return a.problems, nil
	}
	if err != nil {
		return nil, fmt.Errorf("adopt %s: %w", b.Name, err)
	}
	if a.done != (adopted{}) {
		s.opts.Logger.Info().Str("file", b.Name).Int("added", a.done.Added).Int("changed", a.done.Changed).
			Int("removed", a.done.Removed).Int("unlinked", a.done.Unlinked).Int("left_out", a.done.Left).Int("esns", a.done.ESNs).
			Msg("directory file written to the store")
	}
	return nil, nil
}

// isThere tells whether the store has the file already, for which it need not be written.
func (a *adoption) isThere(ctx context.Context, s *Store) (same bool, err error) {
	err = s.View(ctx, func(t *Tx) error {
		was, err := t.base()
		same = was == a.is
		return err
	})
	return same, err
}

// adoption is one run of Adopt.
type adoption struct {
	f        *directory.File
	origin   string
	is       base
	want     wantedRows
	was      base // that the store has now
	problems strict.Problems
	done     adopted
}

func (a *adoption) run(t *Tx) error {
	was, err := t.base()
	a.was = was
	switch {
	case err != nil:
		return err
	case was == a.is:
		return nil
	case a.origin == OriginLab && was.Origin == OriginFile:
		t.s.opts.Logger.Warn().Str("file", was.Name).Str("mend", "configure the file again, or start with another data directory or database to have the lab").
			Msg("the directory stays that of a file which is not configured any more")
		return nil
	case a.origin == OriginLab && was.Origin == OriginLab:
		return nil
	}
	if err := a.collide(t); err != nil {
		return err
	}
	if len(a.problems) > 0 {
		return errProblems
	}
	if err := a.remove(t); err != nil {
		return err
	}
	if err := a.merge(t); err != nil {
		return err
	}
	if a.is.Guide != "" && a.is.Guide != was.Guide {
		if err := inTurn(func() error { return a.locate(t) }, func() error { return a.locatePlaces(t) }); err != nil {
			return err
		}
	}
	value, err := json.Marshal(a.is)
	if err != nil {
		return err
	}
	if err := t.SetMeta(metaBase, string(value)); err != nil {
		return err
	}
	changes, err := json.Marshal(a.done)
	if err != nil {
		return err
	}
	return t.Note(AuditEntry{Action: "adopt", Kind: "directory", Changes: string(changes)})
}

// digest tells two contents of files apart, with whatever else their rows were made of.
func (w wantedRows) digest() (string, error) {
	text, err := json.Marshal(w)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:]), nil
}

// merge writes the rows that are wanted, in the order of what refers to what.
func (a *adoption) merge(t *Tx) error {
	w := &a.want
	return inTurn(
		func() error { return merge(t, w.Accounts, &a.done) },
		func() error { return merge(t, w.ACLs, &a.done) },
		func() error { return merge(t, w.Entries, &a.done) },
		func() error { return merge(t, w.Lists, &a.done) },
		func() error { return merge(t, w.Credentials, &a.done) },
		func() error { return merge(t, w.Addresses, &a.done) },
		func() error { return merge(t, w.Trunks, &a.done) },
		func() error { return merge(t, w.Numbers, &a.done) },
		func() error { return merge(t, w.Domains, &a.done) },
		func() error { return merge(t, w.Mappings, &a.done) },
		func() error { return merge(t, w.Locations, &a.done) },
		func() error { return merge(t, w.Endpoints, &a.done) },
		func() error { return merge(t, w.Emergency, &a.done) },
	)
}

// locate gives the addresses for emergencies that are not the file's the ESN that the file's guide has for them. One that
// the guide does not know any more has none, and its postal code finds the centre: an old ESN may be another zone's now.
func (a *adoption) locate(t *Tx) error {
	q := Query{Where: []Cond{{"origin", NotEqual, OriginFile}, {"emergency_enabled", Equal, true}}, Oldest: true, Limit: chunk}
	for {
		page, err := Find[Address](t, q)
		if err != nil || len(page) == 0 {
			return err
		}
		q.After = page[len(page)-1].ID
		var changed []Address
		for _, r := range page {
			esn := a.f.Network.ESN(directory.Civic{
				Street: r.Street, Secondary: r.StreetSecondary, City: r.City, State: r.Region, PostalCode: r.PostalCode, Country: r.IsoCountry,
			})
			if esn != r.ESN {
				r.ESN = esn
				changed = append(changed, r)
			}
		}
		if err := SaveMany(t, changed); err != nil {
			return err
		}
		a.done.ESNs += len(changed)
	}
}

// inTurn runs steps up to the first that fails.
func inTurn(steps ...func() error) error {
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// merge writes rows of one kind: those that are there where they differ, and the others.
func merge[R Row](t *Tx, want []R, done *adopted) error {
	have, err := bySID(t, want)
	if err != nil {
		return err
	}
	var fresh, changed []R
	for _, w := range want {
		old, ok := have[commonOf(&w).SID]
		if !ok {
			fresh = append(fresh, w)
			continue
		}
		is, was := commonOf(&w), commonOf(&old)
		is.ID, is.Created, is.Updated, is.Rev = was.ID, was.Created, was.Updated, was.Rev
		if any(w) != any(old) {
			is.Updated, is.Rev = t.now, t.state.Rev
			changed = append(changed, w)
		}
	}
	if err := rewrite(t, have, changed); err != nil {
		return err
	}
	done.Changed, done.Added = done.Changed+len(changed), done.Added+len(fresh)
	return InsertMany(t, fresh)
}
