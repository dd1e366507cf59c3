package phone

import (
	"crypto/tls"
	"testing"
	"time"

	"callbox/sip/agent"
)

func TestACauseIsToldInWords(t *testing.T) {
	t.Parallel()
	const edge = "192.0.2.7:5061"
	for _, tc := range []struct {
		name        string
		event       agent.Event
		want        string
		certificate bool
	}{
		{
			"a certificate nobody vouches for",
			agent.Event{Status: 503, Cause: "tls: failed to verify certificate: x509: certificate signed by unknown authority"},
			"the certificate of 192.0.2.7:5061 is signed by an unknown authority", true,
		},
		{
			"a certificate for another",
			agent.Event{Status: 503, Cause: "tls: failed to verify certificate: x509: certificate is valid for lab.example, not evil.example"},
			"the certificate of 192.0.2.7:5061 is not made out for evil.example", true,
		},
		{
			"a certificate of yesterday",
			agent.Event{Status: 503, Cause: "tls: failed to verify certificate: x509: certificate has expired or is not yet valid: current time is later"},
			"the certificate of 192.0.2.7:5061 has expired or is not yet valid", true,
		},
		{
			"a certificate with some other fault",
			agent.Event{Status: 503, Cause: "x509: unhandled critical extension"},
			"the certificate of 192.0.2.7:5061 cannot be verified: x509: unhandled critical extension", true,
		},
		{"a port without TLS", agent.Event{Cause: "tls: first record does not look like a TLS handshake"}, "192.0.2.7:5061 does not speak TLS", false},
		{
			"a port nobody listens on", agent.Event{Status: 503, Cause: "dial tcp 192.0.2.7:5061: connect: connection refused"},
			"connection refused at 192.0.2.7:5061", false,
		},
		{
			"a network without a way there", agent.Event{Status: 503, Cause: "dial tcp 192.0.2.7:5061: connect: no route to host"},
			"there is no way to 192.0.2.7:5061 from here", false,
		},
		{
			"silence", agent.Event{Status: 408, Cause: "no answer from 192.0.2.7:5061"},
			"nobody answered at 192.0.2.7:5061 within 32 s", false,
		},
		{
			"silence on the way to a connection", agent.Event{Status: 503, Cause: "dial tcp 192.0.2.7:5061: i/o timeout"},
			"nobody answered at 192.0.2.7:5061 within 32 s", false,
		},
		{"what there are no words for", agent.Event{Status: 503, Cause: "the moon is full"}, "the moon is full", false},
		{"nothing", agent.Event{Status: 503}, "the edge at 192.0.2.7:5061 could not be reached", false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			o := Options{Edge: edge, ClientTLS: &tls.Config{ServerName: "evil.example"}}
			if got := because(tc.event, o, 32*time.Second+10*time.Millisecond); got != (explained{tc.want, tc.certificate}) {
				t.Errorf("%+v, want %q", got, tc.want)
			}
		})
	}
}
