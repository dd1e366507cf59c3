package media

import (
	"math"
	"testing"
	"time"
)

func TestSequenceCountsLoss(t *testing.T) {
	t.Parallel()
	span := func(from, n int) []uint16 {
		var out []uint16
		for i := range n {
			out = append(out, uint16(from+i))
		}
		return out
	}
	join := func(parts ...[]uint16) []uint16 {
		var out []uint16
		for _, p := range parts {
			out = append(out, p...)
		}
		return out
	}
	for _, tt := range []struct {
		name string
		seq  []uint16
		want uint64
	}{
		{"nothing came", nil, 0},
		{"one packet", []uint16{5}, 0},
		{"a run without a gap", span(100, 50), 0},
		{"a gap of three", join(span(100, 10), span(113, 10)), 3},
		{"a wrap without a gap", span(65_530, 20), 0},
		{"a gap across the wrap", join(span(65_530, 4), span(65_540, 4)), 6},
		{"two wraps", span(0, 140_000), 0},
		{"reordering is not loss", []uint16{1, 2, 4, 3, 5, 7, 6}, 0},
		{"reordering across the wrap is not loss", []uint16{65_534, 0, 65_535, 1}, 0},
		{"a packet from before the first is not loss", []uint16{10, 9, 11, 12}, 0},
		{"duplicates do not make it negative", []uint16{1, 1, 1, 2, 2}, 0},
		{"a restart at another number is not loss", join(span(100, 10), span(40_000, 10)), 0},
		{"a restart at zero is not loss", join(span(30_000, 10), span(0, 10)), 0},
		{"loss before a restart is kept", join(span(100, 5), span(107, 5), span(40_000, 10)), 2},
		{"loss after a restart is added", join(span(100, 5), span(107, 5), span(40_000, 2), span(40_003, 2)), 3},
		{"one wild number is not a restart", join(span(100, 5), []uint16{40_000}, span(105, 5)), 0},
		{"two wild numbers apart are not a restart", join(span(100, 5), []uint16{40_000}, span(105, 2), []uint16{40_001}, span(107, 2)), 0},
		{"a silence of a thousand packets is loss", join(span(0, 10), span(1010, 10)), 1000},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var q sequence
			for _, s := range tt.seq {
				q.update(s)
			}
			if got := q.totalLost(); got != tt.want {
				t.Errorf("lost %d, want %d", got, tt.want)
			}
		})
	}
}

func TestLossOfTwoStreamsAddsUp(t *testing.T) {
	t.Parallel()
	var f flow
	for i, h := range []rtpHeader{{seq: 1, ssrc: 1}, {seq: 3, ssrc: 1}, {seq: 500, ssrc: 2}, {seq: 502, ssrc: 2}, {seq: 503, ssrc: 2}} {
		f.count(h, 172, time.Duration(i)*20*time.Millisecond, nil)
	}
	if got := f.figures(); got.Lost != 2 || got.Packets != 5 || got.Bytes != 5*172 {
		t.Errorf("figures %+v, want 2 lost of 5 packets", got)
	}
}

// jitterOf is RFC 3550 section 6.4.1 written down from the text, in clock units.
func jitterOf(arrivals []time.Duration, stamps []uint32, clock float64) float64 {
	j := 0.0
	for i := 1; i < len(stamps); i++ {
		r := (arrivals[i] - arrivals[i-1]).Seconds() * clock
		d := r - float64(int32(stamps[i]-stamps[i-1]))
		j += (math.Abs(d) - j) / 16
	}
	return j / clock * 1000
}

func TestJitterIsThatOfRFC3550(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		clock uint32
		step  uint32
		start uint32
		late  []int // milliseconds each packet is late
	}{
		{"a steady stream has none", 8000, 160, 0, make([]int, 40)},
		{"G.711 with packets 0 to 9 ms late", 8000, 160, 1000, []int{0, 9, 3, 0, 5, 5, 0, 8, 1, 0, 9, 9, 2}},
		{"Opus with a clock of 48 kHz", 48000, 960, 1000, []int{0, 9, 3, 0, 5, 5, 0, 8, 1, 0, 9, 9, 2}},
		{"timestamps that wrap", 8000, 160, math.MaxUint32 - 500, []int{0, 2, 0, 2, 0, 2, 0, 2}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var f flow
			var at []time.Duration
			var stamps []uint32
			for i, late := range tt.late {
				now := time.Hour + time.Duration(20*i+late)*time.Millisecond
				stamp := tt.start + uint32(i)*tt.step
				at, stamps = append(at, now), append(stamps, stamp)
				f.count(rtpHeader{seq: uint16(i), timestamp: stamp, payloadType: 96}, 100, now, func(uint8) uint32 { return tt.clock })
			}
			want := jitterOf(at, stamps, float64(tt.clock))
			if got := f.figures().JitterMS; math.Abs(got-want) > 1e-9 {
				t.Errorf("jitter %v ms, want %v", got, want)
			}
		})
	}
}

func TestJitterLeavesOutWhatIsNotTheNetworks(t *testing.T) {
	t.Parallel()
	type packet struct {
		atMS  int
		stamp uint32
		ssrc  uint32
		pt    uint8
	}
	clock := func(pt uint8) uint32 {
		if pt == 9 {
			return 16000
		}
		return 0
	}
	for _, tt := range []struct {
		name    string
		packets []packet
	}{
		{"packets of one telephone-event share a timestamp", []packet{
			{0, 160, 1, 0}, {20, 320, 1, 101}, {40, 320, 1, 101}, {60, 320, 1, 101}, {80, 800, 1, 0}}},
		{"a new SSRC brings a new timestamp", []packet{{0, 160, 1, 0}, {20, 320, 1, 0}, {40, 7_777_777, 2, 0}, {60, 7_777_937, 2, 0}}},
		{"a timestamp leaps by hours", []packet{{0, 160, 1, 0}, {20, 320, 1, 0}, {40, 90_000_000, 1, 0}, {60, 90_000_160, 1, 0}}},
		{"a codec with another clock takes over", []packet{{0, 160, 1, 0}, {20, 320, 1, 0}, {40, 9999, 1, 9}, {60, 9999 + 320, 1, 9}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var f flow
			for i, p := range tt.packets {
				f.count(rtpHeader{seq: uint16(i), timestamp: p.stamp, ssrc: p.ssrc, payloadType: p.pt}, 172,
					time.Duration(p.atMS)*time.Millisecond, clock)
			}
			if f.jitter != 0 {
				t.Errorf("jitter %v ms, want none", f.jitter)
			}
		})
	}
}
