// Package twiliotest holds the answers of the API against the provider's own OpenAPI documents, of which it has a copy that
// was cut to the resources served here. It knows nothing of the handlers.
package twiliotest

import (
	"embed"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
)

// documents are the provider's, without descriptions, examples and whatever else a check does not need.
//
//go:embed openapi/*.json
var documents embed.FS

// operation is one method on one path of a document.
type operation struct {
	path *regexp.Regexp
	vars int // variables in the path: fewer win
	item *openapi3.PathItem
}

// load reads the documents once.
var load = sync.OnceValues(func() ([]operation, error) {
	var all []operation
	for _, name := range []string{"openapi/api_v2010.json", "openapi/trunking_v1.json"} {
		text, err := documents.ReadFile(name)
		if err != nil {
			return nil, err
		}
		doc, err := openapi3.NewLoader().LoadFromData(text)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		for path, item := range doc.Paths.Map() {
			expr := variable.ReplaceAllString(regexp.QuoteMeta(path), `[^/]+?`)
			re, err := regexp.Compile("^" + expr + "$")
			if err != nil {
				return nil, err
			}
			all = append(all, operation{re, strings.Count(path, "{"), item})
		}
	}
	return all, nil
})

var variable = regexp.MustCompile(`\\\{\w+\\\}`)

// Validate fails the test unless an answer is what the provider's document says of the operation: the status is one of its
// own for success, and the JSON body has every field of the schema, with its type, format and, where it is a SID, letters.
// path is the request's, with .json and without a query. An error's body (a status from 400 on) must have its four fields.
func Validate(t testing.TB, method, path string, status int, body []byte) {
	t.Helper()
	if err := Check(method, path, status, body); err != nil {
		t.Errorf("%s %s answers %d with a body that the provider's would not have: %v\n%s", method, path, status, err, body)
	}
}

// Check is Validate with an error.
func Check(method, path string, status int, body []byte) error {
	if status >= http.StatusBadRequest {
		return checkError(status, body)
	}
	op, err := find(method, path)
	if err != nil {
		return err
	}
	response := op.Responses.Value(strconv.Itoa(status))
	if response == nil {
		return fmt.Errorf("%d is not a status of this operation", status)
	}
	content := response.Value.Content.Get("application/json")
	if content == nil || content.Schema == nil {
		if len(body) > 0 {
			return fmt.Errorf("there is a body where none belongs")
		}
		return nil
	}
	var value any
	if err := json.Unmarshal(body, &value); err != nil {
		return err
	}
	schema := content.Schema.Value
	if err := schema.VisitJSON(value, openapi3.MultiErrors()); err != nil {
		return err
	}
	return complete("", schema, value)
}

func find(method, path string) (*openapi3.Operation, error) {
	all, err := load()
	if err != nil {
		return nil, err
	}
	var best *operation
	for i, op := range all {
		if op.path.MatchString(path) && (best == nil || op.vars < best.vars) {
			best = &all[i]
		}
	}
	if best == nil || best.item.GetOperation(method) == nil {
		return nil, fmt.Errorf("the documents have no %s on %s", method, path)
	}
	return best.item.GetOperation(method), nil
}

// complete tells which field of a schema a value lacks, and checks what the library leaves alone: the provider's formats.
func complete(at string, schema *openapi3.Schema, value any) error {
	switch v := value.(type) {
	case map[string]any:
		for name, field := range schema.Properties {
			got, ok := v[name]
			if !ok {
				return fmt.Errorf("%s.%s is not there", at, name)
			}
			if err := complete(at+"."+name, field.Value, got); err != nil {
				return err
			}
		}
	case []any:
		for i, item := range v {
			if schema.Items == nil {
				return nil
			}
			if err := complete(fmt.Sprintf("%s[%d]", at, i), schema.Items.Value, item); err != nil {
				return err
			}
		}
	case string:
		return checkFormat(at, schema.Format, v)
	}
	return nil
}

func checkFormat(at, format, v string) error {
	var err error
	switch format {
	case "date-time-rfc-2822":
		_, err = time.Parse(time.RFC1123Z, v)
	case "date-time":
		_, err = time.Parse("2006-01-02T15:04:05Z", v)
	case "date":
		_, err = time.Parse(time.DateOnly, v)
	case "phone-number":
		if !strings.HasPrefix(v, "+") {
			err = fmt.Errorf("%q has no +", v)
		}
	}
	if err != nil {
		return fmt.Errorf("%s is no %s: %w", at, format, err)
	}
	return nil
}

func checkError(status int, body []byte) error {
	var e struct {
		Code     int     `json:"code"`
		Message  string  `json:"message"`
		MoreInfo *string `json:"more_info"`
		Status   int     `json:"status"`
	}
	if err := json.Unmarshal(body, &e); err != nil {
		return err
	}
	if e.Code < 20000 || e.Message == "" || e.MoreInfo == nil || e.Status != status {
		return fmt.Errorf("an error needs code, message, more_info and the status %d", status)
	}
	return nil
}
