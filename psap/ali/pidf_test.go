package ali

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"callbox/sip/location"
)

var update = flag.Bool("update", false, "write the golden files anew")

var made = time.Date(2026, 3, 14, 15, 9, 26, 0, time.FixedZone("", 3600))

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}

func lab() map[string]Record {
	return map[string]Record{
		"nyc": {Number: "+12125550100", Name: "Callbox Lab & Sons <front desk>", Street: "350 5th Ave", Floor: "21",
			City: "New York", State: "NY", PostalCode: "10118", Country: "US"},
		"berlin": {Number: "+493055500100", Street: "Straße des 17. Juni 135a", Unit: "Whg 4", Location: "Hinterhaus",
			City: "Berlin", PostalCode: "10623", Country: "DE"},
		"number": {Number: "+14155550102"},
		"empty":  {},
	}
}

func TestPIDFLO(t *testing.T) {
	for name, record := range lab() {
		t.Run(name, func(t *testing.T) {
			document := PIDFLO(record, `sip:"o'neill"&<co>@edge`, made)
			golden(t, name+".xml", document)
			back, err := ParsePIDFLO(document)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(record, back); diff != "" {
				t.Errorf("read back (-want +got):\n%s", diff)
			}
		})
	}
}

func presence(inner string) string {
	return `<presence xmlns="urn:ietf:params:xml:ns:pidf" xmlns:ca="` + location.CivicNS + `" entity="pres:a@b">` + inner + `</presence>`
}

func TestParsePIDFLO(t *testing.T) {
	tests := []struct {
		name, document string
		want           Record
	}{
		{"a street kept in parts is put together",
			presence(`<ca:civicAddress><ca:country>us</ca:country><ca:PRD>N</ca:PRD><ca:RD>Dorsey</ca:RD><ca:STS>St</ca:STS>
				<ca:POD>NW</ca:POD><ca:HNO>18</ca:HNO><ca:ROOM>5</ca:ROOM><ca:BLD>A</ca:BLD></ca:civicAddress>`),
			Record{Street: "18 N Dorsey St NW", Location: "A, Room 5", Country: "US"}},
		{"the older namespace and A6 of RFC 4119 are read",
			`<pr:presence xmlns:pr="urn:ietf:params:xml:ns:pidf"><x:civicAddress xmlns:x="urn:ietf:params:xml:ns:pidf:geopriv10:civicLoc"><x:A6>Broadway</x:A6>
				<x:HNO>123</x:HNO><x:PCN>Leonia</x:PCN></x:civicAddress></pr:presence>`,
			Record{Street: "123 Broadway", City: "Leonia"}},
		{"the first of two addresses counts",
			presence(`<ca:civicAddress><ca:A3>One</ca:A3></ca:civicAddress><ca:civicAddress><ca:A3>Two</ca:A3><ca:PC>2</ca:PC></ca:civicAddress>`),
			Record{City: "One"}},
		{"the five entities of XML are read and line ends become spaces",
			presence("<ca:civicAddress><ca:A3>A &amp;\r\n B&#x20;C</ca:A3></ca:civicAddress>"), Record{City: "A & B C"}},
		{"elements of another namespace do not count",
			presence(`<ca:civicAddress><A3>No</A3><ca:A3>Yes</ca:A3></ca:civicAddress>`), Record{City: "Yes"}},
		{"a contact with visual separators is a number",
			presence(`<tuple><status><ca:civicAddress/></status><contact priority="1.0">tel:+1-(415)-555-0100;ext=1</contact></tuple>`),
			Record{Number: "+14155550100"}},
		{"the user of a SIP contact is a number",
			presence(`<contact>sip:+14155550100@10.0.0.1</contact><ca:civicAddress/>`), Record{Number: "+14155550100"}},
		{"a contact that is no number is left out",
			presence(`<contact>sip:alice@10.0.0.1</contact><ca:civicAddress/>`), Record{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := ParsePIDFLO([]byte(tt.document))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("record (-want +got):\n%s", diff)
			}
		})
	}
}

func TestParsePIDFLORefuses(t *testing.T) {
	tests := []struct {
		name, document string
		want           error
	}{
		{"nothing", "", ErrSyntax},
		{"text", "645 Harrison St", ErrSyntax},
		{"a document cut short", presence("<ca:civicAddress>")[:120], ErrSyntax},
		{"another root", `<presence xmlns="urn:example"/>`, ErrSyntax},
		{"two roots", presence("") + presence(""), ErrSyntax},
		{"a document type", `<!DOCTYPE presence [<!ENTITY a "b">]>` + presence("<ca:civicAddress/>"), ErrSyntax},
		{"an entity of its own", presence("<ca:civicAddress><ca:A3>&a;</ca:A3></ca:civicAddress>"), ErrSyntax},
		{"an entity of HTML", presence("<ca:civicAddress><ca:A3>&nbsp;</ca:A3></ca:civicAddress>"), ErrSyntax},
		{"another character set", `<?xml version="1.0" encoding="UTF-7"?>` + presence("<ca:civicAddress/>"), ErrSyntax},
		{"elements without end", presence(strings.Repeat("<a>", 40) + strings.Repeat("</a>", 40)), ErrTooLarge},
		{"more than the size limit", presence(strings.Repeat(" ", MaxSize)), ErrTooLarge},
		{"a point alone", presence(`<Point xmlns="http://www.opengis.net/gml"><pos>37 -122</pos></Point>`), ErrNoCivic},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := ParsePIDFLO([]byte(tt.document))
			if !errors.Is(err, tt.want) || got != (Record{}) {
				t.Errorf("got %+v, %v, want %v", got, err, tt.want)
			}
		})
	}
}

func FuzzParsePIDFLO(f *testing.F) {
	for _, record := range lab() {
		f.Add(PIDFLO(record, "sip:+14155550100@edge", made))
	}
	f.Add([]byte(presence(`<contact>tel:112</contact><ca:civicAddress><ca:A6>x</ca:A6></ca:civicAddress>`)))
	f.Fuzz(func(t *testing.T, document []byte) {
		record, err := ParsePIDFLO(document)
		if err != nil {
			if record != (Record{}) {
				t.Fatalf("a record beside the error: %+v", record)
			}
			return
		}
		if strings.ContainsAny(record.Line(), "\r\n\x00") {
			t.Fatalf("line breaks: %q", record.Line())
		}
		// Writing may tidy a street once; what was written must read back the same.
		first := reread(t, record)
		if diff := cmp.Diff(first, reread(t, first)); diff != "" {
			t.Fatalf("read back (-first +second):\n%s", diff)
		}
	})
}

func reread(t *testing.T, record Record) Record {
	t.Helper()
	document := PIDFLO(record, record.Name, made)
	if len(document) > MaxSize {
		t.Fatalf("a document of %d bytes", len(document))
	}
	back, err := ParsePIDFLO(document)
	if err != nil {
		t.Fatalf("own document: %v\n%s", err, document)
	}
	return back
}
