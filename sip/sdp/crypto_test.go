package sdp

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// Keys of RFC 4568's examples and of our own making, one of each suite's length.
const (
	key30 = "WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz"
	key28 = "MTIzNDU2Nzg5QUJDREUwMTIzNDU2Nzg5QUJjZA=="
	key44 = "MTIzNDU2Nzg5QUJDREUwMTIzNDU2Nzg5QUJjZDEyMzQ1Njc4OTAxMjM0NTY="
)

func offerOf(proto string, lines ...string) string {
	text := "v=0\r\no=- 1 1 IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 192.0.2.9\r\nt=0 0\r\nm=audio 4000 " + proto + " 0 8\r\n"
	for _, line := range lines {
		text += line + "\r\n"
	}
	return text
}

func TestCryptoLinesThatCanBeUsed(t *testing.T) {
	for line, want := range map[string]Crypto{
		"1 AES_CM_128_HMAC_SHA1_80 inline:" + key30:                            {Tag: 1, Suite: AESCM128HMACSHA180},
		"0 AES_CM_128_HMAC_SHA1_32 inline:" + key30 + "|2^20":                  {Suite: AESCM128HMACSHA132, Lifetime: 1 << 20},
		"7 AES_CM_128_HMAC_SHA1_32 INLINE:" + key30 + "|1048576":               {Tag: 7, Suite: AESCM128HMACSHA132, Lifetime: 1 << 20},
		"999999999 AEAD_AES_128_GCM inline:" + key28:                           {Tag: 999999999, Suite: AEADAES128GCM},
		"3 AEAD_AES_128_GCM inline:" + strings.TrimRight(key28, "=") + "|2^48": {Tag: 3, Suite: AEADAES128GCM, Lifetime: 1 << 48},
		"4  AEAD_AES_256_GCM\tinline:" + key44 + " WSH=128 -SOMETHING=1 ":      {Tag: 4, Suite: AEADAES256GCM},
	} {
		s := mustParse(t, offerOf("RTP/SAVP", "a=crypto:"+line)).For(Required)
		m, ok := s.Audio()
		if !ok || len(m.Crypto) != 1 || !s.Secure() {
			t.Errorf("%q: %s", line, s.Unusable())
			continue
		}
		c := m.Crypto[0]
		if c.Tag != want.Tag || c.Suite != want.Suite || c.Lifetime != want.Lifetime ||
			len(c.Key) != c.Suite.KeyLen() || len(c.Salt) != c.Suite.SaltLen() {
			t.Errorf("%q is read as tag %d, %v, lifetime %d, key of %d and salt of %d bytes",
				line, c.Tag, c.Suite, c.Lifetime, len(c.Key), len(c.Salt))
		}
	}
}

func TestCryptoLinesThatCannotBeUsedSayWhy(t *testing.T) {
	const start = "1 AES_CM_128_HMAC_SHA1_80 inline:" + key30
	for line, want := range map[string]string{
		"1 AES_CM_128_HMAC_SHA1_80": `it is not "tag suite inline:key"`,
		"":                          `it is not "tag suite inline:key"`,
		"x AES_CM_128_HMAC_SHA1_80 inline:" + key30:            "its tag is not a number of up to nine digits",
		"+1 AES_CM_128_HMAC_SHA1_80 inline:" + key30:           "its tag is not a number of up to nine digits",
		"01 AES_CM_128_HMAC_SHA1_80 inline:" + key30:           "its tag is not a number of up to nine digits",
		"1234567890 AES_CM_128_HMAC_SHA1_80 inline:" + key30:   "its tag is not a number of up to nine digits",
		"1 F8_128_HMAC_SHA1_80 inline:" + key30:                "F8_128_HMAC_SHA1_80 is not spoken here",
		"1 AES<script> inline:" + key30:                        "its suite is not a word",
		"1 AES_CM_128_HMAC_SHA1_80 outline:" + key30:           "its key does not begin with inline: as it has to",
		"1 AES_CM_128_HMAC_SHA1_80 inline:" + key30[4:]:        "its key and salt are 27 bytes, AES_CM_128_HMAC_SHA1_80 has 30",
		"1 AEAD_AES_128_GCM inline:" + key30:                   "its key and salt are 30 bytes, AEAD_AES_128_GCM has 28",
		"1 AES_CM_128_HMAC_SHA1_80 inline:" + key30[:39] + "!": "its key is not base64",
		"1 AEAD_AES_128_GCM inline:" + key28[:37] + "B==":      "its key is not base64", // bits behind the end
		"1 AEAD_AES_128_GCM inline:" + key28 + "=":             "its key is not base64",
		"1 AES_CM_128_HMAC_SHA1_80 inline:":                    "its key and salt are 0 bytes, AES_CM_128_HMAC_SHA1_80 has 30",
		start + "|2^20|1:4":                                    "it has an MKI, which is not spoken here",
		start + "|1:4":                                         "it has an MKI, which is not spoken here",
		start + "|2^20|1:4;inline:" + key30 + "|2^20|2:4":      "it has several keys, which needs an MKI; one is spoken here",
		start + "|2^49":                        "its lifetime is not a number of packets, at most 2^48",
		start + "|2^+4":                        "its lifetime is not a number of packets, at most 2^48",
		start + "|0":                           "its lifetime is not a number of packets, at most 2^48",
		start + "|562949953421312":             "its lifetime is not a number of packets, at most 2^48",
		start + "|99999999999999999999999":     "its lifetime is not a number of packets, at most 2^48",
		start + "|":                            "its lifetime is not a number of packets, at most 2^48",
		start + " UNENCRYPTED_SRTP":            "its session parameter UNENCRYPTED_SRTP is not taken here",
		start + " UNENCRYPTED_SRTCP":           "its session parameter UNENCRYPTED_SRTCP is not taken here",
		start + " WSH=64 UNAUTHENTICATED_SRTP": "its session parameter UNAUTHENTICATED_SRTP is not taken here",
		start + " KDR=1":                       "its session parameter KDR is not taken here",
		start + " FEC_ORDER=FEC_SRTP":          "its session parameter FEC_ORDER is not taken here",
		start + " WSH=":                        "its session parameter WSH is not taken here",
		start + ` "quoted"`:                    "its session parameter is not a word",
	} {
		s := mustParse(t, offerOf("RTP/SAVP", "a=crypto:"+line)).For(Required)
		if _, ok := s.Audio(); ok || s.Secure() {
			t.Errorf("%q is used", line)
		}
		if got := s.Unusable(); got != "SRTP cannot be agreed on, line 1 of a=crypto: "+want {
			t.Errorf("%q: %q, want %q", line, got, want)
		}
		if strings.ContainsAny(s.Unusable(), "\\\r\n") || strings.Contains(s.Unusable(), key30[:12]) {
			t.Errorf("%q: the sentence tells too much: %q", line, s.Unusable())
		}
	}
}

func TestOneUsableLineAmongOthersIsEnough(t *testing.T) {
	s := mustParse(t, offerOf("RTP/SAVP",
		"a=crypto:1 AES_256_CM_HMAC_SHA1_80 inline:"+key30,
		"a=crypto:2 AES_CM_128_HMAC_SHA1_80 inline:"+key30+" UNENCRYPTED_SRTP",
		"a=crypto:3 AES_CM_128_HMAC_SHA1_32 inline:"+key30,
		"a=crypto:3 AES_CM_128_HMAC_SHA1_80 inline:"+key30,
		"a=crypto:4 AEAD_AES_128_GCM inline:"+key28)).For(Required)
	m, ok := s.Audio()
	if !ok || len(m.Crypto) != 2 || m.Crypto[0].Tag != 3 || m.Crypto[0].Suite != AESCM128HMACSHA132 || m.Crypto[1].Tag != 4 {
		t.Fatalf("%v %+v", ok, m.Crypto)
	}
}

func TestKeysAtTheSessionLevelDoNotCount(t *testing.T) {
	text := strings.Replace(offerOf("RTP/SAVP"), "m=audio", "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:"+key30+"\r\nm=audio", 1)
	if s := mustParse(t, text).For(Required); s.Secure() {
		t.Error("RFC 4568 section 4 has a=crypto at the media level only")
	}
}

func TestAHostOfCryptoLinesIsCutShort(t *testing.T) {
	var lines []string
	for i := range 500 {
		lines = append(lines, fmt.Sprintf("a=crypto:%d AES_CM_128_HMAC_SHA1_80 inline:%s", i, key30))
	}
	m, _ := mustParse(t, offerOf("RTP/SAVP", lines...)).For(Required).Audio()
	if len(m.Crypto) != maxCryptos {
		t.Errorf("%d lines are kept, want %d", len(m.Crypto), maxCryptos)
	}
}

func TestAKeyIsNeverPrinted(t *testing.T) {
	var k Keyring
	c := k.Offer()[0]
	text, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	for _, got := range []string{fmt.Sprint(c), fmt.Sprintf("%+v %#v %x %q %s", c, c, c.Key, c.Salt, c.Key), string(text)} {
		if strings.Contains(got, fmt.Sprint([]byte(c.Key))) || strings.Contains(got, fmt.Sprintf("%x", []byte(c.Key))) ||
			!strings.Contains(got, "***") {
			t.Errorf("printed: %s", got)
		}
	}
}

func FuzzCrypto(f *testing.F) {
	for _, line := range []string{
		"1 AES_CM_128_HMAC_SHA1_80 inline:" + key30 + "|2^20|1:4",
		"1 AES_CM_128_HMAC_SHA1_32 inline:" + key30 + "|1048576 WSH=64 -X",
		"2 AEAD_AES_128_GCM inline:" + key28, "3 AEAD_AES_256_GCM inline:" + key44,
		"4 F8_128_HMAC_SHA1_80 inline:" + key30 + ";inline:" + key30, "5 AES_CM_128_HMAC_SHA1_80 inline:" + key30 + " KDR=24",
	} {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, line string) {
		c, err := parseCrypto(line)
		if err != nil {
			if !word(strings.Map(func(r rune) rune {
				if strings.ContainsRune(` :="^;,`, r) {
					return 'x'
				}
				return r
			}, err.Error()[:min(64, len(err.Error()))]), "_") {
				t.Fatalf("%q: a sentence of odd characters: %q", line, err)
			}
			return
		}
		again, err := parseCrypto(strings.TrimSuffix(strings.TrimPrefix(string(c.append(nil)), "a=crypto:"), "\r\n"))
		if err != nil || !again.equal(c) || again.Tag != c.Tag {
			t.Fatalf("%q is written as another: %v", line, err)
		}
	})
}
