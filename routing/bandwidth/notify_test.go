package bandwidth

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"callbox/routing/bandwidth/order"
	"callbox/routing/directory/store"
	"callbox/routing/directory/store/storetest"
)

const (
	recipientsPath   = "/emergencyNotificationRecipients"
	groupsPath       = "/emergencyNotificationGroups"
	groupOrdersPath  = "/emergencyNotificationGroupOrders"
	associationsPath = "/emergencyNotificationEndpointOrders"
	recipientRoot    = "EmergencyNotificationRecipientsResponse"
	groupOrderRoot   = "EmergencyNotificationGroupOrderResponse"
	associationRoot  = "EmergencyNotificationEndpointOrderResponse"
)

func told(more string) string {
	return `<EmergencyNotificationRecipient><Description>Front desk</Description>` + more + `</EmergencyNotificationRecipient>`
}

func email(address string) string {
	return told(`<Type>EMAIL</Type><EmailAddress>` + address + `</EmailAddress>`)
}

// teller makes a recipient and returns its identifier.
func (e *edge) teller(body string) string {
	e.t.Helper()
	a := e.ask(http.MethodPost, recipientsPath, body).is(201)
	id := a.one("EmergencyNotificationRecipient/Identifier")
	if want := e.http.URL + "/api/accounts/" + number + recipientsPath + "/" + id; a.header.Get("Location") != want {
		e.t.Errorf("Location is %q, want %q", a.header.Get("Location"), want)
	}
	return id
}

func ids(element string, list ...string) string {
	var b strings.Builder
	for _, id := range list {
		b.WriteString("<EmergencyNotificationRecipient><Identifier>" + id + "</Identifier></EmergencyNotificationRecipient>")
	}
	return "<" + element + ">" + b.String() + "</" + element + ">"
}

func added(list ...string) string   { return ids("AddedEmergencyNotificationRecipients", list...) }
func dropped(list ...string) string { return ids("DeletedEmergencyNotificationRecipients", list...) }

func groupBodyOf(what, inside string) string {
	return "<EmergencyNotificationGroupOrder><CustomerOrderId>c1</CustomerOrderId><" + what + "EmergencyNotificationGroup>" + inside + "</" + what + "EmergencyNotificationGroup></EmergencyNotificationGroupOrder>"
}

// grouped makes a group and returns its identifier.
func (e *edge) grouped(recipients ...string) string {
	e.t.Helper()
	a := e.ask(http.MethodPost, groupOrdersPath, groupBodyOf("Added", "<Description>Building 5, 5th Floor.</Description>"+added(recipients...))).
		is(201, "ProcessingStatus", "PROCESSING", "CustomerOrderId", "c1")
	e.step(working)
	e.ask(http.MethodGet, groupOrdersPath+"/"+a.one("OrderId"), "").is(200, "ProcessingStatus", "COMPLETED", "ErrorList", "", "AddedEmergencyNotificationGroup/Description", "Building 5, 5th Floor.")
	return a.one("AddedEmergencyNotificationGroup/Identifier")
}

// working is how long notification orders take in tests.
const working = 2 * time.Second

func slowEdge(t *testing.T, engine string) *edge {
	return newEdge(t, storetest.Open(t, engine, store.Options{}), func(o *Options) { o.Delays = order.Delays{Received: delay, Processing: working} })
}

func TestSomebodyIsToldOfAnEndpointsCalls(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, engine string) {
		e := slowEdge(t, engine)
		e.order(endpoints(phone("endpoint0001", `<LocationId>a</LocationId><Address>`+standard+`</Address>`), phone("endpoint0002", `<LocationId>a</LocationId>`)))
		e.step(delay)
		e.step(working)
		one := e.teller(email("foo@bar.com"))
		two := e.teller(told(`<Type>CALLBACK</Type><Callback><Url>https://foo.bar/baz</Url><Credentials><Username>me</Username><Password>x23388%SLHss</Password></Credentials></Callback>`))
		group := e.grouped(one, two)
		e.ask(http.MethodGet, groupsPath+"/"+group, "").is(200, "EmergencyNotificationGroup/Description", "Building 5, 5th Floor.", "EmergencyNotificationGroup/ModifiedBy", e.mine)
		e.ask(http.MethodGet, groupOrdersPath, "").is(200, "EmergencyNotificationGroupOrders/EmergencyNotificationGroupOrder/AddedEmergencyNotificationGroup/AddedEmergencyNotificationRecipients/EmergencyNotificationRecipient/EmailAddress", "foo@bar.com")
		e.ask(http.MethodGet, groupsPath+"?enrDetails=true&endpointCount=true", "").is(200, "EmergencyNotificationGroups/EmergencyNotificationGroup/EndpointCount", "0",
			"EmergencyNotificationGroups/EmergencyNotificationGroup/EmergencyNotificationRecipients/EmergencyNotificationRecipient/EmailAddress", "foo@bar.com")

		a := e.ask(http.MethodPost, associationsPath, associate(group, "Added", "endpoint0001", "endpoint0002"))
		a.is(201, "EmergencyNotificationEndpointOrder/ProcessingStatus", "PROCESSING",
			"EmergencyNotificationEndpointOrder/EmergencyNotificationEndpointAssociations/EmergencyNotificationGroup/Identifier", group)
		e.step(working)
		path := associationsPath + "/" + a.one("EmergencyNotificationEndpointOrder/OrderId")
		e.ask(http.MethodGet, path, "").is(200, "EmergencyNotificationEndpointOrder/ProcessingStatus", "COMPLETED",
			"EmergencyNotificationEndpointOrder/EmergencyNotificationEndpointAssociations/AddedAssociations/ErrorList", "")
		e.ask(http.MethodGet, "/aeuis/endpoint0001", "").is(200, "AlternateEndUserIdentifier/E911/EmergencyNotificationGroup/Identifier", group)
		e.ask(http.MethodGet, "/aeuis?aeui=endpoint0002", "").is(200, "AlternateEndUserIdentifiers/AlternateEndUserIdentifier/EmergencyNotificationGroup/Description", "Building 5, 5th Floor.")
		in := e.ask(http.MethodGet, groupsPath+"/"+group+"?includeEndpoints=true", "").is(200)
		if got := in.at("EmergencyNotificationGroup/EepToEngAssociations/Endpoints/Identifier"); strings.Join(got, " ") != "endpoint0001 endpoint0002" {
			t.Error(in.text)
		}
		e.ask(http.MethodGet, groupsPath+"/"+group+"?includeEndpoints=true&endpointId=endpoint0002", "").is(200, "EmergencyNotificationGroup/EepToEngAssociations/Endpoints/Identifier", "endpoint0002")

		e.ask(http.MethodPost, groupOrdersPath, groupBodyOf("Deleted", "<Identifier>"+group+"</Identifier>")).refused(409, groupOrderRoot, "8100")
		flat := `<EmergencyNotificationEndpointAssociation><EmergencyNotificationGroup><Identifier>` + group + `</Identifier></EmergencyNotificationGroup><DeletedAssociations><EepToEngAssociations>
			<EepAeuiIds><Identifier>endpoint0001</Identifier><Identifier>endpoint0002</Identifier></EepAeuiIds></EepToEngAssociations></DeletedAssociations></EmergencyNotificationEndpointAssociation>`
		e.ask(http.MethodPost, associationsPath, flat).is(201, "EmergencyNotificationEndpointAssociation/ProcessingStatus", "PROCESSING",
			"EmergencyNotificationEndpointAssociation/EmergencyNotificationGroup/Identifier", group)
		e.step(working)
		e.ask(http.MethodGet, associationsPath+"?engId="+group+"&eepAeuiIds=endpoint&engDescription=Building", "").is(200)
		e.ask(http.MethodPost, groupOrdersPath, groupBodyOf("Deleted", "<Identifier>"+group+"</Identifier>")).is(201, "DeletedEmergencyNotificationGroup/Identifier", group)
		e.step(working)
		e.ask(http.MethodGet, groupsPath+"/"+group, "").refused(404, "EmergencyNotificationGroupsResponse", "8079")
		e.ask(http.MethodDelete, recipientsPath+"/"+one, "").is(200)
		e.ask(http.MethodGet, recipientsPath+"/"+one, "").refused(404, "EmergencyNotificationRecipientResponse", "8075")
	})
}

func associate(group, what string, list ...string) string {
	return `<EmergencyNotificationEndpointOrder><CustomerOrderId>c2</CustomerOrderId><EmergencyNotificationEndpointAssociations><EmergencyNotificationGroup><Identifier>` + group +
		`</Identifier></EmergencyNotificationGroup><` + what + `Associations><EepToEngAssociations><EepAeuiIds><Identifier>` + strings.Join(list, "</Identifier><Identifier>") +
		`</Identifier></EepAeuiIds></EepToEngAssociations></` + what + `Associations></EmergencyNotificationEndpointAssociations></EmergencyNotificationEndpointOrder>`
}

func TestRecipientsAreMadeReplacedAndListed(t *testing.T) {
	t.Parallel()
	e := slowEdge(t, storetest.SQLite)
	mail := e.teller(email("foo@bar.com"))
	e.teller(told(`<Type>SMS</Type><Sms><TelephoneNumber>12015551212</TelephoneNumber></Sms>`))
	e.teller(told(`<Type>TTS</Type><Tts><TelephoneNumber>12015551212</TelephoneNumber></Tts>`))
	hook := e.teller(told(`<Type>CALLBACK</Type><Callback><Url>http://127.0.0.1:8911/told</Url><Credentials><Username>me</Username><Password>secret</Password></Credentials></Callback>`))
	a := e.ask(http.MethodGet, recipientsPath+"/"+hook, "").is(200, "EmergencyNotificationRecipient/Callback/Credentials/Username", "me", "EmergencyNotificationRecipient/Type", "CALLBACK")
	if strings.Contains(a.text, "secret") || strings.Contains(a.text, "Password") {
		t.Errorf("the password is shown: %s", a.text)
	}
	e.ask(http.MethodPut, recipientsPath+"/"+mail, email("new@bar.com")).is(200, "EmergencyNotificationRecipient/EmailAddress", "new@bar.com", "EmergencyNotificationRecipient/Identifier", mail)
	for query, want := range map[string]int{
		"": 4, "?enrNotificationType=SMS": 1, "?EnrNotificationType=TTS": 1, "?enrRecipient=201": 2, "?enrRecipient=1201": 2, "?enrRecipient=new": 1, "?enrCallbackUsername=me": 1,
		"?modifiedByUser=nobody": 0, "?uriSubstring=8911": 1, "?uriSubstring=EMAIL": 1, "?page=2020-01-01": 0, "?page=2099-03-15T14:00:00.000-04:00": 4, "?groupCount=true": 4,
	} {
		if a := e.ask(http.MethodGet, recipientsPath+query, "").is(200); len(a.at("EmergencyNotificationRecipients/EmergencyNotificationRecipient/Identifier")) != want || len(a.at("Links/first")) != 1 {
			t.Errorf("%s: want %d:\n%s", query, want, a.text)
		}
	}
	for query, code := range map[string]string{"?foo=1": "8090", "?size=501": "8091", "?size=0": "8091", "?enrNotificationType=FAX": "8091", "?groupCount=often": "8091", "?page=soon": "8092"} {
		e.ask(http.MethodGet, recipientsPath+query, "").refused(400, recipientRoot, code)
	}
}

func TestARecipientThatCannotBeIsRefused(t *testing.T) {
	t.Parallel()
	e := slowEdge(t, storetest.SQLite)
	hook := func(url, user, password string) string {
		return told(`<Type>CALLBACK</Type><Callback><Url>` + url + `</Url><Credentials><Username>` + user + `</Username><Password>` + password + `</Password></Credentials></Callback>`)
	}
	existing := e.teller(email("foo@bar.com"))
	for name, tt := range map[string]struct {
		body   string
		status int
		code   string
	}{
		"no description":        {`<EmergencyNotificationRecipient><Type>EMAIL</Type></EmergencyNotificationRecipient>`, 400, "8066"},
		"no type":               {told(""), 400, "8068"},
		"a type":                {told("<Type>FAX</Type>"), 400, "8067"},
		"no address":            {told("<Type>EMAIL</Type>"), 400, "8069"},
		"no number":             {told("<Type>SMS</Type>"), 400, "8069"},
		"no credentials":        {told("<Type>CALLBACK</Type><Callback><Url>https://a.b</Url></Callback>"), 400, "8069"},
		"a bad address":         {email("foo"), 400, "8070"},
		"an address and a name": {email("Foo &lt;foo@bar.com&gt;"), 400, "8070"},
		"a long address":        {email(strings.Repeat("a", 250) + "@b.com"), 400, "8070"},
		"ten digits":            {told("<Type>SMS</Type><Sms><TelephoneNumber>2015551212</TelephoneNumber></Sms>"), 400, "8065"},
		"plain HTTP afar":       {hook("http://foo.bar", "me", "x"), 400, "8071"},
		"userinfo":              {hook("https://a:b@foo.bar", "me", "x"), 400, "8071"},
		"no host":               {hook("https:///x", "me", "x"), 400, "8071"},
		"a long user":           {hook("https://foo.bar", strings.Repeat("m", 33), "x"), 400, "8072"},
		"no password":           {hook("https://foo.bar", "me", ""), 400, "8073"},
		"told already":          {email("foo@bar.com"), 409, "8074"},
	} {
		a := e.ask(http.MethodPost, recipientsPath, tt.body)
		t.Run(name, func(t *testing.T) {
			a.t = t
			a.refused(tt.status, recipientRoot, tt.code)
			if tt.status == 409 && !strings.Contains(a.text, existing) {
				t.Error(a.text)
			}
		})
	}
}

func TestAGroupOrderThatCannotBeIsRefused(t *testing.T) {
	t.Parallel()
	e := slowEdge(t, storetest.SQLite)
	var r []string
	for i := range 5 {
		r = append(r, e.teller(email(fmt.Sprintf("%d@bar.com", i))))
	}
	group := e.grouped(r[0])
	id, desc := "<Identifier>"+group+"</Identifier>", "<Description>d</Description>"
	for name, tt := range map[string]struct {
		body   string
		status int
		code   string
	}{
		"nothing":                  {"<EmergencyNotificationGroupOrder/>", 400, "8085"},
		"no recipients said":       {groupBodyOf("Added", desc), 400, "8086"},
		"no description":           {groupBodyOf("Added", added(r[1])), 400, "8088"},
		"no recipients":            {groupBodyOf("Added", desc+added()), 400, "8082"},
		"four recipients":          {groupBodyOf("Added", desc+added(r[1], r[2], r[3], r[4])), 400, "8082"},
		"a recipient without name": {groupBodyOf("Added", desc+added("")), 400, "8089"},
		"no group":                 {groupBodyOf("Deleted", ""), 400, "8083"},
		"no such group":            {groupBodyOf("Deleted", "<Identifier>x</Identifier>"), 400, "8087"},
		"nothing to change":        {groupBodyOf("Modified", id), 400, "8101"},
		"more and fewer":           {groupBodyOf("Modified", id+added(r[1])+dropped(r[0])), 400, "8103"},
		"no such recipient":        {groupBodyOf("Added", desc+added("x")), 409, "8081"},
		"of another group":         {groupBodyOf("Added", desc+added(r[0])), 409, "8080"},
		"nobody left":              {groupBodyOf("Modified", id+dropped(r[0])), 409, "8082"},
		"too many then":            {groupBodyOf("Modified", id+added(r[1], r[2], r[3])), 409, "8082"},
		"not in it":                {groupBodyOf("Modified", id+dropped(r[1])), 409, "8102"},
	} {
		a := e.ask(http.MethodPost, groupOrdersPath, tt.body)
		t.Run(name, func(t *testing.T) {
			a.t = t
			a.refused(tt.status, groupOrderRoot, tt.code)
		})
	}
	e.ask(http.MethodDelete, recipientsPath+"/"+r[0], "").refused(409, recipientRoot, "8076")
	e.ask(http.MethodPost, groupOrdersPath, groupBodyOf("Modified", id+"<Description>new</Description>")).is(201, "UpdatedEmergencyNotificationGroup/Description", "new")
	e.ask(http.MethodPost, groupOrdersPath, groupBodyOf("Modified", id+added(r[1], r[2]))).is(201)
	second := e.ask(http.MethodPost, groupOrdersPath, groupBodyOf("Modified", id+added(r[3]))).is(201).one("OrderId") // which is one too many by then
	e.step(working)
	e.ask(http.MethodGet, groupOrdersPath+"/"+second, "").is(200, "ProcessingStatus", "FAILED", "ErrorList/Error/Code", "8082")
	e.ask(http.MethodGet, groupsPath+"?engName=new&enrRecipient=1@bar", "").is(200, "EmergencyNotificationGroups/EmergencyNotificationGroup/Identifier", group)
	e.ask(http.MethodGet, groupOrdersPath+"?processingStatus=FAILED&customerOrderId=c1", "").is(200, "EmergencyNotificationGroupOrders/EmergencyNotificationGroupOrder/OrderId", second)
	e.ask(http.MethodGet, groupOrdersPath+"?processingStatus=MAYBE", "").refused(400, groupOrderRoot, "8091")
	if a := e.ask(http.MethodGet, groupOrdersPath+"?engDescription=nothing+like+it", "").is(200); !strings.Contains(a.text, "<Links>") || len(a.at("EmergencyNotificationGroupOrders/EmergencyNotificationGroupOrder")) != 0 {
		t.Error(a.text)
	}
	e.ask(http.MethodGet, groupOrdersPath+"/"+group, "").refused(404, groupOrderRoot, "")
}

func TestAnAssociationThatCannotBeIsRefused(t *testing.T) {
	t.Parallel()
	e := slowEdge(t, storetest.SQLite)
	e.order(endpoints(phone("endpoint0001", `<LocationId>a</LocationId><Address>`+standard+`</Address>`), phone("endpoint0002", `<LocationId>a</LocationId>`)))
	e.step(delay)
	e.step(working)
	one, two := e.grouped(e.teller(email("1@bar.com"))), e.grouped(e.teller(email("2@bar.com")))
	e.ask(http.MethodPost, associationsPath, associate(one, "Added", "endpoint0001")).is(201)
	e.step(working)
	for name, tt := range map[string]struct {
		body   string
		status int
		code   string
	}{
		"neither":            {strings.ReplaceAll(associate(one, "Added", "endpoint0001"), "AddedAssociations", "Other"), 400, "8094"},
		"both":               {strings.Replace(associate(one, "Added", "endpoint0001"), "<AddedAssociations>", "<DeletedAssociations/><AddedAssociations>", 1), 400, "8094"},
		"nobody":             {strings.Replace(associate(one, "Added", "x"), "<Identifier>x</Identifier>", "", 1), 400, "8095"},
		"no group":           {associate("", "Added", "endpoint0001"), 400, "8083"},
		"too many":           {associate(one, "Added", strings.Split(strings.Repeat("endpoint0001 ", 5001), " ")...), 400, "8096"},
		"no such group":      {associate("x", "Added", "endpoint0001"), 409, "8087"},
		"no such endpoint":   {associate(one, "Added", "nobody0001"), 409, "8098"},
		"a telephone number": {strings.ReplaceAll(strings.ReplaceAll(associate(one, "Added", "2248838829"), "EepAeuiIds", "EepTns"), "<Identifier>2248838829</Identifier>", "<TelephoneNumber>2248838829</TelephoneNumber>"), 409, "8098"},
		"in another group":   {associate(two, "Added", "endpoint0001"), 409, "8099"},
		"out of another":     {associate(two, "Deleted", "endpoint0001"), 409, "8105"},
		"out of none":        {associate(two, "Deleted", "endpoint0002"), 409, "8105"},
		"another root":       {"<EmergencyNotificationGroupOrder/>", 400, "1019"},
	} {
		a := e.ask(http.MethodPost, associationsPath, tt.body)
		t.Run(name, func(t *testing.T) {
			a.t = t
			a.refused(tt.status, associationRoot, tt.code)
		})
	}
	e.ask(http.MethodPost, associationsPath, associate(two, "Added", "endpoint0002")).is(201)
	late := e.ask(http.MethodPost, associationsPath, associate(one, "Added", "endpoint0002")).is(201).one("EmergencyNotificationEndpointOrder/OrderId")
	e.step(working)
	e.ask(http.MethodGet, associationsPath+"/"+late, "").is(200, "EmergencyNotificationEndpointOrder/ProcessingStatus", "FAILED",
		"EmergencyNotificationEndpointOrder/EmergencyNotificationEndpointAssociations/AddedAssociations/ErrorList/Error/Code", "8099")
}

func TestAnEndpointLeavesTheSecondOfItsGroups(t *testing.T) {
	t.Parallel()
	e := slowEdge(t, storetest.SQLite)
	e.order(endpoints(phone("endpoint0001", `<LocationId>a</LocationId><Address>`+standard+`</Address>`)))
	e.step(delay)
	e.step(working)
	e.grouped(e.teller(email("1@bar.com")))
	two := e.grouped(e.teller(email("2@bar.com")))
	e.write(func(tx *store.Tx) error { // as by the provider's other API
		rows, err := store.ByIDs[store.Endpoint](tx, e.mine, []string{"endpoint0001"})
		if err != nil {
			return err
		}
		groups, err := store.Find[store.Group](tx, store.Query{Account: e.mine, Oldest: true})
		for _, g := range groups {
			err = errors.Join(err, store.JoinGroup(tx, g, []store.Endpoint{rows["endpoint0001"]}))
		}
		return err
	})
	e.ask(http.MethodPost, associationsPath, associate(two, "Deleted", "endpoint0001")).is(201)
	e.step(working)
	e.ask(http.MethodPost, associationsPath, associate(two, "Deleted", "endpoint0001")).refused(409, associationRoot, "8105")
}

func TestNotificationListsHavePages(t *testing.T) {
	t.Parallel()
	e := slowEdge(t, storetest.SQLite)
	r := e.teller(email("1@bar.com"))
	group := e.grouped(r)
	for i := range 4 { // two at a moment
		if i%2 == 0 {
			e.step(time.Minute)
		}
		e.ask(http.MethodPost, groupOrdersPath, groupBodyOf("Modified", "<Identifier>"+group+"</Identifier><Description>x</Description>")).is(201)
	}
	seen := map[string]bool{}
	pages := 0
	for url := groupOrdersPath + "?size=1"; url != ""; pages++ {
		a := e.ask(http.MethodGet, url, "").is(200)
		for _, id := range a.at("EmergencyNotificationGroupOrders/EmergencyNotificationGroupOrder/OrderId") {
			if seen[id] {
				t.Fatalf("%s is there twice", id)
			}
			seen[id] = true
		}
		next := a.at("Links/next")
		if url = ""; len(next) == 1 {
			_, rest, _ := strings.Cut(next[0], "/accounts/"+number)
			url, _, _ = strings.Cut(rest, ">")
		}
	}
	if len(seen) != 5 || pages != 3 {
		t.Errorf("%d orders on %d pages", len(seen), pages)
	}
	a := e.ask(http.MethodGet, groupOrdersPath+"?createdAfterDate=2026-11-21T10:00:30Z&size=1", "").is(200)
	if got := a.at("EmergencyNotificationGroupOrders/EmergencyNotificationGroupOrder/OrderCreatedDate"); len(got) != 2 || !strings.HasPrefix(got[0], "2026-11-21T10:01") || len(a.at("Links/next")) != 1 {
		t.Errorf("the first of those after a time: %s", a.text)
	}
}
