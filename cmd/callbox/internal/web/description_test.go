package web

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"

	"callbox/psap"
	"callbox/psap/ali"
	"callbox/routing/directory/store"
	"callbox/routing/keys"
	"callbox/sip/call"
)

// example is a request that an operation takes, and requests that it does not: what the description promises of both is
// checked, beside what can be told from the description alone.
type example struct {
	path  string // with its variables filled in
	body  string // "" for none; JSON, unless the operation takes something else alone
	other []deviation
}

// deviation is another path or body, "" for the example's, and what becomes of it.
type deviation struct {
	path, body string
	status     int
}

const noCall, noKey = "CA00000000000000000000000000000000", "SK00000000000000000000000000000000"

// commonExamples are those of the operations that have none in a file of their own.
func commonExamples(key string) map[string]example {
	missing := func(path string) []deviation { return []deviation{{path, "", 404}} }
	return map[string]example{
		"list-calls": {"/api/v1/calls?limit=1&state=live&verdict=psap&caller=%2B14155550100", "", []deviation{{"/api/v1/calls?before=" + noCall, "", 404}, {"/api/v1/calls", "", 200}}},
		"get-call":   {"/api/v1/calls/" + wholeCall, "", missing("/api/v1/calls/" + noCall)},
		"get-ali": {"/api/v1/ali/+14155550100?format=json", "", []deviation{
			{"/api/v1/ali/4155550100", "", 200}, {"/api/v1/ali/+14155119001?format=text", "", 200}, {"/api/v1/ali/+14155550199", "", 404}, {"/api/v1/ali/911", "", 422}}},
		"get-call-ali":    {"/api/v1/calls/" + wholeCall + "/ali", "", []deviation{{"/api/v1/calls/" + wholeCall + "/ali?format=json", "", 200}, {"/api/v1/calls/" + noCall + "/ali", "", 404}}},
		"list-psaps":      {"/api/v1/psaps", "", nil},
		"list-boundaries": {"/api/v1/boundaries", "", nil}, "get-psap-boundary": {"/api/v1/psaps/psap-sf/boundary", "", missing("/api/v1/psaps/ecc-us/boundary")},
		"drain-psap": {"/api/v1/psaps/psap-sf/drain", "", missing("/api/v1/psaps/psap-moon/drain")}, "restore-psap": {"/api/v1/psaps/psap-sf/restore", "", missing("/api/v1/psaps/x/restore")},
		"get-psap-script": {"/api/v1/psaps/psap-sf/script", "", missing("/api/v1/psaps/ecc-us/script")},
		"set-psap-script": {"/api/v1/psaps/psap-sf/script", `{"answer":"busy","ring":"2s","status":486,"codecs":["PCMA"],"keys":{"1":"repeat"},"media":true}`,
			[]deviation{{"", `{"ring":"soon"}`, 422}, {"/api/v1/psaps/x/script", "", 404}, {"", `{}`, 200}}},
		"reset-psap-script": {"/api/v1/psaps/psap-sf/script", "", missing("/api/v1/psaps/ecc-us/script")},
		"callback-psap": {"/api/v1/psaps/psap-sf/callback?dry_run=true", `{"call_id":"CA1"}`, []deviation{
			{"/api/v1/psaps/psap-sf/callback", `{"number":"+14155550100"}`, 200}, {"/api/v1/psaps/psap-moon/callback", `{"number":"1"}`, 404},
			{"/api/v1/psaps/psap-real/callback", `{"number":"1"}`, 409}, {"", `{}`, 422}}},
		"explain":             {explainPath, `{"from":"+14155550100","to":"911","transport":"tls"}`, []deviation{{"", `{"from":"x","to":"y","source":"nowhere"}`, 422}}},
		"reload":              {"/-/reload", "", nil},
		"ask-lost":            {lostPath, "<listServices/>", []deviation{{"", strings.Repeat(" ", 70000), 413}}},
		"list-keys":           {keysPath, "", nil},
		"make-key":            {keysPath, `{"name":"Terraform","scope":"read","account_sid":"` + other + `"}`, []deviation{{"", `{"name":"x","account_sid":"AC` + strings.Repeat("0", 32) + `"}`, 422}, {"", `{"name":"x"}`, 201}}},
		"revoke-key":          {keysPath + "/" + key, "", missing(keysPath + "/" + noKey)},
		"import-directory":    {importPath + "?account_sid=" + account + "&on_conflict=skip", someNumbers, []deviation{{"", "street\n", 422}, {importPath + "?account_sid=AC1", "", 404}}},
		"export-directory":    {"/api/v1/directory/export?account_sid=" + account, "", missing("/api/v1/directory/export?account_sid=AC1")},
		"list-fees":           {"/api/v1/fees?by=day&account_sid=" + account + "&from=2026-01-01&until=2027-01-01&limit=2&offset=0", "", []deviation{{"/api/v1/fees?by=number", "", 200}}},
		"get-lab-clock":       {"/api/v1/lab/clock", "", nil},
		"step-lab-clock":      {"/api/v1/lab/clock", `{"step_seconds":60}`, []deviation{{"", `{"to":"2027-01-01T00:00:00Z"}`, 200}, {"", `{}`, 422}, {"", `{"step_seconds":-1}`, 422}}},
		"order-lab-failures":  {"/api/v1/lab/failures", `{"phone_number":"+14155550100","what":"registration","times":2}`, nil},
		"get-domain-settings": {"/api/v1/domains/" + aDomain + "/settings", "", missing("/api/v1/domains/SD" + strings.Repeat("1", 32) + "/settings")},
		"get-trunk-settings":  {"/api/v1/trunks/" + aTrunk + "/settings", "", missing("/api/v1/trunks/TK" + strings.Repeat("1", 32) + "/settings")},
		"set-domain-settings": {"/api/v1/domains/" + aDomain + "/settings", someSettings, []deviation{{"/api/v1/domains/SD" + strings.Repeat("1", 32) + "/settings", "", 404}, {"", `{}`, 200}}},
		"set-trunk-settings": {"/api/v1/trunks/" + aTrunk + "/settings", someSettings, []deviation{
			{"/api/v1/trunks/TK" + strings.Repeat("1", 32) + "/settings", "", 404}, {"", `{"callback":{"ring":"soon"}}`, 422},
			{"", `{"notify":[{"kind":"email","to":"x"}]}`, 422}, {"/api/v1/trunks/" + fileTrunk + "/settings", "", 409}}},
		"list-notifications": {"/api/v1/notifications?call=" + wholeCall + "&account_sid=" + account + "&state=failed&kind=webhook&limit=2", "", []deviation{{"/api/v1/notifications?before=" + failedNote, "", 200}, {"/api/v1/notifications?before=NF0", "", 404}}},
		"retry-notification": {"/api/v1/notifications/" + failedNote + "/retry", "", []deviation{{"/api/v1/notifications/NF0/retry", "", 404}, {"/api/v1/notifications/" + sentNote + "/retry", "", 409}}},
		"list-audit":         {"/api/v1/audit?limit=2&before=1000000&kind=key&sid=" + key + "&account_sid=&actor=test&since=2026-01-01T00:00:00Z", "", []deviation{{"/api/v1/audit?limit=1", "", 200}}},
	}
}

const wholeCall = "CA0000000000000000000000000000000a"

// inUse returns an edge on which every operation has something to show.
func inUse(t *testing.T) (e *edge, key string) {
	t.Helper()
	e = withStore(t)
	now := time.Now()
	r := call.Record{
		ID: wholeCall, State: call.StateEnded, StartedAt: now, AnsweredAt: now, EndedAt: now, DurationMS: 1, PostDialMS: 0.5,
		EndReason: call.EndCallerHungUp, SIPStatus: 200, SIPReason: "OK", SIPCallIDB: "b", Account: account, CallerReplaced: true, Country: "US",
		Service: "e911", Address: "x", Verdict: "psap", Warning: 22221, ErrorCode: 1, FeeCents: 7500, AnsweredBy: "psap-sf",
		Trace:    []call.Step{{Rule: 1, Name: "x", Outcome: "passed", Saw: "y"}},
		Attempts: []call.Attempt{{Target: "psap-sf", URI: "sip:x", StartedAt: now, EndedAt: now, Status: 200, Outcome: "answered"}},
		Media:    call.Media{OneWay: true, NoMedia: true},
		Events:   []call.Event{{At: now, Call: wholeCall, Leg: call.LegA, Kind: call.EventReceived, Target: "x", Status: 200, Detail: "y"}},
	}
	e.ended, e.live = []*call.Record{&r}, []call.Record{{ID: "CA0000000000000000000000000000000b", Verdict: "psap", Caller: "+14155550100"}}
	e.screens = ali.NewBook(ali.BookOptions{})
	e.screens.Put(wholeScreen(now))
	e.spoken = map[call.ID][]Transcript{r.ID: {{Centre: "psap-sf", AnsweredAt: now, Number: "1", Address: "x", Voice: "builtin", Said: []string{"x"}}}}
	e.psaps = []psap.Status{{ID: "psap-sf", State: "up", InService: true, Capacity: 1, Detail: "x", ProbedAt: now, ChangedAt: now}}
	e.reload = func() (Reloaded, error) { return Reloaded{Changed: []string{"directory"}}, nil }
	fee := []store.Fee{{Common: store.Common{AccountSID: account}, Kind: store.FeeUnregisteredCall, Cents: 7500, Subject: "1", At: noon.UnixMilli(), Number: "+1"}}
	err := e.store.Update(t.Context(), store.Actor{}, func(tx *store.Tx) error { _, err := store.InsertMissing(tx, fee); return err })
	if err != nil {
		t.Fatal(err)
	}
	e.hosts(t)
	e.tell(t)
	e.designate(t)
	key, _ = e.key(t, keys.Wish{Name: "x", Scope: keys.ScopeFull, AccountSID: other})
	e.built = e.handler()
	return e, key
}

// description reads and checks the API's description as it is served.
func description(t *testing.T, e *edge) *openapi3.T {
	t.Helper()
	src := e.ask(request{path: "/api/v1/openapi.json"}).Body.Bytes()
	doc, err := openapi3.NewLoader().LoadFromData(src)
	if err != nil {
		t.Fatal(err)
	}
	if err := doc.Validate(t.Context(), openapi3.AllowExtraSiblingFields("patternDescription")); err != nil {
		t.Error(err)
	}
	if !strings.HasPrefix(doc.OpenAPI, "3.1") {
		t.Errorf("openapi %q", doc.OpenAPI)
	}
	return doc
}

// operation is one operation of the description and where it is.
type operation struct {
	*openapi3.Operation
	method, path string
}

func operations(doc *openapi3.T) map[string]operation {
	all := map[string]operation{}
	for path, item := range doc.Paths.Map() {
		for method, op := range item.Operations() {
			all[op.OperationID] = operation{op, method, path}
		}
	}
	return all
}

func TestHandlersDoWhatTheDescriptionSays(t *testing.T) {
	t.Parallel()
	e, _ := inUse(t)
	all := operations(description(t, e))
	for id := range examples("") {
		if _, ok := all[id]; !ok {
			t.Errorf("%s has an example and is not described", id)
		}
	}
	for id, op := range all {
		t.Run(id, func(t *testing.T) {
			t.Parallel()
			e, key := inUse(t)
			x, ok := examples(key)[id]
			if !ok {
				t.Fatalf("%s %s has no example: write one, and what it refuses", op.method, op.path)
			}
			for _, r := range op.refusable(t, x) {
				op.check(t, e, r.request, r.status)
			}
			op.check(t, e, request{method: op.method, path: x.path, body: x.body, from: "192.0.2.7:4"}, 401)
			op.check(t, e, request{method: op.method, path: x.path, body: x.body, header: http.Header{"Sec-Fetch-Site": {"cross-site"}}}, safe(op.method))
			for _, d := range x.other {
				if d.path == "" {
					d.path = x.path
				}
				if d.body == "" {
					d.body = x.body
				}
				op.check(t, e, request{method: op.method, path: d.path, body: d.body}, d.status)
			}
			if op.RequestBody != nil {
				schema, kind := op.body()
				if body, err := decoded(x.body, kind); err != nil || schema.VisitJSON(body, openapi3.EnableJSONSchema2020()) != nil {
					t.Errorf("the description has no room for the example's body: %v", err)
				}
			}
			op.check(t, e, request{method: op.method, path: x.path, body: x.body}, 0)
		})
	}
}

// safe is what becomes of a request from another site's page: only what changes nothing is answered.
func safe(method string) int {
	if method == http.MethodGet {
		return 0
	}
	return http.StatusForbidden
}

// check sends a request and holds the answer against the description: its status, its type, every field of its body. want
// 0 is any success.
func (op operation) check(t *testing.T, e *edge, r request, want int) {
	t.Helper()
	if op.RequestBody != nil && r.header == nil {
		_, kind := op.body()
		r.header = http.Header{"Content-Type": {kind}}
	}
	w := e.ask(r)
	say := func(format string, args ...any) {
		t.Helper()
		t.Errorf("%s %s %s: %d: %s\n%s", r.method, r.path, r.body, w.Code, fmt.Sprintf(format, args...), w.Body)
	}
	if w.Code != want && (want != 0 || w.Code >= 300) {
		say("want %d", want)
		return
	}
	response := op.Responses.Value(fmt.Sprint(w.Code))
	if response == nil {
		say("this status is not described")
		return
	}
	if err := matches(w, response.Value); err != nil {
		say("%v", err)
	}
}

// matches tells whether an answer's body is one of those described.
func matches(w *httptest.ResponseRecorder, described *openapi3.Response) error {
	if len(described.Content) == 0 {
		if w.Body.Len() > 0 {
			return fmt.Errorf("a body where none is described")
		}
		return nil
	}
	kind, _, _ := strings.Cut(w.Header().Get("Content-Type"), ";")
	media := described.Content.Get(kind)
	if media == nil || described.Content[kind] == nil {
		return fmt.Errorf("%q is not described", kind)
	}
	body, err := decoded(w.Body.String(), kind)
	if err != nil {
		return err
	}
	return media.Schema.Value.VisitJSON(body, openapi3.EnableJSONSchema2020())
}

// decoded returns a body as schemas see it: JSON's value, or the text of anything else.
func decoded(text, kind string) (v any, err error) {
	if kind != "application/json" && !strings.HasSuffix(kind, "+json") {
		return text, nil
	}
	d := json.NewDecoder(bytes.NewReader([]byte(text)))
	err = d.Decode(&v)
	return v, err
}

// body returns what an operation takes: its one schema and type.
func (op operation) body() (schema *openapi3.Schema, kind string) {
	for kind, media := range op.RequestBody.Value.Content {
		return media.Schema.Value, kind
	}
	return nil, ""
}

// refusal is a request that the description rules out.
type refusal struct {
	request
	status int
}

// refusable returns requests that break one rule of the description each.
func (op operation) refusable(t *testing.T, x example) (out []refusal) {
	t.Helper()
	add := func(status int, path, body string) {
		out = append(out, refusal{request{method: op.method, path: path, body: body}, status})
	}
	path, _, _ := strings.Cut(x.path, "?")
	add(422, path+"?no_such_parameter=1", x.body)
	for _, p := range op.Parameters {
		for _, bad := range wrongTexts(p.Value.Schema.Value) {
			switch p.Value.In {
			case "query":
				add(422, path+"?"+p.Value.Name+"="+bad, x.body)
			case "path":
				add(422, strings.Replace(op.path, "{"+p.Value.Name+"}", bad, 1), x.body)
			default:
				t.Errorf("a parameter in %s: teach this test", p.Value.In)
			}
		}
	}
	if op.RequestBody == nil {
		return out
	}
	schema, kind := op.body()
	if kind != "application/json" {
		return out
	}
	add(400, x.path, "{")
	add(422, x.path, "[]")
	add(422, x.path, "7")
	for _, name := range slices.Sorted(maps.Keys(schema.Properties)) {
		for _, bad := range wrongValues(schema.Properties[name].Value) {
			add(422, x.path, with(t, x.body, name, bad))
		}
	}
	for _, name := range schema.Required {
		add(422, x.path, without(t, x.body, name))
	}
	add(422, x.path, with(t, x.body, "no_such_property", 1))
	return out
}

// wrongTexts returns texts for a parameter that its schema rules out.
func wrongTexts(s *openapi3.Schema) (out []string) {
	if s.Type.Is("integer") || s.Type.Is("number") {
		out = append(out, "x")
		if s.Min != nil {
			out = append(out, fmt.Sprint(*s.Min-1))
		}
		if s.Max != nil {
			out = append(out, fmt.Sprint(*s.Max+1))
		}
		return out
	}
	for _, v := range wrongValues(s) {
		if text, ok := v.(string); ok && text != "" {
			out = append(out, text)
		}
	}
	return out
}

// wrongValues returns JSON values that a schema rules out.
func wrongValues(s *openapi3.Schema) []any {
	out := []any{map[string]any{"x": map[string]any{}}}
	if !s.Type.Is("object") {
		out = append(out, []any{[]any{}})
	}
	if s.Type.Is("string") {
		out = append(out, 7, true)
		if s.MaxLength != nil {
			out = append(out, strings.Repeat("x", int(*s.MaxLength)+1))
		}
		if s.MinLength > 0 {
			out = append(out, strings.Repeat("x", int(s.MinLength)-1))
		}
		if s.Enum != nil || s.Pattern != "" || s.Format == "date-time" {
			out = append(out, "no-such-value")
		}
	} else {
		out = append(out, "text")
	}
	if s.Min != nil {
		out = append(out, *s.Min-1)
	}
	if s.Max != nil {
		out = append(out, *s.Max+1)
	}
	return out
}

// with returns a JSON object with another value in it, without one lacking a member.
func with(t *testing.T, body, name string, value any) string {
	t.Helper()
	return edited(t, body, func(m map[string]any) { m[name] = value })
}

func without(t *testing.T, body, name string) string {
	t.Helper()
	return edited(t, body, func(m map[string]any) { delete(m, name) })
}

func edited(t *testing.T, body string, edit func(map[string]any)) string {
	t.Helper()
	m := map[string]any{}
	if err := json.Unmarshal([]byte(body), &m); err != nil {
		t.Fatal(err)
	}
	edit(m)
	out, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

func TestErrorsDoNotRepeatPasswords(t *testing.T) {
	t.Parallel()
	for _, body := range []string{
		`{"password":"Callbox-lab-911"}`, `{"from":"x","to":"y","password":["Callbox-lab-911"]}`, `{"from":"x","to":"y","password":"Callbox-lab-911","x":1}`,
		`{"from":"x","to":"y","password":"Callbox-lab-911` + strings.Repeat("x", 300) + `"}`, `["Callbox-lab-911"]`,
	} {
		w := (&edge{}).ask(request{method: "POST", path: explainPath, body: body})
		if w.Code != 422 || strings.Contains(w.Body.String(), "Callbox-lab-911") {
			t.Errorf("%s: %d\n%s", body, w.Code, w.Body)
		}
	}
}
