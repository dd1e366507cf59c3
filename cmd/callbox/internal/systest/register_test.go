package systest

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/icholy/digest"
)

// registration is what the API says of a phone.
type registration struct {
	SID, User, Domain, Contact, Transport, Source, State string
	Q                                                    float64
	BehindNAT                                            bool      `json:"behind_nat"`
	ExpiresAt                                            time.Time `json:"expires_at"`
	UserAgent                                            string    `json:"user_agent"`
}

// registrations returns the phones that are registered.
func (l *lab) registrations(t *testing.T, query string) []registration {
	t.Helper()
	status, body := l.get(t, "/api/v1/registrations"+query)
	var page struct{ Registrations []registration }
	if err := json.Unmarshal(body, &page); err != nil || status != http.StatusOK {
		t.Fatalf("GET /api/v1/registrations: %d %v %s", status, err, body)
	}
	return page.Registrations
}

// registered waits until so many phones are registered.
func (l *lab) registered(t *testing.T, n int) (all []registration) {
	t.Helper()
	eventually(t, 30*time.Second, fmt.Sprint(n, " phones are registered"), func() error {
		if all = l.registrations(t, ""); len(all) != n {
			return fmt.Errorf("%d are", len(all))
		}
		return nil
	})
	return all
}

func TestBaresipRegisters(t *testing.T) {
	t.Parallel()
	l := startLab(t, settings{})
	for _, transport := range []string{"udp", "tcp", "tls"} {
		p, edge := newSoftphone(t), l.sip()
		if transport == "tls" {
			edge = l.sips()
		}
		p.account = account("alice", phones, transport, edge, proves("alice", password, "60")...)
		p.config = "sip_verify_server no\n"
		running := p.register(t, l, "-t", "120")
		one := l.registered(t, 1)[0]
		if one.User != "alice" || one.Domain != phones || one.Transport != transport || !strings.Contains(one.UserAgent, "baresip") ||
			transport == "udp" && one.Source != p.host+":6060" || transport != "udp" && one.State != "open" {
			t.Errorf("%s: %+v", transport, one)
		}
		if left := time.Until(one.ExpiresAt); left <= 0 || left > time.Minute {
			t.Errorf("%s: it lasts %s", transport, left)
		}
		running.stop(syscall.SIGTERM) // it unregisters
		l.registered(t, 0)
	}
}

func TestSIPpRegistersAndLeaves(t *testing.T) {
	t.Parallel()
	l := startLab(t, settings{})
	for _, transport := range []string{"udp", "tcp"} {
		host, mode := newHost(), "u1"
		if transport == "tcp" {
			mode = "t1"
		}
		s := startSIPp(t, "register.xml", host, "", l.sip(), "-t", mode, "-m", "1", "-d", "1000", "-timeout", "30s", "-timeout_error",
			"-key", "ruri", "sip:"+phones, "-key", "to", "<sip:alice@"+phones+">", "-key", "proto", strings.ToUpper(transport),
			"-key", "at", host+":6060", "-au", "alice", "-ap", password)
		if one := l.registered(t, 1)[0]; one.Transport != transport {
			t.Errorf("%+v", one)
		}
		s.finish(t)
		l.registered(t, 0)
	}
}

// handset is a phone that registers by hand.
type handset struct {
	*wire
	user, password string
	cseq           int
	last           string // the last request
}

func newHandset(t *testing.T, l *lab, user, password string) *handset {
	return &handset{wire: dialWire(t, l.sip()), user: user, password: password}
}

// ask sends a REGISTER and returns its answer.
func (h *handset) ask(t *testing.T, change ...string) message {
	t.Helper()
	h.cseq++
	aor := "<sip:" + h.user + "@" + phones + ">"
	change = append([]string{
		": REGISTER sip:" + phones + " SIP/2.0", "From: " + aor + ";tag=1", "Contact: <sip:" + h.user + "@" + h.host + ":6060>;expires=600",
	}, change...)
	h.last = h.request("REGISTER", h.cseq, fmt.Sprint("reg", h.user, h.cseq), aor, "", change...)
	return h.exchange(t, h.last)
}

// exchange sends text until it is answered.
func (h *handset) exchange(t *testing.T, text string) message {
	t.Helper()
	for range 60 {
		h.send(t, text)
		for {
			m, ok := h.receive(t, 500*time.Millisecond)
			if !ok {
				break
			}
			if strings.HasPrefix(m.start, "SIP/2.0 ") {
				return m
			}
		}
	}
	t.Fatal("a REGISTER is not answered")
	return message{}
}

// register answers a challenge, by one algorithm, and returns the final answer.
func (h *handset) register(t *testing.T, algorithm string, change ...string) message {
	t.Helper()
	m := h.ask(t, change...)
	for _, line := range m.headers {
		value, ok := strings.CutPrefix(line, "WWW-Authenticate: ")
		if !ok || !strings.Contains(value, "algorithm="+algorithm+",") {
			continue
		}
		chal, err := digest.ParseChallenge(value)
		if err != nil {
			t.Fatal(err)
		}
		cred, err := digest.Digest(chal, digest.Options{Method: "REGISTER", URI: "sip:" + phones, Username: h.user, Password: h.password})
		if err != nil {
			t.Fatal(err)
		}
		return h.ask(t, append(change, "+Authorization: "+cred.String())...)
	}
	return m
}

func TestRegistrationsSurviveAKill(t *testing.T) {
	t.Parallel()
	l := startLab(t, settings{})
	desk, mobile := newHandset(t, l, "alice", password), newHandset(t, l, "alice", password)
	for h, algorithm := range map[*handset]string{desk: "MD5", mobile: "SHA-256"} {
		if m := h.register(t, algorithm); !m.isStatus("200") {
			t.Fatalf("%s: %s", algorithm, m.start)
		}
	}
	before := l.registered(t, 2)
	if m := mobile.register(t, "MD5", "Contact: <sip:alice@"+mobile.host+":6060>;expires=0"); !m.isStatus("200") {
		t.Fatal(m.start)
	}
	l.signal(t, syscall.SIGKILL)
	l.wait(t, 10*time.Second)
	l.start(t)
	after := l.registered(t, 1)[0]
	if after.Contact != "sip:alice@"+desk.host+":6060" || after.Source != desk.host+":6060" || before[0].ExpiresAt.Sub(after.ExpiresAt).Abs() > time.Minute {
		t.Errorf("after the kill: %+v", after)
	}
	if status, body := l.request(t, http.MethodDelete, "/api/v1/registrations/"+after.SID); status != http.StatusNoContent {
		t.Errorf("DELETE: %d %s", status, body)
	}
	l.registered(t, 0)
	if status, _ := l.request(t, http.MethodDelete, "/api/v1/registrations/"+after.SID); status != http.StatusNotFound {
		t.Errorf("DELETE again: %d", status)
	}
}

func TestUsedCredentialsOpenNothing(t *testing.T) {
	t.Parallel()
	l := startLab(t, settings{})
	h := newHandset(t, l, "alice", password)
	if m := h.register(t, "SHA-256"); !m.isStatus("200") {
		t.Fatal(m.start)
	}
	if m := h.exchange(t, h.last); !m.isStatus("200") { // the answer got lost
		t.Errorf("a repeated REGISTER: %s", m.start)
	}
	replay := strings.ReplaceAll(h.last, "z9hG4bKreg", "z9hG4bKreplay")
	replay = strings.ReplaceAll(replay, ";expires=600", ";expires=0")
	if m := h.exchange(t, replay); !m.isStatus("401") || !strings.Contains(m.header("WWW-Authenticate"), "stale=true") {
		t.Errorf("replayed: %s\n%s", m.start, strings.Join(m.headers, "\n"))
	}
	thief := newHandset(t, l, "alice", "")
	stolen := strings.ReplaceAll(strings.ReplaceAll(h.last, "z9hG4bKreg", "z9hG4bKstolen"), "nc=00000001", "nc=00000002")
	if m := thief.exchange(t, stolen); !m.isStatus("401") && !m.isStatus("403") {
		t.Errorf("stolen: %s", m.start)
	}
	if len(l.registered(t, 1)) != 1 {
		t.Error("the phone is gone")
	}
	l.signal(t, syscall.SIGKILL)
	l.wait(t, 10*time.Second)
	l.start(t)
	if m := h.exchange(t, strings.ReplaceAll(h.last, "z9hG4bKreg", "z9hG4bKlater")); !m.isStatus("401") {
		t.Errorf("a nonce of the edge's former life: %s", m.start)
	}
}

func TestRefusedRegistersSayWhy(t *testing.T) {
	t.Parallel()
	l := startLab(t, settings{})
	h := newHandset(t, l, "alice", password)
	for _, tc := range []struct{ change, status, code, sentence string }{
		{"Contact: <sip:alice@10.0.0.1>;expires=5", "423", "", "1m0s at least"},
		{": REGISTER sip:lab.sip.us1.twilio.com SIP/2.0", "404", "", "another domain"},
		{"Contact: " + strings.TrimSuffix(strings.Repeat("<sip:a@h>,", 100), ","), "400", "", "more than 64"},
	} {
		m := h.register(t, "MD5", tc.change)
		if !m.isStatus(tc.status) || m.header("X-Callbox-Error") != tc.code || !strings.Contains(m.header("Warning"), tc.sentence) {
			t.Errorf("%.60s: %s\n%s", tc.change, m.start, strings.Join(m.headers, "\n"))
		}
	}
	if m := h.ask(t, "+Authorization: Digest username=\"alice\""); !m.isStatus("401") || !strings.Contains(m.header("Warning"), "no realm") {
		t.Errorf("half of the credentials: %s %s", m.start, m.header("Warning"))
	}
	var many []string
	for i := range 11 {
		many = append(many, fmt.Sprintf("<sip:alice@10.0.0.%d>", i+1))
	}
	if m := h.register(t, "MD5", "Contact: "+strings.Join(many, ", ")); !m.isStatus("403") || m.header("X-Callbox-Error") != "32007" {
		t.Errorf("eleven devices: %s %s", m.start, m.header("X-Callbox-Error"))
	}
	wrong, nobody := newHandset(t, l, "alice", "guess"), newHandset(t, l, "mallory", "guess")
	a, b := wrong.register(t, "MD5"), nobody.register(t, "MD5")
	if !a.isStatus("403") || a.start != b.start || a.header("Warning") != b.header("Warning") || a.header("X-Callbox-Error") != b.header("X-Callbox-Error") {
		t.Errorf("a wrong password: %v\nno such user: %v", a, b)
	}
}

// What sipvicious does: it looks for extensions, then guesses passwords, thousands of times.
func TestAScanLeavesTheEdgeServing(t *testing.T) {
	t.Parallel()
	l := startLab(t, settings{})
	scanner := newHandset(t, l, "alice", "guess")
	done := make(chan struct{})
	go func() {
		defer close(done)
		to, err := net.ResolveUDPAddr("udp", l.sip())
		if err != nil {
			return
		}
		conn, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.ParseIP(newHost())})
		if err != nil {
			return
		}
		defer conn.Close()
		for i := range 6000 {
			method := []string{"OPTIONS", "REGISTER", "INVITE"}[i%3]
			text := scanner.request(method, 1, fmt.Sprint("scan", i), fmt.Sprintf("<sip:%d@%s>", 100+i, phones), "",
				fmt.Sprintf(": %s sip:%d@%s SIP/2.0", method, 100+i, phones), "+User-Agent: friendly-scanner",
				fmt.Sprintf("+Authorization: Digest username=\"%d\", realm=\"sip.twilio.com\", nonce=\"x\", uri=\"sip:x\", response=\"0\"", 100+i))
			_, _ = conn.WriteTo([]byte(text), to)
		}
	}()
	for i := range 12 {
		if m := scanner.register(t, "MD5"); !m.isStatus("403") && !m.isStatus("503") {
			t.Errorf("guess %d: %s", i, m.start)
		}
	}
	if by := answeredBy(t, l); by != "psap-sf" {
		t.Errorf("an emergency call is answered by %q", by)
	}
	phone := newHandset(t, l, "alice", password)
	if m := phone.register(t, "SHA-256"); !m.isStatus("200") {
		t.Errorf("alice's own phone: %s", m.start)
	}
	<-done
	_, body := l.get(t, "/api/v1/auth-failures")
	var page struct {
		Failures []struct {
			Source, User string
			Failures     int
		}
	}
	if err := json.Unmarshal(body, &page); err != nil || len(page.Failures) == 0 || page.Failures[0].User != "alice" || page.Failures[0].Source != scanner.host {
		t.Errorf("the guesses are shown as %s (%v)", body, err)
	}
	if n := strings.Count(l.log.String(), "wrong sip credentials"); n != 1 {
		t.Errorf("the log tells of them %d times", n)
	}
}
