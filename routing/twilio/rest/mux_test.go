package rest

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/rs/zerolog"
)

var (
	acA = "AC" + strings.Repeat("a", 32)
	acB = "AC" + strings.Repeat("b", 32)
	adA = "AD" + strings.Repeat("a", 32)
)

// testMux knows two users: "full" may write to acA, "read" may read it; "any" has no account of its own.
func testMux(log *strings.Builder) *Mux {
	m := NewMux(Options{
		Authenticate: func(r *http.Request) (Principal, *Error) {
			user, _, _ := r.BasicAuth()
			switch user {
			case "full", "read":
				return Principal{Name: user, AccountSID: acA, ReadOnly: user == "read"}, nil
			case "any":
				return Principal{Name: user}, nil
			}
			return Principal{}, Unauthenticated()
		},
		Translate: func(_ *Request, err error) *Error {
			if err.Error() == "away" {
				return Unavailable()
			}
			return nil
		},
		Logger: zerolog.New(log),
	})
	m.Handle("GET", "/2010-04-01/Accounts/{AccountSid}/Things", func(r *Request) (Reply, error) { return OK("Thing", aThing()), nil })
	m.Handle("POST", "/2010-04-01/Accounts/{AccountSid}/Things", func(r *Request) (Reply, error) {
		var in struct {
			Do    string `form:"Do" rule:"required"`
			Query string `form:"Query"`
		}
		if err := r.Decode(&in); err != nil {
			return Reply{}, err
		}
		switch in.Do {
		case "panic":
			return OK("Thing", thing{base: base{in.Do[len(in.Do):][:1]}}), nil
		case "away":
			return Reply{}, errors.New("away")
		case "secret":
			return Reply{}, errors.New("password=hunter2")
		}
		return Created("Thing", thing{base: base{in.Do + in.Query}}), nil
	})
	m.Handle("GET", "/2010-04-01/Accounts/{AccountSid}/Things/{Sid}", func(r *Request) (Reply, error) {
		return OK("Thing", thing{base: base{r.Var("Sid")}}), nil
	})
	m.Handle("DELETE", "/2010-04-01/Accounts/{AccountSid}/Things/{Sid}", func(r *Request) (Reply, error) { return NoContent(), nil })
	m.Handle("GET", "/2010-04-01/Accounts/{AccountSid}/Things/Local", func(r *Request) (Reply, error) { return OK("Thing", thing{base: base{"local"}}), nil })
	m.Handle("GET", "/v1/Things/{Sid}", func(r *Request) (Reply, error) { return OK("Thing", thing{base: base{r.Var("Sid")}}), nil })
	return m
}

var things = "/2010-04-01/Accounts/" + acA + "/Things"

var muxCases = []struct {
	name, user, method, path, body string
	status, code                   int
	has                            string
}{
	{"a list", "full", "GET", things + ".json", "", 200, 0, `"sid":"AD1"`},
	{"XML without the suffix", "full", "GET", things, "", 200, 0, "<Sid>AD1</Sid>"},
	{"one", "full", "GET", things + "/" + adA + ".json", "", 200, 0, adA},
	{"a literal before a variable", "full", "GET", things + "/Local.json", "", 200, 0, `"local"`},
	{"v1 has no suffix", "any", "GET", "/v1/Things/" + adA, "", 200, 0, adA},
	{"v1 with one", "any", "GET", "/v1/Things/" + adA + ".json", "", 404, 20404, ""},
	{"a write", "full", "POST", things + ".json", "Do=it", 201, 0, `"it"`},
	{"parameters of the query, too", "full", "POST", things + ".json?Do=never&Query=q", "Do=it", 201, 0, `"itq"`},
	{"a deletion", "full", "DELETE", things + "/" + adA + ".json", "", 204, 0, ""},
	{"nobody", "", "GET", things + ".json", "", 401, 20003, ""},
	{"nobody, nowhere", "", "GET", "/2010-04-01/Nowhere.json", "", 401, 20003, ""},
	{"a reader reads", "read", "GET", things + ".json", "", 200, 0, ""},
	{"a reader writes", "read", "POST", things + ".json", "Do=it", 403, 20403, ""},
	{"a reader deletes", "read", "DELETE", things + "/" + adA + ".json", "", 403, 20403, ""},
	{"somebody else's account", "full", "GET", "/2010-04-01/Accounts/" + acB + "/Things.json", "", 401, 20003, ""},
	{"any account", "any", "GET", "/2010-04-01/Accounts/" + acB + "/Things.json", "", 200, 0, ""},
	{"no such path", "full", "GET", "/2010-04-01/Accounts/" + acA + "/Nothings.json", "", 404, 20404, "Nothings"},
	{"another case", "full", "GET", strings.ToLower(things) + ".json", "", 404, 20404, ""},
	{"a trailing slash", "full", "GET", things + "/", "", 404, 20404, ""},
	{"a SID that is none", "full", "GET", things + "/AD123.json", "", 404, 20404, ""},
	{"a NUL in the path", "full", "GET", things + "/AD%00.json", "", 404, 20404, ""},
	{"a slash in a segment", "full", "GET", "/2010-04-01/Accounts/" + acA + "%2FThings.json", "", 404, 20404, ""},
	{"a method that is not there", "full", "PUT", things + ".json", "", 405, 20004, "PUT"},
	{"a broken query", "full", "GET", things + ".json?a=%zz", "", 400, 20001, ""},
	{"a broken body", "full", "POST", things + ".json", "Do=%zz", 400, 20001, ""},
	{"a body too long", "full", "POST", things + ".json", "Do=" + strings.Repeat("a", MaxBody), 413, 20413, ""},
	{"nothing", "full", "POST", things + ".json", "", 400, 20001, "Do"},
	{"a panic", "full", "POST", things + ".json", "Do=panic", 500, 20500, ""},
	{"the database away", "full", "POST", things + ".json", "Do=away", 503, 20503, ""},
	{"a fault says nothing of itself", "full", "POST", things + ".json", "Do=secret", 500, 20500, ""},
}

func TestMux(t *testing.T) {
	t.Parallel()
	for _, c := range muxCases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var log strings.Builder
			r := httptest.NewRequest(c.method, c.path, strings.NewReader(c.body))
			r.SetBasicAuth(c.user, "")
			w := httptest.NewRecorder()
			testMux(&log).ServeHTTP(w, r)
			body := w.Body.String()
			if w.Code != c.status || !strings.Contains(body, c.has) || strings.Contains(body, "hunter2") {
				t.Errorf("got %d %s", w.Code, body)
			}
			if !regexp.MustCompile("^RQ[0-9a-f]{32}$").MatchString(w.Header().Get("Twilio-Request-Id")) {
				t.Error("no request ID:", w.Header())
			}
			if (c.status == 405) != (w.Header().Get("Allow") == "GET, POST") {
				t.Errorf("Allow: %q", w.Header().Get("Allow"))
			}
			if (c.code == 20500) != (log.Len() > 0) {
				t.Errorf("the log has %q", log.String())
			}
			if c.code == 0 {
				return
			}
			var e jsonError
			if strings.HasPrefix(body, "<") {
				if !strings.Contains(body, "<Code>") {
					t.Error(body)
				}
			} else if err := json.Unmarshal([]byte(body), &e); err != nil || e.Code != c.code || e.Status != c.status || e.Message == "" {
				t.Error(body, err)
			}
		})
	}
}

func TestHEADIsAGET(t *testing.T) {
	t.Parallel()
	s := httptest.NewServer(testMux(&strings.Builder{}))
	defer s.Close()
	r, _ := http.NewRequestWithContext(t.Context(), http.MethodHead, s.URL+"/2010-04-01/Accounts/"+acA+"/Things.json", nil)
	r.SetBasicAuth("full", "")
	res, err := s.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode != 200 || res.ContentLength < 100 {
		t.Error(res.Status, res.ContentLength)
	}
}
