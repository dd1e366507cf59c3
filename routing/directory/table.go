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
	entries []entry // by key
}

type entry struct {
	key    uint64
	number *Number
}

// key returns the digits of an E.164 number as a whole number, false for what is not E.164.
func key(e164 string) (k uint64, ok bool) {
	if len(e164) < 2 || len(e164) > 16 || e164[0] != '+' {
		return 0, false
	}
	for i := 1; i < len(e164); i++ {
		d := e164[i] - '0'
		if d > 9 {
			return 0, false
		}
		k = k*10 + uint64(d)
	}
	return k, true
}

// split scatters keys over branches and shards: numbers come in blocks.
func split(k uint64) (b, s uint64) {
	k *= 0x9e3779b97f4a7c15
	return k >> (64 - branchBits), k >> (64 - branchBits - shardBits) & (1<<shardBits - 1)
}

func (s *shard) search(k uint64) (int, bool) {
	return slices.BinarySearchFunc(s.entries, k, func(e entry, k uint64) int {
		switch {
		case e.key < k:
			return -1
		case e.key > k:
			return 1
		}
		return 0
	})
}

func (t *numbers) get(e164 string) (*Number, bool) {
	k, ok := key(e164)
	if !ok {
		return nil, false
	}
	b, s := split(k)
	if t.branches[b] == nil {
		return nil, false
	}
	at := &t.branches[b].shards[s]
	i, ok := at.search(k)
	if !ok {
		return nil, false
	}
	return at.entries[i].number, true
}

// own returns the shard of a key for edit to write into.
func (t *numbers) own(edit, k uint64) *shard {
	b, s := split(k)
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
	k, ok := key(n.E164)
	if !ok {
		return
	}
	s := t.own(edit, k)
	i, there := s.search(k)
	if there {
		s.entries[i].number = n
		return
	}
	s.entries = slices.Insert(s.entries, i, entry{k, n})
	t.count++
}

// remove takes a number out.
func (t *numbers) remove(edit uint64, e164 string) {
	if _, there := t.get(e164); !there {
		return
	}
	k, _ := key(e164)
	s := t.own(edit, k)
	i, _ := s.search(k)
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
