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
	words := ""
	switch {
	case errors.Is(err, unix.EADDRINUSE):
		words = fmt.Sprintf("%s port%s is in use: another program, perhaps another callbox, has %s; stop it, or choose another with %s",
			what, port, address, setting)
	case errors.Is(err, unix.EACCES):
		words = fmt.Sprintf("%s port%s may not be used by this user: %s; choose one above 1023 with %s, or give callbox CAP_NET_BIND_SERVICE",
			what, port, address, setting)
	case errors.Is(err, unix.EADDRNOTAVAIL):
		words = fmt.Sprintf("%s address %s is none of this machine's; choose another with %s", what, address, setting)
	case errors.Is(err, unix.EAFNOSUPPORT):
		words = fmt.Sprintf("%s address %s is IPv6, which this machine does not have; choose an IPv4 address with %s, or have both and callbox starts with IPv4 alone",
			what, address, setting)
	default:
		return fmt.Errorf("start %s: %w", what, err)
	}
	return &bindFailure{words, err}
}

// bindFailure says in whole sentences what its cause says in the system's words.
type bindFailure struct {
	words string
	cause error
}

func (f *bindFailure) Error() string { return f.words }

func (f *bindFailure) Unwrap() error { return f.cause }

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
