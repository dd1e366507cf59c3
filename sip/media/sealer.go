package media

import (
	"encoding/binary"
	"slices"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/srtp/v3"
)

// sealer protects what goes to a peer. It sees to it that no two packets of a stream have the same number under one
// key, which would betray both: a copy is dropped, and a stream that begins again gets numbers that go on. It is
// guarded by its session's lock.
type sealer struct {
	key     Key
	ctx     *srtp.Context
	streams []outStream
	last    int      // index of the stream of the packet before
	reports []uint32 // SSRCs of RTCP
	rtp     rtp.Header
	rtcp    rtcp.Header
}

// outStream is one SSRC on its way to the peer.
type outStream struct {
	ssrc   uint32
	delta  uint16 // from the number that came to the one that goes out
	max    uint16 // the highest that went out
	window uint64 // which of the last 64 went out, max the lowest bit
	again  uint32 // the number that would confirm that the stream has begun again; above 0xffff: none
}

// newSealer goes on where former, which may be nil, was: rollover counters outlive a change of the key (RFC 3711
// section 3.3.1).
func newSealer(k Key, former *sealer) *sealer {
	s := &sealer{key: k, ctx: k.context()}
	s.goOn(former)
	return s
}

// goOn takes the streams as far as another key has brought them; nil is none.
func (s *sealer) goOn(other *sealer) {
	if other == nil {
		return
	}
	s.streams = slices.Clone(other.streams)
	for _, st := range s.streams {
		if roc, ok := other.ctx.ROC(st.ssrc); ok {
			s.ctx.SetROC(st.ssrc, roc)
		}
	}
}

// sealRTP protects b, a valid RTP packet, in place: its buffer has room for sealTail more bytes.
func (s *sealer) sealRTP(b []byte) (sealed []byte, reason dropReason) {
	st := s.stream(binary.BigEndian.Uint32(b[8:]), binary.BigEndian.Uint16(b[2:]))
	if st == nil {
		return nil, dropSend
	}
	seq, ok := st.number(binary.BigEndian.Uint16(b[2:]))
	if !ok {
		return nil, dropReplayed
	}
	binary.BigEndian.PutUint16(b[2:], seq)
	sealed, err := s.ctx.EncryptRTP(b[:0], b, &s.rtp)
	if err != nil {
		return nil, dropSend
	}
	return sealed, noDrop
}

// sealRTCP protects b, valid RTCP, in place like sealRTP.
func (s *sealer) sealRTCP(b []byte) (sealed []byte, reason dropReason) {
	if len(b) < rtcpHeaderLen {
		return nil, dropNotRTP
	}
	if ssrc := binary.BigEndian.Uint32(b[4:]); !slices.Contains(s.reports, ssrc) {
		if len(s.reports) == maxStreams {
			return nil, dropSend
		}
		s.reports = append(s.reports, ssrc)
	}
	sealed, err := s.ctx.EncryptRTCP(b[:0], b, &s.rtcp)
	if err != nil {
		return nil, dropSend
	}
	return sealed, noDrop
}

// stream returns the state of a stream, nil when there are too many: forgetting one would let its numbers come again.
func (s *sealer) stream(ssrc uint32, seq uint16) *outStream {
	if s.last < len(s.streams) && s.streams[s.last].ssrc == ssrc {
		return &s.streams[s.last]
	}
	for i := range s.streams {
		if s.streams[i].ssrc == ssrc {
			s.last = i
			return &s.streams[i]
		}
	}
	if len(s.streams) == maxStreams {
		return nil
	}
	// A stream begins in the lower half of the numbers, so that a peer that misses its first packets cannot miss a
	// wrap with them (RFC 4568 section 6.4).
	first := seq &^ 0x8000
	s.last = len(s.streams)
	s.streams = append(s.streams, outStream{ssrc: ssrc, delta: first - seq, max: first - 1, again: noBad})
	return &s.streams[s.last]
}

// number returns the number under which a packet goes out, false for one that must not. Of a stream that begins again
// the first packet is lost: only the next one tells it from a copy.
func (st *outStream) number(seq uint16) (uint16, bool) {
	const window = 64
	out := seq + st.delta
	ahead := int16(out - st.max)
	if ahead <= 0 && (ahead <= -window || st.window&(1<<-ahead) != 0) {
		if uint32(seq) != st.again {
			st.again = uint32(seq + 1)
			return 0, false
		}
		st.delta = st.max + 1 - seq
		out, ahead = st.max+1, 1
	}
	st.again = noBad
	switch {
	case ahead <= 0:
		st.window |= 1 << -ahead
	case ahead < window:
		st.window, st.max = st.window<<ahead|1, out
	default:
		st.window, st.max = 1, out
	}
	return out, true
}
