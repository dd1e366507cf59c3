package notify

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"callbox/routing/directory"
	"callbox/routing/webhook"
)

// Caller calls a customer's URL; *webhook.Client is one.
type Caller interface {
	Call(ctx context.Context, r webhook.Request) (webhook.Response, error)
}

// Webhook sends notifications as the provider sends its status callbacks: a form by POST, signed with the target's key or
// else its account's auth token.
type Webhook struct {
	Client Caller
	Token  func(account string) directory.Secret // an account's auth token, "" for none
}

// Send calls the URL. Any answer of the 200 family is a receipt, however long it is.
func (w Webhook) Send(ctx context.Context, n Notice) error {
	key := n.Target.Secret
	if key == "" && w.Token != nil {
		key = w.Token(n.Account)
	}
	_, err := w.Client.Call(ctx, webhook.Request{
		Method: http.MethodPost, URL: n.Target.To, Form: form(n), AuthToken: string(key),
	})
	var e *webhook.Error
	if errors.As(err, &e) && e.Status >= 200 && e.Status <= 299 {
		return nil
	}
	return err
}

// statuses are the provider's words for how far a call has come.
var statuses = map[string]string{EventPlaced: "ringing", EventAnswered: "in-progress", EventEnded: "completed"}

// form is what a webhook is told. Names that the provider has, too, are the provider's.
func form(n Notice) url.Values {
	f := n.Facts
	v := url.Values{}
	set := func(name, value string) {
		if value != "" {
			v.Set(name, value)
		}
	}
	set("NotificationSid", n.ID)
	set("Attempt", strconv.Itoa(n.Attempt))
	set("Event", f.Event)
	set("Timestamp", f.At.Format(time.RFC3339Nano))
	set("Test", strconv.FormatBool(f.Test))
	set("CallSid", f.Call)
	set("AccountSid", f.Account)
	set("CallStatus", statuses[f.Event])
	set("CallStartTime", f.Began.Format(time.RFC3339Nano))
	set("Direction", "inbound")
	set("From", f.Caller)
	set("To", f.Dialled)
	set("Called", f.Dialled)
	set("CallbackNumber", f.Caller)
	if f.Endpoint != "" && (f.Callback != "" || f.Caller == f.Endpoint) {
		v.Del("CallbackNumber")
		set("CallbackNumber", f.Callback)
	}
	set("Endpoint", f.Endpoint)
	set("CallerName", f.Name)
	set("OriginalFrom", f.Original)
	set("Domain", f.Domain)
	set("SourceIp", f.Source)
	set("Address", f.Address)
	set("CustomerName", f.Customer)
	set("Street", f.Street)
	set("StreetSecondary", f.Secondary)
	set("City", f.City)
	set("Region", f.State)
	set("PostalCode", f.PostalCode)
	set("IsoCountry", f.Country)
	if f.Lat != nil && f.Lon != nil {
		set("Latitude", strconv.FormatFloat(*f.Lat, 'f', -1, 64))
		set("Longitude", strconv.FormatFloat(*f.Lon, 'f', -1, 64))
		if f.UncertaintyM > 0 {
			set("Uncertainty", strconv.FormatFloat(f.UncertaintyM, 'f', -1, 64))
		}
	}
	set("NearestAddress", f.Nearest)
	set("Psap", f.Centre)
	set("PsapName", f.CentreName)
	set("AnsweredBy", f.AnsweredBy)
	if f.Event == EventEnded {
		set("EndReason", f.EndReason)
		set("CallDuration", strconv.FormatInt(f.DurationMS/1000, 10))
		if f.SIPStatus > 0 {
			set("SipResponseCode", strconv.Itoa(f.SIPStatus))
		}
	}
	return v
}
