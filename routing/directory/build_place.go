package directory

import (
	"net/url"
	"strconv"
	"strings"
	"time"

	"callbox/routing/area"
	"callbox/routing/numbering"
	"callbox/sip/location"
)

// Bounds of locations, endpoints and emergency numbers.
const (
	LongestLocationID  = 50
	LongestEndpointID  = 64
	longestBandwidthID = 20
	longestLanguage    = 8
	longestHookURL     = 1024
	longestCredential  = 256
	shortestHook       = 10 * time.Millisecond
	longestHook        = 10 * time.Second
)

func (b *builder) buildLocations() {
	b.locations = make(map[accountID]*LocationRecord)
	for i, f := range b.f.Locations {
		path := at("locations", i, "")
		r := &LocationRecord{
			AccountSID: b.account(path, f.Account), ID: f.ID, Description: f.Description, Civic: f.Civic.civic(),
			Point: b.point(path+".point", f.Point),
		}
		b.addressFields(path, r.Civic)
		r.Status, r.ESN = b.n.Validate(r.Civic)
		if b.placeID(path+".id", f.ID, "location", LongestLocationID) && claimPlace(b, b.locations, path+".id", r.AccountSID, f.ID) {
			r.SID = b.madeSID(path, sidLocation, r.AccountSID, f.ID)
			b.locations[accountID{r.AccountSID, f.ID}] = r
			b.out.Locations = append(b.out.Locations, *r)
		}
	}
}

// madeSID makes the SID of something that its file gives none.
func (b *builder) madeSID(path, prefix, account, id string) string {
	sid := makeSID(prefix, account+" "+id) // no account has a space
	b.sids[sid] = taken{path, true}
	return sid
}

// placeID checks the ID of a location or endpoint.
func (b *builder) placeID(path, id, what string, longest int) bool {
	if id == "" {
		b.bad(strings.TrimSuffix(path, ".id"), what+" has no id", "give it one")
		return false
	}
	if !ValidID(id, longest) {
		b.bad(path, "is no "+what+" ID", "write up to "+strconv.Itoa(longest)+" printable ASCII characters without spaces, such as mainCampus")
	}
	return true
}

// ValidID tells whether id can be that of a location or endpoint: printable ASCII without spaces and without what ends
// the user of a URI or a quoted string.
func ValidID(id string, longest int) bool {
	return id != "" && len(id) <= longest && !strings.ContainsFunc(id, func(r rune) bool { return r <= ' ' || r > '~' || strings.ContainsRune(`"\<>@/?#%`, r) })
}

// claimPlace reports a second thing of one ID in an account.
func claimPlace[T any](b *builder, all map[accountID]T, path, account, id string) bool {
	if _, there := all[accountID{account, id}]; there {
		b.bad(path, "is there twice", "give each in an account its own")
		return false
	}
	return true
}

func (c fileCivic) civic() Civic {
	return Civic{
		Customer: c.Customer, Street: c.Street, Secondary: c.Secondary, City: c.City, State: c.State,
		PostalCode: c.PostalCode, Country: area.Country(c.Country),
	}
}

// point takes a point, nil where there is none or a bad one, which it reports.
func (b *builder) point(path string, f *filePoint) *location.Point {
	if f == nil {
		return nil
	}
	if f.Lat == nil || f.Lon == nil {
		b.bad(path, "is no point", "write lat and lon in degrees of WGS84, such as {lat: 35.772, lon: -78.674}")
		return nil
	}
	p := location.Point{Lat: *f.Lat, Lon: *f.Lon, Alt: f.Alt}
	if err := p.Check(); err != nil {
		b.bad(path, "is no point: "+err.Error(), "write lat and lon in degrees of WGS84")
		return nil
	}
	return &p
}

func (b *builder) buildEndpoints() {
	all := make(map[accountID]bool)
	for i, f := range b.f.Endpoints {
		path := at("endpoints", i, "")
		r := EndpointRecord{
			AccountSID: b.account(path, f.Account), ID: f.ID, PIDFLO: f.PIDFLO, Callback: f.Callback, Name: f.Name,
			Language: f.Language, LocationID: f.Location,
		}
		b.endpointFields(path, f, r.AccountSID)
		if f.Address != nil {
			c := f.Address.civic()
			b.addressFields(path+".address", c)
			r.Civic = &c
			_, r.ESN = b.n.Validate(c)
		}
		if b.placeID(path+".id", f.ID, "endpoint", LongestEndpointID) && claimPlace(b, all, path+".id", r.AccountSID, f.ID) {
			r.SID = b.madeSID(path, sidEndpoint, r.AccountSID, f.ID)
			all[accountID{r.AccountSID, f.ID}] = true
			b.out.Endpoints = append(b.out.Endpoints, r)
		}
	}
}

// endpointFields checks what an endpoint has besides its ID.
func (b *builder) endpointFields(path string, f fileEndpoint, account string) {
	if f.Callback != "" && !numbering.Valid(f.Callback) {
		b.bad(path+".callback", "is not E.164", `write "+" and 8 to 15 digits, such as +19195550100`)
	}
	if len(f.Name) > longestPart || strings.ContainsFunc(f.Name, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		b.bad(path+".name", "is too long or has a control character", "write up to "+strconv.Itoa(longestPart)+" letters on one line")
	}
	if len(f.Language) > longestLanguage || strings.Trim(f.Language, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-") != "" {
		b.bad(path+".language", "is not the code of a language", "write en, fr or another of ISO 639")
	}
	if f.Location == "" {
		return
	}
	if _, ok := b.locations[accountID{account, f.Location}]; !ok && account != "" {
		b.bad(path+".location", "is not in locations of the endpoint's account", "add it to locations, or write the id of one")
	}
	if f.Address != nil {
		b.bad(path+".address", "is a second place beside location", "write one of the two")
	}
}

func (b *builder) buildEmergencyNumbers() {
	all := make(map[string]bool)
	for i, f := range b.f.EmergencyNumbers {
		path := at("emergency_numbers", i, "")
		r := EmergencyNumberRecord{
			AccountSID: b.account(path, f.Account), Number: f.Number, URL: f.URL, User: f.User, Password: f.Password,
			Timeout: DefaultHookTimeout, RefuseOn404: f.RefuseOn404, TakeCaller: f.TakeCaller, ForbidInternal: f.ForbidInternal,
			Parameters: f.Parameters,
		}
		if f.Timeout != nil {
			r.Timeout = *f.Timeout
		}
		for key, p := range CheckEmergencyNumber(r) {
			switch {
			case key == "number" && f.Number == "": // claim says so
			case key == "url" && strings.Contains(f.URL, "@"): // it may have a password, and a problem quotes its value
				b.bad(path, "emergency number's url "+p.Message, p.Mend)
			default:
				b.bad(path+"."+key, p.Message, p.Mend)
			}
		}
		if claim(b, all, path+".number", f.Number, "emergency number") {
			r.SID = b.madeSID(path, sidEmergency, "", f.Number)
			all[f.Number] = true
			b.out.Customers.EmergencyNumbers = append(b.out.Customers.EmergencyNumbers, r)
		}
	}
}

// Flaw is what is wrong with a value, and the mend.
type Flaw struct{ Message, Mend string }

// CheckEmergencyNumber returns what is wrong with an emergency number by the keys of a directory file: number, url, user,
// password, timeout.
func CheckEmergencyNumber(r EmergencyNumberRecord) map[string]Flaw {
	flaws := map[string]Flaw{}
	if !numbering.Valid(r.Number) {
		flaws["number"] = Flaw{"is not E.164", `write "+" and 8 to 15 digits, such as +19195550911`}
	}
	if why := badHook(r.URL); why != "" {
		flaws["url"] = Flaw{why, "write a URL such as https://where.example.com/locate"}
	}
	if len(r.User) > longestCredential || !printable(r.User) || strings.Contains(r.User, ":") {
		flaws["user"] = Flaw{"cannot be a user name of basic authentication", "write up to " + strconv.Itoa(longestCredential) + " printable ASCII characters without colons"}
	}
	switch p := string(r.Password); {
	case len(p) > longestCredential || !printable(p):
		flaws["password"] = Flaw{"cannot be a password of basic authentication", "write up to " + strconv.Itoa(longestCredential) + " printable ASCII characters"}
	case p != "" && r.User == "":
		flaws["password"] = Flaw{"is the password of nobody", "write user as well, or remove it"}
	}
	if r.Timeout < shortestHook || r.Timeout > longestHook {
		flaws["timeout"] = Flaw{"is too short or too long", "write 10ms to 10s; the provider's is 450ms"}
	}
	return flaws
}

// badHook says what is wrong with the URL of a hook.
func badHook(s string) string {
	if s == "" {
		return "emergency number has no URL to ask"
	}
	if len(s) > longestHookURL || !printable(s) {
		return "is too long or has characters that are not printable ASCII"
	}
	if why := badWebhook(s); why != "" {
		return why
	}
	if u, err := url.Parse(s); err == nil && u.User != nil {
		return "has a user in it: user and password are keys of their own"
	}
	return ""
}
