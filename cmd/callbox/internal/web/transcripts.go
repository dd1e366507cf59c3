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
	Address    string    `json:"address,omitempty" doc:"The address as it was delivered, on one line."`
	Voice      string    `json:"voice,omitempty" enum:"builtin,espeak-ng,flite" doc:"Who spoke; absent when nobody did."`
	Said       []string  `json:"said" doc:"The sentences begun, in order and in the words spoken: the last 50."`
	Digits     string    `json:"digits" doc:"The DTMF digits heard: the last 200."`
	TransferTo string    `json:"transfer_to,omitempty" doc:"The centre that its agent sends the caller to."`
	Transfer   string    `json:"transfer,omitempty" doc:"What the edge tells the agent of that, such as 180 Ringing or 200 OK."`
}

// CallDetail is a call's record, what was spoken, and who was told.
type CallDetail struct {
	call.Record
	Callbacks   []call.ID    `json:"callbacks" doc:"The calls of call centres that called back about this one, newest first, as far as memory goes. In cdr.jsonl each of them says callback_of."`
	Transcripts []Transcript `json:"transcripts" doc:"What each simulated centre of this edge that was called heard and said. Kept in memory for the last 500 calls at them: not part of cdr.jsonl."`

	Notifications []Notification `json:"notifications" doc:"Who was told of the call, and who is to be, newest first."`
}
