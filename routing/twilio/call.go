package twilio

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"callbox/routing/directory/store"
	"callbox/routing/numbering"
	"callbox/routing/twilio/rest"
	"callbox/sip/call"
	"callbox/sip/cdr"
)

// CallSource gives the edge's calls, live and ended ones.
type CallSource interface {
	// Page lists calls of both sorts; what q.Live has is the source's business.
	Page(ctx context.Context, q cdr.Query) (cdr.Page, error)
	// Get returns the call with an ID. Its record must not be changed.
	Get(id call.ID) (*call.Record, bool)
}

// callBody is a call as answers show it.
type callBody struct {
	SID             string              `json:"sid"`
	DateCreated     rest.Stamp          `json:"date_created"`
	DateUpdated     rest.Stamp          `json:"date_updated"`
	ParentCallSID   rest.Null           `json:"parent_call_sid"`
	AccountSID      string              `json:"account_sid"`
	To              string              `json:"to"`
	ToFormatted     string              `json:"to_formatted"`
	From            string              `json:"from"`
	FromFormatted   string              `json:"from_formatted"`
	PhoneNumberSID  rest.Null           `json:"phone_number_sid"`
	Status          string              `json:"status"`
	StartTime       rest.Stamp          `json:"start_time"`
	EndTime         rest.Stamp          `json:"end_time"`
	Duration        rest.Null           `json:"duration"`
	Price           rest.Null           `json:"price"`
	PriceUnit       string              `json:"price_unit"`
	Direction       string              `json:"direction"`
	AnsweredBy      rest.Null           `json:"answered_by"`
	APIVersion      string              `json:"api_version"`
	ForwardedFrom   rest.Null           `json:"forwarded_from"`
	GroupSID        rest.Null           `json:"group_sid"`
	CallerName      rest.Null           `json:"caller_name"`
	QueueTime       string              `json:"queue_time"`
	TrunkSID        rest.Null           `json:"trunk_sid"`
	URI             rest.URI            `json:"uri"`
	SubresourceURIs map[string]rest.URI `json:"subresource_uris"`
}

// calls adds the routes.
func (a *api) calls(m *rest.Mux) {
	const list, one = "/2010-04-01/Accounts/{AccountSid}/Calls", "/2010-04-01/Accounts/{AccountSid}/Calls/{Sid}"
	m.Handle(http.MethodGet, list, a.listCalls)
	m.Handle(http.MethodGet, one, a.fetchCall)
	m.Handle(http.MethodPost, list, refusing("This edge makes no calls by REST. It takes calls by SIP, from the domains and trunks of the account"))
	m.Handle(http.MethodPost, one, refusing("This edge does not change calls by REST. A call ends when one of its parties hangs up"))
	m.Handle(http.MethodDelete, one, refusing("This edge does not delete the records of calls: its journal is only added to"))
}

// refusing is the handler of what the provider's API can and this edge cannot.
func refusing(why string) rest.Handler {
	return func(*rest.Request) (rest.Reply, error) {
		return rest.Reply{}, &rest.Error{Status: http.StatusMethodNotAllowed, Code: rest.CodeMethod, Message: why}
	}
}

// callFilter is what a list of calls can be narrowed by.
type callFilter struct {
	To            string `form:"To"`
	From          string `form:"From"`
	ParentCallSid string `form:"ParentCallSid" rule:"sid=CA"`
	Status        string `form:"Status" rule:"enum=queued|ringing|in-progress|canceled|completed|failed|busy|no-answer"`
	StartTime     string `form:"StartTime"`
	StartBefore   string `form:"StartTime<"`
	StartFrom     string `form:"StartTime>"`
	EndTime       string `form:"EndTime"`
	EndBefore     string `form:"EndTime<"`
	EndFrom       string `form:"EndTime>"`
}

func (a *api) listCalls(r *rest.Request) (rest.Reply, error) {
	w, err := r.Window()
	if err != nil {
		return rest.Reply{}, err
	}
	var f callFilter
	if err := r.Decode(&f); err != nil {
		return rest.Reply{}, err
	}
	hosts, err := a.hosts(r)
	if err != nil {
		return rest.Reply{}, err
	}
	q, err := f.query(r.Var("AccountSid"), hosts)
	if err != nil {
		return rest.Reply{}, err
	}
	place := cdr.Position{ID: call.ID(w.Tie)}
	if w.Bound != 0 {
		place.StartedAt = time.Unix(0, w.Bound)
	}
	if q.Limit, q.After = w.Size, place; w.Back {
		q.After, q.Before = cdr.Position{}, place
	}
	var page cdr.Page
	if a.o.Calls != nil && f.ParentCallSid == "" { // no call here has a parent
		if page, err = a.o.Calls.Page(r.Context(), q); err != nil {
			return rest.Reply{}, fmt.Errorf("list calls: %w", err)
		}
	}
	shown, err := a.showCalls(r, page.Calls, hosts)
	if err != nil {
		return rest.Reply{}, err
	}
	return rest.NewList(r, "calls", "Calls", "Call", callPaging(w, page), shown), nil
}

// callPaging says where a page of calls lies among the others.
func callPaging(w rest.Window, page cdr.Page) rest.Paging {
	var first, last rest.Mark
	if n := len(page.Calls); n > 0 {
		first, last = mark(cdr.PositionOf(page.Calls[0])), mark(cdr.PositionOf(page.Calls[n-1]))
	}
	if w.Back {
		if len(page.Calls) == 0 {
			last = rest.Mark{Bound: w.Bound + 1}
		}
		return rest.Between(w, first, last, page.More, true)
	}
	if page.More {
		last = mark(page.Next)
	}
	return rest.Between(w, first, last, w.Bound != 0, page.More)
}

func mark(p cdr.Position) rest.Mark {
	return rest.Mark{Bound: p.StartedAt.UnixNano(), Tie: string(p.ID)}
}

func (a *api) fetchCall(r *rest.Request) (rest.Reply, error) {
	hosts, err := a.hosts(r)
	if err != nil {
		return rest.Reply{}, err
	}
	if a.o.Calls == nil {
		return rest.Reply{}, r.NotFound()
	}
	record, ok := a.o.Calls.Get(call.ID(r.Var("Sid")))
	if !ok || record.Account != r.Var("AccountSid") {
		return rest.Reply{}, r.NotFound()
	}
	shown, err := a.showCalls(r, []*call.Record{record}, hosts)
	if err != nil {
		return rest.Reply{}, err
	}
	return rest.OK("Call", shown[0]), nil
}

// query is the filter as the journal takes it.
func (f *callFilter) query(account string, hosts trunkNames) (q cdr.Query, err error) {
	q.Account = account
	if q.Started, err = span("StartTime", f.StartTime, f.StartBefore, f.StartFrom); err != nil {
		return q, err
	}
	if q.Ended, err = span("EndTime", f.EndTime, f.EndBefore, f.EndFrom); err != nil {
		return q, err
	}
	if f.To != "" || f.From != "" || f.Status != "" {
		q.Match = func(r *call.Record) bool {
			return (f.Status == "" || f.Status == callStatus(r)) &&
				(f.From == "" || f.From == callFrom(r) || f.From == r.From) &&
				(f.To == "" || f.To == r.Dialled || strings.TrimPrefix(f.To, "sip:") == strings.TrimPrefix(hosts.to(r), "sip:"))
		}
	}
	return q, nil
}

// span makes a span of a parameter's three forms: at a time (a whole day or second), before one, and from one on.
func span(name, at, before, from string) (s cdr.Span, err error) {
	narrow := func(t time.Time, end bool) {
		if end && (s.Until.IsZero() || t.Before(s.Until)) {
			s.Until = t
		} else if !end && t.After(s.From) {
			s.From = t
		}
	}
	for _, p := range []struct{ name, text string }{{name, at}, {name + "<", before}, {name + ">", from}} {
		if p.text == "" {
			continue
		}
		t, length, err := instant(p.name, p.text)
		if err != nil {
			return s, err
		}
		switch p.name {
		case name:
			narrow(t, false)
			narrow(t.Add(length), true)
		case name + "<":
			narrow(t, true)
		default:
			narrow(t, false)
		}
	}
	return s, nil
}

// instant reads a day or a time, in UTC where it does not say, and returns how long that is.
func instant(name, text string) (t time.Time, length time.Duration, err error) {
	for _, layout := range []string{time.DateOnly, time.RFC3339, time.DateTime, "2006-01-02T15:04:05", time.RFC1123Z} {
		if t, err := time.Parse(layout, text); err == nil {
			if layout == time.DateOnly {
				return t, 24 * time.Hour, nil
			}
			return t.UTC().Truncate(time.Second), time.Second, nil
		}
	}
	return t, 0, rest.Invalid(rest.CodeInvalid, name, "it must be a day as YYYY-MM-DD or a time as YYYY-MM-DDThh:mm:ssZ")
}

// callStatus returns the provider's word for how far a call is or how it went.
func callStatus(r *call.Record) string {
	switch {
	case r.State == call.StateAnswered:
		return "in-progress"
	case r.State != call.StateEnded:
		return "ringing"
	case !r.AnsweredAt.IsZero():
		return "completed"
	case r.EndReason == call.EndCallerCancelled:
		return "canceled"
	}
	switch r.SIPStatus {
	case 486, 600:
		return "busy"
	case 408, 480:
		return "no-answer"
	}
	return "failed"
}

// callFrom is the caller's number where there is one, else what From said.
func callFrom(r *call.Record) string {
	if r.Caller != "" {
		return r.Caller
	}
	return r.From
}

// callPrice is the fee of an ended call; the provider writes what it takes with a minus.
func callPrice(r *call.Record) rest.Null {
	switch {
	case r.State != call.StateEnded:
		return ""
	case r.FeeCents == 0:
		return "0.00000"
	}
	return rest.Null(fmt.Sprintf("-%d.%02d000", r.FeeCents/100, r.FeeCents%100))
}

func callDuration(r *call.Record) rest.Null {
	if r.State != call.StateEnded || r.AnsweredAt.IsZero() {
		return ""
	}
	return rest.Null(strconv.FormatInt((r.DurationMS+500)/1000, 10))
}

// stamp is a time as the 2010 API writes it, null for none.
func stamp(t time.Time) rest.Stamp {
	if t.IsZero() {
		return 0
	}
	return rest.Stamp(t.UnixMilli())
}

// showCalls shows records, with the SIDs of numbers and trunks as they are now.
func (a *api) showCalls(r *rest.Request, records []*call.Record, hosts trunkNames) ([]callBody, error) {
	numbers, err := a.callers(r, records)
	if err != nil {
		return nil, err
	}
	shown := make([]callBody, len(records))
	for i, c := range records {
		from, to := callFrom(c), hosts.to(c)
		trunk, byTrunk := hosts.of(c)
		updated := c.EndedAt
		if n := len(c.Events); updated.IsZero() && n > 0 {
			updated = c.Events[n-1].At
		}
		b := callBody{
			SID: string(c.ID), DateCreated: stamp(c.StartedAt), DateUpdated: stamp(updated), AccountSID: c.Account,
			To: to, ToFormatted: numbering.Spoken(to), From: from, FromFormatted: numbering.Spoken(from), PhoneNumberSID: rest.Null(numbers[c.Caller]),
			Status: callStatus(c), StartTime: stamp(c.StartedAt), EndTime: stamp(c.EndedAt), Duration: callDuration(c),
			Price: callPrice(c), PriceUnit: "USD", Direction: "inbound", APIVersion: "2010-04-01", QueueTime: "0",
			URI: accountURI(c.Account) + rest.URI("/Calls/"+string(c.ID)), SubresourceURIs: map[string]rest.URI{},
		}
		if byTrunk {
			b.Direction, b.TrunkSID = "trunking-terminating", rest.Null(trunk)
		}
		shown[i] = b
	}
	return shown, nil
}

// callers returns the SIDs of the numbers that calls came from.
func (a *api) callers(r *rest.Request, records []*call.Record) (map[string]string, error) {
	var numbers []string
	for _, c := range records {
		if c.Caller != "" {
			numbers = append(numbers, c.Caller)
		}
	}
	sids := map[string]string{}
	if len(numbers) == 0 {
		return sids, nil
	}
	err := a.o.Store.View(r.Context(), func(t *store.Tx) error {
		rows, err := store.Find[store.Number](t, store.Query{
			Account: r.Var("AccountSid"), Where: []store.Cond{{Column: "phone_number", Op: store.In, Value: numbers}},
		})
		for _, row := range rows {
			sids[row.PhoneNumber] = row.SID
		}
		return err
	})
	return sids, err
}
