package transfer

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"strings"

	"callbox/routing/directory/store"
	"callbox/routing/numbering"
)

// decide says what becomes of a line: a new number, a changed one, none or a problem.
func (im *importer) decide(e *entry) error {
	old, there := im.numbers[e.number]
	if there && old.AccountSID != im.o.Account {
		im.file.wrong(e, phoneNumber, "is on another account", "leave it out, or release it there first")
		return nil
	}
	next := old
	if !there {
		next = im.blank(e)
	}
	made := len(im.newAddresses)
	if err := im.fit(e, &next); err != nil || e.bad {
		im.forget(made)
		return err
	}
	keep := there && next == old
	switch {
	case !there:
		im.report.Added++
		im.newNumbers = append(im.newNumbers, next)
	case keep:
		im.report.Unchanged++
	case im.o.OnConflict == OnConflictSkip:
		im.report.Skipped++
		keep = true
	case im.o.OnConflict == OnConflictError:
		im.file.wrong(e, phoneNumber, "is on the account already, with another "+strings.Join(differences(&old, &next), ", "),
			"leave the line out, or import with on_conflict=update or on_conflict=skip")
		keep = true
	case old.Origin == store.OriginFile:
		im.file.wrong(e, phoneNumber, "is from the directory file, with another "+strings.Join(differences(&old, &next), ", "),
			"change it there and reload, or import with on_conflict=skip")
		keep = true
	default:
		im.report.Updated++
		im.changed = append(im.changed, next)
	}
	if keep {
		im.forget(made)
		return nil
	}
	im.report.AddressesAdded += len(im.newAddresses) - made
	if e.address != nil && e.address.corrected {
		im.report.AddressesCorrected++
	}
	return nil
}

// blank is a number that has only just come.
func (im *importer) blank(e *entry) store.Number {
	n := store.Number{
		PhoneNumber: e.number, FriendlyName: numbering.Spoken(e.number), Country: e.country, Service: services[0],
		EmergencyStatus: "Active", EmergencyAddressStatus: statuses[0],
	}
	n.AccountSID = im.o.Account
	return n
}

// forget takes back the addresses that were to be made, from the one on.
func (im *importer) forget(from int) {
	for _, a := range im.newAddresses[from:] {
		delete(im.made, bytesOf(a.SID))
		delete(im.addresses, a.SID)
	}
	im.newAddresses = im.newAddresses[:from]
}

// fit makes the number what the line says. What the file has no column for stays, and so do name and service where the
// line leaves them empty.
func (im *importer) fit(e *entry, n *store.Number) error {
	if name := e.cells[friendlyName].text; name != "" && name != strings.TrimSpace(n.FriendlyName) {
		n.FriendlyName = name
	}
	if e.service != "" {
		n.Service = e.service
	}
	im.fitTrunk(e, n)
	return im.fitAddress(e, n)
}

func (im *importer) fitTrunk(e *entry, n *store.Number) {
	if !im.file.header.has(trunk) {
		return
	}
	name := e.cells[trunk].text
	if name == "" {
		n.TrunkSID = ""
		return
	}
	sid, ok := im.trunks[name]
	if !ok {
		sid, ok = im.trunks[strings.ToLower(name)]
	}
	if !ok {
		im.file.wrong(e, trunk, "is no trunk of the account", "write the SID or the domain name of one that is there, or leave it empty")
		return
	}
	if n.TrunkSID != sid {
		n.TrunkSID, n.VoiceApplicationSID = sid, "" // the one excludes the other
	}
}

// fitAddress gives the number its emergency address and the state of its registration.
func (im *importer) fitAddress(e *entry, n *store.Number) error {
	if !im.file.header.hasAddress() {
		if e.status != "" && e.status != n.EmergencyAddressStatus && n.EmergencyAddressSID != "" {
			return im.register(e, n, n.EmergencyAddressSID, e.status)
		}
		return nil
	}
	sid, err := im.resolve(e, n.EmergencyAddressSID)
	if err != nil || e.bad {
		return err
	}
	want := e.status
	if want == "" {
		want = n.EmergencyAddressStatus
		if sid != n.EmergencyAddressSID {
			want = "registered"
			if im.o.Register == Pending {
				want = "pending-registration"
			}
		}
	}
	switch {
	case sid == n.EmergencyAddressSID && (sid == "" || want == n.EmergencyAddressStatus):
	case sid == "":
		settle(n, "", statuses[0])
	default:
		return im.register(e, n, sid, want)
	}
	return nil
}

// settle puts a state down that does not move on by itself.
func settle(n *store.Number, sid, status string) {
	n.EmergencyAddressSID, n.EmergencyAddressStatus = sid, status
	n.StatusDue, n.StatusNext, n.ReassociateAfter = 0, "", 0
}

// register gives the number an address in a state of its registration.
func (im *importer) register(e *entry, n *store.Number, sid, status string) error {
	switch status {
	case "pending-registration":
		return im.pend(e, n, sid)
	case "pending-unregistration": // it leaves as soon as the clock is looked at
		settle(n, sid, status)
		n.StatusDue, n.StatusNext = 1, statuses[0]
	default:
		settle(n, sid, status)
	}
	return nil
}

// pend begins a registration as the API does, and by the same rules.
func (im *importer) pend(e *entry, n *store.Number, sid string) error {
	if im.o.Pend == nil {
		im.file.wrong(e, phoneNumber, "has a registration under way, which nothing here moves on", "write registered as its status")
		return nil
	}
	a, ok := im.addresses[sid]
	if !ok {
		a = im.row(e.address, sid) // of a batch before, in a run that writes nothing
	}
	err := im.o.Pend(im.t, n, a)
	var refusal *Refusal
	if errors.As(err, &refusal) {
		im.file.wrong(e, phoneNumber, refusal.Message, refusal.Mend)
		return nil
	}
	return err
}

// resolve returns the SID of the line's address, "" for none: of one that is there, or of a new one. current is that of
// the number.
func (im *importer) resolve(e *entry, current string) (string, error) {
	given := e.cells[addressSID].text
	there, known := im.addresses[given]
	switch {
	case e.address == nil && given == "":
		return "", nil
	case e.address == nil && !known:
		im.file.wrong(e, addressSID, "is no address of the account", "write the SID of one that is there, or the address itself into street, city and so on")
		return "", nil
	case e.address == nil:
		return given, nil
	case known && !e.address.same(&there):
		im.file.wrong(e, addressSID, "is another address here: "+line(&there), "leave it empty to have the line's own address taken")
		return "", nil
	case known:
		return given, nil
	}
	if a, ok := im.addresses[current]; ok && e.address.same(&a) {
		return current, nil
	}
	for again := 0; ; again++ {
		key := e.address.sid(im.o.Account, again)
		sid := key.String()
		a, ok, err := im.address(sid, again)
		if err != nil {
			return "", err
		}
		if ok && e.address.same(&a) || im.made[key] {
			return sid, nil
		}
		if !ok {
			im.made[key] = true
			im.make(e.address, sid)
			return sid, nil
		}
	}
}

// address finds an address by SID. Those of the first try have been looked up with the batch; one that was changed since
// it was imported has given its SID another meaning, and the next try is looked up by itself.
func (im *importer) address(sid string, try int) (store.Address, bool, error) {
	if a, ok := im.addresses[sid]; ok || try == 0 {
		return a, ok, nil
	}
	a, err := store.Get[store.Address](im.t, im.o.Account, sid)
	if errors.Is(err, store.ErrNotFound) {
		return a, false, nil
	}
	return a, err == nil, err
}

// make adds an address that is new.
func (im *importer) make(c *civic, sid string) {
	a := im.row(c, sid)
	im.newAddresses = append(im.newAddresses, a)
	im.addresses[sid] = a
}

// row is an address as the store keeps it.
func (im *importer) row(c *civic, sid string) store.Address {
	a := store.Address{
		FriendlyName: c.name, CustomerName: c.customer, Street: c.street, StreetSecondary: c.secondary, City: c.city,
		Region: c.region, PostalCode: c.postalCode, IsoCountry: c.country, EmergencyEnabled: true, Validated: c.listed, ESN: c.esn,
	}
	a.SID, a.AccountSID = sid, im.o.Account
	return a
}

// sidBytes are the hex digits of an address's SID: a million of them are remembered.
type sidBytes [16]byte

func (b sidBytes) String() string { return "AD" + hex.EncodeToString(b[:]) }

func bytesOf(sid string) (b sidBytes) {
	_, _ = hex.Decode(b[:], []byte(sid[2:])) // it is one that String made
	return b
}

// sid names an address by its account and what it says, so that equal ones are one row, in this import and in the next.
func (c *civic) sid(account string, again int) sidBytes {
	h := c.hash()
	sum := sha256.Sum256(append(append([]byte(account), byte(again)), h[:]...))
	return sidBytes(sum[:16])
}

// same tells whether an address in the store says what c does.
func (c *civic) same(a *store.Address) bool {
	for _, pair := range [][2]string{
		{c.customer, a.CustomerName}, {c.street, a.Street}, {c.secondary, a.StreetSecondary}, {c.city, a.City},
		{c.region, a.Region}, {c.postalCode, a.PostalCode}, {c.country, a.IsoCountry}, {c.name, a.FriendlyName},
	} {
		if pair[0] != strings.TrimSpace(pair[1]) {
			return false
		}
	}
	return true
}

// line writes an address on one line.
func line(a *store.Address) string {
	var parts []string
	for _, p := range []string{a.Street, a.StreetSecondary, a.City, a.Region, a.PostalCode, a.IsoCountry} {
		if p != "" {
			parts = append(parts, p)
		}
	}
	return strings.Join(parts, ", ")
}

// differences names the columns in which two states of a number differ.
func differences(a, b *store.Number) []string {
	var all []string
	for _, d := range []struct {
		c       column
		differs bool
	}{
		{friendlyName, a.FriendlyName != b.FriendlyName}, {service, a.Service != b.Service}, {trunk, a.TrunkSID != b.TrunkSID},
		{street, a.EmergencyAddressSID != b.EmergencyAddressSID}, {status, a.EmergencyAddressStatus != b.EmergencyAddressStatus},
	} {
		switch {
		case d.differs && d.c == street:
			all = append(all, "address")
		case d.differs:
			all = append(all, d.c.String())
		}
	}
	return all
}
