package web

import (
	"time"

	"callbox/sip/call"
)

// Simulated tells what was spoken at the simulated call centres of this process. It must not block.
type Simulated interface {
	// Transcripts returns what each of them did with the call, in the order they were called; none for a call it does
	// not know or remember.
	Transcripts(call.ID) []Transcript
}

// Transcript is one call's visit to a simulated call centre or service, as heard there.
type Transcript struct {
	Centre     string    `json:"centre" doc:"The user part it was called by, such as psap-sf, test-service or announce."`
	Name       string    `json:"name" doc:"What it calls itself."`
	AnsweredAt time.Time `json:"answered_at,omitzero" doc:"Absent when it did not answer."`
	Number     string    `json:"number,omitempty" doc:"The caller's number as it was delivered."`
	CallerName string    `json:"caller_name,omitempty" doc:"The caller's name as it was delivered, or that of who lives at the address."`
	Address    string    `json:"address,omitempty" doc:"The address as it was delivered, on one line."`
	Received   *Received `json:"received,omitempty" doc:"What else was delivered; absent where there was nothing."`
	Voice      string    `json:"voice,omitempty" enum:"builtin,espeak-ng,flite" doc:"Who spoke; absent when nobody did."`
	Said       []string  `json:"said" doc:"The sentences begun, in order and in the words spoken: the last 50."`
	Digits     string    `json:"digits" doc:"The DTMF digits heard: the last 200."`
	TransferTo string    `json:"transfer_to,omitempty" doc:"The centre that its agent sends the caller to."`
	Transfer   string    `json:"transfer,omitempty" doc:"What the edge tells the agent of that, such as 180 Ringing or 200 OK."`
}

// Received is what a centre was delivered beside number and address.
type Received struct {
	Point          *ReceivedPoint  `json:"point,omitempty" doc:"The coordinates."`
	Geolocation    []string        `json:"geolocation,omitempty" doc:"The values of Geolocation: locations in the body (cid) and by reference."`
	Routing        string          `json:"geolocation_routing,omitempty" doc:"Geolocation-Routing, as it came."`
	CallInfo       []string        `json:"call_info,omitempty" doc:"The values of Call-Info: the identifiers of call and incident, and where additional data is."`
	AdditionalData []ReceivedBlock `json:"additional_data,omitempty" doc:"The blocks of additional data (RFC 7852)."`
}

// ReceivedPoint is coordinates that a centre was delivered.
type ReceivedPoint struct {
	Lat         float64 `json:"latitude" doc:"Degrees of WGS84."`
	Lon         float64 `json:"longitude" doc:"Degrees of WGS84."`
	Uncertainty float64 `json:"uncertainty_m,omitempty" doc:"Radius of the circle that the caller may be in; absent where nothing was said of that."`
}

// ReceivedBlock is a block of additional data, by value or by reference.
type ReceivedBlock struct {
	Block   string `json:"block" doc:"Which one." example:"ProviderInfo"`
	URL     string `json:"url,omitempty" doc:"Where it is to be had; absent for one by value."`
	Content string `json:"content,omitempty" doc:"What it holds, by value: the first 4096 bytes."`
}

// CallDetail is a call's record, what was spoken, and who was told.
type CallDetail struct {
	call.Record
	Callbacks   []call.ID    `json:"callbacks" doc:"The calls of call centres that called back about this one, newest first, as far as memory goes. In cdr.jsonl each of them says callback_of."`
	Transcripts []Transcript `json:"transcripts" doc:"What each simulated centre of this edge that was called heard and said. Kept in memory for the last 500 calls at them: not part of cdr.jsonl."`

	Notifications []Notification `json:"notifications" doc:"Who was told of the call, and who is to be, newest first."`
}
