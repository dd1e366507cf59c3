package numbering

import "testing"

func TestClassOf(t *testing.T) {
	for number, want := range map[string]Class{
		"+14152345678": Local, "+14155550100": Local, "+18002345678": TollFree, "+18885550100": TollFree,
		"+442079460000": Local, "+447400123456": Mobile, "+448001111111": TollFree, "+4915123456789": Mobile, "nonsense": Local, "": Local,
	} {
		if got := ClassOf(number); got != want {
			t.Errorf("%s is %s, not %s", number, got, want)
		}
	}
}

func TestSpoken(t *testing.T) {
	for number, want := range map[string]string{
		"+18089255327": "(808) 925-5327", "+442079460000": "+442079460000", "+1415555": "+1415555", "+1415555010a": "+1415555010a", "x": "x",
	} {
		if got := Spoken(number); got != want {
			t.Errorf("%s is spoken %s, not %s", number, got, want)
		}
	}
}

func TestAreaCode(t *testing.T) {
	for code, want := range map[string]string{
		"415": "US", "613": "CA", "876": "JM", "800": "US", "911": "", "115": "", "000": "", "41": "", "4155": "", "4x5": "", "": "",
	} {
		if got, ok := AreaCode(code); got != want || ok != (want != "") {
			t.Errorf("%q is of %q, not %q", code, got, want)
		}
	}
}
