package web

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"callbox/routing/notify"
	"callbox/sip/call"
)

// Notifications are what people were told of calls. List gives what it has beside an error of the store.
type Notifications interface {
	List(ctx context.Context, q notify.Query) (notify.Page, error)
	Retry(ctx context.Context, id string) (notify.Entry, error)
}

// Notification is somebody who was told, or is to be told, of a step of a call.
type Notification struct {
	ID         string    `json:"id" doc:"NF and 32 hex digits: the same in every attempt, by which a receiver knows one that comes twice."`
	CallID     string    `json:"call_id"`
	AccountSID string    `json:"account_sid"`
	Domain     string    `json:"domain" doc:"The domain or trunk that wanted it."`
	Event      string    `json:"event" enum:"placed,answered,ended"`
	Kind       string    `json:"kind" enum:"webhook,email,message,sms,voice" doc:"sms and voice are records: nothing went out."`
	To         string    `json:"to" doc:"URL, e-mail address, SIP URI or number; a password in it is shown as ***."`
	State      string    `json:"state" enum:"queued,sending,sent,failed" doc:"failed: given up after 24 hours."`
	Attempts   int       `json:"attempts"`
	CreatedAt  time.Time `json:"created_at"`
	NextAt     time.Time `json:"next_attempt_at,omitzero" doc:"Absent where none is to come."`
	DoneAt     time.Time `json:"done_at,omitzero" doc:"When it was delivered or given up."`
	LastError  string    `json:"last_error,omitempty" doc:"Why the last attempt failed."`

	Facts notify.Facts `json:"facts" doc:"What is said."`
}

// NotificationList is a page of notifications.
type NotificationList struct {
	Notifications []Notification `json:"notifications" doc:"Newest first."`
	NextBefore    string         `json:"next_before,omitempty" doc:"Ask with before set to this for the next page; absent on the last one."`
}

type notificationsInput struct {
	Call    string `query:"call" maxLength:"34" doc:"Only those of this call."`
	Account string `query:"account_sid" maxLength:"34" doc:"Only those of this account."`
	State   string `query:"state" enum:"queued,sending,sent,failed" doc:"Only those in this state."`
	Kind    string `query:"kind" enum:"webhook,email,message,sms,voice" doc:"Only those of this kind."`
	Limit   int    `query:"limit" minimum:"1" maximum:"1000" default:"50" doc:"How many at most."`
	Before  string `query:"before" maxLength:"34" doc:"A notification's ID: only older ones. The next_before of the page before."`
}

type notificationsOutput struct{ Body NotificationList }

type notificationInput struct {
	ID string `path:"id" maxLength:"34" doc:"The notification's ID: NF and 32 hex digits."`
}

type notificationOutput struct{ Body Notification }

// registerNotifications adds the pages about who is told of calls.
func registerNotifications(api huma.API, n Notifications, changes *changeLog) {
	huma.Register(api, huma.Operation{
		OperationID: "list-notifications", Method: http.MethodGet, Path: "/api/v1/notifications", Tags: []string{"notifications"},
		Summary:     "List notifications",
		Description: "Who was told of emergency calls, and who is to be: the settings of a call's domain or trunk say whom. What was delivered is remembered for 30 days.",
		Errors:      []int{http.StatusNotFound, http.StatusServiceUnavailable},
	}, func(ctx context.Context, in *notificationsInput) (*notificationsOutput, error) {
		p, err := n.List(ctx, notify.Query{
			Call: in.Call, Account: in.Account, State: in.State, Kind: in.Kind, Limit: in.Limit, Before: in.Before,
		})
		if errors.Is(err, notify.ErrNoEntry) {
			return nil, huma.Error404NotFound("no notification " + in.Before + " to continue from")
		}
		if err != nil {
			return nil, storeError(err, "")
		}
		return &notificationsOutput{NotificationList{notifications(p), p.Next}}, nil
	})
	huma.Register(api, huma.Operation{
		OperationID: "retry-notification", Method: http.MethodPost, Path: "/api/v1/notifications/{id}/retry", Tags: []string{"notifications"},
		Summary:     "Try a notification again",
		Description: "At once, and for another 24 hours.",
		Errors:      []int{http.StatusNotFound, http.StatusConflict, http.StatusServiceUnavailable},
	}, func(ctx context.Context, in *notificationInput) (*notificationOutput, error) {
		e, err := n.Retry(ctx, in.ID)
		switch {
		case errors.Is(err, notify.ErrNoEntry):
			return nil, huma.Error404NotFound("no notification " + in.ID)
		case errors.Is(err, notify.ErrSettled):
			return nil, huma.Error409Conflict("notification " + in.ID + " " + err.Error())
		case err != nil:
			return nil, storeError(err, "")
		}
		changes.note(ctx, "retry", "notification", e.ID, "{}")
		return &notificationOutput{notification(e)}, nil
	})
}

func notifications(p notify.Page) []Notification {
	out := make([]Notification, len(p.Entries))
	for i, e := range p.Entries {
		out[i] = notification(e)
	}
	return out
}

func notification(e notify.Entry) Notification {
	return Notification{
		ID: e.ID, CallID: e.Call, AccountSID: e.Account, Domain: e.Domain, Event: e.Event, Kind: e.Kind, To: e.To,
		State: e.State, Attempts: e.Attempts, CreatedAt: e.Created, NextAt: e.Next, DoneAt: e.Done, LastError: e.LastError,
		Facts: e.Facts,
	}
}

// mostOfCall bounds the notifications that a call's record shows.
const mostOfCall = 200

// told returns the notifications of a call; while the database is away those in memory.
func (c calls) told(ctx context.Context, id call.ID) []Notification {
	if c.notifications == nil {
		return []Notification{}
	}
	p, _ := c.notifications.List(ctx, notify.Query{Call: string(id), Limit: mostOfCall})
	return notifications(p)
}
