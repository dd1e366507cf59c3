package app

import (
	"crypto/tls"
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
		out[i] = agent.Listener{
			Network: l.Network, Address: l.Address.String(), Advertise: l.Advertise, ClientAuth: clientAuth(l.ClientAuth),
		}
	}
	return out
}

// clientAuth turns a configured word into what the TLS library calls it.
func clientAuth(word string) tls.ClientAuthType {
	switch word {
	case "optional":
		return tls.VerifyClientCertIfGiven
	case "required":
		return tls.RequireAndVerifyClientCert
	}
	return tls.NoClientCert
}

// encryption returns the TLS settings of the SIP side: those of connections taken, nil without a certificate, and of those
// made. Where a server asks for a certificate it is shown the listeners'.
func (a *App) encryption() (taken, made *tls.Config, err error) {
	files := a.settings.SIP.TLS
	made = &tls.Config{MinVersion: tls.VersionTLS12}
	if files.CA != "" {
		if made.RootCAs, err = config.Authorities(files.CA, true); err != nil {
			return nil, nil, fmt.Errorf("sip.tls.ca %s %w", files.CA, err)
		}
	}
	if taken = a.certs.serverConfig(); taken == nil {
		return nil, made, nil
	}
	made.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return taken.GetCertificate(nil) }
	if files.ClientCA != "" {
		if taken.ClientCAs, err = config.Authorities(files.ClientCA, false); err != nil {
			return nil, nil, fmt.Errorf("sip.tls.client_ca %s %w", files.ClientCA, err)
		}
	}
	return taken, made, nil
}

func hasTLS(configured []config.Listener) bool {
	for _, l := range configured {
		if l.Encrypted() {
			return true
		}
	}
	return false
}
