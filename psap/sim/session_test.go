package sim

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rs/zerolog"
	"go.uber.org/goleak"

	"callbox/sip/agent"
	"callbox/sip/audio"
	"callbox/sip/sdp"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fakeLeg notes what a session does with its leg, and when.
type fakeLeg struct {
	begun time.Time
	did   []string
	last  agent.Message
	sink  agent.Sink
}

func (l *fakeLeg) note(format string, args ...any) {
	l.did = append(l.did, fmt.Sprintf("%v ", time.Since(l.begun))+fmt.Sprintf(format, args...))
}

func (l *fakeLeg) Progress(status int, reason string, m agent.Message) {
	l.last = m
	l.note("%d %s", status, reason)
}

func (l *fakeLeg) Answer(m agent.Message) { l.last = m; l.note("200") }

func (l *fakeLeg) Reject(status int, reason string, headers ...agent.Header) {
	l.last = agent.Message{Headers: headers}
	l.note("%d %s", status, reason)
}

func (l *fakeLeg) Bye(...agent.Header) {
	l.note("BYE")
	go l.sink(agent.Event{Kind: agent.KindGone})
}

// newTestServer returns a server with media ports and the built-in voice, but without SIP.
func newTestServer(t *testing.T) *Server {
	t.Helper()
	s, err := New(Options{Voice: "builtin", Logger: zerolog.Nop()})
	if err != nil {
		t.Fatal(err)
	}
	if s.ports, err = openPorts(0, 0); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.ports.close(); s.Close() })
	return s
}

const offer = "v=0\r\no=- 1 1 IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 192.0.2.9\r\nt=0 0\r\nm=audio 4000 RTP/AVP 8 0 96\r\na=rtpmap:96 telephone-event/8000\r\n"

func incoming(body string) *agent.Incoming {
	in := &agent.Incoming{CallID: "abc", Local: netip.MustParseAddrPort("192.0.2.1:5070"),
		RequestURI: agent.Address{User: "psap-sf"}, From: agent.Address{User: "+14155550100"}}
	if body != "" {
		in.Message = agent.Message{ContentType: "application/sdp", Body: []byte(body)}
	}
	return in
}

// call is a session under test in a synctest bubble.
type call struct {
	*session
	leg   *fakeLeg
	ended chan struct{}
}

// begin runs a call to a centre that follows script, without media.
func begin(t *testing.T, s *Server, script Script, in *agent.Incoming) *call {
	t.Helper()
	script.Mute = true
	d, err := read(in)
	if err != nil {
		t.Fatal(err)
	}
	c := &call{newSession(s, in, script, d), &fakeLeg{begun: time.Now()}, make(chan struct{})}
	c.leg.sink, c.session.leg = c.session.sink, c.leg
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	go func() {
		defer close(c.ended)
		c.run(ctx)
	}()
	synctest.Wait()
	return c
}

// send tells the session what happened on its leg.
func (c *call) send(e agent.Event) {
	c.sink(e)
	synctest.Wait()
}

// sessionCase is a script, what the caller does during the call, and what must come of it.
type sessionCase struct {
	name   string
	script Script
	during func(c *call)
	want   []string
	by     string
	status int
}

func casesBeforeTheAnswer() []sessionCase {
	return []sessionCase{
		{"answers after its ring time, and the caller hangs up", Script{Ring: time.Second}, func(c *call) {
			time.Sleep(5 * time.Second)
			c.send(agent.Event{Kind: agent.KindBye})
		}, []string{"0s 180 Ringing", "1s 200"}, "caller", 200},
		{"is busy", Script{Ring: time.Second, Answer: OutcomeBusy}, nil, []string{"0s 180 Ringing", "1s 486 Busy Here"}, "centre", 486},
		{"fails at once", Script{Answer: OutcomeFail, Status: 500}, nil, []string{"0s 180 Ringing", "0s 500 Server Internal Error"}, "centre", 500},
		{"is silent until the caller gives up", Script{Answer: OutcomeSilence}, func(c *call) {
			time.Sleep(20 * time.Second)
			c.send(agent.Event{Kind: agent.KindCancelled})
		}, []string{"0s 180 Ringing"}, "caller", 487},
		{"is silent for a caller who never gives up", Script{Answer: OutcomeSilence}, nil,
			[]string{"0s 180 Ringing", "5m0s 480 Temporarily Unavailable"}, "centre", 480},
	}
}

func casesAfterTheAnswer() []sessionCase {
	return []sessionCase{
		{"rings by early media", Script{Ring: time.Second, EarlyMedia: true, HangUpAfter: time.Second}, nil,
			[]string{"0s 183 Session Progress", "1s 200", "2s BYE"}, "centre", 200},
		{"hangs up in the middle of the call", Script{HangUpAfter: 7 * time.Second}, nil,
			[]string{"0s 180 Ringing", "0s 200", "7s BYE"}, "centre", 200},
		{"hangs up once all is said and no key came", Script{Then: ThenHangUp, Wait: 3 * time.Second}, nil,
			[]string{"0s 180 Ringing", "0s 200", "3s BYE"}, "centre", 200},
		{"starts its wait anew for a repeat", Script{Then: ThenHangUp, Wait: 3 * time.Second, Keys: map[string]Action{"1": ActionRepeat}}, func(c *call) {
			time.Sleep(2 * time.Second)
			c.post(message{digit: '1'})
		}, []string{"0s 180 Ringing", "0s 200", "5s BYE"}, "centre", 200},
		{"hangs up by a key", Script{Keys: map[string]Action{"9": ActionHangUp}}, func(c *call) {
			time.Sleep(time.Second)
			c.post(message{digit: '5'})
			c.post(message{digit: '9'})
		}, []string{"0s 180 Ringing", "0s 200", "1s BYE"}, "centre", 200},
		{"loses the caller", Script{}, func(c *call) { c.send(agent.Event{Kind: agent.KindGone}) },
			[]string{"0s 180 Ringing", "0s 200"}, "lost", 200},
		{"hangs up without ACK", Script{}, func(c *call) { c.send(agent.Event{Kind: agent.KindAckTimeout}) },
			[]string{"0s 180 Ringing", "0s 200", "0s BYE"}, "lost", 200},
		{"fails at once where its announcement cannot be heard", Script{Service: ServiceAnnounce, Status: 503}, nil,
			[]string{"0s 503 Service Unavailable"}, "centre", 503},
		{"hangs up on a flood", Script{}, func(c *call) {
			for range 3 * boxSize {
				c.post(message{digit: '5'})
			}
		}, []string{"0s 180 Ringing", "0s 200", "0s BYE"}, "centre", 200},
	}
}

func TestSessionFollowsItsScript(t *testing.T) {
	s := newTestServer(t)
	for _, tc := range append(casesBeforeTheAnswer(), casesAfterTheAnswer()...) {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := begin(t, s, tc.script, incoming(offer))
				if tc.during != nil {
					tc.during(c)
				}
				<-c.ended
				if diff := cmp.Diff(tc.want, c.leg.did); diff != "" {
					t.Error(diff)
				}
				got := c.snapshot()
				if got.State != StateEnded || got.EndedBy != tc.by || got.Status != tc.status || got.EndedAt.IsZero() {
					t.Errorf("the call ended as %+v", got)
				}
			})
		})
	}
}

func TestSessionRefusesMediaItCannotHave(t *testing.T) {
	s := newTestServer(t)
	for _, tc := range []struct{ name, body, want string }{
		{"no codec in common", strings.Replace(offer, "8 0 96", "18", 1), "0s 488 Not Acceptable Here"},
		{"no audio", "v=0\r\no=- 1 1 IN IP4 1.2.3.4\r\ns=-\r\nt=0 0\r\n", "0s 488 Not Acceptable Here"},
		{"no description at all", "hello", "0s 400 Bad Request"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := begin(t, s, Script{}, incoming(tc.body))
				<-c.ended
				if got := c.leg.did[len(c.leg.did)-1]; got != tc.want || c.leg.last.Get("Warning") == "" {
					t.Errorf("got %s, %v", got, c.leg.last.Headers)
				}
			})
		})
	}
}

// answered returns the audio of the description that the session answered with.
func answered(t *testing.T, body []byte) sdp.Media {
	t.Helper()
	s, err := sdp.Parse(body)
	if err != nil {
		t.Fatalf("%v in\n%s", err, body)
	}
	m, ok := s.Audio()
	if !ok {
		t.Fatalf("no audio in\n%s", body)
	}
	return m
}

func TestSessionChoosesItsCodec(t *testing.T) {
	s := newTestServer(t)
	for _, tc := range []struct {
		name   string
		codecs []audio.Codec
		want   string
	}{
		{"the caller's first without a preference", nil, "PCMA"},
		{"its own first where it has one", []audio.Codec{audio.PCMU, audio.PCMA}, "PCMU"},
		{"the only one it takes", []audio.Codec{audio.PCMA}, "PCMA"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := begin(t, s, Script{Codecs: tc.codecs}, incoming(offer))
				m := answered(t, c.leg.last.Body)
				if len(m.Formats) != 2 || m.Formats[1] != "96" || c.offer.flow.Codec.String() != tc.want || c.offer.flow.Event != 96 {
					t.Errorf("answered with %v, sends %+v", m.Formats, c.offer.flow)
				}
				if c.offer.flow.Remote != netip.MustParseAddrPort("192.0.2.9:4000") || m.RTP.Addr() != netip.MustParseAddr("192.0.2.1") {
					t.Errorf("media goes to %v and comes to %v", c.offer.flow.Remote, m.RTP)
				}
			})
		})
	}
}

func TestSessionAnswersHoldWithTheRightDirection(t *testing.T) {
	s := newTestServer(t)
	for _, tc := range []struct {
		offered string
		want    sdp.Direction
		sends   bool
	}{
		{"a=sendonly\r\n", sdp.RecvOnly, false},
		{"a=inactive\r\n", sdp.Inactive, false},
		{"a=recvonly\r\n", sdp.SendOnly, true},
		{"a=sendrecv\r\n", sdp.SendRecv, true},
		{"c=IN IP4 0.0.0.0\r\n", sdp.RecvOnly, false},
	} {
		t.Run(strings.TrimSpace(tc.offered), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := begin(t, s, Script{}, incoming(offer))
				first := c.leg.last.Body
				c.send(agent.Event{Kind: agent.KindBye})
				<-c.ended
				body, err := c.reagree(agent.Message{Body: []byte(offer + tc.offered)})
				if err != nil {
					t.Fatal(err)
				}
				if m := answered(t, body); m.Direction != tc.want {
					t.Errorf("answered %v, want %v", m.Direction, tc.want)
				}
				if c.offer.flow.Send != tc.sends || c.info.Held != !tc.sends {
					t.Errorf("sends %v, held %v", c.offer.flow.Send, c.info.Held)
				}
				again, err := c.reagree(agent.Message{Body: []byte(offer)})
				if err != nil || !c.offer.flow.Send {
					t.Errorf("after the hold it sends %v, %v", c.offer.flow.Send, err)
				}
				if tc.want != sdp.SendRecv && string(first) == string(again) {
					t.Error("the version of the description did not grow")
				}
			})
		})
	}
}

func TestSessionOffersWhereTheCallerDidNot(t *testing.T) {
	s := newTestServer(t)
	synctest.Test(t, func(t *testing.T) {
		c := begin(t, s, Script{Keys: map[string]Action{"9": ActionHangUp}}, incoming(""))
		if m := answered(t, c.leg.last.Body); len(m.Formats) != 3 || m.Direction != sdp.SendRecv {
			t.Errorf("offered %+v", m)
		}
		if c.offer.flow.Send {
			t.Error("sends before the answer")
		}
		c.send(agent.Event{Kind: agent.KindAcked, Message: agent.Message{ContentType: "application/sdp", Body: []byte(offer)}})
		if f := c.offer.flow; !f.Send || f.Codec != audio.PCMA || f.Event != 96 || f.Remote.Port() != 4000 {
			t.Errorf("after the ACK it sends %+v", f)
		}
		c.send(agent.Event{Kind: agent.KindAcked, Message: agent.Message{Body: []byte("late nonsense")}})
		c.post(message{digit: '9'})
		<-c.ended
	})
}

func TestSessionAgreesToASessionTimerThatTheCallerRefreshes(t *testing.T) {
	for _, tc := range []struct{ name, supported, expires, want string }{
		{"that it knows", "replaces, timer", "1800", "1800;refresher=uac"},
		{"that it refreshes", "timer", " 90 ; refresher=uac", "90;refresher=uac"},
		{"but not one that the centre would refresh", "timer", "1800;refresher=uas", ""},
		{"but not one that it does not know", "replaces", "1800", ""},
		{"but not one that is no number", "timer", "soon", ""},
		{"but not one that is not there", "timer", "", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			request := agent.Message{}.With("Supported", tc.supported)
			if tc.expires != "" {
				request = request.With("Session-Expires", tc.expires)
			}
			got := (&session{}).refreshed(agent.Message{}, request)
			if got.Get("Session-Expires") != tc.want || (tc.want != "") != (got.Get("Require") == "timer") {
				t.Errorf("got %v", got.Headers)
			}
		})
	}
}
