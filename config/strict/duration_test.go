package strict_test

import (
	"testing"
	"time"

	"callbox/config/strict"
)

func TestShortDurationReadsAsItIsWritten(t *testing.T) {
	t.Parallel()
	for d, want := range map[time.Duration]string{
		0: "0s", time.Second: "1s", time.Minute: "1m", 4 * time.Hour: "4h", 90 * time.Minute: "1h30m",
		61 * time.Second: "1m1s", 10 * time.Minute: "10m", 500 * time.Millisecond: "500ms", time.Hour + time.Second: "1h0m1s",
	} {
		if got := strict.ShortDuration(d); got != want {
			t.Errorf("%v: %s, want %s", d, got, want)
		}
	}
}
