package directory

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

// The kinds of SIDs, in Twilio's letters.
const (
	sidAccount     = "AC"
	sidACL         = "AL"
	sidCredentials = "CL"
	sidCredential  = "CR"
	sidDomain      = "SD"
	sidTrunk       = "TK"
	sidAddress     = "AD"
	sidNumber      = "PN"
	sidLocation    = "LO"
	sidEndpoint    = "EP"
	sidEmergency   = "EM"
)

// makeSID derives a SID from what names the thing in its file, so that it is the same at every start.
func makeSID(prefix, name string) string {
	sum := sha256.Sum256([]byte(prefix + ":" + name))
	return prefix + hex.EncodeToString(sum[:16])
}

// validSID tells whether s is prefix and 32 lower-case hex digits.
func validSID(prefix, s string) bool {
	digits, ok := strings.CutPrefix(s, prefix)
	return ok && len(digits) == 32 && strings.Trim(digits, "0123456789abcdef") == ""
}

// packedSID is the digits of a SID.
type packedSID [16]byte

// packSID reads a SID of a kind, false where it is none.
func packSID(prefix, sid string) (p packedSID, ok bool) {
	if !validSID(prefix, sid) {
		return p, false
	}
	_, err := hex.Decode(p[:], []byte(sid[len(prefix):]))
	return p, err == nil
}

// sid writes the SID out.
func (p packedSID) sid(prefix string) string { return prefix + hex.EncodeToString(p[:]) }
