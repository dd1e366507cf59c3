package hook

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"syscall"
	"time"
)

// errLate is the cause of a context whose question has used up its time.
var errLate = errors.New("hook: out of time")

// statusError is an answer of a status that is not taken.
type statusError struct{ status int }

// Error implements error.
func (e *statusError) Error() string {
	name := http.StatusText(e.status)
	if name != "" {
		name = " " + name
	}
	return fmt.Sprintf("it answered %d%s, and not with 2XX, 301, 302 or 303", e.status, name)
}

func late(limit time.Duration) error {
	return fmt.Errorf("no complete answer within %s, look-up of the name, connection and TLS included: answer sooner", limit)
}

// words says for people what went wrong.
func words(ctx context.Context, r *Request, err error) error {
	var (
		forbidden *forbiddenError
		dns       *net.DNSError
		op        *net.OpError
		status    *statusError
	)
	switch {
	case errors.As(err, &status), errors.Is(err, errTooLong), errors.Is(err, errDials):
		return err
	case errors.Is(context.Cause(ctx), errLate):
		return late(r.Timeout)
	case ctx.Err() != nil:
		return errors.New("the question was given up: the call had ended")
	case errors.As(err, &forbidden):
		return fmt.Errorf("its host is at %s, where no web service may be called: give a URL on the public internet", forbidden.addr)
	case errors.As(err, &dns):
		return fmt.Errorf("the host name %s leads nowhere: correct it, or mend its DNS", quoted(dns.Name))
	case inTLS(err) != "":
		return errors.New(inTLS(err))
	case errors.Is(err, syscall.ECONNREFUSED):
		return errors.New("the connection was refused: nothing listens there")
	case errors.As(err, &op) && op.Op == "dial" && op.Timeout(), errors.Is(err, os.ErrDeadlineExceeded):
		return errors.New("no connection in time: is a firewall between?")
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return errors.New("the connection was closed before the whole answer had come")
	case errors.As(err, &op):
		return fmt.Errorf("the connection failed: %s", clip(op.Err.Error(), 120))
	}
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		err = wrapped.Err
	}
	return errors.New(clip(err.Error(), 200))
}

// inTLS says what is wrong with a service's TLS, "" where it is something else.
func inTLS(err error) string {
	var (
		host    x509.HostnameError
		invalid x509.CertificateInvalidError
		unknown x509.UnknownAuthorityError
		verify  *tls.CertificateVerificationError
		record  tls.RecordHeaderError
		alert   tls.AlertError
	)
	switch {
	case errors.As(err, &host):
		return "its certificate is for another host name: get one for this name"
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return "its certificate has expired or is not yet valid: renew it"
	case errors.As(err, &unknown), errors.As(err, &verify):
		return "its certificate comes from nobody who is trusted: get one from a known authority, with its chain"
	case errors.As(err, &record), errors.As(err, &alert):
		return "no TLS connection could be agreed: it must speak TLS 1.2 or 1.3 on this port"
	}
	return ""
}
