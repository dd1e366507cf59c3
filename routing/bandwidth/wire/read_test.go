package wire

import (
	"encoding/xml"
	"errors"
	"strings"
	"testing"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
)

type order struct {
	ID   Text   `xml:"Id"`
	Name *Text  `xml:"Name"`
	Item []Text `xml:"Items>Item"`
}

func TestADocumentIsRead(t *testing.T) {
	t.Parallel()
	latin1, err := charmap.ISO8859_1.NewEncoder().String(`<?xml version="1.0" encoding="ISO-8859-1"?><Order><Id>Québec</Id></Order>`)
	if err != nil {
		t.Fatal(err)
	}
	wide, err := unicode.UTF16(unicode.BigEndian, unicode.UseBOM).NewEncoder().String(`<?xml version="1.0" encoding="UTF-16"?><Order><Id>Québec</Id></Order>`)
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct{ document, id string }{
		"plain":                    {`<Order><Id>a</Id></Order>`, "a"},
		"space around the text":    {"<Order>\n<Id>\n  a b\n</Id>\n</Order>\n", "a b"},
		"a default namespace":      {`<Order xmlns="urn:x"><Id>a</Id></Order>`, "a"},
		"a prefix":                 {`<b:Order xmlns:b="urn:x"><b:Id>a</b:Id></b:Order>`, "a"},
		"unknown elements":         {`<Order a="1"><New><Id>b</Id></New><Id>a</Id><More/></Order>`, "a"},
		"the five entities":        {`<Order><Id>&lt;&amp;&#233;</Id></Order>`, "<&é"},
		"CDATA and a comment":      {`<!-- hello --><Order><Id><![CDATA[<a>]]></Id></Order>`, "<a>"},
		"a byte order mark":        {"\uFEFF<Order><Id>a</Id></Order>", "a"},
		"Latin 1":                  {latin1, "Québec"},
		"UTF-16":                   {wide, "Québec"},
		"an instruction for style": {`<?xml version="1.0"?><?xml-stylesheet href="x"?><Order><Id>a</Id></Order>`, "a"},
	} {
		t.Run(name, func(t *testing.T) {
			var o order
			if err := read([]byte(tt.document), &o, []string{"Order"}); err != nil {
				t.Fatal(err)
			}
			if string(o.ID) != tt.id {
				t.Errorf("%q, want %q", o.ID, tt.id)
			}
		})
	}
}

func TestAnEmptyElementIsNotAMissingOne(t *testing.T) {
	t.Parallel()
	var empty, missing order
	if err := errors.Join(read([]byte(`<Order><Name/></Order>`), &empty, []string{"Order"}), read([]byte(`<Order/>`), &missing, []string{"Order"})); err != nil {
		t.Fatal(err)
	}
	if empty.Name == nil || *empty.Name != "" || missing.Name != nil {
		t.Error(empty.Name, missing.Name)
	}
	text, err := xml.Marshal(empty)
	if err != nil || !strings.Contains(string(text), "<Name></Name>") {
		t.Errorf("%s, %v", text, err)
	}
}

func TestAHostileDocumentIsRefusedWithWhatIsWrong(t *testing.T) {
	t.Parallel()
	bomb := `<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]><Order><Id>&b;</Id></Order>`
	for name, tt := range map[string]struct{ document, says string }{
		"nothing":                {" \n", "The body is empty"},
		"not XML":                {"hello", "line 1"},
		"JSON":                   {`{"a": 1}`, "text outside"},
		"cut off":                {"<Order>\n<Id>a", "line 2"},
		"a bomb of entities":     {bomb, "document type"},
		"an external entity":     {`<!DOCTYPE a SYSTEM "file:///etc/passwd"><Order/>`, "document type"},
		"an unknown entity":      {`<Order><Id>&nbsp;</Id></Order>`, "entity"},
		"tags that cross":        {`<Order><Id></Order></Id>`, "line 1"},
		"another root":           {`<Other/>`, "it must be <Order>"},
		"two roots":              {`<Order/><Order/>`, "second root"},
		"text behind":            {`<Order/>x`, "text outside"},
		"too deep":               {"<Order>" + strings.Repeat("<a>", 17) + strings.Repeat("</a>", 17) + "</Order>", "deep"},
		"too many elements":      {"<Order>" + strings.Repeat("<a/>", maxElements) + "</Order>", "elements"},
		"bytes that are no text": {"<Order><Id>\xff</Id></Order>", "UTF-8"},
		"a control character":    {"<Order><Id>&#0;</Id></Order>", "line 1"},
		"an unknown encoding":    {`<?xml version="1.0" encoding="klingon"?><Order/>`, "klingon"},
		"UTF-7":                  {`<?xml version="1.0" encoding="utf-7"?><Order/>`, "utf-7"},
		"XML 1.1":                {`<?xml version="1.1"?><Order/>`, "version"},
		"a newline in a name":    {"<Ord\ner>", "line"},
	} {
		t.Run(name, func(t *testing.T) {
			err := read([]byte(tt.document), &order{}, []string{"Order"})
			var e *Error
			if !errors.As(err, &e) || e.Status != 400 || e.Code != CodeBadRequest || !strings.Contains(e.Description, tt.says) {
				t.Errorf("%v, want something about %q", err, tt.says)
			}
		})
	}
}

func FuzzRead(f *testing.F) {
	for _, s := range []string{
		`<Order><Id>a</Id><Name/><Items><Item>1</Item></Items></Order>`, `<!DOCTYPE a [<!ENTITY a "a">]><Order>&a;</Order>`,
		`<?xml version="1.0" encoding="ISO-8859-1"?><b:Order xmlns:b="urn:x"/>`, "\xFF\xFE<\x00a\x00/\x00>\x00", `<Order><![CDATA[x]]></Order>`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, document []byte) {
		var o order
		err := read(document, &o, []string{"Order"})
		var e *Error
		if err != nil && (!errors.As(err, &e) || e.Status != 400 || e.Description == "" || strings.ContainsAny(e.Description, "\x00\r\n")) {
			t.Fatalf("an error that says nothing: %v", err)
		}
		text, merr := xml.Marshal(o)
		if merr != nil {
			t.Fatal(merr)
		}
		if err == nil {
			var again order
			if err := read(text, &again, []string{"order", "Order"}); err != nil {
				t.Fatalf("what was read from %q cannot be read again: %v", document, err)
			}
		}
	})
}
