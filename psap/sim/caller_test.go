package sim_test

import (
	"net/netip"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"callbox/psap/sim"
	"callbox/sip/agent"
	"callbox/sip/sdp"
)

// caller is a bare agent for what the phone does not do.
type caller struct {
	*agent.Agent
	t      *testing.T
	events chan agent.Event
}

func newCaller(t *testing.T) *caller {
	t.Helper()
	a, err := agent.New(agent.Options{
		Listeners: []agent.Listener{{Network: "udp", Address: "127.0.0.1:0"}, {Network: "tcp", Address: "127.0.0.1:0"}},
		Logger:    zerolog.Nop(), OnInvite: func(in *agent.Incoming) { in.Refuse(480, "Temporarily Unavailable") },
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	})
	return &caller{a, t, make(chan agent.Event, 50)}
}

func (c *caller) invite(s *sim.Server, user string, anonymous bool, m agent.Message) *agent.Leg {
	c.t.Helper()
	route, err := c.Route(c.t.Context(), "sip:"+user+"@"+s.Addr().String())
	if err != nil {
		c.t.Fatal(err)
	}
	return c.Dial(agent.Outgoing{
		Route: route, From: agent.Address{Scheme: "sip", User: "+14155550100", Host: "edge.example"}, Anonymous: anonymous, Message: m,
	}, func(e agent.Event) { c.events <- e })
}

// expect returns the next event of kind k; those before it are passed over.
func (c *caller) expect(k agent.Kind) agent.Event {
	c.t.Helper()
	for timeout := time.After(wait); ; {
		select {
		case e := <-c.events:
			if e.Kind == k {
				return e
			}
		case <-timeout:
			c.t.Fatalf("no event of kind %d came", k)
		}
	}
}

// offered returns an offer whose media goes to a port that nobody reads.
func offered(dir sdp.Direction) []byte {
	return sdp.Offer(sdp.Local{Addr: netip.MustParseAddr("127.0.0.1"), RTP: 9, ID: 5, Version: 1}, sdp.Supported(), dir, 20)
}
