package systest

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"callbox/sip/call"
)

func TestMediaFlowsBothWaysThroughTheEdge(t *testing.T) {
	t.Parallel()
	l, psap := between(t, settings{}, centre{scenario: "uas_answer.xml", media: true})
	at, dir := newHost(), t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "speech.ulaw"), ulaw(tone(5)), 0o600); err != nil {
		t.Fatal(err)
	}
	watch := startCapture(t, "udp and host "+l.host)
	_, id := l.call(t, caller{scenario: "talk.xml", to: "911", hold: 3 * time.Second, at: at, dir: dir}).answer()
	r := l.record(t, id)
	all := watch.streams(t, func(all []stream) error {
		for _, way := range [][2]string{{at, l.host}, {l.host, psap.host}, {psap.host, l.host}, {l.host, at}} {
			got := flowing(all, way[0], way[1])
			if len(got) != 1 || got[0].packets < 100 || got[0].lost != 0 || got[0].codec != "g711U" {
				return fmt.Errorf("from %s to %s: %+v, want one g711U stream of 100 packets or more, none lost", way[0], way[1], got)
			}
		}
		return nil
	})
	if direct := append(flowing(all, at, psap.host), flowing(all, psap.host, at)...); len(direct) != 0 {
		t.Errorf("media went past the edge: %+v", direct)
	}
	for side, f := range map[string]call.Flow{"caller": r.Media.FromCaller, "centre": r.Media.FromCentre} {
		if f.Packets < 100 || f.Lost != 0 || f.Dropped != 0 || f.Bytes < 100*172 || f.JitterMS > 20 {
			t.Errorf("media from the %s: %+v", side, f)
		}
	}
	if r.Media.OneWay || r.Media.NoMedia || !slices.Contains(events(r), call.EventMediaUp) {
		t.Errorf("media: %+v, events %v", r.Media, events(r))
	}
	psap.stop(t)
}

func TestCallWithoutMediaEndsAtTheTimeOut(t *testing.T) {
	t.Parallel()
	l, psap := between(t, settings{rtpTimeout: 2 * time.Second}, centre{scenario: "uas_answer.xml"})
	_, id := l.call(t, caller{scenario: "hung_up_on.xml", to: "911"}).answer()
	r := l.record(t, id)
	if r.EndReason != call.EndMediaTimeout || !r.Media.NoMedia {
		t.Errorf("the call ended by %v, media %+v", r.EndReason, r.Media)
	}
	psap.stop(t)
}

func TestHeldCallOutlivesTheMediaTimeOut(t *testing.T) {
	t.Parallel()
	l, psap := between(t, settings{rtpTimeout: time.Second}, centre{scenario: "uas_held.xml"})
	_, id := l.call(t, caller{scenario: "hold.xml", to: "911", hold: 1700 * time.Millisecond, limit: time.Minute}).answer()
	// After the call is taken back nobody sends media, so that the time-out may then end it.
	if r := l.record(t, id); r.DurationMS < 3400 {
		t.Errorf("the call ended by %v after %d ms, while it was on hold", r.EndReason, r.DurationMS)
	}
	_ = psap
}

func TestSoftphoneHearsTheCallTaker(t *testing.T) {
	t.Parallel()
	l := startLab(t, settings{})
	for _, transport := range []string{"udp", "tcp", "tls"} {
		t.Run(transport, func(t *testing.T) {
			t.Parallel()
			wav := filepath.Join(t.TempDir(), "heard.wav")
			edge := l.sip()
			args := []string{"911", "--from", sanFrancisco, "--transport", transport, "--tone", "--record", wav, "--duration", "6s"}
			if transport == "tls" {
				edge = l.sips()
				args = append(args, "--insecure")
			}
			got := phone(t, 0, append(args, "--edge", edge)...)
			if !got.Answered || got.HungUpBy != "caller" || got.PacketsReceived < 250 || got.PacketsLost > 5 {
				t.Errorf("the softphone tells %+v", got)
			}
			if s := readWAV(t, wav); s.length < 5*time.Second || s.active < time.Second || s.level < -40 {
				t.Errorf("the recording is %+v", s)
			}
			r := l.record(t, got.CallID)
			if f := r.Media.FromCaller; f.Packets < 250 || r.Media.OneWay {
				t.Errorf("the record tells of media %+v", r.Media)
			}
		})
	}
}

func TestTestServiceReadsTheAddressBack(t *testing.T) {
	t.Parallel()
	l := startLab(t, settings{})
	length := map[string]time.Duration{}
	for _, from := range []string{sanFrancisco, "+14155550102"} {
		wav := filepath.Join(t.TempDir(), "heard.wav")
		got := phone(t, 0, "933", "--from", from, "--record", wav, "--edge", l.sip())
		if got.HungUpBy != "callee" || got.Voice == "" {
			t.Errorf("933 from %s: %+v", from, got)
		}
		s := readWAV(t, wav)
		if s.level < -40 || s.active < 4*time.Second || math.IsInf(s.level, 0) {
			t.Errorf("933 from %s sounds like %+v", from, s)
		}
		length[from] = s.active
		if r := l.record(t, got.CallID); r.AnsweredBy != "test-service" || r.EndReason != call.EndCalleeHungUp || r.FeeCents != 0 {
			t.Errorf("933 from %s: answered by %q, ended by %v, %d cents", from, r.AnsweredBy, r.EndReason, r.FeeCents)
		}
	}
	if length[sanFrancisco] == length["+14155550102"] {
		t.Errorf("a number with an address and one without sound alike: %v", length)
	}
}
