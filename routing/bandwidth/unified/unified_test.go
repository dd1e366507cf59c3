package unified

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"callbox/routing/directory/store"
	"callbox/routing/directory/store/storetest"
)

const harrison = `{"id": "home_office", "description": "Home office, downstairs", "addressLine1": "645 Harrison St", "addressLine2": "Apt. 8",
	"city": "San Francisco", "state": "CA", "postalCode": "94105", "country": "US", "companyName": "Callbox", "customerType": "BUS", "floor": "3"}`

func TestEndpointsAreOrderedAtAnAddress(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, engine string) {
		e := newEdge(t, engine)
		a := e.ask("POST", "/addresses", harrison).is(http.StatusCreated)
		for _, f := range []struct{ name, want string }{
			{"id", "home_office"}, {"validationStatus", "VALID"}, {"houseNumber", "645"}, {"streetName", "HARRISON"}, {"streetSuffix", "ST"},
			{"addressLine2", "Apt. 8"}, {"companyName", "Callbox"}, {"floor", "3"}, {"customerType", "BUS"}, {"country", "US"},
		} {
			if got := a.get(f.name); got != f.want {
				t.Errorf("%s is %q, not %q", f.name, got, f.want)
			}
		}
		o := e.ask("POST", "/endpoints", `{"endpoints": [
			{"id": "Joe's_Home_tn", "phoneNumber": "+16175551212", "name": "Bob", "lang": "en", "country": "US", "addressId": "home_office"},
			{"id": "nowhere", "addressId": "7888993"}]}`).is(http.StatusAccepted)
		if o.get("orderStatus") != "RECEIVED" || o.get("orderType") != "ADD_ENDPOINTS" || o.get("totalNumber") != "2" || o.get("acceptedCount") != "2" {
			t.Error(o.text)
		}
		e.ask("GET", "/endpoints/Joe's_Home_tn", "").is(http.StatusNotFound)
		e.pass(time.Second)
		if h := e.ask("GET", "/orders/"+o.get("orderId")+"/history", ""); h.get("orderHistory", 1, "status") != "PROCESSING" {
			t.Error(h.text)
		}
		e.pass(time.Second)
		d := e.ask("GET", "/orders/"+o.get("orderId")+"/details", "").is(http.StatusOK)
		if d.get("status") != "PARTIAL" || d.get("acceptedCount") != "1" || d.get("invalidCount") != "1" || d.get("endpoints", 0, "status") != "SUCCESS" ||
			d.get("endpoints", 1, "status") != "ERROR" || !strings.Contains(d.get("endpoints", 1, "error"), "7888993") {
			t.Error(d.text)
		}
		p := e.ask("GET", "/endpoints/Joe's_Home_tn", "").is(http.StatusOK)
		if p.get("phoneNumber") != "+16175551212" || p.get("addressId") != "home_office" || p.get("accountId") != number || p.get("lang") != "en" {
			t.Error(p.text)
		}
		e.ask("DELETE", "/addresses/home_office", "").is(http.StatusBadRequest)
		if d := e.done("PATCH", "/endpoints/Joe's_Home_tn", `{"action": "UNPROVISION", "addressId": "home_office"}`); d.get("status") != "COMPLETED" {
			t.Error(d.text)
		}
		e.ask("DELETE", "/addresses/home_office", "").is(http.StatusNoContent)
		if d := e.done("DELETE", "/endpoints", `{"endpointIds": ["Joe's_Home_tn", "nobody"]}`); d.get("status") != "PARTIAL" || d.get("endpoints", 1, "errorCode") != codeNone {
			t.Error(d.text)
		}
		if d := e.done("DELETE", "/endpoints", `{"endpointIds": ["nobody"]}`); d.get("status") != "FAILED" {
			t.Error(d.text)
		}
		if l := e.ask("GET", "/orders?orderType=DELETE_ENDPOINTS&limit=1", ""); l.get("links", 4, "href") != "/orders?limit=1&offset=1&orderType=DELETE_ENDPOINTS" ||
			l.get("orders", 1) != "" || l.get("orders", 0, "type") != "DELETE_ENDPOINTS" {
			t.Error(l.text)
		}
	})
}

func TestAnEndpointMovesAndIsDeleted(t *testing.T) {
	t.Parallel()
	e := newEdge(t, "sqlite")
	e.ask("POST", "/addresses", harrison).is(http.StatusCreated)
	e.ask("POST", "/addresses", `{"id": "pike", "addressLine1": "100 Pike Street", "city": "Seattle", "state": "WA", "postalCode": "98101"}`).is(http.StatusCreated)
	e.done("POST", "/endpoints", `{"endpoints": [{"id": "home", "addressId": "home_office"}, {"addressId": "pike"}]}`)
	if d := e.done("PATCH", "/endpoints", `{"action": "PROVISION", "endpoints": [{"id": "home", "addressId": "pike"}]}`); d.get("status") != "COMPLETED" {
		t.Error(d.text)
	}
	if l := e.ask("GET", "/endpoints?addressId=pike", "").is(http.StatusOK); l.get("endpoints", 0, "id") != "home" || l.get("endpoints", 1, "addressId") != "pike" ||
		l.get("endpoints", 2) != "" {
		t.Error(l.text)
	}
	if l := e.ask("GET", "/endpoints?addressId=home_office", ""); l.get("endpoints", 0) != "" {
		t.Error(l.text)
	}
	if l := e.ask("GET", "/endpoints?region=ROW", ""); l.get("endpoints", 0) != "" {
		t.Error(l.text)
	}
	if d := e.done("POST", "/endpoints", `{"endpoints": [{"id": "home"}]}`); d.get("status") != "FAILED" || d.get("endpoints", 0, "errorCode") != codeInUse {
		t.Error(d.text)
	}
	e.ask("PATCH", "/endpoints/nobody", `{"action": "PROVISION", "addressId": "pike"}`).is(http.StatusNotFound)
	if d := e.done("DELETE", "/endpoints/home", ""); d.get("status") != "COMPLETED" {
		t.Error(d.text)
	}
	e.ask("DELETE", "/endpoints/home", "").is(http.StatusNotFound)
}

func TestAddressesAreValidatedAndCorrected(t *testing.T) {
	t.Parallel()
	e := newEdge(t, "sqlite")
	near := e.ask("POST", "/addresses", `{"id": "near", "addressLine1": "645 Harison St", "city": "San Francisco", "state": "CA", "postalCode": "94105", "latitude": "37.7841", "longitude": "-122.3964"}`)
	if near.is(http.StatusCreated).get("address") != "645 HARRISON ST" || near.get("validationStatus") != "VALID" || near.get("latitude") != "37.7841" {
		t.Error(near.text)
	}
	if none := e.ask("POST", "/addresses", `{"id": "none", "addressLine1": "1 Nowhere Blvd", "city": "San Francisco", "state": "CA", "postalCode": "94105"}`); none.get("validationStatus") != "INVALID" {
		t.Error(none.text)
	}
	if gb := e.ask("POST", "/addresses", `{"id": "london_office", "friendlyName": "London office", "companyName": "Jones", "service": "ES", "addressLine1": "102-104 Albert Street", "city": "London", "postalCode": "NW1 7NE", "country": "GBR"}`); gb.get("validationStatus") != "UNVALIDATED" || gb.get("country") != "GB" || gb.get("friendlyName") != "London office" {
		t.Error(gb.text)
	}
	if l := e.ask("GET", "/addresses?region=ROW", ""); l.get("addresses", 0, "id") != "london_office" || l.get("addresses", 1) != "" {
		t.Error(l.text)
	}
	e.ask("GET", "/addresses/london_office?region=NA", "").is(http.StatusNotFound)
	if d := e.done("POST", "/endpoints", `{"endpoints": [{"id": "a", "addressId": "none"}, {"id": "b", "addressId": "london_office"}]}`); d.get("endpoints", 0, "errorCode") != codeInvalid || d.get("endpoints", 1, "status") != "SUCCESS" {
		t.Error(d.text)
	}
	up := e.ask("PATCH", "/addresses/none", `{"addressLine1": "645 Harrison St", "description": "Upstairs"}`).is(http.StatusOK)
	if up.get("validationStatus") != "VALID" || up.get("description") != "Upstairs" {
		t.Error(up.text)
	}
	e.done("POST", "/endpoints", `{"endpoints": [{"id": "c", "addressId": "none"}]}`)
	if bad := e.ask("PATCH", "/addresses/none", `{"addressLine1": "1 Nowhere Blvd"}`).is(http.StatusBadRequest); bad.get("errors", 0, "source", "field") != "addressLine1" {
		t.Error(bad.text)
	}
	again := e.ask("POST", "/addresses", `{"id": "none", "addressLine1": "1 A St", "city": "X"}`).is(http.StatusBadRequest)
	if again.get("errors", 0, "source", "reference") != "/addresses/none" {
		t.Error(again.text)
	}
	if made := e.ask("POST", "/addresses", `{"addressLine1": "645 Harrison St", "city": "San Francisco", "state": "CA", "postalCode": "94105"}`).is(http.StatusCreated); len(made.get("id")) != 16 {
		t.Error(made.text)
	}
}

func TestGroupsTellTheirNotifications(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, engine string) {
		e := newEdge(t, engine)
		e.done("POST", "/endpoints", `{"endpoints": [{"id": "home"}]}`)
		hook := e.ask("POST", "/notifications", `{"id": "Notification1", "type": "HTTP", "recipient": "https://desk.example.com/x", "username": "me", "password": "s3cret"}`)
		if hook.is(http.StatusCreated).get("recipient") != "https://desk.example.com/x" || strings.Contains(hook.text, "s3cret") {
			t.Error(hook.text)
		}
		e.ask("POST", "/notifications", `{"id": "2", "type": "EMAIL", "recipient": "test1@bandwidth.com"}`).is(http.StatusCreated)
		if sms := e.ask("POST", "/notifications", `{"id": "3", "type": "SMS", "recipient": "(617) 555-1212"}`); sms.is(http.StatusCreated).get("recipient") != "+16175551212" {
			t.Error(sms.text)
		}
		g := e.ask("POST", "/notificationGroups", `{"description": "Group 1", "endpoints": ["home"], "notifications": ["Notification1", "2"]}`).is(http.StatusCreated)
		if g.get("endpointCount") != "1" || g.get("notificationIds") != `["Notification1","2"]` || g.get("endpointIds", 0) != "home" {
			t.Error(g.text)
		}
		path := "/notificationGroups/" + g.get("id")
		e.ask("DELETE", "/notifications/2", "").is(http.StatusBadRequest)
		if u := e.ask("PATCH", path, `{"description": "Update", "notificationIdsToAdd": ["3"], "notificationIdsToDelete": ["2"]}`).is(http.StatusOK); u.get("notificationIds") != `["Notification1","3"]` || u.get("description") != "Update" {
			t.Error(u.text)
		}
		e.ask("DELETE", "/notifications/2", "").is(http.StatusNoContent)
		if l := e.ask("GET", "/notifications", ""); l.get("notifications", 0, "groupCount") != "1" || l.get("notifications", 2) != "" {
			t.Error(l.text)
		}
		moved := `{"recipient": "https://other.example/x"}` // must not take the password along
		if p := e.ask("PATCH", "/notifications/Notification1", moved).is(http.StatusBadRequest); p.get("errors", 0, "source", "field") != "password" {
			t.Error(p.text)
		}
		e.ask("PATCH", "/notifications/Notification1", `{"recipient": "https://desk.example.com/y"}`).is(http.StatusOK)
		e.ask("PATCH", "/notifications/Notification1", `{"recipient": "https://other.example/x", "password": "an0ther"}`).is(http.StatusOK)
		if p := e.ask("PATCH", "/notifications/Notification1", `{"type": "EMAIL", "recipient": "a@example.com"}`).is(http.StatusOK); p.get("username") != "" || p.get("type") != "EMAIL" {
			t.Error(p.text)
		}
		if l := e.ask("GET", "/notificationGroups?limit=5&offset=0", ""); l.get("notificationGroups", 0, "id") != g.get("id") {
			t.Error(l.text)
		}
		e.ask("POST", "/notificationGroups", `{"endpoints": ["nobody"]}`).is(http.StatusBadRequest)
		e.ask("DELETE", path, "").is(http.StatusNoContent)
		e.ask("GET", path, "").is(http.StatusNotFound)
		e.ask("GET", "/notifications/Notification1", "").is(http.StatusOK)
	})
}

func TestWhatIsWrongWithARequestIsToldByField(t *testing.T) {
	t.Parallel()
	e := newEdge(t, "sqlite")
	for _, c := range []struct{ name, method, path, body, where string }{
		{"no body", "POST", "/endpoints", "", ""},
		{"no JSON", "POST", "/endpoints", "{", ""},
		{"an array", "POST", "/endpoints", "[]", ""},
		{"more than one object", "POST", "/endpoints", `{"endpoints": []} {}`, ""},
		{"a field twice", "POST", "/endpoints", `{"endpoints": [], "endpoints": []}`, "endpoints"},
		{"a field of an element twice", "POST", "/endpoints", `{"endpoints": [{"id": "a", "id": "b"}]}`, "endpoints[0].id"},
		{"no endpoints", "POST", "/endpoints", `{"endpoints": []}`, "endpoints"},
		{"endpoints of another type", "POST", "/endpoints", `{"endpoints": "a"}`, "endpoints"},
		{"an endpoint of another type", "POST", "/endpoints", `{"endpoints": ["a"]}`, "endpoints[0]"},
		{"an ID of another type", "POST", "/endpoints", `{"endpoints": [{"id": 1}]}`, "endpoints[0].id"},
		{"an ID with a space", "POST", "/endpoints", `{"endpoints": [{"id": "a b"}]}`, "endpoints[0].id"},
		{"an endpoint twice", "POST", "/endpoints", `{"endpoints": [{"id": "a"}, {"id": "a"}]}`, "endpoints[1].id"},
		{"no phone number", "POST", "/endpoints", `{"endpoints": [{"id": "a", "phoneNumber": "911"}]}`, "endpoints[0].phoneNumber"},
		{"no language", "POST", "/endpoints", `{"endpoints": [{"id": "a", "lang": "e n"}]}`, "endpoints[0].lang"},
		{"another action", "PATCH", "/endpoints", `{"action": "MOVE", "endpoints": [{"id": "a"}]}`, "action"},
		{"no address to provision", "PATCH", "/endpoints", `{"action": "PROVISION", "endpoints": [{"id": "a"}]}`, "endpoints[0].addressId"},
		{"an ID to delete twice", "DELETE", "/endpoints", `{"endpointIds": ["a", "a"]}`, "endpointIds[1]"},
		{"no street", "POST", "/addresses", `{"city": "Raleigh"}`, "addressLine1"},
		{"half a point", "POST", "/addresses", `{"addressLine1": "1 A", "city": "B", "latitude": "1"}`, "latitude"},
		{"a swapped point", "POST", "/addresses", `{"addressLine1": "1 A", "city": "B", "latitude": "-122.39", "longitude": "37.78"}`, "latitude"},
		{"no number for a point", "POST", "/addresses", `{"addressLine1": "1 A", "city": "B", "latitude": "north", "longitude": "1"}`, "latitude"},
		{"no country", "POST", "/addresses", `{"addressLine1": "1 A", "city": "B", "country": "Atlantis"}`, "country"},
		{"a line break", "POST", "/addresses", `{"addressLine1": "1 A\nB", "city": "B"}`, "addressLine1"},
		{"no kind", "POST", "/notifications", `{"recipient": "a@example.com"}`, "type"},
		{"no URL", "POST", "/notifications", `{"type": "HTTP", "recipient": "a@example.com"}`, "recipient"},
		{"a password for an e-mail", "POST", "/notifications", `{"type": "EMAIL", "recipient": "a@example.com", "username": "a"}`, "username"},
		{"an unknown notification", "POST", "/notificationGroups", `{"notifications": ["9"]}`, "notifications"},
	} {
		t.Run(c.name, func(t *testing.T) {
			one := *e
			one.t = t
			a := one.ask(c.method, c.path, c.body).is(http.StatusBadRequest)
			if got := a.get("errors", 0, "source", "field"); got != c.where {
				t.Errorf("field %q, not %q: %s", got, c.where, a.text)
			}
		})
	}
	for _, q := range []string{"limit=0", "limit=x", "limit=1001", "offset=-1", "offset=1&offset=2", "region=EU", "region=NA&region=ROW"} {
		if a := e.ask("GET", "/endpoints?"+q, "").is(http.StatusBadRequest); a.get("errors", 0, "source", "parameter") != q[:strings.Index(q, "=")] {
			t.Errorf("%s: %s", q, a.text)
		}
	}
	if a := e.ask("POST", "/addresses", `{"description": "`+strings.Repeat("x", maxBody)+`"}`).is(http.StatusBadRequest); !strings.Contains(a.text, "longer") {
		t.Error(a.text)
	}
}

func TestOnlyTheAccountsCredentialsOpenIt(t *testing.T) {
	t.Parallel()
	e := newEdge(t, "sqlite")
	e.ask("POST", "/addresses", harrison).is(http.StatusCreated)
	byNumber := e.ask("GET", "/addresses/home_office", "").is(http.StatusOK)
	bySID := e.send(e.request("GET", e.http.URL+base+e.mine+"/emergency/addresses/home_office", ""))
	if bySID.is(http.StatusOK).text != byNumber.text {
		t.Error("by SID it is another:", bySID.text)
	}
	e.login[1] = "read"
	e.ask("GET", "/addresses", "").is(http.StatusOK)
	e.ask("POST", "/addresses", harrison).is(http.StatusForbidden)
	e.login = [2]string{e.other, "token"}
	e.ask("GET", "/addresses", "").is(http.StatusForbidden)
	e.send(e.request("GET", e.http.URL+base+"99/emergency/addresses", "")).is(http.StatusForbidden)
	e.login = [2]string{e.mine, "wrong"}
	if a := e.ask("GET", "/addresses", "").is(http.StatusUnauthorized); a.get("errors", 0, "code") != "206401" {
		t.Error(a.text)
	}
	e.login[1] = "token"
	if a := e.send(e.request("TRACE", e.http.URL+base+number+"/emergency/addresses", "")).is(http.StatusMethodNotAllowed); a.header.Get("Allow") != "GET, POST" ||
		a.get("errors", 0, "meta", "method") != "TRACE" {
		t.Error(a.text)
	}
	e.send(e.request("GET", e.http.URL+base+number+"/emergency/other", "")).is(http.StatusNotFound)
}

func TestPagesOfAListJoin(t *testing.T) {
	t.Parallel()
	e := newEdge(t, "sqlite")
	var all []string
	for i := range 25 {
		all = append(all, fmt.Sprintf(`{"id": "phone%02d"}`, i))
	}
	e.done("POST", "/endpoints", `{"endpoints": [`+strings.Join(all, ",")+`]}`)
	var seen []string
	path := "/endpoints?limit=10"
	for path != "" {
		p := e.ask("GET", path, "").is(http.StatusOK)
		for i := 0; p.get("endpoints", i) != ""; i++ {
			seen = append(seen, p.get("endpoints", i, "id"))
		}
		if last := p.get("links", 2, "href"); last != "/endpoints?limit=10&offset=20" {
			t.Errorf("last: %s", last)
		}
		path = p.get("links", 4, "href")
	}
	if len(seen) != 25 || seen[0] != "phone00" || seen[24] != "phone24" {
		t.Error(seen)
	}
}

func TestAFilesPlacesCannotBeChanged(t *testing.T) {
	t.Parallel()
	e := newEdge(t, "sqlite")
	e.write(func(tx *store.Tx) error {
		l := store.Location{Common: store.Common{AccountSID: e.mine, Origin: store.OriginFile}, LocationID: "campus", Street: "1 A", City: "B", IsoCountry: "US", Validation: "VALID"}
		if err := store.Insert(tx, &l); err != nil {
			return err
		}
		return store.Insert(tx, &store.Endpoint{Common: store.Common{AccountSID: e.mine, Origin: store.OriginFile}, EndpointID: "alice", LocationSID: l.SID, IsoCountry: "US"})
	})
	if a := e.ask("PATCH", "/addresses/campus", `{"description": "x"}`).is(http.StatusBadRequest); !strings.Contains(a.text, "change it there") {
		t.Error(a.text)
	}
	if d := e.done("DELETE", "/endpoints/alice", ""); d.get("status") != "FAILED" || !strings.Contains(d.get("endpoints", 0, "error"), "change it there") {
		t.Error(d.text)
	}
}
