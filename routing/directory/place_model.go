package directory

import (
	"net/url"
	"strings"
	"time"

	"callbox/sip/location"
)

// Location is a place that help can be sent to, known by an ID: an endpoint is there, or a call names it.
type Location struct {
	ID         string // unique in its account
	AccountSID string
	Address    *Address        // its civic address; has no SID
	Point      *location.Point // nil for none
	Status     ValidationStatus
	served     served
}

// Endpoint is somebody who calls by an alternate end user identifier (AEUI) rather than by a number.
type Endpoint struct {
	ID         string // the AEUI, unique in its account
	AccountSID string
	PIDFLO     bool   // its calls bring where they come from
	Callback   string // E.164, "" for none
	Name       string // for the call-taker, "" for none
	Language   string // en, fr, …; "" for none
	LocationID string // of the account's, "" for none
	Address    *Address
	Groups     []string // SIDs of the notification groups that it is in
}

// EmergencyNumber is a designated number of the Emergency Calling API: a web hook says who calls and from where.
type EmergencyNumber struct {
	EmergencyNumberRecord
	Account *Account
}

// ValidationStatus says what the address guides know of a location.
type ValidationStatus uint8

// The states of a location's address.
const (
	Unvalidated ValidationStatus = iota // nothing is known of its country
	Valid
	Invalid // it is in no street range
)

// ParameterCase is how the parameters of a hook are spelled.
type ParameterCase uint8

// The spellings.
const (
	ParametersLower ParameterCase = iota // to, from
	ParametersTitle                      // To, From
)

// LocationRecord is a Location as data.
type LocationRecord struct {
	SID, AccountSID string // SID is LO and 32 hex digits
	ID              string
	Description     string
	Civic           Civic
	ESN             string // emergency service number of its street range, "" where none is known
	Point           *location.Point
	Status          ValidationStatus
}

// EndpointRecord is an Endpoint as data.
type EndpointRecord struct {
	SID, AccountSID string // SID is EP and 32 hex digits
	ID              string
	PIDFLO          bool
	Callback, Name  string
	Language        string
	Country         string // ISO 3166-1 alpha-2, "" for its location's
	LocationID      string
	Civic           *Civic   // an address of its own, nil for none
	ESN             string   // of that
	Groups          []string // SIDs
}

// EmergencyNumberRecord is an EmergencyNumber as data.
type EmergencyNumberRecord struct {
	SID, AccountSID string // SID is EM and 32 hex digits
	Number          string // E.164, unique among all accounts
	URL             string // http: or https:, without userinfo
	User            string // of basic authentication, "" for none
	Password        Secret
	Timeout         time.Duration // of everything, name look-up included
	RefuseOn404     bool          // a 404 refuses the call; else the ECC takes it
	TakeCaller      bool          // callback and name of the answer count
	ForbidInternal  bool          // the hook must not be at an internal address
	Parameters      ParameterCase
}

// GroupRecord is a notification group as data: whom the calls of its endpoints are told to.
type GroupRecord struct {
	SID, AccountSID string // SID is NG and 32 hex digits
	Tell            []Notification
}

// DefaultHookTimeout is how long a hook may take.
const DefaultHookTimeout = 450 * time.Millisecond

// AskURL returns what the web service at a URL is asked for a call: the two numbers stand behind whatever query it has.
func AskURL(base string, spelt ParameterCase, to, from string) string {
	names := [2]string{"to", "from"}
	if spelt == ParametersTitle {
		names = [2]string{"To", "From"}
	}
	base, _, _ = strings.Cut(base, "#")
	switch _, query, has := strings.Cut(base, "?"); {
	case !has:
		base += "?"
	case query != "" && !strings.HasSuffix(query, "&"):
		base += "&"
	}
	return base + names[0] + "=" + url.QueryEscape(to) + "&" + names[1] + "=" + url.QueryEscape(from)
}
