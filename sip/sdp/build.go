package sdp

// Offer returns an offer of one audio line with formats in the order of
// preference. A ptime of 0 leaves the packet time unsaid.
func Offer(l Local, formats []Format, dir Direction, ptime int) []byte { return nil }

// Answer returns the answer to offer and the formats in it, under the payload
// types of the offer: first the one codec chosen, the earliest of the offer that
// is in supported, then telephone-event if both sides have it at that clock
// rate. The direction is dir narrowed to what the offer allows: Inactive and
// RecvOnly answer a caller on hold whatever dir says. Other m-lines are refused.
// The error is ErrNoCodec where there is nothing to agree on.
func Answer(offer *Session, l Local, supported []Format, dir Direction, ptime int) ([]byte, []Format, error) {
	return nil, nil, ErrNoCodec
}
