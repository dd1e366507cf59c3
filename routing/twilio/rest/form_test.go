package rest

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

type sample struct {
	Name    string     `form:"Name" rule:"required,max=8,code=21238"`
	Address *string    `form:"EmergencyAddressSid" rule:"sid=AD"`
	Enabled *bool      `form:"Enabled"`
	Weight  *int       `form:"Weight" rule:"min=1,max=65535"`
	URL     *string    `form:"VoiceUrl" rule:"url"`
	Method  *string    `form:"VoiceMethod" rule:"method"`
	Mode    *string    `form:"Mode" rule:"enum=voice|fax"`
	Since   *time.Time `form:"StartTime>"`
	Page    int        `form:"Page"`
}

func ptr[T any](v T) *T { return &v }

var ad = "AD" + strings.Repeat("0a", 16)

var decodeCases = []struct {
	name, form string
	want       sample
	code       int    // of the error
	names      string // what its message has
}{
	{name: "everything", form: "Name=Rosa&EmergencyAddressSid=" + ad + "&Enabled=True&Weight=7&VoiceUrl=https%3A%2F%2Fexample.com%2Fv&VoiceMethod=get&Mode=FAX&StartTime%3E=2026-11-21&Page=3",
		want: sample{"Rosa", &ad, ptr(true), ptr(7), ptr("https://example.com/v"), ptr("GET"), ptr("fax"),
			ptr(time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC)), 3}},
	{name: "as curl sends a comparison", form: "Name=a&StartTime>=2026-11-21T10:00:00Z",
		want: sample{Name: "a", Since: ptr(time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC))}},
	{name: "empty clears a string", form: "Name=a&EmergencyAddressSid=&VoiceUrl=", want: sample{Name: "a", Address: ptr(""), URL: ptr("")}},
	{name: "empty is absent for the rest", form: "Name=a&Enabled=&Weight=&VoiceMethod=&Mode=&Page=&StartTime%3E=", want: sample{Name: "a"}},
	{name: "an unknown parameter", form: "Name=a&Colour=red", want: sample{Name: "a"}},
	{name: "missing", form: "Enabled=true", code: 21238, names: "Name"},
	{name: "empty though required", form: "Name=", code: 21238, names: "Name"},
	{name: "spaces though required", form: "Name=+%20", code: 21238, names: "Name"},
	{name: "too long", form: "Name=ninechars", code: 21238, names: "longer than 8"},
	{name: "eight characters of many bytes", form: "Name=" + strings.Repeat("%C3%A9", 8), want: sample{Name: "éééééééé"}},
	{name: "twice", form: "Name=a&Name=b", code: 21238, names: "2 times"},
	{name: "not a boolean", form: "Name=a&Enabled=maybe", code: 20001, names: "Enabled"},
	{name: "not a number", form: "Name=a&Weight=1e3", code: 20001, names: "Weight"},
	{name: "a number beyond int", form: "Name=a&Weight=99999999999999999999", code: 20001, names: "Weight"},
	{name: "below the range", form: "Name=a&Weight=0", code: 20001, names: "from 1 to 65535"},
	{name: "a SID of another kind", form: "Name=a&EmergencyAddressSid=PN" + ad[2:], code: 20001, names: "EmergencyAddressSid"},
	{name: "a SID cut short", form: "Name=a&EmergencyAddressSid=" + ad[:33], code: 20001, names: "EmergencyAddressSid"},
	{name: "a URL without a scheme", form: "Name=a&VoiceUrl=example.com", code: 21402, names: "VoiceUrl"},
	{name: "a URL of another scheme", form: "Name=a&VoiceUrl=javascript:alert(1)", code: 21402, names: "VoiceUrl"},
	{name: "a URL without a host", form: "Name=a&VoiceUrl=http://:80/", code: 21402, names: "VoiceUrl"},
	{name: "a URL too long", form: "Name=a&VoiceUrl=http://x/" + strings.Repeat("a", 2048), code: 21402, names: "longer than 2048"},
	{name: "a method that is none", form: "Name=a&VoiceMethod=BREW", code: 21403, names: "VoiceMethod"},
	{name: "no such choice", form: "Name=a&Mode=telex", code: 20001, names: "voice, fax"},
	{name: "no day", form: "Name=a&StartTime%3E=yesterday", code: 20001, names: "StartTime>"},
	{name: "broken UTF-8", form: "Name=%ff%fe", code: 20001, names: "Name"},
	{name: "a NUL", form: "Name=a%00b", code: 20001, names: "control"},
	{name: "a control character beyond ASCII", form: "Name=a%c2%85b", code: 20001, names: "control"},
	{name: "a line break", form: "Name=a%0d%0ab", code: 20001, names: "control"},
	{name: "a broken escape", form: "Name=%zz", code: 20001, names: "%-escape"},
	{name: "a semicolon", form: "Name=a;Weight=1", code: 20001, names: "separator"},
	{name: "a flood of parameters", form: "Name=a" + strings.Repeat("&a=b", 200), code: 20001, names: "200"},
}

func TestDecode(t *testing.T) {
	t.Parallel()
	for _, c := range decodeCases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var got sample
			values, err := parseValues(c.form)
			if err == nil {
				err = Decode(values, &got)
			}
			if c.code == 0 {
				if err != nil {
					t.Fatal(err)
				}
				if d := cmp.Diff(c.want, got); d != "" {
					t.Error(d)
				}
				return
			}
			var e *Error
			if !errors.As(err, &e) || e.Code != c.code || e.Status != 400 || !strings.Contains(e.Message, c.names) {
				t.Errorf("got %v, want code %d with %q", err, c.code, c.names)
			}
		})
	}
}

func TestReadForm(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, kind, body string
		status           int // of the error; 0 none
	}{
		{"a form", "application/x-www-form-urlencoded", "A=b", 0},
		{"a form with a charset", "application/x-www-form-urlencoded; charset=utf-8", "A=b", 0},
		{"no type", "", "A=b", 0},
		{"no body, whatever its type", "application/json", "", 0},
		{"JSON", "application/json", `{"A":"b"}`, 415},
		{"a type that is none", "form/;;", "A=b", 415},
		{"the longest", "application/x-www-form-urlencoded", "A=" + strings.Repeat("b", MaxBody-2), 0},
		{"too long", "application/x-www-form-urlencoded", "A=" + strings.Repeat("b", MaxBody-1), 413},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(c.body))
			r.Header.Set("Content-Type", c.kind)
			got, err := readForm(httptest.NewRecorder(), r)
			var e *Error
			if status := 0; errors.As(err, &e) {
				status = e.Status
				if status != c.status {
					t.Errorf("got %v, want status %d", e, c.status)
				}
			} else if c.status != 0 || err != nil {
				t.Errorf("got %v, %v, want status %d", got, err, c.status)
			}
		})
	}
}

func TestDecodeRefusesARuleItDoesNotKnow(t *testing.T) {
	t.Parallel()
	var dst struct {
		A string `form:"A" rule:"requird"`
	}
	if err := Decode(url.Values{"A": {"b"}}, &dst); err == nil {
		t.Error("a mistyped rule went unseen")
	}
}

func FuzzDecode(f *testing.F) {
	f.Add("Name=Rosa&Enabled=true&Weight=7&StartTime>=2026-11-21")
	f.Add("Name=%00%ff&Name=&&==;")
	f.Add("VoiceUrl=http://[::1%25eth0]/%zz")
	f.Fuzz(func(t *testing.T, s string) {
		values, err := parseValues(s)
		if err != nil {
			return
		}
		var got sample
		if err := Decode(values, &got); err != nil {
			var e *Error
			if !errors.As(err, &e) {
				t.Fatalf("%q: %v is no answer for a client", s, err)
			}
			return
		}
		if !clean(got.Name) || len([]rune(got.Name)) > 8 || strings.TrimSpace(got.Name) == "" {
			t.Errorf("%q let %q through", s, got.Name)
		}
		if got.Weight != nil && (*got.Weight < 1 || *got.Weight > 65535) {
			t.Errorf("%q let %d through", s, *got.Weight)
		}
		if got.Address != nil && *got.Address != "" && !ValidSID("AD", *got.Address) {
			t.Errorf("%q let %q through", s, *got.Address)
		}
	})
}
