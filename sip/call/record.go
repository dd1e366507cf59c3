package call

import "time"

// Record is the call detail record (CDR): one JSON line per call in the data directory, and the body of
// GET /api/v1/calls/{id}. While a call is up its Record is a snapshot with State below StateEnded.
type Record struct {
	ID             ID        `json:"id"`
	State          State     `json:"state"`
	StartedAt      time.Time `json:"started_at"`
	AnsweredAt     time.Time `json:"answered_at,omitzero"`
	EndedAt        time.Time `json:"ended_at,omitzero"`
	DurationMS     int64     `json:"duration_ms"`               // answer to end; 0 when never answered
	PostDialMS     float64   `json:"post_dial_ms"`              // INVITE in to first INVITE out
	EndReason      EndReason `json:"end_reason,omitempty"`      // why the call ended
	SIPStatus      int       `json:"sip_status,omitempty"`      // the final answer given to the caller
	SIPReason      string    `json:"sip_reason,omitempty"`      // its sentence
	Source         string    `json:"source"`                    // the caller's address and port
	Transport      string    `json:"transport"`                 // udp, tcp or tls
	SIPCallID      string    `json:"sip_call_id"`               // the A leg's Call-ID header
	SIPCallIDB     string    `json:"sip_call_id_b,omitempty"`   // the answering B leg's
	From           string    `json:"from"`                      // From as it came, user part or URI
	Dialled        string    `json:"dialled"`                   // the Request-URI's user part or URN
	Domain         string    `json:"domain"`                    // the Request-URI's host
	Account        string    `json:"account,omitempty"`         // account SID
	Caller         string    `json:"caller,omitempty"`          // the number shown as caller, E.164
	CallerReplaced bool      `json:"caller_replaced,omitempty"` // the domain's Emergency Caller ID took From's place
	PeerName       string    `json:"peer_name,omitempty"`       // of the caller's side by its verified TLS certificate
	CallerSource   string    `json:"caller_source,omitempty"`   // header field that Caller was found in, in small letters; "" for From
	Endpoint       string    `json:"endpoint,omitempty"`        // AEUI of a caller that is known by that
	CallerName     string    `json:"caller_name,omitempty"`     // of an endpoint, or as a web service gave it
	CallbackNumber string    `json:"callback_number,omitempty"` // where an endpoint can be called back, E.164
	Place          *Place    `json:"place,omitempty"`           // where help was needed; absent where that is Address
	Asked          *Asked    `json:"asked,omitempty"`           // who was asked before the call was decided
	BadLocation    string    `json:"bad_location,omitempty"`    // why no location in the INVITE could be used
	Country        string    `json:"country,omitempty"`         // ISO 3166 of the caller number
	Service        string    `json:"service,omitempty"`         // e911, basic911 or none
	Address        string    `json:"address,omitempty"`         // the registered address on one line
	Verdict        string    `json:"verdict"`
	Warning        int       `json:"warning,omitempty"`    // Twilio warning code, e.g. 22221
	ErrorCode      int       `json:"error_code,omitempty"` // Twilio error code of a refusal
	FeeCents       int64     `json:"fee_cents,omitempty"`  // US cents, 7500 for an unregistered number
	Trace          []Step    `json:"trace"`                // every rule of the decision
	Attempts       []Attempt `json:"attempts"`             // every target tried, in order; some of a callback's ring together
	AnsweredBy     string    `json:"answered_by,omitempty"`
	Media          Media     `json:"media"`
	Events         []Event   `json:"events"`
	Direction      Direction `json:"direction,omitempty"`   // callback; absent where a caller asked for help
	Centre         string    `json:"centre,omitempty"`      // of a callback: the call centre that calls
	CallbackOf     ID        `json:"callback_of,omitempty"` // of a callback: the emergency call it is about, where one is known
	Contact        string    `json:"contact,omitempty"`     // the URI in the INVITE's Contact: where the caller's phone can be reached

	EmergencyCallID string `json:"emergency_call_id,omitempty"` // URN that next-generation centres know the call by
	IncidentID      string `json:"incident_id,omitempty"`       // URN of the incident that it tells of
}

// Direction says which way a call goes.
type Direction string

// The directions.
const (
	DirectionEmergency Direction = ""         // from somebody in need, or to a test service
	DirectionCallback  Direction = "callback" // from a call centre to the number it was given (RFC 7090)
)

// Step is one rule of a decision, or of a callback's way, as told to people: the rule's number and name, what came of it, and what it saw.
type Step struct {
	Rule    int    `json:"rule"`
	Name    string `json:"name"`
	Outcome string `json:"outcome"` // passed, failed, applied, skipped
	Saw     string `json:"saw,omitempty"`
}

// Attempt is one target that was rung, and what it answered.
type Attempt struct {
	Target        string    `json:"target"` // the call centre's ID
	URI           string    `json:"uri"`
	StartedAt     time.Time `json:"started_at"`
	EndedAt       time.Time `json:"ended_at,omitzero"`
	Status        int       `json:"sip_status,omitempty"`
	Outcome       string    `json:"outcome"`                  // answered, busy, failed, timeout, out_of_service, cancelled, unreachable
	TransferredBy string    `json:"transferred_by,omitempty"` // the call centre that sent the caller there
	Purpose       string    `json:"purpose,omitempty"`        // listen or barge, of somebody who was to hear the call; "" for a call centre
}

// Media holds the figures of both directions of a call.
type Media struct {
	FromCaller Flow `json:"from_caller"`
	FromCentre Flow `json:"from_centre"`
	OneWay     bool `json:"one_way,omitempty"`  // media came from one side only
	NoMedia    bool `json:"no_media,omitempty"` // media came from neither side
}

// Flow is one direction of media, counted where it enters the relay.
type Flow struct {
	Packets       uint64  `json:"packets"`
	Bytes         uint64  `json:"bytes"` // RTP header and payload
	Lost          uint64  `json:"lost"`
	JitterMS      float64 `json:"jitter_ms"` // RFC 3550 section 6.4.1, at the audio clock
	RTCPPackets   uint64  `json:"rtcp_packets"`
	Dropped       uint64  `json:"dropped"`            // not RTP, too large, from a stranger, forged or replayed
	SRTP          string  `json:"srtp,omitempty"`     // crypto-suite, "" for plain RTP
	Forged        uint64  `json:"forged,omitempty"`   // of the dropped: not protected with the key agreed on
	Replayed      uint64  `json:"replayed,omitempty"` // of the dropped: protected with it, and seen before
	LatchSwitches uint64  `json:"latch_switches"`     // accepted changes of the source address
}
