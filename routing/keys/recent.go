package keys

import "container/list"

// recent is a map of at most a number of entries, of which the one used longest ago makes room.
type recent[K comparable, V any] struct {
	most    int
	entries map[K]*list.Element
	order   *list.List // of *pair[K, V], the one used last at the front
}

type pair[K comparable, V any] struct {
	key   K
	value V
}

func newRecent[K comparable, V any](most int) recent[K, V] {
	return recent[K, V]{most, make(map[K]*list.Element), list.New()}
}

func (r *recent[K, V]) get(k K) (v V, ok bool) {
	e, ok := r.entries[k]
	if !ok {
		return v, false
	}
	r.order.MoveToFront(e)
	return e.Value.(*pair[K, V]).value, true
}

func (r *recent[K, V]) put(k K, v V) {
	if e, ok := r.entries[k]; ok {
		e.Value.(*pair[K, V]).value = v
		r.order.MoveToFront(e)
		return
	}
	if len(r.entries) >= r.most {
		last := r.order.Back()
		r.order.Remove(last)
		delete(r.entries, last.Value.(*pair[K, V]).key)
	}
	r.entries[k] = r.order.PushFront(&pair[K, V]{k, v})
}
