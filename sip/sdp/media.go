package sdp

import "net/netip"

// Media is one m-line with what its section and the session level say about it.
type Media struct {
	Index int    // place among the m-lines, from 0
	Kind  string // "audio", "video", "image", "application", ...
	Proto string // "RTP/AVP", "RTP/SAVP", "udptl", ...
	Port  uint16 // 0: the line is refused or switched off

	// RTP and RTCP are where the peer says it receives. Their address is not
	// valid (IsValid is false, the port is still set) where the description
	// gives a host name, a multicast or null address, or none at all: names are
	// not looked up, so send to wherever the peer's own packets come from.
	RTP  netip.AddrPort
	RTCP netip.AddrPort
	Mux  bool // a=rtcp-mux was said

	// Direction is the media level attribute, else the session level one, else
	// sendrecv, narrowed for Held.
	Direction Direction

	// Held is set by a null connection address (0.0.0.0, ::, or a name in
	// .invalid), the way of RFC 2543 to put a call on hold: the peer takes no
	// media, so Direction is sendonly or inactive.
	Held bool

	Formats []string // payload types in the order of preference
	PTime   int      // packet time in milliseconds, 0 if not said

	body []byte
}

// Format is one codec with the payload type it has in a description.
type Format struct {
	Payload   uint8
	Name      string // encoding name of RFC 4855, compared without case
	ClockRate uint32 // Hz
	Channels  uint8  // 0 and 1 both mean one
	Params    string // value of the fmtp attribute, without the payload type
}

// PCMU returns G.711 mu-law with its static payload type.
func PCMU() Format { return Format{Payload: 0, Name: "PCMU", ClockRate: 8000} }

// PCMA returns G.711 A-law with its static payload type.
func PCMA() Format { return Format{Payload: 8, Name: "PCMA", ClockRate: 8000} }

// TelephoneEvent returns DTMF events (RFC 4733) 0 to 15 under payload type pt.
func TelephoneEvent(pt uint8) Format {
	return Format{Payload: pt, Name: "telephone-event", ClockRate: 8000, Params: "0-15"}
}

// Supported returns what the simulated centres and the softphone speak, in the
// order of preference: PCMU, PCMA and telephone-event as 101.
func Supported() []Format { return []Format{PCMU(), PCMA(), TelephoneEvent(101)} }

// Codec returns the format behind payload type pt: from its rtpmap line, else
// from the static table of RFC 3551. False where neither knows it.
func (m Media) Codec(pt uint8) (Format, bool) { return Format{}, false }

// ClockRate returns the RTP clock rate in Hz of payload type pt, 0 if unknown.
func (m Media) ClockRate(pt uint8) uint32 { return 0 }

// Find returns the first format of the line with this encoding name (case does
// not matter) and clock rate.
func (m Media) Find(name string, clockRate uint32) (Format, bool) { return Format{}, false }
