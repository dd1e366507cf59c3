package webhook

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"syscall"
	"time"
)

// The provider's codes of what goes wrong with a call.
const (
	CodeURL         = 11100 // invalid URL format
	CodeRetrieval   = 11200 // HTTP retrieval failure: a status that is not of the 200 family, or what has no code of its own
	CodeConnectTime = 11201 // TCP connection timed out
	CodeRefused     = 11202 // TCP connection refused
	CodeTotalTime   = 11203 // HTTP communication total time out
	CodeConnection  = 11205 // HTTP connection failure
	CodeProtocol    = 11206 // HTTP protocol violation
	CodeHost        = 11210 // HTTP bad host name
	CodeRedirects   = 11215 // HTTP too many redirects
	CodeRedirect    = 11216 // HTTP invalid redirect
	CodeTLS         = 11220 // TLS handshake error
	CodeCertHost    = 11235 // certificate is for another host
	CodeCertExpired = 11236 // certificate has expired
	CodeCertPath    = 11237 // certificate of nobody who is trusted
	CodeTooLarge    = 11750 // body too large
)

// Error says why a call got no answer, with the provider's code. Its text is for whoever runs the server: it names the
// URL without credentials and query, what happened, and the mend.
type Error struct {
	Code    int
	URL     string
	Status  int // HTTP's, 0 where no answer came
	Message string
	Elapsed time.Duration
}

// Error implements error.
func (e *Error) Error() string {
	if e.URL == "" {
		return fmt.Sprintf("webhook: %s (error %d)", e.Message, e.Code)
	}
	return fmt.Sprintf("webhook %s: %s (error %d)", e.URL, e.Message, e.Code)
}

// ErrorCode returns the provider's code.
func (e *Error) ErrorCode() int { return e.Code }

// codeOf returns the provider's code of any error that has one, else that of a retrieval failure.
func codeOf(err error) int {
	var coded interface{ ErrorCode() int }
	if errors.As(err, &coded) {
		return coded.ErrorCode()
	}
	return CodeRetrieval
}

// failure finds the code and the words for what the transport or a reader says.
func (c *Client) failure(ctx context.Context, err error) (code int, message string) {
	var (
		forbidden *forbiddenError
		dns       *net.DNSError
		host      x509.HostnameError
		invalid   x509.CertificateInvalidError
		unknown   x509.UnknownAuthorityError
		verify    *tls.CertificateVerificationError
		record    tls.RecordHeaderError
		alert     tls.AlertError
		op        *net.OpError
	)
	switch {
	case errors.As(err, &forbidden):
		return CodeConnection, forbidden.Error() + ": it is not among the addresses that webhooks may reach"
	case errors.As(err, &dns):
		return CodeHost, fmt.Sprintf("the host name %q leads nowhere: correct it, or mend its DNS", dns.Name)
	case errors.As(err, &host):
		return CodeCertHost, "the certificate is for another host name: get one for this name"
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return CodeCertExpired, "the certificate has expired or is not yet valid: renew it"
	case errors.As(err, &unknown), errors.As(err, &verify):
		return CodeCertPath, "the certificate comes from nobody who is trusted: get one from a known authority, with its chain"
	case errors.As(err, &record), errors.As(err, &alert):
		return CodeTLS, "no TLS connection could be agreed: the server must speak TLS 1.2 or 1.3 on this port"
	case errors.Is(context.Cause(ctx), errTotal):
		return CodeTotalTime, fmt.Sprintf("no complete answer within %s: answer sooner", c.o.Timeout)
	case ctx.Err() != nil:
		return CodeRetrieval, "the call was given up: " + context.Cause(ctx).Error()
	case errors.Is(err, syscall.ECONNREFUSED):
		return CodeRefused, "the connection was refused: nothing listens there"
	case errors.As(err, &op) && op.Op == "dial" && op.Timeout(), errors.Is(err, os.ErrDeadlineExceeded), isHandshakeTimeout(err):
		return CodeConnectTime, fmt.Sprintf("no connection within %s: is a firewall between?", c.o.Connect)
	case errors.As(err, &op):
		return CodeConnection, "the connection failed: " + op.Err.Error()
	}
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		err = wrapped.Err
	}
	return CodeProtocol, "the answer was not HTTP as it should be: " + clip(err.Error(), 200)
}

// isHandshakeTimeout knows net/http's own error for it, which has no type that could be asked for.
func isHandshakeTimeout(err error) bool {
	var timeout interface{ Timeout() bool }
	return errors.As(err, &timeout) && timeout.Timeout()
}

func clip(s string, n int) string {
	if len(s) > n {
		return s[:n] + "…"
	}
	return s
}
