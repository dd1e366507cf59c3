package store

import (
	"slices"
	"strings"

	"callbox/routing/directory"
)

// chunk is how many values one statement asks for.
const chunk = 500

// collide finds what of the file the API's rows stand in the way of: problems for a file, left out of a lab.
func (a *adoption) collide(t *Tx) error {
	w := &a.want
	taken := map[string]string{} // SIDs of the file's entries, and the key of the entry that is the trouble
	if err := inTurn(
		func() error { return takenSIDs(t, w.ACLs, taken) },
		func() error { return takenSIDs(t, w.Lists, taken) },
		func() error { return takenSIDs(t, w.Addresses, taken) },
		func() error { return takenSIDs(t, w.Trunks, taken) },
		func() error { return takenSIDs(t, w.Numbers, taken) },
		func() error { return takenSIDs(t, w.Domains, taken) },
		func() error { return takenNumbers(t, w.Numbers, taken) },
		func() error { return a.takenHosts(t, taken) },
		func() error { return a.takenPlaces(t, taken) },
	); err != nil {
		return err
	}
	if a.origin == OriginLab {
		return a.leaveOut(t, taken)
	}
	for sid, key := range taken {
		message, mend := "is the SID of something that was made through the API", "give it another sid, or delete the other through the API"
		switch key {
		case "number":
			message, mend = "is a number that was added through the API", "remove it here, or release it through the API"
		case "id":
			message, mend = "is the id of something that was made through the API", "rename it here, or delete the other through the API"
		case "name", "aliases":
			message, mend = "is the host of something that was made through the API", "rename it here, or delete the other through the API"
		}
		a.problems = append(a.problems, a.f.Problem(sid, key, message, mend))
	}
	return nil
}

// takenSIDs finds rows whose SID a row of the API has.
func takenSIDs[R Row](t *Tx, want []R, taken map[string]string) error {
	have, err := bySID(t, want)
	for sid, r := range have {
		if commonOf(&r).Origin == OriginAPI {
			taken[sid] = "sid"
		}
	}
	return err
}

// bySID reads the rows that have the SIDs of others.
func bySID[R Row](t *Tx, like []R) (map[string]R, error) {
	have := make(map[string]R, len(like))
	for part := range slices.Chunk(like, chunk) {
		sids := make([]string, len(part))
		for i := range part {
			sids[i] = commonOf(&part[i]).SID
		}
		rows, err := Find[R](t, Query{Where: []Cond{{"sid", In, sids}}})
		if err != nil {
			return nil, err
		}
		for _, r := range rows {
			have[commonOf(&r).SID] = r
		}
	}
	return have, nil
}

// takenNumbers finds numbers that the API has added.
func takenNumbers(t *Tx, want []Number, taken map[string]string) error {
	for part := range slices.Chunk(want, chunk) {
		sids := make(map[string]string, len(part))
		numbers := make([]string, len(part))
		for i, n := range part {
			numbers[i], sids[n.PhoneNumber] = n.PhoneNumber, n.SID
		}
		rows, err := Find[Number](t, Query{Where: []Cond{{"phone_number", In, numbers}, {"origin", Equal, OriginAPI}}})
		if err != nil {
			return err
		}
		for _, r := range rows {
			taken[sids[r.PhoneNumber]] = "number"
		}
	}
	return nil
}

// takenHosts finds domains and trunks whose host, in any of its forms, one of the API's has. A domain and a trunk cannot
// share one either: all calls to it would be the domain's.
func (a *adoption) takenHosts(t *Tx, taken map[string]string) error {
	names, err := apiHosts(t)
	if err != nil {
		return err
	}
	var domainSuffixes, trunkSuffixes []string
	if a.f.Network != nil {
		domainSuffixes, trunkSuffixes = a.f.Network.DomainSuffixes(), a.f.Network.TrunkSuffixes()
	}
	asDomain := func(name string) string { return directory.HostKey("sip", domainSuffixes, name) }
	asTrunk := func(name string) string { return directory.HostKey("pstn", trunkSuffixes, name) }
	theirs := map[string]bool{}
	for _, name := range names {
		theirs[asDomain(name)], theirs[asTrunk(name)] = true, true
	}
	for _, d := range a.want.Domains {
		for i, name := range hostNames(d.DomainName, d.Aliases) {
			if theirs[asDomain(name)] {
				taken[d.SID] = hostField(i)
			}
		}
	}
	for _, k := range a.want.Trunks {
		for i, name := range hostNames(k.DomainName, k.Aliases) {
			if theirs[asDomain(name)] || theirs[asTrunk(name)] {
				taken[k.SID] = hostField(i)
			}
		}
	}
	return nil
}

// apiHosts are the names of the domains and trunks that are the API's.
func apiHosts(t *Tx) (names []string, err error) {
	of := Where("origin", OriginAPI)
	domains, err := Find[Domain](t, of)
	if err != nil {
		return nil, err
	}
	for _, d := range domains {
		names = append(names, hostNames(d.DomainName, d.Aliases)...)
	}
	trunks, err := Find[Trunk](t, of)
	for _, k := range trunks {
		names = append(names, hostNames(k.DomainName, k.Aliases)...)
	}
	return names, err
}

// hostField is the file's key for the i-th of hostNames.
func hostField(i int) string {
	if i == 0 {
		return "name"
	}
	return "aliases"
}

// leaveOut drops what is taken, whatever belongs to that, and accounts that are there already.
func (a *adoption) leaveOut(t *Tx, taken map[string]string) error {
	w := &a.want
	accounts, err := bySID(t, w.Accounts)
	if err != nil {
		return err
	}
	gone := func(sid string) bool { _, ok := taken[sid]; return ok }
	a.done.Left = len(taken)
	w.Accounts = slices.DeleteFunc(w.Accounts, func(r Account) bool { _, ok := accounts[r.SID]; return ok })
	w.ACLs = slices.DeleteFunc(w.ACLs, func(r ACL) bool { return gone(r.SID) })
	w.Entries = slices.DeleteFunc(w.Entries, func(r ACLEntry) bool { return gone(r.ListSID) })
	w.Lists = slices.DeleteFunc(w.Lists, func(r CredentialList) bool { return gone(r.SID) })
	w.Credentials = slices.DeleteFunc(w.Credentials, func(r Credential) bool { return gone(r.ListSID) })
	w.Addresses = slices.DeleteFunc(w.Addresses, func(r Address) bool { return gone(r.SID) })
	w.Trunks = slices.DeleteFunc(w.Trunks, func(r Trunk) bool { return gone(r.SID) })
	w.Numbers = slices.DeleteFunc(w.Numbers, func(r Number) bool { return gone(r.SID) })
	w.Domains = slices.DeleteFunc(w.Domains, func(r Domain) bool { return gone(r.SID) })
	w.Mappings = slices.DeleteFunc(w.Mappings, func(r Mapping) bool { return gone(r.ParentSID) || gone(r.ListSID) })
	w.leaveOutPlaces(gone)
	for i := range w.Numbers {
		if gone(w.Numbers[i].TrunkSID) {
			w.Numbers[i].TrunkSID = ""
		}
		if gone(w.Numbers[i].EmergencyAddressSID) {
			w.Numbers[i].EmergencyAddressSID, w.Numbers[i].EmergencyAddressStatus = "", directory.StatusUnregistered.String()
		}
	}
	for i := range w.Domains {
		if gone(w.Domains[i].EmergencyCallerSID) {
			w.Domains[i].EmergencyCallerSID = ""
		}
	}
	return nil
}

// hostNames are the names of a domain or trunk, its own first.
func hostNames(name, aliases string) []string {
	return append([]string{name}, strings.Fields(aliases)...)
}
