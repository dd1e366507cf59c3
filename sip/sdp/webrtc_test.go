package sdp

import (
	"bytes"
	"strings"
	"testing"
)

const (
	ice         = "a=ice-ufrag:abcd\r\na=ice-pwd:0123456789012345678901\r\n"
	certificate = "a=fingerprint:sha-256 4A:AD:B9:B1:3F:82:18:3B:54:02:12:DF:3E:5D:49:6B:19:E5:7C:AB:4A:AD:B9:B1:3F:82:18:3B:54:02:12:DF\r\n"
	dtlsLine    = "m=audio 9 UDP/TLS/RTP/SAVPF 111 0 8 126\r\nc=IN IP4 0.0.0.0\r\n"
	dtlsRest    = "a=setup:actpass\r\na=mid:0\r\na=rtcp-mux\r\na=sendrecv\r\n"
	fromBrowser = "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0\r\na=extmap-allow-mixed\r\na=msid-semantic: WMS x\r\n" +
		dtlsLine + "a=candidate:1 1 udp 1 10.9.8.7 5000 typ host\r\na=ice-options:trickle\r\n" + ice + certificate + dtlsRest +
		"a=extmap:1 urn:x\r\na=msid:x y\r\na=rtcp-fb:111 transport-cc\r\na=rtcp-rsize\r\na=ssrc:1 cname:me\r\n" +
		"a=rtpmap:111 opus/48000/2\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:126 telephone-event/8000\r\n"
)

func TestABrowsersOfferIsRead(t *testing.T) {
	s := mustParse(t, fromBrowser)
	if _, ok := s.Audio(); ok {
		t.Error("a plain policy takes it")
	}
	for _, p := range []Security{Optional, Required} {
		w, ok := s.For(p).WebRTC()
		if !ok || w.Ufrag != "abcd" || string(w.Password) != "0123456789012345678901" || w.Mid != "0" || !w.Bundle ||
			w.Hash != "sha-256" || len(w.Fingerprint) != 32 || w.Fingerprint[1] != 0xad {
			t.Errorf("%v: %+v, %v", p, w, ok)
		}
		m, _ := s.For(p).Audio()
		if m.Held || m.Direction != SendRecv || s.For(p).Secure() {
			t.Errorf("%v: held %v, %v, secure by a=crypto %v", p, m.Held, m.Direction, s.For(p).Secure())
		}
	}
}

func TestWhyABrowsersOfferIsRefused(t *testing.T) {
	for lines, want := range map[string]string{
		dtlsLine + certificate + dtlsRest:                                                 "a=ice-ufrag",
		dtlsLine + strings.Replace(ice, "901", "", 1) + certificate + dtlsRest:            "a=ice-pwd",
		dtlsLine + strings.Replace(ice, "abcd", "ab:d", 1) + certificate + dtlsRest:       "a=ice-ufrag",
		dtlsLine + ice + dtlsRest:                                                         "no a=fingerprint",
		dtlsLine + ice + "a=fingerprint:sha-1 4A:AD\r\n" + dtlsRest:                       "none of sha-256",
		dtlsLine + ice + strings.Replace(certificate, "4A:", "", 1) + dtlsRest:            "none of sha-256",
		dtlsLine + ice + certificate + strings.Replace(dtlsRest, "actpass", "passive", 1): "a=setup",
		dtlsLine + ice + certificate + strings.Replace(dtlsRest, "a=rtcp-mux\r\n", "", 1): "no a=rtcp-mux",
		strings.Replace(dtlsLine, "111", "72", 1) + ice + certificate + dtlsRest:          "64 to 95",
	} {
		s := mustParse(t, "v=0\r\n"+lines)
		for _, p := range []Security{Plain, Required} {
			if got := s.For(p).Unusable(); !strings.HasPrefix(got, "the browser's audio line cannot be used: ") || !strings.Contains(got, want) {
				t.Errorf("%q: %q, want %q", lines, got, want)
			}
		}
	}
	// At the session level they count too.
	if _, ok := mustParse(t, "v=0\r\n"+ice+certificate+"a=setup:active\r\n"+dtlsLine+"a=rtcp-mux\r\n").For(Required).WebRTC(); !ok {
		t.Error("session level lines are not taken")
	}
}

// ourWeb is what we say to the browser.
func ourWeb() Local {
	l := ours()
	l.Web = &WebRTC{Ufrag: "ours", Password: Secret("ourPasswordOf22Letters"), Hash: "sha-256", Fingerprint: []byte{0xab, 1}, Mid: "0", Bundle: true}
	return l
}

func TestABrowsersOfferGoesOnAsPlainRTP(t *testing.T) {
	s := mustParse(t, fromBrowser).For(Required)
	text := string(s.Rewrite(nil, ours(), RoleOffer))
	if !strings.Contains(text, "m=audio 30000 RTP/AVP 111 0 8 126\r\n") || !strings.Contains(text, "a=rtpmap:126 telephone-event/8000\r\n") {
		t.Errorf("the offer is\n%s", text)
	}
	for _, not := range []string{"ice", "candidate", "fingerprint", "setup", "mid", "BUNDLE", "rtcp-fb", "rsize", "10.9.8.7", "ssrc"} {
		if strings.Contains(text, not) {
			t.Errorf("%s goes on:\n%s", not, text)
		}
	}
}

func TestABrowserIsAnswered(t *testing.T) {
	answer := mustParse(t, "v=0\r\nc=IN IP4 10.2.2.2\r\nm=audio 5000 RTP/AVP 0 126\r\na=rtpmap:126 telephone-event/8000\r\n")
	l := ourWeb()
	l.Answers = mustParse(t, fromBrowser+"m=video 9 UDP/TLS/RTP/SAVPF 96\r\n").For(Required)
	got := string(answer.Rewrite(nil, l, RoleAnswer))
	want := "v=0\r\no=callbox 911 7 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\na=group:BUNDLE 0\r\na=ice-lite\r\n" +
		"m=audio 30000 UDP/TLS/RTP/SAVPF 0 126\r\na=rtpmap:126 telephone-event/8000\r\na=mid:0\r\na=ice-ufrag:ours\r\n" +
		"a=ice-pwd:ourPasswordOf22Letters\r\na=fingerprint:sha-256 AB:01\r\na=setup:passive\r\n" +
		"a=candidate:1 1 udp 2130706431 192.0.2.1 30000 typ host\r\na=end-of-candidates\r\na=rtcp-mux\r\nm=video 0 UDP/TLS/RTP/SAVPF 96\r\n"
	if got != want {
		t.Errorf("the answer is\n%s\nwant\n%s", got, want)
	}
	l.Answers = nil
	offer := answer.Rewrite(nil, l, RoleOffer)
	if !bytes.Contains(offer, []byte("m=audio 30000 UDP/TLS/RTP/SAVPF 0 126\r\n")) || !bytes.Contains(offer, []byte("a=setup:actpass\r\n")) {
		t.Errorf("a later offer is\n%s", offer)
	}
	own := Offer(l, Supported(), SendRecv, 20)
	if _, ok := mustParse(t, strings.Replace(string(own), "AB:01", strings.TrimSpace(strings.TrimPrefix(certificate, "a=fingerprint:sha-256 ")), 1)).For(Required).WebRTC(); !ok {
		t.Errorf("an offer of our own is\n%s", own)
	}
}
