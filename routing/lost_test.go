package routing

import (
	"os"
	"strings"
	"testing"
	"time"

	"callbox/routing/directory"
	"callbox/sip/location"
)

// lost is the odd directory with a LoST server.
func lost(t testing.TB, section string) *directory.Snapshot {
	t.Helper()
	src, err := os.ReadFile("testdata/odd.yaml")
	if err != nil {
		t.Fatal(err)
	}
	s, problems := directory.Load("testdata/odd.yaml", append(src, "\nlost: "+section+"\n"...), directory.Options{})
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	return s
}

// mapped is an answer of a LoST server.
func mapped(uris ...string) Reply {
	return Reply{Kind: QuestionLoST, Status: 200, Elapsed: 7 * time.Millisecond, URIs: uris, DisplayName: "Some Centre"}
}

func TestRule13ALoSTServerIsAskedForThePlaceThatIsWanted(t *testing.T) {
	s := lost(t, "{url: https://lost.example.com/}")
	rows := []struct {
		name   string
		change func(*Request)
		by     PlaceSource
		point  *location.Point
		id     string
		served string
	}{
		{"a registered address", func(*Request) {}, PlaceAddress, nil, "", "urn:service:sos"},
		{"for the service that was asked for", func(r *Request) { r.Scheme, r.User = "urn", "service:sos.fire" }, PlaceAddress, nil, "", "urn:service:sos.fire"},
		{"a point, though no area has it", here(nil, circle(outside, 0)), PlaceValue, &outside, "", "urn:service:sos"},
		{"the first of several", here(nil, circle(outside, 0), circle(east, 0)), PlaceValue, &outside, "", "urn:service:sos"},
		{"an ID", here(refs("unserved")), PlaceID, nil, "unserved", "urn:service:sos"},
		{"an endpoint's location", here(nil), PlaceEndpoint, &location.Point{Lat: 37.7841, Lon: -122.3964}, "sfOffice", "urn:service:sos"},
		{"an endpoint's address", here(func(r *Request) { r.From.User = "19195550123" }), PlaceEndpoint, nil, "", "urn:service:sos"},
		{"what a web service said", func(r *Request) { *r = designated("+19195550911", said(200, "alicePhone0001", "", at(10, 10))) }, PlaceHook, &outside, "", "urn:service:sos"},
		{"no place that may not route", here(func(r *Request) { r.Geolocation = GeolocationRoutingNo }, circle(outside, 0)), PlaceEndpoint, &location.Point{Lat: 37.7841, Lon: -122.3964}, "sfOffice", "urn:service:sos"},
	}
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			req := request("+14155550100", "911", "open.sip.twilio.com")
			r.change(&req)
			d := Decide(s, nil, req)
			if d.Verdict != VerdictAsk || d.Question == nil || d.Reply != nil || len(d.Targets) > 0 {
				t.Fatal(Text(d))
			}
			q := d.Question
			if q.Kind != QuestionLoST || q.LoST != s.LoST() || q.Service != r.served || q.Place.By != r.by || q.Place.LocationID != r.id || (q.Place.Point == nil) != (r.point == nil) || r.point != nil && *q.Place.Point != *r.point {
				t.Errorf("%+v", q)
			}
			if saw := step(d, 13); !strings.Contains(saw.Saw, "https://lost.example.com/ is to say who serves the place") || !strings.Contains(Text(d), "verdict   ask: https") && !strings.Contains(Text(d), "verdict  ask: https") {
				t.Errorf("%+v\n%s", saw, Text(d))
			}
			steps := d.Trace.Steps()
			if last := steps[len(steps)-1]; last.Rule != 10 || last.Saw != "not reached" || steps[len(steps)-2].Rule != 13 {
				t.Errorf("%+v", steps)
			}
		})
	}
}

func TestRule13NoLoSTServerIsAskedInVain(t *testing.T) {
	s := lost(t, "{url: https://lost.example.com/}")
	for name, change := range map[string]func(*Request){
		"a test call":             func(r *Request) { r.User = "933" },
		"an unregistered number":  func(r *Request) { r.From.User = "+14155550102" },
		"a number without e911":   func(r *Request) { r.From.User = "+18005550103" },
		"an endpoint without any": func(r *Request) { r.Host, r.From.User = hostBandwidth, "barePhone00001" },
		"a refused call":          func(r *Request) { r.From.User = "+19995550199" },
		"a hook that failed":      func(r *Request) { *r = designated("+19195550911", Reply{Err: "late"}) },
	} {
		req := request("+14155550100", "911", "open.sip.twilio.com")
		change(&req)
		if d := Decide(s, nil, req); d.Verdict == VerdictAsk {
			t.Errorf("%s:\n%s", name, Text(d))
		}
	}
}

func TestRule13WhatTheServerNamesIsRung(t *testing.T) {
	const (
		foreign = "psap lost,ecc-us, number and address"
		nyc     = "psap psap-nyc,ecc-us, number and address"
	)
	failed := Reply{Kind: QuestionLoST, Elapsed: 500 * time.Millisecond, Err: "no answer within 500ms"}
	kept := mapped("sip:psap-nyc@127.0.0.1:5070")
	kept.Err, kept.Kept = "connection refused", "of before, expired at noon"
	warned := mapped("sip:psap-nyc@127.0.0.1:5070")
	warned.Warnings = []string{"defaultMappingReturned: nobody serves it"}
	rows := []struct {
		name   string
		change func(*Request)
		reply  Reply
		want   string
		saw    string // by rule 13
	}{
		{"a centre of the directory", func(*Request) {}, mapped("sip:psap-nyc@127.0.0.1:5070"), nyc, "https://lost.example.com/ took 7.0 ms to name Some Centre; sip:psap-nyc@127.0.0.1:5070 is psap-nyc"},
		{"the first URI that can be called", func(*Request) {}, mapped("tel:911", "sip:", "sip:a b@x", "sip:psap-nyc@127.0.0.1:5070", "sip:x@y"), nyc, "is psap-nyc"},
		{"another one", func(*Request) {}, mapped("SIPS:911@psap.example.org"), foreign, "sips:911@psap.example.org is no centre of the directory, and is rung as it is"},
		{"for a place no area has", here(nil, circle(outside, 0)), mapped("sip:x@y"), foreign, "sip:x@y is no centre"},
		{"with what the server warns of", func(*Request) {}, warned, nyc, "; the server warns of defaultMappingReturned: nobody serves it; sip:psap-nyc"},
		{"an answer of before", func(*Request) {}, kept, nyc, "an answer of before, expired at noon; sip:psap-nyc"},
		{"no answer leaves the areas", func(*Request) {}, failed, centre, "took 500.0 ms: no answer within 500ms; what the areas say stands"},
		{"none that can be called, too", func(*Request) {}, mapped("tel:911", "https://x"), centre, "no URI of the answer is one that a call could be sent to; what the areas say stands"},
		{"none at all, too", func(*Request) {}, mapped(), centre, "no URI"},
		{"a URI that is too long is none", func(*Request) {}, mapped("sip:" + strings.Repeat("x", 300) + "@y"), centre, "no URI"},
		{"no answer for a place no area has leaves the endpoint's", here(nil, circle(outside, 0)), failed, centre, "what the areas say stands"},
		{"nobody, and so the ECC", func(r *Request) { r.From.User, r.User = "+33155500100", "112" }, failed, "ecc ecc-fr, number and address", "what the areas say stands"},
	}
	s := lost(t, "{url: https://lost.example.com/}")
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			req := request("+14155550100", "911", "open.sip.twilio.com")
			r.change(&req)
			req.Replies = []Reply{r.reply}
			d := Decide(s, nil, req)
			if got := summary(d); got != r.want {
				t.Errorf("got  %s\nwant %s\n%s", got, r.want, Text(d))
			}
			if saw := step(d, 13).Saw; !strings.Contains(saw, r.saw) {
				t.Errorf("saw %q, want %q", saw, r.saw)
			}
			if d.Question == nil || d.Reply == nil || d.Asked().URL != "https://lost.example.com/" {
				t.Errorf("%+v", d.Asked())
			}
		})
	}
}

func TestRule13ThePlaceIsTheOneThatTheServerWasAskedFor(t *testing.T) {
	s := lost(t, "{url: https://lost.example.com/, default: psap-oakland}")
	req := request("+14155550100", "911", hostBandwidth)
	here(nil, circle(outside, 0))(&req)
	req.Replies = []Reply{mapped("sips:911@psap.example.org")}
	d := Decide(s, nil, req)
	if d.Place.By != PlaceValue || *d.Place.Point != outside || d.BadLocation != "" || d.Caller.Address != nil || d.Targets[0].URI != "sips:911@psap.example.org" || d.Targets[0].Name != "Some Centre" {
		t.Errorf("%+v\n%s", d.Place, Text(d))
	}
	if saw := step(d, 12); saw.Outcome != "applied" || saw.Saw != "the INVITE's point 10.00000, 10.00000 counts (method GPS)" {
		t.Errorf("%+v", saw)
	}
	if saw := step(d, 10); saw.Saw != "lost serves 10.00000, 10.00000 (by LoST) and is in service" {
		t.Errorf("%+v", saw)
	}
	req.Replies[0] = Reply{Kind: QuestionLoST, Err: "late"}
	if d = Decide(s, nil, req); d.Place.By != PlaceEndpoint || d.BadLocation == "" {
		t.Errorf("%+v, %q", d.Place, d.BadLocation)
	}
	req = request("+14155550100", "911", "open.sip.twilio.com")
	req.LocationFault, req.Replies = "line 3", []Reply{mapped("sip:x@y")}
	if d = Decide(s, nil, req); d.Place.By != PlaceAddress || d.BadLocation != "line 3" {
		t.Errorf("%+v, %q", d.Place, d.BadLocation)
	}
	req = request("+33155500100", "112", "open.sip.twilio.com")
	req.Replies = []Reply{{Kind: QuestionLoST, Err: "late"}}
	if d = Decide(s, nil, req); summary(d) != "psap psap-oakland,ecc-fr, number and address" || !strings.Contains(step(d, 13).Saw, "psap-oakland takes the calls of such places") {
		t.Error(Text(d))
	}
	plain := request("+14155550100", "911", "open.sip.twilio.com")
	plain.Replies = []Reply{mapped("sip:psap-nyc@127.0.0.1:5070")}
	if d = Decide(s, nil, plain); step(d, 12).Rule != 0 || d.Place.By != PlaceAddress || step(d, 10).Saw != "psap-nyc serves 645 Harrison St, San Francisco, CA 94105, US (by LoST) and is in service" {
		t.Error(Text(d))
	}
}

func TestRule13ComesAfterTheWebServiceAndBothAreAskedOnce(t *testing.T) {
	s := lost(t, "{url: https://lost.example.com/}")
	r := designated("+19195550911")
	d := Decide(s, nil, r)
	if d.Verdict != VerdictAsk || d.Question.Kind != QuestionHook {
		t.Fatal(Text(d))
	}
	r.Replies = append(r.Replies, said(200, "alicePhone0001", "nycOffice", nil))
	if d = Decide(s, nil, r); d.Verdict != VerdictAsk || d.Question.Kind != QuestionLoST || d.Question.Place.LocationID != "nycOffice" {
		t.Fatal(Text(d))
	}
	r.Replies = append(r.Replies, mapped("sip:x@y"))
	if d = Decide(s, nil, r); d.Verdict != VerdictPSAP || d.Targets[0].URI != "sip:x@y" || d.Asked().Kind != "hook" || d.Reply.AEUI != "alicePhone0001" {
		t.Error(Text(d))
	}
}
