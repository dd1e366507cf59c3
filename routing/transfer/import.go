package transfer

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"callbox/routing/directory/store"
)

// batchSize is how many numbers are looked up and written at once.
const batchSize = 500

// errUndo rolls back a dry run, and the import of a file with problems.
var errUndo = errors.New("nothing is to stay")

// ErrOptions is in the error of an import that is not possible as it was asked for.
var ErrOptions = errors.New("cannot import")

// Import reads a file into the store in one transaction: all of it, or nothing where it has problems or err is not nil.
// r should not have to wait for a network, since no one else can write meanwhile. err is not of the file's lines but of
// the options, r, ctx or the store; the report then says how far it came.
func Import(ctx context.Context, s *store.Store, who store.Actor, r io.Reader, o Options) (Report, error) {
	report := Report{DryRun: o.DryRun, Problems: []Problem{}}
	if err := o.fill(); err != nil {
		return report, err
	}
	work := func(t *store.Tx) error {
		im := &importer{o: o, t: t, report: &report, file: newFile(r, o, &report), write: !o.DryRun, made: map[sidBytes]bool{}}
		if err := im.run(); err != nil {
			return err
		}
		if o.DryRun || len(report.Problems) > 0 && !o.GoodLinesOnly {
			return errUndo
		}
		return im.note()
	}
	err := s.Update(ctx, who, work)
	report.sort()
	report.Applied = err == nil
	if errors.Is(err, errUndo) {
		err = nil
	}
	return report, err
}

// fill puts the defaults in, and says what is wrong with the options.
func (o *Options) fill() error {
	if o.OnConflict == "" {
		o.OnConflict = OnConflictError
	}
	if o.Addresses == "" {
		o.Addresses = Correct
	}
	if o.Register == "" {
		o.Register = Registered
	}
	switch {
	case !isSID("AC", o.Account):
		return fmt.Errorf("%w: account %q is no SID; write AC and 32 hex digits", ErrOptions, o.Account)
	case o.Register == Pending && o.Pend == nil:
		return fmt.Errorf("%w: nothing here moves registrations on; use register=registered", ErrOptions)
	}
	return nil
}

// importer is one import under way.
type importer struct {
	o      Options
	t      *store.Tx
	report *Report
	file   *file
	write  bool // no line so far keeps the file out

	trunks    map[string]string        // SID by SID and by domain name in small letters
	numbers   map[string]store.Number  // those of the batch that are in the store, by E.164
	addresses map[string]store.Address // those of the batch that are in the store or new, by SID
	made      map[sidBytes]bool        // the addresses this import makes

	newAddresses []store.Address
	newNumbers   []store.Number
	changed      []store.Number
}

// run reads all of the file and writes what is good.
func (im *importer) run() error {
	if _, err := store.Get[store.Account](im.t, "", im.o.Account); errors.Is(err, store.ErrNotFound) {
		return fmt.Errorf("%w: there is no account %s", ErrOptions, im.o.Account)
	} else if err != nil {
		return err
	}
	if err := im.findTrunks(); err != nil {
		return err
	}
	if im.file.readHeader() {
		for more := true; more; {
			var batch []*entry
			for len(batch) < batchSize && more {
				var e *entry
				if e, more = im.file.next(); more {
					batch = append(batch, e)
				}
			}
			if err := im.take(batch); err != nil {
				return err
			}
		}
	}
	return im.file.err
}

func (im *importer) findTrunks() error {
	im.trunks = map[string]string{}
	all, err := store.Find[store.Trunk](im.t, store.Query{Account: im.o.Account})
	for _, k := range all {
		im.trunks[k.SID] = k.SID
		if k.DomainName != "" {
			im.trunks[strings.ToLower(k.DomainName)] = k.SID
		}
	}
	return err
}

// take decides what becomes of each line of a batch, and writes it.
func (im *importer) take(batch []*entry) error {
	if err := im.look(batch); err != nil {
		return err
	}
	im.newAddresses, im.newNumbers, im.changed = im.newAddresses[:0], im.newNumbers[:0], im.changed[:0]
	for _, e := range batch {
		if err := im.decide(e); err != nil {
			return err
		}
		if e.bad {
			im.report.Bad++
		}
	}
	if len(im.report.Problems) > 0 && !im.o.GoodLinesOnly {
		im.write = false
	}
	if !im.write {
		return nil
	}
	if err := store.InsertMany(im.t, im.newAddresses); err != nil {
		return err
	}
	if err := store.InsertMany(im.t, im.newNumbers); err != nil {
		return err
	}
	return store.SaveMany(im.t, im.changed)
}

// look finds what the store has of a batch.
func (im *importer) look(batch []*entry) error {
	im.numbers, im.addresses = map[string]store.Number{}, map[string]store.Address{}
	numbers, sids := make([]string, len(batch)), make([]string, 0, 2*len(batch))
	for i, e := range batch {
		numbers[i] = e.number
		if sid := e.cells[addressSID].text; sid != "" {
			sids = append(sids, sid)
		}
		if e.address != nil {
			sids = append(sids, e.address.sid(im.o.Account, 0).String())
		}
	}
	there, err := store.Find[store.Number](im.t, store.Query{Where: []store.Cond{{Column: "phone_number", Op: store.In, Value: numbers}}})
	if err != nil {
		return err
	}
	for _, n := range there {
		im.numbers[n.PhoneNumber] = n
		if n.EmergencyAddressSID != "" {
			sids = append(sids, n.EmergencyAddressSID)
		}
	}
	// Not by account as well: SQLite would then go through all the addresses of the account.
	found, err := store.Find[store.Address](im.t, store.Query{Where: []store.Cond{{Column: "sid", Op: store.In, Value: sids}}})
	for _, a := range found {
		if a.AccountSID == im.o.Account {
			im.addresses[a.SID] = a
		}
	}
	return err
}

// note writes the import's one entry into the audit log.
func (im *importer) note() error {
	if im.report.Added+im.report.Updated+im.report.AddressesAdded == 0 {
		return nil
	}
	counts := map[string]int{
		"lines": im.report.Lines, "bad_lines": im.report.Bad, "added": im.report.Added, "updated": im.report.Updated,
		"unchanged": im.report.Unchanged, "skipped": im.report.Skipped, "addresses_added": im.report.AddressesAdded,
	}
	changes := map[string]map[string]int{}
	for name, n := range counts {
		changes[name] = map[string]int{"new": n}
	}
	text, err := json.Marshal(changes)
	if err != nil {
		return err
	}
	return im.t.Note(store.AuditEntry{
		Common: store.Common{SID: im.o.Account, AccountSID: im.o.Account}, Action: "import", Kind: "number", Changes: string(text),
	})
}
