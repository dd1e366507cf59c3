package agent

import (
	"encoding/binary"
	"hash/maphash"
	"net/netip"
	"sync/atomic"
	"time"
)

// turnedAway remembers the INVITEs that were refused with 503 and have no transaction. One that is repeated must not be
// taken after all when the crowd is gone: its caller has had an answer, and nobody would be there. A slot holds a hash
// and the time, and is overwritten by the next one that falls into it.
type turnedAway struct {
	seed  maphash.Seed
	born  time.Time
	last  atomic.Int64 // when one was added, in seconds since born; 0 for never
	slots [1 << 15]atomic.Uint64
}

// turnedTime is how long a refused INVITE may be repeated, or its ACK come: timer B.
const turnedTime = giveUp * defaultT1 / time.Second

func newTurnedAway() *turnedAway {
	return &turnedAway{seed: maphash.MakeSeed(), born: time.Now()}
}

// slot is the place of an INVITE, and what stands there in all bits but those of the time.
func (t *turnedAway) slot(from netip.AddrPort, branch []byte) (*atomic.Uint64, uint64) {
	var h maphash.Hash
	h.SetSeed(t.seed)
	var space [32]byte
	b := from.Addr().AppendTo(space[:0])
	h.Write(binary.BigEndian.AppendUint16(b, from.Port()))
	h.Write(branch)
	sum := h.Sum64()
	return &t.slots[sum%uint64(len(t.slots))], sum &^ 0xffff
}

func (t *turnedAway) now() int64 { return int64(time.Since(t.born)/time.Second) + 1 }

func (t *turnedAway) add(from netip.AddrPort, branch []byte) {
	slot, sum := t.slot(from, branch)
	now := t.now()
	slot.Store(sum | uint64(now)&0xffff)
	t.last.Store(now)
}

func (t *turnedAway) has(from netip.AddrPort, branch []byte) bool {
	if !t.recently() {
		return false
	}
	slot, sum := t.slot(from, branch)
	v := slot.Load()
	return v&^0xffff == sum && uint16(uint64(t.now())-v) <= uint16(turnedTime)
}

// recently tells whether anything can be remembered.
func (t *turnedAway) recently() bool {
	last := t.last.Load()
	return last != 0 && t.now()-last <= int64(turnedTime)
}
