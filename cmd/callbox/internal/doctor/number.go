package doctor

import (
	"fmt"
	"slices"
	"strings"

	"github.com/nyaruka/phonenumbers"

	"callbox/routing/numbering"
)

// The 3CX pages named here are those of its version 20.
const (
	cxEmergency = "System > Emergency: + Add, Number %s, Route 1 this trunk"
	cxRules     = "Outbound Rules: the rule that took the call, Strip digits and Prepend"
)

// dialled tells whether one of the wanted numbers came.
func dialled(w Wanted, s Seen, number string) Check {
	c := Check{ID: "dialled_" + number, Title: number + " reaches the trunk", State: OK}
	for _, call := range s.Calls {
		if numbering.Number(call.Dialled) == number {
			c.Saw = fmt.Sprintf("dialled from %s", call.Source)
			return c
		}
	}
	c.State = Wrong
	c.Saw = "nobody dialled it, or the PBX kept it"
	c.Mend = fmt.Sprintf("dial %s from a phone of the PBX while this listens; if that was done, add %s to its dial plan, unchanged, with this trunk as route", number, number)
	c.Mend3CX = fmt.Sprintf(cxEmergency, number)
	for _, call := range s.Calls {
		if core, _ := prefixed(w, numbering.Number(call.Dialled)); core == number {
			c.Saw = fmt.Sprintf("it came as %s", call.Dialled)
		}
	}
	return c
}

// prefixed finds a wanted number behind digits that somebody had to dial, or a rule put, in front of it.
func prefixed(w Wanted, user string) (number, prefix string) {
	if numbering.Valid(user) {
		return "", ""
	}
	for _, n := range w.Dialled {
		if p, ok := strings.CutSuffix(user, n); ok && p != "" && len(p) <= 3 {
			return n, p
		}
	}
	return "", ""
}

// directDial wants emergency numbers as they are (Kari's Law, 47 CFR 9.16).
func directDial(w Wanted, c Call) finding {
	user := numbering.Number(c.Dialled)
	if slices.Contains(w.Dialled, user) {
		return finding{state: OK, saw: user + " came as it is"}
	}
	number, prefix := prefixed(w, user)
	switch {
	case number == "":
		return finding{}
	case strings.Contains(prefix, "+"):
		return finding{Wrong, fmt.Sprintf("%s came as %s", number, c.Dialled),
			fmt.Sprintf("a rule makes E.164 of %s: give emergency numbers a rule of their own, before the others, that changes nothing", number),
			fmt.Sprintf(cxEmergency, number) + "; such a number passes the Outbound Rules by"}
	}
	return finding{Wrong, fmt.Sprintf("%s came as %s", number, c.Dialled),
		fmt.Sprintf("%s must be dialled without %q in front (Kari's Law); where both are dialled, strip the prefix before the trunk", number, prefix),
		fmt.Sprintf(cxEmergency, number) + "; and Outbound Rules: strip " + prefix + " where people still dial it"}
}

// calledFormat wants what is no emergency number in E.164.
func calledFormat(w Wanted, c Call) finding {
	user := numbering.Number(c.Dialled)
	if slices.Contains(w.Dialled, user) || numbering.ShortNumber(user) {
		return finding{}
	}
	if n, _ := prefixed(w, user); n != "" {
		return finding{}
	}
	if numbering.Valid(user) {
		return finding{state: OK, saw: user}
	}
	meant, rule := international(w.Country, user)
	if meant == "" {
		return finding{Wrong, fmt.Sprintf("%q was dialled, which is no telephone number", c.Dialled),
			"send numbers as + and country code; an emergency edge takes emergency numbers only", cxRules}
	}
	return finding{Wrong, fmt.Sprintf("%s was dialled, which would be %s", c.Dialled, meant),
		"have a rule of the dial plan make + and country code of it: " + rule, "Outbound Rules: " + rule}
}

// international returns what a number without + would be in E.164, and the rule that makes it so: those of the guide.
func international(country, digits string) (e164, rule string) {
	if strings.Trim(digits, "0123456789") != "" || len(digits) < 6 || len(digits) > 18 {
		return "", ""
	}
	for _, exit := range exitCodes(country) {
		if rest, ok := strings.CutPrefix(digits, exit); ok && numbering.Valid("+"+rest) && numbering.Possible("+"+rest) {
			return "+" + rest, fmt.Sprintf("numbers starting with %s: Strip digits %d, Prepend +", exit, len(exit))
		}
	}
	n, err := phonenumbers.Parse(digits, country)
	if err != nil || !phonenumbers.IsPossibleNumber(n) {
		if numbering.Valid("+"+digits) && numbering.Possible("+"+digits) {
			return "+" + digits, "numbers with their country code: Prepend +"
		}
		return "", ""
	}
	e164 = phonenumbers.Format(n, phonenumbers.E164)
	code := fmt.Sprintf("+%d", n.GetCountryCode())
	national := strings.TrimPrefix(e164, code)
	switch strip := len(digits) - len(national); {
	case strings.HasPrefix("+"+digits, code) && "+"+digits == e164:
		rule = "numbers starting with " + code[1:] + ": Prepend +"
	case strip > 0 && strings.HasSuffix(digits, national):
		rule = fmt.Sprintf("numbers starting with %s: Strip digits %d, Prepend %s", digits[:strip], strip, code)
	default:
		rule = fmt.Sprintf("numbers with a length of %d: Prepend %s", len(digits), code)
	}
	return e164, rule
}

// exitCodes are what is dialled before a country code, the longest first.
func exitCodes(country string) []string {
	switch country {
	case "US", "CA":
		return []string{"011"}
	case "AU":
		return []string{"0011"}
	}
	return []string{"00"}
}
