package webhook

import (
	"crypto/tls"
	"net"
	"net/http"
	"net/netip"
	"syscall"
	"time"
)

// forbiddenError refuses an address before a connection to it is made, whatever name led to it.
type forbiddenError struct{ addr netip.AddrPort }

// Error implements error.
func (e *forbiddenError) Error() string { return "address " + e.addr.String() + " must not be called" }

// newTransport returns a transport of its own for a client: no proxy of the environment, no compression that a small
// answer could hide a big one in, HTTP/1.1 as the provider's.
func newTransport(o Options) *http.Transport {
	dialer := &net.Dialer{Timeout: o.Connect, KeepAlive: 15 * time.Second}
	if o.Forbidden != nil {
		dialer.Control = func(_, address string, _ syscall.RawConn) error {
			ap, err := netip.ParseAddrPort(address)
			if err != nil {
				return err
			}
			if ap = netip.AddrPortFrom(ap.Addr().Unmap(), ap.Port()); o.Forbidden(ap) {
				return &forbiddenError{ap}
			}
			return nil
		}
	}
	return &http.Transport{
		Proxy: nil, DialContext: dialer.DialContext, TLSHandshakeTimeout: o.Connect,
		TLSClientConfig:    &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: o.RootCAs},
		TLSNextProto:       map[string]func(string, *tls.Conn) http.RoundTripper{},
		DisableCompression: true, MaxResponseHeaderBytes: maxHeader,
		MaxIdleConns: 64, MaxIdleConnsPerHost: 8, MaxConnsPerHost: 64, IdleConnTimeout: 30 * time.Second,
	}
}
