package ng911

import (
	"cmp"
	"encoding/xml"
	"strings"

	"callbox/sip/location"
)

// The elements of the blocks in the order of their schemas (RFC 7852 section 8), those that are never written left out.
type (
	providerInfo struct {
		XMLName   xml.Name `xml:"urn:ietf:params:xml:ns:EmergencyCallData:ProviderInfo EmergencyCallData.ProviderInfo"`
		Reference string   `xml:"DataProviderReference"`
		Name      string   `xml:"DataProviderString"`
		ID        string   `xml:"ProviderID,omitempty"`
		Series    string   `xml:"ProviderIDSeries,omitempty"`
		Type      string   `xml:"TypeOfProvider,omitempty"`
		Contact   string   `xml:"ContactURI"`
		Languages []string `xml:"Language"`
	}

	serviceInfo struct {
		XMLName     xml.Name `xml:"urn:ietf:params:xml:ns:EmergencyCallData:ServiceInfo EmergencyCallData.ServiceInfo"`
		Reference   string   `xml:"DataProviderReference"`
		Environment string   `xml:"ServiceEnvironment"`
		Types       []string `xml:"ServiceType"`
		Mobility    string   `xml:"ServiceMobility"`
	}

	deviceInfo struct {
		XMLName   xml.Name `xml:"urn:ietf:params:xml:ns:EmergencyCallData:DeviceInfo EmergencyCallData.DeviceInfo"`
		Reference string   `xml:"DataProviderReference"`
		Model     string   `xml:"DeviceModelNr"`
	}

	subscriberInfo struct {
		XMLName   xml.Name `xml:"urn:ietf:params:xml:ns:EmergencyCallData:SubscriberInfo EmergencyCallData.SubscriberInfo"`
		Privacy   bool     `xml:"privacyRequested,attr"`
		Reference string   `xml:"DataProviderReference"`
		Data      card     `xml:"SubscriberData"`
	}

	commentBlock struct {
		XMLName   xml.Name `xml:"urn:ietf:params:xml:ns:EmergencyCallData:Comment EmergencyCallData.Comment"`
		Reference string   `xml:"DataProviderReference"`
		Comment   said     `xml:"Comment"`
	}

	said struct {
		Language string `xml:"http://www.w3.org/XML/1998/namespace lang,attr"`
		Text     string `xml:",chardata"`
	}

	// card holds an xCard (RFC 6351).
	card struct {
		VCard vcard `xml:"urn:ietf:params:xml:ns:vcard-4.0 vcard"`
	}

	// vcard has its properties in the order of the alphabet: RFC 6351 takes any, the schema of RFC 7852 (appendix A) this one.
	vcard struct {
		Adr      *adr      `xml:"adr,omitempty"`
		FN       text      `xml:"fn"`
		Language *language `xml:"lang,omitempty"`
		Tel      *uri      `xml:"tel,omitempty"`
	}

	text struct {
		Text string `xml:"text"`
	}

	uri struct {
		URI string `xml:"uri"`
	}

	language struct {
		Tag string `xml:"language-tag"`
	}

	adr struct {
		Box      string `xml:"pobox"`
		Ext      string `xml:"ext"`
		Street   string `xml:"street"`
		Locality string `xml:"locality"`
		Region   string `xml:"region"`
		Code     string `xml:"code"`
		Country  string `xml:"country"`
	}
)

func provider(c Call) []byte {
	p := c.Provider
	languages := []string{"en"} // one is required
	if len(p.Languages) > 0 {
		languages = nil
		for _, l := range p.Languages {
			languages = append(languages, strings.ToLower(l)) // which the schema asks for
		}
	}
	return document(providerInfo{
		Reference: c.Reference, Name: location.Tidy(p.Name), ID: location.Tidy(p.ID), Series: p.Series, Type: "Telecom Provider",
		Contact: p.Contact, Languages: languages,
	})
}

// service takes its words from the registries (RFC 7852 section 11.1): whoever calls by SIP does so over whatever network.
func service(c Call) []byte {
	s := serviceInfo{Reference: c.Reference, Environment: "Unknown", Types: []string{"OTT"}, Mobility: cmp.Or(c.Mobility, "Unknown")}
	if c.PBX {
		s.Environment, s.Types = "Business", []string{"MLTS-local", "OTT"}
	}
	return document(s)
}

func device(c Call) []byte {
	return document(deviceInfo{Reference: c.Reference, Model: location.Tidy(c.Device)})
}

func subscriber(c Call) []byte {
	s := subscriberInfo{Reference: c.Reference}
	v := &s.Data.VCard
	v.FN.Text = location.Tidy(cmp.Or(c.Name, c.Number, "unknown"))
	if a := c.Address; a != nil {
		v.Adr = &adr{
			Ext: location.Tidy(a.Secondary()), Street: location.Tidy(a.Street), Locality: location.Tidy(a.City),
			Region: location.Tidy(a.State), Code: location.Tidy(a.PostalCode), Country: location.Tidy(a.Country),
		}
	}
	if c.Number != "" {
		v.Tel = &uri{"tel:" + location.Tidy(c.Number)}
	}
	if c.Language != "" {
		v.Language = &language{strings.ToLower(location.Tidy(c.Language))}
	}
	return document(s)
}

func comment(c Call) []byte {
	return document(commentBlock{Reference: c.Reference, Comment: said{"en", location.Tidy(c.Comment)}})
}

// document writes a block as a document of its own.
func document(v any) []byte {
	b, err := xml.MarshalIndent(v, "", " ")
	if err != nil { // types of strings only: a test writes each
		return nil
	}
	return append([]byte(xml.Header), append(b, '\n')...)
}
