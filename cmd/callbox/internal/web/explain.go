package web

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"callbox/cmd/callbox/internal/explain"
)

// ExplainFunc decides a call that nobody made, by the directory in force. Its error says what cannot be read.
type ExplainFunc func(explain.Question) (explain.Answer, error)

type explainInput struct {
	Body explain.Question
}

type explainOutput struct {
	Body explain.Answer
}

// registerExplain adds POST /api/v1/explain.
func registerExplain(api huma.API, ask ExplainFunc) {
	huma.Register(api, huma.Operation{
		OperationID: "explain", Method: http.MethodPost, Path: explainPath, Tags: []string{"decisions"},
		Summary:     "Explain what would become of a call",
		Description: "The verdict, the targets and the trace of every rule, by the same decision that routes calls. No call is made.",
	}, func(_ context.Context, in *explainInput) (*explainOutput, error) {
		a, err := ask(in.Body)
		if err != nil {
			return nil, huma.Error422UnprocessableEntity(err.Error())
		}
		return &explainOutput{a}, nil
	})
}
