package directory

import "maps"

// accountID names something that is unique in its account.
type accountID struct{ account, id string }

// places is locations or endpoints by account and ID, in shards that snapshots share until one of them changes: a change
// copies the shard it is in and the table of them, never the rest. Only an editor writes, and only into what it owns.
type places[T any] struct {
	shards *[1 << placeBits]placeShard[T]
	owner  uint64 // the edit that made shards
	count  int
}

// With 10,000 of them a shard holds some 40.
const placeBits = 8

type placeShard[T any] struct {
	owner   uint64
	entries map[accountID]*T
}

// at is the shard of a key, by FNV-1a of its ID.
func (k accountID) at() int {
	h := uint32(2166136261)
	for i := range len(k.id) {
		h = (h ^ uint32(k.id[i])) * 16777619
	}
	return int((h ^ h>>16) & (1<<placeBits - 1))
}

func (t *places[T]) get(k accountID) (*T, bool) {
	if t.shards == nil {
		return nil, false
	}
	v, ok := t.shards[k.at()].entries[k]
	return v, ok
}

// own returns the shard of a key for edit to write into.
func (t *places[T]) own(edit uint64, k accountID) *placeShard[T] {
	switch {
	case t.shards == nil:
		t.shards, t.owner = new([1 << placeBits]placeShard[T]), edit
	case t.owner != edit:
		next := *t.shards
		t.shards, t.owner = &next, edit
	}
	s := &t.shards[k.at()]
	if s.owner != edit {
		s.owner = edit
		if s.entries = maps.Clone(s.entries); s.entries == nil {
			s.entries = make(map[accountID]*T)
		}
	}
	return s
}

// put adds something or replaces what has its key.
func (t *places[T]) put(edit uint64, k accountID, v *T) {
	s := t.own(edit, k)
	if _, there := s.entries[k]; !there {
		t.count++
	}
	s.entries[k] = v
}

// remove takes something out.
func (t *places[T]) remove(edit uint64, k accountID) {
	if _, there := t.get(k); !there {
		return
	}
	delete(t.own(edit, k).entries, k)
	t.count--
}

// each calls fn for every one, in no order that means anything.
func (t *places[T]) each(fn func(accountID, *T)) {
	if t.shards == nil {
		return
	}
	for i := range t.shards {
		for k, v := range t.shards[i].entries {
			fn(k, v)
		}
	}
}
