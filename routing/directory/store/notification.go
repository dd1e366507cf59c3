package store

// The states of a Notification.
const (
	NotificationQueued = "queued" // it is to be delivered, or is being
	NotificationSent   = "sent"
	NotificationFailed = "failed" // given up
)

// Notification is somebody who is told of a call: a place in the queue, and what became of it. It outlives the domain or
// trunk it comes from. Its times are those of the machine's clock, Unix ms.
type Notification struct {
	Common
	CallSID    string `db:"call_sid"`
	Host       string `db:"host"`   // domain or trunk of the call
	Event      string `db:"event"`  // placed, answered, ended
	Kind       string `db:"kind"`   // webhook, email, message
	Target     string `db:"target"` // URL or address
	Secret     string `db:"secret" row:"secret"`
	Body       string `db:"body"`  // what is said, JSON
	State      string `db:"state"` // queued, sent, failed
	Attempts   int    `db:"attempts"`
	Begun      int64  `db:"begun"` // since when it is tried
	Due        int64  `db:"due"`   // of the next attempt
	Done       int64  `db:"done"`  // when it was delivered or given up, 0 before
	LastError  string `db:"last_error"`
	ClaimedBy  string `db:"claimed_by"`  // the edge that delivers it, "" for none
	ClaimUntil int64  `db:"claim_until"` // when another edge may
}

func (Notification) kind() kind {
	return kind{name: "notification", table: "notifications", prefix: "NF", silent: true}
}
