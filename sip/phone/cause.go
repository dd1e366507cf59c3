package phone

import (
	"cmp"
	"fmt"
	"net"
	"strings"
	"time"

	"callbox/sip/agent"
)

// explained is why a call failed on this side, for the person who placed it.
type explained struct {
	sentence    string
	certificate bool // the edge's was not accepted
}

// because puts the cause of a local failure into words that name whom the call was to reach, took being how long it
// tried. What the system says of itself has no such name, or one that tells nobody anything.
func because(e agent.Event, o Options, took time.Duration) explained {
	text := e.Cause
	says := func(part string) bool { return strings.Contains(text, part) }
	host := o.Edge
	switch {
	case says("signed by unknown authority"):
		return explained{"the certificate of " + host + " is signed by an unknown authority", true}
	case says("certificate has expired or is not yet valid"):
		return explained{"the certificate of " + host + " has expired or is not yet valid", true}
	case says("certificate is valid for") || says("certificate is not valid for"):
		return explained{"the certificate of " + host + " is not made out for " + serverName(o), true}
	case says("x509: ") || says("failed to verify certificate"):
		return explained{"the certificate of " + host + " cannot be verified: " + text, true}
	case says("first record does not look like a TLS handshake"):
		return explained{sentence: host + " does not speak TLS"}
	case says("connection refused"):
		return explained{sentence: "connection refused at " + host}
	case says("no route to host") || says("network is unreachable"):
		return explained{sentence: "there is no way to " + host + " from here"}
	case e.Status == 408 || says("i/o timeout") || says("deadline exceeded"):
		return explained{sentence: fmt.Sprintf("nobody answered at %s within %.0f s", host, took.Seconds())}
	}
	return explained{sentence: cmp.Or(text, "the edge at "+host+" could not be reached")}
}

// serverName is the name that the edge's certificate has to be for.
func serverName(o Options) string {
	if o.ClientTLS != nil && o.ClientTLS.ServerName != "" {
		return o.ClientTLS.ServerName
	}
	if host, _, err := net.SplitHostPort(o.Edge); err == nil {
		return host
	}
	return o.Edge
}
