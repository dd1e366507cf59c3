package bandwidth

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"callbox/routing/directory/store"
	"callbox/routing/directory/store/storetest"
)

const (
	harrison = `<HouseNumber>645</HouseNumber><HouseSuffix/><PreDirectional/><StreetName>Harrison</StreetName><StreetSuffix>Street</StreetSuffix>
		<PostDirectional/><AddressLine2>Suite 500</AddressLine2><City>San Francisco</City><StateCode>CA</StateCode><Zip>94105</Zip><PlusFour/><County/><Country>US</Country>`
	standard = `<HouseNumber>645</HouseNumber><StreetName>HARRISON</StreetName><StreetSuffix>ST</StreetSuffix><City>SAN FRANCISCO</City><StateCode>CA</StateCode><Zip>94105</Zip>`
	nowhere  = `<HouseNumber>1</HouseNumber><StreetName>Nowhere</StreetName><StreetSuffix>Lane</StreetSuffix><City>San Francisco</City><StateCode>CA</StateCode><Zip>94105</Zip>`
)

func locations(addresses ...string) string {
	return `<E911Order><CustomerOrderId>mine</CustomerOrderId><AdditionalAddresses><Address>` + strings.Join(addresses, `</Address><Address>`) + `</Address></AdditionalAddresses></E911Order>`
}

func endpoints(each ...string) string {
	return `<E911Order><AlternateEndUserIdentifiers><AlternateEndUserIdentifier>` +
		strings.Join(each, `</AlternateEndUserIdentifier><AlternateEndUserIdentifier>`) + `</AlternateEndUserIdentifier></AlternateEndUserIdentifiers></E911Order>`
}

func phone(id, more string) string {
	return `<PIDFLOEnabled>true</PIDFLOEnabled><Identifier>` + id + `</Identifier><CallbackNumber>9195551234</CallbackNumber>
		<CallerName>5th Floor Conference Phone</CallerName>` + more
}

func deleted(order string) string {
	return strings.Replace(order, "</E911Order>", "<DeleteTNSpecificE911Address>true</DeleteTNSpecificE911Address></E911Order>", 1)
}

// order posts an order that is taken and returns the path of it.
func (e *edge) order(body string) string {
	e.t.Helper()
	a := e.ask(http.MethodPost, "/e911s", body).is(201, "E911Order/ProcessingStatus", "RECEIVED")
	path := "/e911s/" + a.one("E911Order/OrderId")
	if want := e.http.URL + "/api/accounts/" + number + path; a.header.Get("Location") != want {
		e.t.Errorf("Location is %q, want %q", a.header.Get("Location"), want)
	}
	return path
}

// outcome posts an order, lets it come about and returns it.
func (e *edge) outcome(body string) answer {
	e.t.Helper()
	path := e.order(body)
	e.step(delay)
	return e.ask(http.MethodGet, path, "").is(200)
}

func TestAProviderProvisionsALocationAndAnEndpoint(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, e *edge) {
		made := e.ask(http.MethodPost, "/e911s", locations(`<LocationId>CorpOffice5thFloor</LocationId>`+harrison))
		made.is(201, "E911Order/CustomerOrderId", "mine", "E911Order/AccountId", number, "E911Order/CreatedByUser", e.mine,
			"E911Order/ProcessingStatus", "RECEIVED", "E911Order/AdditionalAddresses/Address/StreetSuffix", "Street",
			"E911Order/AdditionalAddresses/Address/HouseSuffix", "", "E911Order/AdditionalAddresses/Address/LocationId", "CorpOffice5thFloor",
			"E911Order/OrderCreateDate", "2026-11-21T10:00:00.000Z", "E911Order/OrderType", "e911", "E911Order/ErrorList", "")
		path := "/e911s/" + made.one("E911Order/OrderId")
		e.ask(http.MethodGet, path, "").is(200, "ProcessingStatus", "RECEIVED")
		e.ask(http.MethodGet, "/addresses?type=e911", "").refused(404, "AddressesResponse", "")
		e.step(delay)
		e.ask(http.MethodGet, path, "").is(200, "ProcessingStatus", "ADJUSTED_COMPLETE", "AdditionalAddresses/Address/StreetName", "HARRISON",
			"AdditionalAddresses/Address/StreetSuffix", "ST", "AdditionalAddresses/Address/AddressLine2", "STE 500",
			"AdditionalAddresses/Address/AddressType", "E911", "AdditionalAddresses/Address/ValidationStatus", "VALID",
			"AdditionalAddresses/Address/Adjusted", "true", "ErrorList", "", "LastModifiedDate", "2026-11-21T10:00:03.000Z")
		e.ask(http.MethodGet, path+"/history", "").is(200)

		e.outcome(endpoints(phone("9zdRwdQqZW99uYr", `<LocationId>CorpOffice5thFloor</LocationId>`))).is(200, "ProcessingStatus", "COMPLETE",
			"AlternateEndUserIdentifiers/AlternateEndUserIdentifier/PreferredLanguage", "en", "ErrorList", "")
		e.ask(http.MethodGet, "/aeuis", "").is(200, "TotalCount", "1", "AlternateEndUserIdentifiers/AlternateEndUserIdentifier/CallbackNumber", "9195551234")
		e.ask(http.MethodGet, "/aeuis/9zdRwdQqZW99uYr", "").is(200, "AlternateEndUserIdentifier/E911/Address/StreetName", "HARRISON",
			"AlternateEndUserIdentifier/E911/CallerName", "5th Floor Conference Phone", "AlternateEndUserIdentifier/LocationId", "CorpOffice5thFloor")
		e.ask(http.MethodGet, "/addresses?type=e911", "").is(200, "TotalCount", "1", "Addresses/Address/EndpointCount", "1", "Addresses/Address/LocationId", "CorpOffice5thFloor")

		inUse := e.outcome(deleted(locations(`<LocationId>CorpOffice5thFloor</LocationId>`)))
		inUse.is(200, "ProcessingStatus", "FAILED", "ErrorList/E911AddressError/Code", "8051", "ErrorList/E911AddressError/Addresses/Address/LocationId", "CorpOffice5thFloor")
		if !strings.Contains(inUse.one("ErrorList/E911AddressError/Description"), "'9zdRwdQqZW99uYr'") || strings.Contains(inUse.text, "TelephoneNumbers") {
			t.Error(inUse.text)
		}
		e.outcome(deleted(endpoints(`<Identifier>9zdRwdQqZW99uYr</Identifier>`))).is(200, "ProcessingStatus", "COMPLETE", "DeleteTNSpecificE911Address", "true")
		e.ask(http.MethodGet, "/aeuis/9zdRwdQqZW99uYr", "").refused(404, "AlternateEndUserIdentifierResponse", "")
		e.ask(http.MethodGet, "/aeuis", "").refused(404, "AlternateEndUserIdentifiersResponse", "12087")
		e.outcome(deleted(locations(`<LocationId>CorpOffice5thFloor</LocationId>`))).is(200, "ProcessingStatus", "COMPLETE")
		e.ask(http.MethodGet, "/addresses?e911locationid=CorpOffice5thFloor", "").refused(404, "AddressesResponse", "")
	})
}

func TestALocationIDIsAssigned(t *testing.T) {
	t.Parallel()
	e := newEdge(t, storetest.Open(t, storetest.SQLite, store.Options{}))
	a := e.outcome(locations(standard)).is(200, "ProcessingStatus", "COMPLETE", "AdditionalAddresses/Address/Adjusted", "false")
	if id := a.one("AdditionalAddresses/Address/LocationId"); len(id) != 32 || !alphanumeric(id) {
		t.Errorf("the ID is %q", id)
	}
	top := strings.Replace(endpoints(phone("endpoint0001", ""), phone("endpoint0002", "")), "<AlternateEndUserIdentifiers>", "<Address>"+harrison+"</Address><AlternateEndUserIdentifiers>", 1)
	a = e.outcome(top).is(200, "ProcessingStatus", "ADJUSTED_COMPLETE", "Address/StreetName", "HARRISON")
	ids := a.at("AlternateEndUserIdentifiers/AlternateEndUserIdentifier/LocationId")
	if len(ids) != 2 || ids[0] != ids[1] || ids[0] != a.one("Address/LocationId") {
		t.Errorf("endpoints that share an address are at %q", ids)
	}
	a = e.outcome(endpoints(phone("endpoint0003", `<LocationId>here</LocationId><Address>`+harrison+`</Address>`)))
	a.is(200, "AlternateEndUserIdentifiers/AlternateEndUserIdentifier/LocationId", "here",
		"AlternateEndUserIdentifiers/AlternateEndUserIdentifier/Address/LocationId", "here", "AlternateEndUserIdentifiers/AlternateEndUserIdentifier/Address/StreetName", "HARRISON")
}

func TestAnEndpointWithoutPIDFLOHasTheOrdersAddressAndName(t *testing.T) {
	t.Parallel()
	e := newEdge(t, storetest.Open(t, storetest.SQLite, store.Options{}))
	body := `<E911Order><CallerName>Front Desk</CallerName><Address>` + harrison + `</Address><AlternateEndUserIdentifiers><AlternateEndUserIdentifier>
		<CallbackNumber>9706542333</CallbackNumber><Identifier>abc123</Identifier><PIDFLOEnabled>false</PIDFLOEnabled>
		</AlternateEndUserIdentifier></AlternateEndUserIdentifiers></E911Order>`
	e.outcome(body).is(200, "ProcessingStatus", "ADJUSTED_COMPLETE")
	e.ask(http.MethodGet, "/aeuis/abc123", "").is(200, "AlternateEndUserIdentifier/E911/CallerName", "Front Desk",
		"AlternateEndUserIdentifier/E911/Address/StreetName", "HARRISON", "AlternateEndUserIdentifier/PIDFLOEnabled", "false")
	e.outcome(`<E911Order><EndpointsToEdit><AlternateEndUserIdentifier><Identifier>abc123</Identifier><CallerName>x</CallerName></AlternateEndUserIdentifier></EndpointsToEdit></E911Order>`).
		is(200, "ProcessingStatus", "FAILED", "ErrorList/AEUIError/Code", "8054")
}

func TestLocationsAndEndpointsAreEdited(t *testing.T) {
	t.Parallel()
	e := newEdge(t, storetest.Open(t, storetest.SQLite, store.Options{}))
	e.outcome(locations(`<LocationId>a</LocationId><Latitude>37.78</Latitude><Longitude>-122.39</Longitude>`+harrison, `<LocationId>b</LocationId>`+standard))
	e.outcome(endpoints(phone("endpoint0001", `<LocationId>a</LocationId>`)))
	e.outcome(`<E911Order><AddressesToEdit><Address><LocationId>a</LocationId><AddressLine2>Floor 7</AddressLine2></Address></AddressesToEdit></E911Order>`).
		is(200, "AddressesToEdit/Address/AddressLine2", "FL 7")
	e.ask(http.MethodGet, "/addresses?e911locationid=a", "").is(200, "Addresses/Address/AddressLine2", "FL 7", "Addresses/Address/HouseNumber", "645", "Addresses/Address/Latitude", "37.780000")
	e.outcome(`<E911Order><EndpointsToEdit><AlternateEndUserIdentifier><Identifier>endpoint0001</Identifier><LocationId>b</LocationId><PreferredLanguage>fr</PreferredLanguage>
		<CallbackNumber>2125550123</CallbackNumber></AlternateEndUserIdentifier></EndpointsToEdit></E911Order>`).is(200, "ProcessingStatus", "COMPLETE")
	e.ask(http.MethodGet, "/aeuis/endpoint0001", "").is(200, "AlternateEndUserIdentifier/LocationId", "b", "AlternateEndUserIdentifier/PreferredLanguage", "fr",
		"AlternateEndUserIdentifier/CallbackNumber", "2125550123", "AlternateEndUserIdentifier/CallerName", "5th Floor Conference Phone")
	e.write(func(tx *store.Tx) error {
		row, err := locationOf(tx, e.mine, "a")
		if row.CustomerName, row.Details = "Somebody", `{"floor":"9"}`; err != nil {
			return err
		}
		return store.Save(tx, &row)
	})
	e.outcome(locations(`<LocationId>a</LocationId>`+standard)).is(200, "ProcessingStatus", "COMPLETE") // written over
	e.write(func(tx *store.Tx) error {
		row, err := locationOf(tx, e.mine, "a")
		if row.CustomerName != "" || row.Details != "" || row.StreetSecondary != "" {
			t.Errorf("of the address before there is left %+v", row)
		}
		return err
	})
	e.ask(http.MethodGet, "/addresses?e911locationid=a", "").is(200, "TotalCount", "1")
	e.outcome(`<E911Order><AddressesToDelete><E911LocationId>a</E911LocationId></AddressesToDelete></E911Order>`).is(200, "ProcessingStatus", "COMPLETE")
	for name, tt := range map[string]struct{ body, code string }{
		"a location that is not there":  {`<E911Order><AddressesToEdit><Address><LocationId>a</LocationId></Address></AddressesToEdit></E911Order>`, "8040"},
		"an endpoint that is not there": {`<E911Order><EndpointsToEdit><AlternateEndUserIdentifier><Identifier>nobody0001</Identifier></AlternateEndUserIdentifier></EndpointsToEdit></E911Order>`, "8000"},
		"an address nobody knows":       {`<E911Order><AddressesToEdit><Address><LocationId>b</LocationId><StreetName>Nowhere</StreetName></Address></AddressesToEdit></E911Order>`, "8006"},
		"a house number taken away":     {`<E911Order><AddressesToEdit><Address><LocationId>b</LocationId><HouseNumber/></Address></AddressesToEdit></E911Order>`, "1003"},
	} {
		if a := e.outcome(tt.body); !strings.Contains(a.text, "<Code>"+tt.code+"</Code>") || a.one("ProcessingStatus") != "FAILED" {
			t.Errorf("%s: want %s:\n%s", name, tt.code, a.text)
		}
	}
}

func TestAnOrderFailsWithItsErrors(t *testing.T) {
	t.Parallel()
	e := newEdge(t, storetest.Open(t, storetest.SQLite, store.Options{}))
	e.outcome(endpoints(phone("endpoint0001", `<LocationId>a</LocationId><Address>`+standard+`</Address>`)))
	for name, tt := range map[string]struct{ body, status, code string }{
		"an unknown address":              {locations(nowhere), "FAILED", "8006"},
		"one of two":                      {locations(nowhere, standard), "PARTIAL", "8006"},
		"a second line of 61 characters":  {locations(standard + `<AddressLine2>` + strings.Repeat("x", 61) + `</AddressLine2>`), "FAILED", "8042"},
		"at a location that is not there": {endpoints(phone("endpoint0002", `<LocationId>b</LocationId>`)), "FAILED", "8040"},
		"at an address nobody knows":      {endpoints(phone("endpoint0002", `<Address>`+nowhere+`</Address>`)), "FAILED", "8059"},
		"deleting what is not there":      {deleted(locations(`<LocationId>zz</LocationId>`)), "FAILED", "8029"},
		"deleting who is not there":       {deleted(endpoints(`<Identifier>nobody0001</Identifier>`)), "FAILED", "8021"},
	} {
		a := e.outcome(tt.body)
		if a.one("ProcessingStatus") != tt.status || !strings.Contains(a.text, "<Code>"+tt.code+"</Code>") {
			t.Errorf("%s: want %s with %s:\n%s", name, tt.status, tt.code, a.text)
		}
		if h := e.ask(http.MethodGet, "/e911s/"+a.one("OrderId")+"/history", ""); !strings.Contains(h.text, tt.code) {
			t.Errorf("%s: %s", name, h.text)
		}
	}
	e.outcome(locations(standard+`<AddressLine2>`+strings.Repeat("x", 60)+`</AddressLine2>`)).is(200, "ErrorList", "")
}

func TestAnEndpointThatFailsSpoilsNoLocationOfItsName(t *testing.T) {
	t.Parallel()
	e := newEdge(t, storetest.Open(t, storetest.SQLite, store.Options{}))
	e.outcome(locations("<LocationId>reception01</LocationId>" + standard))
	a := e.outcome(endpoints(phone("reception01", "<LocationId>nowhere</LocationId>"), phone("endpoint0002", "<LocationId>reception01</LocationId>")))
	if a.one("ProcessingStatus") != "PARTIAL" || strings.Contains(a.text, "<Code>8059</Code>") {
		t.Error(a.text)
	}
}

func TestADuplicateIsRefusedWithTheOtherOrder(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, e *edge) {
		first := e.order(endpoints(phone("endpoint0001", `<LocationId>a</LocationId><Address>`+standard+`</Address>`)))
		again := endpoints(phone("endpoint0001", `<LocationId>a</LocationId>`))
		for _, when := range []string{"while it is on its way", "once it is there"} {
			a := e.ask(http.MethodPost, "/e911s", again).is(400, "E911Order/ProcessingStatus", "FAILED", "E911Order/ErrorList/AEUIError/Code", "8033",
				"E911Order/ErrorList/AEUIError/AlternateEndUserIdentifiers/AlternateEndUserIdentifier/Identifier", "endpoint0001")
			if !strings.Contains(a.text, strings.TrimPrefix(first, "/e911s/")) {
				t.Errorf("%s the answer does not name the order %s:\n%s", when, first, a.text)
			}
			e.ask(http.MethodGet, "/e911s/"+a.one("E911Order/OrderId"), "").is(200, "ProcessingStatus", "FAILED", "ErrorList/AEUIError/Code", "8033")
			e.step(delay)
		}
		e.write(func(tx *store.Tx) error {
			return store.Insert(tx, &store.Endpoint{Common: store.Common{AccountSID: e.mine}, EndpointID: "elsewhere01"})
		})
		e.outcome(endpoints(phone("elsewhere01", `<LocationId>a</LocationId>`))).is(200, "ProcessingStatus", "FAILED", "ErrorList/AEUIError/Code", "8020")
		e.order(locations(`<LocationId>b</LocationId>` + standard))
		e.ask(http.MethodPost, "/e911s", locations(`<LocationId>b</LocationId>`+standard)).is(400, "E911Order/ErrorList/E911AddressError/Code", "8033")
	})
}

func TestAnOrderThatCannotBeIsRefused(t *testing.T) {
	t.Parallel()
	e := newEdge(t, storetest.Open(t, storetest.SQLite, store.Options{}))
	at := `<LocationId>a</LocationId>`
	many := func(n int) (list []string) {
		for i := range n {
			list = append(list, fmt.Sprintf("<Identifier>endpoint%04d</Identifier>", i))
		}
		return list
	}
	for name, tt := range map[string]struct{ body, code string }{
		"nothing in it":            {`<E911Order/>`, "8057"},
		"two lists":                {strings.Replace(locations(standard), "</E911Order>", "<AddressesToDelete><E911LocationId>a</E911LocationId></AddressesToDelete></E911Order>", 1), "8057"},
		"numbers and endpoints":    {strings.Replace(endpoints(phone("endpoint0001", at)), "</E911Order>", "<TelephoneNumbers><TelephoneNumber>2125550123</TelephoneNumber></TelephoneNumbers></E911Order>", 1), "8011"},
		"a short identifier":       {endpoints(phone("abcdefghi", at)), "8012"},
		"no identifier":            {endpoints(`<PIDFLOEnabled>true</PIDFLOEnabled>` + at), "8012"},
		"a long identifier":        {endpoints(phone(strings.Repeat("a", 31), at)), "8013"},
		"an identifier with a dot": {endpoints(phone("endpoint.0001", at)), "8045"},
		"only digits, no PIDF-LO":  {endpoints(`<Identifier>1234567890</Identifier><CallbackNumber>2125550123</CallbackNumber>`), "8015"},
		"twice":                    {endpoints(phone("endpoint0001", at), phone("endpoint0001", at)), "8017"},
		"a bad callback":           {endpoints(strings.Replace(phone("endpoint0001", at), "9195551234", "1195551234", 1)), "8014"},
		"a long caller name":       {endpoints(strings.Replace(phone("endpoint0001", at), "5th Floor", strings.Repeat("x", 50), 1)), "8001"},
		"a language":               {endpoints(phone("endpoint0001", at+`<PreferredLanguage>de</PreferredLanguage>`)), "8035"},
		"neither true nor false":   {endpoints(`<PIDFLOEnabled>maybe</PIDFLOEnabled><Identifier>endpoint0001</Identifier>`), "1008"},
		"no PIDF-LO but a name":    {endpoints(strings.Replace(phone("endpoint0001", at), "true", "false", 1)), "8036"},
		"no place":                 {endpoints(phone("endpoint0001", "")), "8046"},
		"a location ID with space": {locations(`<LocationId>a b</LocationId>` + standard), "8023"},
		"a long location ID":       {locations(`<LocationId>` + strings.Repeat("a", 51) + `</LocationId>` + standard), "8023"},
		"a location twice":         {locations(at+standard, at+standard), "8038"},
		"no house number":          {locations(strings.Replace(standard, "645", "", 1)), "1003"},
		"a bad state":              {locations(strings.Replace(standard, "<StateCode>CA", "<StateCode>ZZ", 1)), "8063"},
		"deleting without an ID":   {deleted(locations(standard)), "12108"},
		"deleting with an address": {deleted(strings.Replace(endpoints(`<Identifier>endpoint0001</Identifier>`), "<Alt", "<Address>"+standard+"</Address><Alt", 1)), "8057"},
		"editing the country":      {`<E911Order><AddressesToEdit><Address>` + at + `<Country>CA</Country></Address></AddressesToEdit></E911Order>`, "8058"},
		"too many endpoints":       {endpoints(many(1001)...), "8016"},
		"another root":             {`<Order/>`, "1019"},
	} {
		a := e.ask(http.MethodPost, "/e911s", tt.body)
		t.Run(name, func(t *testing.T) {
			a.t = t
			a.refused(400, "E911OrderResponse", tt.code)
		})
	}
	e.ask(http.MethodGet, "/e911s", "").is(200, "TotalCount", "0")
	e.ask(http.MethodGet, "/e911s/8578086b-f73d-4a0f-bba6-d20399c7de31", "").refused(404, "E911OrderReportResponse", "")
	e.ask(http.MethodGet, "/e911s/8578086bf73d4a0fbba6d20399c7de31", "").refused(404, "E911OrderReportResponse", "")
}

func TestACallbackMayComeAtCallTimeWhereTheAccountIsSetSo(t *testing.T) {
	t.Parallel()
	e := newEdge(t, storetest.Open(t, storetest.SQLite, store.Options{}))
	body := endpoints(`<PIDFLOEnabled>true</PIDFLOEnabled><Identifier>endpoint0001</Identifier><Address>` + standard + `</Address>`)
	e.ask(http.MethodPost, "/e911s", body).refused(400, "E911OrderResponse", "8014")
	e.write(func(tx *store.Tx) error {
		return store.Insert(tx, &store.EmergencyNumber{Common: store.Common{AccountSID: e.mine}, PhoneNumber: "+19195550911", TakeCaller: true, Parameters: "lower"})
	})
	e.outcome(body).is(200, "ProcessingStatus", "COMPLETE")
}

func TestOrdersAreListed(t *testing.T) {
	t.Parallel()
	e := newEdge(t, storetest.Open(t, storetest.SQLite, store.Options{}))
	e.outcome(endpoints(phone("endpoint0001", `<LocationId>a</LocationId><Address>`+harrison+`</Address>`)))
	failed := e.outcome(locations(nowhere)).one("OrderId")
	for query, want := range map[string]int{
		"": 2, "?status=FAILED": 1, "?status=FAILED,COMPLETE": 1, "?status=FAILED&status=ADJUSTED_COMPLETE": 2, "?aeui=endpoint0001": 1, "?aeui=nobody": 0,
		"?callBack=9195551234": 1, "?customerOrderId=mine": 1, "?orderIdFragment=" + failed[:11]: 1, "?createdDateFrom=2026-11-21&createdDateTo=2026-11-21": 2,
		"?createdDateFrom=2026-11-22": 0, "?modifiedDateTo=2026-11-20": 0, "?lastModifiedAfter=2026-11-20": 2, "?lastModifiedBy=" + e.mine: 2,
		"?tn=2125550123": 0, "?whatever=1": 2,
	} {
		if a := e.ask(http.MethodGet, "/e911s"+query, "").is(200); a.one("TotalCount") != fmt.Sprint(want) || len(a.at("E911OrderSummary/OrderId")) != want {
			t.Errorf("%s: want %d:\n%s", query, want, a.text)
		}
	}
	e.ask(http.MethodGet, "/e911s?orderDetails=true&status=FAILED", "").is(200, "E911Order/ErrorList/E911AddressError/Code", "8006", "E911Order/OrderId", failed)
	e.ask(http.MethodGet, "/e911s?createdDateFrom=yesterday", "").refused(404, "E911OrderReportResponse", "1007")
	if a := e.askAs("root", "any", http.MethodGet, "/api/accounts/"+e.other+"/e911s", ""); a.one("TotalCount") != "0" {
		t.Errorf("another account's orders: %s", a.text)
	}
	e.askAs("root", "any", http.MethodGet, "/api/accounts/"+e.other+"/e911s/"+failed, "").refused(404, "E911OrderReportResponse", "")
}

func TestListsHavePages(t *testing.T) {
	t.Parallel()
	e := newEdge(t, storetest.Open(t, storetest.SQLite, store.Options{}))
	var all []string
	for _, id := range []string{"loc0", "loc1", "1", "loc3", "loc4"} {
		all = append(all, "<LocationId>"+id+"</LocationId>"+standard)
	}
	e.outcome(locations(all...))
	var seen []string
	for url := "/addresses?type=e911&size=2"; url != "" && len(seen) < 9; {
		a := e.ask(http.MethodGet, url, "").is(200, "TotalCount", "5")
		seen = append(seen, a.at("Addresses/Address/LocationId")...)
		next := a.at("Links/next")
		if url = ""; len(next) == 1 {
			_, rest, _ := strings.Cut(next[0], "/accounts/"+number)
			url, _, _ = strings.Cut(rest, ">")
		}
	}
	if got := strings.Join(seen, " "); got != "loc0 loc1 1 loc3 loc4" {
		t.Error(got)
	}
	e.ask(http.MethodGet, "/addresses?type=e911&page=4&size=500", "").is(200)
	e.ask(http.MethodGet, "/addresses?type=e911&suggestions=OC3", "").is(200, "TotalCount", "1")
	for query, code := range map[string]string{"": "12105", "?type=moon": "12104", "?type=billing&e911locationid=loc1": "12132", "?type=e911&size=0": "13058"} {
		e.ask(http.MethodGet, "/addresses"+query, "").refused(400, "AddressesResponse", code)
	}
	for _, query := range []string{"?type=billing", "?e911locationid=nope", "?type=e911&page=nope"} {
		e.ask(http.MethodGet, "/addresses"+query, "").refused(404, "AddressesResponse", "")
	}
	e.outcome(endpoints(phone("endpoint0001", `<LocationId>loc1</LocationId>`), phone("endpoint0002", `<LocationId>loc1</LocationId>`)))
	e.ask(http.MethodGet, "/addresses?e911locationid=loc1", "").is(200, "Addresses/Address/EndpointCount", "2")
	for query, want := range map[string]string{"?size=1": "2", "?aeui=endpoint0002": "1", "?callback=9195551234": "2", "?pidfloenabledonly=true": "2", "?suggestions=conference": "2", "?suggestions=0001": "1"} {
		e.ask(http.MethodGet, "/aeuis"+query, "").is(200, "TotalCount", want)
	}
}
