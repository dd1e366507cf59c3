package web

import (
	"context"
	"encoding/json"
	"net/http"
	"reflect"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"callbox/psap/ali"
)

// ALI finds the records that the screens of call centres show of calls. It must not block.
type ALI interface {
	Find(number string) (ali.Screen, bool)
	OfCall(id string) (ali.Screen, bool)
}

// ALIFormat is the form in which somebody wants a record.
type ALIFormat struct {
	Format string `query:"format" enum:"text,json" doc:"The text of a screen, or all fields. Without it Accept decides; text is the default."`
	accept string
}

// Resolve implements huma.Resolver. OpenAPI has no place for Accept among the parameters.
func (f *ALIFormat) Resolve(ctx huma.Context) []error {
	f.accept = ctx.Header("Accept")
	return nil
}

type aliInput struct {
	Number string `path:"number" maxLength:"20" doc:"The number that the centre was shown: E.164, or ten digits of a North American number." example:"+14155550100"`
	ALIFormat
}

type callALIInput struct {
	ID string `path:"id" maxLength:"34" doc:"The call's ID: CA and 32 hex digits."`
	ALIFormat
}

type aliOutput struct {
	ContentType string `header:"Content-Type"`
	Body        []byte
}

// registerALI adds the pages about ALI records.
func registerALI(api huma.API, a ALI) {
	huma.Register(api, huma.Operation{
		OperationID: "get-ali", Method: http.MethodGet, Path: "/api/v1/ali/{number}", Tags: []string{"calls"},
		Summary: "Ask for an ALI record by number",
		Description: "What the screen of a legacy call centre shows of the newest call with this number, its callback number or the pANI the " +
			"centre was shown. There is one from the first ring until shortly after the call's end, and none where no address is delivered (Basic 911).",
		Errors: []int{http.StatusNotFound}, Responses: describeALI(api),
	}, func(_ context.Context, in *aliInput) (*aliOutput, error) {
		number, err := ali.E164(in.Number)
		if err != nil {
			return nil, huma.Error422UnprocessableEntity(err.Error())
		}
		s, ok := a.Find(number)
		if !ok {
			return nil, huma.Error404NotFound("no record found: no call with the number " + number + " is up that delivers an address")
		}
		return in.write(s)
	})
	huma.Register(api, huma.Operation{
		OperationID: "get-call-ali", Method: http.MethodGet, Path: "/api/v1/calls/{id}/ali", Tags: []string{"calls"},
		Summary: "Get a call's ALI record", Description: "As by its number, for this very call.",
		Errors: []int{http.StatusNotFound}, Responses: describeALI(api),
	}, func(_ context.Context, in *callALIInput) (*aliOutput, error) {
		s, ok := a.OfCall(in.ID)
		if !ok {
			return nil, huma.Error404NotFound("no record found: call " + in.ID + " is not up, or delivers no address")
		}
		return in.write(s)
	})
}

// describeALI is the answers that both pages have.
func describeALI(api huma.API) map[string]*huma.Response {
	record := api.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[ali.Screen](), true, "")
	return map[string]*huma.Response{"200": {Description: "The record.", Content: map[string]*huma.MediaType{
		"text/plain":       {Schema: &huma.Schema{Type: "string", Description: "15 lines of 32 columns."}},
		"application/json": {Schema: record},
	}}}
}

// write gives the record in the form that is wanted.
func (f ALIFormat) write(s ali.Screen) (*aliOutput, error) {
	if f.Format == "json" || f.Format == "" && strings.Contains(f.accept, "application/json") {
		body, err := json.Marshal(s)
		return &aliOutput{"application/json", body}, err
	}
	return &aliOutput{"text/plain; charset=us-ascii", []byte(s.Text("\n"))}, nil
}
