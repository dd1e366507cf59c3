package media

import (
	"encoding/binary"
	"errors"
	"slices"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/srtp/v3"
	"github.com/pion/transport/v5/replaydetector"
)

// opener turns what a peer protects into plain RTP and RTCP: it checks that a packet is the peer's and no copy, and
// follows the rollover counter. A packet that does not pass changes nothing. It is guarded by its session's lock. One
// without a context opens nothing: the peer's key is not known yet.
type opener struct {
	key     Key
	ctx     *srtp.Context
	streams []uint32 // SSRCs of packets that passed
	last    uint32   // the one before, when there is one
	rtp     rtp.Header
	rtcp    rtcp.Header
	copied  bool // the packet being looked at came before, or is too late to tell

	former      *opener // of the key before this one, for packets that were under way
	formerUntil time.Duration
	carried     map[uint32]uint32 // rollover counters under that key, until a packet shows whether they go on

	failed   uint32 // the SSRC that failed last
	failures int    // how often in a row
}

// keyOverlap is how long packets under a former key pass once there was one under the new.
const keyOverlap = 2 * time.Second

// resyncAfter is how many packets of a stream fail in a row before it is tried whether its rollover counter has gone on
// without us, which happens when all packets around a wrap are lost.
const resyncAfter = 3

// newOpener follows former, which may be nil, as peers are rekeyed in the middle of a stream. The key before that, which a
// re-INVITE that is taken back brings back, goes on: what came under it must not come again.
func newOpener(k Key, former *opener) *opener {
	if former != nil && former.former != nil && former.former.key.equal(k) {
		o := former.former
		former.former = nil
		o.former, o.formerUntil = former, -1
		return o
	}
	o := &opener{key: k}
	o.ctx = k.context(srtp.SRTPReplayDetectorFactory(o.window), srtp.SRTCPReplayDetectorFactory(o.window))
	if former == nil || former.ctx == nil {
		return o
	}
	former.former = nil // one is enough
	o.former, o.formerUntil = former, -1
	for _, ssrc := range former.streams {
		if roc, ok := former.ctx.ROC(ssrc); ok && roc > 0 {
			if o.carried == nil {
				o.carried = make(map[uint32]uint32)
			}
			o.carried[ssrc] = roc
		}
	}
	return o
}

// openRTP appends what SRTP packet b holds to dst, which must not overlap it. Where reason is not noDrop it was
// dropped for that.
func (o *opener) openRTP(dst, b []byte, now time.Duration) (plain []byte, reason dropReason) {
	ssrc := binary.BigEndian.Uint32(b[8:])
	if o.ctx == nil || !o.room(ssrc) {
		return nil, dropForged
	}
	o.copied = false
	plain, err := o.ctx.DecryptRTP(dst, b, &o.rtp)
	if err != nil && o.carried != nil {
		plain, err = o.carryOn(dst, b, ssrc, err)
	}
	if err == nil {
		o.passed(ssrc, now)
		return plain, noDrop
	}
	if old := o.before(now); old != nil {
		if plain, reason := old.openRTP(dst, b, now); reason != dropForged {
			return plain, reason
		}
	}
	if o.copied {
		return nil, dropReplayed
	}
	if errors.Is(err, srtp.ErrFailedToVerifyAuthTag) && o.resync(dst, b, ssrc) {
		if plain, err = o.ctx.DecryptRTP(dst, b, &o.rtp); err == nil {
			o.passed(ssrc, now)
			return plain, noDrop
		}
	}
	return nil, dropForged
}

// openRTCP is openRTP for an SRTCP packet.
func (o *opener) openRTCP(dst, b []byte, now time.Duration) (plain []byte, reason dropReason) {
	if o.ctx == nil || !o.room(binary.BigEndian.Uint32(b[4:])) {
		return nil, dropForged
	}
	o.copied = false
	plain, err := o.ctx.DecryptRTCP(dst, b, &o.rtcp)
	if err == nil {
		o.passed(binary.BigEndian.Uint32(b[4:]), now)
		return plain, noDrop
	}
	if old := o.before(now); old != nil {
		if plain, reason := old.openRTCP(dst, b, now); reason != dropForged {
			return plain, reason
		}
	}
	if o.copied {
		return nil, dropReplayed
	}
	return nil, dropForged
}

// room tells whether a stream is known or may still become so.
func (o *opener) room(ssrc uint32) bool {
	return len(o.streams) < maxStreams || ssrc == o.last || slices.Contains(o.streams, ssrc)
}

// passed takes note of a packet that was the peer's.
func (o *opener) passed(ssrc uint32, now time.Duration) {
	o.failures = 0
	if ssrc == o.last && len(o.streams) > 0 && o.former == nil {
		return
	}
	if !slices.Contains(o.streams, ssrc) {
		o.streams = append(o.streams, ssrc)
	}
	o.last = ssrc
	delete(o.carried, ssrc)
	if o.former != nil && o.formerUntil < 0 {
		o.formerUntil = now + keyOverlap
	}
}

// before returns the opener of the key before this one while that still counts.
func (o *opener) before(now time.Duration) *opener {
	if o.former != nil && o.formerUntil >= 0 && now >= o.formerUntil {
		o.former = nil
	}
	return o.former
}

// carryOn tries the rollover counter that the stream had under the former key: RFC 3711 section 3.3.1 has it go on,
// and half of the devices begin anew.
func (o *opener) carryOn(dst, b []byte, ssrc uint32, err error) ([]byte, error) {
	roc, ok := o.carried[ssrc]
	if !ok || !errors.Is(err, srtp.ErrFailedToVerifyAuthTag) {
		return nil, err
	}
	o.ctx.SetROC(ssrc, roc)
	plain, err := o.ctx.DecryptRTP(dst, b, &o.rtp)
	if err != nil {
		o.ctx.SetROC(ssrc, 0)
	}
	return plain, err
}

// resync tries whether a stream that fails packet after packet has wrapped unseen. The trial has a context of its own,
// since a forged packet must leave nothing behind.
func (o *opener) resync(dst, b []byte, ssrc uint32) bool {
	if o.failures++; ssrc != o.failed {
		o.failed, o.failures = ssrc, 1
	}
	if o.failures < resyncAfter {
		return false
	}
	o.failures = 0
	roc, _ := o.ctx.ROC(ssrc)
	trial := o.key.context()
	trial.SetROC(ssrc, roc+1)
	if _, err := trial.DecryptRTP(dst, b, &o.rtp); err != nil {
		return false
	}
	o.ctx.SetROC(ssrc, roc+1)
	return true
}

// window is the replay window of one stream. It tells its opener of what it rejects, since the error of the context
// cannot be told from others.
type window struct {
	replaydetector.ReplayDetector
	check replaydetector.CheckAccepter
	o     *opener
}

func (o *opener) window() replaydetector.ReplayDetector {
	d := replaydetector.New(replayWindow, 1<<48-1)
	check, _ := d.(replaydetector.CheckAccepter)
	return &window{d, check, o}
}

// CheckSeq implements replaydetector.CheckAccepter.
func (w *window) CheckSeq(seq uint64) replaydetector.Token {
	t := w.check.CheckSeq(seq)
	w.o.copied = !t.Passed()
	return t
}

// Accept implements replaydetector.CheckAccepter.
func (w *window) Accept(t replaydetector.Token) bool { return w.check.Accept(t) }
