package media

// Metrics are the sums of a relay since it was made, except where a field says "now".
type Metrics struct {
	Sessions         int // now
	PortsTotal       int
	PortsInUse       int // now
	PortsQuarantined int // now

	PortsWoken    uint64 // pairs handed out before their quarantine was over, for want of others
	Packets       uint64 // RTP accepted
	Bytes         uint64 // of those, header and payload
	RTCPPackets   uint64 // RTCP accepted
	RTCPByes      uint64 // of those, the ones with a BYE, which was taken out
	LatchSwitches uint64
	Timeouts      uint64 // sessions that were given NoticeTimeout

	DroppedNotRTP     uint64 // neither RTP nor RTCP, or malformed
	DroppedTooLarge   uint64
	DroppedStranger   uint64 // from a source that is not the peer
	DroppedSend       uint64 // refused by the kernel: a full send buffer, no route
	DroppedUnroutable uint64 // the other side was not known yet, or had asked for no media
	DroppedForged     uint64 // SRTP that was not protected with the peer's key, RTP where SRTP was agreed on
	DroppedReplayed   uint64 // SRTP that had come before
}

func (m *Metrics) addFlow(f *flow) {
	m.add(Metrics{
		Packets:           f.packets,
		Bytes:             f.bytes,
		RTCPPackets:       f.rtcp,
		RTCPByes:          f.byes,
		LatchSwitches:     f.switches,
		DroppedNotRTP:     f.drops[dropNotRTP],
		DroppedTooLarge:   f.drops[dropTooLarge],
		DroppedStranger:   f.drops[dropStranger],
		DroppedSend:       f.drops[dropSend],
		DroppedUnroutable: f.drops[dropUnroutable],
		DroppedForged:     f.drops[dropForged],
		DroppedReplayed:   f.drops[dropReplayed],
	})
}

// add adds the sums of o; what is "now" is left alone.
func (m *Metrics) add(o Metrics) {
	m.Packets += o.Packets
	m.Bytes += o.Bytes
	m.RTCPPackets += o.RTCPPackets
	m.RTCPByes += o.RTCPByes
	m.LatchSwitches += o.LatchSwitches
	m.Timeouts += o.Timeouts
	m.DroppedNotRTP += o.DroppedNotRTP
	m.DroppedTooLarge += o.DroppedTooLarge
	m.DroppedStranger += o.DroppedStranger
	m.DroppedSend += o.DroppedSend
	m.DroppedUnroutable += o.DroppedUnroutable
	m.DroppedForged += o.DroppedForged
	m.DroppedReplayed += o.DroppedReplayed
}
