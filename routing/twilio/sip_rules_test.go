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

func TestOriginationURLs(t *testing.T) {
	for _, c := range []struct{ in, want, why string }{
		{in: "sip:pbx.example.com", want: "sip:pbx.example.com"},
		{in: "SIPS:user@pbx.example.com:5061;transport=tls;edge=ashburn", want: "sips:user@pbx.example.com:5061;transport=tls;edge=ashburn"},
		{in: "sip:192.0.2.1:5060", want: "sip:192.0.2.1:5060"},
		{in: "sip:[2001:db8::1]:5060;lr", want: "sip:[2001:db8::1]:5060;lr"},
		{in: "sip:[2001:db8::1]", want: "sip:[2001:db8::1]"},
		{in: "sip://sip-box.com:1234", want: "sip:sip-box.com:1234"},
		{in: "", why: "empty"},
		{in: "http://pbx.example.com", why: "sip or sips"},
		{in: "pbx.example.com", why: "sip or sips"},
		{in: "tel:+14155550100", why: "sip or sips"},
		{in: "sip:", why: "host"},
		{in: "sip:user@", why: "host"},
		{in: "sip:@pbx.example.com", why: "one user"},
		{in: "sip:a@b@pbx.example.com", why: "one user"},
		{in: "sip:pbx.example.com:0", why: "host"},
		{in: "sip:pbx.example.com:65536", why: "host"},
		{in: "sip:pbx.example.com:", why: "host"},
		{in: "sip:pbx.example.com:+5", why: "host"},
		{in: "sip:[::1", why: "host"},
		{in: "sip:[192.0.2.1]", why: "host"},
		{in: "sip:2001:db8::1", why: "host"},
		{in: "sip:-.example", why: "host"},
		{in: "sip:pbx.example.com;x=<y>", why: "quotes"},
		{in: "sip:pbx.example.com\r\nVia: x", why: "spaces"},
		{in: "sip:pbx.example.com?Subject=x", why: "question mark"},
		{in: "sip:pbx.example.com;x=a@b", why: "@"},
		{in: "sip:" + strings.Repeat("a", 255), why: "255"},
	} {
		got, err := originationURL(c.in)
		check(t, c.in, err, c.why)
		if got != c.want {
			t.Errorf("%q: got %q, want %q", c.in, got, c.want)
		}
	}
}

func FuzzOriginationURL(f *testing.F) {
	for _, s := range []string{"sip:pbx.example.com", "sips:u@[2001:db8::1]:5061;lr", "sip://h:1", "sip:@", ""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, err := originationURL(s)
		if err != nil {
			return
		}
		again, err := originationURL(got)
		if err != nil || again != got {
			t.Errorf("%q became %q, which becomes %q, %v", s, got, again, err)
		}
		if strings.ContainsAny(got, "\r\n <>\"") {
			t.Errorf("%q would break a header", got)
		}
	})
}
