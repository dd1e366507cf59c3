package numbering

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

func TestABlockOfNumbersIsOfOneCountry(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	c := NewCountries()
	check := func(s string) {
		t.Helper()
		want, wantOK := Country(s)
		if got, ok := c.Of(s); got != want || ok != wantOK {
			t.Errorf("Of(%s) = %q, %t; Country says %q, %t", s, got, ok, want, wantOK)
		}
		if got := c.Possible(s); got != Possible(s) {
			t.Errorf("a number of the block of %s is possible: %t, but it is not so itself", s, got)
		}
	}
	prefixes := []string{"+1415555", "+1613555", "+1800555", "+1242359", "+4420794", "+441481", "+44779771", "+447624", "+441534", "+4475",
		"+35315", "+6125550", "+6189162", "+3315550", "+4930555", "+431555", "+390669", "+35818", "+3581", "+7700", "+9991", "+4479", "+4476"}
	for _, p := range prefixes {
		for range 20 {
			block := fmt.Sprintf("%s%0*d", p, random.IntN(3)+max(0, 8-len(p))/2, random.IntN(10))
			for range 5 {
				check(fmt.Sprintf("%s%04d", block, random.IntN(10_000)))
			}
		}
	}
	for _, s := range []string{"", "+", "14155550100", "+01234567", "+9999999999", "+1415555010", "+14155550100"} {
		check(s)
	}
}

func TestCountriesForgetRatherThanGrow(t *testing.T) {
	c := NewCountries()
	for i := range maxBlocks {
		c.blocks[fmt.Sprint(i)] = block{country: "US"}
	}
	if got, _ := c.Of("+442079460100"); got != "GB" || len(c.blocks) != 1 {
		t.Errorf("%q with %d blocks remembered, want GB and 1", got, len(c.blocks))
	}
}

func TestCountriesOfOneCallingCodeShareIt(t *testing.T) {
	for pair, want := range map[[2]string]bool{
		{"US", "CA"}: true, {"GB", "GB"}: true, {"GB", "IE"}: false, {"US", "GB"}: false, {"GB", "JE"}: true, {"ZZ", "YY"}: false,
	} {
		if got := SamePlan(pair[0], pair[1]); got != want {
			t.Errorf("SamePlan(%v) = %t", pair, got)
		}
	}
}
