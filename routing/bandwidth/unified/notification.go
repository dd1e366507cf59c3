package unified

import (
	"errors"
	"net/http"

	"callbox/routing/directory"
	"callbox/routing/directory/store"
)

func (a *api) notifications(m *mux) {
	m.handle(http.MethodGet, "/notifications", false, listNotifications)
	m.handle(http.MethodPost, "/notifications", true, addNotification)
	m.handle(http.MethodGet, "/notifications/{id}", false, getNotification)
	m.handle(http.MethodPatch, "/notifications/{id}", true, updateNotification)
	m.handle(http.MethodDelete, "/notifications/{id}", true, deleteNotification)
}

// notificationBody is a recipient as answers show it. Its password is not shown.
type notificationBody struct {
	ID          string `json:"id"`
	AccountID   string `json:"accountId"`
	Activated   string `json:"activated"`
	Created     string `json:"created"`
	Description string `json:"description"`
	GroupCount  *int   `json:"groupCount,omitempty"` // in lists
	Username    string `json:"username"`
	Recipient   string `json:"recipient"`
	Type        string `json:"type"`
	Updated     string `json:"updated"`
	UpdatedBy   string `json:"updatedBy"`
}

func showNotification(r *request, n store.Recipient) notificationBody {
	return notificationBody{
		ID: n.RecipientID, AccountID: r.accountID, Activated: stamp(n.Created), Created: stamp(n.Created), Description: n.Description,
		Username: n.Username, Recipient: directory.MaskedURL(n.Target), Type: n.Kind, Updated: stamp(n.Updated), UpdatedBy: n.UpdatedBy,
	}
}

func listNotifications(t *store.Tx, r *request) (reply, error) {
	p, err := r.page("/notifications")
	if err != nil {
		return reply{}, err
	}
	rows, _, err := paged[store.Recipient](t, p, store.Query{Account: r.account})
	if err != nil {
		return reply{}, err
	}
	in, err := store.Find[store.GroupRecipient](t, store.Query{Account: r.account})
	if err != nil {
		return reply{}, err
	}
	groups := map[string]int{}
	for _, m := range in {
		groups[m.RecipientSID]++
	}
	shown := make([]notificationBody, len(rows))
	for i, n := range rows {
		shown[i] = showNotification(r, n)
		count := groups[n.SID]
		shown[i].GroupCount = &count
	}
	return reply{http.StatusOK, map[string]any{"notifications": shown}}, nil
}

func getNotification(t *store.Tx, r *request) (reply, error) {
	n, err := store.ByID[store.Recipient](t, r.account, r.PathValue("id"))
	if err != nil {
		return reply{}, err
	}
	return reply{http.StatusOK, showNotification(r, n)}, nil
}

// readNotification puts what a request says of a recipient into a row, and checks the whole.
func readNotification(o *object, n *store.Recipient) {
	if kind := o.word("type", store.RecipientHTTP, store.RecipientSMS, store.RecipientEmail, store.RecipientVoice); kind != "" {
		n.Kind = kind
	}
	for _, f := range []struct {
		name    string
		at      *string
		longest int
	}{
		{"recipient", &n.Target, 512}, {"username", &n.Username, 128}, {"password", &n.Password, 128}, {"description", &n.Description, maxDescription},
	} {
		if o.has(f.name) {
			*f.at = o.text(f.name, f.longest)
		}
	}
	if n.Kind == "" {
		o.note("type", "It is required: HTTP, SMS, EMAIL or VOICE.")
		return
	}
	if n.Kind == store.RecipientSMS || n.Kind == store.RecipientVoice {
		if phonePattern.MatchString(n.Target) {
			n.Target = e164(n.Target)
		}
	}
	if flaw := directory.CheckNotification(n.Notifies(), n.Target); flaw != nil {
		o.note("recipient", "It %s; %s.", flaw.Message, flaw.Mend)
	}
	if n.Kind != store.RecipientHTTP && (n.Username != "" || n.Password != "") {
		o.note("username", "User name and password are for HTTP.")
	}
	if n.Username == "" && n.Password != "" {
		o.note("username", "It is required with a password.")
	}
}

func addNotification(t *store.Tx, r *request) (reply, error) {
	o, err := r.object()
	if err != nil {
		return reply{}, err
	}
	n := store.Recipient{Common: store.Common{AccountSID: r.account}, UpdatedBy: r.who.Name, RecipientID: newID(o)}
	readNotification(o, &n)
	if err := o.err(); err != nil {
		return reply{}, err
	}
	if err := room[store.Recipient](t, r, maxRecipients, "notifications"); err != nil {
		return reply{}, err
	}
	switch err := store.Insert(t, &n); {
	case errors.Is(err, store.ErrTaken):
		return reply{}, bad(source{Field: "id", Reference: "/notifications/" + n.RecipientID}, "There is a notification of the ID %s already.", n.RecipientID)
	case err != nil:
		return reply{}, err
	}
	return reply{http.StatusCreated, showNotification(r, n)}, nil
}

// newID returns the ID that a request gives something new, or makes one.
func newID(o *object) string {
	id := o.text("id", directory.LongestLocationID)
	if id == "" {
		return digits(store.NewSID(""))
	}
	if !directory.ValidID(id, directory.LongestLocationID) {
		o.note("id", "It must be printable ASCII without spaces, quotes, < > @ / ? # %% and backslashes.")
	}
	return id
}

// room refuses one row more than an account may have.
func room[R store.Row](t *store.Tx, r *request, most int, what string) error {
	n, err := store.Count[R](t, store.Query{Account: r.account})
	if err == nil && n >= most {
		err = bad(source{}, "The account has %d %s already, which is the most it can have.", n, what)
	}
	return err
}

func updateNotification(t *store.Tx, r *request) (reply, error) {
	o, err := r.object()
	if err != nil {
		return reply{}, err
	}
	n, err := store.ByID[store.Recipient](t, r.account, r.PathValue("id"))
	if err != nil {
		return reply{}, err
	}
	if o.has("type") && o.text("type", 40) != store.RecipientHTTP { // whose alone they are
		n.Username, n.Password = "", ""
	}
	was := n.Target
	readNotification(o, &n)
	if n.Password != "" && !o.has("password") && !directory.SameService(was, n.Target) {
		o.note("password", "It is that of another recipient: give it anew.")
	}
	if err := o.err(); err != nil {
		return reply{}, err
	}
	n.UpdatedBy = r.who.Name
	if err := store.Save(t, &n); err != nil {
		return reply{}, err
	}
	return reply{http.StatusOK, showNotification(r, n)}, nil
}

func deleteNotification(t *store.Tx, r *request) (reply, error) {
	n, err := store.ByID[store.Recipient](t, r.account, r.PathValue("id"))
	if err == nil {
		err = store.Delete(t, &n)
	}
	if errors.Is(err, store.ErrInUse) {
		err = bad(source{}, "The notification cannot be deleted: notification groups have it.")
	}
	return reply{status: http.StatusNoContent}, err
}
