package twilio

import (
	"errors"
	"net/http"

	"callbox/routing/directory/store"
	"callbox/routing/registration"
	"callbox/routing/twilio/rest"
)

// numberForm is what a client may set of a number.
type numberForm struct {
	AccountSID           *string `form:"AccountSid" rule:"sid=AC,code=21470"`
	APIVersion           *string `form:"ApiVersion" rule:"enum=2010-04-01"`
	FriendlyName         *string `form:"FriendlyName" rule:"max=64,code=20002"`
	SmsApplicationSID    *string `form:"SmsApplicationSid" rule:"sid=AP"`
	SmsFallbackMethod    *string `form:"SmsFallbackMethod" rule:"method"`
	SmsFallbackURL       *string `form:"SmsFallbackUrl" rule:"url"`
	SmsMethod            *string `form:"SmsMethod" rule:"method"`
	SmsURL               *string `form:"SmsUrl" rule:"url"`
	StatusCallback       *string `form:"StatusCallback" rule:"url"`
	StatusCallbackMethod *string `form:"StatusCallbackMethod" rule:"method"`
	VoiceApplicationSID  *string `form:"VoiceApplicationSid" rule:"sid=AP"`
	VoiceCallerIDLookup  *bool   `form:"VoiceCallerIdLookup"`
	VoiceFallbackMethod  *string `form:"VoiceFallbackMethod" rule:"method"`
	VoiceFallbackURL     *string `form:"VoiceFallbackUrl" rule:"url"`
	VoiceMethod          *string `form:"VoiceMethod" rule:"method"`
	VoiceURL             *string `form:"VoiceUrl" rule:"url"`
	EmergencyStatus      *string `form:"EmergencyStatus" rule:"enum=Active|Inactive"`
	EmergencyAddressSID  *string `form:"EmergencyAddressSid" rule:"sid=AD"`
	TrunkSID             *string `form:"TrunkSid" rule:"sid=TK"`
	VoiceReceiveMode     *string `form:"VoiceReceiveMode" rule:"enum=voice|fax"`
	IdentitySID          *string `form:"IdentitySid" rule:"sid=RI"`
	AddressSID           *string `form:"AddressSid" rule:"sid=AD"`
	BundleSID            *string `form:"BundleSid" rule:"sid=BU"`
}

// changeNumber changes a number.
func (a *api) changeNumber(t *store.Tx, r *rest.Request, n *store.Number) error {
	var in numberForm
	if err := r.Decode(&in); err != nil {
		return err
	}
	return a.apply(t, &in, n)
}

// apply puts what a client set into a number, whose references are held to what there is in its account.
func (a *api) apply(t *store.Tx, f *numberForm, n *store.Number) error {
	if f.AccountSID != nil && *f.AccountSID != "" && *f.AccountSID != n.AccountSID {
		return rest.Invalid(codeForeign, "AccountSid", "numbers are not moved between accounts here; release it and take it anew")
	}
	if err := f.route(t, n); err != nil {
		return err
	}
	if f.AddressSID != nil {
		if _, err := addressOf(t, n, "AddressSid", *f.AddressSID); err != nil {
			return err
		}
		n.AddressSID = *f.AddressSID
	}
	f.settings(n)
	return a.emergency(t, f, n)
}

// settings takes what refers to nothing that the edge knows.
func (f *numberForm) settings(n *store.Number) {
	if f.FriendlyName != nil && *f.FriendlyName != "" {
		n.FriendlyName = *f.FriendlyName
	}
	set(&n.SmsApplicationSID, f.SmsApplicationSID)
	set(&n.SmsFallbackMethod, f.SmsFallbackMethod)
	set(&n.SmsFallbackURL, f.SmsFallbackURL)
	set(&n.SmsMethod, f.SmsMethod)
	set(&n.SmsURL, f.SmsURL)
	set(&n.StatusCallback, f.StatusCallback)
	set(&n.StatusCallbackMethod, f.StatusCallbackMethod)
	set(&n.VoiceCallerIDLookup, f.VoiceCallerIDLookup)
	set(&n.VoiceFallbackMethod, f.VoiceFallbackMethod)
	set(&n.VoiceFallbackURL, f.VoiceFallbackURL)
	set(&n.VoiceMethod, f.VoiceMethod)
	set(&n.VoiceURL, f.VoiceURL)
	set(&n.VoiceReceiveMode, f.VoiceReceiveMode)
	set(&n.IdentitySID, f.IdentitySID)
	set(&n.BundleSID, f.BundleSID)
}

// route sets what answers calls to the number: a trunk and a voice application exclude each other, the later one wins.
func (f *numberForm) route(t *store.Tx, n *store.Number) error {
	trunk, app := f.TrunkSID, f.VoiceApplicationSID
	if trunk != nil && app != nil && *trunk != "" && *app != "" {
		return rest.Invalid(rest.CodeInvalid, "TrunkSid", "a number has a trunk or a VoiceApplicationSid, not both")
	}
	if trunk != nil {
		if *trunk != "" {
			if _, err := store.Get[store.Trunk](t, n.AccountSID, *trunk); errors.Is(err, store.ErrNotFound) {
				return rest.Invalid(rest.CodeInvalid, "TrunkSid", "this account has no trunk %s", *trunk)
			} else if err != nil {
				return err
			}
		}
		setTrunk(n, *trunk)
	}
	if app != nil {
		setVoiceApplication(n, *app)
	}
	return nil
}

// addressOf reads an address that a parameter names; "" is none.
func addressOf(t *store.Tx, n *store.Number, parameter, sid string) (store.Address, error) {
	if sid == "" {
		return store.Address{}, nil
	}
	row, err := store.Get[store.Address](t, n.AccountSID, sid)
	if errors.Is(err, store.ErrNotFound) {
		return row, rest.Invalid(rest.CodeInvalid, parameter, "this account has no address %s", sid)
	}
	return row, err
}

// emergency associates an address for emergencies, or takes it off, and sets EmergencyStatus, as registration's rules have it.
func (a *api) emergency(t *store.Tx, f *numberForm, n *store.Number) error {
	rules := a.o.Registration
	if err := refusal(rules.Combined(f.EmergencyAddressSID != nil, f.EmergencyStatus != nil)); err != nil {
		return err
	}
	if sid := f.EmergencyAddressSID; sid != nil {
		row, err := addressOf(t, n, "EmergencyAddressSid", *sid)
		if err != nil {
			return err
		}
		if *sid == "" {
			err = rules.Disassociate(t, n)
		} else {
			err = rules.Associate(t, n, row)
		}
		if err != nil {
			return refusal(err)
		}
	}
	if f.EmergencyStatus != nil {
		return refusal(rules.SetEmergencyStatus(t, n, *f.EmergencyStatus == registration.Active))
	}
	return nil
}

// refusal puts what registration's rules refuse into the API's shape.
func refusal(err error) error {
	var r *registration.Refusal
	if !errors.As(err, &r) {
		return err
	}
	switch code := r.Code; {
	case code != 0:
		return rest.Bad(code, "%s", r)
	case r.Reason == registration.NotValidated:
		return rest.Bad(codeAddressUnknown, "%s", r)
	case r.Reason == registration.WrongCountry:
		return rest.Bad(codeAddressElsewhere, "%s", r)
	case r.Reason == registration.NotCapable:
		return rest.Bad(rest.CodeInvalid, "%s", r)
	}
	return &rest.Error{Status: http.StatusConflict, Code: rest.CodeConflict, Message: r.Error()}
}
