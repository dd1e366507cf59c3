package twiml_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"callbox/routing/twiml"
)

func TestParse(t *testing.T) {
	for _, tc := range []struct {
		name, xml string
		want      []twiml.Verb
		warnings  []int
	}{
		{"an empty response", `<Response/>`, nil, nil},
		{"what may be said", `<Response><Say voice="alice" language="en-GB" loop="2"> This is
			a test. </Say><Pause/><Pause length="3"/><Play loop="0">/a.wav</Play><Play digits="1w2#"/></Response>`, []twiml.Verb{
			&twiml.Say{Text: "This is a test.", Voice: "alice", Language: "en-GB", Loop: 2},
			&twiml.Pause{Length: time.Second}, &twiml.Pause{Length: 3 * time.Second},
			&twiml.Play{URL: "/a.wav"}, &twiml.Play{Digits: "1w2#", Loop: 1},
		}, nil},
		{"text in markup and entities", `<Response><Say>One <break time="1s"/><emphasis>two &amp; <lang>three</lang></emphasis>&#33;</Say></Response>`,
			[]twiml.Verb{&twiml.Say{Text: "One two & three!", Loop: 1}}, []int{12200}},
		{"a dial of everybody", "\xEF\xBB\xBF<?xml version=\"1.0\" encoding=\"utf-8\"?>\n" + `<Response><!-- all --><Dial timeout="15" timeLimit="60"
			callerId="+14155550100" action="/done?a=1" method="get" answerOnBridge="true">
			<Sip username="alice" password="pw">sip:alice@pbx.example.com:5080;transport=tcp?X-Site=HQ%20two&amp;User-to-User=1</Sip>
			<Number>+442079460100</Number></Dial></Response>`, []twiml.Verb{&twiml.Dial{
			Timeout: 15 * time.Second, TimeLimit: time.Minute, CallerID: "+14155550100", Action: "/done?a=1", Method: "GET", AnswerOnBridge: true,
			Targets: []twiml.Target{
				&twiml.SIP{URI: "sip:alice@pbx.example.com:5080;transport=tcp", User: "alice", Password: "pw", Headers: []twiml.Header{
					{Name: "X-Site", Value: "HQ two"}, {Name: "User-to-User", Value: "1"}}},
				&twiml.Number{E164: "+442079460100"},
			},
		}}, nil},
		{"a dial of a bare number as people write it", `<Response><Dial>(415) 555-0100</Dial></Response>`,
			[]twiml.Verb{plainDial(&twiml.Number{E164: "+14155550100"})}, nil},
		{"the ends of a call", `<Response><Redirect method="GET">next.xml</Redirect><Reject reason="busy"/><Reject/><Hangup/><Redirect/></Response>`, []twiml.Verb{
			&twiml.Redirect{URL: "next.xml", Method: "GET"}, &twiml.Reject{Busy: true}, &twiml.Reject{}, &twiml.Hangup{}, &twiml.Redirect{Method: "POST"}}, nil},
		{"values that cannot be used", `<Response colour="red">words<Dial timeout="soon" timeLimit="0" callerId="me" answerOnBridge="maybe" sequential="TRUE"
			method="PUT" record="true" tomeout="5"><Number url="/w">12</Number><Number>+14155550100</Number><Sip>http://x</Sip><Sip>sip:@x</Sip>text</Dial>
			<Say/><Say loop="-1">a</Say><Play digits="x">u</Play><Pause length="0"/><Reject reason="no"/></Response>`, []twiml.Verb{
			&twiml.Dial{Timeout: 30 * time.Second, TimeLimit: 4 * time.Hour, Method: "POST", Sequential: true,
				Targets: []twiml.Target{&twiml.Number{E164: "+14155550100"}}},
			&twiml.Say{Text: "a", Loop: 1}, &twiml.Play{URL: "u", Loop: 1}, &twiml.Pause{Length: time.Second}, &twiml.Reject{},
		}, []int{12200, 12200, 12200, 13219, 13212, 13216, 13210, 12200, 13214, 12200, 13223, 13243, 13243, 13215, 13520, 13510, 13430, 13910, 13810}},
		{"header fields that are not the document's to write", `<Response><Dial><Sip>sip:a@x?Route=%3Csip:y%3E&amp;X-A=1%0d%0aVia:+x&amp;X-Callbox-Call=1&amp;X-B&amp;X-%41=2</Sip></Dial></Response>`,
			[]twiml.Verb{plainDial(&twiml.SIP{URI: "sip:a@x", Headers: []twiml.Header{{Name: "X-B"}}})}, []int{13252, 13252, 13252, 13252}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := twiml.Parse([]byte(tc.xml))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, got.Verbs); diff != "" {
				t.Error(diff)
			}
			var codes []int
			for _, w := range got.Warnings {
				codes = append(codes, w.Code)
			}
			if diff := cmp.Diff(tc.warnings, codes); diff != "" {
				t.Errorf("%s\n%v", diff, got.Warnings)
			}
		})
	}
}

func plainDial(to ...twiml.Target) *twiml.Dial {
	return &twiml.Dial{Timeout: 30 * time.Second, TimeLimit: 4 * time.Hour, Method: "POST", Targets: to}
}

func TestParseRefuses(t *testing.T) {
	for _, tc := range []struct {
		name, xml string
		code      int
		line      int
		words     string
	}{
		{"nothing", " \n", 11770, 0, "empty"},
		{"too much", "<Response>" + strings.Repeat(" ", 64<<10) + "</Response>", 11750, 0, "64 kB"},
		{"words", "Internal Server Error", 12100, 1, "outside of <Response>"},
		{"a web page", "<html>\n<body>404</body></html>", 12102, 1, "<html>"},
		{"a document type", "<!DOCTYPE Response [<!ENTITY a \"b\">]>\n<Response/>", 12100, 1, "leave it out"},
		{"entities that grow", "<?xml version=\"1.0\"?><!DOCTYPE lolz [<!ENTITY lol \"lol\"><!ENTITY lol2 \"&lol;&lol;\">]><Response><Say>&lol2;</Say></Response>", 12100, 1, "leave it out"},
		{"an entity nobody knows", "<Response>\n<Say>&nbsp;</Say></Response>", 12100, 2, "&nbsp;"},
		{"an element that is not closed", "<Response>\n<Say>a</Response>", 12100, 2, "<Say>"},
		{"half a document", "<Response><Say>a", 12100, 1, "unexpected EOF"},
		{"an attribute without quotes", "<Response><Say loop=2>a</Say></Response>", 12100, 1, "attribute"},
		{"an attribute twice", `<Response><Say loop="1" loop="2">a</Say></Response>`, 12100, 1, "twice"},
		{"two roots", "<Response/>\n<Response/>", 12100, 2, "second root"},
		{"space in front", "\n<?xml version=\"1.0\"?><Response/>", 12100, 1, "begin with <?xml"},
		{"UTF-16", "\xFF\xFE<\x00R\x00", 12100, 1, "UTF-16"},
		{"Latin-1 that says so", `<?xml version="1.0" encoding="ISO-8859-1"?><Response/>`, 12100, 1, "ISO-8859-1"},
		{"Latin-1 that does not", "<Response>\n<Say>M\xFCnchen</Say></Response>", 12100, 2, "UTF-8"},
		{"depth", "<Response><Say>" + strings.Repeat("<p>", 50) + strings.Repeat("</p>", 50) + "</Say></Response>", 12100, 1, "deep"},
		{"thousands of elements", "<Response>" + strings.Repeat("<Pause/>", 5000) + "</Response>", 12100, 1, "1000 elements"},
		{"another namespace", `<Response xmlns:x="y"><x:Say>a</x:Say></Response>`, 12200, 1, "namespace"},
		{"a verb in lower case", "<Response>\n\n<say>a</say></Response>", 12200, 3, "write <Say>"},
		{"a verb nobody knows", "<Response><Shout/></Response>", 12200, 1, "<Shout> is no verb"},
		{"a verb that is not simulated", "<Response><Gather><Say>a</Say></Gather></Response>", 12200, 1, "<Gather> is not simulated"},
		{"a noun that is not simulated", "<Response><Dial><Conference>a</Conference></Dial></Response>", 12200, 1, "<Conference> within <Dial> is not simulated"},
		{"a noun nobody knows", "<Response><Dial><Phone>a</Phone></Dial></Response>", 13215, 1, "<Phone>"},
		{"a dial of nobody", "<Response>\n<Dial> </Dial></Response>", 13224, 2, "nobody to call"},
		{"a dial of eleven", "<Response><Dial>" + strings.Repeat("<Number>+14155550100</Number>", 11) + "</Dial></Response>", 13250, 1, "more than 10"},
		{"a file by another scheme", "<Response><Play>file:///etc/passwd</Play></Response>", 11100, 1, "file"},
		{"no file", "<Response><Play/></Response>", 11100, 1, "neither URL nor digits"},
		{"a verb in another", "<Response><Pause><Say>a</Say></Pause></Response>", 12200, 1, "<Say> is not allowed in <Pause>"},
		{"a speech too long", "<Response><Say>" + strings.Repeat("a", 4097) + "</Say></Response>", 13521, 1, "4096"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			doc, err := twiml.Parse([]byte(tc.xml))
			var e *twiml.Error
			if !errors.As(err, &e) {
				t.Fatalf("got %v, %v", doc, err)
			}
			if e.Code != tc.code || e.ErrorCode() != tc.code || e.Line != tc.line || !strings.Contains(e.Error(), tc.words) {
				t.Errorf("got code %d, line %d: %v", e.Code, e.Line, e)
			}
		})
	}
}

func TestCheckContentType(t *testing.T) {
	for s, ok := range map[string]bool{
		"text/xml": true, "application/xml; charset=utf-8": true, "text/html": true, "TEXT/XML": true,
		"": false, "application/json": false, "text/plain": false, ";": false, "audio/wav": false,
	} {
		if err := twiml.CheckContentType(s); (err == nil) != ok {
			t.Errorf("%q: %v", s, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{
		`<?xml version="1.0" encoding="UTF-8"?><Response><Say voice="a" loop="0">A &amp; b</Say><Play digits="1">x</Play><Pause length="2"/></Response>`,
		`<Response><Dial action="/a" timeout="20" sequential="true"><Sip username="u">sip:a@b?X-C=d%20e</Sip><Number>4155550100</Number></Dial></Response>`,
		`<Response><Reject reason="busy"/><Hangup/><Redirect method="GET">../x?y#z</Redirect></Response>`,
		`<!DOCTYPE a [<!ENTITY b "c">]><Response>&b;</Response>`, "\xEF\xBB\xBF<Response/>", `<Response xmlns="q"><Say><p><s>t</s></p></Say></Response>`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		doc, err := twiml.Parse(b)
		if err != nil {
			var e *twiml.Error
			if !errors.As(err, &e) || e.Code < 11000 || e.Message == "" {
				t.Fatalf("%#v", err)
			}
			return
		}
		run, err := twiml.NewRun(doc, "https://customer.example/voice")
		if err != nil {
			t.Fatal(err)
		}
		for range 3000 {
			m := run.Next(twiml.Outcome{Status: twiml.NoAnswer})
			checkMove(t, m)
			if m.Kind == twiml.End || m.Kind == twiml.RejectCall || m.Kind == twiml.Fetch {
				return
			}
		}
		t.Fatal("the document does not come to its end")
	})
}

// checkMove wants of a move what the call relies on.
func checkMove(t *testing.T, m twiml.Move) {
	t.Helper()
	if m.Line == "" {
		t.Fatal("no line for the trace")
	}
	if m.Kind == twiml.Fetch && !strings.HasPrefix(m.URL, "http") {
		t.Fatalf("would fetch %q", m.URL)
	}
	if m.Kind != twiml.DialOut {
		return
	}
	for _, to := range m.Dial.Targets {
		s, ok := to.(*twiml.SIP)
		if !ok {
			continue
		}
		for _, h := range s.Headers {
			if strings.ContainsAny(h.Name+h.Value, "\r\n\x00") {
				t.Fatalf("header %q: %q", h.Name, h.Value)
			}
		}
		if strings.ContainsAny(s.URI, "\r\n <>\"") {
			t.Fatalf("URI %q", s.URI)
		}
	}
}
