package web

import (
	"net/http"
	"reflect"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
)

// newAPI describes the API. The documentation page and schema links that huma adds by itself are left out: the one
// loads scripts from the Internet, the others put a field into every answer.
func newAPI(mux *http.ServeMux, version string) huma.API {
	c := huma.DefaultConfig("callbox", version)
	c.Info.Description = "Calls, call centres and decisions of one callbox edge. For labs, not for live emergency traffic."
	c.OpenAPIPath = "/api/v1/openapi"
	c.DocsPath = ""
	c.SchemasPath = ""
	c.CreateHooks = nil
	c.RejectUnknownQueryParameters = true
	c.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		"basic": {Type: "http", Scheme: "basic", Description: "account SID and auth token, or an API key's SID and secret; not needed from the loopback interface"},
	}
	c.Security = []map[string][]string{{}, {"basic": {}}}
	c.OnAddOperation = append(c.OnAddOperation, describeRefusals)
	c.Transformers = append(c.Transformers, withoutSecrets)
	return humago.New(mux, c)
}

// describeRefusals adds to an operation what it may be answered before its handler sees it.
func describeRefusals(api *huma.OpenAPI, op *huma.Operation) {
	refusals := []int{http.StatusUnauthorized, http.StatusForbidden, http.StatusUnprocessableEntity, http.StatusTooManyRequests}
	if op.RequestBody != nil {
		refusals = append(refusals, http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType)
	}
	schema := api.Components.Schemas.Schema(reflect.TypeFor[huma.ErrorModel](), true, "")
	for _, status := range refusals {
		code := strconv.Itoa(status)
		if op.Responses[code] == nil {
			op.Responses[code] = &huma.Response{
				Description: http.StatusText(status),
				Content:     map[string]*huma.MediaType{"application/problem+json": {Schema: schema}},
			}
		}
	}
}

// withoutSecrets keeps what was sent out of the errors about it where it may be a password.
func withoutSecrets(_ huma.Context, _ string, v any) (any, error) {
	trouble, ok := v.(*huma.ErrorModel)
	if !ok {
		return v, nil
	}
	for _, d := range trouble.Errors {
		switch d.Value.(type) {
		case string, bool, float64, int, int64, nil:
			if at := strings.ToLower(d.Location); strings.Contains(at, "password") || strings.Contains(at, "secret") {
				d.Value = nil
			}
		default: // a whole body, perhaps
			d.Value = nil
		}
	}
	return v, nil
}
