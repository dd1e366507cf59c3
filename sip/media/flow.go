package media

import (
	"math"
	"time"

	"callbox/sip/call"
)

// dropReason is why a packet was not relayed.
type dropReason uint8

const (
	dropNotRTP     dropReason = iota // not RTP or RTCP, or malformed
	dropTooLarge                     // longer than maxPacket
	dropStranger                     // from a source that is not the peer
	dropSend                         // the kernel did not take it: a full send buffer, no route
	dropUnroutable                   // the other side's address is not known yet, or it asked for no media
	dropForged                       // not protected with the peer's key
	dropReplayed                     // protected with it, and seen before
	dropReasons
	noDrop = dropReasons
)

const defaultClockRate = 8000

// flow counts one direction where it enters the relay. It is guarded by its session's lock.
type flow struct {
	packets, bytes, rtcp, byes, switches uint64
	drops                                [dropReasons]uint64
	suite                                Suite // 0: RTP

	seq sequence

	jitter  float64 // milliseconds
	timed   bool    // arrived and stamp hold the packet before this one
	arrived time.Duration
	stamp   uint32
	ssrc    uint32
	pt      uint8
	rate    uint32 // clock of pt in Hz
}

// count takes an accepted RTP packet of size bytes. clock gives the clock rate of a payload type and may be nil.
func (f *flow) count(h rtpHeader, size int, now time.Duration, clock func(uint8) uint32) {
	f.packets++
	f.bytes += uint64(size)
	if h.ssrc != f.ssrc || f.packets == 1 {
		f.ssrc = h.ssrc
		f.restart()
	}
	if h.payloadType != f.pt || f.rate == 0 {
		f.setClock(h.payloadType, clock)
	}
	f.seq.update(h.seq)
	f.time(h.timestamp, now)
}

// restart begins a new stream: sequence numbers and timestamps of the one before have no meaning for it.
func (f *flow) restart() {
	f.seq.finish()
	f.timed = false
}

func (f *flow) setClock(pt uint8, clock func(uint8) uint32) {
	rate := uint32(0)
	if clock != nil {
		rate = clock(pt)
	}
	if rate == 0 {
		rate = defaultClockRate
	}
	if rate != f.rate {
		f.timed = false
	}
	f.pt, f.rate = pt, rate
}

// time updates the jitter (RFC 3550 section 6.4.1), in milliseconds so that it outlives a change of clock. Packets
// that repeat a timestamp are left out: all packets of one telephone-event do (RFC 4733 section 2.5.1.2). So are
// leaps of the timestamp that no network makes.
func (f *flow) time(stamp uint32, now time.Duration) {
	if !f.timed {
		f.timed, f.arrived, f.stamp = true, now, stamp
		return
	}
	if stamp == f.stamp {
		return
	}
	const leap = 5000 // milliseconds
	sent := float64(int32(stamp-f.stamp)) * 1000 / float64(f.rate)
	d := math.Abs(float64(now-f.arrived)/float64(time.Millisecond) - sent)
	f.arrived, f.stamp = now, stamp
	if d < leap {
		f.jitter += (d - f.jitter) / 16
	}
}

// figures tells the flow as the CDR does.
func (f *flow) figures() call.Flow {
	return call.Flow{
		Packets:     f.packets,
		Bytes:       f.bytes,
		Lost:        f.seq.totalLost(),
		JitterMS:    f.jitter,
		RTCPPackets: f.rtcp,
		Dropped: f.drops[dropNotRTP] + f.drops[dropTooLarge] + f.drops[dropStranger] + f.drops[dropSend] +
			f.drops[dropForged] + f.drops[dropReplayed],
		SRTP:          f.suite.String(),
		Forged:        f.drops[dropForged],
		Replayed:      f.drops[dropReplayed],
		LatchSwitches: f.switches,
	}
}

// sequence follows RTP sequence numbers through wraps, loss, reordering and restarts, after RFC 3550 appendix A.1,
// without its probation: a relay counts from the first packet.
type sequence struct {
	started  bool
	max      uint16 // highest number seen
	bad      uint32 // the number that would confirm a restart; above 0xffff: none
	cycles   uint64 // wraps of max, times 65536
	base     uint64 // first number
	received uint64
	before   uint64 // lost in the streams before this one
}

const (
	maxDropout  = 3000 // RFC 3550 A.1: a larger step forward is a restart, not loss
	maxMisorder = 100  // a larger step back is one too, not reordering
	noBad       = 1 << 16
)

// update takes the next packet's number. A leap counts only once the packet after it confirms it.
func (q *sequence) update(seq uint16) {
	if !q.started {
		q.start(seq)
		q.received = 1
		return
	}
	switch delta := seq - q.max; {
	case delta < maxDropout:
		if seq < q.max {
			q.cycles += 1 << 16
		}
		q.max = seq
	case delta <= math.MaxUint16-maxMisorder+1:
		if uint32(seq) != q.bad {
			q.bad = uint32(seq + 1)
			return
		}
		q.finish()
		q.start(seq)
		q.received = 2
		q.base-- // the leap's first packet
		return
	}
	q.bad = noBad
	q.received++
}

func (q *sequence) start(seq uint16) {
	// Counting starts one cycle up, so that base can go one below a sequence number of zero.
	*q = sequence{started: true, max: seq, bad: noBad, cycles: 1 << 16, base: 1<<16 + uint64(seq), before: q.before}
}

// finish keeps what was lost so far and waits for a new stream.
func (q *sequence) finish() {
	*q = sequence{before: q.totalLost()}
}

// totalLost is expected less received, never negative: duplicates can hide loss (RFC 3550 A.3).
func (q *sequence) totalLost() uint64 {
	if !q.started {
		return q.before
	}
	expected := q.cycles + uint64(q.max) - q.base + 1
	return q.before + expected - min(expected, q.received)
}
