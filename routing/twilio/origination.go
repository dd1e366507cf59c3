package twilio

import (
	"callbox/routing/directory/store"
	"callbox/routing/twilio/rest"
)

const (
	codeOriginationFull = 21249

	maxOriginationURLs = 10 // of a trunk

	originationPath = trunkPath + "/{TrunkSid}/OriginationUrls"
)

// originationBody is an origination URL as answers show it.
type originationBody struct {
	AccountSID   string   `json:"account_sid"`
	SID          string   `json:"sid"`
	TrunkSID     string   `json:"trunk_sid"`
	Weight       int      `json:"weight"`
	Enabled      bool     `json:"enabled"`
	SipURL       string   `json:"sip_url"`
	FriendlyName string   `json:"friendly_name"`
	Priority     int      `json:"priority"`
	DateCreated  rest.ISO `json:"date_created"`
	DateUpdated  rest.ISO `json:"date_updated"`
	URL          string   `json:"url"`
}

func showOrigination(r *rest.Request, u store.OriginationURL) originationBody {
	return originationBody{
		AccountSID: u.AccountSID, SID: u.SID, TrunkSID: u.TrunkSID, Weight: u.Weight, Enabled: u.Enabled, SipURL: u.SipURL,
		FriendlyName: u.FriendlyName, Priority: u.Priority, DateCreated: rest.ISO(u.Created), DateUpdated: rest.ISO(u.Updated),
		URL: trunkURL(r, u.TrunkSID) + "/OriginationUrls/" + u.SID,
	}
}

func (a *api) routeOriginationURLs(m *rest.Mux) {
	urls := table[store.OriginationURL, originationBody]{
		key: "origination_urls", id: func(u store.OriginationURL) int64 { return u.ID }, under: a.underTrunk,
		show: func(_ *store.Tx, r *rest.Request, rows []store.OriginationURL) ([]originationBody, error) {
			shown := make([]originationBody, len(rows))
			for i, u := range rows {
				shown[i] = showOrigination(r, u)
			}
			return shown, nil
		},
	}
	m.Handle("GET", originationPath, urls.page(a))
	m.Handle("POST", originationPath, urls.create(a, a.newOrigination))
	m.Handle("GET", originationPath+"/{Sid}", urls.fetch(a))
	m.Handle("POST", originationPath+"/{Sid}", urls.update(a, changeOrigination))
	m.Handle("DELETE", originationPath+"/{Sid}", urls.remove(a, nil))
}

// underTrunk is the under of what stands below a trunk.
func (a *api) underTrunk(t *store.Tx, r *rest.Request) (store.Query, error) {
	account, trunk, err := trunkOf(a, t, r)
	q := store.Where("trunk_sid", trunk)
	q.Account = account
	return q, err
}

// originationForm is what a client may set of an origination URL.
type originationForm struct {
	Weight       *int    `form:"Weight" rule:"min=1,max=65535,code=21245"`
	Priority     *int    `form:"Priority" rule:"min=0,max=65535,code=21245"`
	Enabled      *bool   `form:"Enabled" rule:"code=21245"`
	FriendlyName *string `form:"FriendlyName" rule:"max=64,code=21245"`
	SipURL       *string `form:"SipUrl" rule:"code=21245"`
}

func (a *api) newOrigination(t *store.Tx, r *rest.Request) (u store.OriginationURL, err error) {
	var f originationForm
	if u.AccountSID, u.TrunkSID, err = trunkOf(a, t, r); err != nil {
		return u, err
	}
	if err := r.Decode(&f); err != nil {
		return u, err
	}
	switch { // the provider requires all of them
	case f.Weight == nil:
		return u, rest.Missing(codeTrunk, "Weight")
	case f.Priority == nil:
		return u, rest.Missing(codeTrunk, "Priority")
	case f.Enabled == nil:
		return u, rest.Missing(codeTrunk, "Enabled")
	case f.FriendlyName == nil:
		return u, rest.Missing(codeTrunk, "FriendlyName")
	case f.SipURL == nil || *f.SipURL == "":
		return u, rest.Missing(codeTrunk, "SipUrl")
	}
	if err := f.apply(&u); err != nil {
		return u, err
	}
	return u, room[store.OriginationURL](t, store.Where("trunk_sid", u.TrunkSID), maxOriginationURLs, codeOriginationFull,
		"origination URLs", "trunk")
}

func changeOrigination(_ *store.Tx, r *rest.Request, u *store.OriginationURL) error {
	var f originationForm
	if err := r.Decode(&f); err != nil {
		return err
	}
	return f.apply(u)
}

func (f *originationForm) apply(u *store.OriginationURL) error {
	if err := filled(codeTrunk, "FriendlyName", f.FriendlyName); err != nil {
		return err
	}
	if f.SipURL != nil {
		sip, err := originationURL(*f.SipURL)
		if err != nil {
			return rest.Invalid(codeTrunk, "SipUrl", "%s", err)
		}
		u.SipURL = sip
	}
	set(&u.Weight, f.Weight)
	set(&u.Priority, f.Priority)
	set(&u.Enabled, f.Enabled)
	set(&u.FriendlyName, f.FriendlyName)
	return nil
}
