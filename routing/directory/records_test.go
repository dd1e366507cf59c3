package directory

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

func TestAPasswordsHashesAreThoseOfTheRealm(t *testing.T) {
	got := MakeHA1("alice", "Callbox-lab-911")
	want := HA1{ // printf %s alice:sip.twilio.com:Callbox-lab-911 | md5sum, sha256sum
		MD5:    "db8ea5e4a91f537dded6acb6600528d7",
		SHA256: "337f99a0c1c60eb4ad536d7716872c977bce7ec5a40acef0a1595226c8bbffe8",
	}
	if got != want {
		t.Errorf("%q, %q", got.MD5, got.SHA256)
	}
}

func TestHashesOfPasswordsAreNeverPrinted(t *testing.T) {
	h := MakeHA1("alice", "Callbox-lab-911")
	r := CredentialListRecord{Name: "lab", Users: []UserRecord{{Name: "alice", HA1: h}}}
	j, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	all := string(j)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d", "%t"} {
		all += fmt.Sprintf(verb+verb+verb, h, r, &r)
	}
	for _, secret := range []string{h.MD5, h.SHA256, fmt.Sprintf("%x", h.MD5)} {
		if strings.Contains(all, secret) {
			t.Errorf("printed: %s", all)
		}
	}
	if got := fmt.Sprintf("%v %q %v", h, h, HA1{}); got != `*** "***" ` {
		t.Error(got)
	}
}
