package twilio

import (
	"cmp"
	"strings"

	"callbox/routing/directory"
	"callbox/routing/directory/store"
	"callbox/routing/registration"
	"callbox/routing/twilio/rest"
)

// The codes of SIP domains in the provider's dictionary.
const (
	codeDomainsFull = 21230
	codeDomain      = 21231
	codeDomainName  = 21232

	maxDomains = 100 // of an account

	domainPath = "/2010-04-01/Accounts/{AccountSid}/SIP/Domains"
)

// domainForm is what a client may set of a domain.
type domainForm struct {
	DomainName                *string `form:"DomainName" rule:"max=253,code=21232"`
	FriendlyName              *string `form:"FriendlyName" rule:"max=64,code=21231"`
	VoiceURL                  *string `form:"VoiceUrl" rule:"url"`
	VoiceMethod               *string `form:"VoiceMethod" rule:"method"`
	VoiceFallbackURL          *string `form:"VoiceFallbackUrl" rule:"url"`
	VoiceFallbackMethod       *string `form:"VoiceFallbackMethod" rule:"method"`
	VoiceStatusCallbackURL    *string `form:"VoiceStatusCallbackUrl" rule:"url"`
	VoiceStatusCallbackMethod *string `form:"VoiceStatusCallbackMethod" rule:"method"`
	SipRegistration           *bool   `form:"SipRegistration" rule:"code=21231"`
	EmergencyCallingEnabled   *bool   `form:"EmergencyCallingEnabled" rule:"code=21231"`
	Secure                    *bool   `form:"Secure" rule:"code=21231"`
	ByocTrunkSID              *string `form:"ByocTrunkSid" rule:"sid=BY,code=21300"`
	EmergencyCallerSID        *string `form:"EmergencyCallerSid" rule:"sid=PN,code=21231"`
}

// domainBody is a domain as answers show it.
type domainBody struct {
	AccountSID                string              `json:"account_sid"`
	APIVersion                string              `json:"api_version"`
	AuthType                  string              `json:"auth_type"`
	DateCreated               rest.Stamp          `json:"date_created"`
	DateUpdated               rest.Stamp          `json:"date_updated"`
	DomainName                string              `json:"domain_name"`
	FriendlyName              rest.Null           `json:"friendly_name"`
	SID                       string              `json:"sid"`
	URI                       rest.URI            `json:"uri"`
	VoiceFallbackMethod       string              `json:"voice_fallback_method"`
	VoiceFallbackURL          rest.Null           `json:"voice_fallback_url"`
	VoiceMethod               string              `json:"voice_method"`
	VoiceStatusCallbackMethod string              `json:"voice_status_callback_method"`
	VoiceStatusCallbackURL    rest.Null           `json:"voice_status_callback_url"`
	VoiceURL                  rest.Null           `json:"voice_url"`
	SubresourceURIs           map[string]rest.URI `json:"subresource_uris"`
	SipRegistration           bool                `json:"sip_registration"`
	EmergencyCallingEnabled   bool                `json:"emergency_calling_enabled"`
	Secure                    bool                `json:"secure"`
	ByocTrunkSID              rest.Null           `json:"byoc_trunk_sid"`
	EmergencyCallerSID        rest.Null           `json:"emergency_caller_sid"`
}

func domainURI(account, sid string) rest.URI {
	return rest.URI("/2010-04-01/Accounts/" + account + "/SIP/Domains/" + sid)
}

// showDomain renders a domain; auth is the kinds of lists that are mapped to it for calls.
func showDomain(d store.Domain, auth []string) domainBody {
	uri := domainURI(d.AccountSID, d.SID)
	return domainBody{
		AccountSID: d.AccountSID, APIVersion: "2010-04-01", AuthType: strings.Join(auth, ","),
		DateCreated: rest.Stamp(d.Created), DateUpdated: rest.Stamp(d.Updated),
		DomainName: d.DomainName, FriendlyName: rest.Null(d.FriendlyName), SID: d.SID, URI: uri,
		VoiceURL: rest.Null(d.VoiceURL), VoiceMethod: orPost(d.VoiceMethod),
		VoiceFallbackURL: rest.Null(d.VoiceFallbackURL), VoiceFallbackMethod: orPost(d.VoiceFallbackMethod),
		VoiceStatusCallbackURL:    rest.Null(d.VoiceStatusCallbackURL),
		VoiceStatusCallbackMethod: orPost(d.VoiceStatusCallbackMethod),
		SubresourceURIs: map[string]rest.URI{
			"credential_list_mappings":        uri + "/CredentialListMappings",
			"ip_access_control_list_mappings": uri + "/IpAccessControlListMappings",
		},
		SipRegistration: d.SipRegistration, EmergencyCallingEnabled: d.EmergencyCallingEnabled, Secure: d.Secure,
		ByocTrunkSID: rest.Null(d.ByocTrunkSID), EmergencyCallerSID: rest.Null(d.EmergencyCallerSID),
	}
}

// orPost is the method of a webhook that nobody chose.
func orPost(method string) string { return cmp.Or(method, "POST") }

func domains() table[store.Domain, domainBody] {
	return table[store.Domain, domainBody]{
		key: "domains", list: "SipDomains", item: "SipDomain",
		id: func(d store.Domain) int64 { return d.ID }, under: inAccount, show: showDomains,
	}
}

func showDomains(t *store.Tx, _ *rest.Request, rows []store.Domain) ([]domainBody, error) {
	sids := make([]string, len(rows))
	for i, d := range rows {
		sids[i] = d.SID
	}
	auth, err := authTypes(t, sids)
	if err != nil {
		return nil, err
	}
	shown := make([]domainBody, len(rows))
	for i, d := range rows {
		shown[i] = showDomain(d, auth[d.SID])
	}
	return shown, nil
}

func (a *api) routeDomains(m *rest.Mux) {
	hosts := domains()
	m.Handle("GET", domainPath, hosts.page(a))
	m.Handle("POST", domainPath, hosts.create(a, a.newDomain))
	m.Handle("GET", domainPath+"/{Sid}", hosts.fetch(a))
	m.Handle("POST", domainPath+"/{Sid}", hosts.update(a, a.changeDomain))
	m.Handle("DELETE", domainPath+"/{Sid}", hosts.remove(a, nil))
}

func (a *api) newDomain(t *store.Tx, r *rest.Request) (d store.Domain, err error) {
	d = store.Domain{
		VoiceMethod: "POST", VoiceFallbackMethod: "POST", VoiceStatusCallbackMethod: "POST",
		CallerIDMode: directory.CallerIDFallback.String(),
	}
	d.AccountSID = r.Var("AccountSid")
	if err := a.changeDomain(t, r, &d); err != nil {
		return d, err
	}
	if d.DomainName == "" {
		return d, rest.Missing(codeDomainName, "DomainName")
	}
	return d, room[store.Domain](t, store.Query{Account: d.AccountSID}, maxDomains, codeDomainsFull, "domains", "account")
}

func (a *api) changeDomain(t *store.Tx, r *rest.Request, d *store.Domain) error {
	var f domainForm
	if err := r.Decode(&f); err != nil {
		return err
	}
	return f.apply(t, d, a.domainHosts(), a.o.Registration.Strict)
}

// apply puts what a client set into a domain, whose new name is free and whose Emergency Caller ID may be one.
func (f *domainForm) apply(t *store.Tx, d *store.Domain, rule hostRule, strict bool) error {
	if err := f.name(t, d, rule); err != nil {
		return err
	}
	if sid := f.EmergencyCallerSID; sid != nil {
		if err := checkEmergencyCaller(t, d.AccountSID, *sid, strict); err != nil {
			return err
		}
		d.EmergencyCallerSID = *sid
	}
	set(&d.FriendlyName, f.FriendlyName)
	set(&d.VoiceURL, f.VoiceURL)
	set(&d.VoiceMethod, f.VoiceMethod)
	set(&d.VoiceFallbackURL, f.VoiceFallbackURL)
	set(&d.VoiceFallbackMethod, f.VoiceFallbackMethod)
	set(&d.VoiceStatusCallbackURL, f.VoiceStatusCallbackURL)
	set(&d.VoiceStatusCallbackMethod, f.VoiceStatusCallbackMethod)
	set(&d.SipRegistration, f.SipRegistration)
	set(&d.EmergencyCallingEnabled, f.EmergencyCallingEnabled)
	set(&d.Secure, f.Secure)
	set(&d.ByocTrunkSID, f.ByocTrunkSID)
	return nil
}

// name gives the domain its name, unless it has that already: a lab's domain may have a localized one.
func (f *domainForm) name(t *store.Tx, d *store.Domain, rule hostRule) error {
	if f.DomainName == nil || d.DomainName != "" && strings.EqualFold(*f.DomainName, d.DomainName) {
		return nil
	}
	name, err := rule.normal(*f.DomainName, d.AccountSID)
	if err != nil {
		return rest.Invalid(codeDomainName, "DomainName", "%s", err)
	}
	taken, err := rule.taken(t, name, d.SID)
	if err != nil {
		return err
	}
	if taken {
		return rest.Invalid(codeDomainName, "DomainName", "%s is taken already", name)
	}
	d.DomainName = name
	return nil
}

// checkEmergencyCaller holds an Emergency Caller ID to the provider's rule: a number of the account with a registered
// emergency address, and where EmergencyStatus is strict an Active one. "" is none.
func checkEmergencyCaller(t *store.Tx, account, sid string, strict bool) error {
	if sid == "" {
		return nil
	}
	n, err := store.Get[store.Number](t, account, sid)
	if missing(err) {
		return rest.Invalid(codeDomain, "EmergencyCallerSid", "%s is not a phone number of this account", sid)
	}
	if err != nil {
		return err
	}
	if n.EmergencyAddressSID == "" || n.EmergencyAddressStatus != directory.StatusRegistered.String() {
		return rest.Invalid(codeDomain, "EmergencyCallerSid", "%s has no registered emergency address: its status is %s",
			n.PhoneNumber, n.EmergencyAddressStatus)
	}
	if shown := registration.ShownEmergencyStatus(n); strict && shown != registration.Active && shown != registration.PendingDeactivation {
		return rest.Invalid(codeDomain, "EmergencyCallerSid", "emergency calling of %s is not enabled: its EmergencyStatus is %s", n.PhoneNumber, shown)
	}
	return nil
}
