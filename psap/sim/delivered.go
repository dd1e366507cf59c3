package sim

import (
	"net/url"
	"strings"

	"callbox/psap/ali"
	"callbox/sip/agent"
)

// delivered is what the INVITE told about the caller.
type delivered struct {
	number  string // E.164 as sent, "" when withheld
	record  ali.Record
	located bool // record holds an address
	sdp     []byte
}

// read takes what in delivers. The error is of its body, which is then as good as absent but for the address.
func read(in *agent.Incoming) (delivered, error) {
	d := delivered{number: number(in.From, in.Message)}
	if len(in.Message.Body) == 0 {
		return d, nil
	}
	sdp, pidf, err := ali.SplitMultipart(in.Message.ContentType, in.Message.Body)
	if err != nil {
		return d, err
	}
	d.sdp = sdp
	if pidf == nil {
		return d, nil
	}
	// A location that cannot be read must not keep a call from being answered.
	if record, err := ali.ParsePIDFLO(pidf); err == nil {
		d.record, d.located = record, record.Address() != ""
	}
	return d, nil
}

// number returns the caller's number: of P-Asserted-Identity, else of From.
func number(from agent.Address, m agent.Message) string {
	if n := identity(m.Get("P-Asserted-Identity")); n != "" {
		return n
	}
	if from.Host == "anonymous.invalid" || strings.EqualFold(from.User, "anonymous") {
		return ""
	}
	user, _, _ := strings.Cut(from.User, ";")
	return user
}

// identity returns the user part of the first SIP or the number of the first tel URI in a name-addr list.
func identity(value string) string {
	if quoted, ok := strings.CutPrefix(strings.TrimSpace(value), `"`); ok { // a display name may hold anything
		_, value, _ = strings.Cut(quoted, `"`)
	}
	if _, addr, ok := strings.Cut(value, "<"); ok {
		value = addr
	}
	value, _, _ = strings.Cut(value, ">")
	scheme, rest, _ := strings.Cut(strings.TrimSpace(value), ":")
	switch strings.ToLower(scheme) {
	case "sip", "sips":
		rest, _, _ = strings.Cut(rest, "@")
	case "tel":
	default:
		return ""
	}
	rest, _, _ = strings.Cut(rest, ";")
	if plain, err := url.PathUnescape(rest); err == nil {
		rest = plain
	}
	if strings.EqualFold(rest, "anonymous") {
		return ""
	}
	return rest
}
