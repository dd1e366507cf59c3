package sdp

// Direction is the way media flows, as the side that wrote the description sees
// it (RFC 3264 section 5.1).
type Direction uint8

// The zero value is what a description without a direction attribute means.
const (
	SendRecv Direction = iota
	SendOnly
	RecvOnly
	Inactive
)

// String returns the name of the attribute, such as "sendonly".
func (d Direction) String() string {
	switch d {
	case SendOnly:
		return "sendonly"
	case RecvOnly:
		return "recvonly"
	case Inactive:
		return "inactive"
	}
	return "sendrecv"
}

// Sends reports whether the side that wrote the description sends media.
func (d Direction) Sends() bool { return d == SendRecv || d == SendOnly }

// Receives reports whether the side that wrote the description takes media.
func (d Direction) Receives() bool { return d == SendRecv || d == RecvOnly }

// Reverse returns the direction as the other side sees it, which is also the
// widest direction that may answer d: sendonly is answered by recvonly.
func (d Direction) Reverse() Direction { return direction(d.Receives(), d.Sends()) }

// Within returns d narrowed to what limit allows: media flows one way only if
// it does in both.
func (d Direction) Within(limit Direction) Direction {
	return direction(d.Sends() && limit.Sends(), d.Receives() && limit.Receives())
}

func direction(sends, receives bool) Direction {
	switch {
	case sends && receives:
		return SendRecv
	case sends:
		return SendOnly
	case receives:
		return RecvOnly
	}
	return Inactive
}

func parseDirection(attribute []byte) (Direction, bool) {
	switch string(attribute) {
	case "sendrecv":
		return SendRecv, true
	case "sendonly":
		return SendOnly, true
	case "recvonly":
		return RecvOnly, true
	case "inactive":
		return Inactive, true
	}
	return SendRecv, false
}
