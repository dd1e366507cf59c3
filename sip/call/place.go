package call

import "time"

// Place is where help was needed, as far as that was not simply a number's registered address.
type Place struct {
	By             string    `json:"by"`                        // hook, value, location_id or endpoint: who said so
	Address        string    `json:"address,omitempty"`         // on one line
	Lat            *float64  `json:"lat,omitempty"`             // degrees of WGS84
	Lon            *float64  `json:"lon,omitempty"`             // likewise
	UncertaintyM   float64   `json:"uncertainty_m,omitempty"`   // metres around the point
	NearestAddress string    `json:"nearest_address,omitempty"` // the known address next to a point that has none of its own
	NearestM       float64   `json:"nearest_m,omitempty"`       // metres between the two
	LocationID     string    `json:"location_id,omitempty"`     // of the account
	Method         string    `json:"method,omitempty"`          // how it was found out (RFC 4119): GPS, Manual
	FoundAt        time.Time `json:"found_at,omitzero"`         // when, as the INVITE has it
}

// Asked is a question that had to be answered before a call could be decided, and what came of it.
type Asked struct {
	Kind      string  `json:"kind"`                // hook: the web service of a designated number; lost: a LoST server
	URL       string  `json:"url,omitempty"`       // what was asked
	Status    int     `json:"status,omitempty"`    // of the HTTP answer, absent where none came
	Redirects int     `json:"redirects,omitempty"` // that were followed to it
	ElapsedMS float64 `json:"elapsed_ms"`
	Error     string  `json:"error,omitempty"`  // why there is no answer that can be used
	Answer    string  `json:"answer,omitempty"` // at most 512 bytes of it
}
