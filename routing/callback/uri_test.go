package callback

import "testing"

func TestAURIIsReadAsTheAgentReadsIt(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ uri, user, host string }{
		{"sip:alice@PBX.example:5099;transport=tcp", "alice", "pbx.example"},
		{"sip:%2B14155550100@pbx.example", "+14155550100", "pbx.example"},
		{"sip:+14155550100;phone-context=x@pbx.example", "+14155550100", "pbx.example"},
		{"sips:[2001:db8::1]:5061?Subject=a%40b", "", "2001:db8::1"},
		{"sip:a@b@c", "", ""},
		{"nothing", "", ""},
	} {
		if user, host := userOf(tc.uri), hostOf(tc.uri); user != tc.user || host != tc.host {
			t.Errorf("%s is %q at %q, want %q at %q", tc.uri, user, host, tc.user, tc.host)
		}
	}
}

func TestASecureURIAsksForTLS(t *testing.T) {
	t.Parallel()
	for uri, want := range map[string]string{
		"sip:pbx.example":                     "sip:pbx.example;transport=tls",
		"sip:a@pbx.example:5061?X=y":          "sip:a@pbx.example:5061;transport=tls?X=y",
		"sips:pbx.example":                    "sips:pbx.example",
		"sip:pbx.example;transport=TLS":       "sip:pbx.example;transport=TLS",
		"sip:pbx.example;transport=udp":       "",
		"sip:a@pbx.example;lr;transport=tcp":  "",
		"sip:a;transport=udp@pbx.example:506": "sip:a;transport=udp@pbx.example:506;transport=tls",
	} {
		got, ok := secureURI(uri)
		if ok != (want != "") || ok && got != want {
			t.Errorf("%s is reached as %s, %v, want %q", uri, got, ok, want)
		}
	}
}

func TestATargetWithoutAUserGetsTheNumber(t *testing.T) {
	t.Parallel()
	for uri, want := range map[string]string{
		"sip:pbx.example;transport=tcp": "sip:+14155550100@pbx.example;transport=tcp",
		"sip:desk@pbx.example":          "sip:desk@pbx.example",
	} {
		if got := withUser(uri, "+14155550100"); got != want {
			t.Errorf("%s becomes %s, want %s", uri, got, want)
		}
	}
}
