package b2bua

import (
	"strings"
	"testing"

	"callbox/sip/agent"
	"callbox/sip/call"
	"callbox/sip/media"
	"callbox/sip/sdp"
)

const (
	webNames = "a=ice-ufrag:abcd\r\na=ice-pwd:0123456789012345678901\r\n"
	webRest  = "a=setup:actpass\r\na=mid:0\r\na=rtcp-mux\r\na=sendrecv\r\n" +
		"a=fingerprint:sha-256 4A:AD:B9:B1:3F:82:18:3B:54:02:12:DF:3E:5D:49:6B:19:E5:7C:AB:4A:AD:B9:B1:3F:82:18:3B:54:02:12:DF\r\n"
	webOffer = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111 0 126\r\nc=IN IP4 0.0.0.0\r\n" +
		"a=rtpmap:111 opus/48000/2\r\na=rtpmap:126 telephone-event/8000\r\na=rtcp-fb:111 transport-cc\r\n" + webNames + webRest
	webAnswer = "v=0\r\no=bob 7 7 IN IP4 10.2.2.2\r\ns=-\r\nc=IN IP4 10.2.2.2\r\nt=0 0\r\nm=audio 5000 RTP/AVP 0 126\r\na=rtpmap:126 telephone-event/8000\r\na=sendrecv\r\n"
)

// inviteOver is invite by another transport.
func (w *world) inviteOver(transport, body string) *peer {
	in := incoming(agent.Message{Body: []byte(body), ContentType: typeSDP})
	in.Transport = transport
	return w.take(in)
}

// web is what the media was told of the browser, once it is said what the caller was told.
func (w *world) web(m agent.Message) media.Web {
	w.t.Helper()
	r := w.media.sides[0].remote
	if r.Web == nil || r.Keys != nil {
		w.t.Fatalf("the media was told %+v", r)
	}
	has(w.caller, m, "a=ice-lite", "a=ice-ufrag:"+r.Web.Ufrag+"\r\n", "a=ice-pwd:"+r.Web.Password+"\r\n", "UDP/TLS/RTP/SAVPF", "a=rtcp-mux", "a=candidate:1 1 udp ")
	return *r.Web
}

func TestABrowserCallsOverAWebSocket(t *testing.T) {
	play(t, func(w *world) {
		a := w.inviteOver("wss", webOffer)
		b := w.b(1)
		has(b, b.out.Message, "RTP/AVP 111 0 126", "telephone-event/8000")
		lacks(b, b.out.Message, "ice-", "fingerprint", "setup", "crypto", "rtcp-fb", "candidate")
		b.answers(webAnswer)
		m := a.expect("answer 200").message
		has(a, m, "UDP/TLS/RTP/SAVPF 0 126", "a=setup:passive", "a=group:BUNDLE 0", "a=mid:0", "a=fingerprint:sha-256 ")
		first := w.web(m)
		if first.PeerUfrag != "abcd" || first.Hash != "sha-256" || first.Fingerprint[:2] != "\x4a\xad" {
			t.Errorf("the media was told %+v", first)
		}
		if w.media.sides[1].remote.Mux || w.media.sides[1].remote.Web != nil {
			t.Error("the centre's side is a browser's too")
		}
		a.acks("")

		// ICE begins anew with other names, and only then.
		q := a.asks("INVITE", strings.Replace(webOffer, "o=- 1 1", "o=- 1 2", 1))
		b.responds(b.expect("send INVITE"), 200, webAnswer)
		if again := w.web(q.got(200)); again != first {
			t.Errorf("ICE began anew: %+v", again)
		}
		a.acks("")
		q = a.asks("INVITE", strings.Replace(webOffer, "ufrag:abcd", "ufrag:efgh", 1))
		b.responds(b.expect("send INVITE"), 200, webAnswer)
		if again := w.web(q.got(200)); again.Ufrag == first.Ufrag || again.Password == first.Password || again.PeerUfrag != "efgh" {
			t.Errorf("ICE goes on: %+v", again)
		}
		a.acks("")

		// The centre holds and the page answers; plain RTP is refused.
		q = b.asks("INVITE", with(webAnswer, "sendonly", 5000))
		passed := a.expect("send INVITE")
		has(a, passed.message, "a=setup:actpass", "a=mid:0", "a=sendonly")
		w.web(passed.message)
		held := strings.NewReplacer("sendrecv", "recvonly", "actpass", "active", "ufrag:abcd", "ufrag:efgh").Replace(webOffer)
		a.responds(passed, 200, held)
		lacks(b, q.got(200), "ice", "SAVP", "fingerprint")
		b.acks("")
		a.asks("INVITE", offerA).got(488)
		b.silent()
		a.byes()
	})
}

func TestWhereABrowserIsTaken(t *testing.T) {
	for name, x := range map[string]struct {
		transport string
		secure    bool
		offer     string
		taken     bool
		warning   string
	}{
		"a plain domain":               {"ws", false, webOffer, true, ""},
		"a secure one":                 {"wss", true, webOffer, true, ""},
		"a secure one, by TLS":         {"tls", true, webOffer, true, ""},
		"a plain trunk":                {"udp", false, webOffer, false, "only a browser's"},
		"RTP by WebSocket":             {"ws", false, offerA, true, ""},
		"SDES by WebSocket and plain":  {"ws", false, secured(offerA, new(sdp.Keyring).Offer()...), false, "switch SRTP off"},
		"a browser's with another key": {"ws", false, strings.Replace(webOffer, "sha-256", "sha-1", 1), false, "none of sha-256"},
	} {
		t.Run(name, func(t *testing.T) {
			play(t, func(w *world) {
				w.plan.Secure = x.secure
				a := w.inviteOver(x.transport, x.offer)
				if x.taken {
					w.b(1)
					a.cancels()
					return
				}
				w.refused(488, x.warning)
			})
		})
	}
}

func TestABrowserWithoutKeysEndsItsCall(t *testing.T) {
	play(t, func(w *world) {
		a := w.inviteOver("ws", webOffer)
		b := w.b(1)
		b.answers(webAnswer)
		a.expect("answer 200")
		a.acks("")
		w.media.notify(media.Notice{Kind: media.NoticeUnsecured, Side: call.LegA, Reason: "it shows another certificate"})
		w.settle()
		a.expect("bye")
		b.expect("bye")
		if r := w.ended(call.EndBadRequest); !strings.Contains(r.SIPReason, "no DTLS-SRTP with the browser: it shows another certificate") {
			t.Errorf("the record says %q", r.SIPReason)
		}
	})
}
