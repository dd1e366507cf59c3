package audio

import (
	"bytes"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pion/rtp"
)

func keysOf(suite string, n byte) *Keys {
	length := map[string][2]int{
		"AES_CM_128_HMAC_SHA1_80": {16, 14}, "AES_CM_128_HMAC_SHA1_32": {16, 14}, "AEAD_AES_128_GCM": {16, 12}, "AEAD_AES_256_GCM": {32, 12},
	}[suite]
	k := func(n byte) Key {
		return Key{suite, bytes.Repeat([]byte{n}, length[0]), bytes.Repeat([]byte{n + 1}, length[1])}
	}
	return &Keys{Send: k(n), Receive: k(n + 10)}
}

func TestStreamsTalkBySRTP(t *testing.T) {
	for _, suite := range []string{"AES_CM_128_HMAC_SHA1_80", "AES_CM_128_HMAC_SHA1_32", "AEAD_AES_128_GCM", "AEAD_AES_256_GCM"} {
		synctest.Test(t, func(t *testing.T) {
			a, ca, _ := open(t, Beep())
			b, cb, h := open(t, nil)
			ca.peer = cb
			f := flow
			f.Keys = keysOf(suite, 1)
			if err := a.Set(f); err != nil {
				t.Fatal(err)
			}
			f.Keys = &Keys{Send: f.Keys.Receive, Receive: f.Keys.Send}
			if err := b.Set(f); err != nil {
				t.Fatal(err)
			}
			time.Sleep(500*time.Millisecond + time.Millisecond)
			synctest.Wait()
			h.mu.Lock()
			defer h.mu.Unlock()
			var m Meter
			m.Add(h.pcm)
			if got := b.Stats(); got.PacketsReceived != 25 || got.PacketsForged != 0 || m.Level() < -30 {
				t.Errorf("%s: %+v, %v dBFS", suite, got, m.Level())
			}
			var plain rtp.Packet
			ca.mu.Lock()
			defer ca.mu.Unlock()
			if err := plain.Unmarshal(ca.sent[0].b); err != nil || len(ca.sent[0].b) <= 172 {
				t.Errorf("%s: %d bytes went out", suite, len(ca.sent[0].b))
			}
			cb.in <- ca.sent[3].b // a copy
			forged := bytes.Clone(ca.sent[4].b)
			forged[20] ^= 1
			cb.in <- forged
			synctest.Wait()
			if got := b.Stats(); got.PacketsForged != 2 {
				t.Errorf("%s: %d packets that do not count", suite, got.PacketsForged)
			}
		})
	}
}

func TestAKeyThatCannotBeIsToldAndNotPrinted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, _, _ := open(t, nil)
		f := flow
		f.Keys = keysOf("AEAD_AES_128_GCM", 'A')
		if got := fmt.Sprintf("%v %+v %#v", f.Keys.Send, f.Keys.Send, f.Keys.Send); bytes.Contains([]byte(got), []byte("65 65")) {
			t.Errorf("printed: %s", got)
		}
		f.Keys.Receive.Salt = nil
		if s.Set(f) == nil {
			t.Error("a key without a salt is taken")
		}
		f.Keys.Receive.Suite = "ROT13"
		if err := s.Set(f); err == nil {
			t.Error("a suite nobody knows is taken")
		}
	})
}
