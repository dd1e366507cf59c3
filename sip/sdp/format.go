package sdp

import (
	"bytes"
	"strconv"
	"strings"
)

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

// Is reports whether f is the codec of this encoding name (case does not matter)
// and clock rate.
func (f Format) Is(name string, clockRate uint32) bool {
	return f.ClockRate == clockRate && strings.EqualFold(f.Name, name)
}

func (f Format) same(g Format) bool {
	return f.Is(g.Name, g.ClockRate) && max(f.Channels, 1) == max(g.Channels, 1)
}

// event reports whether f carries no voice of its own: DTMF or comfort noise.
func (f Format) event() bool {
	return strings.EqualFold(f.Name, "telephone-event") || strings.EqualFold(f.Name, "CN")
}

// Codec returns the format behind payload type pt: from its rtpmap line, else
// from the static table of RFC 3551. False where neither knows it.
func (m Media) Codec(pt uint8) (Format, bool) {
	f, ok := static(pt)
	sec := m.body
	for {
		line, more := sec.next()
		if !more {
			return f, ok
		}
		kind, value, _ := typed(line)
		if kind != 'a' {
			continue
		}
		name, value := attribute(value)
		number, value, _ := bytes.Cut(value, []byte{' '})
		if n, legal := payloadType(string(number)); !legal || n != pt {
			continue
		}
		switch string(name) {
		case "rtpmap":
			if mapped, legal := parseMap(string(bytes.TrimSpace(value))); legal {
				mapped.Payload, mapped.Params = pt, f.Params
				f, ok = mapped, true
			}
		case "fmtp":
			f.Params = string(bytes.TrimSpace(value))
		}
	}
}

// parseMap reads "opus/48000/2".
func parseMap(text string) (Format, bool) {
	name, rest, _ := strings.Cut(text, "/")
	clock, channels, _ := strings.Cut(rest, "/")
	rate, err := strconv.ParseUint(clock, 10, 32)
	if err != nil || rate == 0 || name == "" {
		return Format{}, false
	}
	f := Format{Name: name, ClockRate: uint32(rate)}
	if n, err := strconv.ParseUint(channels, 10, 8); err == nil {
		f.Channels = uint8(n)
	}
	return f, true
}

// static is the table of RFC 3551 section 6, as far as it is audio.
func static(pt uint8) (Format, bool) {
	f := Format{Payload: pt, ClockRate: 8000}
	switch pt {
	case 0:
		f.Name = "PCMU"
	case 3:
		f.Name = "GSM"
	case 4:
		f.Name = "G723"
	case 5:
		f.Name = "DVI4"
	case 6:
		f.Name, f.ClockRate = "DVI4", 16000
	case 7:
		f.Name = "LPC"
	case 8:
		f.Name = "PCMA"
	case 9:
		f.Name = "G722"
	case 10:
		f.Name, f.ClockRate, f.Channels = "L16", 44100, 2
	case 11:
		f.Name, f.ClockRate = "L16", 44100
	case 12:
		f.Name = "QCELP"
	case 13:
		f.Name = "CN"
	case 14:
		f.Name, f.ClockRate = "MPA", 90000
	case 15:
		f.Name = "G728"
	case 16:
		f.Name, f.ClockRate = "DVI4", 11025
	case 17:
		f.Name, f.ClockRate = "DVI4", 22050
	case 18:
		f.Name = "G729"
	default:
		return Format{Payload: pt}, false
	}
	return f, true
}

// ClockRate returns the RTP clock rate in Hz of payload type pt, 0 if unknown.
func (m Media) ClockRate(pt uint8) uint32 {
	f, _ := m.Codec(pt)
	return f.ClockRate
}

// Codecs returns every format of the line that Codec knows, in the order of
// preference.
func (m Media) Codecs() []Format {
	var list []Format
	for _, format := range m.Formats {
		if pt, legal := payloadType(format); legal {
			if f, ok := m.Codec(pt); ok {
				list = append(list, f)
			}
		}
	}
	return list
}

// Find returns the first format of the line with this encoding name (case does
// not matter) and clock rate.
func (m Media) Find(name string, clockRate uint32) (Format, bool) {
	for _, f := range m.Codecs() {
		if f.Is(name, clockRate) {
			return f, true
		}
	}
	return Format{}, false
}
