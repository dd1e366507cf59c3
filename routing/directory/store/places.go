package store

import (
	"strings"
	"time"

	"callbox/routing/directory"
	"callbox/sip/location"
)

// Location is a place that endpoints are at and calls name. LocationID is unique in its account.
type Location struct {
	Common
	LocationID      string  `db:"location_id" row:"key"`
	Description     string  `db:"description"`
	CustomerName    string  `db:"customer_name"`
	Street          string  `db:"street"`
	StreetSecondary string  `db:"street_secondary"`
	City            string  `db:"city"`
	Region          string  `db:"region"`
	PostalCode      string  `db:"postal_code"`
	IsoCountry      string  `db:"iso_country"`
	ESN             string  `db:"esn"`        // "" for none
	Validation      string  `db:"validation"` // VALID, INVALID, UNVALIDATED
	HasPoint        bool    `db:"has_point"`
	Lat             float64 `db:"lat"` // degrees of WGS84
	Lon             float64 `db:"lon"`
	HasAlt          bool    `db:"has_alt"`
	Alt             float64 `db:"alt"`     // metres
	Details         string  `db:"details"` // further words of the provider's API, which means nothing to calls
}

// Endpoint is somebody who calls by an ID (AEUI). EndpointID is unique in its account. Where HasAddress is set it has an
// address of its own in place of a location's.
type Endpoint struct {
	Common
	EndpointID      string `db:"endpoint_id" row:"key"`
	PIDFLO          bool   `db:"pidf_lo"`
	Callback        string `db:"callback"` // E.164, "" for none
	CallerName      string `db:"caller_name"`
	Language        string `db:"language"`
	IsoCountry      string `db:"iso_country"`
	LocationSID     string `db:"location_sid" row:"ref"`
	HasAddress      bool   `db:"has_address"`
	CustomerName    string `db:"customer_name"`
	Street          string `db:"street"`
	StreetSecondary string `db:"street_secondary"`
	City            string `db:"city"`
	Region          string `db:"region"`
	PostalCode      string `db:"postal_code"`
	ESN             string `db:"esn"`
}

// EmergencyNumber is a designated number of the Emergency Calling API. PhoneNumber is unique among all accounts.
type EmergencyNumber struct {
	Common
	PhoneNumber    string `db:"phone_number" row:"key"` // E.164
	URL            string `db:"url"`
	Username       string `db:"username"`
	Password       string `db:"password" row:"secret"`
	TimeoutMS      int64  `db:"timeout_ms"`
	RefuseOn404    bool   `db:"refuse_on_404"`
	TakeCaller     bool   `db:"take_caller"`
	ForbidInternal bool   `db:"forbid_internal"`
	Parameters     string `db:"parameters"` // lower, title
}

// The kinds of a Recipient.
const (
	RecipientHTTP  = "HTTP"  // a web hook
	RecipientSMS   = "SMS"   // a text message
	RecipientEmail = "EMAIL" // an e-mail
	RecipientVoice = "VOICE" // a call
)

// Recipient is somebody who is told of the calls of endpoints, once in a Group. RecipientID is unique in its account.
type Recipient struct {
	Common
	RecipientID string `db:"recipient_id" row:"key"`
	Kind        string `db:"kind"`     // HTTP, SMS, EMAIL, VOICE
	Target      string `db:"target"`   // URL, E.164 or address
	Username    string `db:"username"` // of basic authentication, for HTTP
	Password    string `db:"password" row:"secret"`
	Description string `db:"description"`
	UpdatedBy   string `db:"updated_by"`
}

// Group is a notification group: its recipients are told of the calls of its endpoints. GroupID is unique in its account.
type Group struct {
	Common
	GroupID     string `db:"group_id" row:"key"`
	Description string `db:"description"`
	UpdatedBy   string `db:"updated_by"`
}

// GroupRecipient puts a recipient into a group. It goes with its group, and holds its recipient.
type GroupRecipient struct {
	Common
	GroupSID     string `db:"group_sid"`
	RecipientSID string `db:"recipient_sid"`
}

// GroupEndpoint puts an endpoint into a group. It goes with either.
type GroupEndpoint struct {
	Common
	GroupSID    string `db:"group_sid"`
	EndpointSID string `db:"endpoint_sid"`
}

func (Location) kind() kind {
	return kind{name: "location", table: "bandwidth_locations", prefix: "LO", part: partPlaces}
}
func (Endpoint) kind() kind {
	return kind{name: "endpoint", table: "bandwidth_endpoints", prefix: "EP", part: partPlaces}
}
func (EmergencyNumber) kind() kind {
	return kind{name: "emergency_number", table: "emergency_numbers", prefix: "EM", part: partSmall}
}
func (Recipient) kind() kind {
	return kind{name: "notification_recipient", table: "bandwidth_recipients", prefix: "NR", part: partSmall}
}
func (Group) kind() kind {
	return kind{name: "notification_group", table: "bandwidth_groups", prefix: "NG", part: partSmall}
}
func (GroupRecipient) kind() kind {
	return kind{name: "notification_group_recipient", table: "bandwidth_group_recipients", prefix: "GR", part: partSmall}
}
func (GroupEndpoint) kind() kind {
	return kind{name: "notification_group_endpoint", table: "bandwidth_group_endpoints", prefix: "GE"}
}

// Civic returns a location's address.
func (l Location) Civic() directory.Civic {
	return directory.Civic{
		Customer: l.CustomerName, Street: l.Street, Secondary: l.StreetSecondary, City: l.City, State: l.Region,
		PostalCode: l.PostalCode, Country: l.IsoCountry,
	}
}

// SetCivic gives a location an address.
func (l *Location) SetCivic(c directory.Civic) {
	l.CustomerName, l.Street, l.StreetSecondary, l.City = c.Customer, c.Street, c.Secondary, c.City
	l.Region, l.PostalCode, l.IsoCountry = c.State, c.PostalCode, c.Country
}

// Point returns a location's point, nil for none.
func (l Location) Point() *location.Point {
	if !l.HasPoint {
		return nil
	}
	p := &location.Point{Lat: l.Lat, Lon: l.Lon}
	if l.HasAlt {
		p.Alt = &l.Alt
	}
	return p
}

// SetPoint gives a location a point, or with nil none.
func (l *Location) SetPoint(p *location.Point) {
	l.HasPoint, l.Lat, l.Lon, l.HasAlt, l.Alt = false, 0, 0, false, 0
	if p == nil {
		return
	}
	l.HasPoint, l.Lat, l.Lon = true, p.Lat, p.Lon
	if p.Alt != nil {
		l.HasAlt, l.Alt = true, *p.Alt
	}
}

func (l Location) record() directory.LocationRecord {
	r := directory.LocationRecord{
		SID: l.SID, AccountSID: l.AccountSID, ID: l.LocationID, Description: l.Description, Civic: l.Civic(), ESN: l.ESN, Point: l.Point(),
	}
	_ = r.Status.UnmarshalText([]byte(l.Validation)) // what nobody knows is not validated
	return r
}

// Civic returns an endpoint's own address, nil for none.
func (e Endpoint) Civic() *directory.Civic {
	if !e.HasAddress {
		return nil
	}
	return &directory.Civic{
		Customer: e.CustomerName, Street: e.Street, Secondary: e.StreetSecondary, City: e.City, State: e.Region,
		PostalCode: e.PostalCode, Country: e.IsoCountry,
	}
}

// SetCivic gives an endpoint an address of its own, or with nil none.
func (e *Endpoint) SetCivic(c *directory.Civic, esn string) {
	e.HasAddress, e.ESN = c != nil, esn
	if c == nil {
		c = &directory.Civic{Country: e.IsoCountry}
		e.ESN = ""
	}
	e.CustomerName, e.Street, e.StreetSecondary, e.City = c.Customer, c.Street, c.Secondary, c.City
	e.Region, e.PostalCode, e.IsoCountry = c.State, c.PostalCode, c.Country
}

// Record returns an emergency number as calls know it.
func (n EmergencyNumber) Record() directory.EmergencyNumberRecord {
	r := directory.EmergencyNumberRecord{
		SID: n.SID, AccountSID: n.AccountSID, Number: n.PhoneNumber, URL: n.URL, User: n.Username,
		Password: directory.Secret(n.Password), Timeout: time.Duration(n.TimeoutMS) * time.Millisecond,
		RefuseOn404: n.RefuseOn404, TakeCaller: n.TakeCaller, ForbidInternal: n.ForbidInternal,
	}
	_ = r.Parameters.UnmarshalText([]byte(n.Parameters))
	return r
}

// SetRecord gives an emergency number all that a record says but for whose it is and its number.
func (n *EmergencyNumber) SetRecord(r directory.EmergencyNumberRecord) {
	n.URL, n.Username, n.Password, n.TimeoutMS = r.URL, r.User, string(r.Password), r.Timeout.Milliseconds()
	n.RefuseOn404, n.TakeCaller, n.ForbidInternal, n.Parameters = r.RefuseOn404, r.TakeCaller, r.ForbidInternal, r.Parameters.String()
}

// placeName is what a tombstone knows a location or endpoint by.
func placeName(account, id string) string { return account + " " + id }

func splitPlaceName(name string) (account, id string) {
	account, id, _ = strings.Cut(name, " ")
	return account, id
}

// AccountCalled finds an account by the number that Bandwidth's APIs have for it, all digits, or else by its SID.
func AccountCalled(t *Tx, id string) (Account, error) {
	if id == "" || strings.Trim(id, "0123456789") != "" {
		return Get[Account](t, "", id)
	}
	rows, err := Find[Account](t, Where("bandwidth_id", id))
	if err != nil {
		return Account{}, err
	}
	if len(rows) == 0 {
		return Account{}, ErrNotFound
	}
	return rows[0], nil
}
