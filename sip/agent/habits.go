package agent

import (
	"hash/maphash"
	"net/netip"
	"slices"
	"strings"
	"sync/atomic"
	"time"
)

// habits remembers how those answer challenges who were challenged. Some phones give up when one of two challenges is of an
// algorithm they do not know (baresip 1.0, as Debian has it), though RFC 8760 section 2.4 has them pass over it. Whoever was
// offered several and came again without credentials is offered MD5 alone, and so is whoever has answered by MD5 before:
// a phone that has registered gets through with its first call. An answer by a better algorithm ends that.
//
// Who it is the address and the User-Agent tell: phones of one make behind one address have the same habits. A slot holds a
// hash, a time and the habit; another one that falls into it takes its place.
//
//	|<----- hash ----->|<- minutes ->|<- habit ->|
//	63               18 17          2 1          0
type habits struct {
	seed  maphash.Seed
	born  time.Time
	slots [1 << 13]atomic.Uint64
}

const (
	habitNone   uint64 = iota
	habitSilent        // offered several, nothing answered yet
	habitMD5
	habitBetter
	habitMask  = 3
	aloneShift = 2
	mostAlone  = 7 // challenges by MD5 alone, to who knew it: several calls at once are challenged before the first answers
	timeShift  = 5
	hashShift  = 21
)

// habitTime is how long a habit counts.
const habitTime = 24 * time.Hour

func newHabits() *habits { return &habits{seed: maphash.MakeSeed(), born: time.Now()} }

func (h *habits) slot(source netip.Addr, userAgent string) (*atomic.Uint64, uint64) {
	sum := maphash.Comparable(h.seed, struct {
		ip    netip.Addr
		agent string
	}{neighbourhood(source.Unmap()), userAgent})
	return &h.slots[sum%uint64(len(h.slots))], sum &^ (1<<hashShift - 1)
}

func (h *habits) minutes() uint64 { return uint64(time.Since(h.born)/time.Minute) & 0xffff }

// get returns a habit, and how often MD5 alone was not answered.
func (h *habits) get(source netip.Addr, userAgent string) (habit, alone uint64) {
	slot, sum := h.slot(source, userAgent)
	v := slot.Load()
	if v&^(1<<hashShift-1) != sum || (h.minutes()-v>>timeShift)&0xffff > uint64(habitTime/time.Minute) {
		return habitNone, 0
	}
	return v & habitMask, v >> aloneShift & mostAlone
}

func (h *habits) set(source netip.Addr, userAgent string, habit, alone uint64) {
	slot, sum := h.slot(source, userAgent)
	slot.Store(sum | h.minutes()<<timeShift | alone<<aloneShift | habit)
}

// answered notes by which algorithm somebody has answered a challenge of ours.
func (h *habits) answered(source netip.Addr, userAgent, algorithm string) {
	if algorithm == "" || strings.EqualFold(algorithm, "MD5") {
		h.set(source, userAgent, habitMD5, 0)
		return
	}
	h.set(source, userAgent, habitBetter, 0)
}

// offer chooses the algorithms to challenge somebody with who has sent no credentials.
func (h *habits) offer(source netip.Addr, userAgent string, all []string) []string {
	if len(all) < 2 || !slices.Contains(all, "MD5") {
		return all
	}
	switch habit, alone := h.get(source, userAgent); {
	case habit == habitBetter:
		return all
	case habit == habitMD5 && alone < mostAlone:
		h.set(source, userAgent, habitMD5, alone+1)
		return []string{"MD5"}
	case habit == habitSilent && alone == 0:
		h.set(source, userAgent, habitSilent, 1)
		return []string{"MD5"}
	}
	h.set(source, userAgent, habitSilent, 0)
	return all
}
