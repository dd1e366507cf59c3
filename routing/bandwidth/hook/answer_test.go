package hook_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"callbox/routing/bandwidth/hook"
	"callbox/sip/location"
)

func metres(v float64) *float64 { return &v }

func TestEveryValidFormIsRead(t *testing.T) {
	t.Parallel()
	elm := &location.Point{Lat: 35.7796, Lon: -78.6382}
	for src, want := range map[string]hook.Answer{
		`{"aeui":"a","location_id":"b"}`:                                                    {AEUI: "a", LocationID: "b"},
		`{"aeui":"a","lat":35.7796,"lon":-78.6382}`:                                         {AEUI: "a", Point: elm},
		`{"aeui":"a","location_id":"b","lat":35.7796,"lon":-78.6382,"radius":75.5}`:         {AEUI: "a", LocationID: "b", Point: elm, Radius: metres(75.5)},
		`{"aeui":"a","location_id":"b","lat":35.7796,"lon":-78.6382}`:                       {AEUI: "a", LocationID: "b", Point: elm},
		`{"aeui":"a","location_id":"b","lat":35.7796,"lon":-78.6382,"radius":0}`:            {AEUI: "a", LocationID: "b", Point: elm, Radius: metres(0)},
		`{"aeui":"a","location_id":"b","callback":"+15554321234","name":"JJ Smith"}`:        {AEUI: "a", LocationID: "b", Callback: "+15554321234", Name: "JJ Smith"},
		" \r\n\t{ \"name\" : \"Zoë \\u00fc\" , \"location_id\" : \"b\", \"aeui\":\"a\" }\n": {AEUI: "a", LocationID: "b", Name: "Zoë ü"},
		`{"aeui":"a","location_id":"b","lat":null,"lon":null,"radius":null,"name":null}`:    {AEUI: "a", LocationID: "b"},
		`{"aeui":"a","location_id":"","lat":3.57796e1,"lon":-78.6382}`:                      {AEUI: "a", Point: elm},
		`{"aeui":"a","location_id":"b","extra":{"deep":[1,{"er":[]}]},"ok":true,"n":1e5}`:   {AEUI: "a", LocationID: "b"},
		`{"aeui":"a","location_id":"b","AEUI":"other"}`:                                     {AEUI: "a", LocationID: "b"},
		`{"aeui":"a","lat":-14.27,"lon":-170.7}`:                                            {AEUI: "a", Point: &location.Point{Lat: -14.27, Lon: -170.7}},
		`{"aeui":"a","lat":13.44,"lon":144.79}`:                                             {AEUI: "a", Point: &location.Point{Lat: 13.44, Lon: 144.79}},
		`{"aeui":"a"}`:                                                                      {AEUI: "a"}, // that no place is named is the decision's to refuse
	} {
		got, err := hook.Parse([]byte(src))
		if err != nil {
			t.Errorf("%s: %v", src, err)
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s: %s", src, d)
		}
	}
}

// refused wants each source refused with the words that go with it.
func refused(t *testing.T, wants map[string]string) {
	t.Helper()
	for src, want := range wants {
		if got, err := hook.Parse([]byte(src)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.80s: got %+v and %v, want %q", src, got, err, want)
		} else if len(err.Error()) > 300 {
			t.Errorf("%.80s: an error of %d bytes", src, len(err.Error()))
		}
	}
}

func TestWhatIsNoJSONObjectIsNamed(t *testing.T) {
	t.Parallel()
	deep := strings.Repeat("[", 7000)
	refused(t, map[string]string{
		``:                                    "is empty",
		" \n":                                 "is empty",
		`null`:                                "but no object",
		`[]`:                                  "but no object",
		`"aeui"`:                              "but no object",
		`{`:                                   "no JSON, at byte 1: unexpected end",
		`<html><body>It works!</body></html>`: "no JSON, at byte 1",
		`{"aeui":"a","location_id":"b"} x`:    "no JSON, at byte 32",
		`{"aeui":"a","location_id":"b"}{}`:    "after top-level value",
		`{"aeui":"a","location_id":"b",}`:     "no JSON, at byte 31",
		`{aeui:"a"}`:                          "no JSON, at byte 2",
		`{'aeui':'a'}`:                        "no JSON, at byte 2",
		`{"aeui":"a","lat":NaN,"lon":-78.6}`:  "no JSON, at byte 19: invalid character 'N'",
		`{"aeui":"a","lat":Infinity,"lon":-78.6}`:                  "no JSON, at byte 19",
		`{"aeui":"a","lat":035.7,"lon":-78.6}`:                     "no JSON, at byte",
		`{"aeui":"a","lat":+35.7,"lon":-78.6}`:                     "no JSON, at byte 19",
		"{\"aeui\":\"a\",\"location_id\":\"b\",\"name\":\"\xff\"}": "not UTF-8",
		"\xef\xbb\xbf{\"aeui\":\"a\",\"location_id\":\"b\"}":       "byte order mark",
		"\xff\xfe{\x00": "byte order mark",
		"{\"aeui\":\"a\",\"location_id\":\"b\",\"name\":\"a\nb\"}":  "no JSON, at byte",
		`{"aeui":"a","x":` + deep + strings.Repeat("]", 7000) + `}`: "nested deeper than 16",
		`{"aeui":"a","x":` + deep:                                   "no JSON",
		strings.Repeat(" ", 16<<10) + `{"aeui":"a"}`:                "longer than 16 kB",
	})
}

func TestFieldsThatCannotBeUsedAreNamed(t *testing.T) {
	t.Parallel()
	refused(t, map[string]string{
		`{}`: "aeui is missing",
		`{"aeui":"a","aeui":"a","location_id":"b"}`:                  `"aeui" is there twice`,
		`{"aeui":"a","location_id":"b","loc\u0061tion_id":"c"}`:      `"location_id" is there twice`,
		`{"aeui":"a","x":1,"x":1,"location_id":"b"}`:                 `"x" is there twice`,
		`{"location_id":"b"}`:                                        "aeui is missing",
		`{"AEUI":"a","location_id":"b"}`:                             `"AEUI" is no field of the provider's: write it in small letters`,
		`{"aeui":"","location_id":"b"}`:                              "aeui is missing",
		`{"aeui":null,"location_id":"b"}`:                            "aeui is missing",
		`{"aeui":1,"location_id":"b"}`:                               "aeui is a number: it must be a string",
		`{"aeui":["a"],"location_id":"b"}`:                           "aeui is an array",
		`{"aeui":{"id":"a"},"location_id":"b"}`:                      "aeui is an object",
		`{"aeui":"a","location_id":true}`:                            "location_id is a boolean",
		`{"aeui":"a","location_id":"b","name":7}`:                    "name is a number",
		`{"aeui":"a","location_id":"b","callback":15554321234}`:      "callback is a number",
		`{"aeui":"a","lat":"35.7","lon":-78.6}`:                      "lat is a string: it must be a number, without quotes",
		`{"aeui":"a","lat":35.7,"lon":true}`:                         "lon is a boolean",
		`{"aeui":"a","lat":1e999,"lon":-78.6}`:                       "lat is 1e999: that is out of every range",
		`{"aeui":"a","lat":35.7}`:                                    "lat without lon",
		`{"aeui":"a","lon":-78.6,"location_id":"b"}`:                 "lon without lat",
		`{"aeui":"a","lat":-118.2,"lon":34.0}`:                       "lat -118.2 and lon 34 look swapped",
		`{"aeui":"a","lat":-78.6,"lon":35.7}`:                        "look swapped",
		`{"aeui":"a","lat":91,"lon":180}`:                            "lat is 91: it must be from -90 to 90",
		`{"aeui":"a","lat":45,"lon":180.1}`:                          "lon is 180.1: it must be from -180 to 180",
		`{"aeui":"a","lat":1000,"lon":0}`:                            "lat is 1000",
		`{"aeui":"a","lat":35.7,"lon":-78.6,"radius":-0.1}`:          "radius is -0.1 m: it cannot be negative",
		`{"aeui":"a","lat":35.7,"lon":-78.6,"radius":"50"}`:          "radius is a string",
		`{"aeui":"a","location_id":"b","name":"x\r\nEvil: 1"}`:       "name holds a control character",
		`{"aeui":"` + strings.Repeat("a", 257) + `"}`:                "aeui is longer than 256 characters",
		`{"aeui":"a","callback":"+` + strings.Repeat("1", 40) + `"}`: "callback is longer than 32",
	})
}

func FuzzParse(f *testing.F) {
	for _, src := range []string{
		good, `{"aeui":"a","lat":35.7,"lon":-78.6,"radius":50}`, `{"aeui":"a","location_id":"b","callback":"+15554321234","name":"JJ"}`,
		`{"aeui":"a","aeui":"a"}`, `{"aeui":"a","lat":1e999,"lon":null}`, `{"x":[[[{"y":{}}]]],"aeui":"\ud800"}`, "\xef\xbb\xbf{}",
	} {
		f.Add([]byte(src))
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		a, err := hook.Parse(src)
		if err != nil {
			if a != (hook.Answer{}) {
				t.Fatalf("an error beside %+v", a)
			}
			if s := err.Error(); len(s) > 300 || strings.ContainsAny(s, "\r\n\x00") {
				t.Fatalf("cannot be shown: %q", s)
			}
			return
		}
		if a.AEUI == "" {
			t.Fatal("nobody calls")
		}
		if p := a.Point; p != nil && !(p.Lat >= -90 && p.Lat <= 90 && p.Lon >= -180 && p.Lon <= 180) {
			t.Fatalf("no place on earth: %+v", *p)
		}
		if r := a.Radius; r != nil && !(*r >= 0) {
			t.Fatalf("radius %v", *r)
		}
		for _, s := range []string{a.AEUI, a.LocationID, a.Callback, a.Name} {
			if strings.ContainsAny(s, "\r\n\x00\x7f") {
				t.Fatalf("%q could break out of a header", s)
			}
		}
	})
}

func TestAReplyHoldsNoMoreThanItShows(t *testing.T) {
	r := hook.Reply(hook.Result{Status: 200, Redirects: 2, Body: make([]byte, 16<<10)})
	if r.Redirects != 2 || len(r.Body) != 1<<10 || cap(r.Body) > 2<<10 {
		t.Errorf("%d redirects, %d bytes of %d", r.Redirects, len(r.Body), cap(r.Body))
	}
}
