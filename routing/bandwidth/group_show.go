package bandwidth

import (
	"encoding/xml"
	"errors"
	"slices"
	"strconv"
	"strings"

	"callbox/routing/bandwidth/wire"
	"callbox/routing/directory/store"
)

// group is a notification group as it stands.
type group struct {
	Identifier    string        `xml:"Identifier"`
	Created       string        `xml:"CreatedDate"`
	ModifiedBy    string        `xml:"ModifiedBy"`
	Modified      string        `xml:"ModifiedDate"`
	Description   string        `xml:"Description"`
	Recipients    []recipient   `xml:"EmergencyNotificationRecipients>EmergencyNotificationRecipient"`
	EndpointCount string        `xml:"EndpointCount,omitempty"`
	Associations  *groupMembers `xml:"EepToEngAssociations"`
}

type groupMembers struct {
	Endpoints []string `xml:"Endpoints>Identifier"`
}

type groupResponse struct {
	XMLName xml.Name `xml:"EmergencyNotificationGroupResponse"`
	Group   group    `xml:"EmergencyNotificationGroup"`
}

type groupList struct {
	XMLName xml.Name   `xml:"EmergencyNotificationGroupsResponse"`
	Links   wire.Links `xml:"Links"`
	Groups  []group    `xml:"EmergencyNotificationGroups>EmergencyNotificationGroup"`
}

// groupBody writes a group with its members: recipients by their identifiers, or in whole.
func groupBody(t *store.Tx, g store.Group, m store.Membership, whole bool) (group, error) {
	out := group{
		Identifier: g.GroupID, Created: wire.Time(g.Created), ModifiedBy: g.UpdatedBy, Modified: wire.Time(g.Updated), Description: g.Description,
	}
	for _, id := range m.Recipients {
		shown := recipient{Identifier: wire.Text(id)}
		if whole {
			row, err := store.ByID[store.Recipient](t, g.AccountSID, id)
			if err != nil {
				return out, err
			}
			shown = recipientShown(row)
		}
		out.Recipients = append(out.Recipients, shown)
	}
	return out, nil
}

// The endpoints that a fetched group shows at most, and how many usually.
const (
	usualEndpoints = 20
	mostEndpoints  = 5000
)

// fetchGroup shows a group, with its endpoints if they are asked for.
func (a *api) fetchGroup(t *store.Tx, r *wire.Request) (wire.Reply, error) {
	q, err := ask(r, "includeEndpoints", "endpointId", "endpointSize")
	if err != nil {
		return wire.Reply{}, err
	}
	g, err := store.ByID[store.Group](t, r.Account, r.PathValue("engId"))
	if errors.Is(err, store.ErrNotFound) {
		return wire.Reply{}, wire.NotFound(codeNoGroupID)
	}
	if err != nil {
		return wire.Reply{}, err
	}
	members, err := store.Members(t, []store.Group{g})
	if err != nil {
		return wire.Reply{}, err
	}
	out, err := groupBody(t, g, members[g.SID], true)
	if err != nil || !q.is("includeEndpoints") {
		return wire.OK(groupResponse{Group: out}), err
	}
	size := usualEndpoints
	if s := q.get("endpointSize"); s != "" {
		if size, err = strconv.Atoi(s); err != nil || size < 1 || size > mostEndpoints {
			return wire.Reply{}, unsupported("endpointSize", s, "1 to "+strconv.Itoa(mostEndpoints))
		}
	}
	ids := slices.Clone(members[g.SID].Endpoints)
	slices.Sort(ids)
	if from := q.get("endpointId"); from != "" {
		ids = slices.DeleteFunc(ids, func(id string) bool { return id < from && !strings.HasPrefix(id, from) })
	}
	out.Associations = &groupMembers{ids[:min(size, len(ids))]}
	return wire.OK(groupResponse{Group: out}), nil
}

// listGroups lists groups, those changed last first.
func (a *api) listGroups(t *store.Tx, r *wire.Request) (wire.Reply, error) {
	q, err := ask(r, "engId", "enrDetails", "endpointCount", "engName", "enrRecipient")
	if err != nil {
		return wire.Reply{}, err
	}
	rows, err := store.Find[store.Group](t, store.Query{Account: r.Account})
	if err != nil {
		return wire.Reply{}, err
	}
	members, err := store.Members(t, rows)
	if err != nil {
		return wire.Reply{}, err
	}
	var found []store.Group
	for _, g := range rows {
		tells, err := tellsOne(t, g, members[g.SID], q.get("enrRecipient"))
		if err != nil {
			return wire.Reply{}, err
		}
		id := q.get("engId") // of a group or, as the document has it, of a recipient
		if tells && strings.Contains(g.Description, q.get("engName")) && (id == "" || id == g.GroupID || slices.Contains(members[g.SID].Recipients, id)) {
			found = append(found, g)
		}
	}
	found, links := cut(r, q, "/emergencyNotificationGroups", found, func(g store.Group) int64 { return g.Updated })
	out := groupList{Links: links}
	for _, g := range found {
		shown, err := groupBody(t, g, members[g.SID], q.is("enrDetails"))
		if err != nil {
			return wire.Reply{}, err
		}
		if q.is("endpointCount") {
			shown.EndpointCount = strconv.Itoa(len(members[g.SID].Endpoints))
		}
		out.Groups = append(out.Groups, shown)
	}
	return wire.OK(out), nil
}

// tellsOne tells whether a group tells somebody whose address has a text in it.
func tellsOne(t *store.Tx, g store.Group, m store.Membership, part string) (bool, error) {
	if part == "" {
		return true, nil
	}
	for _, id := range m.Recipients {
		row, err := store.ByID[store.Recipient](t, g.AccountSID, id)
		if err != nil {
			return false, err
		}
		if strings.Contains(row.Target, part) {
			return true, nil
		}
	}
	return false, nil
}
