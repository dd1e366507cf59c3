package doctor_test

import (
	"context"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"go.uber.org/goleak"

	"callbox/cmd/callbox/internal/doctor"
	"callbox/sip/agent"
	"callbox/sip/phone"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// examine runs a doctor while pbx does what it does to its address, and returns what was seen.
func examine(t *testing.T, o doctor.Options, pbx func(edge string)) doctor.Seen {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	at := make(chan string, 1)
	o.Listeners = []agent.Listener{{Network: "udp", Address: "127.0.0.1:0"}, {Network: "tcp", Address: "127.0.0.1:0"}}
	o.Logger, o.Timeout = zerolog.Nop(), time.Minute
	o.Ready = func(l []agent.Listener) { at <- l[0].Address }
	type result struct {
		seen doctor.Seen
		err  error
	}
	done := make(chan result, 1)
	go func() {
		seen, err := doctor.Run(ctx, o)
		done <- result{seen, err}
	}()
	select {
	case edge := <-at:
		pbx(edge)
	case r := <-done:
		t.Fatal(r.err)
	}
	r := <-done
	if r.err != nil {
		t.Fatal(r.err)
	}
	if ctx.Err() != nil {
		t.Error("the run did not end when all was seen")
	}
	return r.seen
}

// dial places one call.
func dial(t *testing.T, edge, to string, change func(*phone.Options)) phone.Result {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	o := phone.Options{To: to, From: "+14155550100", Domain: "lab.example", Edge: edge, Tone: true, Logger: zerolog.Nop()}
	if change != nil {
		change(&o)
	}
	r, _ := phone.Call(ctx, o)
	return r
}

// check returns the state of a check.
func check(t *testing.T, w doctor.Wanted, s doctor.Seen, id string) doctor.Check {
	t.Helper()
	for _, c := range doctor.Judge(w, s) {
		if c.ID == id {
			return c
		}
	}
	t.Fatalf("there is no check %s", id)
	return doctor.Check{}
}

func TestARunEndsWhenAllIsSeen(t *testing.T) {
	t.Parallel()
	w := doctor.Wanted{Dialled: []string{"933", "911"}, Country: "US"}
	s := examine(t, doctor.Options{Wanted: w, Talk: 300 * time.Millisecond}, func(edge string) {
		for _, to := range []string{"933", "911"} {
			if r := dial(t, edge, to, nil); r.Status != 200 || r.HungUpBy != phone.HungUpCallee || r.LevelDBFS < -40 {
				t.Errorf("%s: %+v", to, r)
			}
		}
	})
	if len(s.Calls) != 2 || !doctor.Healthy(doctor.Judge(w, s)) {
		t.Errorf("%+v", doctor.Judge(w, s))
	}
	for _, c := range s.Calls {
		if !c.Acked || c.Packets == 0 || !c.Heard.IsValid() {
			t.Errorf("%+v", c)
		}
	}
}

func TestCredentialsAreJudged(t *testing.T) {
	t.Parallel()
	w := doctor.Wanted{Dialled: []string{"933", "911"}, Country: "US", User: "pbx"}
	o := doctor.Options{Wanted: w, Password: "Callbox-lab-911", Talk: 100 * time.Millisecond}
	login := func(user, password string) func(*phone.Options) {
		return func(o *phone.Options) { o.Username, o.Password = user, password }
	}
	s := examine(t, o, func(edge string) {
		dial(t, edge, "933", login("pbx", "Callbox-lab-911"))
		dial(t, edge, "911", login("pbx", "Callbox-lab-911"))
	})
	if c := check(t, w, s, "authentication"); c.State != doctor.OK {
		t.Errorf("%+v", c)
	}
	s = examine(t, o, func(edge string) {
		if r := dial(t, edge, "933", login("pbx", "wrong")); r.Status != 200 {
			t.Errorf("a call with a wrong password got %d: it should show all that it can", r.Status)
		}
		dial(t, edge, "911", nil)
	})
	if c := check(t, w, s, "authentication"); c.State != doctor.Wrong || !strings.Contains(c.Saw, "not the one given here") || !strings.Contains(c.Saw, "not answered") {
		t.Errorf("%+v", c)
	}
}

func TestTheWayBackIsTried(t *testing.T) {
	t.Parallel()
	pbx, err := agent.New(agent.Options{
		Listeners: []agent.Listener{{Network: "udp", Address: "127.0.0.1:0"}}, Logger: zerolog.Nop(), OnInvite: func(in *agent.Incoming) { in.Refuse(480, "No") },
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := pbx.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = pbx.Close() })
	deaf, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody := deaf.Addr().String()
	_ = deaf.Close()
	w := doctor.Wanted{Dialled: []string{"933"}, Country: "US"}
	good, bad := "sip:"+pbx.Addrs()[0].Address, "sip:"+nobody+";transport=tcp"
	s := examine(t, doctor.Options{Wanted: w, Talk: 100 * time.Millisecond, Origination: []string{good, bad}}, func(edge string) {
		if status, err := pbx.Options(t.Context(), "sip:"+edge); status != 200 || err != nil {
			t.Errorf("OPTIONS got %d, %v", status, err)
		}
		dial(t, edge, "933", nil)
	})
	if c := check(t, w, s, "way_back"); c.State != doctor.Wrong || !strings.Contains(c.Saw, nobody) || strings.Contains(c.Saw, good+" ") {
		t.Errorf("%+v", c)
	}
	if c := check(t, w, s, "keepalive"); c.State != doctor.OK {
		t.Errorf("%+v", c)
	}
}
