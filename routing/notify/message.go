package notify

import (
	"context"
	"fmt"
)

// Text is a SIP MESSAGE to be sent.
type Text struct {
	To   string // sip: or sips: URI
	ID   string // of the notification, for a header field
	Call string // the call's ID, for a header field
	Body string // text/plain
}

// Messenger sends a SIP MESSAGE and returns the final answer. The error says that none came.
type Messenger interface {
	Message(ctx context.Context, m Text) (status int, reason string, err error)
}

// Message sends notifications as SIP MESSAGE (RFC 3428), to a URI or to whoever is registered by it.
type Message struct{ Messenger Messenger }

// Send sends one. An answer of the 200 family is a receipt.
func (m Message) Send(ctx context.Context, n Notice) error {
	status, reason, err := m.Messenger.Message(ctx, Text{To: n.Target.To, ID: n.ID, Call: n.Facts.Call, Body: text(n)})
	if err != nil {
		return err
	}
	if status < 200 || status > 299 {
		return fmt.Errorf("answered %d %s", status, reason)
	}
	return nil
}
