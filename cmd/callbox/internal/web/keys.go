package web

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"callbox/routing/directory/store"
	"callbox/routing/keys"
)

// KeyView is an API key without its secret.
type KeyView struct {
	SID        string    `json:"sid" doc:"SK and 32 hex digits: the user name." example:"SK00000000000000000000000000000911"`
	Name       string    `json:"name" doc:"What people call it."`
	AccountSID string    `json:"account_sid,omitempty" doc:"The one account it opens, by the Twilio-compatible API only; absent for all."`
	Scope      string    `json:"scope" enum:"full,read" doc:"read may change nothing."`
	CreatedAt  time.Time `json:"created_at"`
}

// KeyList is every API key.
type KeyList struct {
	Keys []KeyView `json:"keys" doc:"The keys, oldest first."`
}

// NewKey is an API key with its secret, which is shown this once.
type NewKey struct {
	KeyView
	Secret string `json:"secret" doc:"The password. It is not kept: nobody can read it again."`
}

// KeyWish is the key that somebody wants.
type KeyWish struct {
	Name       string `json:"name" minLength:"1" maxLength:"64" doc:"What people call it: one line." example:"Terraform"`
	AccountSID string `json:"account_sid,omitempty" pattern:"^AC[0-9a-f]{32}$" doc:"The one account it opens, by the Twilio-compatible API only; leave it out for all."`
	Scope      string `json:"scope,omitempty" enum:"full,read" default:"full" doc:"read may change nothing."`
}

type listKeysOutput struct{ Body KeyList }

type makeKeyInput struct{ Body KeyWish }

type makeKeyOutput struct{ Body NewKey }

type revokeKeyInput struct {
	SID string `path:"sid" pattern:"^SK[0-9a-f]{32}$" doc:"The key's SID." example:"SK00000000000000000000000000000911"`
}

// registerKeys adds the pages about API keys.
func registerKeys(api huma.API, k keys.Stored) {
	huma.Register(api, huma.Operation{
		OperationID: "list-keys", Method: http.MethodGet, Path: keysPath, Tags: []string{"keys"},
		Summary: "List API keys", Description: "Without their secrets, which nobody has.", Errors: []int{http.StatusServiceUnavailable},
	}, func(ctx context.Context, _ *struct{}) (*listKeysOutput, error) {
		all, err := k.Keys(ctx)
		out := &listKeysOutput{KeyList{Keys: []KeyView{}}}
		for _, one := range all {
			out.Body.Keys = append(out.Body.Keys, viewOf(one))
		}
		return out, storeError(err, "")
	})
	huma.Register(api, huma.Operation{
		OperationID: "make-key", Method: http.MethodPost, Path: keysPath, Tags: []string{"keys"},
		Summary:       "Make an API key",
		Description:   "Its SID and secret are basic credentials for both APIs. The secret is in this answer and nowhere else.",
		DefaultStatus: http.StatusCreated, Errors: []int{http.StatusServiceUnavailable},
	}, func(ctx context.Context, in *makeKeyInput) (*makeKeyOutput, error) {
		key, secret, err := k.Make(ctx, keys.FromContext(ctx).Actor(), keys.Wish(in.Body))
		if err != nil {
			return nil, storeError(err, "")
		}
		return &makeKeyOutput{NewKey{viewOf(key), string(secret)}}, nil
	})
	huma.Register(api, huma.Operation{
		OperationID: "revoke-key", Method: http.MethodDelete, Path: keysPath + "/{sid}", Tags: []string{"keys"},
		Summary: "Revoke an API key", Description: "Nobody comes in by it any more: on this edge at once, on others that share the database within a second.",
		Errors: []int{http.StatusNotFound, http.StatusServiceUnavailable},
	}, func(ctx context.Context, in *revokeKeyInput) (*struct{}, error) {
		return nil, storeError(k.Revoke(ctx, keys.FromContext(ctx).Actor(), in.SID), "no key "+in.SID)
	})
}

func viewOf(k keys.Key) KeyView {
	return KeyView{SID: k.SID, Name: k.Name, AccountSID: k.AccountSID, Scope: k.Scope, CreatedAt: k.CreatedAt}
}

// storeError turns an error of the store into the API's; absent is the sentence for what is not there.
func storeError(err error, absent string) error {
	var invalid *keys.InvalidError
	var readOnly store.ErrReadOnly
	switch {
	case err == nil:
		return nil
	case errors.As(err, &invalid):
		return huma.Error422UnprocessableEntity("validation failed", &huma.ErrorDetail{Message: invalid.Message, Location: "body." + invalid.Field})
	case errors.As(err, &readOnly):
		return huma.Error409Conflict(err.Error())
	case errors.Is(err, store.ErrNotFound):
		return huma.Error404NotFound(absent)
	case errors.Is(err, store.ErrConflict), errors.Is(err, store.ErrInUse), errors.Is(err, store.ErrTaken):
		return huma.Error409Conflict(err.Error())
	case errors.Is(err, context.DeadlineExceeded): // it had to wait for other writers
		return huma.ErrorWithHeaders(huma.Error503ServiceUnavailable("the database did not come to it in time; nothing was changed"), http.Header{"Retry-After": {"10"}})
	case errors.Is(err, store.ErrAway):
		return huma.ErrorWithHeaders(huma.Error503ServiceUnavailable("the database cannot be used now; nothing was changed"), http.Header{"Retry-After": {"5"}})
	}
	return err
}
