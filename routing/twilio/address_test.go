package twilio

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// harrison is the address of the provider's documents, with changes: pairs, of which an empty value leaves one out.
func harrison(change ...string) []string {
	fields := []string{
		"FriendlyName", "Twilio", "EmergencyEnabled", "true", "CustomerName", "Twilio", "Street", "645 Harrison St.",
		"City", "San Francisco", "Region", "CA", "PostalCode", "94105", "IsoCountry", "US",
	}
	for i := 0; i+1 < len(change); i += 2 {
		at := -1
		for j := 0; j < len(fields); j += 2 {
			if fields[j] == change[i] {
				at = j
			}
		}
		switch {
		case at < 0:
			fields = append(fields, change[i], change[i+1])
		case change[i+1] == "":
			fields = append(fields[:at], fields[at+2:]...)
		default:
			fields[at+1] = change[i+1]
		}
	}
	return fields
}

func TestAddresses(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, e *edge) {
		made := e.must("POST", "Addresses.json", harrison("StreetSecondary", "Fl 21")...)
		if made.status != 201 || made.body["validated"] != true || made.str("street") != "645 Harrison St." ||
			made.str("street_secondary") != "Fl 21" || made.body["verified"] != false {
			t.Error(made.text)
		}
		one := "Addresses/" + made.sid()
		got := e.must("GET", one+".json")
		if d := cmp.Diff(made.body, got.body); d != "" {
			t.Error(d)
		}
		if made.str("uri") != "/2010-04-01/Accounts/"+e.mine+"/"+one+".json" {
			t.Error(made.str("uri"))
		}
		xml := e.must("GET", one)
		if !strings.Contains(xml.text, "<Address><AccountSid>"+e.mine) || !strings.Contains(xml.text, "<StreetSecondary>Fl 21</StreetSecondary>") {
			t.Error(xml.text)
		}
		changed := e.must("POST", one+".json", "CustomerName", "Rosa", "StreetSecondary", "", "FriendlyName", "")
		if changed.str("customer_name") != "Rosa" || changed.body["street_secondary"] != nil || changed.body["friendly_name"] != nil {
			t.Error(changed.text)
		}
		if a := e.must("DELETE", one+".json"); a.status != 204 || a.text != "" {
			t.Error(a)
		}
		for _, method := range []string{"GET", "POST", "DELETE"} {
			e.refused(404, 20404, []string{made.sid()}, method, one+".json")
		}
	})
}

func TestAddressesAreValidated(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, e *edge) {
		e.refused(400, 21628, []string{"validated"}, "POST", "Addresses.json", harrison("Street", "1 Nowhere Blvd")...)
		e.refused(400, 21628, []string{"BR"}, "POST", "Addresses.json", harrison("IsoCountry", "BR")...)
		e.refused(400, 20002, []string{"33", "32"}, "POST", "Addresses.json", harrison("FriendlyName", strings.Repeat("é", 33))...)
		plain := e.must("POST", "Addresses.json", harrison("EmergencyEnabled", "false", "Street", "1 Nowhere Blvd", "FriendlyName", strings.Repeat("é", 64))...)
		if plain.body["validated"] != false || plain.body["emergency_enabled"] != false {
			t.Error(plain.text)
		}
		one := "Addresses/" + plain.sid() + ".json"
		e.refused(400, 20002, nil, "POST", one, "EmergencyEnabled", "true")
		e.refused(400, 21628, nil, "POST", one, "EmergencyEnabled", "true", "FriendlyName", "short")
		if a := e.must("GET", one); a.body["emergency_enabled"] != false {
			t.Error("a refused update was kept:", a.text)
		}
		if a := e.must("POST", one, "EmergencyEnabled", "true", "FriendlyName", "short", "Street", "645 Harrison St"); a.body["validated"] != true {
			t.Error(a.text)
		}
		e.refused(400, 21628, nil, "POST", one, "Street", "1 Nowhere Blvd")
		if a := e.must("POST", one, "EmergencyEnabled", "false"); a.body["validated"] != false || a.body["emergency_enabled"] != false {
			t.Error("an address that is for emergencies no more stays validated:", a.text)
		}
	})
}

func TestAddressesRefuseBadInput(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 2000)
	eachEngine(t, func(t *testing.T, e *edge) {
		for _, field := range []string{"CustomerName", "Street", "City", "Region", "PostalCode", "IsoCountry"} {
			e.refused(400, 21238, []string{field}, "POST", "Addresses.json", harrison(field, "")...)
			e.refused(400, 21238, []string{field}, "POST", "Addresses.json", harrison(field, " ")...)
			e.refused(400, 21238, []string{field}, "POST", "Addresses.json", harrison(field, long)...)
			e.refused(400, 21238, []string{field}, "POST", "Addresses.json", append(harrison(), field, "twice")...)
		}
		e.refused(400, 21238, []string{"IsoCountry"}, "POST", "Addresses.json", harrison("IsoCountry", "ZZ")...)
		e.refused(400, 21238, []string{"IsoCountry"}, "POST", "Addresses.json", harrison("IsoCountry", "USA")...)
		e.refused(400, 21238, []string{"EmergencyEnabled"}, "POST", "Addresses.json", harrison("EmergencyEnabled", "maybe")...)
		e.refused(400, 21238, []string{"StreetSecondary"}, "POST", "Addresses.json", harrison("StreetSecondary", long)...)
		e.refused(400, 20002, []string{"FriendlyName"}, "POST", "Addresses.json", harrison("FriendlyName", long)...)
		made := e.must("POST", "Addresses.json", harrison("IsoCountry", "us", "Colour", "red")...)
		if made.str("iso_country") != "US" {
			t.Error(made.text)
		}
		one := "Addresses/" + made.sid() + ".json"
		e.refused(400, 21238, []string{"IsoCountry", "cannot be changed"}, "POST", one, "IsoCountry", "CA")
		e.refused(400, 21238, []string{"Street"}, "POST", one, "Street", "")
		e.must("POST", one, "IsoCountry", "us")
		if a := e.must("GET", "Addresses.json"); len(a.rows("addresses", "sid")) != 1 {
			t.Error("a refused address was kept:", a.text)
		}
		for _, path := range []string{"Addresses/AD00000000000000000000000000000000.json", "Addresses/" + made.sid()[:33] + ".json",
			"Addresses/" + strings.ToUpper(made.sid()) + ".json"} {
			e.refused(404, 20404, nil, "GET", path)
		}
		if a := e.as(e.other, "token", "GET", "/2010-04-01/Accounts/"+e.other+"/"+one); a.status != 404 || a.code() != 20404 {
			t.Error("somebody else's address:", a.text)
		}
		if a := e.as(e.other, "token", "GET", "/2010-04-01/Accounts/"+e.mine+"/"+one); a.status != 401 || a.code() != 20003 {
			t.Error("somebody else's account:", a.text)
		}
		if a := e.as(e.mine, "read", "DELETE", one); a.status != 403 || a.code() != 20403 {
			t.Error("a key that only reads:", a.text)
		}
		e.refused(405, 20004, nil, "PUT", one)
	})
}

func TestAddressesAreListed(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, e *edge) {
		var sids []string
		for _, name := range []string{"a", "b", "a", "c&d"} {
			country := "US"
			if name == "b" {
				country = "GB"
			}
			made := e.must("POST", "Addresses.json", harrison("FriendlyName", name, "EmergencyEnabled", "false", "IsoCountry", country)...)
			sids = append([]string{made.sid()}, sids...)
		}
		e.must("POST", "Addresses.json", harrison("CustomerName", "Other")...)
		if d := cmp.Diff(sids, e.must("GET", "Addresses.json", "CustomerName", "Twilio").rows("addresses", "sid")); d != "" {
			t.Error(d)
		}
		for _, c := range []struct {
			query []string
			want  int
		}{
			{[]string{"FriendlyName", "a"}, 2}, {[]string{"FriendlyName", "c&d"}, 1}, {[]string{"FriendlyName", "a", "CustomerName", "nobody"}, 0},
			{[]string{"IsoCountry", "gb"}, 1}, {[]string{"EmergencyEnabled", "true"}, 1}, {[]string{"EmergencyEnabled", "false"}, 4},
			{[]string{"FriendlyName", ""}, 5}, {[]string{"Colour", "red"}, 5},
		} {
			if a := e.must("GET", "Addresses.json", c.query...); len(a.rows("addresses", "sid")) != c.want {
				t.Errorf("%v lists %s", c.query, a.text)
			}
		}
		page := e.must("GET", "Addresses.json", "PageSize", "3", "CustomerName", "Twilio")
		next := e.must("GET", page.str("next_page_uri"))
		if d := cmp.Diff(sids[3:], next.rows("addresses", "sid")); d != "" || next.body["next_page_uri"] != nil {
			t.Error(d, next.text)
		}
		if back := e.must("GET", next.str("previous_page_uri")); len(back.rows("addresses", "sid")) != 3 {
			t.Error(back.text)
		}
		for _, q := range []string{"PageSize=0", "Page=7", "EmergencyEnabled=maybe"} {
			e.refused(400, 20001, []string{q[:strings.Index(q, "=")]}, "GET", "Addresses.json?"+q)
		}
		if other := e.as(e.other, "token", "GET", "/2010-04-01/Accounts/"+e.other+"/Addresses.json"); len(other.rows("addresses", "sid")) != 0 {
			t.Error("somebody else's addresses:", other.text)
		}
	})
}

func TestNearAddressesAreCorrectedOrSuggested(t *testing.T) {
	t.Parallel()
	const seed = "Failed to validate address. Check the suggested address. | FriendlyName: Twilio, CustomerName: Twilio, " +
		"Street: 645 HARRISON ST, Locality: SAN FRANCISCO, Region: CA, PostalCode: 94105, IsoCountry: US"
	eachEngine(t, func(t *testing.T, e *edge) {
		near := harrison("PostalCode", "94109")
		if a := e.do("POST", "Addresses.json", append(near, "AutoCorrectAddress", "false")...); a.code() != 21629 || a.str("message") != seed {
			t.Errorf("got  %s\nwant %s", a.text, seed)
		}
		if a := e.must("POST", "Addresses.json", near...); a.str("street") != "645 HARRISON ST" || a.str("postal_code") != "94105" ||
			a.str("city") != "SAN FRANCISCO" || a.body["validated"] != true {
			t.Error(a.text)
		}
	})
}
