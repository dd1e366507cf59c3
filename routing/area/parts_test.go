package area

import "testing"

func TestAStandardStreetLineIsTakenApart(t *testing.T) {
	t.Parallel()
	for street, want := range map[string]Parts{
		"904 E ANSON ST":            {House: "904", Before: "E", Name: "ANSON", Kind: "ST"},
		"645 HARRISON ST":           {House: "645", Name: "HARRISON", Kind: "ST"},
		"1600 PENNSYLVANIA AVE NW":  {House: "1600", Name: "PENNSYLVANIA", Kind: "AVE", After: "NW"},
		"12 1/2 MAIN ST":            {House: "12", HouseSuffix: "1/2", Name: "MAIN", Kind: "ST"},
		"221B BAKER ST":             {House: "221", HouseSuffix: "B", Name: "BAKER", Kind: "ST"},
		"10 BROADWAY":               {House: "10", Name: "BROADWAY"},
		"350 5TH AVE":               {House: "350", Name: "5TH", Kind: "AVE"},
		"645 North Harrison Street": {House: "645", Before: "N", Name: "HARRISON", Kind: "ST"},
		"HARRISON ST":               {Name: "HARRISON", Kind: "ST"},
		"":                          {},
	} {
		if got := Split(Civic{Street: street, Country: "US"}); got != want {
			t.Errorf("%q: %+v, want %+v", street, got, want)
		}
	}
	if got := Split(Civic{Street: "25 RUE EDDY", Country: "CA"}); got != (Parts{House: "25", Name: "RUE EDDY"}) {
		t.Errorf("a French street: %+v", got)
	}
	if got := Split(Civic{Street: "10 DOWNING ST", Country: "GB"}); got != (Parts{House: "10", Name: "DOWNING ST"}) {
		t.Errorf("a British street: %+v", got)
	}
}

func TestEveryLabAddressIsPutTogetherAgainFromItsParts(t *testing.T) {
	t.Parallel()
	for _, street := range []string{"645 Harrison St", "350 5th Ave", "110 Laurier Ave W"} {
		c := Civic{Street: street, City: "San Francisco", State: "CA", PostalCode: "94107", Country: "US"}
		switch street {
		case "350 5th Ave":
			c.City, c.State, c.PostalCode = "New York", "NY", "10118"
		case "110 Laurier Ave W":
			c.City, c.State, c.PostalCode, c.Country = "Ottawa", "ON", "K1P 1J1", "CA"
		}
		f := LabGuide().Check(c)
		if f.Match == NoMatch {
			t.Errorf("%s: %s", street, f.Why)
			continue
		}
		p := Split(f.Address)
		line := ""
		for _, part := range []string{p.House, p.HouseSuffix, p.Before, p.Name, p.Kind, p.After} {
			if part != "" {
				line += " " + part
			}
		}
		if line != " "+f.Address.Street {
			t.Errorf("%q came apart into %+v", f.Address.Street, p)
		}
	}
}
