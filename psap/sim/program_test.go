package sim_test

import (
	"context"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"callbox/psap/sim"
	"callbox/psap/sim/voice"
	"callbox/sip/agent"
	"callbox/sip/audio"
	"callbox/sip/phone"
	"callbox/sip/sdp"
)

// pieces is a program of those pieces.
type pieces []sim.Piece

func (p *pieces) Next(context.Context) (sim.Piece, bool) {
	if len(*p) == 0 {
		return sim.Piece{}, false
	}
	next := (*p)[0]
	*p = (*p)[1:]
	return next, true
}

// endless is a program whose second piece never comes.
type endless struct{ ended chan struct{} }

func (e *endless) Next(ctx context.Context) (sim.Piece, bool) {
	<-ctx.Done()
	close(e.ended)
	return sim.Piece{}, false
}

func tone(d time.Duration) []voice.Speech {
	return []voice.Speech{{Clips: []audio.Clip{(&audio.Tone{Hz: [2]float64{440}, On: time.Hour, DBFS: -12}).Clip(d)}}}
}

// user returns the user part of a program's URI.
func user(t *testing.T, s *sim.Server, uri string) string {
	t.Helper()
	u, ok := strings.CutSuffix(strings.TrimPrefix(uri, "sip:"), "@"+s.Addr().String())
	if !ok || u == "" {
		t.Fatalf("URI %s does not lead to %s", uri, s.Addr())
	}
	return u
}

func TestAProgramIsHeardOnceAndHangsUp(t *testing.T) {
	t.Parallel()
	s := startLab(t, sim.Options{Programs: true})
	quiet := []voice.Speech{{Clips: []audio.Clip{audio.Silence(500 * time.Millisecond)}}}
	uri, _ := s.Program(&pieces{{Speech: tone(500 * time.Millisecond)}, {Speech: quiet, Digits: "42"}, {Speech: tone(500 * time.Millisecond)}})
	to := user(t, s, uri)
	path := filepath.Join(t.TempDir(), "heard.wav")
	digits := ""
	_, err := dial(t, s, to, func(o *phone.Options) {
		o.Record = path
		o.OnEvent = func(e phone.Event) {
			if e.Kind == phone.EventDigit {
				digits += e.Detail
			}
		}
	})
	if err != nil || digits != "42" {
		t.Fatalf("heard digits %q, %v", digits, err)
	}
	if l := level(t, path, 200*time.Millisecond, 400*time.Millisecond); l < -25 {
		t.Errorf("the first tone is at %.0f dBFS", l)
	}
	if l := level(t, path, 750*time.Millisecond, 900*time.Millisecond); l > -60 {
		t.Errorf("the pause is at %.0f dBFS", l)
	}
	if c := last(t, s); c.EndedBy != "centre" || c.Media.PacketsSent < 70 {
		t.Errorf("got %+v", c)
	}
	if r, _ := dial(t, s, to, nil); r.Status != 404 {
		t.Errorf("a second call got %d", r.Status)
	}
}

func TestAProgramsServerHasNoCentres(t *testing.T) {
	t.Parallel()
	s := startLab(t, sim.Options{Programs: true})
	uri, done := s.Program(&pieces{})
	done()
	for _, to := range []string{"psap-sf", "test-service", user(t, s, uri)} {
		if r, _ := dial(t, s, to, nil); r.Status != 404 {
			t.Errorf("%s: got %d", to, r.Status)
		}
	}
}

func TestACallThatEndsStopsItsProgram(t *testing.T) {
	t.Parallel()
	s := startLab(t, sim.Options{Programs: true})
	p := &endless{make(chan struct{})}
	uri, _ := s.Program(p)
	c := newCaller(t)
	leg := c.invite(s, user(t, s, uri), false, agent.Message{ContentType: "application/sdp", Body: offered(sdp.SendRecv)})
	c.expect(agent.KindAnswered)
	leg.Ack(agent.Message{})
	leg.Bye()
	select {
	case <-p.ended:
	case <-time.After(wait):
		t.Error("the program goes on")
	}
}
