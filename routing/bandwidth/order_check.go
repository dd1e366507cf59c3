package bandwidth

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"callbox/routing/bandwidth/wire"
)

// The provider's codes for what is wrong with an order.
const (
	codeNotProvisioned = 8000
	codeCallerName     = 8001
	codeBothKinds      = 8011 // telephone numbers and endpoints in one order
	codeShortEndpoint  = 8012
	codeLongEndpoint   = 8013
	codeCallback       = 8014
	codeNoLetter       = 8015
	codeManyEndpoints  = 8016
	codeTwiceEndpoint  = 8017
	codeTwiceCallback  = 8018
	codeEndpointInUse  = 8020
	codeNoEndpoint     = 8021
	codeLocationID     = 8023
	codeNoLocation     = 8029
	codeDuplicate      = 8033
	codeLanguage       = 8035
	codeNotPIDFLO      = 8036
	codeTwiceLocation  = 8038
	codeLocationAbsent = 8040
	codeProvisioning   = 8042
	codeEndpointID     = 8045
	codePlaceNeeded    = 8046
	codePIDFLOState    = 8048
	codeManyAddresses  = 8049
	codeLocationBound  = 8051
	codeEditPIDFLO     = 8054
	codeOrderType      = 8057
	codeForbidden      = 8058
	codeLocationBad    = 8059
	codeTopLevel       = 8060
	codeIDNeeded       = 12108 // LocationId
)

// Bounds of an order and what is in it.
const (
	maxItems        = 1000
	maxCallerName   = 50
	maxCustomerID   = 256
	maxLocationID   = 50
	minEndpointID   = 10
	minPlainID      = 4 // of an endpoint whose calls bring no location
	maxEndpointID   = 30
	defaultLanguage = "en"
)

// check refuses an order that says too little, too much, or what cannot be. It looks at nothing but the order. optional
// lets endpoints be without a callback number.
func (o *e911Order) check(optional bool) error {
	if n := utf8.RuneCountInString(value(o.CustomerOrderID)); n > maxCustomerID {
		return wire.Bad(codeTooLong, "The CustomerOrderId is invalid. Max allowed length %d characters.", maxCustomerID)
	}
	lists := 0
	for _, n := range []int{len(o.Telephones), len(o.Endpoints), len(o.Additional), len(o.ToDelete), len(o.EndpointsToEdit), len(o.AddressesToEdit)} {
		if n > 0 {
			lists++
		}
		if n > maxItems && (n == len(o.Endpoints) || n == len(o.EndpointsToEdit)) {
			return wire.Bad(codeManyEndpoints, "The count of End User Identifiers in order exceeds the maximum size of %d.", maxItems)
		}
		if n > maxItems {
			return wire.Bad(codeManyAddresses, "The count of Additional Addresses in order exceeds the maximum size of %d.", maxItems)
		}
	}
	switch {
	case len(o.Telephones) > 0 && len(o.Endpoints) > 0:
		return wire.Bad(codeBothKinds, "Telephone Numbers and Alternate End User Identifiers cannot be submitted in the same E911 order.")
	case lists != 1:
		return wire.Bad(codeOrderType, "Error has occurred during recognition of the type of E911 order. Please specify correct payload elements for your type of order within request.")
	case len(o.Telephones) > 0:
		return wire.Bad(codeProvisioning, "General 911 Provisioning Error: 'addresses of telephone numbers are provisioned by the Twilio-compatible API here'")
	}
	deletes, err := flag("DeleteTNSpecificE911Address", o.Delete)
	if err != nil {
		return err
	}
	return o.checkItems(deletes, optional)
}

func (o *e911Order) checkItems(deletes, optional bool) error {
	switch {
	case deletes && (o.Address != nil || o.CallerName != nil):
		return wire.Bad(codeOrderType, "Address and CallerName should not be specified where DeleteTNSpecificE911Address is true.")
	case deletes && len(o.Endpoints) > 0:
		return each(o.Endpoints, endpointKey, "End User Identifier", codeTwiceEndpoint, func(p *endpoint) error { return p.named() })
	case deletes:
		return each(o.Additional, addressKey, "LocationId", codeTwiceLocation, func(a *Address) error { return knownID(a.LocationID) })
	case len(o.Endpoints) > 0:
		return o.checkNew(optional)
	case len(o.Additional) > 0:
		return each(o.Additional, addressKey, "LocationId", codeTwiceLocation, (*Address).ordered)
	case len(o.ToDelete) > 0:
		return each(o.ToDelete, func(t *wire.Text) string { return string(*t) }, "LocationId", codeTwiceLocation, func(t *wire.Text) error { return knownID(t) })
	case len(o.EndpointsToEdit) > 0:
		return each(o.EndpointsToEdit, endpointKey, "End User Identifier", codeTwiceEndpoint, (*endpoint).edited)
	}
	return each(o.AddressesToEdit, addressKey, "LocationId", codeTwiceLocation, (*Address).edited)
}

// checkNew checks an order of new endpoints.
func (o *e911Order) checkNew(optional bool) error {
	if o.Address != nil {
		if err := o.Address.ordered(); err != nil {
			return err
		}
	}
	if err := callerName(o.CallerName); err != nil {
		return err
	}
	callbacks := map[string]bool{}
	return each(o.Endpoints, endpointKey, "End User Identifier", codeTwiceEndpoint, func(p *endpoint) error {
		if err := p.fresh(o.Address != nil, optional); err != nil {
			return err
		}
		callback, _ := e164(value(p.CallbackNumber))
		if !p.pidflo() && callbacks[callback] {
			return wire.Bad(codeTwiceCallback, "The non-PIDF-LO section Callback telephone number '%s' is used two or more times in this order.", value(p.CallbackNumber))
		}
		callbacks[callback] = !p.pidflo()
		return nil
	})
}

// each checks the items of a list, and that no two have the same key.
func each[T any](list []T, key func(*T) string, what string, code int, check func(*T) error) error {
	seen := map[string]bool{}
	for i := range list {
		if err := check(&list[i]); err != nil {
			return err
		}
		k := key(&list[i])
		if k != "" && seen[k] {
			return wire.Bad(code, "The %s '%s' is used two or more times in this order.", what, k)
		}
		seen[k] = true
	}
	return nil
}

func endpointKey(p *endpoint) string { return value(p.Identifier) }

func addressKey(a *Address) string { return value(a.LocationID) }

// ordered checks an address that is to become a location.
func (a *Address) ordered() error {
	if a.LocationID != nil && value(a.LocationID) != "" {
		if err := knownID(a.LocationID); err != nil {
			return err
		}
	}
	if err := a.check(); err != nil {
		return err
	}
	return nil
}

// edited checks what is to be changed of a location.
func (a *Address) edited() error {
	if err := knownID(a.LocationID); err != nil {
		return err
	}
	switch {
	case a.PlusFour != nil:
		return wire.Bad(codeForbidden, "'%s' is forbidden to update.", "PlusFour")
	case a.Country != nil:
		return wire.Bad(codeForbidden, "'%s' is forbidden to update.", "Country")
	}
	if err := a.limits(); err != nil {
		return err
	}
	if _, _, _, err := a.point(); err != nil {
		return err
	}
	return nil
}

// knownID refuses what cannot be the ID of a location.
func knownID(t *wire.Text) error {
	id := value(t)
	if id == "" {
		return wire.Bad(codeIDNeeded, "LocationId is required")
	}
	if len(id) > maxLocationID || !alphanumeric(id) {
		return wire.Bad(codeLocationID, "'%.100s' is not a valid LocationId. Only alphanumeric values are allowed. Max length is %d characters.", id, maxLocationID)
	}
	return nil
}

func alphanumeric(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return (r < '0' || r > '9') && !letter(r) })
}

func letter(r rune) bool { return 'A' <= r && r <= 'Z' || 'a' <= r && r <= 'z' }

func (p *endpoint) pidflo() bool { return strings.EqualFold(value(p.PIDFLOEnabled), "true") }

// named refuses an endpoint whose identifier cannot be one.
func (p *endpoint) named() error {
	id, least := value(p.Identifier), minEndpointID
	if !p.pidflo() {
		least = minPlainID
	}
	switch {
	case len(id) < least:
		return wire.Bad(codeShortEndpoint, "The End User Identifier must be at least %d characters long.", least)
	case len(id) > maxEndpointID:
		return wire.Bad(codeLongEndpoint, "The End User Identifier is too long. Max length %d characters.", maxEndpointID)
	case !alphanumeric(id):
		return wire.Bad(codeEndpointID, "'%s' is not a valid Alternate End User Identifier. Identifier can contain letters or numbers only.", id)
	}
	return nil
}

// fresh checks an endpoint that is to be; placed says that the order has an address for it.
func (p *endpoint) fresh(placed, optional bool) error {
	pidflo, err := flag("PIDFLOEnabled", p.PIDFLOEnabled)
	if err != nil {
		return err
	}
	if err := p.named(); err != nil {
		return err
	}
	callback, good := e164(value(p.CallbackNumber))
	switch {
	case !good && (callback != "" || !pidflo || !optional):
		return wire.Bad(codeCallback, "Callback telephone number is not valid.")
	case !pidflo && !strings.ContainsFunc(value(p.Identifier), letter):
		return wire.Bad(codeNoLetter, "'%s' is not a valid End User Identifier. Identifier must contain at least one alphabetic character (a-z, A-Z).", value(p.Identifier))
	case !pidflo && (p.CallerName != nil || p.Address != nil || p.LocationID != nil || p.PreferredLanguage != nil):
		return wire.Bad(codeNotPIDFLO, "PIDF-LO section is invalid. Non-PIDF-LO AlternateEndUserIdentifiers should not contain any of CallerName, Address, LocationId or PreferredLanguage tags.")
	case !placed && p.Address == nil && value(p.LocationID) == "":
		return wire.Bad(codePlaceNeeded, "Each new Endpoint must contain 'LocationId' or top level address should be provided.")
	}
	if p.Address != nil {
		if err := p.Address.ordered(); err != nil {
			return err
		}
	}
	return p.details()
}

// edited checks what is to be changed of an endpoint.
func (p *endpoint) edited() error {
	if err := (&endpoint{Identifier: p.Identifier}).named(); err != nil {
		return err
	}
	if _, good := e164(value(p.CallbackNumber)); p.CallbackNumber != nil && !good {
		return wire.Bad(codeCallback, "Callback telephone number is not valid.")
	}
	if p.PIDFLOEnabled != nil && !p.pidflo() {
		return wire.Bad(codePIDFLOState, "Unable to change PIDF-LO state for existing AEUI.")
	}
	if p.Address != nil {
		return wire.Bad(codeForbidden, "'Address' is forbidden to update.")
	}
	return p.details()
}

// details checks what new and changed endpoints have in common.
func (p *endpoint) details() error {
	if value(p.LocationID) != "" {
		if err := knownID(p.LocationID); err != nil {
			return err
		}
	}
	switch value(p.PreferredLanguage) {
	case "", "en", "fr":
	default:
		return wire.Bad(codeLanguage, "Preferred Language is invalid. Valid values are: 'en'(default) or 'fr'")
	}
	return callerName(p.CallerName)
}

func callerName(t *wire.Text) error {
	s := value(t)
	if utf8.RuneCountInString(s) > maxCallerName {
		return wire.Bad(codeCallerName, "The CallerName '%.100s' is too long. Max length %d characters.", s, maxCallerName)
	}
	if strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f || r == utf8.RuneError }) {
		return wire.Bad(codeAddressValue, "Address value '%s' is invalid.", "CallerName")
	}
	return nil
}

// flag reads true or false, which is also what is not there.
func flag(name string, t *wire.Text) (bool, error) {
	switch strings.ToLower(value(t)) {
	case "true":
		return true, nil
	case "false", "":
		return false, nil
	}
	return false, wire.Bad(wire.CodeValue, "'%.40s' is not a valid value for %s; it is true or false.", value(t), name)
}

// e164 writes a number of the North American plan, "9706542333" or with 1 or +1 before it, as E.164. Of another text it
// returns the text and false.
func e164(s string) (string, bool) {
	digits := strings.Map(func(r rune) rune {
		if strings.ContainsRune("()-. ", r) {
			return -1
		}
		return r
	}, s)
	digits = strings.TrimPrefix(digits, "+")
	if len(digits) == 11 {
		digits = strings.TrimPrefix(digits, "1")
	}
	if len(digits) != 10 || strings.Trim(digits, "0123456789") != "" || digits[0] < '2' || digits[3] < '2' {
		return s, false
	}
	return "+1" + digits, true
}

// national writes a number as this API does: without +1.
func national(e164 string) string { return strings.TrimPrefix(e164, "+1") }

func describe(code int, format string, args ...any) (string, string) {
	return fmt.Sprint(code), fmt.Sprintf(format, args...)
}
