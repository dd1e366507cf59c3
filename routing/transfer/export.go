package transfer

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"

	"callbox/routing/directory/store"
)

// pageSize is how many numbers are read and written at once.
const pageSize = 1000

// Export writes an account's numbers and their emergency addresses to w as Import reads them, oldest first. Each line is
// of one moment; between lines others may write. Where err is not nil the file is not whole. A w that waits holds no one
// up.
func Export(ctx context.Context, s *store.Store, account string, w io.Writer) error {
	out := csv.NewWriter(w)
	if err := out.Write(names()); err != nil {
		return err
	}
	var after int64
	for {
		var lines [][]string
		err := s.View(ctx, func(t *store.Tx) (err error) {
			lines, after, err = page(t, account, after)
			return err
		})
		if err != nil {
			return err
		}
		if err := out.WriteAll(lines); err != nil { // which flushes
			return err
		}
		if len(lines) < pageSize {
			return nil
		}
	}
}

// page returns the lines of the numbers behind the one with the ID after, and the ID of the last.
func page(t *store.Tx, account string, after int64) ([][]string, int64, error) {
	if _, err := store.Get[store.Account](t, "", account); errors.Is(err, store.ErrNotFound) {
		return nil, 0, fmt.Errorf("there is no account %s", account)
	} else if err != nil {
		return nil, 0, err
	}
	numbers, err := store.Find[store.Number](t, store.Query{Account: account, After: after, Limit: pageSize, Oldest: true})
	if err != nil || len(numbers) == 0 {
		return nil, after, err
	}
	addresses, err := addressesOf(t, numbers)
	if err != nil {
		return nil, 0, err
	}
	trunks, err := trunkNames(t, account)
	if err != nil {
		return nil, 0, err
	}
	lines := make([][]string, len(numbers))
	for i := range numbers {
		n := &numbers[i]
		lines[i] = cells(n, trunks[n.TrunkSID], addresses[n.EmergencyAddressSID])
	}
	return lines, numbers[len(numbers)-1].ID, nil
}

// addressesOf returns the emergency addresses of numbers by SID.
func addressesOf(t *store.Tx, numbers []store.Number) (map[string]store.Address, error) {
	var sids []string
	for i := range numbers {
		if sid := numbers[i].EmergencyAddressSID; sid != "" {
			sids = append(sids, sid)
		}
	}
	found, err := store.Find[store.Address](t, store.Query{Where: []store.Cond{{Column: "sid", Op: store.In, Value: sids}}})
	all := make(map[string]store.Address, len(found))
	for _, a := range found {
		all[a.SID] = a
	}
	return all, err
}

// trunkNames returns what a file calls each trunk of an account, by SID: its domain name, which holds at another edge,
// too, or the SID where it has none.
func trunkNames(t *store.Tx, account string) (map[string]string, error) {
	trunks, err := store.Find[store.Trunk](t, store.Query{Account: account})
	names := make(map[string]string, len(trunks))
	for _, k := range trunks {
		names[k.SID] = k.DomainName
		if k.DomainName == "" {
			names[k.SID] = k.SID
		}
	}
	return names, err
}

// cells writes a number as a line of the file.
func cells(n *store.Number, trunkName string, a store.Address) []string {
	line := make([]string, columns)
	for c, text := range [columns]string{
		phoneNumber: n.PhoneNumber, friendlyName: n.FriendlyName, service: n.Service, status: n.EmergencyAddressStatus,
		trunk: trunkName, addressSID: a.SID, customerName: a.CustomerName, street: a.Street,
		streetSecondary: a.StreetSecondary, city: a.City, region: a.Region, postalCode: a.PostalCode,
		isoCountry: a.IsoCountry, addressFriendlyName: a.FriendlyName,
	} {
		if column(c).text() {
			text = guard(text)
		}
		line[c] = text
	}
	return line
}
