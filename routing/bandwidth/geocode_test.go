package bandwidth

import (
	"net/http"
	"strings"
	"testing"

	"callbox/routing/directory/store"
	"callbox/routing/directory/store/storetest"
)

func requestAddress(elements string) string {
	return `<?xml version="1.0" encoding="UTF-8" standalone="yes"?><RequestAddress>` + elements + `</RequestAddress>`
}

const city = `<City>San Francisco</City><StateCode>CA</StateCode><Zip>94105</Zip>`

func TestAnAddressIsGeocoded(t *testing.T) {
	t.Parallel()
	e := newEdge(t, storetest.Open(t, storetest.SQLite, store.Options{}))
	tests := []struct {
		name, elements string
		status         int
		line           string
	}{
		{"taken apart", `<HouseNumber>645</HouseNumber><StreetName>Harrison</StreetName><StreetSuffix>Street</StreetSuffix>` + city, 200, "645 HARRISON ST"},
		{"on one line", `<AddressLine1>645 Harrison St</AddressLine1>` + city, 200, "645 HARRISON ST"},
		{"parts before the line", `<AddressLine1>nowhere</AddressLine1><HouseNumber>645</HouseNumber><StreetName>Harrison St</StreetName>` + city, 200, "645 HARRISON ST"},
		{"the type in the name", `<HouseNumber>645</HouseNumber><StreetName>Harrison St</StreetName>` + city, 200, "645 HARRISON ST"},
		{"empty elements, a country, a suite", `<HousePrefix/><AddressLine1>645 Harrison St</AddressLine1><AddressLine2>Suite 500</AddressLine2><PlusFour/><Country>United States</Country>` + city, 200, "645 HARRISON ST"},
		{"a state by name", `<AddressLine1>645 Harrison St</AddressLine1><City>San Francisco</City><StateCode>California</StateCode><Zip>94105</Zip>`, 200, "645 HARRISON ST"},
		{"in Canada", `<AddressLine1>110 Laurier Ave W</AddressLine1><City>Ottawa</City><StateCode>ON</StateCode><Zip>K1P 1J1</Zip>`, 200, "110 LAURIER AVE W"},
		{"misspelled", `<HouseNumber>645</HouseNumber><StreetName>Harrisson</StreetName><StreetSuffix>St</StreetSuffix>` + city, 409, "645 HARRISON ST"},
		{"with another postal code", `<AddressLine1>645 Harrison St</AddressLine1><City>San Francisco</City><StateCode>CA</StateCode><Zip>94199</Zip>`, 409, "645 HARRISON ST"},
	}
	for _, tt := range tests {
		a := e.ask(http.MethodPost, "/geocodeRequest", requestAddress(tt.elements))
		t.Run(tt.name, func(t *testing.T) {
			a.t = t
			a.is(tt.status, "GeocodedAddress/AddressLine1", tt.line)
			if a.status == 409 && !strings.HasPrefix(a.one("ErrorMessage"), "Some adjustments are required to allow the address to pass geocoding: Specified value - ") {
				t.Error(a.text)
			}
		})
	}
}

func TestAGeocodedAddressIsWhatTheDocumentShows(t *testing.T) {
	t.Parallel()
	e := newEdge(t, storetest.Open(t, storetest.SQLite, store.Options{}))
	a := e.ask(http.MethodPost, "/geocodeRequest", requestAddress(`<AddressLine1>645 Harrisson St</AddressLine1>
		<HousePrefix/><HouseNumber>645</HouseNumber><HouseSuffix/><StreetName>
		Harrisson
		</StreetName><StreetSuffix>St</StreetSuffix><AddressLine2>Suite 500</AddressLine2>`+city))
	a.is(409, "GeocodedAddress/HouseNumber", "645", "GeocodedAddress/StreetName", "HARRISON", "GeocodedAddress/StreetSuffix", "ST",
		"GeocodedAddress/AddressLine2", "STE 500", "GeocodedAddress/City", "SAN FRANCISCO", "GeocodedAddress/StateCode", "CA",
		"GeocodedAddress/Zip", "94105", "GeocodedAddress/Country", "US",
		"RequestAddress/StreetName", "Harrisson", "RequestAddress/Country", "US", "RequestAddress/AddressLine1", "645 Harrisson St",
		"ErrorMessage", `Some adjustments are required to allow the address to pass geocoding: Specified value - Street Name : "HARRISSON" Valid value - "HARRISON"`)
	if !strings.HasPrefix(a.text, `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>`) || strings.Contains(a.text, "HousePrefix") {
		t.Error(a.text)
	}
}

func TestAnAddressThatCannotBeGeocodedIsRefused(t *testing.T) {
	t.Parallel()
	e := newEdge(t, storetest.Open(t, storetest.SQLite, store.Options{}))
	for name, tt := range map[string]struct{ elements, code string }{
		"nothing like it":     {`<AddressLine1>1 Nowhere Lane</AddressLine1>` + city, "12110"},
		"no street":           {city, "1003"},
		"no city":             {`<AddressLine1>645 Harrison St</AddressLine1><StateCode>CA</StateCode>`, "1003"},
		"no state":            {`<AddressLine1>645 Harrison St</AddressLine1><City>San Francisco</City>`, "1003"},
		"no such state":       {`<AddressLine1>645 Harrison St</AddressLine1><City>San Francisco</City><StateCode>XX</StateCode>`, "8063"},
		"no such country":     {`<AddressLine1>10 Downing St</AddressLine1><City>London</City><StateCode>CA</StateCode><Country>GB</Country>`, "8056"},
		"a long line":         {`<AddressLine1>` + strings.Repeat("x", 201) + `</AddressLine1>` + city, "8107"},
		"a long prefix":       {`<HousePrefix>1234567</HousePrefix><AddressLine1>645 Harrison St</AddressLine1>` + city, "13044"},
		"a long suffix":       {`<StreetSuffix>` + strings.Repeat("x", 46) + `</StreetSuffix><AddressLine1>645 Harrison St</AddressLine1>` + city, "13045"},
		"codes that disagree": {`<AddressLine1>645 Harrison St</AddressLine1><City>San Francisco</City><StateCode>CA</StateCode><Zip>94105-1234</Zip><PlusFour>4321</PlusFour>`, "13052"},
		"half a point":        {`<AddressLine1>645 Harrison St</AddressLine1><Latitude>37.7</Latitude>` + city, "13034"},
		"a latitude too far":  {`<AddressLine1>645 Harrison St</AddressLine1><Latitude>-122.4</Latitude><Longitude>37.7</Longitude>` + city, "13035"},
		"a longitude NaN":     {`<AddressLine1>645 Harrison St</AddressLine1><Latitude>37.7</Latitude><Longitude>NaN</Longitude>` + city, "13036"},
	} {
		a := e.ask(http.MethodPost, "/geocodeRequest", requestAddress(tt.elements))
		t.Run(name, func(t *testing.T) {
			a.t = t
			a.refused(400, "GeocodeRequestResponse", tt.code)
		})
	}
}

func TestOnlyTheAccountsOwnCredentialsOpenIt(t *testing.T) {
	t.Parallel()
	e := newEdge(t, storetest.Open(t, storetest.SQLite, store.Options{}))
	body := requestAddress(`<AddressLine1>645 Harrison St</AddressLine1>` + city)
	for name, tt := range map[string]struct {
		user, password, account string
		status                  int
		code                    string
	}{
		"by its SID":             {e.mine, "token", e.mine, 200, ""},
		"any account's":          {"root", "any", e.other, 200, ""},
		"wrong password":         {e.mine, "wrong", number, 401, "1001"},
		"another account's":      {e.other, "token", number, 403, "1001"},
		"no account":             {e.mine, "token", "123", 403, "1001"},
		"no account, any":        {"root", "any", "123", 404, "12020"},
		"no SID, any":            {"root", "any", "AC'", 404, "12020"},
		"a key that only reads":  {e.mine, "read", number, 403, "1001"},
		"the account's own, far": {e.other, "token", e.other, 200, ""},
	} {
		a := e.askAs(tt.user, tt.password, http.MethodPost, "/api/accounts/"+tt.account+"/geocodeRequest", body)
		t.Run(name, func(t *testing.T) {
			if a.t = t; tt.code != "" {
				a.refused(tt.status, "GeocodeRequestResponse", tt.code)
			} else {
				a.is(tt.status)
			}
		})
	}
	e.askAs(e.mine, "token", http.MethodPost, "/v1.0/accounts/"+number+"/geocodeRequest", body).is(200)
	e.ask(http.MethodGet, "/geocodeRequest", "").refused(405, "GeocodeRequestResponse", "1019")
	e.ask(http.MethodGet, "/geocoderequest", "").refused(404, "ErrorResponse", "")
}
