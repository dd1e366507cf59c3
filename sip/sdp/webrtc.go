package sdp

import (
	"bytes"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"strconv"
	"strings"
)

// WebRTC is what a browser's description says of the way to its audio: the keys of
// SRTP come by DTLS (RFC 5763, RFC 8842), the address by ICE (RFC 8839).
type WebRTC struct {
	Ufrag       string
	Password    Secret
	Hash        string // of the certificate: sha-256, sha-384 or sha-512
	Fingerprint []byte
	Mid         string // of the audio line, "" where it has none
	Bundle      bool   // a=group:BUNDLE names that
}

// webLines are the lines of a section that WebRTC is made of.
type webLines struct {
	ufrag, password, setup, mid, hash string
	fingerprint                       []byte
	bundle                            []string
	refused                           string // the hash of a fingerprint that is not taken
}

// dtls tells whether SRTP keys come by DTLS.
func (m *Media) dtls() bool {
	return strings.EqualFold(m.Proto, "UDP/TLS/RTP/SAVP") || strings.EqualFold(m.Proto, "UDP/TLS/RTP/SAVPF")
}

// readWeb takes the attributes of WebRTC. Of each the first counts; of fingerprints
// the first with a hash that is taken.
func (lv *level) readWeb(name, value []byte) {
	switch string(name) {
	case "ice-ufrag", "ice-pwd", "fingerprint", "setup", "mid", "group":
	default:
		return
	}
	if lv.web == nil {
		lv.web = &webLines{}
	}
	w, text := lv.web, string(bytes.TrimSpace(value))
	put := func(field *string) {
		if *field == "" {
			*field = text
		}
	}
	switch string(name) {
	case "ice-ufrag":
		put(&w.ufrag)
	case "ice-pwd":
		put(&w.password)
	case "setup":
		put(&w.setup)
	case "mid":
		put(&w.mid)
	case "group":
		if kind, mids, _ := strings.Cut(text, " "); kind == "BUNDLE" && w.bundle == nil {
			w.bundle = strings.Fields(mids)
		}
	case "fingerprint":
		w.addFingerprint(text)
	}
}

// addFingerprint reads "sha-256 4A:AD:B9:…".
func (w *webLines) addFingerprint(text string) {
	if w.fingerprint != nil {
		return
	}
	hash, digits, _ := strings.Cut(text, " ")
	hash = strings.ToLower(hash)
	size := map[string]int{"sha-256": sha256.Size, "sha-384": sha512.Size384, "sha-512": sha512.Size}[hash]
	b, err := hex.DecodeString(strings.ReplaceAll(strings.TrimSpace(digits), ":", ""))
	if err != nil || size == 0 || len(b) != size {
		w.refused = hash
		return
	}
	w.hash, w.fingerprint = hash, b
}

// iceText reports whether text is what ICE allows as a name or password (RFC 8839
// section 5.4).
func iceText(text string, shortest int) bool {
	return len(text) >= shortest && len(text) <= 256 && only([]byte(text), letters+digits+"+/")
}

// completeWeb puts the session level under what the section says of WebRTC. reason
// says why it cannot be used.
func (m *Media) completeWeb(session level) (web *WebRTC, reason string) {
	var own, above webLines
	if m.own.web != nil {
		own = *m.own.web
	}
	if session.web != nil {
		above = *session.web
	}
	pick := func(a, b string) string {
		if a == "" {
			return b
		}
		return a
	}
	web = &WebRTC{Ufrag: pick(own.ufrag, above.ufrag), Hash: own.hash, Fingerprint: own.fingerprint}
	web.Password = Secret(pick(own.password, above.password))
	if web.Fingerprint == nil {
		web.Hash, web.Fingerprint = above.hash, above.fingerprint
	}
	if word(own.mid, "-_.+") {
		web.Mid = own.mid
		for _, mid := range above.bundle {
			web.Bundle = web.Bundle || mid == own.mid
		}
	}
	switch setup := pick(own.setup, above.setup); {
	case !iceText(web.Ufrag, 4) || !iceText(string(web.Password), 22):
		reason = "it has no a=ice-ufrag and a=ice-pwd of four and 22 letters or more"
	case web.Fingerprint == nil && own.refused+above.refused != "":
		reason = "its a=fingerprint is none of sha-256, sha-384 or sha-512"
	case web.Fingerprint == nil:
		reason = "it has no a=fingerprint"
	case setup != "actpass" && setup != "active":
		reason = "its a=setup is not actpass or active, and the DTLS connection is not opened from here"
	case !m.Mux:
		reason = "it has no a=rtcp-mux"
	case !m.muxable():
		reason = "its payload types are among those of RTCP (64 to 95), so that the two cannot share a port"
	default:
		return web, ""
	}
	return nil, reason
}

// WebRTC returns what the line that Audio returns says of DTLS and ICE, false where
// it is no browser's. That takes a policy other than Plain.
func (s *Session) WebRTC() (WebRTC, bool) {
	if s.policy == Plain || s.audio < 0 || s.media[s.audio].Web == nil {
		return WebRTC{}, false
	}
	return *s.media[s.audio].Web, true
}

// webProfile is the profile of what is offered to a browser.
const webProfile = "UDP/TLS/RTP/SAVPF"

// appendLite writes what the session level says of WebRTC: that ICE is passive here
// (RFC 8445 section 2.5), and which line the transport is for.
func appendLite(dst []byte, l Local) []byte {
	if l.Web == nil {
		return dst
	}
	if l.Web.Mid != "" && l.Web.Bundle {
		dst = appendAttribute(dst, "group:BUNDLE "+l.Web.Mid)
	}
	return appendAttribute(dst, "ice-lite")
}

// appendTransport writes how media reaches us beyond address and port.
func appendTransport(dst []byte, l Local, role Role, mux bool) []byte {
	if l.Web == nil {
		return appendRTCP(appendCrypto(dst, l), l, mux)
	}
	w := l.Web
	if w.Mid != "" {
		dst = appendAttribute(dst, "mid:"+w.Mid)
	}
	dst = appendAttribute(dst, "ice-ufrag:"+w.Ufrag)
	dst = appendAttribute(dst, "ice-pwd:"+string(w.Password))
	dst = append(append(append(dst, "a=fingerprint:"...), w.Hash...), ' ')
	for i, b := range w.Fingerprint {
		if i > 0 {
			dst = append(dst, ':')
		}
		dst = append(dst, strings.ToUpper(hex.EncodeToString([]byte{b}))...)
	}
	dst = append(dst, "\r\n"...)
	if role == RoleAnswer {
		dst = appendAttribute(dst, "setup:passive")
	} else {
		dst = appendAttribute(dst, "setup:actpass")
	}
	dst = append(dst, "a=candidate:1 1 udp 2130706431 "...)
	dst = l.Addr.Unmap().WithZone("").AppendTo(dst)
	dst = strconv.AppendUint(append(dst, ' '), uint64(l.RTP), 10)
	dst = append(dst, " typ host\r\n"...)
	return appendAttribute(appendAttribute(dst, "end-of-candidates"), "rtcp-mux")
}

// keptPlain is kept for what comes from a browser and goes on without feedback.
func keptPlain(kind byte, value []byte) bool {
	if name, _ := attribute(value); kind == 'a' && (string(name) == "rtcp-fb" || string(name) == "rtcp-rsize") {
		return false
	}
	return kept(kind, value)
}
