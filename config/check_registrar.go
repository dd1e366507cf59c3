package config

import (
	"fmt"
	"slices"
	"time"

	"callbox/config/strict"
)

func keepalives() []string { return []string{"options", "crlf", "off"} }
func algorithms() []string { return []string{"MD5", "SHA-256"} }

// The bounds of expiries: a registration of seconds is a flood, and one of weeks outlives every NAT and phone.
const (
	leastExpires = 10 * time.Second
	mostExpires  = 7 * 24 * time.Hour
)

// registrar checks what phones are held to.
func (c *checker) registrar(r Registrar) {
	for _, e := range []struct {
		path string
		time time.Duration
	}{
		{"registrar.min_expires", r.MinExpires}, {"registrar.max_expires", r.MaxExpires}, {"registrar.default_expires", r.DefaultExpires},
	} {
		if e.time < leastExpires || e.time > mostExpires || e.time%time.Second != 0 {
			c.add(e.path, "is out of range", "write whole seconds from 10s to 168h, such as 1h")
		}
	}
	switch {
	case r.MaxExpires < r.MinExpires:
		path := "registrar.max_expires"
		if !c.written(path) {
			path = "registrar.min_expires"
		}
		c.add(path, fmt.Sprintf("makes the longest registration (%s) shorter than the shortest (%s)", strict.ShortDuration(r.MaxExpires), strict.ShortDuration(r.MinExpires)),
			"set registrar.max_expires no shorter than registrar.min_expires")
	case r.DefaultExpires < r.MinExpires || r.DefaultExpires > r.MaxExpires:
		path := "registrar.default_expires"
		for _, other := range []string{"registrar.min_expires", "registrar.max_expires"} {
			if !c.written(path) && c.written(other) {
				path = other
			}
		}
		c.add(path, fmt.Sprintf("leaves registrar.default_expires (%s) outside %s to %s", strict.ShortDuration(r.DefaultExpires), strict.ShortDuration(r.MinExpires),
			strict.ShortDuration(r.MaxExpires)), "set registrar.default_expires between registrar.min_expires and registrar.max_expires")
	}
	if r.MaxBindings < 1 || r.MaxBindings > 50 {
		c.add("registrar.max_bindings", "is out of range", "write 1 to 50; the provider's limit is 10")
	}
	c.oneOf("registrar.keepalive", r.Keepalive, keepalives())
	if r.KeepaliveInterval < time.Second || r.KeepaliveInterval > time.Hour {
		c.add("registrar.keepalive_interval", "is out of range", "write 1s to 1h; NATs forget a phone after half a minute")
	}
}

// digest checks how SIP peers are challenged.
func (c *checker) digest(a Auth) {
	if len(a.Algorithms) == 0 {
		c.add("auth.algorithms", "has no entry", "write [MD5, SHA-256], or one of them")
	}
	for i, name := range a.Algorithms {
		path := fmt.Sprintf("auth.algorithms[%d]", i)
		c.oneOf(path, name, algorithms())
		if slices.Index(a.Algorithms, name) < i {
			c.add(path, "is there twice", "remove one of them")
		}
	}
	if a.NonceLife < time.Second || a.NonceLife > time.Hour {
		c.add("auth.nonce_life", "is out of range", "write 1s to 1h, such as 5m")
	}
}
