package agent

import (
	"errors"
	"net/netip"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/rs/zerolog"
)

// nobodys is an IPv6 address that no machine has (RFC 3849).
const nobodys = "[2001:db8::5060]:0"

// onMachine starts an agent on a machine without IPv6 while gone is true.
func onMachine(t *testing.T, gone *atomic.Bool, listeners ...Listener) (*Agent, error) {
	t.Helper()
	a, err := New(Options{Listeners: listeners, OnInvite: func(*Incoming) {}, Logger: zerolog.Nop()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.Close() })
	a.absent.try = func(addr netip.Addr) error {
		if addr.Is6() && gone.Load() {
			return syscall.EADDRNOTAVAIL
		}
		return nil
	}
	return a, a.Start()
}

func TestAMachineWithoutIPv6StartsWithIPv4WhereBothAreWanted(t *testing.T) {
	t.Parallel()
	four, six := Listener{Network: "udp", Address: "127.0.0.1:0"}, Listener{Network: "udp", Address: nobodys}
	tests := []struct {
		name      string
		none      bool // no IPv6 at all
		listeners []Listener
		starts    bool
	}{
		{"both", true, []Listener{six, four}, true},
		{"IPv6 only", true, []Listener{six}, false},
		{"IPv4 of another network", true, []Listener{six, {Network: "tcp", Address: "127.0.0.1:0"}}, false},
		{"IPv6, but not this address: a mistake", false, []Listener{four, six}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var gone atomic.Bool
			gone.Store(tt.none)
			a, err := onMachine(t, &gone, tt.listeners...)
			if tt.starts != (err == nil) {
				t.Fatalf("Start: %v", err)
			}
			if err != nil {
				if !errors.Is(err, syscall.EADDRNOTAVAIL) {
					t.Errorf("Start: %v, want the system's reason", err)
				}
				return
			}
			if got := a.Addrs(); len(got) != 1 || !strings.HasPrefix(got[0].Address, "127.0.0.1:") {
				t.Errorf("bound: %+v", got)
			}
			if f := a.AddressFaults(); len(f) != 1 || f[0].Subject != "udp "+nobodys {
				t.Errorf("faults: %+v", f)
			}
		})
	}
}

func TestAnAddressThatGoesAwayIsToldUntilItIsBack(t *testing.T) {
	t.Parallel()
	var gone atomic.Bool
	a, err := onMachine(t, &gone, Listener{Network: "udp", Address: "[::1]:0"}, Listener{Network: "udp", Address: "127.0.0.1:0"})
	if err != nil {
		t.Skipf("no IPv6 here: %v", err)
	}
	for _, now := range []bool{false, true, true, false} {
		gone.Store(now)
		f := a.AddressFaults()
		if (len(f) == 1) != now || now && !strings.HasPrefix(f[0].Subject, "udp [::1]:") {
			t.Errorf("gone %v: faults %+v", now, f)
		}
	}
}

func TestTheMachineIsAskedWhetherItHasAnAddress(t *testing.T) {
	t.Parallel()
	if err := bindable(netip.MustParseAddr("127.0.0.1")); err != nil {
		t.Errorf("127.0.0.1: %v", err)
	}
	for _, foreign := range []string{"192.0.2.1", "2001:db8::5060"} {
		if err := bindable(netip.MustParseAddr(foreign)); !lacking(err) {
			t.Errorf("%s: %v", foreign, err)
		}
	}
}
