package numbering

import "testing"

func TestNumbersAsTheyAreDialledInACountry(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ dialled, country, want string }{
		{"4155550100", "US", "+14155550100"}, {"14155550100", "US", "+14155550100"}, {"01114155550100", "US", "+14155550100"},
		{"02079460100", "GB", "+442079460100"}, {"2079460100", "GB", "+442079460100"}, {"0014155550100", "GB", "+14155550100"},
		{"0155500100", "FR", "+33155500100"}, {"911", "US", ""}, {"112", "FR", ""}, {"", "US", ""}, {"4155550100;x", "US", ""},
		{"4155550100", "XX", ""}, {"99999999999999999999", "US", ""},
	} {
		got, ok := National(tt.dialled, tt.country)
		if got != tt.want || ok != (tt.want != "") {
			t.Errorf("National(%q, %s) = %q, %v, want %q", tt.dialled, tt.country, got, ok, tt.want)
		}
	}
}
