package store

import (
	"crypto/sha256"
	"encoding/hex"
	"net/netip"
	"slices"
	"strings"

	"callbox/routing/directory"
	"callbox/routing/numbering"
)

// wantedRows are the rows that a directory file stands for.
type wantedRows struct {
	Accounts    []Account
	ACLs        []ACL
	Entries     []ACLEntry
	Lists       []CredentialList
	Credentials []Credential
	Addresses   []Address
	Trunks      []Trunk
	Numbers     []Number
	Domains     []Domain
	Mappings    []Mapping
	Locations   []Location
	Endpoints   []Endpoint
	Emergency   []EmergencyNumber
}

// wanted makes the rows of a file.
func wanted(f *directory.File, b Base) wantedRows {
	m := rowMaker{origin: OriginLab, numbers: map[string]string{}, trunks: map[string][]string{}}
	if b.ReadOnly {
		m.origin = OriginFile
	}
	for _, n := range f.Numbers {
		m.numbers[n.E164] = n.SID
	}
	for _, t := range f.Customers.Trunks {
		if t.Settings.Provider == directory.ProviderBandwidth { // takes every number of the account
			continue
		}
		m.trunks[t.AccountSID] = append(m.trunks[t.AccountSID], t.SID)
	}
	m.lists(f.Customers)
	for _, a := range f.Addresses {
		m.address(a)
	}
	for _, n := range f.Numbers {
		m.number(n)
	}
	for _, d := range f.Customers.Domains {
		m.domain(d)
	}
	for _, t := range f.Customers.Trunks {
		m.trunk(t)
	}
	m.places(f)
	return m.rows
}

// rowMaker makes rows of records.
type rowMaker struct {
	rows    wantedRows
	origin  string
	numbers map[string]string   // SIDs by E.164
	trunks  map[string][]string // SIDs by account
}

func (m *rowMaker) common(sid, account string) Common {
	return Common{SID: sid, AccountSID: account, Origin: m.origin}
}

// madeSID is the SID of what a file gives none: the same at every start.
func madeSID(prefix string, parts ...string) string {
	sum := sha256.Sum256([]byte(prefix + ":" + strings.Join(parts, ":")))
	return prefix + hex.EncodeToString(sum[:16])
}

func (m *rowMaker) lists(c directory.Customers) {
	for _, a := range c.Accounts {
		m.rows.Accounts = append(m.rows.Accounts, Account{Common: m.common(a.SID, a.SID), FriendlyName: a.Name, Status: "active", BandwidthID: a.BandwidthID})
	}
	for _, a := range c.ACLs {
		m.rows.ACLs = append(m.rows.ACLs, ACL{Common: m.common(a.SID, a.AccountSID), FriendlyName: a.Name})
		seen := map[netip.Prefix]bool{}
		for _, p := range a.Networks {
			if p = p.Masked(); seen[p] {
				continue
			}
			seen[p] = true
			m.rows.Entries = append(m.rows.Entries, ACLEntry{
				Common: m.common(madeSID("IP", a.SID, p.String()), a.AccountSID), ListSID: a.SID, FriendlyName: p.String(),
				IPAddress: p.Addr().String(), CIDRPrefixLength: p.Bits(),
			})
		}
	}
	for _, l := range c.CredentialLists {
		m.rows.Lists = append(m.rows.Lists, CredentialList{Common: m.common(l.SID, l.AccountSID), FriendlyName: l.Name})
		for _, u := range l.Users {
			m.rows.Credentials = append(m.rows.Credentials, Credential{
				Common: m.common(u.SID, l.AccountSID), ListSID: l.SID, Username: u.Name, HA1MD5: u.HA1.MD5, HA1SHA256: u.HA1.SHA256,
			})
		}
	}
}

func (m *rowMaker) address(a directory.AddressRecord) {
	m.rows.Addresses = append(m.rows.Addresses, Address{
		Common: m.common(a.SID, a.AccountSID), FriendlyName: a.ID, CustomerName: a.Civic.Customer, Street: a.Civic.Street,
		StreetSecondary: a.Civic.Secondary, City: a.Civic.City, Region: a.Civic.State, PostalCode: a.Civic.PostalCode,
		IsoCountry: a.Civic.Country, EmergencyEnabled: true, Validated: true, ESN: a.ESN, FileID: a.ID,
	})
}

func (m *rowMaker) number(r directory.NumberRecord) {
	n := Number{
		Common: m.common(r.SID, r.AccountSID), PhoneNumber: r.E164, FriendlyName: numbering.Spoken(r.E164), Country: r.Country,
		Service: r.Service.String(), EmergencyStatus: "Active", EmergencyAddressStatus: r.Status.String(),
		VoiceMethod: "POST", VoiceFallbackMethod: "POST", StatusCallbackMethod: "POST", SmsMethod: "POST", SmsFallbackMethod: "POST",
		VoiceReceiveMode: "voice", Ties: FormatTies(r.Domains, r.Trunks),
	}
	if r.Address != nil {
		n.EmergencyAddressSID = r.Address.SID
	}
	trunks := m.trunks[r.AccountSID]
	if r.Trunks != nil {
		trunks = *r.Trunks
	}
	if len(trunks) == 1 { // more of them the API cannot show
		n.TrunkSID = trunks[0]
	}
	if m.origin == OriginLab && r.Domains == nil && len(trunks) <= 1 {
		n.Ties = "" // the same is said in the API's own way, so that it can say otherwise
	}
	m.rows.Numbers = append(m.rows.Numbers, n)
}

func (m *rowMaker) domain(r directory.DomainRecord) {
	m.rows.Domains = append(m.rows.Domains, Domain{
		Common: m.common(r.SID, r.AccountSID), DomainName: r.Name, FriendlyName: r.Name, SipRegistration: r.Registration,
		VoiceMethod: "POST", VoiceFallbackMethod: "POST", VoiceStatusCallbackMethod: "POST",
		EmergencyCallingEnabled: r.Emergency, Secure: r.Secure, EmergencyCallerSID: m.numbers[r.CallerID],
		CallerIDMode: r.CallerIDMode.String(), Aliases: strings.Join(r.Aliases, " "), Settings: r.Settings.Stored(),
	})
	m.guard(r.AccountSID, r.SID, UseCalls, KindACL, r.ACLs)
	m.guard(r.AccountSID, r.SID, UseCalls, KindCredentials, r.Credentials)
	m.guard(r.AccountSID, r.SID, UseRegistrations, KindCredentials, r.RegistrationCredentials)
}

func (m *rowMaker) trunk(r directory.TrunkRecord) {
	m.rows.Trunks = append(m.rows.Trunks, Trunk{
		Common: m.common(r.SID, r.AccountSID), DomainName: r.Name, FriendlyName: r.Name, Secure: r.Secure,
		TransferMode: "disable-all", TransferCallerID: "from-transferee", RecordingMode: "do-not-record", RecordingTrim: "do-not-trim",
		Aliases: strings.Join(r.Aliases, " "), Settings: r.Settings.Stored(),
	})
	m.guard(r.AccountSID, r.SID, UseCalls, KindACL, r.ACLs)
	m.guard(r.AccountSID, r.SID, UseCalls, KindCredentials, r.Credentials)
}

func (m *rowMaker) guard(account, parent, use, kind string, lists []string) {
	for i, list := range lists {
		if slices.Contains(lists[:i], list) {
			continue
		}
		m.rows.Mappings = append(m.rows.Mappings, Mapping{
			Common: m.common(madeSID("MP", parent, use, list), account), ParentSID: parent, Use: use, ListSID: list, Kind: kind,
		})
	}
}
