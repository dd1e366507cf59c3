package audio

import (
	"errors"
	"math"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/pion/rtp"
)

// packet returns an RTP packet of PCMU.
func packet(t *testing.T, seq uint16, pt uint8, payload []byte) []byte {
	t.Helper()
	p := rtp.Packet{Header: rtp.Header{Version: 2, PayloadType: pt, SequenceNumber: seq, Timestamp: uint32(seq) * FrameSamples, SSRC: 7}, Payload: payload}
	b, err := p.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// frame returns a payload whose samples tell it apart; levels returns which frames were heard, 0 for silence.
func frame(n int) []byte {
	pcm := make([]int16, FrameSamples)
	for i := range pcm {
		pcm[i] = int16(n * 1000)
	}
	return NewClip(pcm)
}

func (h *heard) levels() (list []int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for i := 0; i < len(h.pcm); i += FrameSamples {
		list = append(list, int(math.Round(float64(h.pcm[i])/1000)))
	}
	return list
}

func TestStreamPutsPacketsInOrder(t *testing.T) {
	for _, tc := range []struct {
		name       string
		seqs       []uint16
		want       []int
		lost, late uint64
	}{
		{"in order", []uint16{1, 2, 3}, []int{1, 2, 3}, 0, 0},
		{"two swapped", []uint16{1, 3, 2, 4}, []int{1, 2, 3, 4}, 0, 0},
		{"one five places late", []uint16{1, 3, 4, 5, 6, 7, 2}, []int{1, 2, 3, 4, 5, 6, 7}, 0, 0},
		{"one lost, heard as silence", []uint16{1, 3, 4, 5, 6, 7, 8}, []int{1, 0, 3, 4, 5, 6, 7, 8}, 1, 0},
		{"one too late", []uint16{1, 3, 4, 5, 6, 7, 8, 2}, []int{1, 0, 3, 4, 5, 6, 7, 8}, 1, 1},
		{"each twice", []uint16{1, 1, 2, 2, 4, 4, 3}, []int{1, 2, 3, 4}, 0, 3},
		{"sequence numbers that wrap", []uint16{65534, 0, 65535, 1}, []int{0, 0, 0, 1}, 0, 0},
		{"a sender that starts anew", []uint16{1, 2, 20001, 20002}, []int{1, 2, 1, 2}, 0, 0},
		{"held ones at the end", []uint16{1, 3, 4}, []int{1, 0, 3, 4}, 1, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, c, h := open(t, nil)
				s.Set(flow)
				for _, seq := range tc.seqs {
					n := int(seq % 20000)
					if seq > 60000 || seq == 0 {
						n = 0
					}
					c.in <- packet(t, seq, 0, frame(n))
				}
				synctest.Wait()
				s.Close()
				if diff := cmp.Diff(tc.want, h.levels()); diff != "" {
					t.Error(diff)
				}
				if got := s.Stats(); got.PacketsLost != tc.lost || got.PacketsLate != tc.late || h.firsts != 1 {
					t.Errorf("lost %d, late %d, first %d times; want %d, %d, once", got.PacketsLost, got.PacketsLate, h.firsts, tc.lost, tc.late)
				}
			})
		})
	}
}

func TestStreamCountsWhatItCannotUse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, c, h := open(t, nil)
		s.Set(flow)
		for _, b := range [][]byte{
			{}, {0x80}, []byte("not RTP at all, but long enough"), packet(t, 1, 96, frame(1)), packet(t, 1, 8, frame(1)),
			packet(t, 1, 0, nil),
		} {
			c.in <- b
		}
		c.in <- []byte{0x80, 200, 0, 6, 0, 0, 0, 7}          // RTCP on the same port
		c.in <- packet(t, 1, 101, []byte{1})                 // an event cut off
		c.in <- packet(t, 2, 101, []byte{99, 0x80, 0, 0xA0}) // an event that is no digit
		synctest.Wait()
		got := s.Stats()
		if got.PacketsStrange != 6 || got.RTCPReceived != 1 || len(h.pcm) != 0 || h.digits != "" {
			t.Errorf("stats %+v, heard %d samples and %q", got, len(h.pcm), h.digits)
		}
	})
}

func TestStreamSurvivesErrorsOfItsSocket(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, c, _ := open(t, Quiet{})
		c.err = errors.New("no route to host")
		s.Set(flow)
		time.Sleep(101 * time.Millisecond)
		if got := s.Stats(); got.SendErrors != 5 || got.PacketsSent != 0 {
			t.Errorf("stats are %+v", got)
		}
	})
}
