package web

import (
	"context"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"callbox/routing/lost"
)

// lostPath is where LoST queries are taken.
const lostPath = "/lost"

// LoST answers LoST queries (RFC 5222). It must not block.
type LoST interface {
	Answer(contentType string, query []byte) (status int, kind string, body []byte)
}

type lostInput struct {
	ContentType string `header:"Content-Type"`
	RawBody     []byte `contentType:"application/lost+xml"`
}

type lostOutput struct {
	ContentType  string `header:"Content-Type"`
	CacheControl string `header:"Cache-Control"`
	Body         []byte
}

// registerLoST adds the LoST server.
func registerLoST(api huma.API, l LoST) {
	huma.Register(api, huma.Operation{
		OperationID: "ask-lost", Method: http.MethodPost, Path: lostPath, Tags: []string{"psaps"},
		Summary: "Ask which call centre serves a place",
		Description: "A LoST server (RFC 5222) over the areas that decisions use: findService by point, shape or address, with validation, " +
			"listServices, listServicesByLocation and getServiceBoundary. What is wrong with a query is said in the answer, with status 200. " +
			"Who may ask is lost.access of the configuration.",
		MaxBodyBytes: lost.MaxQuery,
		Responses: map[string]*huma.Response{"200": {
			Description: "The answer, or an errors element.",
			Headers:     map[string]*huma.Param{"Cache-Control": {Schema: &huma.Schema{Type: "string"}}},
			Content:     map[string]*huma.MediaType{lost.ContentType: {Schema: &huma.Schema{Type: "string"}}},
		}},
	}, func(_ context.Context, in *lostInput) (*lostOutput, error) {
		status, kind, body := l.Answer(in.ContentType, in.RawBody)
		if status != http.StatusOK {
			return nil, huma.NewError(status, strings.TrimSpace(string(body)))
		}
		return &lostOutput{kind, "no-cache", body}, nil
	})
}
