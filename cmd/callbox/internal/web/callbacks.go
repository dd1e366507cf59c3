package web

import (
	"context"
	"errors"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"callbox/sip/call"
)

// Callbacks has call centres call numbers back. Errors are ErrNoCentre, or a CallbackError.
type Callbacks interface {
	// Callback has a simulated centre call. It may wait a few seconds for the call's ID.
	Callback(ctx context.Context, centre string, w Whom) (Callback, error)
	// ExplainCallback says what would become of such a call.
	ExplainCallback(ctx context.Context, centre string, w Whom) (Callback, error)
}

// CallbackError is why a centre cannot call somebody back.
type CallbackError struct {
	Status  int // of HTTP
	Message string
}

// Error implements error.
func (e *CallbackError) Error() string { return e.Message }

// Whom is who is called back: the number, or the caller of a call.
type Whom struct {
	CallID string `json:"call_id,omitempty" maxLength:"34" doc:"The emergency call to call back about: its caller's number is called."`
	Number string `json:"number,omitempty" maxLength:"32" doc:"Or the number: E.164, or as it is dialled in the call centre's country."`
}

// Callback is a call of a call centre to a number it was given, or what would become of one.
type Callback struct {
	PSAP       string      `json:"psap" doc:"The call centre."`
	Number     string      `json:"number" doc:"The number that is called."`
	CallID     call.ID     `json:"call_id,omitempty" doc:"The new call, under /api/v1/calls; absent in a dry run."`
	CallbackOf call.ID     `json:"callback_of,omitempty" doc:"The emergency call it is about, where that is known already."`
	Trace      []call.Step `json:"trace,omitempty" doc:"A dry run: who would be rung by which rule, if nobody answered. Voice URLs are not asked."`
	Targets    []string    `json:"targets,omitempty" doc:"A dry run: the SIP URIs that would be rung, in order."`
}

type callbackInput struct {
	ID     string `path:"id" maxLength:"64" doc:"The centre's ID in the directory."`
	DryRun bool   `query:"dry_run" doc:"Only tell what would happen."`
	Body   Whom
}

type callbackOutput struct {
	Body Callback
}

// registerCallbacks adds POST /api/v1/psaps/{id}/callback.
func registerCallbacks(api huma.API, c Callbacks, log *changeLog) {
	huma.Register(api, huma.Operation{
		OperationID: "callback-psap", Method: http.MethodPost, Path: "/api/v1/psaps/{id}/callback", Tags: []string{"psaps"},
		Summary: "Have a simulated call centre call somebody back",
		Description: "The centre calls the number it was given, as a dispatcher does after a caller was lost: with Priority: " +
			"psap-callback (RFC 7090). The new call's record says whom it rang, by which rule, and which emergency call it is about.",
		Errors: []int{http.StatusNotFound, http.StatusConflict, http.StatusUnprocessableEntity, http.StatusServiceUnavailable},
	}, func(ctx context.Context, in *callbackInput) (*callbackOutput, error) {
		if (in.Body.CallID == "") == (in.Body.Number == "") {
			return nil, huma.Error422UnprocessableEntity("write call_id or number, and not both")
		}
		do := c.Callback
		if in.DryRun {
			do = c.ExplainCallback
		}
		made, err := do(ctx, in.ID, in.Body)
		var refused *CallbackError
		switch {
		case errors.Is(err, ErrNoCentre):
			return nil, huma.Error404NotFound("no call centre " + in.ID + " in the directory")
		case errors.As(err, &refused):
			return nil, huma.NewError(refused.Status, refused.Message)
		case err != nil:
			return nil, err
		}
		if !in.DryRun {
			log.note(ctx, "callback", "psap", in.ID, "{}")
		}
		return &callbackOutput{made}, nil
	})
}
