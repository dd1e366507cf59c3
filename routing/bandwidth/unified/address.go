package unified

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"golang.org/x/text/language"

	"callbox/routing/area"
	"callbox/routing/directory"
	"callbox/routing/directory/store"
	"callbox/sip/location"
)

// The most of each that an account may have: ours, so that nobody fills the disk.
const (
	maxAddresses  = 100_000
	maxRecipients = 1000
	maxGroups     = 1000
)

// Bounds of an address's parts, in characters.
const (
	maxLine        = 200
	maxCity        = 100
	maxPostalCode  = 16
	maxDescription = 256
)

func (a *api) addresses(m *mux) {
	m.handle(http.MethodGet, "/addresses", false, listAddresses)
	m.handle(http.MethodPost, "/addresses", true, a.addAddress)
	m.handle(http.MethodGet, "/addresses/{id}", false, getAddress)
	m.handle(http.MethodPatch, "/addresses/{id}", true, a.updateAddress)
	m.handle(http.MethodDelete, "/addresses/{id}", true, deleteAddress)
}

// addressBody is an address as answers show it, with the details that a request gave.
type addressBody map[string]any

func showAddress(l store.Location) addressBody {
	c := l.Civic()
	p := area.Split(area.Civic{Street: c.Street, City: c.City, State: c.State, PostalCode: c.PostalCode, Country: c.Country})
	b := addressBody{}
	var details map[string]any
	if json.Unmarshal([]byte(l.Details), &details) == nil {
		maps.Copy(b, details)
	}
	maps.Copy(b, addressBody{
		"id": l.LocationID, "validationStatus": l.Validation, "address": c.Street, "houseNumber": p.House + p.HouseSuffix,
		"predirectional": p.Before, "postdirectional": p.After, "streetName": p.Name, "streetSuffix": p.Kind,
		"city": c.City, "state": c.State, "postalCode": c.PostalCode, "country": c.Country, "description": l.Description,
		"created": stamp(l.Created), "updated": stamp(l.Updated),
	})
	if c.Secondary != "" {
		b["addressLine2"] = c.Secondary
	}
	if at := l.Point(); at != nil {
		b["latitude"], b["longitude"] = at.Lat, at.Lon
	}
	return b
}

func listAddresses(t *store.Tx, r *request) (reply, error) {
	p, err := r.page("/addresses")
	if err != nil {
		return reply{}, err
	}
	q := store.Query{Account: r.account}
	if err := r.inRegion(&q); err != nil {
		return reply{}, err
	}
	rows, total, err := paged[store.Location](t, p, q)
	if err != nil {
		return reply{}, err
	}
	shown := make([]addressBody, len(rows))
	for i, l := range rows {
		shown[i] = showAddress(l)
	}
	return reply{http.StatusOK, map[string]any{"links": p.links(total), "addresses": shown}}, nil
}

// paged reads a page, and how many rows there are.
func paged[R store.Row](t *store.Tx, p page, q store.Query) (rows []R, total int, err error) {
	if total, err = store.Count[R](t, q); err != nil {
		return nil, 0, err
	}
	rows, err = store.Find[R](t, p.of(q))
	return rows, total, err
}

func getAddress(t *store.Tx, r *request) (reply, error) {
	l, err := store.ByID[store.Location](t, r.account, r.PathValue("id"))
	if err == nil {
		err = r.seen(l.IsoCountry)
	}
	if err != nil {
		return reply{}, err
	}
	return reply{http.StatusOK, showAddress(l)}, nil
}

func (a *api) addAddress(t *store.Tx, r *request) (reply, error) {
	o, err := r.object()
	if err != nil {
		return reply{}, err
	}
	l := store.Location{Common: store.Common{AccountSID: r.account}}
	if l.LocationID = o.text("id", directory.LongestLocationID); l.LocationID == "" {
		l.LocationID = digits(store.NewSID(""))
	}
	if !directory.ValidID(l.LocationID, directory.LongestLocationID) {
		o.note("id", "It must be printable ASCII without spaces, quotes, < > @ / ? # %% and backslashes.")
	}
	l.IsoCountry = "US"
	readAddress(o, &l)
	for _, need := range []struct{ name, value string }{{"addressLine1", l.Street}, {"city", l.City}} {
		if need.value == "" {
			o.note(need.name, "It is required.")
		}
	}
	if err := o.err(); err != nil {
		return reply{}, err
	}
	switch n, err := store.Count[store.Location](t, store.Query{Account: r.account}); {
	case err != nil:
		return reply{}, err
	case n >= maxAddresses:
		return reply{}, bad(source{}, "The account has %d addresses already, which is the most it can have.", n)
	}
	a.validate(&l)
	switch err := store.Insert(t, &l); {
	case errors.Is(err, store.ErrTaken):
		return reply{}, bad(source{Field: "id", Reference: "/addresses/" + l.LocationID}, "There is an address of the ID %s already.", l.LocationID)
	case err != nil:
		return reply{}, err
	}
	return reply{http.StatusCreated, showAddress(l)}, nil
}

// digits makes an ID of numerals out of the random hex digits of a SID: some paths of the document take nothing else.
func digits(sid string) string {
	n := uint64(0)
	for _, c := range sid[:13] {
		n = n<<4 | uint64(strings.IndexRune("0123456789abcdef", c))
	}
	return fmt.Sprint(1_000_000_000_000_000 + n%9_000_000_000_000_000)
}

// readAddress puts what a request says of an address into a row.
func readAddress(o *object, l *store.Location) {
	for _, f := range []struct {
		name    string
		at      *string
		longest int
	}{
		{"description", &l.Description, maxDescription}, {"addressLine1", &l.Street, maxLine}, {"addressLine2", &l.StreetSecondary, maxLine},
		{"city", &l.City, maxCity}, {"state", &l.Region, maxCity}, {"postalCode", &l.PostalCode, maxPostalCode},
	} {
		if o.has(f.name) {
			*f.at = o.text(f.name, f.longest)
		}
	}
	if o.has("country") {
		region, err := language.ParseRegion(o.text("country", 20))
		if err != nil || !region.IsCountry() {
			o.note("country", "It must be a country of ISO 3166-1, such as US or GBR.")
		}
		l.IsoCountry = region.String()
	}
	lat, isLat := o.number("latitude")
	lon, isLon := o.number("longitude")
	switch {
	case isLat != isLon:
		o.note("latitude", "Latitude and longitude must come together.")
	case isLat:
		p := location.Point{Lat: lat, Lon: lon}
		if err := p.Check(); err != nil {
			o.note("latitude", "%s.", err)
		} else {
			l.SetPoint(&p)
		}
	}
	readDetails(o, l)
}

// readDetails keeps what means nothing to calls, but for what says who lives there and on which floor.
func readDetails(o *object, l *store.Location) {
	kept := map[string]any{}
	_ = json.Unmarshal([]byte(l.Details), &kept)
	for name := range o.fields {
		switch {
		case name == "customerType":
			kept[name] = o.word(name, "RES", "BUS")
		case name == "service":
			kept[name] = o.word(name, "ES", "DS", "ESDS")
		case name == "prepaidPhonecard":
			kept[name] = o.flag(name)
		case slices.Contains(detailNames, name):
			kept[name] = o.text(name, maxLine)
		}
	}
	maps.DeleteFunc(kept, func(_ string, v any) bool { return v == "" })
	word := func(name string) string { s, _ := kept[name].(string); return s }
	if l.CustomerName = word("companyName"); l.CustomerName == "" {
		l.CustomerName = strings.TrimSpace(word("firstName") + " " + word("lastName"))
	}
	if l.StreetSecondary == "" {
		var parts []string
		for _, p := range []struct{ before, name string }{{"", "buildingName"}, {"Fl ", "floor"}, {"Flat ", "flatNumber"}} {
			if w := word(p.name); w != "" {
				parts = append(parts, p.before+w)
			}
		}
		l.StreetSecondary = strings.Join(parts, ", ")
	}
	if l.Details = ""; len(kept) > 0 {
		text, _ := json.Marshal(kept) // strings and a bool always marshal
		l.Details = string(text)
	}
}

// validate asks the guides for an address: a near match takes the guide's form. Where it has no point, one that is known
// for the address is its.
func (a *api) validate(l *store.Location) {
	c := l.Civic()
	n := a.o.Network()
	f := n.Guide().Check(c.InGuide())
	if f.Match == area.Near {
		c.Street, c.City, c.State, c.PostalCode = f.Address.Street, f.Address.City, f.Address.State, f.Address.PostalCode
		if f.Address.Secondary != "" {
			c.Secondary = f.Address.Secondary
		}
		l.SetCivic(c)
	}
	status, esn := n.Validate(c)
	l.Validation, l.ESN = status.String(), esn
	if !l.HasPoint && status == directory.Valid {
		if p, ok := n.Geocode(c); ok {
			l.SetPoint(&p)
		}
	}
}

func (a *api) updateAddress(t *store.Tx, r *request) (reply, error) {
	o, err := r.object()
	if err != nil {
		return reply{}, err
	}
	l, err := store.ByID[store.Location](t, r.account, r.PathValue("id"))
	if err == nil {
		err = r.seen(l.IsoCountry)
	}
	if err != nil {
		return reply{}, err
	}
	before := l
	readAddress(o, &l)
	if l.Street == "" || l.City == "" {
		o.note("addressLine1", "An address needs addressLine1 and city.")
	}
	if err := o.err(); err != nil {
		return reply{}, err
	}
	if l.Civic() != before.Civic() {
		if l.HasPoint && l.Lat == before.Lat && l.Lon == before.Lon { // it was that of the other address
			l.SetPoint(nil)
		}
		a.validate(&l)
		if err := a.keepsEndpoints(t, before, l); err != nil {
			return reply{}, err
		}
	}
	if err := store.Save(t, &l); err != nil {
		return reply{}, err
	}
	return reply{http.StatusOK, showAddress(l)}, nil
}

// keepsEndpoints refuses to make an address that nobody knows out of one that endpoints are at.
func (a *api) keepsEndpoints(t *store.Tx, before, after store.Location) error {
	if a.o.Lenient || after.Validation != directory.Invalid.String() || before.Validation == after.Validation {
		return nil
	}
	n, err := store.Count[store.Endpoint](t, store.Where("location_sid", before.SID))
	if err == nil && n > 0 {
		err = bad(source{Field: "addressLine1"}, "The address is not known, and %d endpoints are at it.", n)
	}
	return err
}

func deleteAddress(t *store.Tx, r *request) (reply, error) {
	l, err := store.ByID[store.Location](t, r.account, r.PathValue("id"))
	if err == nil {
		err = r.seen(l.IsoCountry)
	}
	if err == nil {
		err = store.Delete(t, &l)
	}
	if errors.Is(err, store.ErrInUse) {
		err = bad(source{Reference: "/endpoints?addressId=" + l.LocationID}, "The address cannot be deleted: endpoints are at it.")
	}
	return reply{status: http.StatusNoContent}, err
}

// detailNames are the fields of an address that are kept and shown, and mean nothing to calls.
var detailNames = strings.Fields(`district companyName firstName lastName floor title county std buildingName houseNumberLetter
	telephoneBook contactFirstName contactLastName contactPhoneNumber province buildingLocation buildingType flatNumber
	flatNumberLetter floorLetter floorType secondaryHouseNumber secondaryHouseNumberLetter secondaryStreetType
	secondFlatNumber secondFlatNumberLetter streetType addressSupplement birthDate birthPlace block commune companyLegalName
	companyNameAddition companyNumber companyType contactLanguage documentNumber door email entrance foreignCity
	foreignCountry foreignStreet houseNumberAddition idNumber idType inseeCode language listingLanguage middleName
	municipality municipalityCode naceCode officialMunicipalityKey poBox postalDesignation profession ruianAddressCode
	ruianBuildingCode ruianRegionCode ruianResidenceUnitCode ruianStreetCode ruianTownCode secondLastName siretNumber
	socialSecurityNumber streetCode taxNumber taxOffice tranditionalName vatNumber friendlyName`)
