package unified

import (
	"errors"
	"net/http"
	"slices"

	"callbox/routing/directory"
	"callbox/routing/directory/store"
)

func (a *api) groups(m *mux) {
	m.handle(http.MethodGet, "/notificationGroups", false, listGroups)
	m.handle(http.MethodPost, "/notificationGroups", true, addGroup)
	m.handle(http.MethodGet, "/notificationGroups/{id}", false, getGroup)
	m.handle(http.MethodPatch, "/notificationGroups/{id}", true, updateGroup)
	m.handle(http.MethodDelete, "/notificationGroups/{id}", true, deleteGroup)
}

// groupBody is a notification group as answers show it.
type groupBody struct {
	ID              string   `json:"id"`
	AccountID       string   `json:"accountId"`
	Created         string   `json:"created"`
	Description     string   `json:"description"`
	EndpointCount   int      `json:"endpointCount"`
	EndpointIDs     []string `json:"endpointIds"`
	NotificationIDs []string `json:"notificationIds"`
	Updated         string   `json:"updated"`
	UpdatedBy       string   `json:"updatedBy"`
}

// showGroups shows groups with who is in them.
func showGroups(t *store.Tx, r *request, groups []store.Group) ([]groupBody, error) {
	in, err := store.Members(t, groups)
	if err != nil {
		return nil, err
	}
	shown := make([]groupBody, len(groups))
	for i, g := range groups {
		m := in[g.SID]
		shown[i] = groupBody{
			ID: g.GroupID, AccountID: r.accountID, Created: stamp(g.Created), Description: g.Description, EndpointCount: len(m.Endpoints),
			EndpointIDs: append([]string{}, m.Endpoints...), NotificationIDs: append([]string{}, m.Recipients...),
			Updated: stamp(g.Updated), UpdatedBy: g.UpdatedBy,
		}
	}
	return shown, nil
}

// answerGroup shows one group.
func answerGroup(t *store.Tx, r *request, status int, g store.Group) (reply, error) {
	shown, err := showGroups(t, r, []store.Group{g})
	if err != nil {
		return reply{}, err
	}
	return reply{status, shown[0]}, nil
}

func listGroups(t *store.Tx, r *request) (reply, error) {
	p, err := r.page("/notificationGroups")
	if err != nil {
		return reply{}, err
	}
	rows, _, err := paged[store.Group](t, p, store.Query{Account: r.account})
	if err != nil {
		return reply{}, err
	}
	shown, err := showGroups(t, r, rows)
	return reply{http.StatusOK, map[string]any{"notificationGroups": shown}}, err
}

func getGroup(t *store.Tx, r *request) (reply, error) {
	g, err := store.ByID[store.Group](t, r.account, r.PathValue("id"))
	if err != nil {
		return reply{}, err
	}
	return answerGroup(t, r, http.StatusOK, g)
}

// found returns the rows of the IDs in a field, and notes those that are not there.
func found[R store.Row](t *store.Tx, r *request, o *object, field, path string) ([]R, error) {
	ids := o.texts(field, maxItems, directory.LongestEndpointID)
	all, err := store.ByIDs[R](t, r.account, ids)
	if err != nil {
		return nil, err
	}
	rows := make([]R, 0, len(ids))
	for _, id := range ids {
		row, ok := all[id]
		if !ok {
			o.note(field, "There is none of the ID %s.", id)
			if last := len(*o.wrong) - 1; last >= 0 {
				(*o.wrong)[last].Source.Reference = path + id
			}
			continue
		}
		rows = append(rows, row)
	}
	return rows, nil
}

func addGroup(t *store.Tx, r *request) (reply, error) {
	o, err := r.object()
	if err != nil {
		return reply{}, err
	}
	g := store.Group{Common: store.Common{AccountSID: r.account}, GroupID: newID(o), UpdatedBy: r.who.Name, Description: o.text("description", maxDescription)}
	endpoints, err := found[store.Endpoint](t, r, o, "endpoints", "/endpoints/")
	if err != nil {
		return reply{}, err
	}
	recipients, err := found[store.Recipient](t, r, o, "notifications", "/notifications/")
	if err != nil {
		return reply{}, err
	}
	if err := o.err(); err != nil {
		return reply{}, err
	}
	if err := room[store.Group](t, r, maxGroups, "notification groups"); err != nil {
		return reply{}, err
	}
	err = store.Insert(t, &g)
	if errors.Is(err, store.ErrTaken) {
		err = bad(source{Field: "id", Reference: "/notificationGroups/" + g.GroupID}, "There is a notification group of the ID %s already.", g.GroupID)
	}
	if err == nil {
		err = store.JoinGroup(t, g, endpoints)
	}
	if err == nil {
		err = store.Tell(t, g, recipients)
	}
	if err != nil {
		return reply{}, err
	}
	return answerGroup(t, r, http.StatusCreated, g)
}

func updateGroup(t *store.Tx, r *request) (reply, error) {
	o, err := r.object()
	if err != nil {
		return reply{}, err
	}
	g, err := store.ByID[store.Group](t, r.account, r.PathValue("id"))
	if err != nil {
		return reply{}, err
	}
	if o.has("description") {
		g.Description = o.text("description", maxDescription)
	}
	g.UpdatedBy = r.who.Name
	add, err := found[store.Recipient](t, r, o, "notificationIdsToAdd", "/notifications/")
	if err != nil {
		return reply{}, err
	}
	drop, err := found[store.Recipient](t, r, o, "notificationIdsToDelete", "/notifications/")
	if err != nil {
		return reply{}, err
	}
	for _, n := range drop {
		if slices.ContainsFunc(add, func(o store.Recipient) bool { return o.SID == n.SID }) {
			o.note("notificationIdsToDelete", "%s is to be added, too.", n.RecipientID)
		}
	}
	if err := o.err(); err != nil {
		return reply{}, err
	}
	for _, step := range []func() error{
		func() error { return store.Save(t, &g) },
		func() error { return store.Tell(t, g, add) },
		func() error { return store.StopTelling(t, g, drop) },
	} {
		if err := step(); err != nil {
			return reply{}, err
		}
	}
	return answerGroup(t, r, http.StatusOK, g)
}

func deleteGroup(t *store.Tx, r *request) (reply, error) {
	g, err := store.ByID[store.Group](t, r.account, r.PathValue("id"))
	if err == nil {
		err = store.Delete(t, &g)
	}
	return reply{status: http.StatusNoContent}, err
}
