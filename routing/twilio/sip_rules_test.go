package twilio

import (
	"strings"
	"testing"
)

// check holds a rule to whether it lets a value pass, and to what it says if not.
func check(t *testing.T, value string, err error, why string) {
	t.Helper()
	if (err == nil) != (why == "") || err != nil && !strings.Contains(err.Error(), why) {
		t.Errorf("%q: got %v, want %q", value, err, why)
	}
}

func TestUsernames(t *testing.T) {
	for in, why := range map[string]string{
		"alice": "", "+14155550100": "", strings.Repeat("a", 32): "", "a@b.example": "",
		"": "empty", strings.Repeat("a", 33): "32", "a b": "spaces", `a"b`: "quotes", `a\b`: "backslashes", "a:b": "colons",
		"zoë": "ASCII", "a\x00": "ASCII",
	} {
		check(t, in, checkUsername(in), why)
	}
}

func TestPasswords(t *testing.T) {
	for in, why := range map[string]string{
		"IWasAtSignal2018": "", "Callbox-lab-911": "", "Abcdefghij12": "", "Pässwort 12 ": "",
		"": "at least 12", "Abcdefghi12": "at least 12", "abcdefghijk1": "capital", "ABCDEFGHIJK1": "small", "Abcdefghijkl": "digit",
		"Abcdefghij1\n": "control", "A1" + strings.Repeat("a", 255): "256",
	} {
		err := checkPassword(in)
		check(t, in, err, why)
		if err != nil && in != "" && strings.Contains(err.Error(), in) {
			t.Errorf("the error repeats the password: %v", err)
		}
	}
}

func TestACLNetworks(t *testing.T) {
	for in, why := range map[string]string{
		"192.0.2.1": "", "127.0.0.1": "", "2001:db8::1": "", "::1": "",
		"": "empty", "192.0.2.0/24": "CidrPrefixLength", "192.0.2": "IPv4 or IPv6", "pbx.example.com": "IPv4 or IPv6",
		"192.0.2.01": "IPv4 or IPv6", " 192.0.2.1": "IPv4 or IPv6", "fe80::1%eth0": "zone", "::ffff:192.0.2.1": "as IPv4, 192.0.2.1",
		"0.0.0.0": "no host", "::": "no host", "224.0.0.1": "no host",
	} {
		_, err := ipAddress(in)
		check(t, in, err, why)
	}
	for _, c := range []struct {
		address string
		length  int
		ok      bool
	}{
		{"192.0.2.1", 32, true}, {"127.0.0.0", 8, true}, {"10.0.0.0", 1, true}, {"2001:db8::", 128, true}, {"2001:db8::", 64, true},
		{"192.0.2.1", 33, false}, {"192.0.2.1", 0, false}, {"192.0.2.1", -1, false}, {"2001:db8::", 129, false},
	} {
		a, err := ipAddress(c.address)
		if err != nil {
			t.Fatal(err)
		}
		if err := checkPrefixLength(a, c.length); (err == nil) != c.ok {
			t.Errorf("%s/%d: %v", c.address, c.length, err)
		}
	}
}
