// Package config turns a YAML file and CALLBOX_* environment variables into the edge's typed options, and reports
// everything wrong with them at once. It knows what the values must look like, not what is done with them.
package config

import (
	"net/netip"
	"time"

	"callbox/config/strict"
)

// Secret is a string that prints as ***; convert with string(s) where it is used.
type Secret = strict.Secret

// Options are all settings of one edge; Defaults returns a working set. The tag reload:"live" marks what takes effect
// at a reload; the rest needs a restart.
type Options struct {
	SIP       SIP      `yaml:"sip"`
	HTTP      HTTP     `yaml:"http"`
	RTP       RTP      `yaml:"rtp"`
	Data      string   `yaml:"data"`
	Directory string   `yaml:"directory" reload:"live"`
	Database  Database `yaml:"database"`
	Auth      Auth     `yaml:"auth"`
	Twilio    Twilio   `yaml:"twilio"`
	Lab       Lab      `yaml:"lab"`
	Sim       Sim      `yaml:"sim"`
	PSAP      PSAP     `yaml:"psap"`
	ALI       ALI      `yaml:"ali"`

	EmergencyData EmergencyData `yaml:"emergency_data"`

	LoST      LoST      `yaml:"lost"`
	SMTP      SMTP      `yaml:"smtp"`
	Registrar Registrar `yaml:"registrar"`
	Call      Call      `yaml:"call"`
	Drain     Drain     `yaml:"drain"`
	Log       Log       `yaml:"log"`
}

// SIP is the edge as SIP peers see it.
type SIP struct {
	Listeners []Listener `yaml:"listeners"`
	UserAgent string     `yaml:"user_agent"` // Server and User-Agent header; "" leaves them out
	TLS       TLS        `yaml:"tls"`
	WebSocket WebSocket  `yaml:"websocket"`
}

// Listener is one socket that takes SIP. An IPv6 address takes IPv6 only, so that [::]:5060 can stand beside
// 0.0.0.0:5060, each with its own advertised address.
type Listener struct {
	Network   string         `yaml:"network"`   // udp, tcp, tls, ws or wss
	Address   netip.AddrPort `yaml:"address"`   // port 0 picks a free one
	Advertise string         `yaml:"advertise"` // host or host:port for Via and Contact; "" finds the local address towards each peer

	// ClientAuth is whether peers of a tls or wss listener show a certificate of SIP.TLS.ClientCA: off, optional or
	// required; "" is off.
	ClientAuth string `yaml:"client_auth"`
}

// Encrypted tells whether the listener needs a certificate.
func (l Listener) Encrypted() bool { return l.Network == "tls" || l.Network == "wss" }

// TLS names the certificate of the tls and wss listeners, both empty for one made at first start, or both set; and the
// authorities that peers' certificates are held against.
type TLS struct {
	Certificate string `yaml:"certificate" reload:"live"` // PEM file, leaf first
	Key         string `yaml:"key" reload:"live"`         // PEM file
	ClientCA    string `yaml:"client_ca"`                 // PEM file of the authorities of clients
	CA          string `yaml:"ca"`                        // PEM file of authorities that servers are believed by besides the system's
}

// WebSocket is how the ws and wss listeners take connections.
type WebSocket struct {
	Origins []string `yaml:"origins"` // hosts, with * as a wildcard, of pages whose scripts may connect besides the listener's own
}

// HTTP is the socket of the APIs, console, metrics and health.
type HTTP struct {
	Address     netip.AddrPort `yaml:"address"`
	TLS         string         `yaml:"tls"`                       // off, auto (the certificate of the tls listeners) or files
	Certificate string         `yaml:"certificate" reload:"live"` // PEM file, leaf first; with TLS files only
	Key         string         `yaml:"key" reload:"live"`         // PEM file; with TLS files only
	Plain       bool           `yaml:"plain"`                     // an address that others reach may do without TLS
}

// RTP is the media relay.
type RTP struct {
	Ports      PortRange     `yaml:"ports"`
	Bind       netip.Addr    `yaml:"bind"`       // the zero Addr binds every address, IPv4 and IPv6
	Advertise  []netip.Addr  `yaml:"advertise"`  // at most one IPv4 and one IPv6 address; none finds the local address towards each peer
	Timeout    time.Duration `yaml:"timeout"`    // without media, not on hold; 0 never ends a call
	Quarantine time.Duration `yaml:"quarantine"` // how long a call's ports rest after it
}

// PortRange is an inclusive range of UDP ports, written 30000-39999: it begins with an even port and ends with an odd one.
type PortRange struct {
	Min, Max uint16
}

// Database is where accounts, numbers, addresses and domains are kept.
type Database struct {
	// URL is postgres://user:password@host/name, or sqlite:FILE; "" is a SQLite file in the data directory. It is a
	// secret because of the password in it: Shown is what may be told.
	URL Secret `yaml:"url"`
}

// Auth protects the APIs, and says how SIP peers are challenged.
type Auth struct {
	Algorithms []string      `yaml:"algorithms"` // of digest, in the order in which they are offered
	NonceLife  time.Duration `yaml:"nonce_life"` // how long a challenge may be answered
	Token      Secret        `yaml:"token"`      // "" makes one at first start and keeps it in the data directory
	ReadToken  Secret        `yaml:"read_token"` // may read and change nothing; "" is the one in the data directory, if there is one
}

// Twilio is how the Twilio-compatible API takes what Twilio's own documents describe in more than one way.
type Twilio struct {
	EmergencyStatus   string `yaml:"emergency_status"`   // ignored, or strict: set in a request of its own, pending for a while, and calls need it Active
	AddressValidation string `yaml:"address_validation"` // strict refuses an address that no range has, lenient keeps it unvalidated
}

// Lab is what a lab wants otherwise than a provider.
type Lab struct {
	Delays           string   `yaml:"delays"`            // quick, or realistic: how long a registration takes
	FailRegistration []string `yaml:"fail_registration"` // E.164 numbers whose registration fails
}

// Sim is the built-in simulated call centres.
type Sim struct {
	Enabled bool           `yaml:"enabled"`
	Address netip.AddrPort `yaml:"address"` // UDP and TCP; port 0 picks a free one
	Scripts string         `yaml:"scripts"` // YAML file; "" is the embedded one
	Voice   string         `yaml:"voice"`   // auto, builtin, espeak-ng or flite
}

// PSAP is how call centres are watched.
type PSAP struct {
	ProbeInterval time.Duration `yaml:"probe_interval"` // 0 probes nothing: every centre counts as in service
	ProbeTimeout  time.Duration `yaml:"probe_timeout"`
}

// ALI is how the records of callers are had by call centres whose screens ask for them.
type ALI struct {
	Listen  netip.AddrPort `yaml:"listen"`           // TCP, of the line protocol; the zero value is none
	Allow   []netip.Prefix `yaml:"allow"`            // networks that may ask there besides this machine
	Linger  time.Duration  `yaml:"linger"`           // how long a record is known after its call
	Class   string         `yaml:"class_of_service"` // of calls from a registered address, four letters; "" goes by the host called
	Company string         `yaml:"company"`          // company ID in the records, up to 5 letters and digits
}

// LoST is how clients of RFC 5222 are told which call centre serves a place.
type LoST struct {
	Access string `yaml:"access"` // known (as the API: this machine, and who has credentials), open (everybody) or off
	Name   string `yaml:"name"`   // of the server in answers and paths, a host name
}

// EmergencyData is what next-generation call centres are told of this edge, and where they get more about a call.
type EmergencyData struct {
	BaseURL  string            `yaml:"base_url"` // https URL by which centres reach the edge's HTTP; "" is http.address where that has TLS, else none
	Domain   string            `yaml:"domain"`   // in the identifiers of calls; "" is the host of base_url
	Provider EmergencyProvider `yaml:"provider"`
}

// EmergencyProvider is who a call centre asks about the edge's callers (RFC 7852 section 4.1).
type EmergencyProvider struct {
	Name      string   `yaml:"name"`
	ID        string   `yaml:"id"`        // of the series; "" is the domain
	Series    string   `yaml:"id_series"` // NENA, EENA or domain
	Contact   string   `yaml:"contact"`   // tel: or sip: URI of somebody who is there day and night; "" is sip:callbox@ and the domain
	Languages []string `yaml:"languages"` // tags such as en
}

// SMTP is the mail server that takes what is told of calls by e-mail.
type SMTP struct {
	Address  string `yaml:"address" reload:"live"`  // host:port; "" sends no e-mail
	From     string `yaml:"from" reload:"live"`     // sender's address
	User     string `yaml:"user" reload:"live"`     // "" for no authentication
	Password Secret `yaml:"password" reload:"live"` // with User
	TLS      string `yaml:"tls" reload:"live"`      // starttls, tls or off
}

// Registrar is how phones register.
type Registrar struct {
	MinExpires        time.Duration `yaml:"min_expires"`        // a shorter time is refused with 423
	MaxExpires        time.Duration `yaml:"max_expires"`        // a longer one is cut
	DefaultExpires    time.Duration `yaml:"default_expires"`    // of a phone that names none
	MaxBindings       int           `yaml:"max_bindings"`       // devices of one user
	Keepalive         string        `yaml:"keepalive"`          // options, crlf or off: what phones behind a NAT are sent by UDP
	KeepaliveInterval time.Duration `yaml:"keepalive_interval"` // between two of them to one phone
}

// Call limits single calls.
type Call struct {
	MaxDuration       time.Duration `yaml:"max_duration"`        // from the answer on; 0 is unlimited
	SessionExpires    time.Duration `yaml:"session_expires"`     // the session timer (RFC 4028) the edge asks for itself; 0 asks for none
	MinSessionExpires time.Duration `yaml:"min_session_expires"` // a shorter one is refused by 422
	TransferHosts     []string      `yaml:"transfer_hosts"`      // where call centres may transfer calls to, beside those of the directory
	PassHeaders       []string      `yaml:"pass_headers"`        // header fields of an INVITE that go on as they came, beside those that always do
}

// Drain is how the edge goes down.
type Drain struct {
	Limit time.Duration `yaml:"limit" reload:"live"` // calls still up after it are ended
}

// Log is what the edge writes to standard error.
type Log struct {
	Level  string `yaml:"level" reload:"live"` // trace, debug, info, warn or error
	Format string `yaml:"format"`              // json or console
}

// Defaults returns the options of an edge without any configuration: the embedded lab. Each call returns a fresh value.
func Defaults() Options {
	addr := netip.MustParseAddrPort
	return Options{
		SIP: SIP{
			Listeners: []Listener{
				{Network: "udp", Address: addr("0.0.0.0:5060")},
				{Network: "tcp", Address: addr("0.0.0.0:5060")},
				{Network: "tls", Address: addr("0.0.0.0:5061")},
			},
			UserAgent: "callbox",
		},
		HTTP:   HTTP{Address: addr("127.0.0.1:8080"), TLS: "off"},
		RTP:    RTP{Ports: PortRange{30000, 39999}, Timeout: time.Minute, Quarantine: 2 * time.Second},
		Data:   "./callbox-data",
		Twilio: Twilio{EmergencyStatus: "ignored", AddressValidation: "strict"},
		Lab:    Lab{Delays: "quick"},
		Sim:    Sim{Enabled: true, Address: addr("127.0.0.1:5070"), Voice: "auto"},
		PSAP:   PSAP{ProbeInterval: 10 * time.Second, ProbeTimeout: 3 * time.Second},
		ALI:    ALI{Linger: 30 * time.Second, Company: "CBOX"},
		EmergencyData: EmergencyData{
			Provider: EmergencyProvider{Name: "callbox", Series: "domain", Languages: []string{"en"}},
		},
		SMTP:  SMTP{TLS: "starttls"},
		LoST:  LoST{Access: "known", Name: "callbox.invalid"},
		Call:  Call{MaxDuration: 4 * time.Hour, MinSessionExpires: 90 * time.Second},
		Drain: Drain{Limit: time.Minute},
		Log:   Log{Level: "info", Format: "json"},
		Auth:  Auth{Algorithms: []string{"MD5", "SHA-256"}, NonceLife: 5 * time.Minute},
		Registrar: Registrar{
			MinExpires: time.Minute, MaxExpires: 24 * time.Hour, DefaultExpires: time.Hour, MaxBindings: 10,
			Keepalive: "options", KeepaliveInterval: 25 * time.Second,
		},
	}
}
