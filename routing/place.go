package routing

import (
	"fmt"
	"time"

	"callbox/routing/directory"
	"callbox/sip/location"
)

// PlaceSource says who said where the caller is.
type PlaceSource uint8

// The sources of a place, in the order in which they count.
const (
	PlaceNone     PlaceSource = iota // no place is known: the ECC asks
	PlaceHook                        // the answer of a designated number's web hook
	PlaceValue                       // a location in the INVITE: coordinates or a civic address
	PlaceID                          // a location of the account, by its ID in the INVITE
	PlaceEndpoint                    // the location or address that an endpoint is registered with
	PlaceAddress                     // a number's registered address
)

var placeNames = [...]string{"none", "hook", "value", "location_id", "endpoint", "address"}

// String returns none, hook, value, location_id, endpoint or address.
func (s PlaceSource) String() string {
	if int(s) < len(placeNames) {
		return placeNames[s]
	}
	return fmt.Sprintf("place(%d)", uint8(s))
}

// words is the source for people.
func (s PlaceSource) words() string {
	return [...]string{
		"nobody", "the web service's answer", "a location in the INVITE", "a location ID in the INVITE",
		"what the endpoint is registered with", "the registered address",
	}[min(s, PlaceAddress)]
}

// Place is where help is needed, as far as it is known. What it points to must not be changed.
type Place struct {
	By          PlaceSource
	Address     *directory.Address // a provisioned one: the number's, the endpoint's, or that of LocationID
	Civic       *directory.Civic   // one that came with the call, where there is no Address
	Point       *location.Point    // nil where only a civic address is known
	Uncertainty float64            // metres around Point, 0 where nothing was said of it
	Nearest     *Nearest           // the known address next to Point, where Address and Civic are nil
	LocationID  string             // of the account, "" where the place is none of those
	Value       *location.Location // what the INVITE had, for PlaceValue
}

// Nearest is the known address next to a point.
type Nearest struct {
	Civic  directory.Civic
	Point  location.Point
	Metres float64 // from the caller's point to this
}

// Known returns the civic address of the place, false where no more than a point is known. It allocates nothing.
func (p *Place) Known() (directory.Civic, bool) {
	switch {
	case p.Address != nil:
		return p.Address.Civic(), true
	case p.Civic != nil:
		return *p.Civic, true
	}
	return directory.Civic{}, false
}

// Method is how a location in the INVITE was determined (RFC 4119), "" where that was not said.
func (p *Place) Method() string {
	if p.Value == nil {
		return ""
	}
	return p.Value.Method
}

// QuestionKind says whom a question is for.
type QuestionKind uint8

// The kinds of questions.
const (
	QuestionHook QuestionKind = iota // the web hook of a designated number (Bandwidth's Emergency Calling API)
	QuestionLoST                     // a LoST server (RFC 5222): which centre serves a place
)

var questionNames = [...]string{"hook", "lost"}

// String returns hook or lost.
func (k QuestionKind) String() string {
	if int(k) < len(questionNames) {
		return questionNames[k]
	}
	return fmt.Sprintf("question(%d)", uint8(k))
}

// Question is what somebody outside has to say before a call can be decided. Whoever asks it gives the answer, or what
// kept it from coming, to the next Decide of the same request in Request.Replies; no question is asked twice.
type Question struct {
	Kind     QuestionKind
	Hook     *directory.EmergencyNumber // whose hook is asked
	To, From string                     // what it is told: E.164 where the call has that

	LoST    *directory.LoST // whose server is asked
	Service string          // of the LoST query: a service URN
	Place   Place           // of the LoST query
}

// String says what has to be asked.
func (q *Question) String() string {
	if q.Kind == QuestionHook {
		return "GET " + clean(HookURL(q.Hook, q.To, q.From)) + " is to say who calls and from where"
	}
	return clean(q.LoST.URL) + " is to say who serves the place for " + q.Service
}

// Reply is the answer to a Question. The zero value of a field is one that the answer did not have.
type Reply struct {
	Kind      QuestionKind
	Status    int           // of the HTTP answer, 0 where none came
	Redirects int           // that were followed to it
	Err       string        // what kept an answer from coming or being read, a sentence; "" for one that was read
	Elapsed   time.Duration // from the first try to connect to the last byte
	Body      []byte        // of the answer, bounded

	// What a hook says. Whether it is enough is the decision's to judge.
	AEUI, LocationID string
	Point            *location.Point // lat and lon
	Radius           *float64        // metres
	Callback, Name   string

	// What a LoST server says: the URIs of the service, and its name.
	URIs        []string
	DisplayName string
	Warnings    []string // bounded: what it says beside, such as that it gave a default
	Kept        string   // why this is an answer of before, "" for a new one
}

// GeolocationRouting is what an INVITE's Geolocation-Routing says (RFC 6442 section 4.2): may its location route it.
type GeolocationRouting uint8

// The values of Geolocation-Routing.
const (
	GeolocationRoutingAbsent GeolocationRouting = iota
	GeolocationRoutingYes
	GeolocationRoutingNo // also any other value
)
