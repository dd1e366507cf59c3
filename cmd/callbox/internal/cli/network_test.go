package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"callbox/cmd/callbox/internal/web"
)

// talk is what a command says while it runs.
type talk struct {
	mu    sync.Mutex
	text  bytes.Buffer
	heard chan struct{} // closed and replaced at each word
}

func newTalk() *talk { return &talk{heard: make(chan struct{})} }

func (k *talk) Write(p []byte) (int, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	close(k.heard)
	k.heard = make(chan struct{})
	return k.text.Write(p)
}

func (k *talk) String() string {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.text.String()
}

// await returns the first group of pattern as soon as the command has said it.
func (k *talk) await(t *testing.T, pattern string) string {
	t.Helper()
	limit := time.After(20 * time.Second)
	for {
		k.mu.Lock()
		m := regexp.MustCompile(pattern).FindStringSubmatch(k.text.String())
		heard := k.heard
		k.mu.Unlock()
		if m != nil {
			return m[1]
		}
		select {
		case <-heard:
		case <-limit:
			t.Fatalf("never said %q, but\n%s", pattern, k)
		}
	}
}

// background runs a command until the test ends, when it must end well.
func background(t *testing.T, args ...string) *talk {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	stderr, code := newTalk(), make(chan int, 1)
	go func() { code <- Run(ctx, "v1", args, strings.NewReader(""), new(bytes.Buffer), stderr) }()
	t.Cleanup(func() {
		cancel()
		if c := <-code; c != 0 {
			t.Errorf("callbox %s ended with code %d\n%s", args[0], c, stderr)
		}
	})
	return stderr
}

// run runs a command to its end.
func run(t *testing.T, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	var out, errs bytes.Buffer
	code = Run(t.Context(), "v1", args, strings.NewReader(""), &out, &errs)
	return out.String(), errs.String(), code
}

// placed runs `call -o json` and returns what it tells.
func placed(t *testing.T, code int, args ...string) (c called) {
	t.Helper()
	stdout, stderr, got := run(t, append([]string{"call", "-o", "json"}, args...)...)
	if got != code {
		t.Fatalf("call %v ended with code %d, want %d\n%s%s", args, got, code, stdout, stderr)
	}
	if err := json.Unmarshal([]byte(stdout), &c); err != nil {
		t.Fatalf("%v in %q", err, stdout)
	}
	return c
}

// read decodes a page of the API.
func read(t *testing.T, url string, into any) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if err := json.NewDecoder(resp.Body).Decode(into); err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("GET %s: %s, %v", url, resp.Status, err)
	}
}

func TestAServedLabIsCalled(t *testing.T) {
	t.Parallel()
	edge := background(t, "serve", "--data", filepath.Join(t.TempDir(), "data"), "--sip", "udp:127.0.0.1:0", "--sip", "tls:127.0.0.1:0",
		"--http", "127.0.0.1:0", "--sim", "127.0.0.1:0", "--rtp-ports", "41100-41199", "--log-level", "error")
	udp := edge.await(t, `udp (127\.0\.0\.1:\d+)`)
	tls := edge.await(t, `tls (127\.0\.0\.1:\d+)`)
	api := edge.await(t, `http://(127\.0\.0\.1:\d+)`)
	const from = "+14155550100"

	t.Run("911 is answered and heard", func(t *testing.T) {
		t.Parallel()
		wav := filepath.Join(t.TempDir(), "heard.wav")
		c := placed(t, 0, "911", "--from", from, "--edge", udp, "--duration", "1500ms", "--record", wav)
		if !c.Answered || c.Status != 200 || c.HungUpBy != "caller" || c.PacketsReceived == 0 || !strings.HasPrefix(c.CallID, "CA") {
			t.Errorf("%+v", c)
		}
		if info, err := os.Stat(wav); err != nil || info.Size() < 8000 {
			t.Errorf("the recording: %v, %v", info, err)
		}
	})
	t.Run("what was said and heard can be read", func(t *testing.T) {
		t.Parallel()
		c := placed(t, 0, "911", "--from", from, "--edge", udp, "--duration", "900ms", "--dtmf", "5")
		var got web.CallDetail
		read(t, "http://"+api+"/api/v1/calls/"+c.CallID, &got)
		if len(got.Transcripts) != 1 || string(got.ID) != c.CallID {
			t.Fatalf("%+v", got)
		}
		heard := got.Transcripts[0]
		if heard.Centre != "psap-sf" || heard.Voice != c.Voice || heard.Digits != "5" || heard.Number != from || heard.Address == "" ||
			!slices.Equal(heard.Said, []string{"san francisco emergency communications. this is a test."}) {
			t.Errorf("%+v", heard)
		}
	})
	t.Run("over TLS, whose certificate is nobody's word", func(t *testing.T) {
		t.Parallel()
		if c := placed(t, 0, "911", "--from", from, "--edge", tls, "--transport", "tls", "--insecure", "--duration", "200ms"); !c.Answered {
			t.Errorf("%+v", c)
		}
		if c := placed(t, 4, "911", "--from", from, "--edge", tls, "--transport", "tls"); c.Answered || !c.Local ||
			!strings.HasPrefix(c.Sentence, "the certificate of "+tls+" is signed by an unknown authority; --insecure takes it") {
			t.Errorf("without --insecure: %+v", c)
		}
	})
	t.Run("a refusal is told to people", func(t *testing.T) {
		t.Parallel()
		stdout, stderr, code := run(t, "call", "911", "--from", "+19995550199", "--edge", udp)
		if code != 4 || !strings.Contains(stdout, "not answered: 403") || !strings.Contains(stdout, "because  ") || !strings.Contains(stderr, "dialled") {
			t.Errorf("code %d\n%s%s", code, stdout, stderr)
		}
	})
	t.Run("credentials", func(t *testing.T) {
		t.Parallel()
		c := placed(t, 0, "911", "--from", from, "--edge", udp, "--domain", "phones.sip.us1.twilio.com",
			"--user", "alice", "--password", "Callbox-lab-911", "--duration", "100ms")
		if !c.Answered {
			t.Errorf("%+v", c)
		}
	})
}

func TestCallCentresRunAlone(t *testing.T) {
	t.Parallel()
	centres := background(t, "psap", "--address", "127.0.0.1:0", "--voice", "builtin", "--rtp-ports", "41200-41219", "--advertise", "127.0.0.1")
	address := centres.await(t, `sip:CENTRE@(127\.0\.0\.1:\d+)`)
	if c := placed(t, 4, "sip:psap-busy@"+address, "--from", "+1", "--edge", address); c.Status != 486 {
		t.Errorf("%+v", c)
	}
	if c := placed(t, 0, "sip:psap-sf@"+address, "--from", "+1", "--edge", address, "--duration", "300ms"); c.PacketsReceived == 0 {
		t.Errorf("%+v", c)
	}
	_, stderr, code := run(t, "psap", "--address", address)
	if code != 1 || !strings.Contains(stderr, "--address") {
		t.Errorf("on a taken port: code %d\n%s", code, stderr)
	}
}

func TestACallToNobodyFails(t *testing.T) {
	t.Parallel()
	for _, transport := range []string{"tcp", "tls"} {
		if c := placed(t, 4, "911", "--from", "+1", "--edge", "127.0.0.1:9", "--transport", transport); !c.Local || c.Answered ||
			c.Sentence != "connection refused at 127.0.0.1:9" {
			t.Errorf("%s: %+v", transport, c)
		}
	}
	if _, stderr, code := run(t, "call", "911", "--play", "gone.wav", "--edge", "127.0.0.1:9"); code != 1 || !strings.Contains(stderr, "gone.wav") {
		t.Errorf("a file that is not there: code %d\n%s", code, stderr)
	}
}
