package phone

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"callbox/sip/agent"
)

func TestTarget(t *testing.T) {
	for _, tc := range []struct{ name, to, domain, want string }{
		{"a number", "911", "lab.sip.us1.twilio.com", "sip:911@lab.sip.us1.twilio.com"},
		{"an E.164 number", "+14155550100", "lab", "sip:+14155550100@lab"},
		{"a number with a hash", "*67#", "lab", "sip:*67%23@lab"},
		{"a domain with a port", "911", "127.0.0.1:5070", "sip:911@127.0.0.1:5070"},
		{"a SIP URI", "sip:psap-sf@127.0.0.1:5070;transport=tcp", "lab", "sip:psap-sf@127.0.0.1:5070;transport=tcp"},
		{"a service URN", "urn:service:sos.police", "lab", "urn:service:sos.police"},
		{"a tel URI", "tel:911", "lab", "sip:911@lab;user=phone"},
		{"an address without a scheme", "alice@example.com", "lab", "sip:alice@example.com"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got, err := target(Options{To: tc.to, Domain: tc.domain}); got != tc.want || err != nil {
				t.Errorf("got %q, %v; want %q", got, err, tc.want)
			}
		})
	}
	for name, o := range map[string]Options{
		"nobody":          {Domain: "lab"},
		"no domain":       {To: "911"},
		"a line end":      {To: "911\r\nX-Evil: 1", Domain: "lab"},
		"a bad domain":    {To: "911", Domain: "lab> <evil"},
		"a bad caller":    {To: "911", Domain: "lab", From: "+1415\n"},
		"a delete sign":   {To: "911\x7f", Domain: "lab"},
		"a space between": {To: "9 11", Domain: "lab"},
	} {
		if got, err := target(o); err == nil {
			t.Errorf("%s was taken: %q", name, got)
		}
	}
}

func TestCaller(t *testing.T) {
	for _, tc := range []struct {
		from, domain string
		want         agent.Address
	}{
		{"", "lab", agent.Address{}},
		{"+14155550100", "lab", agent.Address{Scheme: "sip", User: "+14155550100", Host: "lab"}},
		{"+14155550100", "127.0.0.1:5070", agent.Address{Scheme: "sip", User: "+14155550100", Host: "127.0.0.1", Port: 5070}},
		{"+14155550100", "[::1]:5070", agent.Address{Scheme: "sip", User: "+14155550100", Host: "::1", Port: 5070}},
		{"+14155550100", "[::1]", agent.Address{Scheme: "sip", User: "+14155550100", Host: "::1"}},
		{"sip:alice@example.com", "lab", agent.Address{Scheme: "sip", User: "alice", Host: "example.com"}},
	} {
		if diff := cmp.Diff(tc.want, caller(Options{From: tc.from, Domain: tc.domain})); diff != "" {
			t.Errorf("%s at %s: %s", tc.from, tc.domain, diff)
		}
	}
}

func TestFormats(t *testing.T) {
	for _, tc := range []struct {
		codecs []string
		want   []string
	}{
		{nil, []string{"PCMU", "PCMA", "telephone-event"}},
		{[]string{"pcma"}, []string{"PCMA", "telephone-event"}},
		{[]string{"PCMA", "PCMU"}, []string{"PCMA", "PCMU", "telephone-event"}},
	} {
		list, err := formats(Options{Codecs: tc.codecs})
		var got []string
		for _, f := range list {
			got = append(got, f.Name)
		}
		if diff := cmp.Diff(tc.want, got); diff != "" || err != nil {
			t.Errorf("%v: %s %v", tc.codecs, diff, err)
		}
	}
	if _, err := formats(Options{Codecs: []string{"opus"}}); err == nil {
		t.Error("opus was taken")
	}
}

func TestSentence(t *testing.T) {
	for _, tc := range []struct {
		name     string
		warnings []string
		want     string
	}{
		{"of the edge", []string{`399 callbox "the domain is not known"`}, "the domain is not known"},
		{"with quotes in it", []string{`399 callbox "say \"911\" \\ now"`}, `say "911" \ now`},
		{"behind another warning", []string{`301 x "not this"`, `399 callbox "this"`}, "this"},
		{"before another in one field", []string{`399 a "one", 399 b "two"`}, "one"},
		{"that never ends", []string{`399 callbox "cut off`}, "cut off"},
		{"of nobody", nil, ""},
		{"without quotes", []string{"399 callbox oops"}, ""},
		{"of another code", []string{`370 callbox "Insufficient bandwidth"`}, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			m := agent.Message{}
			for _, w := range tc.warnings {
				m = m.With("Warning", w)
			}
			if got := sentence(m); got != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}

func FuzzSentence(f *testing.F) {
	f.Add(`399 callbox "the domain is not known"`)
	f.Add(`399 "\`)
	f.Fuzz(func(t *testing.T, warning string) {
		if got := sentence(agent.Message{}.With("Warning", warning)); len(got) > len(warning) {
			t.Fatalf("%q became %q", warning, got)
		}
	})
}
