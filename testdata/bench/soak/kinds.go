package main

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"
)

const (
	lab    = "lab.sip.us1.twilio.com"
	phones = "phones.sip.us1.twilio.com"
)

// kind is a way to call, and what must become of it.
type kind struct {
	name    string
	weight  int // of all kinds together
	from    string
	dialled string
	domain  string // "" is lab
	network string // "" is UDP
	status  int    // the final response that is meant
	end     string // the record's reason that is meant, or several separated by |
	by      string // the centre that is meant to answer

	talks     bool // both sides speak all the time, so that the media can be counted
	announced bool // hears the edge's own voice
	mum       bool // sends no ACK
	lossy     bool // the network loses one in ten of its messages
	slow      bool // ends long after the load: not for short runs
	twice     bool // the network delivers its messages two times
	script    func(*caller) error
}

// talk is the usual call to a centre, which the caller ends.
func talk(name string, weight int, from, dialled, by string) kind {
	return kind{name: name, weight: weight, from: from, dialled: dialled, status: 200, end: "caller_hung_up", by: by, talks: true, script: speak}
}

func (k kind) with(f func(*kind)) kind {
	f(&k)
	return k
}

func over(network string) func(*kind) { return func(k *kind) { k.network = network } }

func refusal(name string, weight int, from, dialled, domain string, status int) kind {
	return kind{name: name, weight: weight, from: from, dialled: dialled, domain: domain, status: status, end: "refused", script: refused}
}

// kindsFor are the ways to call in a run of so long.
func kindsFor(span time.Duration) []kind {
	all := kinds()
	if !short(span) {
		return all
	}
	return slices.DeleteFunc(all, func(k kind) bool { return k.slow })
}

// short tells whether a run is too short for calls that end long after the load.
func short(span time.Duration) bool { return span < time.Minute }

// tail is about how long the last calls of a run of so long go on.
func tail(span time.Duration) time.Duration {
	if short(span) {
		return 20 * time.Second
	}
	return time.Minute
}

// kinds are all ways to call.
func kinds() []kind {
	const sf = "+14155550100"
	return []kind{
		talk("911 over UDP", 18, sf, "911", "answers"),
		talk("911 over TCP", 6, sf, "911", "answers").with(over("TCP")),
		talk("911 over TLS", 6, sf, "911", "answers").with(over("TLS")),
		talk("112 in the United States", 3, sf, "112", "answers"),
		talk("999 in London", 4, "+442079460100", "999", "london"),
		talk("000 in Sydney, centre over TCP", 4, "+61255500100", "000", "sydney"),
		talk("911, basic service", 3, "+14155550101", "911", "answers"),
		talk("911 without an address, to the ECC", 3, "+14155550102", "911", "ecc-us"),
		talk("911 without a service, to the ECC", 2, "+14155550103", "911", "ecc-us"),
		talk("911 with early media", 4, "+12135550101", "911", "early"),
		talk("911 proven by digest", 4, sf, "911", "answers").with(func(k *kind) { k.domain, k.script = phones, challenged }),
		talk("911, every message twice", 2, sf, "911", "answers").with(func(k *kind) { k.twice = true }),
		talk("911, one message in ten lost", 3, sf, "911", "answers").with(func(k *kind) { k.lossy, k.talks = true, false }),
		talk("933", 3, sf, "933", "test-service").with(func(k *kind) { k.talks, k.script = false, readback }),

		talk("centre busy, next answers", 4, "+12135550102", "911", "second"),
		talk("centre 503, next answers", 3, "+12135550103", "911", "second"),
		talk("centre declines, next answers", 2, "+12135550104", "911", "second"),
		talk("centre redirects, next answers", 2, "+12135550105", "911", "second"),
		talk("centre rings on, next answers", 2, "+12135550106", "911", "second"),
		talk("centre mute, next answers", 2, "+12135550107", "911", "second"),
		talk("centre killed now and then", 5, "+12135550108", "911", "dies|second").with(func(k *kind) { k.talks = false }),
		talk("centre hangs up", 4, "+12135550109", "911", "hangs-up").with(func(k *kind) { k.end, k.script = "callee_hung_up", leftAlone }),
		{name: "all centres fail: announcement, 503", weight: 1, from: "+35315550100", dialled: "112", status: 503, end: "no_target", announced: true, script: refused},

		{name: "CANCEL while it rings", weight: 4, from: "+12135550110", dialled: "911", status: 487, end: "caller_cancelled", script: cancelled(300 * time.Millisecond)},
		{name: "CANCEL at once", weight: 2, from: sf, dialled: "911", status: 487, end: "caller_cancelled", script: cancelled(0)},
		{name: "CANCEL that crosses the answer", weight: 2, from: sf, dialled: "911", end: "caller_cancelled|caller_hung_up", by: "answers|", script: crossed},
		talk("BYE at once", 4, sf, "911", "answers").with(func(k *kind) { k.talks, k.script = false, brief }),
		talk("hold and resume", 4, sf, "911", "answers").with(func(k *kind) { k.talks, k.script = false, held }),
		talk("hold and resume by the centre", 3, "+12135550111", "911", "holds").with(func(k *kind) { k.talks = false }),
		talk("DTMF by INFO", 4, sf, "911", "answers").with(func(k *kind) { k.script = pressing }),
		talk("caller vanishes", 2, sf, "911", "answers").with(func(k *kind) { k.talks, k.end, k.script = false, "media_timeout", vanished }),
		talk("caller vanishes, centre talks on", 1, sf, "911", "answers").with(func(k *kind) {
			k.talks, k.slow, k.end, k.script = false, true, "leg_lost", missed
		}),
		talk("caller sends no ACK", 1, sf, "911", "answers").with(func(k *kind) {
			k.talks, k.mum, k.slow, k.end, k.script = false, true, true, "no_ack", unacknowledged
		}),

		refusal("stranger: 403", 2, "+19995550199", "911", lab, 403),
		refusal("unknown domain: 404", 2, sf, "911", "nowhere.sip.us1.twilio.com", 404),
		refusal("domain without emergency calls: 403", 1, sf, "911", "quiet.sip.us1.twilio.com", 403),
		refusal("ordinary number: 404", 1, sf, "+12025550123", lab, 404),
	}
}

// pick returns a kind by chance and weight.
func pick(all []kind) *kind {
	total := 0
	for _, k := range all {
		total += k.weight
	}
	n := rand.IntN(total)
	for i := range all {
		if n -= all[i].weight; n < 0 {
			return &all[i]
		}
	}
	return nil
}

func between(from, to time.Duration) time.Duration { return from + rand.N(to-from) }

// stays holds the call and wants it to be up afterwards.
func (c *caller) stays(long time.Duration) error {
	c.hold(long)
	if c.hungUp {
		return fmt.Errorf("the edge hung up")
	}
	return nil
}

func speak(c *caller) error {
	if _, err := c.invite(200, ""); err != nil {
		return err
	}
	return c.finish()
}

// finish holds the call for a while and hangs up.
func (c *caller) finish() error {
	if err := c.stays(between(5*time.Second, 20*time.Second)); err != nil {
		return err
	}
	return c.bye()
}

func challenged(c *caller) error {
	b, err := c.invite(407, "")
	if err != nil {
		return err
	}
	c.record = ""
	if _, err := c.invite(200, proof(field(b, "Proxy-Authenticate"), "alice", "Callbox-lab-911", "INVITE", c.target)); err != nil {
		return err
	}
	return c.finish()
}

func readback(c *caller) error {
	if _, err := c.invite(200, ""); err != nil {
		return err
	}
	if err := c.stays(between(3*time.Second, 6*time.Second)); err != nil {
		return err
	}
	if got := c.media.got.Load(); got < 50 {
		return fmt.Errorf("%d RTP packets of the readback", got)
	}
	return c.bye()
}

func refused(c *caller) error {
	_, err := c.invite(c.kind.status, "")
	if err == nil && c.kind.announced && c.media.got.Load() < 50 {
		return fmt.Errorf("%d RTP packets of the announcement", c.media.got.Load())
	}
	return err
}

func leftAlone(c *caller) error {
	if _, err := c.invite(200, ""); err != nil {
		return err
	}
	if c.hold(10 * time.Second); !c.hungUp {
		return fmt.Errorf("no BYE came")
	}
	return nil
}

// cancelled makes a script that gives up so long after the first provisional response, and up to three times as long.
func cancelled(after time.Duration) func(*caller) error {
	return func(c *caller) error {
		begun := false
		c.warm = func([]byte) {
			if !begun {
				begun = true
				c.later(between(after, 3*after+1), c.cancel)
			}
		}
		_, err := c.invite(487, "")
		return err
	}
}

func crossed(c *caller) error {
	rings := false
	c.warm = func(b []byte) {
		if status(b) == 180 && !rings {
			rings = true
			c.later(between(100*time.Millisecond, 1600*time.Millisecond), c.cancel)
		}
	}
	b, err := c.invite(0, "")
	if err != nil {
		return err
	}
	switch c.want.status = status(b); c.want.status {
	case 200:
		c.hold(time.Second) // where the CANCEL came after all, the edge hangs up
		return c.bye()
	case 487:
		return nil
	}
	return fmt.Errorf("INVITE got %q", firstLine(b))
}

func brief(c *caller) error {
	if _, err := c.invite(200, ""); err != nil {
		return err
	}
	return c.bye()
}

func held(c *caller) error {
	if _, err := c.invite(200, ""); err != nil {
		return err
	}
	for _, direction := range []string{"sendonly", "inactive", "sendrecv"} {
		if err := c.stays(between(time.Second, 4*time.Second)); err != nil {
			return err
		}
		if err := c.reinvite(direction); err != nil {
			return err
		}
	}
	before := c.media.got.Load()
	if err := c.stays(2 * time.Second); err != nil {
		return err
	}
	if c.media.got.Load() == before {
		return fmt.Errorf("no media after hold")
	}
	return c.bye()
}

func pressing(c *caller) error {
	if _, err := c.invite(200, ""); err != nil {
		return err
	}
	for _, key := range []string{"9", "1", "1"} {
		if err := c.stays(between(500*time.Millisecond, 2*time.Second)); err != nil {
			return err
		}
		if err := c.dtmf(key); err != nil {
			return err
		}
	}
	if got := c.leg.infos.Load(); got != 3 {
		return fmt.Errorf("%d of 3 INFO requests reached the centre", got)
	}
	return c.bye()
}

// vanished stops to exist while the centre is silent. The centre's leg must end by the edge's media time-out of 10 s.
func vanished(c *caller) error {
	if err := c.vanish(); err != nil {
		return err
	}
	if s := c.leg.stream.Load(); s != nil {
		s.quiet.Store(true)
	}
	return c.rid(25*time.Second, "the call outlived the media time-out")
}

// missed stops to exist while the centre talks on. The edge asks after the silent caller, and ends the call when nobody
// answers for 32 s.
func missed(c *caller) error {
	if err := c.vanish(); err != nil {
		return err
	}
	return c.rid(giveUp+25*time.Second, "the edge does not miss its caller")
}

func (c *caller) vanish() error {
	if _, err := c.invite(200, ""); err != nil {
		return err
	}
	if err := c.stays(between(time.Second, 4*time.Second)); err != nil {
		return err
	}
	c.media.stop()
	c.w.callers.remove(&c.dialog)
	return nil
}

// rid waits until the centre's leg is over.
func (c *caller) rid(long time.Duration, otherwise string) error {
	select {
	case <-c.leg.ended:
		return nil
	case <-time.After(long):
		return errors.New(otherwise)
	}
}

// unacknowledged hears 200 again and again, until the edge gives up after 32 s.
func unacknowledged(c *caller) error {
	if _, err := c.invite(200, ""); err != nil {
		return err
	}
	if c.hold(giveUp + 5*time.Second); !c.hungUp {
		return fmt.Errorf("no BYE came")
	}
	return nil
}
