package bandwidth

import (
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"callbox/routing/area"
	"callbox/routing/bandwidth/wire"
)

// The provider's codes for what is wrong with an address.
const (
	codeAddressUnknown = 8006 // no guide knows it
	codeAddressValue   = 8056
	codeState          = 8063
	codeTooLong        = 8107
	codeBothOfPoint    = 13034
	codeLatitude       = 13035
	codeLongitude      = 13036
	codeHousePrefix    = 13044
	codeStreetSuffix   = 13045
	codePlusFour       = 13052
)

// maxAddressLine2 is what call centres can show of a second line, in characters.
const maxAddressLine2 = 60

// Address is an address as the API writes it. A nil element is not there, which is not the same as an empty one: an order
// that edits an address clears that.
type Address struct {
	LocationID      *wire.Text `xml:"LocationId" json:",omitempty"`
	AddressLine1    *wire.Text `xml:"AddressLine1" json:",omitempty"`
	HousePrefix     *wire.Text `xml:"HousePrefix" json:",omitempty"`
	HouseNumber     *wire.Text `xml:"HouseNumber" json:",omitempty"`
	HouseSuffix     *wire.Text `xml:"HouseSuffix" json:",omitempty"`
	PreDirectional  *wire.Text `xml:"PreDirectional" json:",omitempty"`
	StreetName      *wire.Text `xml:"StreetName" json:",omitempty"`
	StreetSuffix    *wire.Text `xml:"StreetSuffix" json:",omitempty"`
	PostDirectional *wire.Text `xml:"PostDirectional" json:",omitempty"`
	AddressLine2    *wire.Text `xml:"AddressLine2" json:",omitempty"`
	City            *wire.Text `xml:"City" json:",omitempty"`
	StateCode       *wire.Text `xml:"StateCode" json:",omitempty"`
	Zip             *wire.Text `xml:"Zip" json:",omitempty"`
	PlusFour        *wire.Text `xml:"PlusFour" json:",omitempty"`
	County          *wire.Text `xml:"County" json:",omitempty"`
	Country         *wire.Text `xml:"Country" json:",omitempty"`
	Latitude        *wire.Text `xml:"Latitude" json:",omitempty"`
	Longitude       *wire.Text `xml:"Longitude" json:",omitempty"`
	AddressType     *wire.Text `xml:"AddressType" json:",omitempty"`
	Validation      *wire.Text `xml:"ValidationStatus" json:",omitempty"`
	Adjusted        *wire.Text `xml:"Adjusted" json:",omitempty"`
	EndpointCount   *wire.Text `xml:"EndpointCount" json:",omitempty"`
}

func text(s string) *wire.Text { t := wire.Text(s); return &t }

// some is text, nil for an empty one.
func some(s string) *wire.Text {
	if s == "" {
		return nil
	}
	return text(s)
}

func value(t *wire.Text) string {
	if t == nil {
		return ""
	}
	return string(*t)
}

// part is an element of an address with the most characters it may have.
type part struct {
	name string
	at   **wire.Text
	max  int
	code int // where it is longer; 0 is the general one
}

// parts are the elements that people fill in, with the provider's limits.
func (a *Address) parts() []part {
	return []part{
		{"AddressLine1", &a.AddressLine1, 200, 0}, {"HousePrefix", &a.HousePrefix, 6, codeHousePrefix},
		{"HouseNumber", &a.HouseNumber, 45, 0}, {"HouseSuffix", &a.HouseSuffix, 6, 0},
		{"PreDirectional", &a.PreDirectional, 2, 0}, {"StreetName", &a.StreetName, 200, 0},
		{"StreetSuffix", &a.StreetSuffix, 45, codeStreetSuffix}, {"PostDirectional", &a.PostDirectional, 2, 0},
		{"AddressLine2", &a.AddressLine2, 200, 0}, {"City", &a.City, 100, 0}, {"StateCode", &a.StateCode, 45, 0},
		{"Zip", &a.Zip, 10, 0}, {"PlusFour", &a.PlusFour, 10, 0}, {"County", &a.County, 100, 0}, {"Country", &a.Country, 45, 0},
	}
}

// limits refuses what is too long or no text.
func (a *Address) limits() *wire.Error {
	for _, p := range a.parts() {
		s := value(*p.at)
		switch n := utf8.RuneCountInString(s); {
		case strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f || r == utf8.RuneError }):
			return wire.Bad(codeAddressValue, "Address value '%s' is invalid.", p.name)
		case n <= p.max:
		case p.code == codeHousePrefix:
			return wire.Bad(p.code, "House Prefix '%s' is too long. Max length 6 characters", s)
		case p.code == codeStreetSuffix:
			return wire.Bad(p.code, "Street Suffix '%.100s' is too long. Max length 45 characters", s)
		default:
			return wire.Bad(codeTooLong, "The %s is invalid. Max allowed length %d characters.", p.name, p.max)
		}
	}
	return nil
}

// check refuses an address that cannot be one, before anybody looks for it.
func (a *Address) check() *wire.Error {
	if err := a.limits(); err != nil {
		return err
	}
	for _, p := range []struct {
		name string
		at   *wire.Text
	}{{"HouseNumber", a.HouseNumber}, {"StreetName", a.StreetName}, {"City", a.City}, {"StateCode", a.StateCode}} {
		if value(p.at) == "" {
			return wire.Bad(wire.CodeRequired, "%s is required", p.name)
		}
	}
	return a.checkPlace()
}

// checkPlace refuses a state, a postal code or a point that cannot be.
func (a *Address) checkPlace() *wire.Error {
	country, ok := a.country()
	switch {
	case !ok:
		return wire.Bad(codeAddressValue, "Address value '%s' is invalid. Country must be US or CA.", value(a.Country))
	case !area.HasState(country, value(a.StateCode)):
		return wire.Bad(codeState, "StateCode '%s' is invalid or not supported. Please correct and try the request again.", value(a.StateCode))
	}
	if _, four, both := strings.Cut(value(a.Zip), "-"); both && country == "US" && value(a.PlusFour) != "" && four != value(a.PlusFour) {
		return wire.Bad(codePlusFour, "The PlusFour field value %s does not match the plus four extension %s provided in the Zip field.", value(a.PlusFour), four)
	}
	_, _, _, err := a.point()
	return err
}

// point is where the address is, if it says so.
func (a *Address) point() (lat, lon float64, ok bool, err *wire.Error) {
	north, east := value(a.Latitude), value(a.Longitude)
	if north == "" && east == "" {
		return 0, 0, false, nil
	}
	if north == "" || east == "" {
		return 0, 0, false, wire.Bad(codeBothOfPoint, "Latitude and Longitude values must be supplied together.")
	}
	lat, bad := strconv.ParseFloat(north, 64)
	if bad != nil || math.IsNaN(lat) || lat < -90 || lat > 90 {
		return 0, 0, false, wire.Bad(codeLatitude, "Latitude must be a numeric value between -90.00000 and 90.000000.")
	}
	lon, bad = strconv.ParseFloat(east, 64)
	if bad != nil || math.IsNaN(lon) || lon < -180 || lon > 180 {
		return 0, 0, false, wire.Bad(codeLongitude, "Longitude must be a numeric value between -180.00000 to 180.000000.")
	}
	return lat, lon, true, nil
}

// country is the ISO code of the address's country, which may be left out where its state tells.
func (a *Address) country() (string, bool) {
	switch area.Word(value(a.Country)) {
	case "":
		if !area.HasState("US", value(a.StateCode)) && area.HasState("CA", value(a.StateCode)) {
			return "CA", true
		}
		return "US", true
	case "US", "USA", "UNITED STATES", "UNITED STATES OF AMERICA":
		return "US", true
	case "CA", "CAN", "CANADA":
		return "CA", true
	}
	return "", false
}

// line is the street line: the first line as it was given where it was not taken apart.
func (a *Address) line() string {
	if value(a.HouseNumber) == "" || value(a.StreetName) == "" {
		return value(a.AddressLine1)
	}
	return joined(value(a.HousePrefix)+value(a.HouseNumber), value(a.HouseSuffix), value(a.PreDirectional), value(a.StreetName),
		value(a.StreetSuffix), value(a.PostDirectional))
}

func joined(words ...string) string {
	return strings.Join(strings.Fields(strings.Join(words, " ")), " ")
}

// civic is the address as guides take it.
func (a *Address) civic() area.Civic {
	country, _ := a.country()
	code := value(a.Zip)
	if four := value(a.PlusFour); four != "" && code != "" && !strings.Contains(code, "-") && country == "US" {
		code += "-" + four
	}
	return area.Civic{
		Street: a.line(), Secondary: value(a.AddressLine2), City: value(a.City), State: value(a.StateCode),
		PostalCode: code, Country: country,
	}
}

// addressOf writes an address in a guide's standard form as the API does.
func addressOf(c area.Civic) Address {
	p := area.Split(c)
	zip, four := c.PostalCode, ""
	if c.Country == "US" {
		zip, four, _ = strings.Cut(c.PostalCode, "-")
	}
	return Address{
		HouseNumber: some(p.House), HouseSuffix: some(p.HouseSuffix), PreDirectional: some(p.Before), StreetName: some(p.Name),
		StreetSuffix: some(p.Kind), PostDirectional: some(p.After), AddressLine2: some(c.Secondary), City: some(c.City),
		StateCode: some(c.State), Zip: some(zip), PlusFour: some(four), Country: some(c.Country),
	}
}

// differences says what of an address a guide has otherwise, in the provider's words.
func (a *Address) differences(valid Address) string {
	c := a.civic()
	given := area.Split(c)
	zip, _, _ := strings.Cut(c.PostalCode, "-")
	var b strings.Builder
	for _, f := range []struct{ name, given, valid string }{
		{"House Number", given.House, value(valid.HouseNumber)}, {"Pre Directional", given.Before, value(valid.PreDirectional)},
		{"Street Name", given.Name, value(valid.StreetName)}, {"Street Suffix", given.Kind, value(valid.StreetSuffix)},
		{"Post Directional", given.After, value(valid.PostDirectional)}, {"City", area.Word(c.City), area.Word(value(valid.City))},
		{"State Code", area.State(c.Country, c.State), value(valid.StateCode)},
		{"Zip", area.PostalCode(zip), area.PostalCode(value(valid.Zip))},
	} {
		if f.valid != "" && f.given != f.valid {
			b.WriteString(" Specified value - " + f.name + ` : "` + f.given + `" Valid value - "` + f.valid + `"`)
		}
	}
	return b.String()
}
