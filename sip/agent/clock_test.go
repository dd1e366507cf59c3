package agent

import (
	"testing"
	"time"

	"callbox/sip/fault/faulttest"
)

func TestAClockThatIsSetMakesNoNonceStaleOrImmortal(t *testing.T) {
	t.Parallel()
	for name, step := range map[string]time.Duration{"an hour ahead": time.Hour, "an hour back": -time.Hour} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := newNonces(0)
			begun := time.Now()
			old := n.make(begun, loopback(1))
			for range maxNonces + 1 { // so that there is a horizon
				if nonce := n.make(begun, loopback(1)); !n.use(nonce, 1, loopback(1)) {
					t.Fatal("a nonce was refused")
				}
				begun = begun.Add(time.Microsecond)
			}
			fresh := n.make(begun, loopback(1))
			set := faulttest.Stepped(t, begun, step)
			if !n.fresh(fresh, set, loopback(1)) || !n.use(fresh, 1, loopback(1)) {
				t.Error("a nonce from before is stale")
			}
			if after := n.make(set, loopback(1)); !n.fresh(after, set.Add(nonceLife-time.Second), loopback(1)) || !n.use(after, 1, loopback(1)) {
				t.Error("a nonce from after is stale")
			}
			if n.fresh(old, set, loopback(1)) || n.fresh(fresh, set.Add(nonceLife), loopback(1)) {
				t.Error("an old nonce is fresh")
			}
		})
	}
}
