package registrar

import (
	"testing"

	"callbox/routing/directory"
)

const centres = `
accounts:
  - {sid: AC00000000000000000000000000000911, name: Lab}
credential_lists:
  - {name: lab, users: [{user: alice, password: Callbox-lab-911}]}
domains:
  - {name: phones.sip.us1.twilio.com, emergency_calling: true, registration: true, credential_lists: [lab]}
trunks:
  - {name: lab.pstn.ashburn.twilio.com, credential_lists: [lab]}
psaps:
  - {id: psap-sf, name: San Francisco, uri: "sip:psap-sf@sim", ring: 10s, serves: {country: US, postal_codes: ["941"]}, callback: {user: dispatch, password: Callbox-lab-933}}
  - {id: psap-mute, name: Nobody, uri: "sip:psap-mute@sim", ring: 10s, serves: {country: US, postal_codes: ["942"]}}
eccs:
  - {id: ecc-us, name: National, country: US, uri: "sip:ecc-us@sim", ring: 30s}
test_service: {uri: "sip:test-service@sim"}
`

// A dispatcher's softphone registers before it calls anybody back.
func TestCallCentresRegisterWithTheirOwnCredentials(t *testing.T) {
	t.Parallel()
	s, problems := directory.Load("centres.yaml", []byte(centres), directory.Options{})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	r := newTest(t, Options{Directory: func() *directory.Snapshot { return s }})
	for _, tc := range []struct {
		name, host, aor, user, password string
		status                          int
	}{
		{"by its ID", "psap.phones.sip.us1.twilio.com", "psap-sf", "dispatch", "Callbox-lab-933", 200},
		{"by its user, at another region", "PSAP.phones.sip.dublin.twilio.com", "dispatch", "dispatch", "Callbox-lab-933", 200},
		{"at a trunk", "psap.lab.pstn.ashburn.twilio.com", "psap-sf", "dispatch", "Callbox-lab-933", 200},
		{"a wrong password", "psap.phones.sip.us1.twilio.com", "psap-sf", "dispatch", "Callbox-lab-911", 403},
		{"a user of the domain", "psap.phones.sip.us1.twilio.com", "psap-sf", "alice", secret, 403},
		{"a centre without credentials", "psap.phones.sip.us1.twilio.com", "psap-mute", "psap-mute", "", 403},
		{"no centre", "psap.phones.sip.us1.twilio.com", "eve", "eve", "", 403},
		{"at a host of nobody's", "psap.example.com", "psap-sf", "dispatch", "Callbox-lab-933", 404},
		{"in the domain", phones, "dispatch", "dispatch", "Callbox-lab-933", 403},
	} {
		p := newPhone(t, r, tc.aor, tc.name)
		q := p.ask("sip:desk@console")
		q.Host, q.AORHost, q.Proof = tc.host, tc.host, word{user: tc.user, password: tc.password}
		if a := p.register(q); a.Status != tc.status {
			t.Errorf("%s: %d %q", tc.name, a.Status, a.Sentence)
		}
	}
	if got := r.Contacts("psap-sf", "psap.phones.sip.us1.twilio.com"); len(got) != 1 || got[0].URI != "sip:desk@console" {
		t.Errorf("the centre is at %+v", got)
	}
	if !mayRegister(s, aorKey{centreSID, "psap-sf"}) || mayRegister(s, aorKey{centreSID, "psap-mute"}) {
		t.Error("who may stay registered cannot be told")
	}
}
