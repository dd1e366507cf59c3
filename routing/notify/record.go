package notify

import "context"

// Record is the sender of text messages and of calls that say who called: a lab has no network for either, so that what would
// have gone out is kept as delivered, with its text, and nothing goes out.
type Record struct{}

// Send takes a notification as delivered.
func (Record) Send(context.Context, Notice) error { return nil }
