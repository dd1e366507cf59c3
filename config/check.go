package config

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"
	"unicode"

	"callbox/config/strict"
)

func networks() []string    { return []string{"udp", "tcp", "tls", "ws", "wss"} }
func clientAuths() []string { return []string{"off", "optional", "required"} }
func voices() []string      { return []string{"auto", "builtin", "espeak-ng", "flite"} }
func levels() []string      { return []string{"trace", "debug", "info", "warn", "error"} }
func logFormats() []string  { return []string{"json", "console"} }

// checker collects what is wrong with options that have the right types.
type checker struct {
	source
	problems strict.Problems
}

// add records a problem of the option at path, pointing to where it was set.
func (c *checker) add(path, message, mend string) {
	if c.problems.At(path) { // it, or a part of it, could not even be read
		return
	}
	p := c.doc.Problem(path, message, mend)
	if v, ok := c.env[root(path)]; ok {
		p = strict.Problem{File: v.Name, Path: path, Value: v.Value, Message: message, Mend: mend}
		if slices.Contains(secrets(), path) {
			p.Value = Secret(v.Value).String()
		}
	}
	c.problems = append(c.problems, p)
}

// root is the option that path is a part of: sip.listeners for sip.listeners[0].address.
func root(path string) string {
	path, _, _ = strings.Cut(path, "[")
	return path
}

// written tells whether the option was set by somebody, instead of a default.
func (c *checker) written(path string) bool {
	_, env := c.env[root(path)]
	return env || c.doc.Has(path)
}

// options checks every option, each by itself and against the others.
func (c *checker) options(o Options) {
	c.listeners(o.SIP.Listeners)
	c.clientAuth(o.SIP)
	c.origins(o.SIP.WebSocket.Origins)
	c.userAgent(o.SIP.UserAgent)
	switch t := o.SIP.TLS; {
	case t.Certificate != "" && t.Key == "":
		c.add("sip.tls.certificate", "has no key to it", "set sip.tls.key, or remove both to have a certificate made")
	case t.Certificate == "" && t.Key != "":
		c.add("sip.tls.key", "has no certificate to it", "set sip.tls.certificate, or remove both to have a certificate made")
	}
	c.http(o.HTTP)
	c.rtp(o.RTP)
	if strings.TrimSpace(o.Data) == "" {
		c.add("data", "is empty", "name a directory, such as ./callbox-data")
	}
	c.database(o.Database)
	c.auth(o.Auth)
	c.oneOf("twilio.emergency_status", o.Twilio.EmergencyStatus, []string{"ignored", "strict"})
	c.oneOf("twilio.address_validation", o.Twilio.AddressValidation, []string{"strict", "lenient"})
	c.lab(o.Lab)
	c.sim(o.Sim)
	c.psap(o.PSAP)
	c.ali(o.ALI)
	c.emergencyData(o.EmergencyData)
	c.lost(o.LoST)
	c.smtp(o.SMTP)
	c.calls(o.Call)
	c.registrar(o.Registrar)
	c.notNegative("drain.limit", o.Drain.Limit, "write 0 to end calls at once")
	c.oneOf("log.level", o.Log.Level, levels())
	c.oneOf("log.format", o.Log.Format, logFormats())
	c.sockets(o)
}

func (c *checker) listeners(ls []Listener) {
	if len(ls) == 0 {
		c.add("sip.listeners", "has no entry", "list at least one {network, address}, or remove the key for the defaults")
	}
	for i, l := range ls {
		at := fmt.Sprintf("sip.listeners[%d]", i)
		if l.Network == "" {
			c.add(at+".network", "is missing", "write udp, tcp, tls, ws or wss")
		} else {
			c.oneOf(at+".network", l.Network, networks())
		}
		if l.Address.IsValid() {
			c.bindable(at+".address", l.Address)
		} else {
			c.add(at+".address", "is missing", "write address:port such as 0.0.0.0:5060")
		}
		c.advertise(at+".advertise", l)
	}
}

// userAgent keeps out what would end the header field or fill a datagram.
func (c *checker) userAgent(s string) {
	switch {
	case strings.ContainsFunc(s, unicode.IsControl):
		c.add("sip.user_agent", "has a line break or control character", "write it on one line")
	case len(s) > 100:
		c.add("sip.user_agent", "is longer than 100 bytes", "shorten it")
	}
}

func (c *checker) sim(s Sim) {
	c.oneOf("sim.voice", s.Voice, voices())
	switch {
	case s.Address.Addr().IsUnspecified():
		c.add("sim.address", "is no address that calls can be sent to", "write one address, such as 127.0.0.1:5070")
	default:
		c.bindable("sim.address", s.Address)
	}
}

func (c *checker) psap(p PSAP) {
	c.notNegative("psap.probe_interval", p.ProbeInterval, "write 0 to probe nothing")
	if p.ProbeTimeout <= 0 {
		c.add("psap.probe_timeout", "must be longer than nothing", "write 3s")
	} else if p.ProbeInterval > 0 && p.ProbeTimeout > p.ProbeInterval {
		path := "psap.probe_timeout"
		if !c.written(path) {
			path = "psap.probe_interval"
		}
		c.add(path, fmt.Sprintf("makes a probe last longer (%s) than the time between two (%s)", strict.ShortDuration(p.ProbeTimeout), strict.ShortDuration(p.ProbeInterval)),
			"set psap.probe_timeout no longer than psap.probe_interval")
	}
}

func (c *checker) notNegative(path string, d time.Duration, mend string) {
	if d < 0 {
		c.add(path, "is negative", mend)
	}
}

func (c *checker) oneOf(path, value string, known []string) {
	if slices.Contains(known, value) {
		return
	}
	mend := "write " + strings.Join(known[:len(known)-1], ", ") + " or " + known[len(known)-1]
	for _, k := range known {
		if strict.Similar(value, k) || value != "" && strings.HasPrefix(value, k) {
			mend = "did you mean " + k + "?"
		}
	}
	message := "is not known"
	if value == "" {
		message = "is empty"
	}
	c.add(path, message, mend)
}

// bindable checks an address to listen on, as far as that can be told without the machine's own.
func (c *checker) bindable(path string, a netip.AddrPort) {
	switch ip := a.Addr(); {
	case ip.Is4In6():
		c.add(path, "is an IPv4 address written as an IPv6 one", "write "+netip.AddrPortFrom(ip.Unmap(), a.Port()).String())
	case ip.IsMulticast():
		c.add(path, "is a multicast address", "write an address of this machine")
	}
}
