package store

import (
	"slices"
	"strings"

	"callbox/config/strict"
)

// mostNeeded bounds how many problems of one sort are told.
const mostNeeded = 20

// needed finds rows of the API's that cannot do without what leaves the file. They are problems: an emergency address that
// went without a word would send a caller to the wrong place, and a guard would let nobody in.
func (a *adoption) needed(t *Tx, d doomedRows) error {
	for _, n := range []struct {
		query string // of pairs: the SID that goes, and who needs it
		gone  string // what goes
		needs string // what it is to them
		mend  string
		sids  []string
	}{
		{
			"SELECT emergency_address_sid AS gone, phone_number AS who FROM numbers WHERE origin = 'api' AND emergency_address_sid",
			"address", "is the emergency address of", "set the number's EmergencyAddressSid to nothing by the API", sids(d.addresses),
		},
		{
			"SELECT trunk_sid AS gone, phone_number AS who FROM numbers WHERE origin = 'api' AND trunk_sid",
			"trunk", "is the trunk of", "take the number off it by the API", sids(d.trunks),
		},
		{
			"SELECT emergency_caller_sid AS gone, domain_name AS who FROM domains WHERE origin = 'api' AND emergency_caller_sid",
			"number", "is the Emergency Caller ID of", "give the domain another by the API", sids(d.numbers),
		},
		{
			"SELECT location_sid AS gone, endpoint_id AS who FROM bandwidth_endpoints WHERE origin = 'api' AND location_sid",
			"location", "is where the endpoint is:", "give the endpoint another by the API", sids(d.locations),
		},
		{
			"SELECT list_sid AS gone, parent_sid AS who FROM mappings WHERE origin = 'api' AND list_sid",
			"list", "guards", "take its mapping away by the API", append(sids(d.acls), sids(d.lists)...),
		},
	} {
		for part := range slices.Chunk(n.sids, chunk) {
			args := make([]any, len(part))
			for i, sid := range part {
				args[i] = sid
			}
			var pairs []struct {
				Gone string `db:"gone"`
				Who  string `db:"who"`
			}
			if err := t.Select(&pairs, n.query+" IN ("+strings.TrimSuffix(strings.Repeat("?, ", len(part)), ", ")+") ORDER BY id", args...); err != nil {
				return err
			}
			for _, p := range pairs[:min(len(pairs), mostNeeded)] {
				a.problems = append(a.problems, strict.Problem{
					File: a.is.Name, Message: "no longer has the " + n.gone + " " + p.Gone + ", which " + n.needs + " " + p.Who + ", and that was made by the API",
					Mend: "keep it in the file, or " + n.mend + " first",
				})
			}
		}
	}
	return nil
}

// unguard takes every guard from a host of the API's that loses one with the lab, so that nobody comes in whom the lost one
// kept out: without any guard it has no traffic.
func (a *adoption) unguard(t *Tx, lists []string) error {
	for part := range slices.Chunk(lists, chunk) {
		args := make([]any, len(part))
		for i, sid := range part {
			args[i] = sid
		}
		n, err := t.exec("DELETE FROM mappings WHERE parent_sid IN (SELECT parent_sid FROM mappings WHERE list_sid IN ("+
			strings.TrimSuffix(strings.Repeat("?, ", len(part)), ", ")+"))", args...)
		if err != nil {
			return err
		}
		a.done.Unlinked += int(n)
	}
	return nil
}
