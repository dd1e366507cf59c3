package directory

import (
	"fmt"
	"strings"

	"callbox/config/strict"
)

// The words of the directory file, the API and the trace for each enumeration, by value.
const (
	serviceWords  = "none e911 basic911"
	statusWords   = "unregistered pending-registration registered registration-failure pending-unregistration unregistration-failure"
	formatWords   = "pidf sip"
	modeWords     = "fallback always"
	srtpWords     = "off optional required"
	sourceWords   = "from p-asserted-identity remote-party-id p-preferred-identity diversion"
	forkWords     = "parallel serial"
	eventWords    = "placed answered ended"
	providerWords = "twilio bandwidth"
	routingWords  = "always as_told never"
	validWords    = "UNVALIDATED VALID INVALID"
	paramWords    = "lower title"
	kindWords     = "none webhook email message listen barge sms voice" // of which the first cannot be written
)

var sourceHeaders = [...]string{"From", "P-Asserted-Identity", "Remote-Party-ID", "P-Preferred-Identity", "Diversion"}

// word returns the i-th of words.
func word(words string, i uint8) string {
	for w := range strings.SplitSeq(words, " ") {
		if i == 0 {
			return w
		}
		i--
	}
	return fmt.Sprintf("unknown(%d)", i)
}

// parse returns the position of b in words.
func parse(words string, b []byte) (uint8, error) {
	i := uint8(0)
	for w := range strings.SplitSeq(words, " ") {
		if w == string(b) {
			return i, nil
		}
		i++
	}
	return 0, &strict.Invalid{Message: "is not one of the words known here", Mend: "write " + strings.ReplaceAll(words, " ", ", ")}
}

// String returns none, e911 or basic911.
func (s Service) String() string { return word(serviceWords, uint8(s)) }

// MarshalText writes the service's word.
func (s Service) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads a service's word.
func (s *Service) UnmarshalText(b []byte) error {
	i, err := parse(serviceWords, b)
	*s = Service(i)
	return err
}

// String returns the status as Twilio's API spells it.
func (s AddressStatus) String() string { return word(statusWords, uint8(s)) }

// MarshalText writes the status as Twilio's API spells it.
func (s AddressStatus) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads a status as Twilio's API spells it.
func (s *AddressStatus) UnmarshalText(b []byte) error {
	i, err := parse(statusWords, b)
	*s = AddressStatus(i)
	return err
}

// String returns pidf or sip.
func (f Format) String() string { return word(formatWords, uint8(f)) }

// MarshalText writes the format's word.
func (f Format) MarshalText() ([]byte, error) { return []byte(f.String()), nil }

// UnmarshalText reads a format's word.
func (f *Format) UnmarshalText(b []byte) error {
	i, err := parse(formatWords, b)
	*f = Format(i)
	return err
}

// String returns off, optional or required.
func (s SRTP) String() string { return word(srtpWords, uint8(s)) }

// MarshalText writes the policy's word.
func (s SRTP) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads a policy's word.
func (s *SRTP) UnmarshalText(b []byte) error {
	i, err := parse(srtpWords, b)
	*s = SRTP(i)
	return err
}

// String returns fallback or always.
func (m CallerIDMode) String() string { return word(modeWords, uint8(m)) }

// MarshalText writes the mode's word.
func (m CallerIDMode) MarshalText() ([]byte, error) { return []byte(m.String()), nil }

// UnmarshalText reads a mode's word.
func (m *CallerIDMode) UnmarshalText(b []byte) error {
	i, err := parse(modeWords, b)
	*m = CallerIDMode(i)
	return err
}

// String returns the source as the name of its header, in small letters.
func (s IdentitySource) String() string { return word(sourceWords, uint8(s)) }

// Header returns the name of the source's header field.
func (s IdentitySource) Header() string {
	if int(s) < len(sourceHeaders) {
		return sourceHeaders[s]
	}
	return s.String()
}

// MarshalText writes the source's word.
func (s IdentitySource) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads a source's word.
func (s *IdentitySource) UnmarshalText(b []byte) error {
	i, err := parse(sourceWords, b)
	*s = IdentitySource(i)
	return err
}

// String returns parallel or serial.
func (f Fork) String() string { return word(forkWords, uint8(f)) }

// MarshalText writes the word of a way to ring.
func (f Fork) MarshalText() ([]byte, error) { return []byte(f.String()), nil }

// UnmarshalText reads the word of a way to ring.
func (f *Fork) UnmarshalText(b []byte) error {
	i, err := parse(forkWords, b)
	*f = Fork(i)
	return err
}

// String returns webhook, email, message, listen, barge, sms or voice.
func (k NotificationKind) String() string { return word(kindWords, uint8(k)) }

// MarshalText writes the kind's word.
func (k NotificationKind) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// UnmarshalText reads a kind's word.
func (k *NotificationKind) UnmarshalText(b []byte) error {
	_, words, _ := strings.Cut(kindWords, " ")
	i, err := parse(words, b)
	if err == nil {
		*k = NotificationKind(i + 1)
	}
	return err
}

// String returns placed, answered or ended.
func (e NotificationEvent) String() string { return word(eventWords, uint8(e)) }

// MarshalText writes the event's word.
func (e NotificationEvent) MarshalText() ([]byte, error) { return []byte(e.String()), nil }

// UnmarshalText reads an event's word.
func (e *NotificationEvent) UnmarshalText(b []byte) error {
	i, err := parse(eventWords, b)
	*e = NotificationEvent(i)
	return err
}

// String returns twilio or bandwidth.
func (p Provider) String() string { return word(providerWords, uint8(p)) }

// MarshalText writes the provider's word.
func (p Provider) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// UnmarshalText reads a provider's word.
func (p *Provider) UnmarshalText(b []byte) error {
	i, err := parse(providerWords, b)
	*p = Provider(i)
	return err
}

// String returns always, as_told or never.
func (r LocationRouting) String() string { return word(routingWords, uint8(r)) }

// MarshalText writes the word.
func (r LocationRouting) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// UnmarshalText reads the word.
func (r *LocationRouting) UnmarshalText(b []byte) error {
	i, err := parse(routingWords, b)
	*r = LocationRouting(i)
	return err
}

// String returns the status as Bandwidth's API spells it.
func (s ValidationStatus) String() string { return word(validWords, uint8(s)) }

// MarshalText writes the status as Bandwidth's API spells it.
func (s ValidationStatus) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads a status as Bandwidth's API spells it.
func (s *ValidationStatus) UnmarshalText(b []byte) error {
	i, err := parse(validWords, b)
	*s = ValidationStatus(i)
	return err
}

// String returns lower or title.
func (c ParameterCase) String() string { return word(paramWords, uint8(c)) }

// MarshalText writes the word.
func (c ParameterCase) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// UnmarshalText reads the word.
func (c *ParameterCase) UnmarshalText(b []byte) error {
	i, err := parse(paramWords, b)
	*c = ParameterCase(i)
	return err
}

// String says what is delivered: nothing, number, number and address, with the format where an address is.
func (d Delivery) String() string {
	switch {
	case d.Number && d.Address:
		return "number and address (" + d.Format.String() + ")"
	case d.Number:
		return "number"
	}
	return "nothing"
}
