// Package ng911 is what a next-generation call centre is told about a call beside its location: the identifiers of the
// call (NENA-STA-010) and the blocks of additional data (RFC 7852), with a shelf from which centres take them by URL. It
// must not know about SIP messages, the directory or how a call is routed.
package ng911

import (
	"strings"

	"callbox/sip/location"
)

// The kinds of blocks, as purposes and media types name them.
const (
	ProviderInfo   = "ProviderInfo"
	ServiceInfo    = "ServiceInfo"
	SubscriberInfo = "SubscriberInfo"
	DeviceInfo     = "DeviceInfo"
	Comment        = "Comment"
)

// Block is one block of additional data, an XML document.
type Block struct {
	Kind    string // ProviderInfo and the like
	Content []byte
}

// ContentType is the media type of the block.
func (b Block) ContentType() string { return "application/" + b.Purpose() + "+xml" }

// Purpose is what Call-Info says of the block.
func (b Block) Purpose() string { return "EmergencyCallData." + b.Kind }

// CallID returns the URN by which a call is known, from 10 to 32 letters and digits and the domain of who gave them.
func CallID(unique, domain string) string { return "urn:emergency:uid:callid:" + unique + ":" + domain }

// IncidentID returns the URN of the incident that a call tells of; see CallID.
func IncidentID(unique, domain string) string {
	return "urn:emergency:uid:incidentid:" + unique + ":" + domain
}

// CallInfo is a value of Call-Info.
func CallInfo(uri, purpose string) string { return "<" + uri + ">;purpose=" + purpose }

// Purposes of the identifiers in Call-Info.
const (
	PurposeCallID     = "emergency-CallId"
	PurposeIncidentID = "emergency-IncidentId"
)

// Provider is who sends the blocks.
type Provider struct {
	Name      string   // "Example Telephony"
	ID        string   // of the series: "urn:nena:companyid:ID123", "example.com"
	Series    string   // NENA, EENA or domain
	Contact   string   // URI of somebody who is there day and night: tel or sip
	Languages []string // spoken there
}

// Call is what is known of a call and of who makes it. What is empty is left out.
type Call struct {
	Reference string // that ties the blocks of one call together: unique, "x@example.com"
	Provider  Provider
	Number    string          // callback number, E.164
	Name      string          // of the subscriber
	Language  string          // that the subscriber prefers
	Address   *location.Lines // of the subscriber, nil for none
	PBX       bool            // it came by a trunk
	Mobility  string          // Fixed, Nomadic, Mobile or Unknown
	Device    string          // what the caller's device says it is
	Comment   string
}

// Blocks returns the blocks of a call in the order in which a centre reads them.
func Blocks(c Call) []Block {
	blocks := []Block{{ProviderInfo, provider(c)}, {ServiceInfo, service(c)}}
	if c.Number != "" || c.Name != "" || c.Address != nil {
		blocks = append(blocks, Block{SubscriberInfo, subscriber(c)})
	}
	if strings.TrimSpace(c.Device) != "" {
		blocks = append(blocks, Block{DeviceInfo, device(c)})
	}
	if c.Comment != "" {
		blocks = append(blocks, Block{Comment, comment(c)})
	}
	return blocks
}
