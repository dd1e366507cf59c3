package audio

import (
	"math"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
)

// RTCP goes out every five seconds, the least that RFC 3550 section 6.2 recommends, for the first time after half of
// that; counted in frames.
const (
	firstReport = 125
	nextReport  = 250
)

// reports is what a stream's RTCP tells. Guarded by Stream.mu.
type reports struct {
	until    int // frames until the next report
	ssrc     uint32
	highest  uint32 // extended highest sequence number
	base     uint32 // the first of them
	received uint32
	expected uint32 // at the last report
	got      uint32 // received at the last report
	jitter   float64
}

// jitter is the state of the estimate of RFC 3550 appendix A.8.
type jitter struct {
	last    time.Time
	stamp   uint32
	started bool
	value   float64 // in units of the timestamp
}

func (j *jitter) add(now time.Time, stamp uint32) float64 {
	if j.started {
		transit := now.Sub(j.last).Seconds()*SampleRate - float64(int32(stamp-j.stamp))
		j.value += (math.Abs(transit) - j.value) / 16
	}
	j.started, j.last, j.stamp = true, now, stamp
	return j.value
}

// heard takes a received packet into the report.
func (r *reports) heard(j *jitter, h rtp.Header) {
	seq := uint32(h.SequenceNumber)
	ahead := int16(h.SequenceNumber - uint16(r.highest))
	if r.received == 0 || r.ssrc != h.SSRC || ahead > maxJump || ahead < -maxJump {
		*r = reports{until: r.until, ssrc: h.SSRC, highest: seq, base: seq}
		*j = jitter{}
	} else if ahead > 0 {
		r.highest += uint32(ahead)
	}
	r.received++
	r.jitter = j.add(time.Now(), h.Timestamp)
}

// block returns the reception report since the last one.
func (r *reports) block() rtcp.ReceptionReport {
	expected := r.highest - r.base + 1
	b := rtcp.ReceptionReport{
		SSRC: r.ssrc, LastSequenceNumber: r.highest, Jitter: uint32(r.jitter),
		TotalLost: uint32(min(max(int64(expected)-int64(r.received), 0), 1<<23-1)),
	}
	interval := expected - r.expected
	lost := int64(interval) - int64(r.received-r.got)
	if interval > 0 && lost > 0 {
		b.FractionLost = uint8(min(lost<<8/int64(interval), 255))
	}
	r.expected, r.got = expected, r.received
	return b
}

// pulse counts a frame and sends a report when one is due. The caller holds s.mu.
func (s *Stream) pulse() {
	if s.reports.until--; s.reports.until <= 0 {
		s.reports.until = nextReport
		s.report(false)
	}
}

// report sends a compound RTCP packet, with BYE at the end of the stream. The caller holds s.mu.
func (s *Stream) report(bye bool) {
	to, via := s.flow.RTCP, s.o.RTCP
	if to == s.flow.Remote {
		via = s.o.Conn
	}
	if !to.IsValid() || via == nil || s.stats.PacketsSent+s.stats.PacketsReceived == 0 {
		return
	}
	var blocks []rtcp.ReceptionReport
	if s.reports.received > 0 {
		blocks = append(blocks, s.reports.block())
	}
	ssrc, cname := s.header.SSRC, s.o.CNAME
	if cname == "" {
		cname = "callbox"
	}
	var packets []rtcp.Packet
	if s.stats.PacketsSent > 0 {
		packets = append(packets, &rtcp.SenderReport{
			SSRC: ssrc, NTPTime: ntp(time.Now()), RTPTime: s.header.Timestamp,
			PacketCount: uint32(s.stats.PacketsSent), OctetCount: uint32(s.stats.BytesSent), Reports: blocks,
		})
	} else {
		packets = append(packets, &rtcp.ReceiverReport{SSRC: ssrc, Reports: blocks})
	}
	packets = append(packets, &rtcp.SourceDescription{Chunks: []rtcp.SourceDescriptionChunk{{
		Source: ssrc, Items: []rtcp.SourceDescriptionItem{{Type: rtcp.SDESCNAME, Text: cname}},
	}}})
	if bye {
		packets = append(packets, &rtcp.Goodbye{Sources: []uint32{ssrc}})
	}
	b, err := rtcp.Marshal(packets)
	if err == nil {
		b, err = s.out.seal(b, true)
	}
	if err != nil {
		return
	}
	if _, err := via.WriteToUDPAddrPort(b, to); err != nil {
		s.stats.SendErrors++
	}
}

// ntp returns t as an NTP timestamp: seconds since 1900, and their fraction.
func ntp(t time.Time) uint64 {
	const since1900 = 2208988800
	seconds := uint64(t.Unix()+since1900) << 32
	return seconds | uint64(t.Nanosecond())<<32/1e9
}
