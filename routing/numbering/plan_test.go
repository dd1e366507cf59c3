package numbering

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func plan(t *testing.T, overrides map[string]CountryPlan) *Plan {
	t.Helper()
	p, err := NewPlan(overrides)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestDefaultEmergencyNumbers(t *testing.T) {
	want := map[string]string{
		"US": "911 112", "CA": "911 112", "GB": "999 112", "IE": "112 999", "AU": "000 106 112",
		"FR": "112 15 17 18 114 115 119 191 196 197 116000", "DE": "112 110", "AT": "112 122 133 144 128 140",
	}
	p := plan(t, nil)
	got := map[string]string{}
	for _, c := range p.Countries() {
		cp, _ := p.Country(c)
		got[c] = strings.Join(cp.Emergency, " ")
		for _, n := range cp.Emergency {
			if p.In(c, n) != Emergency || p.Anywhere(n) != Emergency {
				t.Errorf("%s must be an emergency number in %s", n, c)
			}
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestNumbersBelongToTheirCountries(t *testing.T) {
	rows := []struct {
		name, country, number string
		want                  Kind
	}{
		{"911 is an emergency number in the US", "US", "911", Emergency},
		{"112 is an emergency number in the US", "US", "112", Emergency},
		{"999 is not one in the US", "US", "999", NotSpecial},
		{"933 is a test number in the US", "US", "933", Test},
		{"933 is a test number in Canada", "CA", "933", Test},
		{"933 is nothing in the UK", "GB", "933", NotSpecial},
		{"911 is nothing in the UK", "GB", "911", NotSpecial},
		{"000 is an emergency number in Australia", "AU", "000", Emergency},
		{"no number is special in an unknown country", "XX", "911", NotSpecial},
	}
	p := plan(t, nil)
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			if got := p.In(r.country, r.number); got != r.want {
				t.Errorf("In(%s, %s) = %v", r.country, r.number, got)
			}
		})
	}
	if p.Anywhere("933") != Test || p.Anywhere("411") != NotSpecial || p.Anywhere("") != NotSpecial {
		t.Error("Anywhere")
	}
}

func TestServicesResolveToTheCountrysNumber(t *testing.T) {
	rows := []struct{ name, country, label, want string }{
		{"sos is 911 in the US", "US", Sos, "911"},
		{"police is 911 in the US", "US", SosPolice, "911"},
		{"sos is 999 in the UK", "GB", Sos, "999"},
		{"sos is 112 in Ireland", "IE", Sos, "112"},
		{"sos is 000 in Australia", "AU", Sos, "000"},
		{"police is 17 in France", "FR", SosPolice, "17"},
		{"fire is 18 in France", "FR", SosFire, "18"},
		{"ambulance is 15 in France", "FR", SosAmbulance, "15"},
		{"a service without a number is the general one", "FR", SosPoison, "112"},
		{"police is 110 in Germany", "DE", SosPolice, "110"},
		{"fire is 112 in Germany", "DE", SosFire, "112"},
		{"mountain rescue is 140 in Austria", "AT", SosMountain, "140"},
		{"a test is 933 in the US", "US", TestSos, "933"},
		{"there is no test in the UK", "GB", TestSos, ""},
		{"an unknown country has no number", "XX", Sos, ""},
	}
	p := plan(t, nil)
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			if got := p.Resolve(r.country, r.label); got != r.want {
				t.Errorf("Resolve(%s, %s) = %q, want %q", r.country, r.label, got, r.want)
			}
		})
	}
}

func TestNumbersHaveLabels(t *testing.T) {
	p := plan(t, nil)
	for number, want := range map[string]string{
		"112": Sos, "17": SosPolice, "18": SosFire, "15": SosAmbulance, "196": SosMarine, "115": Sos, "933": "",
	} {
		if got := p.Label("FR", number); got != want {
			t.Errorf("Label(FR, %s) = %q, want %q", number, got, want)
		}
	}
	if got := p.Label("US", "933"); got != TestSos {
		t.Errorf("Label(US, 933) = %q", got)
	}
	if got := p.Label("XX", "112"); got != "" {
		t.Errorf("Label(XX, 112) = %q", got)
	}
}

func TestAnOverrideReplacesOrAddsACountry(t *testing.T) {
	p := plan(t, map[string]CountryPlan{
		"NZ": {Emergency: []string{"111"}, Test: []string{"933"}},
		"GB": {Emergency: []string{"112", "999"}, Services: map[string]string{SosPolice: "999"}},
	})
	if p.In("NZ", "111") != Emergency || p.Resolve("NZ", TestSos) != "933" || !p.Has("NZ") {
		t.Error("NZ was not added")
	}
	if p.Resolve("GB", Sos) != "112" || p.Label("GB", "999") != SosPolice {
		t.Error("GB was not replaced")
	}
	if p.Resolve("US", Sos) != "911" {
		t.Error("US must stay")
	}
}

func TestANumberThatIsAnEmergencyNumberAnywhereIsNoMereTest(t *testing.T) {
	p := plan(t, map[string]CountryPlan{"NZ": {Emergency: []string{"111"}, Test: []string{"999"}}})
	if p.Anywhere("999") != Emergency || p.In("NZ", "999") != Test {
		t.Errorf("Anywhere %v, NZ %v", p.Anywhere("999"), p.In("NZ", "999"))
	}
}

func TestABadCountryIsRefused(t *testing.T) {
	rows := []struct {
		name, country string
		plan          CountryPlan
		want          string
	}{
		{"the code must be two capitals", "nz", CountryPlan{Emergency: []string{"111"}}, `country "nz" is not an ISO 3166-1 alpha-2 code`},
		{"an emergency number is needed", "NZ", CountryPlan{}, "country NZ has no emergency number"},
		{"numbers are digits", "NZ", CountryPlan{Emergency: []string{"1a1"}}, `"1a1" is not 2 to 6 digits`},
		{"numbers are short", "NZ", CountryPlan{Emergency: []string{"1111111"}}, `"1111111" is not 2 to 6 digits`},
		{"a number is there once", "NZ", CountryPlan{Emergency: []string{"111"}, Test: []string{"111"}}, "111 is there twice for NZ"},
		{"services are those of RFC 5031", "NZ", CountryPlan{Emergency: []string{"111"}, Services: map[string]string{"sos.cat": "111"}}, `"sos.cat" is not a service of RFC 5031`},
		{"a service's number is one of the country", "NZ", CountryPlan{Emergency: []string{"111"}, Services: map[string]string{SosFire: "112"}}, `sos.fire of NZ is "112", which is not one of its emergency numbers`},
	}
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			_, err := NewPlan(map[string]CountryPlan{r.country: r.plan})
			if err == nil || err.Error() != r.want {
				t.Errorf("got %v, want %s", err, r.want)
			}
		})
	}
}

func TestServiceURNs(t *testing.T) {
	rows := []struct{ name, rest, want string }{
		{"sos is itself", "service:sos", Sos},
		{"police is itself", "service:sos.police", SosPolice},
		{"case does not matter", "SERVICE:SOS.Police", SosPolice},
		{"a child of a known service is that service", "service:sos.fire.forest", SosFire},
		{"an unknown child is sos", "service:sos.ecall.automatic", Sos},
		{"a label that only begins alike is another", "service:sos.policeman", Sos},
		{"a test is a test", "service:test.sos", TestSos},
		{"a test of a service is a test", "service:test.sos.police", TestSos},
		{"sosx is no emergency", "service:sosx", ""},
		{"counseling is no emergency", "service:counseling.children", ""},
		{"the service namespace is needed", "sos", ""},
		{"other namespaces are not ours", "nena:service:sos", ""},
		{"an empty label is malformed", "service:sos..police", ""},
		{"a final dot is malformed", "service:sos.", ""},
		{"a hyphen cannot begin a label", "service:sos.-fire", ""},
		{"a space is malformed", "service:sos. police", ""},
		{"nothing is no URN", "", ""},
		{"what is endless is no URN", "service:sos." + strings.Repeat("a", 300), ""},
	}
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			got, ok := ServiceURN(r.rest)
			if got != r.want || ok != (r.want != "") {
				t.Errorf("ServiceURN(%q) = %q, %v", r.rest, got, ok)
			}
		})
	}
}

func TestLabelsAreThoseWithANumberOfTheirOwn(t *testing.T) {
	for _, l := range Labels() {
		if !IsLabel(l) || !strings.HasPrefix(l, "sos.") {
			t.Errorf("%q", l)
		}
	}
	if IsLabel(Sos) || IsLabel("sos.cat") {
		t.Error("sos and sos.cat are no such labels")
	}
}

func TestKindsHaveNames(t *testing.T) {
	if got := []string{NotSpecial.String(), Emergency.String(), Test.String()}; !cmp.Equal(got, []string{"", "emergency", "test"}) {
		t.Error(got)
	}
}

func FuzzServiceURN(f *testing.F) {
	for _, s := range []string{"service:sos", "service:sos.police", "service:test.sos", "service:sos..", "SERVICE:SOS.-"} {
		f.Add(s)
	}
	p, err := NewPlan(nil)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, s string) {
		label, ok := ServiceURN(s)
		if ok != (label != "") {
			t.Errorf("ServiceURN(%q) = %q, %v", s, label, ok)
		}
		if ok && label != TestSos && p.In("AT", p.Resolve("AT", label)) != Emergency {
			t.Errorf("%q resolves to no emergency number", label)
		}
	})
}
