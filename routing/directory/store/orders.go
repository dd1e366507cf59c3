package store

// The statuses of an Order.
const (
	OrderReceived   = "RECEIVED"
	OrderProcessing = "PROCESSING"
	OrderCompleted  = "COMPLETED"
	OrderPartial    = "PARTIAL" // some of its items failed
	OrderFailed     = "FAILED"  // all of them did
)

// The statuses of an OrderItem.
const (
	ItemInProgress = "INPROGRESS"
	ItemSuccess    = "SUCCESS"
	ItemError      = "ERROR"
)

// Order is a change of locations and endpoints that comes about a while later. It outlives its account. Times are lab
// time, Unix ms.
type Order struct {
	Common
	Kind            string `db:"kind"` // a word of the API that took it: ADD_ENDPOINTS, E911, …
	CustomerOrderID string `db:"customer_order_id"`
	Description     string `db:"description"`
	Status          string `db:"status"`
	Due             int64  `db:"due"`        // of the next status; 0 for none
	UpdatedBy       string `db:"updated_by"` // who ordered
	Total           int    `db:"total"`      // items
	Accepted        int    `db:"accepted"`
	Invalid         int    `db:"invalid"`
	Adjusted        int    `db:"adjusted"` // accepted with another address than was asked for
	Received        int64  `db:"received"`
	Processing      int64  `db:"processing"` // since when; 0 for not yet
	Finished        int64  `db:"finished"`   // 0 for not yet
}

// OrderItem is one change of an Order. Its order among the others is that of its ID.
type OrderItem struct {
	Common
	OrderSID  string `db:"order_sid"`
	Action    string `db:"action"`
	ItemID    string `db:"item_id"` // of the location or endpoint, "" for one that is to be given
	Body      string `db:"body"`    // what is to be, as the package that applies it writes it
	Status    string `db:"status"`
	Error     string `db:"error"`
	ErrorCode string `db:"error_code"`
	Adjusted  bool   `db:"adjusted"`
}

func (Order) kind() kind {
	return kind{name: "order", table: "bandwidth_orders", prefix: "BO", silent: true}
}
func (OrderItem) kind() kind {
	return kind{name: "order_item", table: "bandwidth_order_items", prefix: "BI", silent: true}
}

// UUID returns the order's ID as APIs show it: the digits of its SID in groups.
func (o Order) UUID() string { return UUID(o.SID) }

// UUID writes the digits of a SID as a UUID, "" for what is no SID.
func UUID(sid string) string {
	if len(sid) != 34 {
		return ""
	}
	d := sid[2:]
	return d[:8] + "-" + d[8:12] + "-" + d[12:16] + "-" + d[16:20] + "-" + d[20:]
}
