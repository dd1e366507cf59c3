package phone

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/md5"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"hash"
	"math"
	"math/big"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rs/zerolog"
	"go.uber.org/goleak"

	"callbox/sip/agent"
	"callbox/sip/audio"
	"callbox/sip/sdp"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// wait bounds every wait of these tests; it is only reached when a test fails.
const wait = 20 * time.Second

// place calls 911 at e.
func place(t *testing.T, e *edge, change func(*Options)) (Result, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), wait)
	defer cancel()
	o := Options{To: "911", From: "+14155550100", Domain: "lab.sip.us1.twilio.com", Edge: e.addr.String(), Logger: zerolog.Nop()}
	if change != nil {
		change(&o)
	}
	return Call(ctx, o)
}

func TestCallPlaysAndRecords(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	in, out := filepath.Join(dir, "in.wav"), filepath.Join(dir, "out.wav")
	writeTone(t, in, time.Second)
	e := newEdge(t, func(e *edge, in *agent.Incoming) {
		if in.RequestURI.User != "911" || in.RequestURI.Host != "lab.sip.us1.twilio.com" || in.From.User != "+14155550100" {
			t.Errorf("called %+v from %+v", in.RequestURI, in.From)
		}
		leg := in.Accept(e.sink)
		leg.Progress(180, "Ringing", agent.Message{}.With("X-Callbox-Call", "CA1"))
		leg.Answer(e.answer(in, sdp.PCMA()).With("X-Callbox-Voice", "flite"))
	})
	var events []EventKind
	r, err := place(t, e, func(o *Options) {
		o.Play, o.Record, o.Duration = in, out, 1200*time.Millisecond
		o.OnEvent = func(ev Event) { events = append(events, ev.Kind) }
	})
	if err != nil {
		t.Fatal(err)
	}
	want := Result{Status: 200, Reason: "OK", CallID: "CA1", Voice: "flite", Codec: "PCMA", HungUpBy: HungUpCaller}
	got := r
	got.SIPCallID, got.Setup, got.Talk, got.PacketsSent, got.PacketsReceived, got.LevelDBFS = "", 0, 0, 0, 0, 0
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if r.Talk < 1200*time.Millisecond || r.Setup <= 0 || r.PacketsSent < 50 || r.PacketsReceived < 50 || math.Abs(r.LevelDBFS+15) > 1 {
		t.Errorf("figures are %+v", r)
	}
	if diff := cmp.Diff([]EventKind{EventDialled, EventProgress, EventAnswered, EventHeard, EventEnded}, events); diff != "" {
		t.Error(diff)
	}
	pcm := readWAV(t, out)
	if n := len(pcm); n < audio.SampleRate || math.Abs(audio.Level(pcm)+15) > 1 {
		t.Errorf("recorded %d samples at %.1f dBFS", n, audio.Level(pcm))
	}
	e.expect(agent.KindBye)
	e.socket.stream.Close()
	if got := e.socket.meter.Level(); got < -18 || got > -14 { // a tone, then silence
		t.Errorf("the edge heard %.1f dBFS", got)
	}
}

func writeTone(t *testing.T, path string, d time.Duration) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	w, err := audio.NewWAVWriter(f)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(w.Write(audio.Beep().Clip(d).PCM()), w.Close()); err != nil {
		t.Fatal(err)
	}
}

func readWAV(t *testing.T, path string) []int16 {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	pcm, err := audio.ReadWAV(f)
	if err != nil {
		t.Fatal(err)
	}
	return pcm
}

func TestCallTellsWhyItFailed(t *testing.T) {
	t.Parallel()
	e := newEdge(t, func(e *edge, in *agent.Incoming) {
		in.Refuse(503, "Service Unavailable",
			agent.Header{Name: "Warning", Value: `399 callbox "every call centre failed"`},
			agent.Header{Name: "X-Callbox-Error", Value: "21629"}, agent.Header{Name: "X-Callbox-Call", Value: "CA2"},
			agent.Header{Name: "Retry-After", Value: "30"})
	})
	r, err := place(t, e, nil)
	failed, ok := errors.AsType[*FailedError](err)
	if !ok || failed.Result != r {
		t.Fatalf("error is %v", err)
	}
	if r.Status != 503 || r.Sentence != "every call centre failed" || r.ErrorCode != "21629" || r.CallID != "CA2" || r.RetryAfter != "30" || r.Local {
		t.Errorf("result is %+v", r)
	}
	if err.Error() != "503 Service Unavailable: every call centre failed (error 21629)" {
		t.Error(err)
	}
}

func TestCallHearsEarlyMedia(t *testing.T) {
	t.Parallel()
	out := filepath.Join(t.TempDir(), "out.wav")
	e := newEdge(t, func(e *edge, in *agent.Incoming) {
		leg := in.Accept(e.sink)
		leg.Progress(183, "Session Progress", e.answer(in, sdp.PCMU()))
		time.AfterFunc(600*time.Millisecond, func() { leg.Reject(486, "Busy Here") })
	})
	r, err := place(t, e, func(o *Options) { o.Record = out })
	if _, ok := errors.AsType[*FailedError](err); !ok || r.Status != 486 || !r.EarlyMedia || r.Codec != "PCMU" {
		t.Errorf("%+v, %v", r, err)
	}
	if pcm := readWAV(t, out); len(pcm) < audio.SampleRate/4 || audio.Level(pcm) < -16 {
		t.Errorf("recorded %d samples at %.1f dBFS", len(pcm), audio.Level(pcm))
	}
}

func TestCallSendsDigits(t *testing.T) {
	for _, tc := range []struct {
		name    string
		formats []sdp.Format
	}{
		{"as events", []sdp.Format{sdp.PCMU(), sdp.TelephoneEvent(101)}},
		{"by INFO where the edge knows no events", []sdp.Format{sdp.PCMU()}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			e := newEdge(t, func(e *edge, in *agent.Incoming) { in.Accept(e.sink).Answer(e.answer(in, tc.formats...)) })
			var info strings.Builder
			var watching sync.WaitGroup
			watching.Go(func() {
				for {
					switch ev := <-e.events; ev.Kind {
					case agent.KindRequest:
						info.Write(ev.Request.Message.Body)
						ev.Request.Respond(200, "OK", agent.Message{})
					case agent.KindBye:
						return
					}
				}
			})
			if _, err := place(t, e, func(o *Options) { o.DTMF, o.Duration = "1x,#", 2*time.Second }); err != nil {
				t.Fatal(err)
			}
			watching.Wait()
			e.socket.stream.Close()
			if len(tc.formats) == 2 && e.socket.digits != "1#" {
				t.Errorf("the edge heard %q", e.socket.digits)
			}
			if want := "Signal=1\r\nDuration=100\r\nSignal=#\r\nDuration=100\r\n"; len(tc.formats) == 1 && info.String() != want {
				t.Errorf("the edge was sent %q", info.String())
			}
		})
	}
}

func TestCallAnswersWhatTheOtherSideAsks(t *testing.T) {
	t.Parallel()
	legs := make(chan *agent.Leg, 1)
	e := newEdge(t, func(e *edge, in *agent.Incoming) {
		leg := in.Accept(e.sink)
		leg.Answer(e.answer(in, sdp.PCMU()))
		legs <- leg
	})
	var asking sync.WaitGroup
	asking.Go(func() {
		leg := <-legs
		e.expect(agent.KindAcked)
		hold := sdp.Offer(sdp.Local{Addr: netip.MustParseAddr("127.0.0.1"), RTP: e.socket.port, ID: 1, Version: 2}, sdp.Supported(), sdp.SendOnly, 20)
		for _, tc := range []struct {
			method string
			body   []byte
			status int
			says   string
		}{
			{"INVITE", hold, 200, "a=recvonly"}, {"UPDATE", nil, 200, ""}, {"INFO", nil, 200, ""}, {"REFER", nil, 603, ""},
			{"INVITE", []byte("nonsense"), 400, ""}, {"INVITE", []byte("v=0\r\no=- 1 1 IN IP4 1.1.1.1\r\ns=-\r\nt=0 0\r\n"), 488, ""},
		} {
			kind := ""
			if tc.body != nil {
				kind = "application/sdp"
			}
			leg.Send(tc.method, agent.Message{ContentType: kind, Body: tc.body})
			if ev := e.expect(agent.KindResponse); ev.Status != tc.status || !strings.Contains(string(ev.Message.Body), tc.says) {
				t.Errorf("%s %q got %d\n%s", tc.method, tc.body, ev.Status, ev.Message.Body)
			}
		}
		leg.Bye()
	})
	r, err := place(t, e, nil)
	asking.Wait()
	if err != nil || r.HungUpBy != HungUpCallee {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestCallIsCancelled(t *testing.T) {
	t.Parallel()
	e := newEdge(t, func(e *edge, in *agent.Incoming) { in.Accept(e.sink).Progress(180, "Ringing", agent.Message{}) })
	ctx, cancel := context.WithCancel(t.Context())
	r, err := Call(ctx, Options{To: "911", Domain: "lab", Edge: e.addr.String(), Logger: zerolog.Nop(), OnEvent: func(ev Event) {
		if ev.Kind == EventProgress {
			cancel()
		}
	}})
	if _, ok := errors.AsType[*FailedError](err); !ok || r.Status != 487 {
		t.Errorf("%+v, %v", r, err)
	}
	e.expect(agent.KindCancelled)
}

func TestCallProvesWhoItIs(t *testing.T) {
	t.Parallel()
	hash := func(h hash.Hash) string {
		h.Write([]byte("alice:lab:Callbox-lab-911"))
		return hex.EncodeToString(h.Sum(nil))
	}
	e := newEdge(t, func(e *edge, in *agent.Incoming) {
		switch {
		case in.Proof == nil:
			in.Challenge("lab")
		case in.Proof.Username() == "alice" && in.Proof.Verify("lab", hash(md5.New()), hash(sha256.New())):
			in.Refuse(404, "Not Found")
		default:
			in.Refuse(403, "Forbidden")
		}
	})
	for password, want := range map[string]int{"Callbox-lab-911": 404, "wrong": 403} {
		r, _ := place(t, e, func(o *Options) { o.Username, o.Password = "alice", password })
		if r.Status != want {
			t.Errorf("password %q got %d, want %d", password, r.Status, want)
		}
	}
}

// certificate returns one for 127.0.0.1, signed by itself.
func certificate(t *testing.T) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), DNSNames: []string{"lab.example"}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

func TestCallGoesByTLS(t *testing.T) {
	t.Parallel()
	cert := certificate(t)
	a, err := agent.New(agent.Options{
		Listeners: []agent.Listener{{Network: "tls", Address: "127.0.0.1:0"}}, Logger: zerolog.Nop(),
		TLS:      &tls.Config{Certificates: []tls.Certificate{cert}},
		OnInvite: func(in *agent.Incoming) { in.Refuse(404, "Not Found over "+in.Transport) },
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Start(); err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	leaf, err := x509.ParseCertificate(cert.Certificate[0])
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(leaf)
	e := &edge{addr: netip.MustParseAddrPort(a.Addrs()[0].Address)}
	for _, tc := range []struct {
		name   string
		client *tls.Config
		status int
		local  bool
		says   string
	}{
		{"trusted", &tls.Config{RootCAs: roots, ServerName: "lab.example"}, 404, false, ""},
		{"of another name", &tls.Config{RootCAs: roots, ServerName: "evil.example"}, 503, true, "not made out for evil.example"},
		{"not trusted", &tls.Config{ServerName: "lab.example"}, 503, true, "signed by an unknown authority"},
		{"not made out for an address", nil, 503, true, "not made out for 127.0.0.1"},
	} {
		r, err := place(t, e, func(o *Options) { o.Transport, o.ClientTLS = "tls", tc.client })
		if r.Status != tc.status || r.Local != tc.local || r.BadCertificate != tc.local || !strings.Contains(r.Sentence, tc.says) {
			t.Errorf("a certificate %s: %+v, %v", tc.name, r, err)
		}
	}
}

func TestCallIsNotPlaced(t *testing.T) {
	t.Parallel()
	text := filepath.Join(t.TempDir(), "text.wav")
	if err := os.WriteFile(text, []byte("this is no WAV file"), 0o644); err != nil {
		t.Fatal(err)
	}
	for name, o := range map[string]Options{
		"with nobody to call":            {Domain: "lab", Edge: "127.0.0.1:5060"},
		"through no domain":              {To: "911", Edge: "127.0.0.1:5060"},
		"to an edge without a port":      {To: "911", Domain: "lab", Edge: "127.0.0.1"},
		"with a codec it has not":        {To: "911", Domain: "lab", Edge: "127.0.0.1:5060", Codecs: []string{"opus"}},
		"with sound that is not there":   {To: "911", Domain: "lab", Edge: "127.0.0.1:5060", Play: "/does/not/exist.wav"},
		"with sound that is no sound":    {To: "911", Domain: "lab", Edge: "127.0.0.1:5060", Play: text},
		"recording to where it must not": {To: "911", Domain: "lab", Edge: "127.0.0.1:5060", Record: "/does/not/exist/out.wav"},
		"by a transport nobody speaks":   {To: "911", Domain: "lab", Edge: "127.0.0.1:5060", Transport: "sctp"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Call(t.Context(), o)
			if _, failed := errors.AsType[*FailedError](err); err == nil || failed {
				t.Errorf("error is %v", err)
			}
		})
	}
}

func TestFloodIsHungUpOn(t *testing.T) {
	c := &conversation{events: make(chan agent.Event, 2), full: make(chan struct{})}
	for range 5 {
		c.sink(agent.Event{Kind: agent.KindProgress})
	}
	select {
	case <-c.full:
	default:
		t.Error("the flood went unnoticed")
	}
}

// TestCallReadsAnAnswerWithOtherParts has the description stand second, beside a text for people (RFC 6881 section 15).
func TestCallReadsAnAnswerWithOtherParts(t *testing.T) {
	t.Parallel()
	e := newEdge(t, func(e *edge, in *agent.Incoming) {
		m := e.answer(in, sdp.PCMA())
		m.ContentType, m.Body = `multipart/mixed;boundary="x"`, []byte("--x\r\n\r\nPSAP: psap-sf\r\nLocation: \x1b[31mhere\r\n\r\n--x\r\n"+
			"Content-Type: application/sdp\r\n\r\n"+string(m.Body)+"\r\n--x--\r\n")
		in.Accept(e.sink).Answer(m)
	})
	r, err := place(t, e, func(o *Options) { o.To, o.Duration = "urn:service:test.sos", 300*time.Millisecond })
	if err != nil || r.Codec != "PCMA" || r.PacketsSent == 0 || r.PacketsReceived == 0 {
		t.Errorf("audio %q, %d packets sent, %d received, %v", r.Codec, r.PacketsSent, r.PacketsReceived, err)
	}
	if want := "PSAP: psap-sf\nLocation: [31mhere"; r.Said != want {
		t.Errorf("said %q, want %q", r.Said, want)
	}
}
