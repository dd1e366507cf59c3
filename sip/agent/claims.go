package agent

import "strings"

// Claim is an identity that a request bears beside From. Whether to believe it is for who knows the peer (RFC 3325).
type Claim struct {
	Header string // P-Asserted-Identity, Remote-Party-ID, P-Preferred-Identity or Diversion
	Address
}

// Bounds of claims: a request may bear as many as fit into it, and all but the first few are somebody's attempt.
const (
	maxClaims     = 8 // of one header field
	longestClaims = 2048
)

var claimHeaders = [...]string{"P-Asserted-Identity", "Remote-Party-ID", "P-Preferred-Identity", "Diversion"}

// Claims returns the identities of P-Asserted-Identity and P-Preferred-Identity (RFC 3325), of Remote-Party-ID
// (draft-ietf-sip-privacy) where it speaks of the calling party, and of Diversion (RFC 5806), those of one header field in
// the order of the message. What cannot be read is left out: it is no reason to lose a call.
func (m Message) Claims() (out []Claim) {
	for _, name := range claimHeaders {
		n := 0
		for _, h := range m.Headers {
			if len(h.Name) != len(name) || !strings.EqualFold(h.Name, name) || len(h.Value) > longestClaims {
				continue
			}
			for _, value := range splitList(h.Value) {
				p, err := parseParty(value)
				if err != nil || n == maxClaims || !callingParty(name, p.params) {
					continue
				}
				out = append(out, Claim{name, p.uri.Address})
				n++
			}
		}
	}
	return out
}

// callingParty tells whether a claim is about who calls: a Remote-Party-ID may be about who is called.
func callingParty(name, params string) bool {
	if name != "Remote-Party-ID" {
		return true
	}
	party, there := param(params, "party")
	return !there || strings.EqualFold(party, "calling")
}
