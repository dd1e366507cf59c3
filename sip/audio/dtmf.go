package audio

import (
	"encoding/binary"
	"strings"
)

// The digits of DTMF in the order of their event codes (RFC 4733 section 3.2).
const dtmfDigits = "0123456789*#ABCD"

// Digit tells whether d is a DTMF digit: 0 to 9, *, #, A to D.
func Digit(d byte) bool { return strings.IndexByte(dtmfDigits, d) >= 0 }

// How a digit is sent: 100 ms of event packets of which the end is repeated, then a gap, each counted in frames.
const (
	eventFrames  = 5
	eventRepeats = 3
	eventGap     = 3
	eventVolume  = 10 // -10 dBm0
)

// maxDigits bounds the digits that wait to be sent on a stream.
const maxDigits = 64

// event is the payload of a telephone-event packet (RFC 4733 section 2.3):
//
//	 0                   1                   2                   3
//	+---------------+-+-+-----------+-------------------------------+
//	|     event     |E|R| volume    |          duration             |
//	+---------------+-+-+-----------+-------------------------------+
type event struct {
	code     byte
	end      bool
	duration uint16 // in units of the timestamp
}

func (e event) append(dst []byte) []byte {
	flags := byte(eventVolume)
	if e.end {
		flags |= 0x80
	}
	return binary.BigEndian.AppendUint16(append(dst, e.code, flags), e.duration)
}

func parseEvent(b []byte) (event, bool) {
	if len(b) < 4 || int(b[0]) >= len(dtmfDigits) {
		return event{}, false
	}
	return event{code: b[0], end: b[1]&0x80 != 0, duration: binary.BigEndian.Uint16(b[2:])}, true
}

// eventSender is the digit being sent on a stream.
type eventSender struct {
	queue     []byte // event codes
	frame     int    // of the digit at the head, 0 before its first packet
	timestamp uint32 // of its first packet, which all of them carry
}

// push queues digit d and reports whether there was room.
func (q *eventSender) push(d byte) bool {
	code := strings.IndexByte(dtmfDigits, d)
	if code < 0 || len(q.queue) == maxDigits {
		return false
	}
	q.queue = append(q.queue, byte(code))
	return true
}

// next returns the event packets of this frame; timestamp is the stream's. Silent means that no audio goes out in this
// frame either, first that the marker bit belongs on the packet. An end is repeated in packets of its own.
func (q *eventSender) next(timestamp uint32) (e event, repeats int, silent, first bool) {
	if len(q.queue) == 0 {
		return e, 0, false, false
	}
	if q.frame == 0 {
		q.timestamp = timestamp
	}
	q.frame++
	e = event{code: q.queue[0], duration: uint16(min(q.frame, eventFrames) * FrameSamples)}
	switch {
	case q.frame < eventFrames:
		repeats = 1
	case q.frame == eventFrames:
		e.end, repeats = true, eventRepeats
	case q.frame == eventFrames+eventGap:
		q.queue, q.frame = q.queue[1:], 0
	}
	return e, repeats, true, q.frame == 1
}

// eventReceiver finds the digits in received events. Every packet of one key press carries the timestamp of its start,
// so a digit counts when a timestamp is new; updates, repeated ends and late duplicates are absorbed.
type eventReceiver struct {
	seen  bool
	stamp uint32
}

func (r *eventReceiver) receive(timestamp uint32, payload []byte) (digit byte, ok bool) {
	e, ok := parseEvent(payload)
	if !ok || r.seen && int32(timestamp-r.stamp) <= 0 {
		return 0, false
	}
	r.seen, r.stamp = true, timestamp
	return dtmfDigits[e.code], true
}

func (r *eventReceiver) reset() { r.seen = false }
