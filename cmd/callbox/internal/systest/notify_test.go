package systest

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/mail"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/twilio/twilio-go/client"

	"callbox/sip/call"
)

// hook is a customer's web server that keeps what it is told, and whether it was signed with a key.
type hook struct {
	server *httptest.Server
	answer func(n int) int // status of the n-th answer, from 0

	mu     sync.Mutex
	forms  []url.Values
	signed []bool
}

func startHook(t *testing.T, key func() string, answer func(n int) int) *hook {
	t.Helper()
	h := &hook{answer: answer}
	h.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := r.ParseForm(); err != nil {
			t.Error(err)
		}
		params := map[string]string{}
		for name := range r.PostForm {
			params[name] = r.PostForm.Get(name)
		}
		v := client.NewRequestValidator(key())
		h.mu.Lock()
		n := len(h.forms)
		h.forms = append(h.forms, r.PostForm)
		h.signed = append(h.signed, v.Validate("http://"+r.Host+r.URL.String(), params, r.Header.Get("X-Twilio-Signature")))
		h.mu.Unlock()
		w.WriteHeader(h.answer(n))
	}))
	t.Cleanup(h.server.Close)
	return h
}

func (h *hook) got() []url.Values {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.forms)
}

// startMailServer takes e-mails and returns where it is and what it has got.
func startMailServer(t *testing.T) (address string, letters func() []string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	var mu sync.Mutex
	var got []string
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				if letter := takeLetter(c); letter != "" {
					mu.Lock()
					got = append(got, letter)
					mu.Unlock()
				}
			}()
		}
	}()
	return l.Addr().String(), func() []string { mu.Lock(); defer mu.Unlock(); return slices.Clone(got) }
}

// takeLetter speaks SMTP for one e-mail.
func takeLetter(c net.Conn) (letter string) {
	in := bufio.NewReader(c)
	say := func(line string) { _, _ = fmt.Fprintf(c, "%s\r\n", line) }
	say("220 mail.example.com ESMTP")
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return letter
		}
		switch verb, _, _ := strings.Cut(strings.TrimSpace(line), " "); strings.ToUpper(verb) {
		case "DATA":
			say("354 go on")
			var text strings.Builder
			for line, err = in.ReadString('\n'); err == nil && line != ".\r\n"; line, err = in.ReadString('\n') {
				text.WriteString(line)
			}
			letter = text.String()
			say("250 taken")
		case "QUIT":
			say("221 bye")
			return letter
		default:
			say("250 well")
		}
	}
}

// tellOf has calls of the lab's first domain told to these.
func (l *lab) tellOf(t *testing.T, who ...map[string]any) {
	t.Helper()
	text, err := json.Marshal(map[string]any{"notify": who})
	if err != nil {
		t.Fatal(err)
	}
	l.put(t, "/api/v1/domains/"+l.domainSID(t, "lab.sip.us1.twilio.com")+"/settings", string(text), http.StatusOK)
}

// told is a notification in the API.
type told struct {
	ID, Event, Kind, State string
	Attempts               int
	LastError              string `json:"last_error"`
}

// untilTold waits until a call's record has n notifications, all of them sent.
func (l *lab) untilTold(t *testing.T, id string, n int) (all []told) {
	t.Helper()
	eventually(t, 60*time.Second, "everybody is told", func() error {
		var record struct{ Notifications []told }
		_, body := l.get(t, "/api/v1/calls/"+id)
		if err := json.Unmarshal(body, &record); err != nil {
			return err
		}
		all = record.Notifications
		if len(all) != n || slices.ContainsFunc(all, func(o told) bool { return o.State != "sent" }) {
			return fmt.Errorf("the record has %+v", all)
		}
		return nil
	})
	return all
}

func TestSecurityStaffAreToldOfAnEmergencyCall(t *testing.T) {
	t.Parallel()
	l := prepareLab(t, settings{})
	address, letters := startMailServer(t)
	config, err := os.ReadFile(filepath.Join(l.dir, "config.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	l.write(t, "config.yaml", string(config)+fmt.Sprintf("smtp: {address: %q, from: callbox@example.com, tls: \"off\"}\n", address))
	l.start(t)
	own := startHook(t, func() string { return "Callbox-lab-911" }, func(n int) int { // once it fails, with the first
		if n == 0 {
			return http.StatusInternalServerError
		}
		return http.StatusNoContent
	})
	theirs := startHook(t, func() string { return l.token(t) }, func(int) int { return http.StatusOK })
	desk := startSIPp(t, "uas_message.xml", newHost(), "", "", "-t", "u1")
	eventually(t, 10*time.Second, "SIPp listens", func() error { return taken(desk.host+":6060", false) })
	l.tellOf(t,
		map[string]any{"kind": "webhook", "to": own.server.URL + "/desk?floor=2", "secret": "Callbox-lab-911"},
		map[string]any{"kind": "webhook", "to": theirs.server.URL + "/", "events": []string{"placed"}, "test": true},
		map[string]any{"kind": "email", "to": "security@example.com"},
		map[string]any{"kind": "message", "to": "sip:desk@" + desk.host + ":6060"},
	)
	_, id := l.call(t, caller{scenario: "answered.xml", to: "911", hold: 300 * time.Millisecond}).answer()
	all := l.untilTold(t, id, 6)
	attempts := 0
	for _, n := range all {
		attempts += n.Attempts
	}
	if attempts != 7 {
		t.Errorf("after one failure: %+v", all)
	}
	checkHook(t, own, id)
	if got := theirs.got(); len(got) != 1 || !theirs.signed[0] || got[0].Get("Event") != "placed" {
		t.Errorf("with the account's token: %v, signed %v", got, theirs.signed)
	}
	if got := letters(); len(got) != 1 {
		t.Errorf("%d letters", len(got))
	} else if m, err := mail.ReadMessage(strings.NewReader(got[0])); err != nil || m.Header.Get("Subject") != "Emergency call: +14155550100 dialled 911" ||
		m.Header.Get("To") != "<security@example.com>" || !strings.Contains(got[0], "645 Harrison St") || !strings.Contains(got[0], id) {
		t.Errorf("the letter is %v\n%s", err, got[0])
	}
	message, ok := desk.said(t).find(func(m message) bool { return m.received && m.isRequest("MESSAGE") })
	if !ok || message.header("Content-Type") != "text/plain;charset=utf-8" || message.header("X-Callbox-Call") != id || message.header("Contact") != "" ||
		!strings.Contains(message.body, "645 Harrison St") || !strings.Contains(message.body, "Call back: +14155550100") {
		t.Errorf("the desk got %+v", message)
	}
	if m := l.metrics(t); m[`callbox_notifications_sent_total{kind="webhook"}`] != 4 || m[`callbox_notification_failures_total{kind="webhook"}`] != 1 {
		t.Errorf("metrics: %v sent, %v failed", m[`callbox_notifications_sent_total{kind="webhook"}`], m[`callbox_notification_failures_total{kind="webhook"}`])
	}
	_, test := l.call(t, caller{scenario: "answered.xml", to: "933", hold: 300 * time.Millisecond}).answer()
	l.untilTold(t, test, 1) // only who asked for it
}

// checkHook checks what a web server was told of an answered call whose first notification it refused once.
func checkHook(t *testing.T, h *hook, id string) {
	t.Helper()
	h.mu.Lock()
	defer h.mu.Unlock()
	ids, events := map[string]int{}, map[string]url.Values{}
	for i, f := range h.forms {
		if !h.signed[i] {
			t.Errorf("the signature of %v is wrong", f)
		}
		ids[f.Get("NotificationSid")]++
		events[f.Get("Event")] = f
		if f.Get("CallSid") != id || f.Get("From") != sanFrancisco || f.Get("To") != "911" || f.Get("Street") != "645 Harrison St" || f.Get("CallbackNumber") != sanFrancisco {
			t.Errorf("told %v", f)
		}
	}
	if len(ids) != 3 || len(h.forms) != 4 || len(events) != 3 {
		t.Errorf("%d notifications in %d requests", len(ids), len(h.forms))
	}
	if a, e := events["answered"], events["ended"]; a.Get("AnsweredBy") != "psap-sf" || e.Get("EndReason") != "caller_hung_up" || e.Get("CallStatus") != "completed" {
		t.Errorf("answered: %v, ended: %v", a, e)
	}
}

func TestNotificationsSurviveAKill(t *testing.T) {
	t.Parallel()
	l := startLab(t, settings{})
	var mu sync.Mutex
	well := false
	h := startHook(t, func() string { return "Callbox-lab-911" }, func(int) int {
		mu.Lock()
		defer mu.Unlock()
		if well {
			return http.StatusOK
		}
		return http.StatusServiceUnavailable
	})
	l.tellOf(t, map[string]any{"kind": "webhook", "to": h.server.URL, "secret": "Callbox-lab-911", "events": []string{"placed"}})
	_, id := l.call(t, caller{scenario: "answered.xml", to: "911", hold: 100 * time.Millisecond}).answer()
	eventually(t, 30*time.Second, "it is tried and kept", func() error {
		_, body := l.get(t, "/api/v1/notifications?state=queued&call="+id)
		if !strings.Contains(string(body), "503") {
			return fmt.Errorf("%s", body)
		}
		return nil
	})
	l.signal(t, syscall.SIGKILL)
	l.wait(t, 10*time.Second)
	first := h.got()[0].Get("NotificationSid")
	mu.Lock()
	well = true
	mu.Unlock()
	l.start(t)
	eventually(t, 60*time.Second, "it is delivered by the next life", func() error {
		_, body := l.get(t, "/api/v1/notifications?state=sent")
		if !strings.Contains(string(body), first) {
			return fmt.Errorf("%s", body)
		}
		return nil
	})
	for _, f := range h.got() {
		if f.Get("NotificationSid") != first {
			t.Errorf("told %v", f)
		}
	}
}

// startDesk starts a softphone that answers every call with a tone and keeps what it hears.
func startDesk(t *testing.T) (uri string, p softphone, running console) {
	t.Helper()
	p = newSoftphone(t)
	p.account = fmt.Sprintf("<sip:desk@%s:6060>;regint=0;answermode=auto;audio_codecs=PCMA/8000/1\n", p.host)
	p.modules, p.tone = []string{"sndfile"}, 60
	running = p.start(t)
	eventually(t, 30*time.Second, "baresip listens", func() error { return taken(p.host+":6060", false) })
	return "sip:desk@" + p.host + ":6060", p, running
}

func TestASecurityDeskHearsTheCall(t *testing.T) {
	t.Parallel()
	l := startLab(t, settings{})
	desk, p, running := startDesk(t)
	l.tellOf(t, map[string]any{"kind": "listen", "to": desk})
	got := phone(t, 0, "911", "--from", sanFrancisco, "--edge", l.sip(), "--tone", "--duration", "6s")
	r := l.record(t, got.CallID)
	heard := slices.ContainsFunc(r.Events, func(e call.Event) bool { return e.Kind == call.EventListening && e.Target == "listen" })
	if len(r.Attempts) != 2 || r.Attempts[1].Purpose != "listen" || r.Attempts[1].Outcome != "answered" || !heard {
		t.Errorf("recorded as %+v, %+v", r.Attempts, r.Events)
	}
	if err := running.process.Signal(os.Interrupt); err != nil { // it closes the file then
		t.Fatal(err)
	}
	var s sound
	eventually(t, 30*time.Second, "baresip has written what it heard", func() error {
		files, err := filepath.Glob(filepath.Join(p.dir, "dump-*-dec.wav"))
		if err != nil || len(files) != 1 {
			return fmt.Errorf("%v %w", files, errors.Join(err))
		}
		if s = readWAV(t, files[0]); s.active < 3*time.Second {
			return fmt.Errorf("heard %+v", s)
		}
		return nil
	})
	if s.level < -25 { // the caller's tone and the call-taker's voice
		t.Errorf("the desk heard %+v", s)
	}
}

func TestASecurityDeskBargesIn(t *testing.T) {
	t.Parallel()
	desk, _, _ := startDesk(t)
	mute := startCentre(t, centre{scenario: "uas_answer.xml", media: true}) // says back what it is told
	level := func(kind string) float64 {
		text := directoryOf(t, target{id: "psap-mute", uri: mute.uri()}, target{id: "ecc-us", uri: "sip:ecc-us@sim"})
		text = strings.Replace(text, "acls: [here]}", "acls: [here], notify: [{kind: "+kind+", to: \""+desk+"\"}]}", 1)
		l := startLab(t, settings{directory: text})
		got := phone(t, 0, "911", "--from", sanFrancisco, "--edge", l.sip(), "--duration", "4s")
		if r := l.record(t, got.CallID); r.AnsweredBy != "psap-mute" || len(r.Attempts) != 2 || r.Attempts[1].Outcome != "answered" {
			t.Errorf("%s: answered by %s, %+v", kind, r.AnsweredBy, r.Attempts)
		}
		return got.Level
	}
	if silent := level("listen"); silent > -60 {
		t.Errorf("a desk that only listens is heard at %.0f dBFS", silent)
	}
	if loud := level("barge"); loud < -30 {
		t.Errorf("a desk that barges in is heard at %.0f dBFS", loud)
	}
}

func TestAMessageFindsARegisteredPhone(t *testing.T) {
	t.Parallel()
	l := startLab(t, settings{})
	l.tellOf(t, map[string]any{"kind": "message", "to": "sip:alice@" + phones})
	_, id := l.call(t, caller{scenario: "answered.xml", to: "911", hold: 100 * time.Millisecond}).answer()
	eventually(t, 30*time.Second, "it is said that nobody is registered", func() error {
		if _, body := l.get(t, "/api/v1/notifications?call="+id); !strings.Contains(string(body), "nobody is registered as sip:alice@"+phones) {
			return fmt.Errorf("%s", body)
		}
		return nil
	})
	h := newHandset(t, l, "alice", password)
	if m := h.register(t, "SHA-256"); !m.isStatus("200") {
		t.Fatal(m.start)
	}
	for deadline := time.Now().Add(60 * time.Second); ; {
		m, ok := h.receive(t, time.Until(deadline))
		if !ok {
			t.Fatal("no MESSAGE has come")
		}
		if !m.isRequest("MESSAGE") {
			continue
		}
		if !strings.HasPrefix(m.start, "MESSAGE sip:alice@"+h.host) || m.header("X-Callbox-Call") != id || !strings.Contains(m.body, "dialled 911") {
			t.Errorf("it was told %+v", m)
		}
		answer := "SIP/2.0 200 OK\r\n"
		for _, name := range []string{"Via", "From", "To", "Call-ID", "CSeq"} {
			answer += name + ": " + m.header(name) + "\r\n"
		}
		h.send(t, answer+"Content-Length: 0\r\n\r\n")
		break
	}
	l.untilTold(t, id, 1)
}
