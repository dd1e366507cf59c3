package ali

import (
	"fmt"
	"slices"
	"strings"
)

// Class is a class of service, in the four letters that screens show (NENA 02-010): what kind of line the call comes
// from, and with that how far its address is to be trusted.
type Class string

// The classes that callbox gives by itself.
const (
	ClassVoIP       Class = "VOIP" // a phone at its registered address
	ClassEnterprise Class = "VENT" // a line of a company's telephone system
	ClassNomadic    Class = "VNOM" // a phone that moves: the address came with the call
	ClassMobile     Class = "VMBL" // a phone that moves: the coordinates came with the call
)

// Classes returns every class there is, with what it means.
func Classes() [][2]string {
	return [][2]string{
		{"RESD", "residence"}, {"BUSN", "business"}, {"PBXR", "residence PBX"}, {"PBXB", "business PBX"},
		{"CNTX", "Centrex"}, {"PAY$", "pay phone, outgoing only"}, {"PAYP", "pay phone"}, {"COCT", "customer-owned pay phone"},
		{"RESX", "residence off-premises extension"}, {"BUSX", "business off-premises extension"},
		{"WRLS", "wireless, before phase I"}, {"WPH1", "wireless phase I: address of the tower"},
		{"WPH2", "wireless phase II: coordinates"}, {"WDL1", "wireless dispatchable location"},
		{"VOIP", "VoIP"}, {"VRES", "VoIP residence"}, {"VBUS", "VoIP business"}, {"VPAY", "VoIP pay phone"},
		{"VMBL", "VoIP, mobile"}, {"VNOM", "VoIP, nomadic"}, {"VENT", "VoIP, enterprise"},
		{"TLMA", "telematics"},
	}
}

// UnmarshalText reads a class in any letter case; an unknown one is an error.
func (c *Class) UnmarshalText(b []byte) error {
	word := Class(strings.ToUpper(string(b)))
	known := Classes()
	if slices.ContainsFunc(known, func(k [2]string) bool { return k[0] == string(word) }) {
		*c = word
		return nil
	}
	words := make([]string, len(known))
	for i, k := range known {
		words[i] = k[0]
	}
	return fmt.Errorf("%.20q is no class of service; write one of %s", b, strings.Join(words, ", "))
}
