package directory

import (
	"iter"
	"slices"
)

// numbers is every number by its digits, in shards that snapshots share until one of them changes: a change copies the
// shard it is in and the branch above that, never the rest. Only an editor writes, and only into what it owns.
type numbers struct {
	count    int
	branches [1 << branchBits]*branch
}

// With a million numbers a shard holds some 250 of them, 4 kB to copy.
const (
	branchBits = 6
	shardBits  = 6
)

type branch struct {
	owner  uint64 // the edit that made it
	shards [1 << shardBits]shard
}

type shard struct {
	owner   uint64
	entries []entry // by hash
}

type entry struct {
	hash   uint64
	number *Number
}

// hash scatters the digits of an E.164 number, since numbers come in blocks; different numbers have different hashes. It
// is false for what is not E.164.
func hash(e164 string) (h uint64, ok bool) {
	if len(e164) < 2 || len(e164) > 16 || e164[0] != '+' || e164[1] == '0' {
		return 0, false
	}
	for i := 1; i < len(e164); i++ {
		d := e164[i] - '0'
		if d > 9 {
			return 0, false
		}
		h = h*10 + uint64(d)
	}
	return h * 0x9e3779b97f4a7c15, true // odd, so that nothing is lost
}

// split returns where a hash has its shard.
func split(h uint64) (b, s uint64) {
	return h >> (64 - branchBits), h >> (64 - branchBits - shardBits) & (1<<shardBits - 1)
}

// search returns where a hash is or would be. Hashes are spread evenly, so it begins where this one should be: that costs
// fewer looks into cold memory than halving.
func (s *shard) search(h uint64) (int, bool) {
	all := s.entries
	i := int(h << (branchBits + shardBits) >> 32 * uint64(len(all)) >> 32)
	for i > 0 && all[i-1].hash >= h {
		i--
	}
	for i < len(all) && all[i].hash < h {
		i++
	}
	return i, i < len(all) && all[i].hash == h
}

func (t *numbers) get(e164 string) (*Number, bool) {
	h, ok := hash(e164)
	if !ok {
		return nil, false
	}
	b, s := split(h)
	if t.branches[b] == nil {
		return nil, false
	}
	at := &t.branches[b].shards[s]
	i, ok := at.search(h)
	if !ok {
		return nil, false
	}
	return at.entries[i].number, true
}

// own returns the shard of a hash for edit to write into.
func (t *numbers) own(edit, h uint64) *shard {
	b, s := split(h)
	switch old := t.branches[b]; {
	case old == nil:
		t.branches[b] = &branch{owner: edit}
	case old.owner != edit:
		next := *old
		next.owner = edit
		t.branches[b] = &next
	}
	at := &t.branches[b].shards[s]
	if at.owner != edit {
		at.owner = edit
		at.entries = append(make([]entry, 0, len(at.entries)+1), at.entries...)
	}
	return at
}

// put adds a number or replaces the one of the same digits.
func (t *numbers) put(edit uint64, n *Number) {
	h, ok := hash(n.E164)
	if !ok {
		return
	}
	s := t.own(edit, h)
	i, there := s.search(h)
	if there {
		s.entries[i].number = n
		return
	}
	s.entries = slices.Insert(s.entries, i, entry{h, n})
	t.count++
}

// remove takes a number out.
func (t *numbers) remove(edit uint64, e164 string) {
	if _, there := t.get(e164); !there {
		return
	}
	h, _ := hash(e164)
	s := t.own(edit, h)
	i, _ := s.search(h)
	s.entries = slices.Delete(s.entries, i, i+1)
	t.count--
}

// all yields every number, in no order that means anything.
func (t *numbers) all() iter.Seq[*Number] {
	return func(yield func(*Number) bool) {
		for _, b := range t.branches {
			if b == nil {
				continue
			}
			for i := range b.shards {
				for _, e := range b.shards[i].entries {
					if !yield(e.number) {
						return
					}
				}
			}
		}
	}
}
