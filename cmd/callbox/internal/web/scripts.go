package web

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"callbox/config/strict"
)

// Scripts are what the simulated call centres do, by the ID a centre has in the directory. The error is ErrNoCentre,
// ErrNotSimulated, or strict.Problems of a script.
type Scripts interface {
	Script(centre string) (CentreScript, error)
	// SetScript reads a script as a script file has it, in YAML or JSON, and puts it over the file's.
	SetScript(centre string, src []byte) (CentreScript, error)
	ResetScript(centre string) (CentreScript, error)
}

// What keeps a centre from having a script.
var (
	ErrNoCentre     = errors.New("there is no such call centre in the directory")
	ErrNotSimulated = errors.New("this call centre is not one of the simulated ones: what it does is its own business")
)

// CentreScript is what a simulated call centre does from its next call on.
type CentreScript struct {
	Centre  string `json:"centre" doc:"The user part it is called by; centres of the directory that share it share the script."`
	Changed bool   `json:"changed" doc:"Whether it is another script than the files'. A restart goes back to those."`
	Script  Script `json:"script"`
}

// Script is what a centre does with a call, with the keys of a script file. What is absent in a change comes from the
// files.
type Script struct {
	Name        *string           `json:"name,omitempty" maxLength:"100" doc:"What the centre calls itself where the directory gives it no name."`
	Ring        *string           `json:"ring,omitempty" maxLength:"20" example:"2s" doc:"How long it rings: a number with its unit, such as 500ms or 1m30s, up to 24h."`
	Answer      *string           `json:"answer,omitempty" enum:"answer,busy,fail,silence" doc:"fail is by status; silence rings until the caller gives up."`
	Status      *int              `json:"status,omitempty" minimum:"300" maximum:"699" doc:"Of a failure."`
	EarlyMedia  *bool             `json:"early_media,omitempty" doc:"Rings by 183 with ring-back tone instead of 180."`
	Service     *string           `json:"service,omitempty" enum:"test,announce" doc:"What it is, if not a call centre."`
	Greeting    *string           `json:"greeting,omitempty" maxLength:"1000" example:"{name}. Please hold." doc:"Said first."`
	ReadBack    *bool             `json:"read_back,omitempty" doc:"Says which number and address were received."`
	Closing     *string           `json:"closing,omitempty" maxLength:"1000" doc:"Said last, and again after a repeat."`
	Then        *string           `json:"then,omitempty" enum:"silence,echo,tone,hang_up" doc:"What it does once all is said."`
	Wait        *string           `json:"wait,omitempty" maxLength:"20" example:"4s" doc:"How long hang_up waits for a key first."`
	Farewell    *string           `json:"farewell,omitempty" maxLength:"1000" doc:"Said before hang_up."`
	HangUpAfter *string           `json:"hang_up_after,omitempty" maxLength:"20" example:"30s" doc:"From the answer; 0s never hangs up for that."`
	Reliable    *bool             `json:"reliable,omitempty" doc:"Its provisional answers are reliable (RFC 3262) where the caller takes that."`
	Timer       *string           `json:"timer,omitempty" maxLength:"20" example:"90s" doc:"The session timer (RFC 4028) it asks for and refreshes, in whole seconds; 0s asks for none."`
	Codecs      []string          `json:"codecs,omitzero" maxItems:"8" doc:"PCMU, PCMA, in order of preference; none takes the caller's order." example:"[\"PCMA\"]"`
	SRTP        *string           `json:"srtp,omitempty" enum:"off,optional,required" doc:"Whether it takes media protected by SRTP."`
	Media       *bool             `json:"media,omitempty" doc:"false answers with SDP but neither sends nor reads media."`
	Transfer    *ScriptTransfer   `json:"transfer,omitempty" doc:"Where its agent sends the caller."`
	Keys        map[string]string `json:"keys,omitzero" doc:"What a DTMF key does: repeat, echo, silence, tone, hang_up or transfer." example:"{\"1\":\"repeat\"}"`
}

// ScriptTransfer is how the agent of a simulated centre transfers its callers.
type ScriptTransfer struct {
	To       string `json:"to" maxLength:"64" example:"psap-sf" doc:"ID of the call centre that is to take the caller over; empty for none."`
	After    string `json:"after,omitempty" maxLength:"20" example:"3s" doc:"From the answer on; 0s: only by a key, or when the API asks for it."`
	Attended bool   `json:"attended,omitempty" doc:"The agent calls that centre first, and has its own call replaced by the caller's (RFC 3891)."`
	HangUp   bool   `json:"hang_up,omitempty" doc:"The agent hangs up as soon as the transfer is accepted."`
}

type scriptInput struct {
	ID   string `path:"id" maxLength:"64" doc:"The centre's ID in the directory."`
	Body Script
}

type scriptOutput struct{ Body CentreScript }

// registerScripts adds the pages about what simulated centres do.
func registerScripts(api huma.API, scripts Scripts, log *changeLog) {
	const path = "/api/v1/psaps/{id}/script"
	huma.Register(api, huma.Operation{
		OperationID: "get-psap-script", Method: http.MethodGet, Path: path, Tags: []string{"psaps"},
		Summary: "Get what a simulated centre does", Description: "The whole script that its next call meets.", Errors: []int{http.StatusNotFound},
	}, func(_ context.Context, in *centreInput) (*scriptOutput, error) {
		s, err := scripts.Script(in.ID)
		return answerScript(in.ID, s, err)
	})
	huma.Register(api, huma.Operation{
		OperationID: "set-psap-script", Method: http.MethodPut, Path: path, Tags: []string{"psaps"},
		Summary: "Change what a simulated centre does",
		Description: "From its next call on, until it is changed again, deleted, or the edge restarts. What is left out is as the script files have it, " +
			"whatever was changed before.",
		Errors: []int{http.StatusNotFound},
	}, func(ctx context.Context, in *scriptInput) (*scriptOutput, error) {
		src, err := json.Marshal(in.Body)
		if err != nil {
			return nil, err
		}
		s, err := scripts.SetScript(in.ID, src)
		if err == nil {
			log.note(ctx, "script", "psap", in.ID, string(src))
		}
		return answerScript(in.ID, s, err)
	})
	huma.Register(api, huma.Operation{
		OperationID: "reset-psap-script", Method: http.MethodDelete, Path: path, Tags: []string{"psaps"},
		Summary: "Let a simulated centre do again what the script files say", DefaultStatus: http.StatusOK, Errors: []int{http.StatusNotFound},
	}, func(ctx context.Context, in *centreInput) (*scriptOutput, error) {
		s, err := scripts.ResetScript(in.ID)
		if err == nil {
			log.note(ctx, "script", "psap", in.ID, "{}")
		}
		return answerScript(in.ID, s, err)
	})
}

func answerScript(id string, s CentreScript, err error) (*scriptOutput, error) {
	var problems strict.Problems
	switch {
	case err == nil:
		return &scriptOutput{s}, nil
	case errors.Is(err, ErrNoCentre), errors.Is(err, ErrNotSimulated):
		return nil, huma.Error404NotFound(fmt.Sprintf("%s: %v", id, err))
	case errors.As(err, &problems):
		return nil, invalidBody(problems)
	}
	return nil, err
}
