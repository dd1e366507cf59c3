package ng911

import (
	"encoding/xml"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"callbox/sip/location"
)

// rule is an element of a schema's sequence.
type rule struct {
	name     string
	min, max int      // max 0 is unbounded
	words    []string // of its registry; nil takes any
}

// schemas are the sequences of RFC 7852 section 8 with the registries of section 11.1, and of its appendix A what the
// edge writes.
var schemas = map[string][]rule{
	ProviderInfo: {
		{"DataProviderReference", 1, 1, nil}, {"DataProviderString", 1, 1, nil}, {"ProviderID", 0, 1, nil},
		{"ProviderIDSeries", 0, 1, []string{"NENA", "EENA", "domain"}},
		{"TypeOfProvider", 1, 1, []string{
			"Client", "Access Network Provider", "Telecom Provider", "Telematics Provider", "Language Translation Provider",
			"Emergency Service Provider", "Emergency Modality Translation", "Relay Provider", "Other",
		}},
		{"ContactURI", 1, 1, nil}, {"Language", 1, 0, nil}, {"DataProviderContact", 0, 1, nil},
		{"SubcontractorPrincipal", 0, 1, nil}, {"SubcontractorPriority", 0, 1, []string{"sub", "main"}},
	},
	ServiceInfo: {
		{"DataProviderReference", 1, 1, nil}, {"ServiceEnvironment", 1, 1, []string{"Business", "Residence", "Unknown"}}, // needed by what is not wireless
		{"ServiceType", 1, 0, []string{
			"wireless", "coin", "one-way", "temp", "MLTS-hosted", "MLTS-local", "sensor-unattended", "sensor-attended", "POTS", "OTT",
			"digital", "OPX", "relay",
		}},
		{"ServiceMobility", 1, 1, []string{"Mobile", "Fixed", "Nomadic", "Unknown"}},
	},
	DeviceInfo: {
		{"DataProviderReference", 1, 1, nil}, {"DeviceClassification", 0, 1, nil}, {"DeviceMfgr", 0, 1, nil}, {"DeviceModelNr", 0, 1, nil},
		{"UniqueDeviceID", 0, 0, nil}, {"DeviceSpecificData", 0, 1, nil}, {"DeviceSpecificType", 0, 1, nil},
	},
	SubscriberInfo: {{"DataProviderReference", 1, 1, nil}, {"SubscriberData", 1, 1, nil}},
	Comment:        {{"DataProviderReference", 1, 1, nil}, {"Comment", 0, 0, nil}},
	"vcard":        {{"adr", 0, 0, nil}, {"fn", 1, 0, nil}, {"lang", 0, 0, nil}, {"n", 0, 1, nil}, {"org", 0, 0, nil}, {"tel", 0, 0, nil}},
	"adr": {
		{"pobox", 1, 0, nil}, {"ext", 1, 0, nil}, {"street", 1, 0, nil}, {"locality", 1, 0, nil}, {"region", 1, 0, nil}, {"code", 1, 0, nil},
		{"country", 1, 0, nil},
	},
}

// node is an element with those in it.
type node struct {
	XMLName  xml.Name
	Text     string `xml:",chardata"`
	Children []node `xml:",any"`
}

// follow holds an element and those below against their schemas.
func follow(t *testing.T, n node) {
	rules := schemas[strings.TrimPrefix(n.XMLName.Local, "EmergencyCallData.")]
	if n.XMLName.Local == Comment {
		rules = nil
	}
	rest := n.Children
	for _, r := range rules {
		count := 0
		for ; len(rest) > 0 && rest[0].XMLName.Local == r.name; rest = rest[1:] {
			if rest[0].XMLName.Space != n.XMLName.Space {
				t.Errorf("%s is of %s", r.name, rest[0].XMLName.Space)
			}
			if r.words != nil && !slices.Contains(r.words, rest[0].Text) {
				t.Errorf("%s: %q is not in its registry", r.name, rest[0].Text)
			}
			count++
		}
		if count < r.min || r.max > 0 && count > r.max {
			t.Errorf("%s: %d of %s", n.XMLName.Local, count, r.name)
		}
	}
	if rules != nil && len(rest) > 0 {
		t.Errorf("%s: %s is out of place", n.XMLName.Local, rest[0].XMLName.Local)
	}
	for _, child := range n.Children {
		follow(t, child)
	}
}

// calls are those whose blocks are held against the schemas.
func calls() map[string]Call {
	place := location.Lines{Street: "1 Main St"}
	return map[string]Call{
		"everything": everything(),
		"nothing":    {Reference: "x@edge.example"},
		"a number":   {Reference: "x@edge.example", Number: "+14155550100", Mobility: "Nomadic", Provider: Provider{Languages: []string{"zh-Hant-TW"}}},
		"an address": {Reference: "x@edge.example", Address: &place, Language: "fr"},
	}
}

func TestEveryCallsBlocksFollowTheSchemas(t *testing.T) {
	t.Parallel()
	for name, c := range calls() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, b := range Blocks(c) {
				var n node
				if err := xml.Unmarshal(b.Content, &n); err != nil {
					t.Fatal(err)
				}
				if want := b.Purpose(); n.XMLName.Local != want || n.XMLName.Space != "urn:ietf:params:xml:ns:EmergencyCallData:"+b.Kind {
					t.Errorf("%s is of %v", b.Kind, n.XMLName)
				}
				follow(t, n)
				if t.Failed() {
					t.Log(string(b.Content))
				}
			}
		})
	}
}

// TestBlocksByTheSchemasThemselves validates by xmllint, where CALLBOX_RFC7852_XSD names a directory with the schemas of
// RFC 7852 as ProviderInfo.xsd, vcard.xsd and so on.
func TestBlocksByTheSchemasThemselves(t *testing.T) {
	t.Parallel()
	schemaDir := os.Getenv("CALLBOX_RFC7852_XSD")
	lint, err := exec.LookPath("xmllint")
	if schemaDir == "" || err != nil {
		t.Skip("needs xmllint, and the schemas in CALLBOX_RFC7852_XSD")
	}
	dir := t.TempDir()
	for name, c := range calls() {
		for _, b := range Blocks(c) {
			file := filepath.Join(dir, name+"."+b.Kind+".xml")
			if err := os.WriteFile(file, b.Content, 0o600); err != nil {
				t.Fatal(err)
			}
			if out, err := exec.Command(lint, "--nonet", "--noout", "--schema", filepath.Join(schemaDir, b.Kind+".xsd"), file).CombinedOutput(); err != nil {
				t.Errorf("%s\n%s", out, b.Content)
			}
		}
	}
}
