package web

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/rs/zerolog"
)

// Reloaded says what a reload changed.
type Reloaded struct {
	Changed []string `json:"changed" doc:"What is in force now, one sentence each."`
	Restart []string `json:"needs_restart" doc:"Settings that differ from the running ones and wait for a restart."`
}

// Fault is one thing wrong with a configuration or directory file.
type Fault struct {
	Message  string // the sentence, with its mend
	Location string // file:line: path
	Value    string // what stands there
}

// Faults is everything wrong with the files of a reload; nothing has changed.
type Faults []Fault

// Lines returns one line for each fault, for a log.
func (f Faults) Lines() []string {
	lines := make([]string, len(f))
	for i, one := range f {
		lines[i] = one.Location + ": " + one.Message
	}
	return lines
}

// Error joins the faults by newlines.
func (f Faults) Error() string { return strings.Join(f.Lines(), "\n") }

// ReloadFunc reads configuration and directory again. Its error is Faults where the files are to blame.
type ReloadFunc func(context.Context) (Reloaded, error)

type reloadOutput struct {
	Body Reloaded
}

// registerReload adds POST /-/reload.
func registerReload(api huma.API, reload ReloadFunc, log zerolog.Logger) {
	huma.Register(api, huma.Operation{
		OperationID: "reload", Method: http.MethodPost, Path: "/-/reload", Tags: []string{"operation"},
		Summary:     "Read configuration and directory again",
		Description: "Good files take their place at once for new calls; calls that are up keep what they began with. Bad ones change nothing and the answer lists everything wrong with them.",
		Errors:      []int{http.StatusBadRequest},
	}, func(ctx context.Context, _ *struct{}) (*reloadOutput, error) {
		done, err := reload(ctx)
		var faults Faults
		switch {
		case errors.As(err, &faults):
			details := make([]error, len(faults))
			for i, f := range faults {
				d := &huma.ErrorDetail{Message: f.Message, Location: f.Location}
				if f.Value != "" {
					d.Value = f.Value
				}
				details[i] = d
			}
			return nil, huma.Error400BadRequest("the files have problems; nothing was changed", details...)
		case err != nil:
			log.Warn().Err(err).Msg("reload failed")
			return nil, huma.Error400BadRequest(err.Error() + "; nothing was changed")
		}
		done.Changed = append([]string{}, done.Changed...)
		done.Restart = append([]string{}, done.Restart...)
		return &reloadOutput{done}, nil
	})
}
