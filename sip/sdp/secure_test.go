package sdp

import (
	"errors"
	"strings"
	"testing"
)

const (
	avp    = "m=audio 4000 RTP/AVP 0 8\r\n"
	savp   = "m=audio 4002 RTP/SAVP 0 8\r\n"
	savpf  = "m=audio 4002 RTP/SAVPF 0 8\r\n"
	crypto = "a=crypto:5 AES_CM_128_HMAC_SHA1_80 inline:" + key30 + "\r\n"
	mki    = "a=crypto:5 AES_CM_128_HMAC_SHA1_80 inline:" + key30 + "|2^31|1:1\r\n"
)

func TestThePolicyChoosesTheLine(t *testing.T) {
	for _, tc := range []struct {
		name, lines string
		// The port that is chosen, 0 for none, and an s where it is SRTP.
		plain, optional, required string
	}{
		{"plain", avp, "4000", "4000", "none"},
		{"SRTP", savp + crypto, "none", "4002s", "4002s"},
		{"SRTP with feedback", savpf + crypto, "none", "4002s", "4002s"},
		{"optional SRTP", avp + crypto, "4000", "4000s", "4000s"},
		{"both, plain first", avp + savp + crypto, "4000", "4002s", "4002s"},
		{"both, SRTP first", savp + crypto + avp, "4000", "4002s", "4002s"},
		{"both, optional SRTP first", avp + crypto + savp + crypto, "4000", "4002s", "4002s"},
		{"SRTP with a key that is not taken", savp + mki, "none", "none", "none"},
		{"optional SRTP with such a key", avp + mki, "4000", "4000", "none"},
		{"both with such a key", savp + mki + avp, "4000", "4000", "none"},
		{"SRTP without a key", savp, "none", "none", "none"},
		{"SRTP that is switched off", strings.Replace(savp, "4002", "0", 1) + crypto + avp, "4000", "4000", "none"},
		{"keys by DTLS", "m=audio 9 UDP/TLS/RTP/SAVPF 0\r\na=fingerprint:sha-1 AA\r\n", "none", "none", "none"},
		{"video with a key", "m=video 5 RTP/SAVP 96\r\n" + crypto + avp, "4000", "4000", "none"},
	} {
		s := mustParse(t, "v=0\r\nc=IN IP4 192.0.2.9\r\n"+tc.lines)
		for policy, want := range map[Security]string{Plain: tc.plain, Optional: tc.optional, Required: tc.required} {
			got := "none"
			read := s.For(policy)
			if m, ok := read.Audio(); ok {
				got = strings.TrimPrefix(strings.Split(m.RTP.String(), ":")[1], "")
				if read.Secure() {
					got += "s"
				}
			}
			if got != want || (got == "none") != (read.Unusable() != "") {
				t.Errorf("%s, %v: %s (%q), want %s", tc.name, policy, got, read.Unusable(), want)
			}
		}
		if m, ok := s.Audio(); ok != (tc.plain != "none") || s.Secure() {
			t.Errorf("%s: the description itself has changed: %v %v", tc.name, m, ok)
		}
	}
}

func TestWhyARequiredSRTPIsRefused(t *testing.T) {
	for lines, want := range map[string]string{
		avp:                                 "SRTP is required and the session description has plain RTP alone (RTP/AVP)",
		savp:                                "the RTP/SAVP audio line has no a=crypto, and its key cannot come in another way",
		mki:                                 "the session description has no audio line",
		savp + mki:                          "SRTP cannot be agreed on, line 1 of a=crypto: it has an MKI, which is not spoken here",
		"m=audio 9 UDP/TLS/RTP/SAVPF 0\r\n": "the browser's audio line cannot be used: it has no a=ice-ufrag and a=ice-pwd of four and 22 letters or more",
		"m=audio 0 RTP/SAVP 0\r\n" + crypto: "every audio line of the session description has port 0",
		"m=audio 9 RTP/SAVP\r\n" + crypto:   "the session description has an audio line without a payload type",
	} {
		if got := mustParse(t, "v=0\r\n"+lines).For(Required).Unusable(); got != want {
			t.Errorf("%q: %q, want %q", lines, got, want)
		}
	}
}

// An offer and an answer of ours agree on each suite, under the tags of the offer.
func TestKeyringsAgree(t *testing.T) {
	var caller, centre Keyring
	l := ours()
	l.Security, l.Crypto = Required, caller.Offer()
	offer := mustParse(t, string(Offer(l, Supported(), SendRecv, 20))).For(Required)
	m, ok := offer.Audio()
	if !ok || m.Proto != "RTP/SAVP" || len(m.Crypto) != 4 {
		t.Fatalf("the offer: %v %+v", ok, m)
	}
	ourLine, theirLine, err := centre.Answer(offer)
	if err != nil || !theirLine.equal(l.Crypto[0]) || ourLine.Tag != l.Crypto[0].Tag {
		t.Fatalf("answered with %+v to %+v: %v", ourLine, theirLine, err)
	}
	back := ours()
	back.Crypto = []Crypto{ourLine}
	body, _, err := Answer(offer, back, Supported(), SendRecv, 20)
	if err != nil {
		t.Fatal(err)
	}
	answer := mustParse(t, string(body)).For(Required)
	if am, _ := answer.Audio(); am.Proto != "RTP/SAVP" || len(am.Crypto) != 1 {
		t.Fatalf("the answer: %s", body)
	}
	mine, yours, err := caller.Answered(answer)
	if err != nil || !mine.equal(theirLine) || !yours.equal(ourLine) {
		t.Errorf("the sides differ: %v", err)
	}
}

func TestADowngradedAnswerIsRefused(t *testing.T) {
	var k Keyring
	k.Offer()
	for line, want := range map[string]bool{
		"3 AES_CM_128_HMAC_SHA1_80": true, "4 AES_CM_128_HMAC_SHA1_32": true,
		"1 AES_CM_128_HMAC_SHA1_32": false, "3 AES_CM_128_HMAC_SHA1_32": false, "9 AES_CM_128_HMAC_SHA1_80": false,
	} {
		s := mustParse(t, offerOf("RTP/SAVP", "a=crypto:"+line+" inline:"+key30)).For(Required)
		ours, _, err := k.Answered(s)
		if (err == nil) != want || err != nil && !errors.Is(err, ErrNoKey) || want && len(ours.Key) == 0 {
			t.Errorf("%s: %v", line, err)
		}
	}
	if _, _, err := k.Answered(mustParse(t, "v=0\r\n"+avp).For(Optional)); !errors.Is(err, ErrNoKey) {
		t.Errorf("an answer in the clear: %v", err)
	}
}

func TestKeysStayUntilTheSuiteChanges(t *testing.T) {
	var k Keyring
	first := k.Offer()
	k.Settle(AESCM128HMACSHA180)
	second := k.Offer()
	for i := range first {
		if !first[i].equal(second[i]) {
			t.Errorf("%v has another key in the second offer", first[i].Suite)
		}
	}
	k.Settle(AEADAES128GCM)
	for i, c := range k.Offer() {
		if same := c.equal(first[i]); same != (c.Suite != AESCM128HMACSHA180) {
			t.Errorf("%v: same key %v", c.Suite, same)
		}
	}
}

// A description crosses from a leg of one kind to a leg of another.
func TestSecureAndPlainLegsMeet(t *testing.T) {
	var k Keyring
	in := mustParse(t, "v=0\r\nc=IN IP4 192.0.2.9\r\n"+avp+savpf+crypto+"a=sendonly\r\n").For(Required)

	plain := string(in.Rewrite(nil, ours(), RoleOffer))
	if !strings.Contains(plain, "m=audio 0 RTP/AVP 0 8\r\nm=audio 30000 RTP/AVPF 0 8\r\na=sendonly\r\n") || strings.Contains(plain, "crypto") {
		t.Errorf("SRTP to a plain leg:\n%s", plain)
	}
	l := ours()
	l.Security, l.Crypto = Required, k.Offer()
	if got := string(in.Rewrite(nil, l, RoleOffer)); !strings.Contains(got, "m=audio 30000 RTP/SAVPF 0 8\r\n") ||
		strings.Count(got, "a=crypto:") != 4 || strings.Contains(got, key30) {
		t.Errorf("SRTP to a secure leg:\n%s", got)
	}
	l.Security = Optional
	if got := string(in.Rewrite(nil, l, RoleOffer)); !strings.Contains(got, "m=audio 30000 RTP/AVPF 0 8\r\n") ||
		strings.Count(got, "a=crypto:") != 4 {
		t.Errorf("SRTP to a leg that may choose:\n%s", got)
	}

	mine, _, err := k.Answer(in)
	if err != nil || mine.Tag != 5 {
		t.Fatalf("tag %d, %v", mine.Tag, err)
	}
	back := ours()
	back.Answers, back.Crypto = in, []Crypto{mine}
	answer := mustParse(t, "v=0\r\nc=IN IP4 192.0.2.7\r\nm=audio 6000 RTP/AVP 0\r\n")
	got := string(answer.Rewrite(nil, back, RoleAnswer))
	if !strings.Contains(got, "m=audio 0 RTP/AVP 0 8\r\nm=audio 30000 RTP/SAVPF 0\r\n") || strings.Count(got, "a=crypto:5 ") != 1 {
		t.Errorf("the answer to the secure leg:\n%s", got)
	}
}
