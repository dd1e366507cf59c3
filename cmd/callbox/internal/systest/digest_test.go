package systest

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const (
	phones   = "phones.sip.us1.twilio.com"
	trunk    = "lab.pstn.ashburn.twilio.com"
	password = "Callbox-lab-911"
)

func TestDigestOpensADomainAndATrunk(t *testing.T) {
	t.Parallel()
	l := startLab(t, settings{})
	for _, test := range []struct {
		name, domain, user, password, transport string
		proved                                  bool
	}{
		{"alice calls from a phone", phones, "alice", password, "udp", true},
		{"alice calls over TCP", phones, "alice", password, "tcp", true},
		{"alice calls over TLS", phones, "alice", password, "tls", true},
		{"a PBX calls through the trunk", trunk, "alice", password, "udp", true},
		{"a wrong password is challenged and then refused", phones, "alice", "Callbox-lab-912", "udp", false},
		{"an unknown user is challenged and then refused", phones, "mallory", password, "udp", false},
		{"a wrong password on the trunk is refused", trunk, "alice", "wrong", "udp", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			c := caller{
				scenario: "digest.xml", to: "911", domain: test.domain, transport: test.transport,
				user: test.user, password: test.password, hold: 200 * time.Millisecond,
			}
			want := answered("psap-sf", sanFrancisco)
			if !test.proved {
				c.scenario, want = "digest_refused.xml", refused(403, 32202)
			}
			final, id := l.call(t, c).answer()
			if diff := cmp.Diff(want, outcomeOf(l.record(t, id))); diff != "" {
				t.Errorf("the record differs (-want +got):\n%s", diff)
			}
			if !test.proved {
				checkRefusal(t, final, 32202)
			}
		})
	}
}

func TestChallengeWithoutCredentialsIsOnRecord(t *testing.T) {
	t.Parallel()
	l := startLab(t, settings{})
	said := l.call(t, caller{scenario: "refused.xml", to: "911", domain: phones})
	challenge, ok := said.find(func(m message) bool { return m.received && m.isStatus("407") })
	if !ok || challenge.header("Proxy-Authenticate") == "" {
		t.Fatalf("the caller received %v, want a 407 with a challenge", said.starts())
	}
	r := l.record(t, challenge.header("X-Callbox-Call"))
	if r.Verdict != "challenge" || r.SIPStatus != 407 {
		t.Errorf("the record says verdict %q, status %d", r.Verdict, r.SIPStatus)
	}
}
