package numbering

import (
	"slices"
	"strings"
	"testing"
)

func TestANumberIsReadInEachWayItMayBeMeant(t *testing.T) {
	t.Parallel()
	p, err := NewPlan(nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range []struct{ name, written, want, not, guess string }{
		{"a national number of North America", "4155550100", "+14155550100", "", "+14155550100"},
		{"one with its trunk prefix, or without its plus", "14155550100", "+14155550100", "+114155550100", "+14155550100"},
		{"one with 00", "0014155550100", "+14155550100", "+0014155550100", "+14155550100"},
		{"one with 011", "01114155550100", "+14155550100", "", "+14155550100"},
		{"a number abroad from North America", "011442079460100", "+442079460100", "", "+442079460100"},
		{"a number abroad from Australia", "0011442079460100", "+442079460100", "", ""},
		{"a number without its plus", "442079460100", "+442079460100", "", ""},
		{"a national number of Britain", "02079460100", "+442079460100", "+4402079460100", ""},
		{"which may be one of Austria", "02079460100", "+432079460100", "", ""},
		{"visual separators", "(415) 555", "", "", ""},
		{"visual separators of RFC 3966", "+1-(415)-555.0100", "+14155550100", "+114155550100", "+14155550100"},
		{"a plus and a trunk prefix is none", "+02079460100", "", "", ""},
		{"too few digits", "415555", "", "", ""},
		{"too many digits", "0012345678901234567", "", "", ""},
		{"a short number is none", "911", "", "", ""},
		{"a plus alone", "+", "", "", ""},
		{"a plus in the midst", "1+4155550100", "", "", ""},
		{"a name", "alice", "", "", ""},
		{"digits that are not ASCII", "٤١٥٥٥٥٠١٠٠", "", "", ""},
		{"nothing", "", "", "", ""},
	} {
		var got []string
		guess := ""
		if w, ok := ReadWritten(r.written); ok {
			p.Readings(&w, func(e E164) bool { got = append(got, e.String()); return true })
			if e, ok := p.Guess(&w); ok {
				guess = e.String()
			}
		}
		if r.want == "" && len(got) > 0 || r.want != "" && !slices.Contains(got, r.want) || r.not != "" && slices.Contains(got, r.not) {
			t.Errorf("%s: %s is read as %s", r.name, r.written, got)
		}
		if guess != r.guess {
			t.Errorf("%s: %s is taken for %q", r.name, r.written, guess)
		}
	}
}

func TestReadingsAllocateNothing(t *testing.T) {
	p, err := NewPlan(nil)
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	if n := testing.AllocsPerRun(100, func() {
		w, _ := ReadWritten("(0)20-7946.0100")
		p.Readings(&w, func(e E164) bool {
			if string(e.Bytes()) == "+442079460100" {
				found++
			}
			return true
		})
	}); n != 0 || found == 0 {
		t.Errorf("%v allocations, found %d times", n, found)
	}
}

func FuzzWritten(f *testing.F) {
	p, err := NewPlan(map[string]CountryPlan{"NO": {Emergency: []string{"112"}}, "IT": {Emergency: []string{"112"}}})
	if err != nil {
		f.Fatal(err)
	}
	for _, s := range []string{"4155550100", "+1-415-555-0100", "0011442079460100", "(0)20 7946", "", "+", strings.Repeat("0", 41), "99999999"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		w, ok := ReadWritten(s)
		if !ok {
			return
		}
		check := func(e E164) bool {
			if !Valid(e.String()) || MakeE164(e.String()) != e {
				t.Errorf("%q is read as %q", s, e)
			}
			return true
		}
		p.Readings(&w, check)
		if e, ok := p.Guess(&w); ok {
			check(e)
		}
	})
}
