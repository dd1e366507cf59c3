package numbering

import (
	"strings"
	"testing"
)

func TestE164(t *testing.T) {
	rows := []struct {
		name, number string
		want         bool
	}{
		{"a US number is valid", "+14155550100", true},
		{"eight digits are the least", "+12345678", true},
		{"seven digits are too few", "+1234567", false},
		{"fifteen digits are the most", "+123456789012345", true},
		{"sixteen digits are too many", "+1234567890123456", false},
		{"no country code begins with 0", "+04155550100", false},
		{"the plus is needed", "14155550100", false},
		{"two pluses are too many", "++4155550100", false},
		{"separators are not digits", "+1-415-555-0100", false},
		{"letters are not digits", "+1415555010a", false},
		{"digits of other scripts are not digits", "+1٤15555010", false},
		{"a line break is not a digit", "+14155550100\r\n", false},
		{"nothing is no number", "", false},
	}
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			if got := Valid(r.number); got != r.want {
				t.Errorf("Valid(%q) = %v", r.number, got)
			}
		})
	}
}

func TestCountryOfANumber(t *testing.T) {
	rows := []struct{ name, number, country string }{
		{"San Francisco is US", "+14155550100", "US"},
		{"New York is US", "+12125550100", "US"},
		{"Ottawa shares +1 and is CA", "+16135550100", "CA"},
		{"Toronto's overlay is CA", "+14375550100", "CA"},
		{"Jamaica shares +1 and is neither", "+18765550100", "JM"},
		{"toll-free counts as US", "+18005550103", "US"},
		{"an area code nobody has counts as US", "+19995550199", "US"},
		{"London is GB", "+442079460100", "GB"},
		{"Guernsey shares +44 and is not GB", "+441481256000", "GG"},
		{"Dublin is IE", "+35315550100", "IE"},
		{"Sydney is AU", "+61255500100", "AU"},
		{"Paris is FR", "+33155500100", "FR"},
		{"Berlin is DE", "+493055500100", "DE"},
		{"Vienna is AT", "+4315550100", "AT"},
		{"universal freephone has no country", "+80012345678", ""},
		{"an unassigned calling code has no country", "+99912345678", ""},
		{"what is not E.164 has no country", "4155550100", ""},
	}
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			got, ok := Country(r.number)
			if ok != (r.country != "") || ok && got != r.country {
				t.Errorf("Country(%q) = %q, %v", r.number, got, ok)
			}
		})
	}
}

func TestNumberInAUserPart(t *testing.T) {
	rows := []struct{ name, user, want string }{
		{"digits stay", "911", "911"},
		{"parameters go", "911;phone-context=+1", "911"},
		{"separators go", "9-1-1", "911"},
		{"brackets and dots go", "(9).1.1", "911"},
		{"a plus stays", "+1-415-555-0100", "+14155550100"},
		{"a name stays a name", "alice", "alice"},
		{"a space is no separator", "9 1 1", "9 1 1"},
		{"nothing stays nothing", "", ""},
		{"parameters alone leave nothing", ";911", ""},
		{"what is too long is not touched", strings.Repeat("-", 65), strings.Repeat("-", 65)},
	}
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			if got := Number(r.user); got != r.want {
				t.Errorf("Number(%q) = %q, want %q", r.user, got, r.want)
			}
		})
	}
}

func TestLookUpsAllocateNothing(t *testing.T) {
	p, err := NewPlan(nil)
	if err != nil {
		t.Fatal(err)
	}
	valid := false
	n := testing.AllocsPerRun(100, func() {
		valid = Valid("+14155550100")
		p.Anywhere(Number("911;phone-context=+1"))
		p.In("US", "911")
		p.Label("FR", "17")
		p.Resolve("AT", SosMountain)
		ServiceURN("service:sos.police")
	})
	if n != 0 || !valid {
		t.Errorf("%v allocations", n)
	}
}

func FuzzNumber(f *testing.F) {
	for _, s := range []string{"911", "+14155550100", "9-1-1;a=b", "+1-(415)", ";", "\xff", "service:sos"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		n := Number(s)
		if len(n) > len(s) {
			t.Errorf("Number(%q) = %q grew", s, n)
		}
		if again := Number(n); len(s) <= 64 && again != n {
			t.Errorf("Number(%q) = %q, and of that %q", s, n, again)
		}
		if country, ok := Country(s); ok && (!Valid(s) || len(country) != 2) {
			t.Errorf("Country(%q) = %q", s, country)
		}
	})
}
