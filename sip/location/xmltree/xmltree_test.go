package xmltree

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var limits = Limits{Bytes: 64 << 10}

// outline writes a tree for comparison: names with their namespaces, attributes, text.
func outline(e *Element) string {
	var b strings.Builder
	write(&b, e, 0)
	return b.String()
}

func write(b *strings.Builder, e *Element, depth int) {
	b.WriteString(strings.Repeat(" ", depth) + "{" + e.Space + "}" + e.Local)
	for _, a := range e.Attrs {
		b.WriteString(" {" + a.Space + "}" + a.Local + "=" + strings.Join(strings.Fields(a.Value), " "))
	}
	b.WriteString(" " + strings.Join(strings.Fields(e.Text), " ") + "\n")
	for c := range e.Children() {
		write(b, c, depth+1)
	}
}

func TestParse(t *testing.T) {
	tests := []struct{ name, doc, want string }{
		{"an empty element", `<a/>`, "{}a \n"},
		{"namespaces count by URI", `<p:a xmlns:p="u"><q:b xmlns:q="u"/><b/></p:a>`, "{u}a \n {u}b \n {}b \n"},
		{"the default namespace is for elements alone", `<a xmlns="u" k="v"/>`, "{u}a {}k=v \n"},
		{"an inner default ends with its element", `<a xmlns="u"><b xmlns=""><c/></b><d/></a>`, "{u}a \n {}b \n  {}c \n {u}d \n"},
		{"a prefix may be declared behind its use", `<p:a p:k="v" xmlns:p="u"/>`, "{u}a {u}k=v \n"},
		{"comments, instructions and CDATA are read", "\uFEFF<?xml version='1.0' encoding='utf-8'?>\n<!-- x --><a><?pi x?>1<!-- - -->2<![CDATA[<&]]></a>", "{}a 12<&\n"},
		{"entities and references are replaced", `<a k="&lt;&#65;">&amp;&#x20ac;&quot;&apos;&gt;</a>`, "{}a {}k=<A &€\"'>\n"},
		{"a prefix of XML's own", `<a xml:lang="en"/>`, "{}a {http://www.w3.org/XML/1998/namespace}lang=en \n"},
		{"names beyond ASCII", `<größe/>`, "{}größe \n"},
		{"the rest of a name is no trap", `<a.b-c_1></a.b-c_1 >`, "{}a.b-c_1 \n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			root, err := Parse([]byte(tt.doc), limits)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, outline(root)); diff != "" {
				t.Errorf("tree (-want +got):\n%s", diff)
			}
		})
	}
}

func TestElement(t *testing.T) {
	root, err := Parse([]byte("<a xml:lang=\"fr\">\n<b/>\n<c x='1'><d/></c><b k='2'/></a>"), limits)
	if err != nil {
		t.Fatal(err)
	}
	names := ""
	for e := range root.Descendants() {
		names += e.Local
		if e.Local == "d" {
			break
		}
	}
	c := root.Child("", "c")
	if names != "bcd" || c.Line != 3 || c.Attr("x") != "1" || c.Attr("y") != "" || root.Lang() != "fr" || c.Lang() != "" ||
		root.Child("", "z") != nil || root.Child("", "z").Child("", "y") != nil || root.Child("", "b").Line != 2 {
		t.Errorf("%q, %+v", names, c)
	}
}

func TestParseRefuses(t *testing.T) {
	tests := []struct {
		name, doc string
		want      error
		says      string
	}{
		{"nothing", "", ErrSyntax, "no element"},
		{"text", "hello", ErrSyntax, "text outside"},
		{"an end too many", "<a></a></b>", ErrSyntax, "</b> ends nothing"},
		{"the wrong end", "<a>\n</b>", ErrSyntax, "line 2"},
		{"a document cut short", "<a><b>", ErrSyntax, "it ends within <b>"},
		{"two roots", "<a/><b/>", ErrSyntax, "second element"},
		{"a document type", `<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>`, ErrSyntax, "document types"},
		{"an entity of its own", "<a>&b;</a>", ErrSyntax, "no entity"},
		{"an ampersand", "<a>R & D</a>", ErrSyntax, "write & as &amp;"},
		{"a reference to no character", "<a>&#0;</a>", ErrSyntax, "no entity"},
		{"a reference beyond Unicode", "<a>&#x110000;</a>", ErrSyntax, "no entity"},
		{"a control character", "<a>\x01</a>", ErrSyntax, "0x01"},
		{"bytes of Latin-1", "<a>Stra\xdfe</a>", ErrSyntax, "0xdf"},
		{"another encoding", `<?xml version="1.0" encoding="UTF-16"?><a/>`, ErrSyntax, "send UTF-8"},
		{"another version", `<?xml version="1.1"?><a/>`, ErrSyntax, "send 1.0"},
		{"a prefix without namespace", "<p:a/>", ErrSyntax, "add xmlns:p"},
		{"an attribute's prefix without namespace", "<a p:k='v'/>", ErrSyntax, "add xmlns:p"},
		{"an attribute twice", `<a xmlns:p="u" xmlns:q="u" p:k="" q:k=""/>`, ErrSyntax, "given twice"},
		{"a prefix declared twice", `<a xmlns:p="u" xmlns:p="u"/>`, ErrSyntax, "declared twice"},
		{"the prefix of XML for another", `<a xmlns:xml="u"/>`, ErrSyntax, "not for you"},
		{"no quotes", "<a k=v/>", ErrSyntax, "not in quotes"},
		{"no value", "<a k/>", ErrSyntax, "name=\"value\""},
		{"no space between attributes", `<a k="v"l="w"/>`, ErrSyntax, "white space"},
		{"a < in a value", `<a k="<"/>`, ErrSyntax, "does not end"},
		{"an end of CDATA without start", "<a>]]></a>", ErrSyntax, "CDATA"},
		{"an open comment", "<a><!-- </a>", ErrSyntax, "-->"},
		{"a tag without a name", "<a>< b></a>", ErrSyntax, "write &lt;"},
		{"too deep", strings.Repeat("<a>", 40) + strings.Repeat("</a>", 40), ErrTooLarge, "within one another"},
		{"too many elements", "<a>" + strings.Repeat("<b/>", 5000) + "</a>", ErrTooLarge, "4096 elements"},
		{"too many attributes", "<a " + strings.Repeat(`xmlns="u" `, 1) + attributes(70) + "/>", ErrTooLarge, "attributes"},
		{"text in too many pieces", "<a>" + strings.Repeat("x<!---->", 8000) + "</a>", ErrTooLarge, "pieces"},
		{"too long", "<a>" + strings.Repeat(" ", limits.Bytes) + "</a>", ErrTooLarge, "65543 bytes"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			root, err := Parse([]byte(tt.doc), limits)
			if root != nil || !errors.Is(err, tt.want) || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("got %v, want %v with %q", err, tt.want, tt.says)
			}
		})
	}
}

func attributes(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(" k" + strings.Repeat("x", i) + "=''")
	}
	return b.String()
}

// FuzzParse holds the parser against encoding/xml: what it takes, that takes too, and sees the same in it.
func FuzzParse(f *testing.F) {
	for _, doc := range []string{
		`<?xml version="1.0"?><p:a xmlns:p="u" k='&lt;'>x<!-- c --><![CDATA[y]]><b xmlns="v"/></p:a>`, `<a>&#x41;` + "\r\n" + `</a>`,
		`<!DOCTYPE a><a/>`, `<größe/>`, `<?pi?><a></a >`,
	} {
		f.Add([]byte(doc))
	}
	f.Fuzz(func(t *testing.T, doc []byte) {
		root, err := Parse(doc, limits)
		if err != nil {
			if root != nil || !errors.Is(err, ErrSyntax) && !errors.Is(err, ErrTooLarge) {
				t.Fatalf("%v, %v", root, err)
			}
			return
		}
		want, err := reference(doc)
		if err != nil && (strings.Contains(err.Error(), "invalid XML name") || strings.Contains(err.Error(), "expected")) &&
			!isASCII(doc) {
			return // it has other letters in names
		}
		if err != nil {
			t.Fatalf("encoding/xml: %v", err)
		}
		if diff := cmp.Diff(want, outline(root)); diff != "" {
			t.Fatalf("tree (-encoding/xml +ours):\n%s", diff)
		}
	})
}

func isASCII(doc []byte) bool {
	return bytes.IndexFunc(bytes.TrimPrefix(doc, []byte("\uFEFF")), func(r rune) bool { return r >= 0x80 }) < 0
}

// reference is the outline that encoding/xml gives.
func reference(doc []byte) (string, error) {
	dec := xml.NewDecoder(bytes.NewReader(doc))
	var slab [MaxElements]Element
	var open []*Element
	var root *Element
	for n := 0; ; {
		token, err := dec.Token()
		if err == io.EOF {
			return outline(root), nil
		}
		if err != nil {
			return "", err
		}
		switch token := token.(type) {
		case xml.StartElement:
			e := &slab[n]
			n++
			e.Space, e.Local = strings.TrimSpace(token.Name.Space), token.Name.Local
			for _, a := range token.Attr {
				if a.Name.Space != "xmlns" && (a.Name.Space != "" || a.Name.Local != "xmlns") {
					e.Attrs = append(e.Attrs, Attr{strings.TrimSpace(a.Name.Space), a.Name.Local, a.Value})
				}
			}
			if len(open) == 0 {
				root = e
			} else if parent := open[len(open)-1]; parent.first == nil {
				parent.first, parent.last = e, e
			} else {
				parent.last.next, parent.last = e, e
			}
			open = append(open, e)
		case xml.EndElement:
			open = open[:len(open)-1]
		case xml.CharData:
			if len(open) > 0 && strings.Trim(string(token), " \t\r\n") != "" {
				open[len(open)-1].Text += string(token)
			}
		}
	}
}

var document = []byte(`<?xml version="1.0" encoding="UTF-8"?>
<presence xmlns="urn:ietf:params:xml:ns:pidf" xmlns:gp="urn:ietf:params:xml:ns:pidf:geopriv10" entity="pres:a@b">
 <tuple id="x"><status><gp:geopriv><gp:location-info><ca:civicAddress xmlns:ca="urn:c" xml:lang="en">
  <ca:country>AU</ca:country><ca:A1>NSW</ca:A1><ca:A3>Wollongong</ca:A3><ca:RD>Northfield &amp; Co</ca:RD><ca:PC>2500</ca:PC>
 </ca:civicAddress></gp:location-info><gp:usage-rules/></gp:geopriv></status></tuple></presence>`)

func BenchmarkParse(b *testing.B) {
	b.ReportAllocs()
	b.SetBytes(int64(len(document)))
	for b.Loop() {
		if _, err := Parse(document, limits); err != nil {
			b.Fatal(err)
		}
	}
}
