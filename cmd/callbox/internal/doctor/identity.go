package doctor

import (
	"fmt"
	"slices"
	"strings"

	"callbox/routing/numbering"
)

const (
	cxFrom = "Voice & Chat > the trunk > Outbound Parameters: From: User Part = OutboundCallerId"
	cxUser = "Users > the user: Outbound Caller ID = the user's number with + and country code, such as +14155550100"
)

// caller is the number in From, "" where it holds none.
func (c Call) caller() string {
	if n := numbering.Number(c.From); numbering.Valid(n) {
		return n
	}
	return ""
}

// elsewhere returns the header field that holds a number where From does not, and the number.
func (c Call) elsewhere() (field, number string) {
	for _, f := range identities {
		if n := numbering.Number(c.Asserted[f]); numbering.Valid(n) {
			return f, n
		}
	}
	return "", ""
}

// identities are the header fields besides From that may say who calls, in the order of trust.
var identities = []string{"P-Asserted-Identity", "Remote-Party-ID", "P-Preferred-Identity", "Diversion"}

// authUser is the name a PBX authenticates by, as far as it is known.
func (c Call) isAuthUser(w Wanted) bool {
	return c.From != "" && (strings.EqualFold(c.From, c.Auth.User) || strings.EqualFold(c.From, w.User))
}

// callerPlace wants a number in From, whatever its format.
func callerPlace(w Wanted, c Call) finding {
	field, number := c.elsewhere()
	also := ""
	if field != "" {
		also = fmt.Sprintf("; %s has %s", field, number)
	}
	meant, _ := international(w.Country, strings.TrimPrefix(numbering.Number(c.From), "+"))
	switch {
	case c.caller() != "":
		return finding{state: OK, saw: c.From}
	case strings.EqualFold(c.From, "anonymous") || strings.HasSuffix(c.FromHost, ".invalid"):
		return finding{Wrong, "From is anonymous" + also,
			"an emergency call has no privacy: send the number in From",
			cxFrom + "; and no rule or user hides the caller ID"}
	case c.isAuthUser(w):
		return finding{Wrong, fmt.Sprintf("From holds %q, the authentication ID%s", c.From, also),
			"put the caller's own number into the user part of From; credentials belong into the answer to the challenge only" + sources(field),
			cxFrom + " instead of AuthID"}
	case meant != "":
		return finding{state: OK, saw: c.From}
	case len(c.From) > 0 && len(c.From) <= 6 && strings.Trim(c.From, "0123456789") == "":
		return finding{Wrong, fmt.Sprintf("From holds %s, an extension%s", c.From, also),
			"put the number that belongs to the extension into the user part of From" + sources(field), cxUser + "; and " + cxFrom}
	}
	return finding{Wrong, fmt.Sprintf("From holds %q, which is no number%s", c.From, also),
		"put the caller's number with + and country code into the user part of From" + sources(field), cxFrom + "; and " + cxUser}
}

// sources is the other way out where the number is in another field.
func sources(field string) string {
	if field == "" {
		return ""
	}
	return fmt.Sprintf("; or let the trunk read %s, by its setting identity.sources", strings.ToLower(field))
}

// callerFormat wants the number in From in E.164.
func callerFormat(w Wanted, c Call) finding {
	if n := c.caller(); n != "" {
		return finding{state: OK, saw: n}
	}
	meant, _ := international(w.Country, strings.TrimPrefix(numbering.Number(c.From), "+"))
	if meant == "" || c.isAuthUser(w) {
		return finding{}
	}
	return finding{Wrong, fmt.Sprintf("From holds %s, which would be %s", c.From, meant),
		"send " + meant + ": + and country code, without national prefix; or let the trunk do it, by its setting identity.normalise", cxUser}
}

// callerKnown wants a number of the account.
func callerKnown(w Wanted, c Call) finding {
	n := c.caller()
	switch {
	case n == "" || len(w.Numbers) == 0:
		return finding{}
	case slices.Contains(w.Numbers, n):
		return finding{state: OK, saw: n}
	}
	return finding{Wrong, n + " is not among the numbers given by --number",
		"calls from a number that is not on the account are refused: correct it, or take the number into the account",
		"Voice & Chat > the trunk > DID Numbers, and " + cxUser}
}
