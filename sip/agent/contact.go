package agent

import (
	"strconv"
	"strings"
)

// Contact is one value of the Contact header fields of a REGISTER, or of the answer to one (RFC 3261 section 10.2, RFC 5626
// section 4.1). URI is as it was written: nothing in it could end a line or an angle bracket. It may be of any scheme; to the
// registrar those but sip and sips lead nowhere.
type Contact struct {
	URI      string
	Address  Address // of another scheme than sip and sips the scheme, as a rule
	Q        int     // thousandths: 1000 where nothing is said
	Expires  int     // seconds, -1 where nothing is said
	Instance string  // +sip.instance without its quotes, "" for none
	RegID    int     // reg-id, 0 for none
}

// maxContacts bounds the Contact values of one REGISTER that are read; an AOR may have far fewer.
const maxContacts = 64

// maxExpires is the longest expiry that is told apart: a year and more is a year.
const maxExpires = 366 * 24 * 3600

// parseContacts reads the values of the Contact header fields of a REGISTER. star tells that there is nothing but "*".
func parseContacts(values []string) (contacts []Contact, star bool, fl *fault) {
	for _, value := range values {
		for _, one := range splitList(value) {
			switch {
			case one == "*":
				star = true
				continue
			case len(contacts) == maxContacts:
				return nil, false, badRequest("more than %d values in Contact", maxContacts)
			}
			c, fl := parseContact(one)
			if fl != nil {
				return nil, false, fl
			}
			contacts = append(contacts, c)
		}
	}
	if star && len(contacts) > 0 {
		return nil, false, badRequest("Contact holds * beside other values; write * alone to remove all bindings")
	}
	return contacts, star, nil
}

// parseContact reads one value. What is understood can be written again by Contact.String and is read the same.
func parseContact(s string) (Contact, *fault) {
	p, err := parseParty(s)
	if err != nil && !isForeign(err) {
		return Contact{}, badRequest("Contact cannot be read: %v", err)
	}
	c := Contact{URI: p.spec, Address: p.uri.Address, Q: 1000, Expires: -1}
	c.Address.Display = ""
	if q, ok := param(p.params, "q"); ok {
		if c.Q, ok = parseQ(q); !ok {
			return Contact{}, badRequest("q of a Contact cannot be read: 0 to 1 with at most three digits behind the point")
		}
	}
	if e, ok := param(p.params, "expires"); ok {
		if c.Expires, ok = parseExpires(e); !ok {
			return Contact{}, badRequest("expires of a Contact cannot be read: it is a number of seconds")
		}
	}
	c.Instance, _ = param(p.params, "+sip.instance")
	if len(c.Instance) > 256 || strings.ContainsAny(c.Instance, `"\`) {
		return Contact{}, badRequest("+sip.instance of a Contact cannot be read")
	}
	if id, ok := param(p.params, "reg-id"); ok {
		n, err := strconv.ParseUint(id, 10, 31)
		if err != nil || n == 0 {
			return Contact{}, badRequest("reg-id of a Contact cannot be read: it is a number from 1")
		}
		c.RegID = int(n)
	}
	return c, nil
}

// parseQ reads a qvalue (RFC 3261 section 25.1) in thousandths.
func parseQ(s string) (int, bool) {
	whole, part, _ := strings.Cut(s, ".")
	if whole != "0" && whole != "1" || len(part) > 3 {
		return 0, false
	}
	n := 0
	for i := range 3 {
		n *= 10
		if i < len(part) {
			if part[i] < '0' || part[i] > '9' {
				return 0, false
			}
			n += int(part[i] - '0')
		}
	}
	if whole == "1" {
		return 1000, n == 0
	}
	return n, true
}

// parseExpires reads delta-seconds.
func parseExpires(s string) (int, bool) {
	if s == "" || len(s) > 18 || strings.Trim(s, "0123456789") != "" {
		return 0, false
	}
	n, err := strconv.ParseInt(s, 10, 64)
	return int(min(n, maxExpires)), err == nil
}

// String writes the value as a REGISTER or its answer holds it.
func (c Contact) String() string {
	b := make([]byte, 0, len(c.URI)+len(c.Instance)+64)
	b = append(append(append(b, '<'), c.URI...), '>')
	if c.Q != 1000 {
		b = append(b, ";q=0."...)
		b = append(b, byte('0'+c.Q/100%10), byte('0'+c.Q/10%10), byte('0'+c.Q%10))
	}
	if c.Expires >= 0 {
		b = strconv.AppendInt(append(b, ";expires="...), int64(c.Expires), 10)
	}
	if c.Instance != "" {
		b = append(append(append(b, `;+sip.instance="`...), c.Instance...), '"')
	}
	if c.RegID != 0 {
		b = strconv.AppendInt(append(b, ";reg-id="...), int64(c.RegID), 10)
	}
	return string(b)
}
