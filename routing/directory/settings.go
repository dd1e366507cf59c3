package directory

import (
	"net/url"
	"slices"
	"strings"
	"time"
)

// Settings are callbox's own options of a domain or trunk, for which the provider's API has no field. The zero value of
// each stands for its default; those of a Snapshot's domains and trunks are filled in.
type Settings struct {
	Provider Provider         `yaml:"provider"` // whose rules hold
	Location LocationSettings `yaml:"location"`
	Identity Identity         `yaml:"identity"`
	Callback CallbackSettings `yaml:"callback"`
	Notify   []Notification   `yaml:"notify"`
}

// Provider is whose rules hold on a domain or trunk.
type Provider uint8

// The providers.
const (
	ProviderTwilio    Provider = iota // callers are numbers
	ProviderBandwidth                 // callers are numbers or AEUIs, and locations count that calls name by ID
)

// LocationSettings say what a location that a call brings counts for.
type LocationSettings struct {
	Routing LocationRouting `yaml:"routing"`
}

// LocationRouting says whether a location in a call routes it.
type LocationRouting uint8

// When a location in a call routes it (RFC 6442 section 4.2).
const (
	RouteAlways LocationRouting = iota // unless Geolocation-Routing says no
	RouteAsTold                        // where Geolocation-Routing says yes
	RouteNever
)

// Identity says by which number a caller is known.
type Identity struct {
	// Sources are where the caller's number is looked for, in this order: the first that holds a number of the account
	// counts. All but From count only from a peer that passed the guards of its domain or trunk.
	Sources   []IdentitySource `yaml:"sources"`
	Normalise bool             `yaml:"normalise"` // take a number of the account written otherwise than in E.164
}

// IdentitySource is a header that may hold the caller's number.
type IdentitySource uint8

// The sources of an identity.
const (
	SourceFrom        IdentitySource = iota
	SourceAsserted                   // P-Asserted-Identity (RFC 3325)
	SourceRemoteParty                // Remote-Party-ID, as 3CX and Cisco send it
	SourcePreferred                  // P-Preferred-Identity (RFC 3325)
	SourceDiversion                  // Diversion (RFC 5806): who forwarded the call
)

// CallbackSettings say how a call back from a call centre finds somebody.
type CallbackSettings struct {
	Fallback []string      `yaml:"fallback"` // who is called when nobody else answers: sip: or sips: URIs, or E.164 numbers
	Fork     Fork          `yaml:"fork"`     // how the phones of a number ring
	Ring     time.Duration `yaml:"ring"`     // how long each step rings
	Window   time.Duration `yaml:"window"`   // for how long after an emergency call the phone that made it rings first
}

// Fork is how several phones ring.
type Fork uint8

// The ways to ring several phones.
const (
	ForkParallel Fork = iota // all at once
	ForkSerial               // one after the other
)

// Notification is somebody who is told of emergency calls.
type Notification struct {
	Kind   NotificationKind `yaml:"kind"`
	To     string           `yaml:"to"`     // an http: or https: URL, an e-mail address, or a sip: or sips: URI, by Kind
	Secret Secret           `yaml:"secret"` // key of a webhook's signature, "" for the account's auth token
	Test   bool             `yaml:"test"`   // calls to the test number are told, too

	// Events are what is told of a call; none: all to a webhook, to people that it was placed.
	Events []NotificationEvent `yaml:"events"`
}

// NotificationEvent is a step of a call that is told.
type NotificationEvent uint8

// The steps that are told.
const (
	NotifyPlaced NotificationEvent = iota
	NotifyAnswered
	NotifyEnded
)

// Tells whether a step of a call is told.
func (n Notification) Tells(e NotificationEvent) bool {
	if len(n.Events) > 0 {
		return slices.Contains(n.Events, e)
	}
	return e == NotifyPlaced || n.Kind == NotifyWebhook
}

// NotificationKind is the way somebody is told of an emergency call.
type NotificationKind uint8

// The ways to be told.
const (
	NotifyWebhook NotificationKind = iota + 1
	NotifyEmail
	NotifyMessage // SIP MESSAGE
	NotifyListen  // a call that hears both sides
	NotifyBarge   // a call that hears both sides and is heard by both
	NotifySMS     // a text message to a number
	NotifyVoice   // a call to a number
)

// Defaults of callbacks.
const (
	defaultCallbackRing   = 20 * time.Second
	defaultCallbackWindow = time.Hour
)

// TrunkDefaults returns s with the defaults of a trunk for what it leaves out. A PBX sends one identity in From and
// another beside it, so trunks look at three headers.
func (s Settings) TrunkDefaults() Settings {
	return s.filled([]IdentitySource{SourceFrom, SourceAsserted, SourceRemoteParty})
}

// DomainDefaults returns s with the defaults of a domain for what it leaves out: a phone is known by its From.
func (s Settings) DomainDefaults() Settings { return s.filled([]IdentitySource{SourceFrom}) }

func (s Settings) filled(sources []IdentitySource) Settings {
	if s.Provider == ProviderBandwidth {
		sources = []IdentitySource{SourceAsserted, SourceFrom, SourceRemoteParty}
	}
	if len(s.Identity.Sources) == 0 {
		s.Identity.Sources = sources
	}
	if s.Callback.Ring == 0 {
		s.Callback.Ring = defaultCallbackRing
	}
	if s.Callback.Window == 0 {
		s.Callback.Window = defaultCallbackWindow
	}
	return s
}

// Masked returns s with *** for every secret, those in URLs included.
func (s Settings) Masked() Settings {
	s.Notify = slices.Clone(s.Notify)
	for i := range s.Notify {
		n := &s.Notify[i]
		n.Secret, n.To = Secret(n.Secret.String()), MaskedURL(n.To)
	}
	return s
}

// MaskedURL returns a URL with *** for its password, if it has one.
func MaskedURL(text string) string {
	i := strings.Index(text, "://")
	if i < 0 {
		return text
	}
	i += 3
	end := len(text)
	if n := strings.IndexAny(text[i:], "/?#"); n >= 0 {
		end = i + n
	}
	at := strings.LastIndexByte(text[i:end], '@') // a password may hold one, too
	name, _, ok := strings.Cut(text[i:i+max(at, 0)], ":")
	if !ok {
		return text
	}
	return text[:i] + name + ":***" + text[i+at:]
}

// SameService tells whether two URLs are of one web service, by scheme, host and port. A password that is kept must not go
// to another: who may write a URL need not know what was entered for the one before.
func SameService(a, b string) bool {
	first, err := url.Parse(a)
	second, other := url.Parse(b)
	return err == nil && other == nil && first.Host != "" && strings.EqualFold(first.Scheme, second.Scheme) && strings.EqualFold(first.Host, second.Host)
}

// Keep returns s with what was masked in it put back from old, as somebody who read settings and writes them back cannot
// know what was hidden: that of a notification of the same kind to the same place.
func (s Settings) Keep(old Settings) Settings {
	s.Notify = slices.Clone(s.Notify)
	for i := range s.Notify {
		n := &s.Notify[i]
		was := Notification{To: n.To}
		for _, o := range old.Notify {
			if o.Kind == n.Kind && MaskedURL(o.To) == MaskedURL(n.To) {
				was = o
			}
		}
		if n.Secret != "" && string(n.Secret) == n.Secret.String() {
			n.Secret = was.Secret
		}
		if n.To == MaskedURL(was.To) {
			n.To = was.To
		}
	}
	return s
}
