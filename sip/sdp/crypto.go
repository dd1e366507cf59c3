package sdp

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
)

// Suite is an SRTP crypto-suite (RFC 4568 section 6.2, RFC 7714 section 14.2).
type Suite uint8

// The suites spoken here, in the order in which they are offered: the best first,
// and last the one that every device with SRTP has.
const (
	NoSuite Suite = iota
	AEADAES256GCM
	AEADAES128GCM
	AESCM128HMACSHA180
	AESCM128HMACSHA132
	suiteEnd
)

// suites holds name, length of the master key, length of the salt, in bytes, and
// the power of two of packets that one key is good for.
var suites = [suiteEnd]struct {
	name      string
	key, salt int
	lifetime  uint64
}{
	AEADAES256GCM:      {"AEAD_AES_256_GCM", 32, 12, 48},
	AEADAES128GCM:      {"AEAD_AES_128_GCM", 16, 12, 48},
	AESCM128HMACSHA180: {"AES_CM_128_HMAC_SHA1_80", 16, 14, 48},
	AESCM128HMACSHA132: {"AES_CM_128_HMAC_SHA1_32", 16, 14, 48},
}

// String returns the name of the suite as SDP writes it, "" for NoSuite.
func (s Suite) String() string {
	if s < suiteEnd {
		return suites[s].name
	}
	return ""
}

// KeyLen returns the length of the suite's master key in bytes.
func (s Suite) KeyLen() int { return suites[s].key }

// SaltLen returns the length of the suite's master salt in bytes.
func (s Suite) SaltLen() int { return suites[s].salt }

func suiteNamed(name string) Suite {
	for s := NoSuite + 1; s < suiteEnd; s++ {
		if suites[s].name == name {
			return s
		}
	}
	return NoSuite
}

// Secret is key material. It prints as ***, whatever it is printed with.
type Secret []byte

// String returns ***.
func (Secret) String() string { return "***" }

// GoString returns ***.
func (Secret) GoString() string { return "***" }

// MarshalText returns ***.
func (Secret) MarshalText() ([]byte, error) { return []byte("***"), nil }

// Crypto is one line a=crypto: the master key with which the side that wrote it
// protects what it sends (RFC 4568 section 9.1).
type Crypto struct {
	Tag      int // 0 to 999999999
	Suite    Suite
	Key      Secret
	Salt     Secret
	Lifetime uint64 // packets; 0 is the suite's own
}

// equal tells whether two lines say the same, but for the tag.
func (c Crypto) equal(o Crypto) bool {
	return c.Suite == o.Suite && bytes.Equal(c.Key, o.Key) && bytes.Equal(c.Salt, o.Salt)
}

// append writes the line. Ours have no lifetime, since the suite's own is longer
// than any call, and no MKI, since there is one key.
func (c Crypto) append(dst []byte) []byte {
	dst = strconv.AppendInt(append(dst, "a=crypto:"...), int64(c.Tag), 10)
	dst = append(append(dst, ' '), c.Suite.String()...)
	dst = append(dst, " inline:"...)
	both := make([]byte, 0, 64)
	dst = base64.StdEncoding.AppendEncode(dst, append(append(both, c.Key...), c.Salt...))
	return append(dst, "\r\n"...)
}

// maxCryptos bounds the lines a=crypto of a section that are read; phones write
// four to eight.
const maxCryptos = 24

// cryptos is what the lines a=crypto of a section come to.
type cryptos struct {
	lines  []Crypto
	tags   []int
	count  int
	reason string // why the first line that cannot be used cannot
}

// add takes the value of a line. One that is malformed, or asks for what is not
// spoken here, is passed over, since another may do (RFC 4568 section 7.1.2).
func (l *cryptos) add(value []byte) {
	if l.count++; l.count > maxCryptos {
		return
	}
	c, err := parseCrypto(string(value))
	if err == nil {
		for _, tag := range l.tags {
			if tag == c.Tag {
				err = fmt.Errorf("its tag %d is there twice", tag)
			}
		}
		l.tags = append(l.tags, c.Tag)
	}
	if err == nil {
		l.lines = append(l.lines, c)
	} else if l.reason == "" {
		l.reason = fmt.Sprintf("line %d of a=crypto: %v", l.count, err)
	}
}

// parseCrypto reads "1 AES_CM_128_HMAC_SHA1_80 inline:WVNfX19...|2^20 WSH=64".
// Nothing of the key is in an error.
func parseCrypto(value string) (c Crypto, err error) {
	fields := strings.FieldsFunc(value, func(r rune) bool { return r == ' ' || r == '\t' })
	if len(fields) < 3 {
		return c, fmt.Errorf("it is not \"tag suite inline:key\"")
	}
	if c.Tag, err = parseTag(fields[0]); err != nil {
		return c, err
	}
	if c.Suite = suiteNamed(fields[1]); c.Suite == NoSuite {
		if !word(fields[1], "_") {
			return c, fmt.Errorf("its suite is not a word")
		}
		return c, fmt.Errorf("%s is not spoken here", fields[1])
	}
	if err := c.parseKey(fields[2]); err != nil {
		return c, err
	}
	for _, p := range fields[3:] {
		if err := checkParameter(p); err != nil {
			return c, err
		}
	}
	return c, nil
}

func parseTag(text string) (int, error) {
	if !only([]byte(text), digits) || len(text) > 9 || len(text) > 1 && text[0] == '0' {
		return 0, fmt.Errorf("its tag is not a number of up to nine digits")
	}
	return strconv.Atoi(text)
}

// parseKey reads "inline:key||salt", and behind it what may stand there: the
// lifetime, and the MKI of a line with several keys, which is not spoken here:
// packets would be longer than said.
func (c *Crypto) parseKey(text string) error {
	method, info, ok := strings.Cut(text, ":")
	switch {
	case !ok || !strings.EqualFold(method, "inline"):
		return fmt.Errorf("its key does not begin with inline: as it has to")
	case strings.Contains(info, ";"):
		return fmt.Errorf("it has several keys, which needs an MKI; one is spoken here")
	}
	parts := strings.Split(info, "|")
	coding := base64.RawStdEncoding
	if strings.HasSuffix(parts[0], "=") {
		coding = base64.StdEncoding
	}
	both, err := coding.Strict().DecodeString(parts[0])
	if err != nil {
		return fmt.Errorf("its key is not base64")
	}
	if want := c.Suite.KeyLen() + c.Suite.SaltLen(); len(both) != want {
		return fmt.Errorf("its key and salt are %d bytes, %s has %d", len(both), c.Suite, want)
	}
	c.Key, c.Salt = both[:c.Suite.KeyLen()], both[c.Suite.KeyLen():]
	switch {
	case len(parts) == 1:
		return nil
	case len(parts) > 2 || strings.Contains(parts[1], ":"):
		return fmt.Errorf("it has an MKI, which is not spoken here")
	}
	c.Lifetime, err = c.parseLifetime(parts[1])
	return err
}

// parseLifetime reads "2^20" or "1048576".
func (c *Crypto) parseLifetime(text string) (uint64, error) {
	limit := suites[c.Suite].lifetime
	number, power := strings.CutPrefix(text, "2^")
	n, err := strconv.ParseUint(number, 10, 64)
	switch {
	case err != nil || !only([]byte(number), digits):
	case power && n <= limit:
		return 1 << n, nil
	case !power && n > 0 && n <= 1<<limit:
		return n, nil
	}
	return 0, fmt.Errorf("its lifetime is not a number of packets, at most 2^%d", limit)
}

// checkParameter refuses a session parameter that would change the packets. The
// size of the peer's window changes nothing for us, and one with a hyphen before
// it may be left alone (RFC 4568 section 6.3).
func checkParameter(p string) error {
	name, value, _ := strings.Cut(p, "=")
	switch {
	case strings.HasPrefix(p, "-"):
		return nil
	case name == "WSH" && only([]byte(value), digits):
		return nil
	case !word(name, "_"):
		return fmt.Errorf("its session parameter is not a word")
	}
	return fmt.Errorf("its session parameter %s is not taken here", name)
}
