package app

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"callbox/routing/twiml"
	"callbox/routing/webhook"
	"callbox/sip/phone"
)

func TestTheVoicePlaysWhatADocumentSays(t *testing.T) {
	t.Parallel()
	a := start(t, lab(t))
	files := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/no.mp3" {
			w.Header().Set("Content-Type", "audio/mpeg")
			return
		}
		w.Header().Set("Content-Type", "audio/ulaw")
		_, _ = w.Write([]byte(strings.Repeat("\x10", 4000)))
	}))
	t.Cleanup(files.Close)
	notes := make(chan error, 5)
	uri, done := a.speech.Program([]twiml.Verb{
		&twiml.Play{URL: files.URL + "/no.mp3", Loop: 1}, &twiml.Say{Text: "Yes.", Loop: 1}, &twiml.Play{URL: files.URL + "/half.ulaw", Loop: 2},
	}, func(err error) { notes <- err })
	t.Cleanup(done)
	user, at, _ := strings.Cut(strings.TrimPrefix(uri, "sip:"), "@")
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	r, err := phone.Call(ctx, phone.Options{To: user, Domain: "127.0.0.1", Edge: at, Logger: zerolog.Nop()})
	if err != nil || r.HungUpBy != phone.HungUpCallee || r.PacketsReceived < 60 {
		t.Errorf("got %+v, %v", r, err)
	}
	var e *twiml.Error
	if err := <-notes; !errors.As(err, &e) || e.Code != 13420 {
		t.Errorf("of the file that cannot be played was told: %v", err)
	}
}

func TestWebhooksDoNotReachTheEdgesOwnAPI(t *testing.T) {
	t.Parallel()
	a := start(t, lab(t))
	_, port, _ := strings.Cut(a.httpAddr.String(), ":")
	for _, host := range []string{"127.0.0.1", "localhost", "127.9.9.9", "0.0.0.0", "[::ffff:127.0.0.1]"} {
		var e *webhook.Error
		_, err := a.webhooks.Call(t.Context(), webhook.Request{Method: "GET", URL: "http://" + host + ":" + port + "/api/v1/psaps"})
		if !errors.As(err, &e) || e.Code != webhook.CodeConnection || e.Status != 0 {
			t.Errorf("%s: got %v", host, err)
		}
	}
}
