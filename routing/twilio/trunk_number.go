package twilio

import (
	"callbox/routing/directory/store"
	"callbox/routing/twilio/rest"
)

const trunkNumberPath = trunkPath + "/{TrunkSid}/PhoneNumbers"

// setTrunk puts a number on a trunk, or on none. Calls go to the trunk then and not to a voice application: the provider
// has one of them at most.
func setTrunk(n *store.Number, sid string) {
	n.TrunkSID = sid
	if sid != "" {
		n.VoiceApplicationSID = ""
	}
}

// setVoiceApplication has an application handle a number's calls, or none: the other way round from setTrunk.
func setVoiceApplication(n *store.Number, sid string) {
	n.VoiceApplicationSID = sid
	if sid != "" {
		n.TrunkSID = ""
	}
}

// trunkNumberBody is a number on a trunk as answers show it.
type trunkNumberBody struct {
	AccountSID           string            `json:"account_sid"`
	AddressRequirements  string            `json:"address_requirements"`
	APIVersion           string            `json:"api_version"`
	Beta                 bool              `json:"beta"`
	Capabilities         map[string]bool   `json:"capabilities"`
	DateCreated          rest.ISO          `json:"date_created"`
	DateUpdated          rest.ISO          `json:"date_updated"`
	FriendlyName         string            `json:"friendly_name"`
	Links                map[string]string `json:"links"`
	PhoneNumber          string            `json:"phone_number"`
	SID                  string            `json:"sid"`
	SmsApplicationSID    rest.Null         `json:"sms_application_sid"`
	SmsFallbackMethod    string            `json:"sms_fallback_method"`
	SmsFallbackURL       rest.Null         `json:"sms_fallback_url"`
	SmsMethod            string            `json:"sms_method"`
	SmsURL               rest.Null         `json:"sms_url"`
	StatusCallback       rest.Null         `json:"status_callback"`
	StatusCallbackMethod string            `json:"status_callback_method"`
	TrunkSID             string            `json:"trunk_sid"`
	URL                  string            `json:"url"`
	VoiceApplicationSID  rest.Null         `json:"voice_application_sid"`
	VoiceCallerIDLookup  bool              `json:"voice_caller_id_lookup"`
	VoiceFallbackMethod  string            `json:"voice_fallback_method"`
	VoiceFallbackURL     rest.Null         `json:"voice_fallback_url"`
	VoiceMethod          string            `json:"voice_method"`
	VoiceURL             rest.Null         `json:"voice_url"`
}

func showTrunkNumber(r *rest.Request, n store.Number) trunkNumberBody {
	return trunkNumberBody{
		AccountSID: n.AccountSID, AddressRequirements: "none", APIVersion: "2010-04-01",
		Capabilities: map[string]bool{"voice": true, "sms": false, "mms": false, "fax": false},
		DateCreated:  rest.ISO(n.Created), DateUpdated: rest.ISO(n.Updated), FriendlyName: n.FriendlyName,
		Links: map[string]string{
			"phone_number": r.BaseURL + "/2010-04-01/Accounts/" + n.AccountSID + "/IncomingPhoneNumbers/" + n.SID + ".json",
		},
		PhoneNumber: n.PhoneNumber, SID: n.SID, SmsApplicationSID: rest.Null(n.SmsApplicationSID),
		SmsFallbackMethod: orPost(n.SmsFallbackMethod), SmsFallbackURL: rest.Null(n.SmsFallbackURL),
		SmsMethod: orPost(n.SmsMethod), SmsURL: rest.Null(n.SmsURL),
		StatusCallback: rest.Null(n.StatusCallback), StatusCallbackMethod: orPost(n.StatusCallbackMethod),
		TrunkSID: n.TrunkSID, URL: trunkURL(r, n.TrunkSID) + "/PhoneNumbers/" + n.SID,
		VoiceApplicationSID: rest.Null(n.VoiceApplicationSID), VoiceCallerIDLookup: n.VoiceCallerIDLookup,
		VoiceFallbackMethod: orPost(n.VoiceFallbackMethod), VoiceFallbackURL: rest.Null(n.VoiceFallbackURL),
		VoiceMethod: orPost(n.VoiceMethod), VoiceURL: rest.Null(n.VoiceURL),
	}
}

func (a *api) routeTrunkNumbers(m *rest.Mux) {
	numbers := table[store.Number, trunkNumberBody]{
		key: "phone_numbers", id: func(n store.Number) int64 { return n.ID }, under: a.underTrunk,
		show: func(_ *store.Tx, r *rest.Request, rows []store.Number) ([]trunkNumberBody, error) {
			shown := make([]trunkNumberBody, len(rows))
			for i, n := range rows {
				shown[i] = showTrunkNumber(r, n)
			}
			return shown, nil
		},
	}
	m.Handle("GET", trunkNumberPath, numbers.page(a))
	m.Handle("POST", trunkNumberPath, a.writing(func(t *store.Tx, r *rest.Request) (rest.Reply, error) {
		n, err := a.joinTrunk(t, r)
		if err != nil {
			return rest.Reply{}, err
		}
		return numbers.reply(t, r, rest.Created, n)
	}))
	m.Handle("GET", trunkNumberPath+"/{Sid}", numbers.fetch(a))
	m.Handle("DELETE", trunkNumberPath+"/{Sid}", a.writing(func(t *store.Tx, r *rest.Request) (rest.Reply, error) {
		n, err := numbers.get(t, r)
		if err != nil {
			return rest.Reply{}, err
		}
		setTrunk(&n, "")
		return rest.NoContent(), store.Save(t, &n)
	}))
}

// joinTrunk puts a number of the account on the trunk in the path. One on another trunk changes over, as at the provider.
func (a *api) joinTrunk(t *store.Tx, r *rest.Request) (n store.Number, err error) {
	account, trunk, err := trunkOf(a, t, r)
	if err != nil {
		return n, err
	}
	var f struct {
		PhoneNumberSID string `form:"PhoneNumberSid" rule:"required,sid=PN,code=21245"`
	}
	if err := r.Decode(&f); err != nil {
		return n, err
	}
	n, err = store.Get[store.Number](t, account, f.PhoneNumberSID)
	switch {
	case missing(err):
		return n, rest.Invalid(codeTrunk, "PhoneNumberSid", "%s is not a phone number of this account", f.PhoneNumberSID)
	case err != nil:
		return n, err
	}
	if err := store.Writable(t, &n); err != nil {
		return n, err
	}
	if n.TrunkSID == trunk {
		return n, rest.Invalid(codeTrunk, "PhoneNumberSid", "%s is on this trunk already", n.PhoneNumber)
	}
	setTrunk(&n, trunk)
	return n, store.Save(t, &n)
}
