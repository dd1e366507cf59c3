package directory

import "strings"

// NG911 is how a next-generation centre is called (NENA-STA-010, RFC 6881). The zero value is a legacy centre: it is
// called by its URI, and gets number and address as PSAP.Format says.
type NG911 struct {
	On         bool           // the centre's delivery is ng911; the rest counts only then
	RequestURI RequestURI     // what its INVITE is addressed to
	Priority   string         // value of Resource-Priority where the caller's INVITE has none, "" for none
	Data       AdditionalData // how it is given the blocks of RFC 7852
}

// RequestURI is what an INVITE to a next-generation centre is addressed to.
type RequestURI uint8

// The Request-URIs.
const (
	RequestService RequestURI = iota // urn:service:sos or a child of it, with the centre's URI in Route
	RequestCentre                    // the centre's URI
)

// AdditionalData is how a centre is given data about a call beside the location (RFC 7852).
type AdditionalData uint8

// The ways.
const (
	DataByValue     AdditionalData = iota // as parts of the INVITE's body
	DataByReference                       // as https URLs of the edge, by value where it has none
	DataNone                              // not at all
)

const (
	deliveryWords = "legacy ng911"
	requestWords  = "service centre"
	dataWords     = "value reference none"

	// defaultPriority is the value for calls to a PSAP that begin outside the emergency network (RFC 7135, NENA-STA-010).
	defaultPriority = "esnet.1"
)

// delivery is the word of psaps[].delivery.
type delivery uint8

// UnmarshalText reads legacy or ng911.
func (d *delivery) UnmarshalText(b []byte) error {
	i, err := parse(deliveryWords, b)
	*d = delivery(i)
	return err
}

// String returns service or centre.
func (r RequestURI) String() string { return word(requestWords, uint8(r)) }

// MarshalText writes the Request-URI's word.
func (r RequestURI) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// UnmarshalText reads a Request-URI's word.
func (r *RequestURI) UnmarshalText(b []byte) error {
	i, err := parse(requestWords, b)
	*r = RequestURI(i)
	return err
}

// String returns value, reference or none.
func (d AdditionalData) String() string { return word(dataWords, uint8(d)) }

// MarshalText writes the way's word.
func (d AdditionalData) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads a way's word.
func (d *AdditionalData) UnmarshalText(b []byte) error {
	i, err := parse(dataWords, b)
	*d = AdditionalData(i)
	return err
}

// fileNG911 is psaps[].ng911.
type fileNG911 struct {
	RequestURI RequestURI     `yaml:"request_uri"`
	Priority   *string        `yaml:"resource_priority"`
	Data       AdditionalData `yaml:"additional_data"`
}

// ng911 takes how a next-generation centre is called.
func (b *builder) ng911(path string, f filePSAP) NG911 {
	if f.Delivery == 0 {
		if b.doc.Has(path + ".ng911") {
			b.bad(path+".ng911", "is for centres with delivery: ng911", "add delivery: ng911, or remove it")
		}
		return NG911{}
	}
	if f.Deliver == FormatSIP {
		b.bad(path+".deliver", "is for legacy centres: a next-generation centre is given its location in the INVITE",
			"remove deliver, or delivery: ng911")
	}
	ng := NG911{On: true, RequestURI: f.NG911.RequestURI, Priority: defaultPriority, Data: f.NG911.Data}
	if p := f.NG911.Priority; p != nil {
		if ng.Priority = *p; !isPriority(*p) {
			b.bad(path+".ng911.resource_priority", "is no value of Resource-Priority",
				"write one such as esnet.1, or \"\" for none")
		}
	}
	return ng
}

// isPriority tells whether s is one r-value (RFC 4412 section 3.1), or nothing.
func isPriority(s string) bool {
	const token = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-!%*_+`'~"
	if s == "" {
		return true
	}
	space, value, ok := strings.Cut(s, ".")
	return ok && len(s) <= 64 && space != "" && value != "" && strings.Trim(space, token) == "" &&
		strings.Trim(value, token) == ""
}
