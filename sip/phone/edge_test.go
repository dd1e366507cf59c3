package phone

import (
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"callbox/sip/agent"
	"callbox/sip/audio"
	"callbox/sip/sdp"
)

// edge is a bare agent that answers the phone as each test wants.
type edge struct {
	*agent.Agent
	t      *testing.T
	addr   netip.AddrPort
	events chan agent.Event
	socket *audioSocket
}

// newEdge starts an edge that hands every call to answer.
func newEdge(t *testing.T, answer func(*edge, *agent.Incoming)) *edge {
	t.Helper()
	e := &edge{t: t, events: make(chan agent.Event, 100), socket: newAudioSocket(t)}
	var err error
	e.Agent, err = agent.New(agent.Options{
		Listeners: []agent.Listener{{Network: "udp", Address: "127.0.0.1:0"}}, Logger: zerolog.Nop(),
		OnInvite: func(in *agent.Incoming) { answer(e, in) },
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := e.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	e.addr = netip.MustParseAddrPort(e.Addrs()[0].Address)
	return e
}

func (e *edge) sink(ev agent.Event) { e.events <- ev }

// expect returns the next event of kind k; those before it are passed over.
func (e *edge) expect(k agent.Kind) agent.Event {
	for timeout := time.After(wait); ; {
		select {
		case ev := <-e.events:
			if ev.Kind == k {
				return ev
			}
		case <-timeout:
			e.t.Errorf("no event of kind %d came", k)
			return agent.Event{}
		}
	}
}

// answer returns the answer to the offer in in, with media at the edge's socket, which then echoes.
func (e *edge) answer(in *agent.Incoming, formats ...sdp.Format) agent.Message {
	offer, err := sdp.Parse(in.Message.Body)
	if err != nil {
		e.t.Error(err)
		return agent.Message{}
	}
	l := sdp.Local{Addr: netip.MustParseAddr("127.0.0.1"), RTP: e.socket.port, ID: 1, Version: 1}
	body, chosen, err := sdp.Answer(offer, l, formats, sdp.SendRecv, 20)
	if err != nil {
		e.t.Error(err)
		return agent.Message{}
	}
	e.socket.start(offer, chosen)
	return agent.Message{ContentType: "application/sdp", Body: body}
}

// audioSocket is the edge's media: it sends a tone, and collects digits.
type audioSocket struct {
	port   uint16
	stream *audio.Stream
	meter  audio.Meter

	mu     sync.Mutex
	digits string
}

func newAudioSocket(t *testing.T) *audioSocket {
	t.Helper()
	l := line{local: netip.MustParseAddr("127.0.0.1")}
	conn, err := l.listen()
	if err != nil {
		t.Fatal(err)
	}
	s, p := &audioSocket{port: portOf(conn)}, audio.NewPacer()
	s.stream = audio.NewStream(audio.StreamOptions{Conn: conn, Pacer: p, Source: audio.Beep(), Heard: s.meter.Add, Digit: s.digit})
	t.Cleanup(func() { s.stream.Close(); p.Close() })
	return s
}

func (s *audioSocket) digit(d byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.digits += string(rune(d))
}

func (s *audioSocket) start(offer *sdp.Session, chosen []sdp.Format) {
	m, _ := offer.Audio()
	f := audio.Flow{Remote: m.RTP, Send: true, Receive: true, Codec: audio.Codec(chosen[0].Payload), Payload: chosen[0].Payload}
	if len(chosen) > 1 {
		f.Event = chosen[1].Payload
	}
	_ = s.stream.Set(f) // which could complain of keys alone
}
