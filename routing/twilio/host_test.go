package twilio

import (
	"strings"
	"testing"
)

func TestHostNamesToCreate(t *testing.T) {
	const own = "AC00000000000000000000000000000911"
	sip := hostRule{kind: "sip", extra: []string{"sip.lab.example"}}
	for name, c := range map[string]struct {
		in, want, why string
	}{
		"below the suffix":                 {in: "Dunder-Mifflin-1.sip.twilio.com", want: "dunder-mifflin-1.sip.twilio.com"},
		"one letter":                       {in: "a.sip.twilio.com", want: "a.sip.twilio.com"},
		"63 letters":                       {in: strings.Repeat("a", 63) + ".sip.twilio.com", want: strings.Repeat("a", 63) + ".sip.twilio.com"},
		"below a lab's own suffix":         {in: "pbx.sip.lab.example", want: "pbx.sip.lab.example"},
		"its own account's SID":            {in: own + ".sip.twilio.com", want: strings.ToLower(own) + ".sip.twilio.com"},
		"empty":                            {in: "", why: "it is empty"},
		"64 letters":                       {in: strings.Repeat("a", 64) + ".sip.twilio.com", why: "one label of up to 63"},
		"of another suffix":                {in: "a.example.com", why: "it must end with .sip.twilio.com"},
		"of a trunk":                       {in: "a.pstn.twilio.com", why: "it must end with .sip.twilio.com"},
		"the suffix alone":                 {in: "sip.twilio.com", why: "it must end with"},
		"the suffix and a dot":             {in: ".sip.twilio.com", why: "one label"},
		"grown together with the suffix":   {in: "asip.twilio.com", why: "it must end with"},
		"localized":                        {in: "a.sip.us1.twilio.com", why: "reach the same by themselves"},
		"two labels":                       {in: "a.b.sip.twilio.com", why: "one label"},
		"a hyphen at the end":              {in: "a-.sip.twilio.com", why: "one label"},
		"a hyphen at the front":            {in: "-a.sip.twilio.com", why: "one label"},
		"an underscore":                    {in: "a_b.sip.twilio.com", why: "one label"},
		"a letter beyond ASCII":            {in: "ä.sip.twilio.com", why: "one label"},
		"a Kelvin sign that lowers to k":   {in: "\u212a.sip.twilio.com", why: "one label"},
		"a final dot":                      {in: "a.sip.twilio.com.", why: "it must end with"},
		"another account's SID":            {in: "AC" + strings.Repeat("b", 32) + ".sip.twilio.com", why: "SID of another account"},
		"too long to be repeated in whole": {in: "a.sip." + strings.Repeat("a", 200) + ".twilio.com", why: "…"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := sip.normal(c.in, own)
			if got != c.want || (err == nil) != (c.why == "") || err != nil && !strings.Contains(err.Error(), c.why) {
				t.Errorf("%q: got %q, %v; want %q, %q", c.in, got, err, c.want, c.why)
			}
		})
	}
	if got, err := (hostRule{kind: "pstn"}).normal("lab.pstn.twilio.com", own); err != nil || got != "lab.pstn.twilio.com" {
		t.Errorf("a trunk's name: %q, %v", got, err)
	}
}

func FuzzHostName(f *testing.F) {
	for _, s := range []string{"lab.sip.twilio.com", "LAB.sip.us1.twilio.com", "a.b.sip.twilio.com", "x.sip.lab.example", ""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		rule := hostRule{kind: "sip", extra: []string{"sip.lab.example"}}
		got, err := rule.normal(s, "")
		if err != nil {
			if len(err.Error()) > 300 {
				t.Errorf("%q is repeated in a message of %d bytes", s, len(err.Error()))
			}
			return
		}
		if again, err := rule.normal(got, ""); err != nil || again != got {
			t.Errorf("%q became %q, which becomes %q, %v", s, got, again, err)
		}
		if rule.key(got) == got { // as the name of no domain would be
			t.Errorf("%q has no other form", got)
		}
	})
}
