package twilio

import (
	"fmt"
	"strings"

	"callbox/routing/directory/store"
	"callbox/routing/numbering"
	"callbox/routing/registration"
	"callbox/routing/twilio/rest"
)

// newNumberForm is how a client says which number it wants.
type newNumberForm struct {
	PhoneNumber string `form:"PhoneNumber" rule:"max=16,code=21421"`
	AreaCode    string `form:"AreaCode" rule:"max=3,code=21451"`
}

// newNumber takes a number into the account: the one asked for, whatever it is, or a free one of an area code.
func (a *api) newNumber(t *store.Tx, r *rest.Request) (store.Number, error) {
	var want newNumberForm
	if err := r.Decode(&want); err != nil {
		return store.Number{}, err
	}
	switch {
	case want.PhoneNumber == "" && want.AreaCode == "":
		return store.Number{}, rest.Bad(rest.CodeInvalidPhone, "PhoneNumber or AreaCode is required")
	case want.PhoneNumber == "":
		phone, err := a.pick(t, want.AreaCode)
		if err != nil {
			return store.Number{}, err
		}
		want.PhoneNumber = phone
	}
	return a.take(t, r, plussed(want.PhoneNumber))
}

// newNumberOf is newNumber for a sub-resource: a number of its class.
func (a *api) newNumberOf(s subset) func(*store.Tx, *rest.Request) (store.Number, error) {
	return func(t *store.Tx, r *rest.Request) (store.Number, error) {
		var want newNumberForm
		if err := r.Decode(&want); err != nil {
			return store.Number{}, err
		}
		want.PhoneNumber = plussed(want.PhoneNumber)
		switch {
		case want.AreaCode != "":
			return store.Number{}, rest.Bad(codeAreaCodeHere, "The AreaCode parameter is not supported on IncomingPhoneNumbers/%s", s.name)
		case want.PhoneNumber == "":
			return store.Number{}, rest.Missing(rest.CodeInvalidPhone, "PhoneNumber")
		case numbering.Possible(want.PhoneNumber) && numbering.ClassOf(want.PhoneNumber) != s.class:
			return store.Number{}, rest.Invalid(codeNumberClass, "PhoneNumber", "%s is not a %s number", want.PhoneNumber, s.class)
		}
		return a.take(t, r, want.PhoneNumber)
	}
}

// plussed gives a number its plus: one that was not escaped arrives as a space.
func plussed(phone string) string {
	if digits, ok := strings.CutPrefix(phone, " "); ok {
		return "+" + digits
	}
	return phone
}

// take makes the row of a number that is nobody's yet.
func (a *api) take(t *store.Tx, r *rest.Request, phone string) (n store.Number, err error) {
	if !numbering.Valid(phone) {
		return n, rest.Invalid(rest.CodeInvalidPhone, "PhoneNumber", "it must be E.164: + and 8 to 15 digits with the country code, such as +14155550100")
	}
	country, ok := numbering.Country(phone)
	if !ok || !a.o.Plan().Has(country) {
		return n, rest.Bad(codeNumberTaken, "PhoneNumber %s is not available: no country with emergency calling here has it", phone)
	}
	if !numbering.Possible(phone) {
		return n, rest.Invalid(rest.CodeInvalidPhone, "PhoneNumber", "%s is no number of %s: it is too long or too short, or has an area code or exchange that cannot be", phone, country)
	}
	q := store.Where("phone_number", phone)
	q.Limit = 1
	switch taken, err := store.Find[store.Number](t, q); {
	case err != nil:
		return n, err
	case len(taken) > 0 && taken[0].AccountSID == r.Var("AccountSid"):
		return n, rest.Bad(codeNumberTaken, "PhoneNumber %s is not available: this account has it already, as %s", phone, taken[0].SID)
	case len(taken) > 0:
		return n, rest.Bad(codeNumberTaken, "PhoneNumber %s is not available", phone)
	}
	n = store.Number{
		Common:      store.Common{AccountSID: r.Var("AccountSid")},
		PhoneNumber: phone, FriendlyName: numbering.Spoken(phone), Country: country, Service: "e911",
		EmergencyStatus: registration.Inactive, EmergencyAddressStatus: registration.Unregistered,
	}
	var in numberForm
	if err := r.Decode(&in); err != nil {
		return n, err
	}
	return n, a.apply(t, &in, &n)
}

// pick finds a free number in an area code: one of the hundred that are for fiction there, 555-0100 to 555-0199, so that a
// lab never dials a stranger.
func (a *api) pick(t *store.Tx, areaCode string) (string, error) {
	country, ok := numbering.AreaCode(areaCode)
	if !ok || !a.o.Plan().Has(country) {
		return "", rest.Invalid(codeAreaCode, "AreaCode", "it must be an area code of the US or Canada, such as 415")
	}
	first := "+1" + areaCode + "5550100"
	used, err := store.Find[store.Number](t, store.Query{Where: []store.Cond{
		{Column: "phone_number", Op: store.GreaterEq, Value: first},
		{Column: "phone_number", Op: store.LessEq, Value: "+1" + areaCode + "5550199"},
	}})
	if err != nil {
		return "", err
	}
	taken := map[string]bool{}
	for _, n := range used {
		taken[n.PhoneNumber] = true
	}
	for i := range 100 {
		if phone := fmt.Sprintf("%s%02d", first[:len(first)-2], i); !taken[phone] {
			return phone, nil
		}
	}
	return "", rest.Bad(codeAreaCodeFull, "No phone numbers found in area code %s", areaCode)
}
