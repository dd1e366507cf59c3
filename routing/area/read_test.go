package area

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"callbox/config/strict"
)

// read reads a guide that must be good.
func read(t *testing.T, src string) *Guide {
	t.Helper()
	g, problems := ReadGuide("msag.csv", strings.NewReader(src), GuideOptions{})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	return g
}

func TestAnMSAGIsReadAsItIsExported(t *testing.T) {
	mainSt := Civic{Street: "101 N Main St", City: "Marfa", State: "TX", Country: "US"}
	want := Finding{Match: Exact, Address: Civic{"101 N MAIN ST", "", "MARFA", "TX", "", "US"}, ESN: "123"}
	for _, r := range []struct{ name, src string }{
		{"with the words of the standard", "PRD,STN,STS,POD,Low,High,Community,State,O/E/B,ESN,Exchange,County\nN,MAIN,ST,,00000001,00000199,MARFA,TX,B,00123,MARF,PRESIDIO\n"},
		{"with others", "Dir Prefix;Street Name;Street Suffix;Dir Suffix;Low Range;High Range;MSAG Community;State;Odd/Even;ESN\nN;Main;Street;;1;199;Marfa;Texas;Both;123\n"},
		{"with columns in another order, tabs and CRLF", "ESN\tState\tCommunity\tHigh\tLow\tStreet\r\n123\tTX\tMarfa\t199\t1\tN Main St\r\n"},
		{"with a byte order mark, quotes and comments", "\xef\xbb\xbf# of 2026\n\"ESN\",\"State\",\"Community\",\"High\",\"Low\",\"Street\"\n\n\"123\",\"TX\",\"Marfa\",\"199\",\"1\",\"North Main Street\"\n# end\n"},
		{"with a street in parts that looks like another", "prd,stn,sts,low,high,community,state,parity,esn\nNorth,Main,Street,101,101,Marfa,TX,odd,123\n"},
	} {
		t.Run(r.name, func(t *testing.T) {
			if diff := cmp.Diff(want, read(t, r.src).Check(mainSt)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestColumnsNobodyKnowsAreTold(t *testing.T) {
	g := read(t, "street,low,high,community,state,esn,Exchange,,County ID\nMain St,1,9,Marfa,TX,1,a,b,c\n")
	if diff := cmp.Diff([]string{"Exchange", "County ID"}, g.Ignored()); diff != "" {
		t.Error(diff)
	}
}

func TestRangesHoldTheirHousesOnly(t *testing.T) {
	g := read(t, `country,state,community,postal_code,street,low,high,parity,esn
US,TX,Marfa,,Main St,100,198,E,1
US,TX,Marfa,,Main St,101,199,O,2
US,TX,Marfa,,Main St,200,299,,3
US,TX,Marfa,,Oak St,12,12,,4
US,TX,Marfa,,Oak St,14A,14C,,5
US,TX,Marfa,,Oak St,16 1/2,16 1/2,,6
US,TX,Marfa,,Elm St,37-01,37-99,O,7
US,WI,Marfa,,Bluemound Rd,N6W23000,N6W23999,,8
US,TX,Marfa,,Fort Russell,,,,9
,ON,Marfa,,Main St,1,9,,10
US,TX,Marfa,79843|79844,Pine St,1,9,,11
`)
	for _, r := range []struct {
		name, street, state, esn string
	}{
		{"the even side", "100 Main St", "TX", "1"}, {"its end", "198 Main St", "TX", "1"},
		{"the odd side", "101 Main St", "TX", "2"}, {"beyond the odd side", "201 Main St", "TX", "3"},
		{"before every range", "99 Main St", "TX", ""}, {"behind every range", "300 Main St", "TX", ""},
		{"a number has room for letters", "12B Oak St", "TX", "4"}, {"and fractions", "12 1/2 Oak St", "TX", "4"},
		{"a range of letters", "14B Oak St", "TX", "5"}, {"its end", "14 C Oak St", "TX", "5"},
		{"another letter", "14D Oak St", "TX", ""}, {"no letter", "14 Oak St", "TX", ""},
		{"a range of a fraction", "16½ Oak St", "TX", "6"}, {"another fraction", "16 1/4 Oak St", "TX", ""},
		{"a range of Queens", "37-05 Elm St", "TX", "7"}, {"its even side", "37-06 Elm St", "TX", ""},
		{"another block", "38-05 Elm St", "TX", ""}, {"a plain number in a range with a prefix", "5 Elm St", "TX", ""},
		{"a grid of Wisconsin", "N6W23001 Bluemound Rd", "WI", "8"},
		{"a place without numbers", "Ft. Russell", "TX", "9"}, {"which gets none", "1 Fort Russell", "TX", ""},
		{"a province", "5 Main St", "ON", "10"},
		{"joined houses in one range", "200-204 Main St", "TX", "3"}, {"joined houses in no one range", "298-304 Main St", "TX", ""},
	} {
		t.Run(r.name, func(t *testing.T) {
			country := "US"
			if r.state == "ON" {
				country = "CA"
			}
			f := g.Check(Civic{Street: r.street, City: "Marfa", State: r.state, Country: country})
			if f.ESN != r.esn || (f.Match == Exact) != (r.esn != "") {
				t.Errorf("Check(%s) = %+v, want ESN %q", r.street, f, r.esn)
			}
		})
	}
	either := Civic{Street: "5 Pine St", City: "Marfa", State: "TX", Country: "US"}
	if f := g.Check(either.atCode("79844")); f.Match != Exact || f.Address.PostalCode != "79844" {
		t.Errorf("the second of two postal codes: %+v", f)
	}
	if f := g.Check(either); f.Match != NoMatch || !strings.HasPrefix(f.Why, "it may be 5 PINE ST, MARFA, TX 79843 or") {
		t.Errorf("a missing postal code that may be one of two: %+v", f)
	}
}

func TestACityIsSpelledWrongWhereAGuideHasNoPostalCodes(t *testing.T) {
	g := read(t, "street,low,high,community,state,esn\nMain St,1,9,Marfa,TX,1\nOak St,1,9,Alpine,TX,2\nOak St,1,9,Alpena,TX,3\n")
	f := g.Check(Civic{Street: "5 Main St", City: "Mrfa", State: "TX", PostalCode: "79843", Country: "US"})
	if f.Match != Near || f.Address.City != "MARFA" || f.Why != `the city is MARFA, not "Mrfa"` {
		t.Errorf("%+v", f)
	}
	f = g.Check(Civic{Street: "5 Oak St", City: "Alpne", State: "TX", Country: "US"})
	if f.Match != Near || f.Address.City != "ALPINE" {
		t.Errorf("one letter is nearer than two: %+v", f)
	}
	if f = g.Check(Civic{Street: "5 Main St", City: "Marfa", State: "NM", Country: "US"}); f.Match != NoMatch {
		t.Errorf("without a postal code nothing tells that the state is wrong: %+v", f)
	}
}

func TestTheNearestNameCounts(t *testing.T) {
	const head = "street,low,high,community,state,esn\n"
	ask := Civic{Street: "50 Harrisen St", City: "Marfa", State: "TX", Country: "US"}
	further, nearer := read(t, head+"Garrison St,1,99,Marfa,TX,1\n"), read(t, head+"Harrison St,1,99,Marfa,TX,2\n")
	if f := Join(further, nearer).Check(ask); f.Match != Near || f.ESN != "2" {
		t.Errorf("two letters in the earlier guide, one in the later: %+v", f)
	}
	for _, order := range []string{"Garrison St,1,99,Marfa,TX,1\nHarrison St,1,9,Marfa,TX,2\n", "Harrison St,1,9,Marfa,TX,2\nTarrison St,1,99,Marfa,TX,1\n"} {
		if f := read(t, head+order).Check(ask); f.Match != NoMatch {
			t.Errorf("a name further off is taken because its numbers fit: %+v", f)
		}
	}
}

func TestAStandardFormThatReadsAsAnotherAddressIsNotGiven(t *testing.T) {
	g := read(t, "country,street,low,high,community,esn\nGB,1/2 Main St,5,5,Bath,1\nGB,Main St,1,9,Bath,2\n")
	f := g.Check(Civic{Street: "Five 1/2 Main St", City: "Bath", Country: "GB"})
	if f.Match != NoMatch || f.Why != "5 1/2 MAIN ST, BATH reads as more than one address; write it another way" {
		t.Errorf("%+v", f)
	}
}

func TestTheEarlierGuideHasTheWord(t *testing.T) {
	a := read(t, "street,low,high,community,state,esn\nMain St,1,9,Marfa,TX,1\n")
	b := read(t, "street,low,high,community,state,esn\nMain St,1,99,Marfa,TX,2\n")
	g := Join(nil, a, b)
	if g.Len() != 2 {
		t.Error(g.Len())
	}
	main := Civic{City: "Marfa", State: "TX", Country: "US"}
	for street, esn := range map[string]string{"5 Main St": "1", "50 Main St": "2"} {
		main.Street = street
		if f := g.Check(main); f.ESN != esn {
			t.Errorf("%s: %+v", street, f)
		}
	}
	main.Street = "5 Main"
	if f := g.Check(main); f.Match != Near || f.ESN != "1" {
		t.Errorf("the same address in two guides is one: %+v", f)
	}
	if f := Join().Check(main); f.Match != NoMatch || f.Why != "the guide has no streets in US" {
		t.Errorf("%+v", f)
	}
}

func TestEveryBadLineIsToldAtOnce(t *testing.T) {
	const head = "country,state,community,postal_code,prd,stn,sts,pod,low,high,parity,esn\n"
	for _, r := range []struct{ name, src, want string }{
		{"nothing", "", `msag.csv:1: the file is empty; write a first line that names the columns: country,state,community,postal_code,prd,stn,sts,pod,low,high,parity,esn`},
		{"no ranges", head, `msag.csv:1: the file has no ranges; write one in each line after the names of the columns`},
		{"no columns", "Main St,1,9,Marfa\n", "msag.csv:1: community: the column is missing; the first line must name it: community, msag_community, msag_community_name, community_name\n" +
			"msag.csv:1: stn: the column is missing; the first line must name it: stn, street_name, street, name\n" +
			"msag.csv:1: low: the column is missing; the first line must name it: low, low_range, low_number, lo\n" +
			"msag.csv:1: high: the column is missing; the first line must name it: high, high_range, high_number, hi\n" +
			"msag.csv:1: esn: the column is missing; the first line must name it: esn, esn_number, emergency_service_number, emergency_service_zone"},
		{"a column twice", "community,stn,low,high,esn,City\n", `msag.csv:1: City: means the same as "community"; remove or rename one of them`},
		{"a bad country", head + "USA,TX,Marfa,,,Main,St,,1,9,B,1\n", `msag.csv:2: country: "USA": is no country; write a code of two letters, such as US`},
		{"no state", head + "US,,Marfa,,,Main,St,,1,9,B,1\n", `msag.csv:2: state: the state is missing; write its code, such as CA; places of one name are many`},
		{"no community", head + "US,TX,.,,,Main,St,,1,9,B,1\n", `msag.csv:2: community: ".": the community is missing; write the place the street is in`},
		{"a bad postal code", head + "US,TX,Marfa,79843|-,,Main,St,,1,9,B,1\n", `msag.csv:2: postal_code: "-": is no postal code; write one, or several with | between: "94105|94107"`},
		{"no street", head + "US,TX,Marfa,,N,,St,,1,9,B,1\n", `msag.csv:2: stn: the street is missing; write its name`},
		{"a street with a comma", head + "US,TX,Marfa,,,\"Main, old\",St,,1,9,B,1\n", `msag.csv:2: stn: "Main, old": has a comma, semicolon or #, which part a street from a unit; leave it out`},
		{"a long street", head + "US,TX,Marfa,,," + strings.Repeat("x", 121) + ",St,,1,9,B,1\n", `msag.csv:2: stn: "` + strings.Repeat("x", 60) + `…": is longer than 120 bytes; abbreviate it`},
		{"a bad number", head + "US,TX,Marfa,,,Main,St,,one,9x9,B,1\n", `msag.csv:2: low: "ONE": is no house number; write one such as 1, 221B, 12 1/2 or 37-01; none in both for a street without numbers`},
		{"half a range", head + "US,TX,Marfa,,,Main,St,,1,,B,1\n", `msag.csv:2: high: is no house number; write one; for a single house the same as the lowest`},
		{"a range that runs back", head + "US,TX,Marfa,,,Main,St,,9,1,B,1\n", `msag.csv:2: high: "1": is lower than "9"; swap them`},
		{"a range over blocks", head + "US,TX,Marfa,,,Main,St,,37-01,38-99,B,1\n", `msag.csv:2: high: "38-99": does not begin as "37-01" does; make two ranges of it`},
		{"a bad side", head + "US,TX,Marfa,,,Main,St,,1,9,left,1\n", `msag.csv:2: parity: "left": is no side of a street; write odd, even or both (O, E, B)`},
		{"a side without houses", head + "US,TX,Marfa,,,Main,St,,1,1,E,1\n", `msag.csv:2: parity: "E": leaves no number of "1"; write the other side, or both`},
		{"no ESN", head + "US,TX,Marfa,,,Main,St,,1,9,B,\n", `msag.csv:2: esn: is no ESN; write the emergency service number, up to ten digits`},
		{"a bad ESN", head + "US,TX,Marfa,,,Main,St,,1,9,B,1-2\n", `msag.csv:2: esn: "1-2": is no ESN; write the emergency service number, up to ten digits`},
		{"too few columns", head + "US,TX\n", `msag.csv:2: has 2 columns, the first line 12; write every column, empty where it says nothing, and quotes around a value with commas`},
		{"Latin-1", head + "US,TX,Marfa,,,Caf\xe9,St,,1,9,B,1\n", `msag.csv:2: stn: "Caf?": is longer than 200 bytes, not UTF-8 or has control characters; save the file as UTF-8 and shorten the value`},
		{"a stray quote", head + "US,TX,Ma\"rfa,,,Main,St,,1,9,B,1\nUS,TX,Marfa,,,Main,St,,1,9,B,\n", `msag.csv:2: a quote stands where none can be; put quotes around the whole field and write a quote within as two` + "\n" +
			`msag.csv:3: esn: is no ESN; write the emergency service number, up to ten digits`},
		{"ranges that disagree", head + "US,TX,Marfa,,,Main,St,,1,99,B,1\nUS,TX,Marfa,,,Elm,St,,1,99,B,2\nUS,TX,Marfa,,,MAIN,Street,,51,149,O,2\n",
			`msag.csv:4: low: MAIN ST 51 to 149 odd lies over line 2, whose ESN is 1, not 2; make the numbers or the ESN agree`},
		{"places without numbers that disagree", head + "US,TX,Marfa,,,Fort Russell,,,,,B,1\nUS,TX,Marfa,,,Fort Russell,,,,,B,2\n",
			`msag.csv:3: low: FORT RUSSELL no numbers lies over line 2, whose ESN is 1, not 2; make the numbers or the ESN agree`},
	} {
		t.Run(r.name, func(t *testing.T) {
			g, problems := ReadGuide("msag.csv", strings.NewReader(r.src), GuideOptions{})
			if diff := cmp.Diff(r.want, problems.Error()); diff != "" || g != nil {
				t.Errorf("%v\n%s", g, diff)
			}
		})
	}
}

func TestRangesThatAgreeMayLieOverEachOther(t *testing.T) {
	g := read(t, `street,low,high,community,state,parity,esn
Main St,1,99,Marfa,TX,O,1
Main St,2,98,Marfa,TX,E,2
Main St,1,49,Marfa,TX,O,1
Main St,A1,A99,Marfa,TX,B,3
Main St,,,Marfa,TX,B,4
`)
	if g.Len() != 5 {
		t.Error(g.Len())
	}
}

func TestALaterRangeIsComparedWithTheOneThatReachesFurthest(t *testing.T) {
	_, problems := ReadGuide("msag.csv", strings.NewReader(`street,low,high,community,state,esn
Main St,1,999,Marfa,TX,1
Main St,10,20,Marfa,TX,1
Main St,500,600,Marfa,TX,2
`), GuideOptions{})
	if len(problems) != 1 || problems[0].Line != 4 {
		t.Error(problems)
	}
}

func TestHostileFilesAreBounded(t *testing.T) {
	const head = "street,low,high,community,state,esn\n"
	bad := head + strings.Repeat("Main St,x,9,Marfa,TX,1\n", 10_000)
	_, problems := ReadGuide("f", strings.NewReader(bad), GuideOptions{})
	if len(problems) != strict.MaxProblems+1 || !strings.HasPrefix(problems[strict.MaxProblems].Message, "too many problems") {
		t.Errorf("%d problems, the last %v", len(problems), problems[len(problems)-1])
	}
	open := &counted{r: strings.NewReader(head + "\"" + strings.Repeat("Main St,1,9,Marfa,TX,1\n", 1_000_000))}
	_, problems = ReadGuide("f", open, GuideOptions{})
	if len(problems) != 1 || !strings.Contains(problems[0].Message, "a quote is not closed") || open.n > 4*maxRecord {
		t.Errorf("%v after %d bytes", problems, open.n)
	}
	_, problems = ReadGuide("f", strings.NewReader(head+"Main St,1,9,Marfa,TX,1\nMain St,1,9,Marfa,TX,1\n"), GuideOptions{MaxRanges: 1})
	if len(problems) != 1 || problems[0].Message != "more than 1 ranges" || problems[0].Line != 3 {
		t.Error(problems)
	}
	_, problems = ReadGuide("f", bytes.NewReader([]byte("\xff\xfes\x00t\x00r\x00")), GuideOptions{})
	if len(problems) == 0 {
		t.Error("UTF-16 is not told")
	}
}

// counted counts what was read.
type counted struct {
	r *strings.Reader
	n int
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += n
	return n, err
}

// A table keeps lengths of names in one byte: longer ones must not come out as other, shorter ones.
func TestAStreetThatGrowsInPlainLettersIsBounded(t *testing.T) {
	const header = "country,state,community,stn,low,high,esn\n"
	for _, c := range []struct {
		name, country, street string
		good                  bool
	}{
		{"as long as may be", "US", strings.Repeat("ABC ", 29) + "ABCD", true},
		{"types that are written out", "DE", strings.Repeat("STR ", 29) + "STRS", true},
		{"signs that are spelled", "US", strings.Repeat("A&", 17) + "A", true},
		{"too many signs", "US", strings.Repeat("A&", 40) + "A", false},
		{"letters made of several", "US", strings.Repeat("각", 13), true},
		{"too many letters", "US", strings.Repeat("각", 39), false},
	} {
		g, problems := ReadGuide("msag.csv", strings.NewReader(header+c.country+",TX,Marfa,\""+c.street+"\",1,9,7\n"), GuideOptions{})
		if (len(problems) == 0) != c.good {
			t.Errorf("%s: %v", c.name, problems)
			continue
		}
		if !c.good {
			continue
		}
		street := "1 " + c.street
		if c.country == "DE" {
			street = c.street + " 1"
		}
		if f := g.Check(Civic{Street: street, City: "Marfa", State: "TX", Country: c.country}); f.Match != Exact || f.ESN != "7" {
			t.Errorf("%s: %+v", c.name, f)
		}
	}
}
