package directory

import (
	"errors"

	"callbox/config/strict"
)

// File is a directory file taken apart: the network, and the records of its customers.
type File struct {
	Network   *Network
	Customers Customers
	Addresses []AddressRecord // in the order of the file, also those of no number
	Numbers   []NumberRecord  // their addresses point into Addresses
	Locations []LocationRecord
	Endpoints []EndpointRecord
	Digest    [32]byte // SHA-256 of the source and the files that it names

	doc *strict.Document
	at  map[string]string // paths of entries by SID
}

// Problem is something wrong with the entry of a SID, found where the file meets the rest of the world. It points at the
// entry's key where the entry has that, else at the entry.
func (f *File) Problem(sid, key, message, mend string) strict.Problem {
	path := f.at[sid]
	if key != "" && f.doc.Has(path+"."+key) {
		path += "." + key
	}
	return f.doc.Problem(path, message, mend)
}

// Snapshot makes a directory of the file alone. Its error says what was left out.
func (f *File) Snapshot() (*Snapshot, error) {
	e := NewEditor(f.Network)
	errs := e.SetCustomers(f.Customers)
	for _, n := range f.Numbers {
		if err := e.PutNumber(n); err != nil {
			errs = append(errs, err)
		}
	}
	for _, l := range f.Locations {
		if err := e.PutLocation(l); err != nil {
			errs = append(errs, err)
		}
	}
	for _, p := range f.Endpoints {
		if err := e.PutEndpoint(p); err != nil {
			errs = append(errs, err)
		}
	}
	return e.Snapshot(), errors.Join(errs...)
}
