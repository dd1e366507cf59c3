package web

import (
	"context"
	"errors"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"callbox/sip/call"
)

// Transfers has call centres transfer their calls. Its errors are CallbackError.
type Transfers interface {
	// Transfer has the simulated centre that speaks on a call send it to another. It does not wait for what comes of it.
	Transfer(ctx context.Context, id string, t Transfer) (Transferring, error)
}

// Transfer is where a call is to go.
type Transfer struct {
	To       string `json:"to" minLength:"1" maxLength:"64" doc:"ID of the call centre that is to take the caller over."`
	Attended bool   `json:"attended,omitempty" doc:"The agent calls that centre first, and has its own call replaced by the caller's (RFC 3891)."`
	HangUp   bool   `json:"hang_up,omitempty" doc:"The agent hangs up as soon as the transfer is accepted, and does not wait for what comes of it."`
}

// Transferring is a transfer that was begun.
type Transferring struct {
	CallID call.ID `json:"call_id" doc:"The call: its record tells by the events transferring, transferred and transfer_failed how it goes."`
	From   string  `json:"from" doc:"The call centre that transfers."`
	To     string  `json:"to" doc:"The one that is to take the caller over."`
}

type transferInput struct {
	ID   string `path:"id" maxLength:"64" doc:"The call's ID, X-Callbox-Call."`
	Body Transfer
}

type transferOutput struct{ Body Transferring }

// registerConduct adds what has the simulated centres do something.
func registerConduct(api huma.API, o Options, log *changeLog) {
	if o.Scripts != nil {
		registerScripts(api, o.Scripts, log)
	}
	if o.Callbacks != nil {
		registerCallbacks(api, o.Callbacks, log)
	}
	if o.Transfers != nil {
		registerTransfers(api, o.Transfers, log)
	}
}

// registerTransfers adds POST /api/v1/calls/{id}/transfer.
func registerTransfers(api huma.API, t Transfers, log *changeLog) {
	huma.Register(api, huma.Operation{
		OperationID: "transfer-call", Method: http.MethodPost, Path: "/api/v1/calls/{id}/transfer", Tags: []string{"calls"},
		Summary: "Have the simulated call centre of a call transfer it",
		Description: "The simulated centre that speaks with the caller sends REFER (RFC 3515), as an agent of the national emergency " +
			"call centre does who has found out where the caller is. The caller stays with it until the other centre answers.",
		DefaultStatus: http.StatusAccepted,
		Errors:        []int{http.StatusNotFound, http.StatusConflict, http.StatusUnprocessableEntity},
	}, func(ctx context.Context, in *transferInput) (*transferOutput, error) {
		made, err := t.Transfer(ctx, in.ID, in.Body)
		var refused *CallbackError
		if errors.As(err, &refused) {
			return nil, huma.NewError(refused.Status, refused.Message)
		}
		if err != nil {
			return nil, err
		}
		log.note(ctx, "transfer", "call", in.ID, `{}`)
		return &transferOutput{Body: made}, nil
	})
}
