package voice

import (
	"bytes"
	"fmt"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"
)

func TestARowOfFailuresIsLoggedOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		var told []error
		s := &Speaker{
			program: newProgram(Flite, "/nowhere"), log: zerolog.New(&log).Level(zerolog.InfoLevel),
			Starved: func(err error) { told = append(told, err) },
		}
		lines := func(want int) {
			t.Helper()
			if got := strings.Count(log.String(), "speech program failed"); got != want {
				t.Errorf("%d lines, want %d:\n%s", got, want, log.String())
			}
		}
		s.Say(t.Context(), Text("Hello."))
		lines(1)
		for range 50 {
			time.Sleep(recovered / 2)
			s.Say(t.Context(), Text("Hello."))
		}
		lines(1)
		time.Sleep(recovered)
		s.Say(t.Context(), Text("Hello."))
		lines(2)
		time.Sleep(recovered)
		for _, err := range []error{syscall.EMFILE, fmt.Errorf("pipe: %w", syscall.ENFILE)} {
			s.failed(err, false)
		}
		s.failed(errBusy, true)
		lines(2)
		if len(told) != 2 {
			t.Errorf("told of a lack of descriptors: %v", told)
		}
	})
}
