//go:build !race

package media

// raced tells that the race detector is on, under which a sync.Pool forgets at random.
const raced = false
