package store

import "encoding/json"

// ties is the JSON of Number.Ties; a list that is not there stands for all of the account's.
type ties struct {
	Domains *[]string `json:"domains,omitempty"`
	Trunks  *[]string `json:"trunks,omitempty"`
}

// FormatTies writes the domains and trunks of a number, SIDs, as Number.Ties has them; nil is all of the account's.
func FormatTies(domains, trunks *[]string) string {
	b, err := json.Marshal(ties{domains, trunks})
	if err != nil {
		return "" // strings always marshal
	}
	return string(b)
}

// parseTies reads what FormatTies wrote. What cannot be read ties the number to nothing.
func parseTies(s string) (domains, trunks *[]string) {
	var t ties
	if err := json.Unmarshal([]byte(s), &t); err != nil {
		return &[]string{}, &[]string{}
	}
	return t.Domains, t.Trunks
}
