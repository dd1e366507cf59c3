package sim_test

import (
	"errors"
	"testing"
	"time"

	"callbox/psap/sim"
	"callbox/sip/agent"
	"callbox/sip/phone"
	"callbox/sip/sdp"
)

// Softphone and centre agree on SRTP by what each wants, and hear each other.
func TestCentreTakesSRTPAsItsScriptSays(t *testing.T) {
	t.Parallel()
	const best = "AEAD_AES_256_GCM"
	for _, tc := range []struct {
		phone, centre sdp.Security
		suite         string
		status        int
	}{
		{sdp.Plain, sdp.Plain, "", 200},
		{sdp.Plain, sdp.Optional, "", 200},
		{sdp.Plain, sdp.Required, "", 488},
		{sdp.Optional, sdp.Plain, "", 200},
		{sdp.Optional, sdp.Optional, best, 200},
		{sdp.Optional, sdp.Required, best, 200},
		{sdp.Required, sdp.Plain, "", 488},
		{sdp.Required, sdp.Optional, best, 200},
		{sdp.Required, sdp.Required, best, 200},
	} {
		t.Run("phone "+tc.phone.String()+", centre "+tc.centre.String(), func(t *testing.T) {
			t.Parallel()
			s := startLab(t, sim.Options{})
			s.SetScript("psap-sf", sim.Script{Then: sim.ThenEcho, SRTP: tc.centre})
			r, err := dial(t, s, "psap-sf", func(o *phone.Options) {
				o.SRTP, o.Tone, o.Duration = tc.phone, true, time.Second
			})
			if failed, ok := errors.AsType[*phone.FailedError](err); ok {
				r = failed.Result
			} else if err != nil {
				t.Fatal(err)
			}
			if r.Status != tc.status || r.SRTP != tc.suite {
				t.Fatalf("result is %+v", r)
			}
			if tc.status == 200 && (r.PacketsReceived < 25 || r.LevelDBFS < -25) {
				t.Errorf("the echo is %d packets at %.0f dBFS", r.PacketsReceived, r.LevelDBFS)
			}
		})
	}
}

// Where the caller makes no offer the centre makes one, by its script.
func TestCentreOffersSRTP(t *testing.T) {
	t.Parallel()
	s := startLab(t, sim.Options{})
	s.SetScript("psap-sf", sim.Script{Mute: true, SRTP: sdp.Required})
	c := newCaller(t)
	leg := c.invite(s, "psap-sf", false, agent.Message{})
	answered := c.expect(agent.KindAnswered)
	offer, err := sdp.Parse(answered.Message.Body)
	if err != nil || !offer.For(sdp.Required).Secure() {
		t.Fatalf("offered, %v:\n%s", err, answered.Message.Body)
	}
	var ring sdp.Keyring
	ours, theirs, err := ring.Answer(offer.For(sdp.Required))
	if err != nil || ours.Suite.String() == "" || theirs.Tag != ours.Tag {
		t.Errorf("keys %v and %v, %v", ours, theirs, err)
	}
	leg.Ack(agent.Message{})
	leg.Bye()
}
