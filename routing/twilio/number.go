package twilio

import (
	"net/http"

	"callbox/routing/directory/store"
	"callbox/routing/numbering"
	"callbox/routing/registration"
	"callbox/routing/twilio/rest"
)

// The provider's codes for phone numbers.
const (
	codeNumberTaken      = 21422 // a number is not available
	codeAreaCode         = 21451 // no such area code
	codeAreaCodeFull     = 21452 // no number is left in an area code
	codeAreaCodeHere     = 21457 // AreaCode is for IncomingPhoneNumbers itself
	codeNumberClass      = 21458 // a sub-resource is asked for a number of another class
	codeAddressElsewhere = 21615 // a number needs an address of its own country
)

const apiVersion = "2010-04-01"

// capabilities are what a number can do.
type capabilities struct {
	Voice bool `json:"voice"`
	SMS   bool `json:"sms" xml:"SMS"`
	MMS   bool `json:"mms" xml:"MMS"`
	Fax   bool `json:"fax"`
}

// dependentBody is a number as the list of an address's users shows it.
type dependentBody struct {
	AccountSID           string       `json:"account_sid"`
	AddressRequirements  string       `json:"address_requirements"`
	APIVersion           string       `json:"api_version"`
	Capabilities         capabilities `json:"capabilities"`
	DateCreated          rest.Stamp   `json:"date_created"`
	DateUpdated          rest.Stamp   `json:"date_updated"`
	EmergencyAddressSID  rest.Null    `json:"emergency_address_sid"`
	EmergencyStatus      string       `json:"emergency_status"`
	FriendlyName         string       `json:"friendly_name"`
	PhoneNumber          string       `json:"phone_number"`
	SID                  string       `json:"sid"`
	SmsApplicationSID    rest.Null    `json:"sms_application_sid"`
	SmsFallbackMethod    string       `json:"sms_fallback_method"`
	SmsFallbackURL       string       `json:"sms_fallback_url"`
	SmsMethod            string       `json:"sms_method"`
	SmsURL               string       `json:"sms_url"`
	StatusCallback       string       `json:"status_callback"`
	StatusCallbackMethod string       `json:"status_callback_method"`
	TrunkSID             rest.Null    `json:"trunk_sid"`
	URI                  rest.URI     `json:"uri"`
	VoiceApplicationSID  rest.Null    `json:"voice_application_sid"`
	VoiceCallerIDLookup  bool         `json:"voice_caller_id_lookup"`
	VoiceFallbackMethod  string       `json:"voice_fallback_method"`
	VoiceFallbackURL     rest.Null    `json:"voice_fallback_url"`
	VoiceMethod          string       `json:"voice_method"`
	VoiceURL             rest.Null    `json:"voice_url"`
}

// numberBody is a number as answers show it.
type numberBody struct {
	dependentBody
	AddressSID             rest.Null `json:"address_sid"`
	Beta                   bool      `json:"beta"`
	BundleSID              rest.Null `json:"bundle_sid"`
	EmergencyAddressStatus string    `json:"emergency_address_status"`
	IdentitySID            rest.Null `json:"identity_sid"`
	Origin                 string    `json:"origin"`
	Status                 string    `json:"status"`
	Type                   string    `json:"type"`
	VoiceReceiveMode       string    `json:"voice_receive_mode"`
}

func showDependent(n store.Number) dependentBody {
	return dependentBody{
		AccountSID: n.AccountSID, AddressRequirements: "none", APIVersion: apiVersion, Capabilities: capabilities{Voice: true},
		DateCreated: rest.Stamp(n.Created), DateUpdated: rest.Stamp(n.Updated),
		EmergencyAddressSID: rest.Null(n.EmergencyAddressSID), EmergencyStatus: registration.ShownEmergencyStatus(n),
		FriendlyName: n.FriendlyName, PhoneNumber: n.PhoneNumber, SID: n.SID,
		SmsApplicationSID: rest.Null(n.SmsApplicationSID), SmsURL: n.SmsURL, SmsMethod: orPost(n.SmsMethod),
		SmsFallbackURL: n.SmsFallbackURL, SmsFallbackMethod: orPost(n.SmsFallbackMethod),
		StatusCallback: n.StatusCallback, StatusCallbackMethod: orPost(n.StatusCallbackMethod), TrunkSID: rest.Null(n.TrunkSID),
		URI:                 accountURI(n.AccountSID) + rest.URI("/IncomingPhoneNumbers/"+n.SID),
		VoiceApplicationSID: rest.Null(n.VoiceApplicationSID), VoiceCallerIDLookup: n.VoiceCallerIDLookup,
		VoiceURL: rest.Null(n.VoiceURL), VoiceMethod: orPost(n.VoiceMethod),
		VoiceFallbackURL: rest.Null(n.VoiceFallbackURL), VoiceFallbackMethod: orPost(n.VoiceFallbackMethod),
	}
}

func showNumber(n store.Number) numberBody {
	mode := n.VoiceReceiveMode
	if mode == "" {
		mode = "voice"
	}
	return numberBody{
		dependentBody: showDependent(n), AddressSID: rest.Null(n.AddressSID), BundleSID: rest.Null(n.BundleSID),
		EmergencyAddressStatus: n.EmergencyAddressStatus, IdentitySID: rest.Null(n.IdentitySID), Origin: "twilio", Status: "in-use",
		Type: string(numbering.ClassOf(n.PhoneNumber)), VoiceReceiveMode: mode,
	}
}

// subset is a sub-resource of IncomingPhoneNumbers: its numbers of one class. The zero value is the whole.
type subset struct {
	name  string // in the path
	class numbering.Class
}

var subsets = []subset{{"Local", numbering.Local}, {"Mobile", numbering.Mobile}, {"TollFree", numbering.TollFree}}

// numbers adds the routes.
func (a *api) numbers(m *rest.Mux) {
	all := table[store.Number, numberBody]{
		key: "incoming_phone_numbers", list: "IncomingPhoneNumbers", item: "IncomingPhoneNumber",
		id: numberID, under: inAccount, show: each(showNumber),
	}
	const list = "/2010-04-01/Accounts/{AccountSid}/IncomingPhoneNumbers"
	m.Handle(http.MethodGet, list, a.reading(subset{}.page))
	m.Handle(http.MethodPost, list, all.create(a, a.newNumber))
	m.Handle(http.MethodGet, list+"/{Sid}", all.fetch(a))
	m.Handle(http.MethodPost, list+"/{Sid}", all.update(a, a.changeNumber))
	m.Handle(http.MethodDelete, list+"/{Sid}", all.remove(a, unusedNumber))
	for _, s := range subsets {
		m.Handle(http.MethodGet, list+"/"+s.name, a.reading(s.page))
		m.Handle(http.MethodPost, list+"/"+s.name, all.create(a, a.newNumberOf(s)))
	}
	m.Handle(http.MethodGet, "/2010-04-01/Accounts/{AccountSid}/Addresses/{AddressSid}/DependentPhoneNumbers", a.reading(dependents))
}

// unusedNumber lets a number be released that has no emergency address and is no domain's Emergency Caller ID.
func unusedNumber(t *store.Tx, _ *rest.Request, n store.Number) error {
	if n.EmergencyAddressSID != "" {
		return rest.Conflict(n.PhoneNumber + " cannot be released: it has the emergency address " + n.EmergencyAddressSID + ", which is " +
			n.EmergencyAddressStatus + ". Set EmergencyAddressSid to nothing and wait for unregistered")
	}
	q := store.Where("emergency_caller_sid", n.SID)
	q.Limit = 1
	domains, err := store.Find[store.Domain](t, q)
	if err != nil || len(domains) == 0 {
		return err
	}
	return rest.Conflict(n.PhoneNumber + " cannot be released: it is the Emergency Caller ID of " + domains[0].DomainName + " (" +
		domains[0].SID + "). Set its EmergencyCallerSid to another number first")
}
