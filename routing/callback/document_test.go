package callback

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"callbox/routing/directory"
	"callbox/routing/directory/store"
	"callbox/routing/webhook"
	"callbox/sip/b2bua"
)

// asking returns a planner whose number has the voice URL /v of a website, and what it was asked.
func asking(t *testing.T, pages map[string]string, change func(*Options)) (p *Planner, base string, paths func() []string, form func(i int, name string) string) {
	t.Helper()
	base, asked, client := website(t, pages)
	st := stored(t, func(tx *store.Tx, _, _ func(string) string) error {
		return store.Insert(tx, &store.Number{
			Common: store.Common{AccountSID: account, Origin: store.OriginAPI}, PhoneNumber: number, VoiceURL: base + "/v", VoiceMethod: "POST",
			VoiceFallbackURL: base + "/f", VoiceFallbackMethod: "GET",
		})
	})
	p = planner(t, func(o *Options) {
		o.Store, o.Webhook, o.Voice = st, client, &fakeVoice{}
		o.Token = func(string) directory.Secret { return "token" }
		if change != nil {
			change(o)
		}
	})
	return p, base, func() (all []string) {
			for _, r := range *asked {
				all = append(all, r.URL.Path)
			}
			return all
		}, func(i int, name string) string {
			r := (*asked)[i]
			if name == "signature" {
				if r.Header.Get("X-Twilio-Signature") == webhook.Sign("token", base+r.URL.RequestURI(), r.PostForm) {
					return "right"
				}
				return "wrong"
			}
			return r.Form.Get(name)
		}
}

// first begins a callback of the number.
func first(t *testing.T, p *Planner) (b2bua.CallbackPlan, b2bua.Step) {
	t.Helper()
	d, _ := p.Callback(request(number))
	t.Cleanup(d.Plan.Close)
	return d.Plan, d.Plan.Next(t.Context(), b2bua.StepOutcome{})
}

func TestAVoiceURLIsAskedAsTheProviderDoes(t *testing.T) {
	t.Parallel()
	p, _, paths, form := asking(t, map[string]string{
		"/v":     `<Response><Dial timeout="12" action="/after"><Sip username="u" password="p">sip:alice@127.0.0.20?X-Ward=7</Sip><Sip>sip:bob@shop.sip.twilio.com</Sip></Dial></Response>`,
		"/after": `<Response><Hangup/></Response>`,
	}, func(o *Options) { o.Phones = fakePhones{"bob@shop.sip.twilio.com": {"sip:bob@10.0.0.1"}} })
	plan, s := first(t, p)
	// The one registered phone of the domain rings before any document.
	if s.Dial[0].URI != "sip:bob@10.0.0.1" {
		t.Fatalf("the first step is %+v", s)
	}
	s = plan.Next(t.Context(), b2bua.StepOutcome{Kind: b2bua.StepDial, Outcome: "busy", Status: 486})
	if len(s.Dial) != 2 || s.Dial[0].Username != "u" || s.Dial[0].Password != "p" || s.Dial[1].Route == nil || !s.GoesOn || s.Dial[0].Ring != 12*time.Second {
		t.Fatalf("the step of the document is %+v", s)
	}
	for name, want := range map[string]string{
		"CallSid": "CAnew", "AccountSid": account, "To": number, "From": "psap-sf", "CallStatus": "ringing", "Direction": "inbound",
		"signature": "right",
	} {
		if got := form(0, name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	s = plan.Next(t.Context(), b2bua.StepOutcome{Kind: b2bua.StepDial, Answered: true, Outcome: "answered", Duration: 3 * time.Second})
	if s.Kind != b2bua.StepEnd || !slices.Equal(paths(), []string{"/v", "/after"}) {
		t.Errorf("it ended with %+v after %v", s, paths())
	}
	if form(1, "DialCallStatus") != "completed" || form(1, "DialCallDuration") != "3" || form(1, "CallStatus") != "in-progress" {
		t.Errorf("the action was told %s, %s", form(1, "DialCallStatus"), form(1, "DialCallDuration"))
	}
}

func TestADocumentThatReachesNobodyLeavesItToTheFallback(t *testing.T) {
	t.Parallel()
	for name, page := range map[string]string{
		"its targets do not answer":    `<Response><Dial><Sip>sip:alice@127.0.0.20</Sip></Dial></Response>`,
		"it has none that can be rung": `<Response><Dial><Number>+19995550199</Number></Dial></Response>`,
		"it only says something":       `<Response><Say>We are closed.</Say></Response>`,
		"it is empty":                  `<Response/>`,
		"it hangs up":                  `<Response><Hangup/></Response>`,
		"it goes round in circles":     `<Response><Redirect>/v</Redirect></Response>`,
		"it is no document":            `{"a": 1}`,
		"it is a bomb":                 `<!DOCTYPE r [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><Response><Say>&b;</Say></Response>`,
		"it is too large":              `<Response><Say>` + strings.Repeat("a", 70<<10) + `</Say></Response>`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, _, paths, _ := asking(t, map[string]string{"/v": page}, nil)
			rung, _ := way(t, p, request(number))
			if n := len(rung); n < 2 || rung[n-2] != "sip:reception@127.0.0.8" || rung[n-1] != "sip:desk@127.0.0.9" {
				t.Errorf("rung %v", rung)
			}
			if len(paths()) == 0 || len(paths()) > 30 {
				t.Errorf("asked %d times", len(paths()))
			}
		})
	}
}

func TestTheFallbackURLIsAskedWhenTheVoiceURLFails(t *testing.T) {
	t.Parallel()
	p, _, paths, form := asking(t, map[string]string{"/f": `<Response><Dial><Sip>sip:spare@127.0.0.20</Sip></Dial></Response>`}, nil)
	_, s := first(t, p)
	if len(s.Dial) != 1 || s.Dial[0].URI != "sip:spare@127.0.0.20" || !slices.Equal(paths(), []string{"/v", "/f"}) {
		t.Fatalf("step %+v after %v", s, paths())
	}
	if form(1, "ErrorCode") == "" || !saw([]b2bua.Step{s}, "document", "failed: the fallback URL is asked") {
		t.Errorf("the error is %q, the trace %+v", form(1, "ErrorCode"), s.Trace)
	}
}

func TestADocumentMayReject(t *testing.T) {
	t.Parallel()
	for page, status := range map[string]int{`<Response><Reject reason="busy"/></Response>`: 486, `<Response><Reject/></Response>`: 603} {
		p, _, _, _ := asking(t, map[string]string{"/v": page}, nil)
		if _, s := first(t, p); s.Kind != b2bua.StepReject || s.Status != status {
			t.Errorf("%s: %+v", page, s)
		}
	}
}

func TestADocumentMayPlayBeforeItDials(t *testing.T) {
	t.Parallel()
	voice := &fakeVoice{}
	p, _, _, _ := asking(t, map[string]string{"/v": `<Response><Say>Please hold.</Say><Dial><Sip>sip:alice@127.0.0.20</Sip></Dial></Response>`},
		func(o *Options) { o.Voice = voice })
	plan, s := first(t, p)
	if s.Kind != b2bua.StepPlay || s.Dial[0].URI != "sip:token@127.0.0.1:9" {
		t.Fatalf("step %+v", s)
	}
	s = plan.Next(t.Context(), b2bua.StepOutcome{Kind: b2bua.StepPlay, Answered: true})
	if s.Kind != b2bua.StepDial || !s.GoesOn || !slices.Equal(voice.said, []string{"Please hold.", "(done)"}) {
		t.Errorf("step %+v, said %q", s, voice.said)
	}
	// The fallback comes after a <Dial> that reached nobody, even though the call was answered.
	s = plan.Next(t.Context(), b2bua.StepOutcome{Kind: b2bua.StepDial, Outcome: "timeout"})
	if s.Kind != b2bua.StepDial || s.Dial[0].URI != "sip:reception@127.0.0.8" {
		t.Errorf("step %+v", s)
	}
}

func TestTheDisasterRecoveryURLIsAskedWhenTheTrunkIsDown(t *testing.T) {
	t.Parallel()
	base, asked, client := website(t, map[string]string{"/d": `<Response><Dial><Sip>sip:mobile@127.0.0.20</Sip></Dial></Response>`})
	st := stored(t, func(tx *store.Tx, trunk, _ func(string) string) error {
		u := origin(trunk("main.pstn.twilio.com"), "sip:127.0.1.1", 1, 1, true)
		if err := store.Insert(tx, &u); err != nil {
			return err
		}
		k, err := store.Get[store.Trunk](tx, "", trunk("main.pstn.twilio.com"))
		if err != nil {
			return err
		}
		k.DisasterRecoveryURL, k.DisasterRecoveryMethod = base+"/d", "GET"
		return store.Save(tx, &k)
	})
	rung, _ := way(t, planner(t, func(o *Options) { o.Store, o.Webhook = st, client }), request(number))
	want := []string{"sip:+14155550100@127.0.1.1", "sip:mobile@127.0.0.20", "sip:reception@127.0.0.8", "sip:desk@127.0.0.9"}
	if !slices.Equal(rung, want) || len(*asked) != 1 || (*asked)[0].Method != "GET" {
		t.Errorf("rung %v", rung)
	}
}

// What a customer's server writes must not fill the memory and the call record.
func TestTheTraceOfAHostileDocumentIsBounded(t *testing.T) {
	t.Parallel()
	odd := ""
	for i := range 1000 {
		odd += fmt.Sprintf(" a%d=''", i)
	}
	p, _, _, _ := asking(t, map[string]string{
		"/v": "<Response>" + strings.Repeat("<Dial><Number>+19995550199</Number></Dial>", 300) + "<Redirect>/w</Redirect></Response>",
		"/w": "<Response><Pause" + odd + "/><Redirect>/v</Redirect></Response>",
	}, nil)
	_, steps := way(t, p, request(number))
	notes, warnings := 0, 0
	for _, s := range steps {
		notes += len(s.Trace)
		for _, one := range s.Trace {
			if strings.Contains(one.Saw, "is not allowed in <Pause>") {
				warnings++
			}
		}
	}
	if notes > mostSteps || warnings > mostWarnings || !saw(steps, "trace", "left out") {
		t.Errorf("%d steps, %d of them warnings", notes, warnings)
	}
	p, _, _, _ = asking(t, map[string]string{"/v": "<Response><Pause" + odd + "/></Response>"}, nil)
	if _, steps = way(t, p, request(number)); !saw(steps, "document", "there are 990 more warnings") || !saw(steps, "fallback", "desk") {
		t.Error("the trace of a document with many warnings does not say what came after")
	}
}

func TestWhatADialSaysOfItsCall(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		attributes, from string
		limit            time.Duration
		foreign          bool // the trace says that the number is not the account's
	}{
		{"", "", 0, false},
		{`callerId="+14155550100"`, number, 0, false},
		{`callerId="+12125550100"`, "+12125550100", 0, false},
		{`callerId="+14155550111"`, number, 0, true},
		{`timeLimit="60"`, "", time.Minute, false},
		{`timeLimit="14400"`, "", 0, false},
		{`timeLimit="14401"`, "", 14401 * time.Second, false},
	} {
		p, _, _, _ := asking(t, map[string]string{"/v": "<Response><Dial " + tt.attributes + "><Sip>sip:a@127.0.0.20</Sip></Dial></Response>"}, nil)
		_, s := first(t, p)
		if len(s.Dial) != 1 || s.Dial[0].From != tt.from || s.Limit != tt.limit || saw([]b2bua.Step{s}, "document", "is no number of the account") != tt.foreign {
			t.Errorf("%s: %+v", tt.attributes, s)
		}
	}
}

func TestTheActionIsToldTheCallsThatWereDialled(t *testing.T) {
	t.Parallel()
	p, _, _, form := asking(t, map[string]string{
		"/v":     `<Response><Dial action="/after"><Sip>sip:a@127.0.0.20</Sip></Dial></Response>`,
		"/after": `<Response><Dial action="/last"><Sip>sip:b@127.0.0.20</Sip></Dial></Response>`,
		"/last":  `<Response><Dial action="/none"><Number>+19995550199</Number></Dial></Response>`,
		"/none":  `<Response/>`,
	}, nil)
	plan, _ := first(t, p)
	plan.Next(t.Context(), b2bua.StepOutcome{Kind: b2bua.StepDial, Outcome: "busy", Status: 486})
	plan.Next(t.Context(), b2bua.StepOutcome{Kind: b2bua.StepDial, Answered: true, Outcome: "answered", Duration: time.Second})
	one, two := form(1, "DialCallSid"), form(2, "DialCallSid")
	if len(one) != 34 || !strings.HasPrefix(one, "CA") || len(two) != 34 || one == two || form(3, "DialCallSid") != "" {
		t.Errorf("the calls are %q, %q, %q", one, two, form(3, "DialCallSid"))
	}
	if form(1, "DialBridged") != "false" || form(2, "DialBridged") != "true" || form(2, "DialCallDuration") != "1" || form(1, "DialCallDuration") != "" {
		t.Errorf("bridged %s %s, %s s", form(1, "DialBridged"), form(2, "DialBridged"), form(2, "DialCallDuration"))
	}
}
