package app

import (
	"errors"
	"fmt"
	"net"
	"net/netip"

	"golang.org/x/sys/unix"

	"callbox/config"
	"callbox/sip/agent"
)

// bindError says in an operator's words why a listener could not be had, and what to do about it. address may be ""
// where err names it.
func bindError(what, address, setting string, err error) error {
	var op *net.OpError
	if errors.As(err, &op) && op.Addr != nil {
		address = op.Net + " " + op.Addr.String()
	}
	port := ""
	if op != nil && op.Addr != nil {
		if a, parseErr := netip.ParseAddrPort(op.Addr.String()); parseErr == nil {
			port = fmt.Sprintf(" %d", a.Port())
		}
	}
	switch {
	case errors.Is(err, unix.EADDRINUSE):
		return fmt.Errorf("%s port%s is in use: another program, perhaps another callbox, has %s; stop it, or choose another with %s: %w",
			what, port, address, setting, err)
	case errors.Is(err, unix.EACCES):
		return fmt.Errorf("%s port%s may not be used by this user: %s; choose one above 1023 with %s, or give callbox CAP_NET_BIND_SERVICE: %w",
			what, port, address, setting, err)
	case errors.Is(err, unix.EADDRNOTAVAIL):
		return fmt.Errorf("%s address %s is none of this machine's; choose another with %s: %w", what, address, setting, err)
	}
	return fmt.Errorf("start %s: %w", what, err)
}

// listeners turns configured listeners into the agent's.
func listeners(configured []config.Listener) []agent.Listener {
	out := make([]agent.Listener, len(configured))
	for i, l := range configured {
		out[i] = agent.Listener{Network: l.Network, Address: l.Address.String(), Advertise: l.Advertise}
	}
	return out
}

func hasTLS(configured []config.Listener) bool {
	for _, l := range configured {
		if l.Network == "tls" {
			return true
		}
	}
	return false
}
