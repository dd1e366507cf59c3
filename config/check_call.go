package config

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// calls holds the session timers to what their header fields can say: whole seconds.
func (c *checker) calls(o Call) {
	c.notNegative("call.max_duration", o.MaxDuration, "write 0 for no limit")
	for i, host := range o.TransferHosts {
		if host == "" || strings.ContainsAny(host, "@:/;?<> ") && !strings.Contains(host, "::") {
			c.add(fmt.Sprintf("call.transfer_hosts[%d]", i), "is no host", "write a host name or address without scheme and port")
		}
	}
	c.passHeaders(o.PassHeaders)
	least, own := o.MinSessionExpires, o.SessionExpires
	if least < time.Second || least > maxSession || least%time.Second != 0 {
		c.add("call.min_session_expires", "is no interval of a session timer", "write whole seconds up to 24h; RFC 4028 has 90s")
	}
	if own != 0 && (own < least || own > maxSession || own%time.Second != 0) {
		c.add("call.session_expires", "is no interval of a session timer",
			"write whole seconds from call.min_session_expires to 24h, or 0 to ask for none")
	}
}

// maxSession bounds a session timer.
const maxSession = 24 * time.Hour

// maxPassHeaders bounds what each INVITE is searched for.
const maxPassHeaders = 64

// passHeaders refuses the header fields that the edge writes or reads itself: passed on as well, they would speak for it,
// or of a connection or dialog that is not the centre's.
func (c *checker) passHeaders(names []string) {
	if len(names) > maxPassHeaders {
		c.add("call.pass_headers", fmt.Sprintf("has %d names", len(names)), fmt.Sprintf("list up to %d", maxPassHeaders))
		return
	}
	for i, name := range names {
		at := fmt.Sprintf("call.pass_headers[%d]", i)
		lower := strings.ToLower(name)
		switch {
		case name == "" || len(name) > 64 || strings.Trim(lower, "abcdefghijklmnopqrstuvwxyz0123456789-.!%*_+`'~") != "":
			c.add(at, "is no name of a header field", "write the name alone, such as X-Floor")
		case len(name) == 1:
			c.add(at, "is the short form of another name", "write the long one")
		case slices.Contains(withTheLocation, lower):
			c.add(at, "goes along with the caller's location anyway", "remove it")
		case owned(lower):
			c.add(at, "is a header field of the edge's own", "remove it: centres get the edge's")
		case slices.ContainsFunc(names[:i], func(other string) bool { return strings.EqualFold(other, name) }):
			c.add(at, "is there twice", "remove one")
		}
	}
}

var withTheLocation = []string{"geolocation", "geolocation-routing", "call-info", "accept-contact", "mime-version"}

// owned tells the header fields that belong to the edge, by their names in small letters.
func owned(name string) bool {
	switch name {
	case "via", "from", "to", "contact", "route", "record-route", "path", "service-route", "call-id", "cseq", "max-forwards",
		"max-breadth", "timestamp", "server", "user-agent", "allow", "allow-events", "supported", "unsupported", "require", "proxy-require",
		"session-expires", "min-se", "rseq", "rack", "replaces", "join", "target-dialog", "event", "refer-to", "referred-by", "refer-sub",
		"authorization", "proxy-authorization", "www-authenticate", "proxy-authenticate", "authentication-info", "proxy-authentication-info",
		"p-asserted-identity", "p-preferred-identity", "remote-party-id", "privacy", "priority", "geolocation-error":
		return true
	}
	return strings.HasPrefix(name, "content-") || strings.HasPrefix(name, "x-callbox-")
}
