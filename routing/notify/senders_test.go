package notify

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/mail"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"callbox/routing"
	"callbox/routing/directory"
	"callbox/routing/webhook"
	"callbox/sip/call"
)

const aNote = "NF00000000000000000000000000000001"

// whole is a notification of a call of which all is known.
func whole(t *testing.T) Notice {
	t.Helper()
	a, err := directory.MakeAddress(directory.AddressRecord{Civic: directory.Civic{
		Customer: "Ada King", Street: "645 Harrison St", Secondary: "Fl 2", City: "San Francisco", State: "CA", PostalCode: "94105", Country: "US",
	}})
	if err != nil {
		t.Fatal(err)
	}
	d := &routing.Decision{
		Emergency: true, Account: "AC00000000000000000000000000000911", Domain: "store.sip.us1.twilio.com", Dialled: "911",
		Caller:  routing.Caller{Number: "+14155550100", Replaced: true, Address: a},
		Targets: []routing.Target{{ID: "psap-sf", Name: "San Francisco"}, {ID: "ecc-us", Name: "National"}},
	}
	r := &call.Record{ID: "CA1", From: "ext\r\nSubject: 42\x00\xff", Source: "192.0.2.7:5060", StartedAt: time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC), AnsweredBy: "ecc-us"}
	f := factsOf(EventAnswered, r.StartedAt.Add(3*time.Second), d, r)
	return Notice{ID: aNote, Attempt: 2, Account: d.Account, Facts: f}
}

func TestFactsAreThoseOfTheCallAndText(t *testing.T) {
	t.Parallel()
	f := whole(t).Facts
	if f.Caller != "+14155550100" || f.Secondary != "Fl 2" || f.Centre != "ecc-us" || f.CentreName != "National" || f.AnsweredBy != "ecc-us" {
		t.Errorf("%+v", f)
	}
	if f.Address != "645 Harrison St, Fl 2, San Francisco, CA 94105, US" {
		t.Errorf("address %q", f.Address)
	}
	if want := "ext  Subject: 42   "; strings.TrimSpace(f.Original) != strings.TrimSpace(want) {
		t.Errorf("the original From is %q", f.Original)
	}
	if got := clean(strings.Repeat("ä", 200), 255); len(got) != 254 {
		t.Errorf("cut to %d bytes", len(got))
	}
}

func TestTextHasWhatSecurityStaffNeed(t *testing.T) {
	t.Parallel()
	got := text(whole(t))
	for _, want := range []string{
		"Emergency call to 911 answered: +14155550100", "Address: 645 Harrison St, Fl 2, San Francisco, CA 94105, US", "Floor, suite: Fl 2", "Caller: +14155550100",
		"Instead of: ext", "Dialled: 911", "Call back: +14155550100", "Time: Sat, 21 Nov 2026 12:00:00 UTC", "Answered by: National (ecc-us)", "Call: CA1", "Notification: " + aNote,
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is not in\n%s", want, got)
		}
	}
	for line := range strings.SplitSeq(strings.TrimSuffix(got, "\r\n"), "\r\n") {
		if strings.HasPrefix(line, "Subject") || strings.ContainsAny(line, "\r\n\x00") {
			t.Errorf("a line that is not ours: %q", line)
		}
	}
	if got := text(Notice{Facts: Facts{Event: EventPlaced, Dialled: "933", Test: true}}); !strings.Contains(got, "Test call") || !strings.Contains(got, "Address: none is registered") {
		t.Errorf("a test call without an address:\n%s", got)
	}
}

func TestOnlyThoseAreToldWhoWantToKnow(t *testing.T) {
	t.Parallel()
	q := newQueue(nil, Options{})
	d := &routing.Decision{Emergency: true, Notify: []directory.Notification{
		{Kind: directory.NotifyWebhook, To: "http://all"}, {Kind: directory.NotifyEmail, To: "desk@example.com"},
		{Kind: directory.NotifyMessage, To: "sip:end@192.0.2.7", Events: []directory.NotificationEvent{directory.NotifyEnded}, Test: true},
		{Kind: directory.NotifyListen, To: "sip:desk@192.0.2.7"},
	}}
	told := func(kind call.EventKind) (to []string) {
		q.held = map[string]*item{}
		q.Notify(call.Event{Kind: kind}, d, &call.Record{})
		for _, it := range q.held {
			to = append(to, it.row.Target+" "+it.row.Event)
		}
		slices.Sort(to)
		return to
	}
	for kind, want := range map[call.EventKind]string{
		call.EventDecided: "desk@example.com placed,http://all placed", call.EventAnswered: "http://all answered",
		call.EventEnded: "http://all ended,sip:end@192.0.2.7 ended", call.EventRinging: "",
	} {
		if got := strings.Join(told(kind), ","); got != want {
			t.Errorf("%s: told %q, want %q", kind, got, want)
		}
	}
	d.Emergency = false
	if got := strings.Join(append(told(call.EventDecided), told(call.EventEnded)...), ","); got != "sip:end@192.0.2.7 ended" {
		t.Errorf("of a test call: told %q", got)
	}
}

func TestAWebhookIsASignedForm(t *testing.T) {
	t.Parallel()
	var form url.Values
	var signature string
	answer := http.StatusNoContent
	body := ""
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost || r.ParseForm() != nil {
			t.Errorf("%s %v", r.Method, r.Header)
		}
		form, signature = r.PostForm, r.Header.Get("X-Twilio-Signature")
		w.WriteHeader(answer)
		_, _ = io.WriteString(w, body)
	}))
	defer server.Close()
	client := webhook.New(webhook.Options{})
	defer client.Close()
	w := Webhook{Client: client, Token: func(account string) directory.Secret { return directory.Secret("token of " + account) }}
	n := whole(t)
	n.Target = Target{Kind: KindWebhook, To: server.URL + "/hook?x=1"}
	if err := w.Send(t.Context(), n); err != nil {
		t.Fatal(err)
	}
	if want := webhook.Sign("token of AC00000000000000000000000000000911", n.Target.To, form); signature != want {
		t.Errorf("signed %q, want %q", signature, want)
	}
	for name, want := range map[string]string{
		"NotificationSid": aNote, "Attempt": "2", "Event": "answered", "CallStatus": "in-progress", "CallSid": "CA1", "From": "+14155550100", "To": "911",
		"StreetSecondary": "Fl 2", "AnsweredBy": "ecc-us", "Psap": "ecc-us", "Test": "false", "CallbackNumber": "+14155550100",
	} {
		if got := form.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	n.Target.Secret = "own key"
	answer, body = http.StatusOK, strings.Repeat("x", 1<<20)
	if err := w.Send(t.Context(), n); err != nil {
		t.Errorf("a long answer is no receipt: %v", err)
	}
	if want := webhook.Sign("own key", n.Target.To, form); signature != want {
		t.Errorf("signed %q, want %q", signature, want)
	}
	answer, body = http.StatusInternalServerError, ""
	if err := w.Send(t.Context(), n); err == nil || !strings.Contains(err.Error(), "500") {
		t.Errorf("a server that fails: %v", err)
	}
}

func sendMail(ctx context.Context, t *testing.T, s MailServer) error {
	t.Helper()
	n := whole(t)
	n.Target = Target{Kind: KindEmail, To: "desk@example.com"}
	return Mail{Server: func() MailServer { return s }}.Send(ctx, n)
}

func TestMailIsDeliveredByEachKindOfConnection(t *testing.T) {
	t.Parallel()
	for mode, adjust := range map[string]func(*mailServer){
		MailStartTLS: func(s *mailServer) { s.auth = "edge\x00secret" },
		MailTLS:      func(s *mailServer) { s.implicit, s.auth = true, "edge\x00secret" },
		MailPlain:    func(s *mailServer) { s.starttls = false },
	} {
		s := newMailServer(t, adjust)
		o := s.server(mode)
		if s.auth != "" {
			o.User, o.Password = "edge", "secret"
		}
		if err := sendMail(t.Context(), t, o); err != nil {
			t.Errorf("%s: %v", mode, err)
			continue
		}
		letters, secure := s.got()
		if len(letters) != 1 || secure[0] != (mode != MailPlain) {
			t.Fatalf("%s: %d letters, by TLS: %v", mode, len(letters), secure)
		}
		m, err := mail.ReadMessage(strings.NewReader(letters[0]))
		if err != nil {
			t.Fatal(err)
		}
		for name, want := range map[string]string{
			"To": "<desk@example.com>", "From": `"callbox" <callbox@example.com>`, "Subject": "Emergency call to 911 answered: +14155550100",
			"Message-Id": "<" + aNote + "@example.com>", "X-Callbox-Call": "CA1", "Auto-Submitted": "auto-generated",
		} {
			if got := m.Header.Get(name); got != want {
				t.Errorf("%s: %s is %q, want %q", mode, name, got, want)
			}
		}
	}
}

func TestMailThatIsNotTakenSaysWhyAndHidesThePassword(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		mode, want string
		adjust     func(*mailServer)
	}{
		"refused":            {MailStartTLS, "550", func(s *mailServer) { s.answers["RCPT"] = "550 5.1.1 nobody here" }},
		"busy":               {MailStartTLS, "451", func(s *mailServer) { s.answers["MAIL"] = "451 4.3.0 later" }},
		"refused in the end": {MailStartTLS, "554", func(s *mailServer) { s.answers["DATA"] = "554 no" }},
		"no STARTTLS":        {MailStartTLS, "STARTTLS", func(s *mailServer) { s.starttls = false }},
		"wrong password":     {MailStartTLS, "535", func(s *mailServer) { s.auth = "edge\x00other" }},
	} {
		s := newMailServer(t, tc.adjust)
		o := s.server(tc.mode)
		if s.auth != "" {
			o.User, o.Password = "edge", "hunter2"
		}
		err := sendMail(t.Context(), t, o)
		if err == nil || !strings.Contains(err.Error(), tc.want) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v, want %s", name, err, tc.want)
		}
	}
	s := newMailServer(t, func(*mailServer) {})
	o := s.server(MailStartTLS)
	o.Config = nil
	if err := sendMail(t.Context(), t, o); err == nil || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("a certificate of nobody's: %v", err)
	}
	s.listener.Close()
	if err := sendMail(t.Context(), t, o); err == nil || !strings.Contains(err.Error(), "refused") {
		t.Errorf("nobody there: %v", err)
	}
	if err := sendMail(t.Context(), t, MailServer{}); !errors.Is(err, errNoServer) {
		t.Errorf("no server: %v", err)
	}
}

func TestAMailServerThatHangsIsLeft(t *testing.T) {
	t.Parallel()
	for _, verb := range []string{"greeting", "EHLO", "RCPT", "DATA"} {
		s := newMailServer(t, func(s *mailServer) { s.starttls = false; s.answers[verb] = "hang" })
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		err := sendMail(ctx, t, s.server(MailPlain))
		cancel()
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("hangs at %s: %v", verb, err)
		}
	}
}

// exchange is a Messenger that answers as it is told.
type exchange struct {
	status int
	err    error
	got    Text
}

func (e *exchange) Message(_ context.Context, m Text) (int, string, error) {
	e.got = m
	return e.status, "As Told", e.err
}

func TestAMessageIsTextAndWantsAReceipt(t *testing.T) {
	t.Parallel()
	n := whole(t)
	n.Target = Target{Kind: KindMessage, To: "sip:desk@192.0.2.7"}
	for status, want := range map[int]string{200: "", 202: "", 404: "answered 404 As Told", 302: "answered 302 As Told"} {
		e := &exchange{status: status}
		err := Message{e}.Send(t.Context(), n)
		if got := errorText(err); got != want {
			t.Errorf("%d: %q, want %q", status, got, want)
		}
		if e.got.To != "sip:desk@192.0.2.7" || e.got.ID != aNote || e.got.Call != "CA1" || !strings.Contains(e.got.Body, "Fl 2") || len(e.got.Body) > 1000 {
			t.Errorf("sent %+v", e.got)
		}
	}
	if err := (Message{&exchange{err: errors.New("no answer")}}).Send(t.Context(), n); errorText(err) != "no answer" {
		t.Error(err)
	}
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
