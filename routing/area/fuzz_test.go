package area

import (
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"callbox/config/strict"
)

// FuzzCheck asks the lab's guide for anything.
func FuzzCheck(f *testing.F) {
	for _, c := range []Civic{
		soma.at("645 Harrison St., Suite 500"), midtown.at("350 Fifth Avenue, 21st Floor"), ottawa.at("500-110 Laurier Ave W"),
		gatineau.at("5 rue de l’Hôtel de Ville"), whitehall.at("Flat 2, 221 B Baker St"), sydney.at("7/483 George St"),
		paris.at("55 bis r. du Fbg St Honore"), berlin.at("Strasse des 17 Juni 135½"), wien.at("Ballhausplatz 2/3/14"),
	} {
		f.Add(c.Street, "1 FL 2 FL #5", c.City, c.State, c.PostalCode, c.Country)
	}
	f.Add("\xff", "", "", "", "", "")
	f.Fuzz(func(t *testing.T, street, secondary, city, state, code, country string) {
		sound(t, LabGuide(), Civic{street, secondary, city, state, code, country})
	})
}

// sound fails unless a finding keeps what Check promises.
func sound(t *testing.T, g *Guide, c Civic) Finding {
	t.Helper()
	f := g.Check(c)
	switch f.Match {
	case NoMatch:
		if f.Why == "" || f.Address != (Civic{}) || f.ESN != "" || len(f.Why) > 1500 || !utf8.ValidString(f.Why) {
			t.Errorf("Check(%q) = %+v", c, f)
		}
		return f
	case Near:
		if f.Why == "" {
			t.Errorf("Check(%q) does not say why: %+v", c, f)
		}
	case Exact:
		if f.Why != "" {
			t.Errorf("Check(%q) says why: %+v", c, f)
		}
	}
	if again := g.Check(f.Address); again.Match != Exact || again.Address != f.Address || again.ESN != f.ESN || f.ESN == "" {
		t.Errorf("Check(%q) = %+v, whose address is %+v", c, f, again)
	}
	return f
}

// FuzzReadGuide reads anything, and asks a guide it got for what is in it.
func FuzzReadGuide(f *testing.F) {
	f.Add("country,state,community,postal_code,prd,stn,sts,pod,low,high,parity,esn\nUS,TX,Marfa,79843|79844,N,Main,St,,1,199,O,1\n")
	f.Add("street;low;high;community;state;esn\nMain St;12A;16 1/2;Marfa;TX;1\nElm;37-01;37-99;Marfa;TX;1\nFort Russell;;;Marfa;TX;2\n")
	f.Add("country,street,low,high,community,esn\nFR,Rue de l'Hôtel,1 BIS,9,Paris,1\nDE,Straße des 17. Juni,1,9,Berlin,2\nAT,\"Platz\",1,1,Wien,3\n")
	f.Add("street,low,high,community,state,esn\n\"Main St,1,9,Marfa,TX,1\n")
	f.Fuzz(func(t *testing.T, src string) {
		g, problems := ReadGuide("f", strings.NewReader(src), GuideOptions{MaxRanges: 1000})
		if (g == nil) != (len(problems) > 0) || len(problems) > strict.MaxProblems+1 {
			t.Fatalf("%v, %d problems", g, len(problems))
		}
		if g == nil {
			return
		}
		table := g.tables[0]
		for i := range table.streets[:min(len(table.streets), 20)] {
			s := &table.streets[i]
			c := &table.communities[s.community]
			r := &table.ranges[s.first]
			code := ""
			if r.code > 0 {
				code = table.codes[r.code][0]
			}
			h := house{text: table.prefixes[r.prefix] + strconv.FormatUint(r.low>>8, 10)}
			if r.parity == unnumbered {
				h.text = ""
			}
			sound(t, g, Civic{h.with(dialectOf(c.country), table.name(s)), "", c.name, c.state, code, c.country})
		}
	})
}
