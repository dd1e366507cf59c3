package agent

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// dns is a resolver that a test takes away: silent, it says nothing until the look-up is given up.
type dns struct {
	mu     sync.Mutex
	ips    map[string][]netip.Addr
	srv    map[string][]*net.SRV
	err    error
	srvErr error
	silent bool
	mute   string // a host that nothing is said about
	asked  int
}

func (d *dns) set(f func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	f()
}

func (d *dns) count() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.asked
}

func (d *dns) LookupNetIP(ctx context.Context, _, host string) ([]netip.Addr, error) {
	d.mu.Lock()
	d.asked++
	silent, err, ips := d.silent || host == d.mute, d.err, d.ips[host]
	d.mu.Unlock()
	if silent {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	if err == nil && ips == nil {
		err = &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
	}
	return ips, err
}

func (d *dns) LookupSRV(_ context.Context, service, proto, name string) (string, []*net.SRV, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if r := d.srv["_"+service+"._"+proto+"."+name]; r != nil && d.srvErr == nil {
		return "", r, nil
	}
	if d.srvErr != nil {
		return "", nil, d.srvErr
	}
	return "", nil, &net.DNSError{Err: "no such host", Name: name, IsNotFound: true}
}

// withNames runs a test in a bubble with an agent that asks d, where psap.example is 192.0.2.1.
func withNames(t *testing.T, test func(t *testing.T, a *Agent, d *dns)) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a, err := New(Options{OnInvite: func(*Incoming) {}})
		if err != nil {
			t.Fatal(err)
		}
		defer a.Close()
		d := &dns{ips: map[string][]netip.Addr{"psap.example": {netip.MustParseAddr("192.0.2.1")}}, srv: map[string][]*net.SRV{}}
		a.names.dns = d
		test(t, a, d)
	})
}

// leads checks where a URI leads within limit of the bubble's time.
func leads(t *testing.T, a *Agent, limit time.Duration, uri, want string) {
	t.Helper()
	begun := time.Now()
	r, err := a.Route(t.Context(), uri)
	if err != nil || r.Remote.String() != want {
		t.Errorf("%s leads to %v, %v; want %s", uri, r.Remote, err, want)
	}
	if took := time.Since(begun); took > limit {
		t.Errorf("that took %v, want at most %v", took, limit)
	}
}

func TestAFreshNameIsNotLookedUpAgain(t *testing.T) {
	withNames(t, func(t *testing.T, a *Agent, d *dns) {
		for range 3 {
			leads(t, a, 0, "sip:911@psap.example", "192.0.2.1:5060")
		}
		if n := d.count(); n != 1 {
			t.Errorf("looked up %d times", n)
		}
		d.set(func() { d.ips["psap.example"] = []netip.Addr{netip.MustParseAddr("192.0.2.2")} })
		<-time.After(namesFresh)
		leads(t, a, 0, "sip:911@psap.example", "192.0.2.2:5060")
	})
}

func TestANameThatIsGoneLeadsWhereItLedLast(t *testing.T) {
	withNames(t, func(t *testing.T, a *Agent, d *dns) {
		for _, gone := range []struct {
			name string
			take func()
			give func()
			wait time.Duration // for DNS, the first time
		}{
			{"no server answers", func() { d.silent = true }, func() { d.silent = false }, namesPatience},
			{"the server fails", func() { d.err = errors.New("server misbehaving") }, func() { d.err = nil }, 0},
			{"there is no such name", func() { delete(d.ips, "psap.example") }, func() { d.ips["psap.example"] = []netip.Addr{netip.MustParseAddr("192.0.2.1")} }, 0},
		} {
			leads(t, a, 0, "sip:911@psap.example", "192.0.2.1:5060")
			d.set(gone.take)
			<-time.After(namesFresh)
			leads(t, a, gone.wait, "sip:911@psap.example", "192.0.2.1:5060")
			<-time.After(namesLimit)
			if f := a.NameFaults(); len(f) != 1 || f[0].Subject != "psap.example" || !strings.Contains(f[0].Problem, "its last address is used") {
				t.Errorf("%s: faults %+v", gone.name, f)
			}
			before := d.count()
			for range 5 { // calls that follow neither ask nor wait
				leads(t, a, namesPatience, "sip:911@psap.example", "192.0.2.1:5060")
			}
			if n := d.count() - before; n > 1 {
				t.Errorf("%s: %d calls asked again", gone.name, n)
			}
			<-time.After(24 * time.Hour)
			leads(t, a, namesPatience, "sip:911@psap.example", "192.0.2.1:5060")
			d.set(gone.give)
			<-time.After(namesLimit + namesRecheck)
			a.NameFaults() // asks by itself
			synctest.Wait()
			if f := a.NameFaults(); len(f) != 0 {
				t.Errorf("%s: faults after it %+v", gone.name, f)
			}
		}
	})
}

func TestANameNeverKnownIsAFaultAndNoAddress(t *testing.T) {
	withNames(t, func(t *testing.T, a *Agent, d *dns) {
		if r, err := a.Route(t.Context(), "sip:911@nowhere.example"); err == nil {
			t.Errorf("leads to %v", r.Remote)
		}
		if f := a.NameFaults(); len(f) != 1 || !strings.Contains(f[0].Problem, "no address of it is known") {
			t.Errorf("faults %+v", f)
		}
		d.set(func() { d.silent = true })
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := a.Route(ctx, "sip:911@silent.example"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a name that nobody answers for: %v", err)
		}
		<-time.After(namesForgot)
		if f := a.NameFaults(); len(f) != 0 {
			t.Errorf("nobody asks for them any more: %+v", f)
		}
	})
}

func TestAPortFromSRVIsNotForgottenWhenOnlySRVFails(t *testing.T) {
	withNames(t, func(t *testing.T, a *Agent, d *dns) {
		d.srv["_sip._udp.psap.example"] = []*net.SRV{{Target: "psap.example", Port: 5099}}
		leads(t, a, 0, "sip:911@psap.example", "192.0.2.1:5099")
		d.set(func() { d.srvErr = errors.New("timeout") })
		<-time.After(namesFresh)
		leads(t, a, 0, "sip:911@psap.example", "192.0.2.1:5099")
		leads(t, a, 0, "sip:911@psap.example:5062", "192.0.2.1:5062") // asks for none
		d.ips["other.example"] = d.ips["psap.example"]
		leads(t, a, 0, "sip:911@other.example", "192.0.2.1:5060") // DNS of some never answers for SRV
	})
}

func TestTheFirstTargetOfSRVThatHasAnAddressIsTaken(t *testing.T) {
	withNames(t, func(t *testing.T, a *Agent, d *dns) {
		d.ips["second.example"] = []netip.Addr{netip.MustParseAddr("192.0.2.2")}
		d.ips["third.example"] = []netip.Addr{netip.MustParseAddr("192.0.2.3")}
		d.srv["_sip._udp.psap.example"] = []*net.SRV{
			{Target: "first.example", Port: 5081}, {Target: "second.example", Port: 5082}, {Target: "third.example", Port: 5083},
		}
		leads(t, a, 0, "sip:911@psap.example", "192.0.2.2:5082")
		if f := a.NameFaults(); len(f) != 0 {
			t.Errorf("faults %+v", f)
		}
		d.set(func() { d.ips["first.example"] = []netip.Addr{netip.MustParseAddr("192.0.2.1")} })
		<-time.After(namesFresh)
		leads(t, a, 0, "sip:911@psap.example", "192.0.2.1:5081")
		d.mute = "first.example"
		d.srv["_sip._udp.other.example"] = d.srv["_sip._udp.psap.example"]
		leads(t, a, namesLimit/2, "sip:911@other.example", "192.0.2.2:5082")
		d.srv["_sip._udp.many.example"] = make([]*net.SRV, 10*namesTargets)
		for i := range d.srv["_sip._udp.many.example"] {
			d.srv["_sip._udp.many.example"][i] = &net.SRV{Target: "nowhere.example"}
		}
		before := d.count()
		if r, err := a.Route(t.Context(), "sip:911@many.example"); err == nil || d.count()-before != namesTargets {
			t.Errorf("leads to %v after %d look-ups", r.Remote, d.count()-before)
		}
	})
}

func TestTheNameMissedLeastMakesRoom(t *testing.T) {
	withNames(t, func(t *testing.T, a *Agent, d *dns) {
		s := a.names
		s.mu.Lock()
		defer s.mu.Unlock()
		begun, there := time.Now(), []netip.AddrPort{netip.MustParseAddrPort("192.0.2.1:5060")}
		key := func(i int) nameKey { return nameKey{"udp", "psap.example", uint16(i)} }
		for i := range namesMax {
			n := s.entry(key(i))
			n.hops, n.used = there, begun.Add(time.Duration(i)*time.Second)
		}
		s.known[key(0)].asking = make(chan struct{}) // somebody waits for it
		s.known[key(4000)].hops = nil                // newer than others, but it led nowhere
		for i, gone := range []int{4000, 1, 2, 3} {
			n := s.entry(key(namesMax + i))
			n.hops, n.used = there, begun.Add(namesMax*time.Second)
			if s.known[key(gone)] != nil || len(s.known) != namesMax {
				t.Errorf("name %d is still there, of %d", gone, len(s.known))
			}
		}
	})
}

func TestOfSeveralAddressesOneIsTakenThatAListenerReaches(t *testing.T) {
	t.Parallel()
	four, six := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("2001:db8::1")
	for _, tt := range []struct {
		name   string
		listen string
		ips    []netip.Addr
		uri    string
		want   string
	}{
		{"IPv4 of both", "127.0.0.1", []netip.Addr{six, four}, "sip:dual.example", "192.0.2.1:5060"},
		{"IPv6 where only that is spoken", "::1", []netip.Addr{four, six}, "sip:dual.example", "[2001:db8::1]:5060"},
		{"a connection needs no listener", "::1", []netip.Addr{six, four}, "sip:dual.example;transport=tcp", "192.0.2.1:5060"},
		{"the one there is", "127.0.0.1", []netip.Addr{six}, "sip:dual.example", "[2001:db8::1]:5060"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			a, err := New(Options{OnInvite: func(*Incoming) {}})
			if err != nil {
				t.Fatal(err)
			}
			defer a.Close()
			a.sockets = []*udpSocket{{local: netip.AddrPortFrom(netip.MustParseAddr(tt.listen), 5060)}}
			a.names.dns = &dns{ips: map[string][]netip.Addr{"dual.example": tt.ips}}
			leads(t, a, time.Minute, tt.uri, tt.want)
		})
	}
}
