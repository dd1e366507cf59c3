package ng911

import (
	"encoding/xml"
	"io"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"callbox/sip/location"
)

func everything() Call {
	a := location.Lines{Street: "645 Harrison St", City: "San Francisco", State: "CA", PostalCode: "94105", Country: "US"}.WithSecondary("Fl 2, Ste 5")
	return Call{
		Reference: "0123456789@edge.example", Number: "+14155550100", Name: "Ada <King> & \x01Co", Language: "en", Address: &a, PBX: true,
		Mobility: "Fixed", Device: "3CX \"20\"", Comment: "the address is registered",
		Provider: Provider{Name: "Lab", ID: "edge.example", Series: "domain", Contact: "tel:+14155550199", Languages: []string{"en", "fr-CA"}},
	}
}

// outline is a document's elements with their namespaces and text, in order.
func outline(t *testing.T, b Block) (lines []string) {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(string(b.Content)))
	for {
		token, err := d.Token()
		if err == io.EOF {
			return lines
		}
		if err != nil {
			t.Fatalf("%v\n%s", err, b.Content)
		}
		switch token := token.(type) {
		case xml.StartElement:
			line := strings.TrimPrefix(token.Name.Space, "urn:ietf:params:xml:ns:") + " " + token.Name.Local
			for _, a := range token.Attr {
				if a.Name.Local != "xmlns" && a.Name.Space != "xmlns" {
					line += " " + a.Name.Local + "=" + a.Value
				}
			}
			lines = append(lines, line)
		case xml.CharData:
			if s := strings.TrimSpace(string(token)); s != "" {
				lines[len(lines)-1] += ": " + s
			}
		}
	}
}

func TestTheBlocksFollowTheirSchemas(t *testing.T) {
	t.Parallel()
	const ns, card = "EmergencyCallData:", "vcard-4.0 "
	want := map[string][]string{
		ProviderInfo: {
			ns + "ProviderInfo EmergencyCallData.ProviderInfo", ns + "ProviderInfo DataProviderReference: 0123456789@edge.example",
			ns + "ProviderInfo DataProviderString: Lab", ns + "ProviderInfo ProviderID: edge.example", ns + "ProviderInfo ProviderIDSeries: domain",
			ns + "ProviderInfo TypeOfProvider: Telecom Provider", ns + "ProviderInfo ContactURI: tel:+14155550199",
			ns + "ProviderInfo Language: en", ns + "ProviderInfo Language: fr-ca",
		},
		ServiceInfo: {
			ns + "ServiceInfo EmergencyCallData.ServiceInfo", ns + "ServiceInfo DataProviderReference: 0123456789@edge.example",
			ns + "ServiceInfo ServiceEnvironment: Business", ns + "ServiceInfo ServiceType: MLTS-local", ns + "ServiceInfo ServiceType: OTT",
			ns + "ServiceInfo ServiceMobility: Fixed",
		},
		SubscriberInfo: {
			ns + "SubscriberInfo EmergencyCallData.SubscriberInfo privacyRequested=false", ns + "SubscriberInfo DataProviderReference: 0123456789@edge.example",
			ns + "SubscriberInfo SubscriberData", card + "vcard", card + "adr", card + "pobox",
			card + "ext: Floor 2, Ste 5", card + "street: 645 Harrison St", card + "locality: San Francisco", card + "region: CA", card + "code: 94105",
			card + "country: US", card + "fn", card + "text: Ada <King> & Co", card + "lang", card + "language-tag: en",
			card + "tel", card + "uri: tel:+14155550100",
		},
		DeviceInfo: {
			ns + "DeviceInfo EmergencyCallData.DeviceInfo", ns + "DeviceInfo DataProviderReference: 0123456789@edge.example",
			ns + "DeviceInfo DeviceModelNr: 3CX \"20\"",
		},
		Comment: {
			ns + "Comment EmergencyCallData.Comment", ns + "Comment DataProviderReference: 0123456789@edge.example",
			ns + "Comment Comment lang=en: the address is registered",
		},
	}
	blocks := Blocks(everything())
	if len(blocks) != len(want) {
		t.Errorf("%d blocks", len(blocks))
	}
	for _, b := range blocks {
		if d := cmp.Diff(want[b.Kind], outline(t, b)); d != "" {
			t.Errorf("%s:\n%s\n%s", b.Kind, d, b.Content)
		}
		if b.ContentType() != "application/EmergencyCallData."+b.Kind+"+xml" {
			t.Errorf("%s is %s", b.Kind, b.ContentType())
		}
	}
}

func TestWhatIsNotKnownIsLeftOut(t *testing.T) {
	t.Parallel()
	blocks := Blocks(Call{Reference: "x@y", Device: " "})
	if len(blocks) != 2 || blocks[0].Kind != ProviderInfo || blocks[1].Kind != ServiceInfo {
		t.Errorf("%+v", blocks)
	}
	if s := string(blocks[1].Content); !strings.Contains(s, "<ServiceMobility>Unknown<") || !strings.Contains(s, "<ServiceEnvironment>Unknown<") {
		t.Error(s)
	}
}

func TestAnythingKnownOfTheSubscriberMakesItsBlock(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]Call{
		"a number": {Number: "+14155550100"}, "a name": {Name: "Ada"}, "an address": {Address: &location.Lines{City: "Raleigh"}},
	} {
		if blocks := Blocks(c); len(blocks) != 3 || blocks[2].Kind != SubscriberInfo {
			t.Errorf("%s: %+v", name, blocks)
		}
	}
}

func TestIdentifiers(t *testing.T) {
	t.Parallel()
	form := regexp.MustCompile(`^<urn:emergency:uid:(callid|incidentid):[0-9a-zA-Z]{10,32}:edge\.example>;purpose=emergency-(CallId|IncidentId)$`)
	for _, v := range []string{
		CallInfo(CallID("0123456789abcdef0123456789abcdef", "edge.example"), PurposeCallID),
		CallInfo(IncidentID("0123456789", "edge.example"), PurposeIncidentID),
	} {
		if !form.MatchString(v) {
			t.Error(v)
		}
	}
}

func TestTheShelfGivesABlockToWhoKnowsTheSecretAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := NewShelf("https://edge.example:8443/x/")
		blocks := Blocks(everything())
		urls := s.Put("CA1", blocks)
		form := regexp.MustCompile(`^https://edge\.example:8443/x/emergency-data/CA1/([A-Z2-7]{26})/ProviderInfo$`)
		m := form.FindStringSubmatch(urls[0])
		if len(urls) != len(blocks) || m == nil {
			t.Fatalf("%q", urls)
		}
		secret := m[1]
		if b, ok := s.Get("CA1", secret, ServiceInfo); !ok || b.Kind != ServiceInfo {
			t.Error("the right secret gets nothing")
		}
		if again := s.Put("CA1", blocks[:2]); again[0] != urls[0] {
			t.Errorf("the next centre has another URL: %s", again[0])
		}
		other := s.Put("CA2", blocks)
		if strings.Contains(other[0], secret) {
			t.Error("two calls have one secret")
		}
		for _, wrong := range [][3]string{
			{"CA1", "", ServiceInfo}, {"CA1", secret[:25], ServiceInfo}, {"CA1", secret + "A", ServiceInfo}, {"CA1", strings.ToLower(secret), ServiceInfo},
			{"CA2", secret, ServiceInfo}, {"CA3", secret, ServiceInfo}, {"CA3", strings.Repeat("\x00", 26), ServiceInfo}, {"CA1", secret, Comment}, {"CA1", secret, ""},
		} {
			if _, ok := s.Get(wrong[0], wrong[1], wrong[2]); ok {
				t.Errorf("%q got a block", wrong)
			}
		}
		s.End("CA1")
		s.End("CA3")
		if _, ok := s.Get("CA1", secret, ServiceInfo); !ok {
			t.Error("it is gone at once")
		}
		<-time.After(Keep)
		synctest.Wait()
		if _, ok := s.Get("CA1", secret, ServiceInfo); ok || s.Len() != 1 {
			t.Error("it is there after a minute")
		}
		if NewShelf("").Put("CA1", blocks) != nil {
			t.Error("a shelf without a URL gives one")
		}
	})
}
