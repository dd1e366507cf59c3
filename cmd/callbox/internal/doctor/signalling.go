package doctor

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

const cxCredentials = "Voice & Chat > the trunk > General: Authentication ID (SIP User ID) and Authentication password"

// keepalives tells whether the PBX watches its trunk.
func keepalives(s Seen) Check {
	c := Check{ID: "keepalive", Title: "OPTIONS watches the trunk", State: OK}
	if len(s.Keepalives) == 0 {
		c.State, c.Saw = Unseen, "none came: a PBX that sends none learns of a dead trunk by a failed call"
		return c
	}
	c.Saw = fmt.Sprintf("%d came from %s", len(s.Keepalives), s.Keepalives[0].Source)
	return c
}

// registered judges what registered, which a trunk need not.
func registered(s Seen) Check {
	c := Check{ID: "registration", Title: "registration is in order", State: OK}
	if len(s.Registrations) == 0 {
		c.State, c.Saw = Unseen, "none came, which is right for a trunk that is known by its address and origination URIs"
		return c
	}
	for _, r := range s.Registrations {
		if f := r.Auth.judge(); f.state == Wrong {
			c.State, c.Saw, c.Mend, c.Mend3CX = f.state, r.AOR+": "+f.saw, f.mend, f.mend3CX
			return c
		}
	}
	r := s.Registrations[0]
	c.Saw = fmt.Sprintf("%s at %s", r.AOR, r.Contact)
	return c
}

// authentication judges the answer to the challenge of a call.
func authentication(_ Wanted, c Call) finding { return c.Auth.judge() }

func (a Auth) judge() finding {
	switch {
	case !a.Challenged:
		return finding{}
	case a.Flaw != "":
		return finding{Wrong, "the credentials cannot be used: " + a.Flaw, "answer the challenge as it asks: MD5 or SHA-256, qop=auth, and the Request-URI as uri", ""}
	case !a.Answered:
		return finding{Wrong, "the challenge was not answered",
			"give the trunk user name and password, and let it use them for calls, not for registration only; one that gives up where SHA-256 is offered beside MD5 gets through when it comes again, or at once with auth.algorithms: [MD5] (here --algorithms MD5)", cxCredentials}
	case a.Realm != a.WantRealm:
		return finding{Wrong, fmt.Sprintf("the answer is for realm %.60q, the challenge was for %q", a.Realm, a.WantRealm),
			"set no realm in the PBX: it takes that of the challenge", cxCredentials}
	case !a.Right:
		return finding{Wrong, fmt.Sprintf("user %.60q with a password, or a user, that is not the one given here", a.User),
			"enter the credentials of the trunk's credential list anew", cxCredentials}
	}
	return finding{state: OK, saw: fmt.Sprintf("user %s by %s", a.User, strings.ToUpper(a.Algorithm))}
}

// acknowledged wants the ACK to our answer.
func acknowledged(_ Wanted, c Call) finding {
	switch {
	case c.Acked:
		return finding{state: OK, saw: "ACK came"}
	case c.NoAck:
		return finding{Wrong, "no ACK came within 32 s of the answer; the call was ended",
			"the answer's Contact must be reachable from the PBX: let its network and firewall pass SIP both ways, and switch SIP ALG off", ""}
	}
	return finding{}
}

// understood are the extensions that the edge has.
var understood = []string{"timer", "100rel", "replaces", "outbound", "path"}

// sessionTimer judges RFC 4028's fields, and extensions that are required.
func sessionTimer(_ Wanted, c Call) finding {
	for _, tag := range c.Require {
		if !slices.Contains(understood, strings.ToLower(tag)) {
			return finding{Wrong, "the INVITE requires " + tag + ", which is not there", "do not require it: the call is refused with 420", ""}
		}
	}
	if c.Session == "" {
		if slices.Contains(c.Require, "timer") {
			return finding{Odd, "timer is required without a Session-Expires", "ask for an interval, or do not require timer", ""}
		}
		return finding{}
	}
	interval, ok := seconds(c.Session)
	least, hasLeast := seconds(c.MinSE)
	mend := "set the session timer of the trunk to 1800 s or so, at least 90 s"
	switch {
	case !ok:
		return finding{Wrong, fmt.Sprintf("Session-Expires %.40q is no number of seconds", c.Session), mend, ""}
	case interval < 90:
		return finding{Wrong, fmt.Sprintf("Session-Expires %d s is below the least, 90 s: it is refused with 422", interval), mend, ""}
	case hasLeast && least > interval:
		return finding{Wrong, fmt.Sprintf("Min-SE %d s is above Session-Expires %d s", least, interval), mend, ""}
	case !slices.Contains(c.Supports, "timer") && !slices.Contains(c.Require, "timer"):
		return finding{Odd, "Session-Expires without Supported: timer", "say Supported: timer with it, else nothing is refreshed", ""}
	}
	return finding{state: OK, saw: fmt.Sprintf("%d s", interval)}
}

func seconds(field string) (int, bool) {
	n, _, _ := strings.Cut(field, ";")
	v, err := strconv.Atoi(strings.TrimSpace(n))
	return v, err == nil && v >= 0
}

// wayBack judges whether a call back would reach the PBX.
func wayBack(s Seen) Check {
	c := Check{ID: "way_back", Title: "a call back would reach the PBX", State: Unseen, Saw: "nothing to try: no call or registration came, and no --origination was given"}
	for _, b := range s.Backs {
		if b.Status != 0 {
			if c.State == Unseen {
				c.State, c.Saw = OK, fmt.Sprintf("%s answers OPTIONS with %d", b.To, b.Status)
			}
			continue
		}
		saw := fmt.Sprintf("%s does not answer OPTIONS: %s", b.To, b.Why)
		if c.State == Wrong {
			c.Saw += "; " + saw
			continue
		}
		c.State, c.Saw = Wrong, saw
		c.Mend = "write the address at which the PBX is reached into Contact, or give the trunk an origination URI that is, and let SIP in through its firewall"
		c.Mend3CX = "Outbound Parameters: Leave default value for Contact: Host Part, with the public address in 3CX's network settings; open its SIP port"
	}
	return c
}
