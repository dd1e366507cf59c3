package transfer

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"callbox/routing/area"
	"callbox/routing/numbering"
)

// guideFunc is a guide of a test's own.
type guideFunc func(area.Civic) area.Finding

func (f guideFunc) Check(c area.Civic) area.Finding { return f(c) }

// harrison knows 645 Harrison St in San Francisco, and Harrisson as a misspelling of it.
var harrison = guideFunc(func(c area.Civic) area.Finding {
	standard := c
	standard.Street, standard.City, standard.State = "645 HARRISON ST", "SAN FRANCISCO", "CA"
	switch {
	case strings.EqualFold(c.Street, "645 Harrison St"):
		return area.Finding{Match: area.Exact, Address: standard, ESN: "101"}
	case strings.EqualFold(c.Street, "645 Harrisson St"):
		return area.Finding{Match: area.Near, Address: standard, ESN: "101", Why: "HARRISSON is HARRISON"}
	}
	return area.Finding{Why: "no street of that name"}
})

// problems is what a report says, a line each.
func problems(r Report) (lines []string) {
	for _, p := range r.Problems {
		lines = append(lines, fmt.Sprintf("%d:%d %s", p.Line, p.Position, p.In("").String()))
	}
	return lines
}

const addressed = "phone_number,street,city,region,postal_code,iso_country\n"

// wrong is a file and what is said of it.
type wrong struct {
	name, file string
	o          Options
	want       []string
}

func check(t *testing.T, tests []wrong) {
	t.Parallel()
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got, err := Check(strings.NewReader(test.file), test.o)
			if diff := cmp.Diff(test.want, problems(got)); diff != "" || err != nil {
				t.Error(diff, err)
			}
		})
	}
}

// countries are those with emergency numbers.
func countries(t *testing.T) *numbering.Plan {
	t.Helper()
	plan, err := numbering.NewPlan(nil)
	if err != nil {
		t.Fatal(err)
	}
	return plan
}

func TestFilesAndHeaders(t *testing.T) {
	check(t, []wrong{
		{"a good file", addressed + "+14155550100,645 Harrison St,San Francisco,CA,94105,US\n", Options{}, nil},
		{"columns in any order and case", "City, STREET ,Phone_Number\n,,+14155550100\n", Options{}, nil},
		{"a spreadsheet's empty line and cells", "phone_number,service\n,\n+14155550100,none,,\n", Options{}, nil},
		{"nothing", "", Options{}, []string{"1:0 the file is empty; begin with a line of column names: " + strings.Join(names(), ",")}},
		{"no column of numbers", "street\nx\n", Options{}, []string{"1:0 there is no column phone_number; begin the file with a line of column names: " + strings.Join(names(), ",")}},
		{"unknown columns", "phone_number,zip,fiendly_name,colour\n+14155550100,,,\n", Options{}, []string{
			`1:14 "zip": is no column; did you mean postal_code?`,
			`1:18 "fiendly_name": is no column; did you mean friendly_name?`,
			`1:31 "colour": is no column; the columns are ` + strings.Join(names(), ", "),
		}},
		{"a column twice, one without a name", "phone_number,city,City,\n", Options{}, []string{
			`1:19 "City": is a column that is there twice; remove one of them`, `1:24 is a column without a name; name it or remove it`,
		}},
		{"semicolons", "phone_number;street\n+1;x\n", Options{}, []string{"1:0 the file is separated by semicolons; save it as CSV UTF-8, separated by commas"}},
		{"tabs", "phone_number\tstreet\n", Options{}, []string{"1:0 the file is separated by tabs; save it as CSV UTF-8, separated by commas"}},
		{"UTF-16", "\xff\xfep\x00h\x00", Options{}, []string{"1:0 the file is no UTF-8 text; save it as CSV UTF-8, separated by commas"}},
		{"a spreadsheet", "PK\x03\x04\x14\x00\n", Options{}, []string{"1:0 the file is no UTF-8 text; save it as CSV UTF-8, separated by commas"}},
		{"CR alone", "phone_number,city\r+14155550100,x\r", Options{}, []string{"1:0 the file ends its lines with CR alone; save it with lines that end with LF or CRLF"}},
	})
}

func TestNumbersAndWords(t *testing.T) {
	plan := countries(t)
	check(t, []wrong{
		{"numbers that are not E.164", "phone_number\n14155550100\n(415) 555-0100\n00442079460100\n+1 (415) 555-0100\n1.41556E+10\n\"\"\n+0123456789\n'+14155550199\nx\n", Options{}, []string{
			`2:1 phone_number: "14155550100": is not E.164; write +14155550100`,
			`3:1 phone_number: "(415) 555-0100": is not E.164; write "+", the country's calling code and the rest of the number, such as +14155550100`,
			`4:1 phone_number: "00442079460100": is not E.164; write +442079460100`,
			`5:1 phone_number: "+1 (415) 555-0100": is not E.164; write +14155550100`,
			`6:1 phone_number: "1.41556E+10": was rounded by a spreadsheet; have the column formatted as text, and write the number anew`,
			`8:1 phone_number: "+0123456789": is not E.164; write "+", the country's calling code and the rest of the number, such as +14155550100`,
			`10:1 phone_number: "x": is not E.164; write "+", the country's calling code and the rest of the number, such as +14155550100`,
		}},
		{"a number twice", "phone_number\n+14155550100\n+14155550101\n+14155550100\n", Options{}, []string{`4:1 phone_number: "+14155550100": is in line 2 already; leave one of them out`}},
		{"numbers of no country here", "phone_number\n+9991234567\n+4712345678\n", Options{Plan: plan}, []string{
			`2:1 phone_number: "+9991234567": begins with no country's calling code; check the number`,
			`3:1 phone_number: "+4712345678": is of NO, a country without emergency numbers here; leave it out, or add NO to countries and eccs of the directory`,
		}},
		{"numbers that no plan gives", "phone_number\n+141555501999999\n+10155550199\n+4420794601\n+14155550199\n+442079460100\n", Options{}, []string{
			`2:1 phone_number: "+141555501999999": is no number of US: too long or too short, or with an area code or exchange that cannot be; check the number`,
			`3:1 phone_number: "+10155550199": is no number of US: too long or too short, or with an area code or exchange that cannot be; check the number`,
			`4:1 phone_number: "+4420794601": is no number of GB: too long or too short, or with an area code or exchange that cannot be; check the number`,
		}},
		{"words", "phone_number,service,status\n+14155550100,E911,\n+14155550101,yes,registred\n+14155550102,,registered\n", Options{}, []string{
			`3:14 service: "yes": is no service; write one of e911, basic911, none`,
			`3:18 status: "registred": is no status; write one of unregistered, pending-registration, registered, registration-failure, pending-unregistration, unregistration-failure`,
			`4:15 status: "registered": is the status of an address, but the line has none; add the address, or leave the status empty`,
		}},
		{"values that are too long, no text or of several lines", "phone_number,friendly_name,city\n+14155550100," + strings.Repeat("é", 65) + ",\n+14155550101,\xff,\n+14155550102,\"a\nb\",\"c\nd\"\n", Options{}, []string{
			`2:14 friendly_name: "` + strings.Repeat("é", 65) + `": is longer than 64 characters; shorten it`,
			"3:14 friendly_name: \"\uFFFD\": is not UTF-8; save the file as CSV UTF-8",
			`4:14 friendly_name: "a\nb": has a line break or control character; write it on one line`,
			`5:4 city: "c\nd": has a line break or control character; write it on one line`,
		}},
		{"control characters", "phone_number,friendly_name\n+14155550100,a\rb\n+14155550101,a\x00b\n+14155550102,a\x7fb\n+14155550103,a\u0085b\n+14155550104,a\tb\n", Options{}, []string{
			`2:14 friendly_name: "a\rb": has a line break or control character; write it on one line`,
			`3:14 friendly_name: "a\x00b": has a line break or control character; write it on one line`,
			`4:14 friendly_name: "a\x7fb": has a line break or control character; write it on one line`,
			`5:14 friendly_name: "a\u0085b": has a line break or control character; write it on one line`,
		}},
		{"too few and too many values", "phone_number,city\n+14155550100\n+14155550101,,x\n", Options{}, []string{
			"2:0 has 1 values, but the header has 2 columns; put values with a comma in quotes, and leave none out",
			"3:0 has 3 values, but the header has 2 columns; put values with a comma in quotes, and leave none out",
		}},
		{"a line that is no CSV", "phone_number,city\n+14155550100,\"x\n+14155550101,\n", Options{}, []string{"2:14 opens a quote that is not closed; close it at the end of the value"}},
	})
}

func TestAddresses(t *testing.T) {
	plan := countries(t)
	check(t, []wrong{
		{"half an address", "phone_number,street,city,region,iso_country\n+14155550100,645 Harrison St,,,US\n", Options{}, []string{
			"2:0 postal_code: is no column of this file, but the line has an address; add the column postal_code",
			`2:30 city: is empty, but the line has an address; write the whole address, or nothing of it`,
			`2:31 region: is empty, but the line has an address; write the whole address, or nothing of it`,
		}},
		{"addresses of other countries", addressed + "+14155550100,1 Main St,Ottawa,ON,K1P 1J1,CA\n+14155550101,10 Downing St,London,,SW1A 2AA,GB\n+14155550102,x,Oslo,,0150,no\n", Options{Plan: plan}, []string{
			`3:45 iso_country: "GB": is not the country of the number, US; give the number an address of its own country`,
			`4:27 iso_country: "no": is no country with emergency numbers here; write one of ` + strings.Join(plan.Countries(), ", "),
		}},
		{"an address SID", "phone_number,address_sid\n+14155550100,AD1\n+14155550101,AD0123456789abcdef0123456789abcdef\n", Options{}, []string{
			`2:14 address_sid: "AD1": is no SID of an address; write AD and 32 hex digits`,
		}},
		{"addresses the guide does not know", addressed + "+14155550100,1 Main St,Nowhere,CA,94105,US\n+14155550101,645 Harrisson St,San Francisco,CA,94105,US\n", Options{Guide: harrison}, []string{
			`2:14 street: "1 Main St": is not in the address guide: no street of that name; correct it, add its street to the guide, or import with addresses=lenient to have it routed by its postal code`,
		}},
		{"addresses the guide knows otherwise", addressed + "+14155550101,645 Harrisson St,San Francisco,CA,94105,US\n", Options{Guide: harrison, Addresses: Strict}, []string{
			`2:14 street: "645 Harrisson St": is not as in the address guide: HARRISSON is HARRISON; write 645 HARRISON ST, SAN FRANCISCO, CA 94105, US`,
		}},
		{"any address", addressed + "+14155550100,1 Main St,Nowhere,CA,94105,US\n", Options{Guide: harrison, Addresses: Lenient}, nil},
	})
}

func TestTheReportIsBounded(t *testing.T) {
	t.Parallel()
	got, err := Check(strings.NewReader("phone_number\n"+strings.Repeat("x\n", 2*MaxProblems+5)), Options{})
	if err != nil || len(got.Problems) != MaxProblems || got.Omitted != MaxProblems+5 || got.Bad != got.Lines || got.Lines != 2*MaxProblems+5 {
		t.Errorf("%d problems, %d omitted, %d of %d lines bad, %v", len(got.Problems), got.Omitted, got.Bad, got.Lines, err)
	}
}

func TestFormulasAreGuarded(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"=SUM(A1)": "'=SUM(A1)", "+1": "'+1", "-1": "'-1", "@x": "'@x", "\tx": "'\tx", "'=x": "''=x", "''@x": "'''@x",
		"": "", "x": "x", "'": "'", "'x": "'x", "O'Fallon=": "O'Fallon=", "''": "''",
	} {
		if got := guard(text); got != want || unguard(got) != text {
			t.Errorf("guard(%q) = %q, want %q; back as %q", text, got, want, unguard(got))
		}
	}
	if got := unguard("=x"); got != "=x" {
		t.Errorf("a text that no export wrote became %q", got)
	}
}

func TestFilesForImportAreRecognised(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"phone_number,street\n": true, "\xef\xbb\xbfstreet,\"Phone_Number\"\r\n": true, "phone_number": true,
		"accounts:\n": false, "": false, "street,low,high\n": false, "\"phone_number\n": false,
	} {
		if got := Recognise([]byte(text)); got != want {
			t.Errorf("%q: %t", text, got)
		}
	}
}

// FuzzCheck holds that every line of a hostile file is accounted for and every problem points at it.
func FuzzCheck(f *testing.F) {
	for _, s := range []string{
		full, addressed + "+14155550100,645 Harrisson St,San Francisco,CA,94105,US\n+14155550100,,,,,\n", "phone_number\n\"+14155550100\n",
		"phone_number,status,address_sid\r\n'+442079460100,registered,AD0123456789abcdef0123456789abcdef\r\n", "\xef\xbb\xbfphone_number\n1.4E+10\n\xff\n",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		r, err := Check(bytes.NewReader(file), Options{Guide: harrison})
		if err != nil {
			t.Fatal(err)
		}
		last := 1 + bytes.Count(file, []byte("\n"))
		if r.Bad > r.Lines || r.Lines >= last || r.Bad > 0 && len(r.Problems) == 0 {
			t.Errorf("%d of %d lines bad with %d problems, in a file of %d", r.Bad, r.Lines, len(r.Problems), last)
		}
		for _, p := range r.Problems {
			if p.Line < 1 || p.Line > last || p.Message == "" || p.Mend == "" || !utf8.ValidString(p.Value) || utf8.RuneCountInString(p.Value) > 81 {
				t.Errorf("%+v", p)
			}
		}
	})
}
