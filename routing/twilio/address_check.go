package twilio

import (
	"strings"
	"unicode/utf8"

	"callbox/routing/area"
	"callbox/routing/directory/store"
	"callbox/routing/twilio/rest"
)

// check holds an address for emergencies against the guide. An exact match stays as the client wrote it; a near one takes
// the guide's form if correct allows, else the guide's form is suggested.
func (a *api) check(row *store.Address, correct bool) error {
	row.Validated, row.ESN = false, ""
	if !row.EmergencyEnabled {
		return nil
	}
	if err := emergencyName(*row); err != nil {
		return err
	}
	if !a.o.Plan().Has(row.IsoCountry) {
		return rest.Bad(codeAddressUnknown, "The address cannot be validated: there is no emergency calling in %s here", row.IsoCountry)
	}
	found := a.o.Guide().Check(civic(*row))
	switch found.Match {
	case area.Exact:
		row.Validated, row.ESN = true, found.ESN
	case area.Near:
		suggested := *row
		adopt(&suggested, found.Address)
		if !correct {
			return rest.Bad(codeAddressSuggested, "%s", suggestion(suggested))
		}
		*row = suggested
		row.Validated, row.ESN = true, found.ESN
	default:
		if !a.o.Lenient {
			return rest.Bad(codeAddressUnknown, "The address you have provided cannot be validated: %s", found.Why)
		}
	}
	return nil
}

// emergencyName refuses a friendly name that is too long for an address for emergencies.
func emergencyName(row store.Address) error {
	if n := utf8.RuneCountInString(row.FriendlyName); row.EmergencyEnabled && n > maxEmergencyName {
		return rest.Invalid(codeFriendlyName, "FriendlyName",
			"it has %d characters; an address for emergency calling takes %d at most", n, maxEmergencyName)
	}
	return nil
}

func civic(row store.Address) area.Civic {
	return area.Civic{
		Street: row.Street, Secondary: row.StreetSecondary, City: row.City, State: row.Region,
		PostalCode: row.PostalCode, Country: row.IsoCountry,
	}
}

// adopt takes the guide's form of an address. A second line the guide says nothing of stays.
func adopt(row *store.Address, c area.Civic) {
	row.Street, row.City, row.Region, row.PostalCode = c.Street, c.City, c.State, c.PostalCode
	if c.Secondary != "" {
		row.StreetSecondary = c.Secondary
	}
}

// suggestion is the message with the address that could be meant, in the provider's exact form.
func suggestion(row store.Address) string {
	parts := []string{"FriendlyName: " + row.FriendlyName, "CustomerName: " + row.CustomerName, "Street: " + row.Street}
	if row.StreetSecondary != "" {
		parts = append(parts, "StreetSecondary: "+row.StreetSecondary)
	}
	parts = append(parts, "Locality: "+row.City, "Region: "+row.Region, "PostalCode: "+row.PostalCode, "IsoCountry: "+row.IsoCountry)
	return "Failed to validate address. Check the suggested address. | " + strings.Join(parts, ", ")
}
