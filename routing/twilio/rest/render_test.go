package rest

import (
	"encoding/json"
	"encoding/xml"
	"net/http/httptest"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

type base struct {
	SID string `json:"sid"`
}

type thing struct {
	base
	FriendlyName Null  `json:"friendly_name"`
	Created      Stamp `json:"date_created"`
	Emergency    bool  `json:"emergency_enabled"`
	Weight       *int  `json:"weight"`
	Capabilities struct {
		Voice bool `json:"voice"`
		SMS   bool `json:"sms" xml:"SMS"`
	} `json:"capabilities"`
	Subresources map[string]URI `json:"subresource_uris"`
	URI          URI            `json:"uri"`
}

func aThing() thing {
	return thing{base: base{"AD1"}, Created: Stamp(1439917650_000), URI: "/2010-04-01/Things/AD1",
		Subresources: map[string]URI{"dependent_phone_numbers": "/2010-04-01/Things/AD1/DependentPhoneNumbers"}}
}

func TestRender(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, want string
		format     Format
	}{
		{"JSON", `{"sid":"AD1","friendly_name":null,"date_created":"Tue, 18 Aug 2015 17:07:30 +0000","emergency_enabled":false,` +
			`"weight":null,"capabilities":{"voice":false,"sms":false},` +
			`"subresource_uris":{"dependent_phone_numbers":"/2010-04-01/Things/AD1/DependentPhoneNumbers.json"},` +
			`"uri":"/2010-04-01/Things/AD1.json"}` + "\n", JSON},
		{"XML", "<?xml version='1.0' encoding='UTF-8'?>\n<TwilioResponse><Thing><Sid>AD1</Sid><FriendlyName/>" +
			"<DateCreated>Tue, 18 Aug 2015 17:07:30 +0000</DateCreated><EmergencyEnabled>false</EmergencyEnabled><Weight/>" +
			"<Capabilities><Voice>false</Voice><SMS>false</SMS></Capabilities>" +
			"<SubresourceUris><DependentPhoneNumbers>/2010-04-01/Things/AD1/DependentPhoneNumbers</DependentPhoneNumbers></SubresourceUris>" +
			"<Uri>/2010-04-01/Things/AD1</Uri></Thing></TwilioResponse>", XML},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got, err := render(c.format, OK("Thing", aThing()))
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(c.want, string(got)); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestErrorsAreSpeltAsTheProviderDoes(t *testing.T) {
	t.Parallel()
	e := Bad(21629, "Failed to validate address. Check the suggested address. | Street: 645 HARRISON ST & <more>")
	w := httptest.NewRecorder()
	WriteError(w, XML, e)
	want := "<?xml version='1.0' encoding='UTF-8'?>\n<TwilioResponse><RestException><Code>21629</Code>" +
		"<Message>Failed to validate address. Check the suggested address. | Street: 645 HARRISON ST &amp; &lt;more&gt;</Message>" +
		"<MoreInfo>https://www.twilio.com/docs/errors/21629</MoreInfo><Status>400</Status></RestException></TwilioResponse>"
	if d := cmp.Diff(want, w.Body.String()); d != "" || w.Code != 400 {
		t.Error(w.Code, d)
	}
	w = httptest.NewRecorder()
	WriteError(w, JSON, Unauthenticated())
	want = `{"code":20003,"message":"Authenticate","more_info":"https://www.twilio.com/docs/errors/20003","status":401}` + "\n"
	if d := cmp.Diff(want, w.Body.String()); d != "" || w.Code != 401 {
		t.Error(w.Code, d)
	}
	if got := w.Header().Get("WWW-Authenticate"); got != `Basic realm="Twilio API"` {
		t.Error(got)
	}
}

func TestISO(t *testing.T) {
	t.Parallel()
	b, err := json.Marshal([]ISO{1439917650_999, 0})
	if err != nil || string(b) != `["2015-08-18T17:07:30Z",null]` {
		t.Error(string(b), err)
	}
}

// FuzzXML puts any stored string into a document, as a text and in a list's links, and reads it back.
func FuzzXML(f *testing.F) {
	f.Add("645 Harrison St.")
	f.Add("]]><x a=\"&'>\x00\x01\xff\xfe\ufffe")
	f.Add("\r\n\t ")
	f.Fuzz(func(t *testing.T, s string) {
		v := aThing()
		v.FriendlyName, v.URI = Null(s), URI(s)
		r := &Request{Path: "/2010-04-01/Things", query: map[string][]string{"FriendlyName": {s}}}
		for _, reply := range []Reply{OK("Thing", v), NewList(r, "things", "Things", "Thing", Paging{Window: Window{Size: 1}}, []thing{v})} {
			b, err := render(XML, reply)
			if err != nil || !utf8.Valid(b) {
				t.Fatal(err, b)
			}
			var back struct {
				Name  string `xml:"Thing>FriendlyName"`
				Name2 string `xml:"Things>Thing>FriendlyName"`
			}
			if err := xml.Unmarshal(b, &back); err != nil {
				t.Fatalf("%q gives %s: %v", s, b, err)
			}
			want := strings.Map(func(c rune) rune {
				if c < ' ' && c != '\t' && c != '\n' && c != '\r' || c == 0xfffe || c == 0xffff {
					return utf8.RuneError
				}
				return c
			}, strings.ToValidUTF8(s, "\ufffd"))
			if got := back.Name + back.Name2; utf8.ValidString(s) && got != want {
				t.Fatalf("%q came back as %q", s, got)
			}
			if j, err := render(JSON, reply); err != nil || !json.Valid(j) {
				t.Fatalf("%q gives %s: %v", s, j, err)
			}
		}
	})
}
