package bandwidth

import (
	"encoding/xml"
	"errors"
	"net"
	"net/mail"
	"net/url"
	"strings"
	"unicode/utf8"

	"callbox/routing/bandwidth/wire"
	"callbox/routing/directory/store"
)

// The provider's codes for recipients; codeRecipientInUse is ours, its list has none.
const (
	codeTelephone      = 8065
	codeDescription    = 8066
	codeType           = 8067
	codeTypeMissing    = 8068
	codeTypeData       = 8069
	codeEmail          = 8070
	codeURL            = 8071
	codeUsername       = 8072
	codePassword       = 8073
	codeSameRecipient  = 8074
	codeNoRecipientID  = 8075
	codeRecipientInUse = 8076
)

const maxDescription = 255

// recipient is somebody who is told of emergency calls, as the API writes it. A password is read and never written.
type recipient struct {
	XMLName     xml.Name   `xml:"EmergencyNotificationRecipient" json:"-"`
	Identifier  wire.Text  `xml:"Identifier,omitempty"`
	Created     string     `xml:"CreatedDate,omitempty" json:"-"`
	Modified    string     `xml:"LastModifiedDate,omitempty" json:"-"`
	ModifiedBy  string     `xml:"ModifiedByUser,omitempty" json:"-"`
	Description *wire.Text `xml:"Description" json:"-"`
	Type        *wire.Text `xml:"Type" json:"-"`
	Email       *wire.Text `xml:"EmailAddress" json:"-"`
	SMS         *telephone `xml:"Sms" json:"-"`
	TTS         *telephone `xml:"Tts" json:"-"`
	Callback    *callback  `xml:"Callback" json:"-"`
	GroupCount  string     `xml:"GroupCount,omitempty" json:"-"`
}

type telephone struct {
	Number wire.Text `xml:"TelephoneNumber"`
}

type callback struct {
	URL         wire.Text    `xml:"Url"`
	Credentials *credentials `xml:"Credentials"`
}

type credentials struct {
	Username wire.Text  `xml:"Username"`
	Password *wire.Text `xml:"Password"`
}

// kinds are the API's types and the store's.
var kinds = map[string]string{
	"EMAIL": store.RecipientEmail, "SMS": store.RecipientSMS, "TTS": store.RecipientVoice, "CALLBACK": store.RecipientHTTP,
}

// typeOf is the API's word for one of the store's kinds.
func typeOf(kind string) string {
	for word, k := range kinds {
		if k == kind {
			return word
		}
	}
	return kind
}

// recipientResponse answers one recipient.
type recipientResponse struct {
	XMLName   xml.Name  `xml:"EmergencyNotificationRecipientsResponse"`
	Recipient recipient `xml:"EmergencyNotificationRecipient"`
}

type recipientList struct {
	XMLName    xml.Name    `xml:"EmergencyNotificationRecipientsResponse"`
	Links      wire.Links  `xml:"Links"`
	Recipients []recipient `xml:"EmergencyNotificationRecipients>EmergencyNotificationRecipient"`
}

// read puts what a client sent into a row. Nothing of what the row was stays.
func (in *recipient) read(row *store.Recipient) error {
	row.Description = value(in.Description)
	kind, known := kinds[value(in.Type)]
	switch n := utf8.RuneCountInString(row.Description); {
	case row.Description == "":
		return wire.Bad(codeDescription, "Description must be present and non-empty.")
	case n > maxDescription:
		return wire.Bad(codeTooLong, "The Description is invalid. Max allowed length %d characters.", maxDescription)
	case value(in.Type) == "":
		return wire.Bad(codeTypeMissing, "Type is a mandatory element.")
	case !known:
		return wire.Bad(codeType, "Type value must be one of 'EMAIL', 'SMS', 'TTS', or 'CALLBACK'.")
	}
	row.Kind, row.Username, row.Password = kind, "", ""
	switch kind {
	case store.RecipientEmail:
		return in.email(row)
	case store.RecipientHTTP:
		return in.callback(row)
	case store.RecipientSMS:
		return in.SMS.read(row, "SMS", "Sms")
	}
	return in.TTS.read(row, "TTS", "Tts")
}

func needed(kind, element string) error {
	return wire.Bad(codeTypeData, "When Type %s is specified, %s must be included.", kind, element)
}

func (in *recipient) email(row *store.Recipient) error {
	row.Target = value(in.Email)
	if row.Target == "" {
		return needed("EMAIL", "EmailAddress")
	}
	a, err := mail.ParseAddress(row.Target)
	if err != nil || a.Address != row.Target || len(row.Target) > 254 || strings.ContainsFunc(row.Target, func(r rune) bool { return r <= ' ' }) {
		return wire.Bad(codeEmail, "Invalid EmailAddress. Format should be foo@bar.com. Max length is 254 characters.")
	}
	return nil
}

func (t *telephone) read(row *store.Recipient, kind, element string) error {
	if t == nil {
		return needed(kind, element)
	}
	number, good := e164(string(t.Number))
	if !good || len(t.Number) != 11 || t.Number[0] != '1' {
		return wire.Bad(codeTelephone, "Invalid TelephoneNumber. Telephone number must be 11 digits in format 1NPANXXXXXX.")
	}
	row.Target = number
	return nil
}

func (in *recipient) callback(row *store.Recipient) error {
	switch {
	case in.Callback == nil:
		return needed("CALLBACK", "Callback")
	case in.Callback.URL == "":
		return needed("CALLBACK", "Url")
	case in.Callback.Credentials == nil:
		return needed("CALLBACK", "Credentials")
	}
	row.Target = string(in.Callback.URL)
	u, err := url.Parse(row.Target)
	if err != nil || u.Hostname() == "" || u.User != nil || len(row.Target) > 1024 || u.Scheme != "https" && (u.Scheme != "http" || !loopback(u.Hostname())) {
		return wire.Bad(codeURL, "Invalid Url. Format should be https://foo.bar[?param=val].")
	}
	row.Username, row.Password = string(in.Callback.Credentials.Username), value(in.Callback.Credentials.Password)
	if n := utf8.RuneCountInString(row.Username); n < 1 || n > 32 || strings.Contains(row.Username, ":") {
		return wire.Bad(codeUsername, "Invalid Username. Username must be between 1 and 32 characters.")
	}
	if n := utf8.RuneCountInString(row.Password); n < 1 || n > 256 {
		return wire.Bad(codePassword, "Invalid Password. Password must be between 1 and 256 characters.")
	}
	return nil
}

// loopback tells whether a host is this machine: a lab's web hooks there may be without TLS.
func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// recipientShown writes a recipient.
func recipientShown(row store.Recipient) recipient {
	out := recipient{
		Identifier: wire.Text(row.RecipientID), Created: wire.Time(row.Created), Modified: wire.Time(row.Updated), ModifiedBy: row.UpdatedBy,
		Description: text(row.Description), Type: text(typeOf(row.Kind)),
	}
	number := &telephone{wire.Text(strings.TrimPrefix(row.Target, "+"))}
	switch row.Kind {
	case store.RecipientEmail:
		out.Email = text(row.Target)
	case store.RecipientSMS:
		out.SMS = number
	case store.RecipientVoice:
		out.TTS = number
	default:
		out.Callback = &callback{URL: wire.Text(row.Target), Credentials: &credentials{Username: wire.Text(row.Username)}}
	}
	return out
}

func recipientOf(t *store.Tx, account, id string) (store.Recipient, error) {
	row, err := store.ByID[store.Recipient](t, account, id)
	if errors.Is(err, store.ErrNotFound) {
		return row, wire.NotFound(codeNoRecipientID)
	}
	return row, err
}

// unlike refuses a recipient that is told where another is told already.
func unlike(t *store.Tx, row store.Recipient) error {
	same, err := store.Find[store.Recipient](t, store.Query{Account: row.AccountSID, Where: []store.Cond{
		{Column: "kind", Op: store.Equal, Value: row.Kind}, {Column: "target", Op: store.Equal, Value: row.Target},
	}})
	if err != nil {
		return err
	}
	for _, s := range same {
		if s.SID != row.SID {
			return wire.Conflict(codeSameRecipient, "An entry with an identical recipient already exists. Identifier %s.", s.RecipientID)
		}
	}
	return nil
}

// newRecipient makes one.
func (a *api) newRecipient(t *store.Tx, r *wire.Request) (wire.Reply, error) {
	var in recipient
	if err := r.Read(&in, "EmergencyNotificationRecipient"); err != nil {
		return wire.Reply{}, err
	}
	row := store.Recipient{Common: store.Common{AccountSID: r.Account}, UpdatedBy: r.Principal.Name, RecipientID: newUUID()}
	if err := in.read(&row); err != nil {
		return wire.Reply{}, err
	}
	if err := unlike(t, row); err != nil {
		return wire.Reply{}, err
	}
	if err := store.Insert(t, &row); err != nil {
		return wire.Reply{}, err
	}
	return wire.Created(r.Base+"/emergencyNotificationRecipients/"+row.RecipientID, recipientResponse{Recipient: recipientShown(row)}), nil
}

// newUUID makes an identifier.
func newUUID() string { return store.UUID(store.NewSID("ID")) }

// replaceRecipient gives one all it has anew.
func (a *api) replaceRecipient(t *store.Tx, r *wire.Request) (wire.Reply, error) {
	var in recipient
	if err := r.Read(&in, "EmergencyNotificationRecipient"); err != nil {
		return wire.Reply{}, err
	}
	row, err := recipientOf(t, r.Account, r.PathValue("enrId"))
	if err != nil {
		return wire.Reply{}, err
	}
	row.UpdatedBy = r.Principal.Name
	if err := in.read(&row); err != nil {
		return wire.Reply{}, err
	}
	if err := unlike(t, row); err != nil {
		return wire.Reply{}, err
	}
	if err := store.Save(t, &row); err != nil {
		return wire.Reply{}, err
	}
	return wire.OK(recipientResponse{Recipient: recipientShown(row)}), nil
}

func (a *api) fetchRecipient(t *store.Tx, r *wire.Request) (wire.Reply, error) {
	row, err := recipientOf(t, r.Account, r.PathValue("enrId"))
	return wire.OK(recipientResponse{Recipient: recipientShown(row)}), err
}

// deleteRecipient deletes one that no group tells.
func (a *api) deleteRecipient(t *store.Tx, r *wire.Request) (wire.Reply, error) {
	row, err := recipientOf(t, r.Account, r.PathValue("enrId"))
	if err != nil {
		return wire.Reply{}, err
	}
	group, err := groupTelling(t, row)
	if err != nil {
		return wire.Reply{}, err
	}
	if group != nil {
		return wire.Reply{}, wire.Conflict(codeRecipientInUse, "Emergency notification recipient with identifier %s is being used by emergency notification group with identifier %s. Please remove the recipient reference from the group prior to removing the recipient.", row.RecipientID, group.GroupID)
	}
	return wire.OK(nil), store.Delete(t, &row)
}

// groupTelling returns the group that a recipient is in, nil for none.
func groupTelling(t *store.Tx, row store.Recipient) (*store.Group, error) {
	in, err := store.Find[store.GroupRecipient](t, store.Where("recipient_sid", row.SID))
	if err != nil || len(in) == 0 {
		return nil, err
	}
	g, err := store.Get[store.Group](t, row.AccountSID, in[0].GroupSID)
	return &g, err
}

// listRecipients lists recipients, those changed last first.
func (a *api) listRecipients(t *store.Tx, r *wire.Request) (wire.Reply, error) {
	q, err := ask(r, "modifiedByUser", "enrNotificationType", "enrRecipient", "enrCallbackUsername", "groupCount", "uriSubstring")
	if err != nil {
		return wire.Reply{}, err
	}
	if kind := q.get("enrNotificationType"); kind != "" && kinds[kind] == "" {
		return wire.Reply{}, unsupported("enrNotificationType", kind, "EMAIL, SMS, TTS, CALLBACK")
	}
	rows, err := store.Find[store.Recipient](t, store.Query{Account: r.Account})
	if err != nil {
		return wire.Reply{}, err
	}
	prefix, part := strings.TrimPrefix(q.get("enrRecipient"), "+"), q.get("uriSubstring")
	var found []store.Recipient
	for _, row := range rows {
		target := strings.TrimPrefix(row.Target, "+")
		if q.allows("modifiedByUser", row.UpdatedBy) && q.allows("enrNotificationType", typeOf(row.Kind)) && q.allows("enrCallbackUsername", row.Username) &&
			(strings.HasPrefix(target, prefix) || strings.HasPrefix(national(row.Target), prefix)) &&
			(strings.Contains(target, part) || strings.Contains(typeOf(row.Kind), part)) {
			found = append(found, row)
		}
	}
	rows, links := cut(r, q, "/emergencyNotificationRecipients", found, func(row store.Recipient) int64 { return row.Updated })
	out := recipientList{Links: links}
	for _, row := range rows {
		shown := recipientShown(row)
		if q.is("groupCount") {
			g, err := groupTelling(t, row)
			if err != nil {
				return wire.Reply{}, err
			}
			if shown.GroupCount = "0"; g != nil {
				shown.GroupCount = "1"
			}
		}
		out.Recipients = append(out.Recipients, shown)
	}
	return wire.OK(out), nil
}
