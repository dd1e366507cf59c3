package notify

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/wneessen/go-mail"

	"callbox/routing/directory"
)

// The ways a connection to a mail server is protected.
const (
	MailStartTLS = "starttls" // TLS after the greeting, required
	MailTLS      = "tls"      // TLS from the first byte
	MailPlain    = "off"      // none; a password goes over it hashed, or not at all
)

// MailServer is who takes e-mail from us.
type MailServer struct {
	Address  string // host:port, "" for none
	From     string // sender's address, with a display name perhaps
	User     string // "" for no authentication
	Password directory.Secret
	TLS      string      // MailStartTLS when ""
	Config   *tls.Config // nil: the system's roots
}

// Mail sends notifications by SMTP, a connection each.
type Mail struct {
	Server func() MailServer // as configured now
}

// errNoServer tells where a mail server is named.
var errNoServer = errors.New("no mail server is configured; name one in smtp.address")

// Send delivers one e-mail to the server, which answers for it from then on. Its Message-ID is that of the notification.
func (m Mail) Send(ctx context.Context, n Notice) error {
	s := m.Server()
	if s.Address == "" {
		return errNoServer
	}
	msg, err := letter(s, n)
	if err != nil {
		return err
	}
	line := &mailLine{server: s}
	defer line.close()
	stop := context.AfterFunc(ctx, line.close) // the library's own limits are for each step
	defer stop()
	client, err := line.client()
	if err != nil {
		return err
	}
	if err = client.DialAndSendWithContext(ctx, msg); err == nil || msg.IsDelivered() {
		return nil
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return fmt.Errorf("mail server %s: %s", s.Address, withoutSecret(err, s.Password))
}

// withoutSecret is an error's text, should a server quote what it was sent.
func withoutSecret(err error, secret directory.Secret) string {
	text := strings.Join(strings.Fields(err.Error()), " ")
	if secret != "" {
		text = strings.ReplaceAll(text, string(secret), "***")
	}
	return text
}

// letter writes the e-mail.
func letter(s MailServer, n Notice) (*mail.Msg, error) {
	msg := mail.NewMsg(mail.WithNoDefaultUserAgent())
	if err := msg.From(s.From); err != nil {
		return nil, fmt.Errorf("smtp.from %q is no address: %w", s.From, err)
	}
	if err := msg.To(n.Target.To); err != nil {
		return nil, fmt.Errorf("%q is no e-mail address: %w", n.Target.To, err)
	}
	_, domain, _ := strings.Cut(strings.TrimSuffix(s.From, ">"), "@")
	msg.SetMessageIDWithValue(n.ID + "@" + domain)
	msg.SetDateWithValue(time.Now())
	msg.Subject(title(n.Facts))
	msg.SetImportance(mail.ImportanceUrgent)
	msg.SetGenHeader("Auto-Submitted", "auto-generated") // RFC 3834: nobody's absence note is wanted
	msg.SetGenHeader("X-Callbox-Call", n.Facts.Call)
	msg.SetGenHeader("X-Callbox-Notification", n.ID)
	msg.SetBodyString(mail.TypeTextPlain, text(n))
	return msg, nil
}

// mailLine is the connection to a mail server, which it closes whatever the library is busy with.
type mailLine struct {
	server MailServer

	mu   sync.Mutex
	conn net.Conn // nil before there is one
	over bool
}

// close breaks the connection off, and has none made any more.
func (l *mailLine) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.over = true
	if l.conn != nil {
		l.conn.Close()
	}
}

// keep remembers the connection.
func (l *mailLine) keep(c net.Conn) (net.Conn, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.over {
		c.Close()
		return nil, net.ErrClosed
	}
	l.conn = c
	return c, nil
}

// stepTimeout bounds one step of a conversation with a mail server.
const stepTimeout = 10 * time.Second

func (l *mailLine) client() (*mail.Client, error) {
	s := l.server
	host, port, err := net.SplitHostPort(s.Address)
	if err != nil {
		return nil, fmt.Errorf("smtp.address %q is not host:port", s.Address)
	}
	number, err := strconv.Atoi(port)
	if err != nil {
		return nil, fmt.Errorf("smtp.address %q has no port", s.Address)
	}
	config := &tls.Config{}
	if s.Config != nil {
		config = s.Config.Clone()
	}
	if config.ServerName == "" {
		config.ServerName = host
	}
	options := []mail.Option{mail.WithPort(number), mail.WithTimeout(stepTimeout), mail.WithTLSConfig(config), mail.WithDialContextFunc(l.dial(config))}
	switch s.TLS {
	case MailTLS:
		options = append(options, mail.WithSSL())
	case MailPlain:
		options = append(options, mail.WithTLSPolicy(mail.NoTLS))
	default:
		options = append(options, mail.WithTLSPolicy(mail.TLSMandatory))
	}
	if s.User != "" {
		options = append(options, mail.WithUsername(s.User), mail.WithPassword(string(s.Password)), mail.WithOpportunisticSMTPAuth(
			mail.SMTPAuthSCRAMSHA256, mail.SMTPAuthSCRAMSHA1, mail.SMTPAuthCramMD5, mail.SMTPAuthPlain, mail.SMTPAuthLogin))
	}
	client, err := mail.NewClient(host, options...)
	if err != nil {
		return nil, fmt.Errorf("mail server %s: %w", s.Address, err)
	}
	return client, nil
}

// dial connects and remembers the connection.
func (l *mailLine) dial(config *tls.Config) mail.DialContextFunc {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		var c net.Conn
		var err error
		if l.server.TLS == MailTLS {
			c, err = (&tls.Dialer{Config: config}).DialContext(ctx, network, address)
		} else {
			c, err = new(net.Dialer).DialContext(ctx, network, address)
		}
		if err != nil {
			return nil, err
		}
		return l.keep(c)
	}
}
