package agent

import (
	"testing"
	"time"
	"unsafe"
)

// stepped is t as it would have been read had the system's clock been set by whole seconds of d before: another time of
// day at the same monotonic time. Package time has no way to say so; see the layout of time.Time.
func stepped(t *testing.T, at time.Time, d time.Duration) time.Time {
	t.Helper()
	out := at
	*(*uint64)(unsafe.Pointer(&out)) += uint64(int64(d/time.Second) << 30)
	if out.Round(0).Sub(at.Round(0)) != d || out.Sub(at) != 0 {
		t.Fatalf("time.Time is laid out differently: %v stepped by %v is %v", at, d, out)
	}
	return out
}

func TestAClockThatIsSetMakesNoNonceStaleOrImmortal(t *testing.T) {
	t.Parallel()
	for name, step := range map[string]time.Duration{"an hour ahead": time.Hour, "an hour back": -time.Hour} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := newNonces()
			begun := time.Now()
			old := n.make(begun)
			for range maxNonces + 1 { // so that there is a horizon
				if nonce := n.make(begun); !n.use(nonce, 1) {
					t.Fatal("a nonce was refused")
				}
				begun = begun.Add(time.Microsecond)
			}
			fresh := n.make(begun)
			set := stepped(t, begun, step)
			if !n.fresh(fresh, set) || !n.use(fresh, 1) {
				t.Error("a nonce from before is stale")
			}
			if after := n.make(set); !n.fresh(after, set.Add(nonceLife-time.Second)) || !n.use(after, 1) {
				t.Error("a nonce from after is stale")
			}
			if n.fresh(old, set) || n.fresh(fresh, set.Add(nonceLife)) {
				t.Error("an old nonce is fresh")
			}
		})
	}
}
