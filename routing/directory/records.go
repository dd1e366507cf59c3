package directory

import (
	"crypto/md5"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/netip"
	"strconv"

	"callbox/routing/area"
	"callbox/sip/location"
)

// Records are the customers' half of a directory as plain data, which a file, an API or a database gives: they refer to
// one another by SID, and an Editor makes a Snapshot of them.

// AccountRecord is an Account as data.
type AccountRecord struct {
	SID, Name   string
	BandwidthID string // digits by which Bandwidth's API knows it, "" for none
}

// ACLRecord is an ACL as data.
type ACLRecord struct {
	SID, AccountSID, Name string
	Networks              []netip.Prefix
}

// UserRecord is a digest user of a credential list.
type UserRecord struct {
	SID, Name string // SID is CR and 32 hex digits
	HA1       HA1
}

// CredentialListRecord is a CredentialList as data.
type CredentialListRecord struct {
	SID, AccountSID, Name string
	Users                 []UserRecord
}

// DomainRecord is a Domain as data. Lists are of SIDs.
type DomainRecord struct {
	SID, AccountSID, Name   string
	Aliases                 []string
	Emergency               bool
	CallerID                string // E.164, "" for none
	CallerIDMode            CallerIDMode
	Registration, Secure    bool
	ACLs, Credentials       []string // for calls
	RegistrationCredentials []string // for REGISTER
	Settings                Settings
}

// TrunkRecord is a Trunk as data. Lists are of SIDs.
type TrunkRecord struct {
	SID, AccountSID, Name string
	Aliases               []string
	Secure                bool
	ACLs, Credentials     []string
	Settings              Settings
}

// Customers is the small part of the customers' half, which is always given whole. The order of accounts, domains and
// trunks is that of a Snapshot's lists, and the earlier of two hosts alike keeps it.
type Customers struct {
	Accounts        []AccountRecord
	ACLs            []ACLRecord
	CredentialLists []CredentialListRecord
	Domains         []DomainRecord
	Trunks          []TrunkRecord

	EmergencyNumbers []EmergencyNumberRecord
	Groups           []GroupRecord
}

// Civic is the civic part of an address: where to send help, and whom to ask for.
type Civic struct {
	Customer   string `json:"customer,omitempty"`
	Street     string `json:"street"`
	Secondary  string `json:"secondary,omitempty"` // floor, suite, unit
	City       string `json:"city"`
	State      string `json:"state,omitempty"` // region code or name
	PostalCode string `json:"postal_code"`
	Country    string `json:"country"` // ISO 3166-1 alpha-2
}

// CivicOf returns an address of a PIDF-LO document in the directory's words, its street on one line.
func CivicOf(c *location.Civic) Civic {
	return Civic{
		Customer: c.NAM, Street: c.Street(), Secondary: c.Secondary(), City: c.City(), State: c.A1, PostalCode: c.PC, Country: c.Country,
	}
}

// Lines returns the address as an envelope has it, its second line taken apart into floor, unit and the rest.
func (c Civic) Lines() location.Lines {
	return location.Lines{
		Name: c.Customer, Street: c.Street, City: c.City, State: c.State, PostalCode: c.PostalCode, Country: c.Country,
	}.WithSecondary(c.Secondary)
}

// InGuide returns the address as guides have it, which know no customers.
func (c Civic) InGuide() area.Civic {
	return area.Civic{
		Street: c.Street, Secondary: c.Secondary, City: c.City, State: c.State, PostalCode: c.PostalCode, Country: c.Country,
	}
}

// AddressRecord is an Address as data.
type AddressRecord struct {
	SID, AccountSID string
	ID              string // its name in the directory file, "" for one that no file names
	Civic           Civic
	ESN             string // emergency service number of its street range, "" where none is known
}

// NumberRecord is a Number as data.
type NumberRecord struct {
	SID, AccountSID string
	E164            string
	Country         string // ISO 3166-1 alpha-2, "" to have it found, which takes a while
	Service         Service
	Status          AddressStatus
	Address         *AddressRecord // nil for none
	Domains, Trunks *[]string      // SIDs of what it is tied to; nil is everything of its account
}

// Realm is the digest realm of every challenge, as the provider's: one realm for all hosts, so that the hash of user,
// realm and password can be kept in place of the password (RFC 7616 section 3.4.2).
const Realm = "sip.twilio.com"

// HA1 is the hashes of user, Realm and password in small hex digits, one for each digest algorithm. Whoever has them can
// answer challenges, so they print and marshal as ***.
type HA1 struct{ MD5, SHA256 string }

// MakeHA1 hashes a user's password.
func MakeHA1(user string, password Secret) HA1 {
	a1 := []byte(user + ":" + Realm + ":" + string(password))
	m, s := md5.Sum(a1), sha256.Sum256(a1)
	return HA1{MD5: hex.EncodeToString(m[:]), SHA256: hex.EncodeToString(s[:])}
}

// Format keeps every verb of fmt from showing the hashes.
func (h HA1) Format(s fmt.State, verb rune) {
	text := h.String()
	if verb == 'q' || verb == 'v' && s.Flag('#') {
		text = strconv.Quote(text)
	}
	io.WriteString(s, text)
}

// String returns ***, or "" where there are no hashes.
func (h HA1) String() string {
	if h == (HA1{}) {
		return ""
	}
	return "***"
}

// MarshalText keeps JSON, YAML and text encodings from showing the hashes.
func (h HA1) MarshalText() ([]byte, error) { return []byte(h.String()), nil }
