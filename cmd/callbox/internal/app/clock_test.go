package app

import (
	"strings"
	"testing"
	"time"

	"callbox/sip/fault/faulttest"
)

func TestAClockThatIsSetIsToldForAWhile(t *testing.T) {
	t.Parallel()
	for step, word := range map[time.Duration]string{time.Hour: "ahead by 1h0m0s", -time.Hour: "back by 1h0m0s"} {
		t.Run(word, func(t *testing.T) {
			t.Parallel()
			var w stepWatch
			now := time.Now()
			if r := w.read(now); len(r) != 0 {
				t.Errorf("at first: %+v", r)
			}
			now = now.Add(time.Hour) // a machine that was busy
			if r := w.read(faulttest.Stepped(t, now, time.Second)); len(r) != 0 {
				t.Errorf("a clock kept right: %+v", r)
			}
			set := faulttest.Stepped(t, now.Add(time.Second), time.Second+step)
			if r := w.read(set); len(r) != 1 || !strings.Contains(r[0].Problem, word) {
				t.Errorf("a clock that was set: %+v", r)
			}
			if r := w.read(set.Add(stepTold - time.Second)); len(r) != 1 {
				t.Errorf("later: %+v", r)
			}
			if r := w.read(set.Add(stepTold)); len(r) != 0 {
				t.Errorf("at last: %+v", r)
			}
		})
	}
}

func TestNewCertificatesAreFoundWhenTheClockWasSetBack(t *testing.T) {
	t.Parallel()
	dir, c := t.TempDir(), newClock()
	c.now = time.Now()
	files := inFiles(t, dir, c, 0)
	certs, _ := openCerts(t, dir, files, c)
	before := serial(t, certs)
	inFiles(t, dir, c, 10)
	c.now = faulttest.Stepped(t, c.now.Add(recheckAfter), -time.Hour)
	if serial(t, certs) == before {
		t.Error("the old certificate is still given")
	}
}
