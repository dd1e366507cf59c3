package systest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	api "github.com/twilio/twilio-go/rest/api/v2010"
)

// key makes an API key by the edge's own API and returns its credentials.
func (l *lab) key(t *testing.T, scope string) (sid, secret string) {
	t.Helper()
	var made struct{ SID, Secret string }
	if err := json.Unmarshal(l.post(t, "/api/v1/keys", map[string]any{"name": "systest " + scope, "scope": scope}, http.StatusCreated), &made); err != nil {
		t.Fatal(err)
	}
	return made.SID, made.Secret
}

func TestAnAPIKeyOutlivesACrashAndEndsWhenItIsRevoked(t *testing.T) {
	t.Parallel()
	l := prepareLab(t, settings{})
	l.start(t)
	full, fullSecret := l.key(t, "full")
	read, readSecret := l.key(t, "read")
	l.signal(t, syscall.SIGKILL)
	l.wait(t, 10*time.Second)
	l.start(t)
	number := l.customerAs(full, fullSecret).number(t, "+14155550177")
	reader := l.customerAs(read, readSecret)
	if got := ok[*api.ApiV2010IncomingPhoneNumber](t)(reader.api.FetchIncomingPhoneNumber(*number.Sid, &api.FetchIncomingPhoneNumberParams{})); *got.PhoneNumber != "+14155550177" {
		t.Errorf("a key that reads sees %s", *got.PhoneNumber)
	}
	refusedWith(t, "a key that reads writes", reader.api.DeleteIncomingPhoneNumber(*number.Sid, &api.DeleteIncomingPhoneNumberParams{}), 403, 20403)
	if status, body := l.request(t, http.MethodDelete, "/api/v1/keys/"+full); status != http.StatusNoContent {
		t.Fatalf("revoke: %d %s", status, body)
	}
	_, err := l.customerAs(full, fullSecret).api.FetchAccount(labAccount)
	refusedWith(t, "a revoked key", err, 401, 20003)
	_, err = reader.api.FetchAccount(labAccount)
	if err != nil {
		t.Errorf("the other key: %v", err)
	}
}

func TestWhoGuessesWaitsAndAnOldPasswordDoesNot(t *testing.T) {
	t.Parallel()
	l := startLab(t, settings{})
	admin := l.customer(t)
	old := l.customerAs(labAccount, "anoldtoken")
	for range 30 {
		_, err := old.api.FetchAccount(labAccount)
		refusedWith(t, "an old token", err, 401, 20003)
		ok[any](t)(admin.api.FetchAccount(labAccount))
	}
	limited := false
	for i := range 30 {
		resp, err := l.withPassword(t, fmt.Sprint("guess ", i))
		if err != nil {
			t.Fatal(err)
		}
		if limited = resp.StatusCode == http.StatusTooManyRequests; limited {
			if resp.Header.Get("Retry-After") == "" {
				t.Error("no Retry-After")
			}
			break
		}
	}
	if !limited {
		t.Error("thirty guesses are all looked at")
	}
	if m := l.metrics(t); m[`callbox_logins_total{result="limited"}`] < 1 || m[`callbox_logins_total{result="wrong"}`] < 11 {
		t.Errorf("the metrics: %v wrong, %v limited", m[`callbox_logins_total{result="wrong"}`], m[`callbox_logins_total{result="limited"}`])
	}
}

// withPassword asks the Twilio-compatible API as the lab's account.
func (l *lab) withPassword(t *testing.T, password string) (*http.Response, error) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, l.url("/2010-04-01/Accounts.json"), nil)
	if err != nil {
		t.Fatal(err)
	}
	req.SetBasicAuth(labAccount, password)
	resp, err := http.DefaultClient.Do(req)
	if err == nil {
		resp.Body.Close()
	}
	return resp, err
}

func TestSecretsAreInNoLogAndNoFile(t *testing.T) {
	t.Parallel()
	const sipPassword, wrongSIP, asked = "Phone-secret-911", "Wrong-phone-911", "Asked-secret-911"
	const guessed = "Guessedsecret911" // twilio-go sends letters and digits only
	l := startTalkative(t, "Readsecret911")
	token := l.token(t)
	sid, keySecret := l.key(t, "full")
	for _, login := range [][2]string{{labAccount, token}, {labAccount, "Readsecret911"}, {sid, keySecret}, {labAccount, guessed}, {guessed, labAccount}, {sid, guessed}} {
		_, _ = l.customerAs(login[0], login[1]).api.FetchAccount(labAccount)
		_, _ = l.customerAs(login[0], login[1]).api.CreateAddress(&api.CreateAddressParams{})
	}
	c := l.customerAs(sid, keySecret)
	list := c.credentials(t, "secrets", "carol", sipPassword)
	shown := ok[[]api.ApiV2010SipCredential](t)(c.api.ListSipCredential(list, &api.ListSipCredentialParams{}))
	l.post(t, "/api/v1/explain", map[string]any{"from": "+14155550100", "to": "911", "domain": "phones.sip.us1.twilio.com", "user": "alice", "password": asked}, http.StatusOK)
	l.post(t, "/api/v1/explain", map[string]any{"password": asked}, http.StatusUnprocessableEntity)
	for _, password := range []string{"Callbox-lab-911", wrongSIP} {
		_, _, _ = command(t, "call", "911", "--from", "+14155550100", "--domain", "phones.sip.us1.twilio.com", "--user", "alice", "--password", password, "--edge", l.sip(), "--duration", "100ms")
	}
	_, audit := l.get(t, "/api/v1/audit?limit=1000")
	_, records := l.get(t, "/api/v1/calls")

	secrets := []string{keySecret, "Readsecret911", sipPassword, wrongSIP, asked, guessed, "Callbox-lab-911"}
	places := map[string]string{"the audit log": string(audit), "the calls": string(records), "the list of credentials": fmt.Sprintf("%+v", shown)}
	printed, _, _ := strings.Cut(l.log.String(), `{"level"`) // what is said once at the first start has the token in it
	places["the log"] = strings.TrimPrefix(l.log.String(), printed)
	l.signal(t, syscall.SIGTERM)
	l.wait(t, 20*time.Second)
	l.kept(t, places)
	for where, what := range places {
		for _, secret := range append(secrets, "Authorization: Basic") {
			if strings.Contains(what, secret) {
				t.Errorf("%s is in %s", secret, where)
			}
		}
		if where != "auth-token" && where != "the log" && strings.Contains(what, token) {
			t.Errorf("the token is in %s", where)
		}
	}
	if log := l.log.String(); strings.Count(log, token) > 1 || !strings.Contains(log, "login failed") {
		t.Errorf("the token is in the log %d times, or failed logins are not", strings.Count(log, token))
	}
}

// startTalkative starts an edge that logs all it can and has a token that may only read.
func startTalkative(t *testing.T, readToken string) *lab {
	t.Helper()
	l := prepareLab(t, settings{})
	text, err := os.ReadFile(filepath.Join(l.dir, "config.yaml"))
	if err != nil || !strings.Contains(string(text), "level: debug") {
		t.Fatalf("the lab's configuration: %v\n%s", err, text)
	}
	l.write(t, "config.yaml", strings.Replace(string(text), "level: debug", "level: trace", 1)+"\nauth: {read_token: "+readToken+"}\n")
	l.start(t)
	return l
}

// kept adds the contents of the files in the data directory, by their names.
func (l *lab) kept(t *testing.T, places map[string]string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(l.dir, "data", "*"))
	if err != nil || len(files) < 3 {
		t.Fatalf("%v, %v", files, err)
	}
	for _, f := range files {
		content, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		places[filepath.Base(f)] = string(content)
		if info, err := os.Stat(f); err != nil || filepath.Ext(f) == ".db" && info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", f, info.Mode(), err)
		}
	}
}

func TestTheAPIStaysOnThisMachineUnlessTold(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	_, stderr, code := command(t, "serve", "--http", "0.0.0.0:0", "--data", data)
	if code != 2 || !strings.Contains(stderr, "http.plain: true") {
		t.Errorf("code %d\n%s", code, stderr)
	}
}
