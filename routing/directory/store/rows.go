package store

// Where a row comes from, its Origin.
const (
	OriginAPI  = "api"  // made by an API call or an import
	OriginFile = "file" // adopted from a directory file, which alone may change it
	OriginLab  = "lab"  // written once from the embedded lab; the API may change it
)

// Common is what every row has. ID and Rev are the store's; Insert fills whatever is empty.
type Common struct {
	ID         int64  `db:"id"`  // grows with every insert, whatever the kind: the key of paging
	SID        string `db:"sid"` // two letters and 32 hex digits
	AccountSID string `db:"account_sid" row:"ref"`
	Origin     string `db:"origin"`  // api, file or lab
	Created    int64  `db:"created"` // Unix ms
	Updated    int64  `db:"updated"` // Unix ms
	Rev        int64  `db:"rev"`     // revision of the directory at the last write
}

// Account owns everything else. Its AccountSID is its own SID.
type Account struct {
	Common
	FriendlyName string `db:"friendly_name"`
	Status       string `db:"status"`       // active, suspended, closed
	BandwidthID  string `db:"bandwidth_id"` // digits by which Bandwidth's API knows it, "" for none
}

// Address is a civic address.
type Address struct {
	Common
	FriendlyName     string `db:"friendly_name"`
	CustomerName     string `db:"customer_name"`
	Street           string `db:"street"`
	StreetSecondary  string `db:"street_secondary"`
	City             string `db:"city"`
	Region           string `db:"region"`
	PostalCode       string `db:"postal_code"`
	IsoCountry       string `db:"iso_country"`
	EmergencyEnabled bool   `db:"emergency_enabled"`
	Validated        bool   `db:"validated"`
	Verified         bool   `db:"verified"`
	ESN              string `db:"esn"`     // emergency service number found for it, "" for none
	FileID           string `db:"file_id"` // its name in the directory file, "" for one that came otherwise
}

// Number is a phone number. PhoneNumber is unique among all accounts.
type Number struct {
	Common
	PhoneNumber            string `db:"phone_number"` // E.164
	FriendlyName           string `db:"friendly_name"`
	Country                string `db:"country"`          // ISO 3166-1 alpha-2
	Service                string `db:"service"`          // e911, basic911, none
	EmergencyStatus        string `db:"emergency_status"` // Active, Inactive
	EmergencyAddressSID    string `db:"emergency_address_sid" row:"ref"`
	EmergencyAddressStatus string `db:"emergency_address_status"` // unregistered, pending-registration, registered, …
	StatusDue              int64  `db:"status_due"`               // lab time, Unix ms, when StatusNext comes; 0 for none
	StatusNext             string `db:"status_next"`              // the EmergencyAddressStatus that comes
	ReassociateAfter       int64  `db:"reassociate_after"`        // lab time, Unix ms, before which no address is taken
	EmergencyStatusDue     int64  `db:"emergency_status_due"`     // as StatusDue, for EmergencyStatus
	EmergencyStatusNext    string `db:"emergency_status_next"`
	AddressSID             string `db:"address_sid" row:"ref"` // regulatory address, not that of emergencies
	TrunkSID               string `db:"trunk_sid" row:"ref"`
	VoiceURL               string `db:"voice_url"`
	VoiceMethod            string `db:"voice_method"`
	VoiceFallbackURL       string `db:"voice_fallback_url"`
	VoiceFallbackMethod    string `db:"voice_fallback_method"`
	VoiceApplicationSID    string `db:"voice_application_sid"`
	VoiceCallerIDLookup    bool   `db:"voice_caller_id_lookup"`
	VoiceReceiveMode       string `db:"voice_receive_mode"`
	StatusCallback         string `db:"status_callback"`
	StatusCallbackMethod   string `db:"status_callback_method"`
	SmsURL                 string `db:"sms_url"`
	SmsMethod              string `db:"sms_method"`
	SmsFallbackURL         string `db:"sms_fallback_url"`
	SmsFallbackMethod      string `db:"sms_fallback_method"`
	SmsApplicationSID      string `db:"sms_application_sid"`
	IdentitySID            string `db:"identity_sid"`
	BundleSID              string `db:"bundle_sid"`
	// Ties is for numbers of a directory file that names their domains and trunks: a JSON object of SIDs, see FormatTies.
	// Without it a number is tied to all domains of its account, and to the trunk TrunkSID.
	Ties string `db:"ties"`
}

// Domain is a SIP domain. DomainName is unique without regard to case, "" for none.
type Domain struct {
	Common
	DomainName                string `db:"domain_name"`
	FriendlyName              string `db:"friendly_name"`
	VoiceURL                  string `db:"voice_url"`
	VoiceMethod               string `db:"voice_method"`
	VoiceFallbackURL          string `db:"voice_fallback_url"`
	VoiceFallbackMethod       string `db:"voice_fallback_method"`
	VoiceStatusCallbackURL    string `db:"voice_status_callback_url"`
	VoiceStatusCallbackMethod string `db:"voice_status_callback_method"`
	SipRegistration           bool   `db:"sip_registration"`
	EmergencyCallingEnabled   bool   `db:"emergency_calling_enabled"`
	Secure                    bool   `db:"secure"`
	ByocTrunkSID              string `db:"byoc_trunk_sid"`
	EmergencyCallerSID        string `db:"emergency_caller_sid" row:"ref"` // a Number
	CallerIDMode              string `db:"caller_id_mode"`                 // fallback, always
	Aliases                   string `db:"aliases"`                        // further host names, separated by spaces
	Settings                  string `db:"settings" row:"settings"`        // directory.Settings as Stored returns them, "" for the defaults
}

// CredentialList is a named list of digest users. One that is mapped cannot be deleted.
type CredentialList struct {
	Common
	FriendlyName string `db:"friendly_name"`
}

// Credential is a user of a list, with its password as HA1 for directory.Realm. Username is unique in the list.
type Credential struct {
	Common
	ListSID   string `db:"list_sid" row:"parent"`
	Username  string `db:"username"`
	HA1MD5    string `db:"ha1_md5" row:"secret"`
	HA1SHA256 string `db:"ha1_sha256" row:"secret"`
}

// ACL is a named list of source networks. One that is mapped cannot be deleted.
type ACL struct {
	Common
	FriendlyName string `db:"friendly_name"`
}

// ACLEntry is a network of an ACL.
type ACLEntry struct {
	Common
	ListSID          string `db:"list_sid" row:"parent"`
	FriendlyName     string `db:"friendly_name"`
	IPAddress        string `db:"ip_address"`
	CIDRPrefixLength int    `db:"cidr_prefix_length"`
}

// What a Mapping is for, its Use.
const (
	UseCalls         = "calls"
	UseRegistrations = "registrations"
)

// What a Mapping leads to, its Kind.
const (
	KindACL         = "acl"
	KindCredentials = "credentials"
)

// Mapping guards a domain or trunk with a list. It is unique by ParentSID, Use and ListSID, goes when its parent goes,
// and holds its list.
type Mapping struct {
	Common
	ParentSID string `db:"parent_sid" row:"parent"` // SD… or TK…
	Use       string `db:"use"`                     // calls, registrations
	ListSID   string `db:"list_sid"`                // AL… or CL…
	Kind      string `db:"kind"`                    // acl, credentials
}

// Trunk is an elastic SIP trunk. DomainName is unique without regard to case, "" for none.
type Trunk struct {
	Common
	DomainName             string `db:"domain_name"`
	FriendlyName           string `db:"friendly_name"`
	Secure                 bool   `db:"secure"`
	CnamLookupEnabled      bool   `db:"cnam_lookup_enabled"`
	TransferMode           string `db:"transfer_mode"`
	TransferCallerID       string `db:"transfer_caller_id"`
	DisasterRecoveryURL    string `db:"disaster_recovery_url"`
	DisasterRecoveryMethod string `db:"disaster_recovery_method"`
	RecordingMode          string `db:"recording_mode"`
	RecordingTrim          string `db:"recording_trim"`
	Aliases                string `db:"aliases"`                 // further host names, separated by spaces
	Settings               string `db:"settings" row:"settings"` // as a Domain's
}

// OriginationURL is where calls towards a trunk's customer go. It goes with its trunk.
type OriginationURL struct {
	Common
	TrunkSID     string `db:"trunk_sid" row:"parent"`
	FriendlyName string `db:"friendly_name"`
	SipURL       string `db:"sip_url"`
	Weight       int    `db:"weight"`
	Priority     int    `db:"priority"`
	Enabled      bool   `db:"enabled"`
}

// What a Key opens, its Scope.
const (
	ScopeFull = "full"
	ScopeRead = "read"
)

// Key is an API key. AccountSID "" opens every account.
type Key struct {
	Common
	Name  string `db:"name"`
	Hash  string `db:"hash" row:"secret"`
	Scope string `db:"scope"` // full, read
}

// The kinds of a Fee.
const (
	FeeUnregisteredCall = "unregistered_call"
	FeeEmergencyNumber  = "emergency_number"
)

// Fee is an entry of the ledger, unique by Kind, Subject and Period. It outlives what it speaks of.
type Fee struct {
	Common
	Kind    string `db:"kind"` // unregistered_call, emergency_number
	Cents   int64  `db:"cents"`
	Subject string `db:"subject"` // SID of the call or number
	Period  string `db:"period"`  // a month such as 2026-11, "" for none
	At      int64  `db:"at"`      // lab time, Unix ms
	Number  string `db:"number"`  // E.164
}

// AuditEntry says who changed what. Its SID and AccountSID are those of what was changed; it outlives that.
type AuditEntry struct {
	Common
	At      int64  `db:"at"` // Unix ms
	Actor   string `db:"actor"`
	Source  string `db:"source"`  // address the request came from, "" for none
	Action  string `db:"action"`  // insert, update, delete, or the word of who wrote the entry
	Kind    string `db:"kind"`    // account, address, number, …
	Changes string `db:"changes"` // JSON object: column → {"old": …, "new": …}; secrets as ***
}
