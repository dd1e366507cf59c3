package sim_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rs/zerolog"

	"callbox/psap/sim"
	"callbox/sip/agent"
	"callbox/sip/audio"
	"callbox/sip/body"
	"callbox/sip/location"
	"callbox/sip/phone"
	"callbox/sip/sdp"
)

// wait bounds every wait of these tests; it is only reached when a test fails.
const wait = 20 * time.Second

// startLab starts a simulator on loopback.
func startLab(t *testing.T, o sim.Options) *sim.Server {
	t.Helper()
	o.Address, o.Logger = "127.0.0.1:0", zerolog.Nop()
	if o.Voice == "" {
		o.Voice = "builtin"
	}
	s, err := sim.New(o)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// dial calls user at the simulator.
func dial(t *testing.T, s *sim.Server, user string, change func(*phone.Options)) (phone.Result, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), wait)
	defer cancel()
	o := phone.Options{To: user, From: "+14155550100", Domain: "127.0.0.1", Edge: s.Addr().String(), Logger: zerolog.Nop()}
	if change != nil {
		change(&o)
	}
	return phone.Call(ctx, o)
}

// last returns the newest call, once it has ended.
func last(t *testing.T, s *sim.Server) sim.Call {
	t.Helper()
	poll := time.NewTicker(5 * time.Millisecond)
	defer poll.Stop()
	for timeout := time.After(wait); ; {
		if calls := s.Calls(); len(calls) > 0 && calls[len(calls)-1].State == sim.StateEnded {
			return calls[len(calls)-1]
		}
		select {
		case <-poll.C:
		case <-timeout:
			t.Fatal("the call did not end")
		}
	}
}

// level returns the level of a part of a recording.
func level(t *testing.T, path string, from, to time.Duration) float64 {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	pcm, err := audio.ReadWAV(f)
	if err != nil {
		t.Fatal(err)
	}
	at := func(d time.Duration) int { return min(int(d.Seconds()*audio.SampleRate), len(pcm)) }
	return audio.Level(pcm[at(from):at(to)])
}

func TestCentreGreetsAndEchoes(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ transport, codec, want string }{{"udp", "PCMU", "PCMU"}, {"tcp", "PCMA", "PCMA"}} {
		t.Run(tc.transport+" "+tc.codec, func(t *testing.T) {
			t.Parallel()
			s := startLab(t, sim.Options{})
			s.SetScript("psap-sf", sim.Script{Greeting: "Hello.", Then: sim.ThenEcho})
			out := filepath.Join(t.TempDir(), "heard.wav")
			r, err := dial(t, s, "psap-sf", func(o *phone.Options) {
				o.Transport, o.Codecs, o.Record, o.Tone, o.Duration = tc.transport, []string{tc.codec}, out, true, 2500*time.Millisecond
			})
			if err != nil {
				t.Fatal(err)
			}
			if r.Codec != tc.want || r.Voice != "builtin" || r.HungUpBy != phone.HungUpCaller || r.PacketsReceived < 100 || r.PacketsSent < 100 {
				t.Errorf("result is %+v", r)
			}
			if got := level(t, out, 0, time.Second); got < -30 {
				t.Errorf("the greeting is at %.1f dBFS", got)
			}
			if got := level(t, out, 1500*time.Millisecond, 2400*time.Millisecond); got < -17 || got > -13 { // the tone's own level is -15
				t.Errorf("the echo is at %.1f dBFS", got)
			}
			call := last(t, s)
			if diff := cmp.Diff([]string{"hello."}, call.Said); diff != "" || call.EndedBy != "caller" || call.Number != "+14155550100" {
				t.Errorf("%s, %+v", diff, call)
			}
		})
	}
}

func TestCentreTakesDigits(t *testing.T) {
	t.Parallel()
	s := startLab(t, sim.Options{Centres: []sim.Centre{{ID: "psap-sf", Name: "San Francisco"}}})
	s.SetScript("psap-keys", sim.Script{Greeting: "Hello.", Keys: map[string]sim.Action{"1": sim.ActionRepeat, "9": sim.ActionHangUp}})
	r, err := dial(t, s, "psap-keys", func(o *phone.Options) { o.DTMF = "51,9" })
	if err != nil || r.HungUpBy != phone.HungUpCallee {
		t.Fatalf("%+v, %v", r, err)
	}
	call := last(t, s)
	if call.Digits != "519" || call.EndedBy != "centre" {
		t.Errorf("the centre heard %+v", call)
	}
	if diff := cmp.Diff([]string{"hello.", "hello."}, call.Said); diff != "" {
		t.Error(diff)
	}
}

func TestAnnouncementIsEarlyMediaAndThenAFailure(t *testing.T) {
	t.Parallel()
	s := startLab(t, sim.Options{})
	sc, _ := s.Script("announce")
	sc.Greeting = "No centre could be reached."
	s.SetScript("announce", sc)
	out := filepath.Join(t.TempDir(), "heard.wav")
	r, err := dial(t, s, "announce", func(o *phone.Options) { o.Record = out })
	failed, ok := errors.AsType[*phone.FailedError](err)
	if !ok || r.Status != 503 || r.RetryAfter != "30" || !r.EarlyMedia || r.Voice != "builtin" || failed.Result != r {
		t.Fatalf("%+v, %v", r, err)
	}
	if r.Setup < time.Second || level(t, out, 0, r.Setup) < -30 {
		t.Errorf("the announcement lasts %v at %.1f dBFS", r.Setup, level(t, out, 0, r.Setup))
	}
	if err.Error() != "503 Service Unavailable: no emergency call centre could be reached" {
		t.Error(err)
	}
}

func TestTestServiceHangsUp(t *testing.T) {
	t.Parallel()
	s := startLab(t, sim.Options{})
	sc, _ := s.Script("test-service")
	sc.Ring, sc.Wait, sc.Greeting = 0, 0, ""
	s.SetScript("test-service", sc)
	r, err := dial(t, s, "test-service", func(o *phone.Options) { o.From = "911" })
	if err != nil || r.HungUpBy != phone.HungUpCallee || r.LevelDBFS < -30 {
		t.Fatalf("%+v, %v", r, err)
	}
	want := []string{
		"you are calling from, nine one one.", "no emergency address is registered for this number.", "press one to repeat.", "goodbye.",
	}
	if diff := cmp.Diff(want, last(t, s).Said); diff != "" {
		t.Error(diff)
	}
}

func TestCallsThatFail(t *testing.T) {
	t.Parallel()
	s := startLab(t, sim.Options{})
	for _, tc := range []struct {
		user, sentence string
		status         int
	}{
		{"psap-busy", "", 486}, {"psap-down", "", 503}, {"psap-declines", "", 603},
		{"nobody", "there is no simulated call centre of this name", 404},
	} {
		t.Run(tc.user, func(t *testing.T) {
			t.Parallel()
			r, err := dial(t, s, tc.user, nil)
			if _, ok := errors.AsType[*phone.FailedError](err); !ok || r.Status != tc.status || r.Sentence != tc.sentence {
				t.Errorf("%+v, %v", r, err)
			}
		})
	}
}

func TestCallerGivesUp(t *testing.T) {
	t.Parallel()
	s := startLab(t, sim.Options{})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	r, err := phone.Call(ctx, phone.Options{
		To: "psap-silent", Domain: "127.0.0.1", Edge: s.Addr().String(), Logger: zerolog.Nop(),
		OnEvent: func(e phone.Event) {
			if e.Status == 180 {
				cancel()
			}
		},
	})
	if _, ok := errors.AsType[*phone.FailedError](err); !ok || r.Status != 487 || r.HungUpBy != phone.HungUpNobody {
		t.Errorf("%+v, %v", r, err)
	}
	if call := last(t, s); call.EndedBy != "caller" || call.Status != 487 || call.Number != "" || !call.AnsweredAt.IsZero() {
		t.Errorf("the call was %+v", call)
	}
}

func TestCentreReadsBackWhatIsDelivered(t *testing.T) {
	t.Parallel()
	tower := location.Lines{Street: "350 5th Ave", Floor: "21", City: "New York", State: "NY", PostalCode: "10118", Country: "US"}
	civic := tower.Civic()
	described, err := body.Split(body.SDP, offered(sdp.SendRecv))
	if err != nil {
		t.Fatal(err)
	}
	kind, located := described.Write(described.Raw, []body.Addition{{
		Type: body.PIDF, ID: "caller@edge.example", Content: location.Build(location.Location{Civic: &civic}),
	}}, "b")
	plain := agent.Message{ContentType: "application/sdp", Body: offered(sdp.SendRecv)}
	for _, tc := range []struct {
		name      string
		anonymous bool
		m         agent.Message
		first     string // sentence; all of them are TestSentences' matter
		address   string
	}{
		{"number and address", false, agent.Message{ContentType: kind, Body: located},
			"your number is, plus one, four one five, five five five, zero one zero zero.", tower.String()},
		{"the number alone", false, plain, "your number is, plus one, four one five, five five five, zero one zero zero.", ""},
		{"nothing", true, plain, "i received no number and no address.", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s, c := startLab(t, sim.Options{}), newCaller(t)
			s.SetScript("psap-nyc", sim.Script{ReadBack: true})
			m := tc.m.With("X-Callbox-Call", "CA0123").With("X-Callbox-Dialled", "911")
			leg := c.invite(s, "psap-nyc", tc.anonymous, m)
			if e := c.expect(agent.KindAnswered); e.Message.Get("X-Callbox-Voice") != "builtin" {
				t.Errorf("answered with %v", e.Message.Headers)
			}
			leg.Bye()
			c.expect(agent.KindGone)
			call := last(t, s)
			if len(call.Said) != 1 || call.Said[0] != tc.first || call.Address != tc.address || call.CallID != "CA0123" || call.Dialled != "911" {
				t.Errorf("%+v", call)
			}
		})
	}
}

func TestCentreGoesAlongWithTheCall(t *testing.T) {
	t.Parallel()
	s, c := startLab(t, sim.Options{}), newCaller(t)
	s.SetScript("psap-sf", sim.Script{})
	leg := c.invite(s, "psap-sf", false, agent.Message{ContentType: "application/sdp", Body: offered(sdp.SendRecv)}.
		With("Supported", "timer").With("Session-Expires", "1800"))
	if e := c.expect(agent.KindAnswered); e.Message.Get("Session-Expires") != "1800;refresher=uac" {
		t.Errorf("answered with %v", e.Message.Headers)
	}
	for _, tc := range []struct {
		name, method, kind string
		body               []byte
		status             int
		says               string
	}{
		{"hold", "INVITE", "application/sdp", offered(sdp.SendOnly), 200, "a=recvonly"},
		{"resume by UPDATE", "UPDATE", "application/sdp", offered(sdp.SendRecv), 200, "a=sendrecv"},
		{"a refresh by UPDATE", "UPDATE", "", nil, 200, ""},
		{"an offer that cannot be", "INVITE", "application/sdp", []byte("v=0\r\no=- 1 1 IN IP4 1.1.1.1\r\ns=-\r\nt=0 0\r\n"), 488, ""},
		{"a digit by INFO", "INFO", "application/dtmf-relay", []byte("Signal=7\r\nDuration=100\r\n"), 200, ""},
		{"a transfer", "REFER", "", nil, 603, ""},
	} {
		id := leg.Send(tc.method, agent.Message{ContentType: tc.kind, Body: tc.body})
		e := c.expect(agent.KindResponse)
		if e.ID != id || e.Status != tc.status || !strings.Contains(string(e.Message.Body), tc.says) || (tc.says == "") != (len(e.Message.Body) == 0) {
			t.Errorf("%s: %d %s\n%s", tc.name, e.Status, e.Reason, e.Message.Body)
		}
	}
	leg.Bye()
	c.expect(agent.KindGone)
	if call := last(t, s); call.Digits != "7" || call.Held {
		t.Errorf("the call was %+v", call)
	}
}

func TestClosingHangsUp(t *testing.T) {
	t.Parallel()
	s, c := startLab(t, sim.Options{}), newCaller(t)
	s.SetScript("psap-sf", sim.Script{})
	c.invite(s, "psap-sf", false, agent.Message{ContentType: "application/sdp", Body: offered(sdp.SendRecv)})
	c.expect(agent.KindAnswered)
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	c.expect(agent.KindBye)
}

func TestServerBoundsItsCallsAndPorts(t *testing.T) {
	t.Parallel()
	s, c := startLab(t, sim.Options{MaxCalls: 1}), newCaller(t)
	s.SetScript("psap-sf", sim.Script{})
	m := agent.Message{ContentType: "application/sdp", Body: offered(sdp.SendRecv)}
	c.invite(s, "psap-sf", false, m)
	c.expect(agent.KindAnswered)
	c.invite(s, "psap-sf", false, m)
	if e := c.expect(agent.KindFailed); e.Status != 503 || e.Message.Get("Retry-After") == "" {
		t.Errorf("a call too many got %d %v", e.Status, e.Message.Headers)
	}
}

func TestServerIsProbedAndRefusesWhatIsNoCall(t *testing.T) {
	t.Parallel()
	s, c := startLab(t, sim.Options{}), newCaller(t)
	if status, err := c.Options(t.Context(), "sip:psap-sf@"+s.Addr().String()); status != 200 || err != nil {
		t.Errorf("OPTIONS got %d, %v", status, err)
	}
	c.invite(s, "psap-busy", false, agent.Message{ContentType: "image/png", Body: []byte("x")})
	if e := c.expect(agent.KindFailed); e.Status != 415 || e.Message.Get("Accept") == "" {
		t.Errorf("a picture got %d %v", e.Status, e.Message.Headers)
	}
}

func TestManyCallsAtOnce(t *testing.T) {
	t.Parallel()
	s := startLab(t, sim.Options{})
	s.SetScript("psap-sf", sim.Script{Greeting: "Hello.", Then: sim.ThenEcho})
	var calls sync.WaitGroup
	for range 20 {
		calls.Go(func() {
			r, err := dial(t, s, "psap-sf", func(o *phone.Options) { o.Duration = time.Second })
			if err != nil || r.PacketsReceived < 40 || r.PacketsLost > 0 {
				t.Errorf("%+v, %v", r, err)
			}
		})
	}
	calls.Wait()
	for _, call := range s.Calls() {
		if call.Media.PacketsLost > 0 || call.Media.PacketsReceived < 40 {
			t.Errorf("the centre received %+v", call.Media)
		}
	}
}
