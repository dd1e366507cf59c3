package twilio

import (
	"cmp"
	"fmt"
	"strings"

	"callbox/routing/directory/store"
	"callbox/routing/twilio/rest"
)

// The codes of trunks in the provider's dictionary.
const (
	codeTrunksFull     = 21244
	codeTrunk          = 21245
	codeTrunkTaken     = 21248
	codeTrunkEmergency = 21634

	maxTrunks = 100 // of an account

	trunkPath = "/v1/Trunks"
)

// trunkForm is what a client may set of a trunk.
type trunkForm struct {
	FriendlyName           *string `form:"FriendlyName" rule:"max=64,code=21245"`
	DomainName             *string `form:"DomainName" rule:"max=253,code=21245"`
	DisasterRecoveryURL    *string `form:"DisasterRecoveryUrl" rule:"url"`
	DisasterRecoveryMethod *string `form:"DisasterRecoveryMethod" rule:"method"`
	TransferMode           *string `form:"TransferMode" rule:"enum=disable-all|enable-all|sip-only,code=21245"`
	TransferCallerID       *string `form:"TransferCallerId" rule:"enum=from-transferee|from-transferor,code=21245"`
	Secure                 *bool   `form:"Secure" rule:"code=21245"`
	CnamLookupEnabled      *bool   `form:"CnamLookupEnabled" rule:"code=21245"`
}

// trunkBody is a trunk as answers show it.
type trunkBody struct {
	AccountSID             string            `json:"account_sid"`
	DomainName             rest.Null         `json:"domain_name"`
	DisasterRecoveryMethod string            `json:"disaster_recovery_method"`
	DisasterRecoveryURL    rest.Null         `json:"disaster_recovery_url"`
	FriendlyName           rest.Null         `json:"friendly_name"`
	Secure                 bool              `json:"secure"`
	Recording              recordingBody     `json:"recording"`
	TransferMode           string            `json:"transfer_mode"`
	TransferCallerID       string            `json:"transfer_caller_id"`
	CnamLookupEnabled      bool              `json:"cnam_lookup_enabled"`
	AuthType               string            `json:"auth_type"`
	SymmetricRTPEnabled    bool              `json:"symmetric_rtp_enabled"` // the provider turns it on by support ticket only
	AuthTypeSet            []string          `json:"auth_type_set"`
	DateCreated            rest.ISO          `json:"date_created"`
	DateUpdated            rest.ISO          `json:"date_updated"`
	SID                    string            `json:"sid"`
	URL                    string            `json:"url"`
	Links                  map[string]string `json:"links"`
}

func trunkURL(r *rest.Request, sid string) string { return r.BaseURL + trunkPath + "/" + sid }

// showTrunk renders a trunk; auth is the kinds of lists that are mapped to it.
func showTrunk(r *rest.Request, k store.Trunk, auth []string) trunkBody {
	url := trunkURL(r, k.SID)
	return trunkBody{
		AccountSID: k.AccountSID, DomainName: rest.Null(k.DomainName), FriendlyName: rest.Null(k.FriendlyName),
		DisasterRecoveryURL: rest.Null(k.DisasterRecoveryURL), DisasterRecoveryMethod: orPost(k.DisasterRecoveryMethod),
		Secure: k.Secure, Recording: showRecording(k), CnamLookupEnabled: k.CnamLookupEnabled,
		TransferMode: cmp.Or(k.TransferMode, defaultTransferMode), TransferCallerID: cmp.Or(k.TransferCallerID, defaultTransferCallerID),
		AuthType: strings.Join(auth, ","), AuthTypeSet: auth,
		DateCreated: rest.ISO(k.Created), DateUpdated: rest.ISO(k.Updated), SID: k.SID, URL: url,
		Links: map[string]string{
			"origination_urls": url + "/OriginationUrls", "credential_lists": url + "/CredentialLists",
			"ip_access_control_lists": url + "/IpAccessControlLists", "phone_numbers": url + "/PhoneNumbers",
			"recordings": url + "/Recording",
		},
	}
}

// What a trunk has that nobody chose.
const (
	defaultTransferMode     = "disable-all"
	defaultTransferCallerID = "from-transferee"
)

func (a *api) trunks() table[store.Trunk, trunkBody] {
	return table[store.Trunk, trunkBody]{
		key: "trunks", id: func(k store.Trunk) int64 { return k.ID }, show: showTrunks,
		under: func(_ *store.Tx, r *rest.Request) (store.Query, error) {
			return store.Query{Account: r.Principal.AccountSID}, nil
		},
	}
}

func showTrunks(t *store.Tx, r *rest.Request, rows []store.Trunk) ([]trunkBody, error) {
	sids := make([]string, len(rows))
	for i, k := range rows {
		sids[i] = k.SID
	}
	auth, err := authTypes(t, sids)
	if err != nil {
		return nil, err
	}
	shown := make([]trunkBody, len(rows))
	for i, k := range rows {
		shown[i] = showTrunk(r, k, auth[k.SID])
	}
	return shown, nil
}

func (a *api) routeTrunks(m *rest.Mux) {
	trunks := a.trunks()
	m.Handle("GET", trunkPath, trunks.page(a))
	m.Handle("POST", trunkPath, trunks.create(a, a.newTrunk))
	m.Handle("GET", trunkPath+"/{Sid}", trunks.fetch(a))
	m.Handle("POST", trunkPath+"/{Sid}", trunks.update(a, a.changeTrunk))
	m.Handle("DELETE", trunkPath+"/{Sid}", trunks.remove(a, a.releaseTrunk))
}

func (a *api) newTrunk(t *store.Tx, r *rest.Request) (k store.Trunk, err error) {
	k = store.Trunk{
		TransferMode: defaultTransferMode, TransferCallerID: defaultTransferCallerID, DisasterRecoveryMethod: "POST",
		RecordingMode: defaultRecordingMode, RecordingTrim: defaultRecordingTrim,
	}
	if k.AccountSID, err = a.ownAccount(t, r); err != nil {
		return k, err
	}
	if err := a.changeTrunk(t, r, &k); err != nil {
		return k, err
	}
	return k, room[store.Trunk](t, store.Query{Account: k.AccountSID}, maxTrunks, codeTrunksFull, "trunks", "account")
}

func (a *api) changeTrunk(t *store.Tx, r *rest.Request, k *store.Trunk) error {
	var f trunkForm
	if err := r.Decode(&f); err != nil {
		return err
	}
	if err := f.name(t, k, a.trunkHosts()); err != nil {
		return err
	}
	set(&k.FriendlyName, f.FriendlyName)
	set(&k.DisasterRecoveryURL, f.DisasterRecoveryURL)
	set(&k.DisasterRecoveryMethod, f.DisasterRecoveryMethod)
	set(&k.TransferMode, f.TransferMode)
	set(&k.TransferCallerID, f.TransferCallerID)
	set(&k.Secure, f.Secure)
	set(&k.CnamLookupEnabled, f.CnamLookupEnabled)
	return nil
}

// name gives the trunk its host name, or takes it away, unless it has that already: a lab's trunk may have a localized one.
func (f *trunkForm) name(t *store.Tx, k *store.Trunk, rule hostRule) error {
	if f.DomainName == nil || strings.EqualFold(*f.DomainName, k.DomainName) {
		return nil
	}
	if *f.DomainName == "" {
		k.DomainName = ""
		return nil
	}
	name, err := rule.normal(*f.DomainName, k.AccountSID)
	if err != nil {
		return rest.Invalid(codeTrunk, "DomainName", "%s", err)
	}
	taken, err := rule.taken(t, name, k.SID)
	if err != nil {
		return err
	}
	if taken {
		return rest.Invalid(codeTrunkTaken, "DomainName", "%s is taken already", name)
	}
	k.DomainName = name
	return nil
}

// releasedAtOnce is how many of a trunk's numbers are held in memory: it may have a great many.
const releasedAtOnce = 1000

// releaseTrunk takes the numbers off a trunk that is to go. It refuses while one of them has an emergency address: calls
// to emergency numbers would lose their way.
func (a *api) releaseTrunk(t *store.Tx, _ *rest.Request, k store.Trunk) error {
	q := store.Where("trunk_sid", k.SID)
	emergency := q
	emergency.Where = append(emergency.Where, store.Cond{Column: "emergency_address_sid", Op: store.NotEqual, Value: ""})
	n, err := store.Count[store.Number](t, emergency)
	if err != nil {
		return err
	}
	if n > 0 {
		emergency.Limit, emergency.Oldest = 1, true
		first, err := store.Find[store.Number](t, emergency)
		if err != nil {
			return err
		}
		more := ""
		if n > 1 {
			more = fmt.Sprintf(" and %d more", n-1)
		}
		return rest.Bad(codeTrunkEmergency, "SIP Trunk is in use for emergency calling: %s%s on it have an emergency address; "+
			"disable emergency calling on these numbers before proceeding", first[0].PhoneNumber, more)
	}
	q.Limit = releasedAtOnce // a number that was taken off is not found again
	for {
		numbers, err := store.Find[store.Number](t, q)
		if err != nil || len(numbers) == 0 {
			return err
		}
		for i := range numbers {
			setTrunk(&numbers[i], "")
			if err := store.Save(t, &numbers[i]); err != nil {
				return err
			}
		}
	}
}

// trunkOf is the owner of what stands below the trunk in the path.
func trunkOf(_ *api, t *store.Tx, r *rest.Request) (account, sid string, err error) {
	k, err := store.Get[store.Trunk](t, r.Principal.AccountSID, r.Var("TrunkSid"))
	return k.AccountSID, k.SID, err
}

// trunkMappingBody is a list that guards a trunk as answers show it.
type trunkMappingBody struct {
	AccountSID   string   `json:"account_sid"`
	SID          string   `json:"sid"`
	TrunkSID     string   `json:"trunk_sid"`
	FriendlyName string   `json:"friendly_name"`
	DateCreated  rest.ISO `json:"date_created"`
	DateUpdated  rest.ISO `json:"date_updated"`
	URL          string   `json:"url"`
}

func showTrunkMapping(r *rest.Request, m store.Mapping, name string) trunkMappingBody {
	resource := "/CredentialLists/"
	if m.Kind == store.KindACL {
		resource = "/IpAccessControlLists/"
	}
	return trunkMappingBody{
		AccountSID: m.AccountSID, SID: m.ListSID, TrunkSID: m.ParentSID, FriendlyName: name,
		DateCreated: rest.ISO(m.Created), DateUpdated: rest.ISO(m.Updated), URL: trunkURL(r, m.ParentSID) + resource + m.ListSID,
	}
}
