package config

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// portsPerCall is what one call takes from rtp.ports: RTP and RTCP on each of two sides.
const portsPerCall = 4

// advertise checks the host, or host and port, that a listener writes into Via and Contact.
func (c *checker) advertise(path string, l Listener) {
	if l.Advertise == "" {
		return
	}
	if strings.Contains(l.Advertise, "/") || strings.HasPrefix(l.Advertise, "sip:") || strings.HasPrefix(l.Advertise, "sips:") {
		c.add(path, "is a URI", "write the host alone, such as sip.example.com or 203.0.113.7:5060")
		return
	}
	host, port, ok := splitHost(l.Advertise)
	switch ip, err := netip.ParseAddr(host); {
	case !ok || err != nil && !hostName(host):
		c.add(path, "is not a host", `write a name or address, with a port if wanted: sip.example.com, 203.0.113.7:5060 or "[2001:db8::7]:5060"`)
	case port == "0":
		c.add(path, "has port 0, where nobody can be reached", "leave the port out to advertise the listener's own")
	case err == nil && (ip.IsUnspecified() || ip.IsMulticast()):
		c.add(path, "is no address that peers can reach", "write the address that peers see, or remove the key")
	case err == nil && l.Address.IsValid() && ip.Is4() != l.Address.Addr().Is4():
		c.add(path, "is of the other IP version than the listener's address", "add a listener for that IP version and advertise it there")
	}
}

// splitHost splits host, host:port, [v6] or [v6]:port. A bare IPv6 address is taken as it is.
func splitHost(s string) (host, port string, ok bool) {
	if _, err := netip.ParseAddr(s); err == nil {
		return s, "", true
	}
	if inner, isV6 := strings.CutPrefix(s, "["); isV6 {
		host, rest, closed := strings.Cut(inner, "]")
		if _, err := netip.ParseAddr(host); err != nil || !closed || !strings.Contains(host, ":") {
			return "", "", false
		}
		if rest == "" {
			return host, "", true
		}
		port, colon := strings.CutPrefix(rest, ":")
		return host, port, colon && portNumber(port)
	}
	host, port, colon := strings.Cut(s, ":")
	return host, port, !colon || portNumber(port)
}

func portNumber(s string) bool {
	_, err := strconv.ParseUint(s, 10, 16)
	return err == nil && (s == "0" || s[0] != '0')
}

// hostName tells whether s is a domain name of RFC 3261's hostname: labels of letters, digits and hyphens, the last of
// them not beginning with a digit.
func hostName(s string) bool {
	s = strings.TrimSuffix(s, ".")
	if s == "" || len(s) > 253 {
		return false
	}
	last := ""
	for label := range strings.SplitSeq(s, ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		if strings.ContainsFunc(label, func(r rune) bool {
			return !(r == '-' || '0' <= r && r <= '9' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z')
		}) {
			return false
		}
		last = label
	}
	return last[0] < '0' || last[0] > '9'
}

func (c *checker) rtp(r RTP) {
	c.portRange(r.Ports)
	if r.Bind.Is4In6() || r.Bind.IsMulticast() {
		c.add("rtp.bind", "is not an address of a machine", "write an IPv4 or IPv6 address, or remove the key for all")
	}
	seen := map[bool]int{}
	for i, a := range r.Advertise {
		if !a.IsValid() {
			continue // its own problem is there already
		}
		path := fmt.Sprintf("rtp.advertise[%d]", i)
		first, twice := seen[a.Is4()]
		switch {
		case a.IsUnspecified() || a.IsMulticast() || a.Is4In6() || a.Zone() != "":
			c.add(path, "is no address that peers can reach", "write the address that peers see, or remove it")
		case twice:
			c.add(path, fmt.Sprintf("is of the same IP version as rtp.advertise[%d]", first), "give at most one IPv4 and one IPv6 address")
		case r.Bind.IsValid() && !r.Bind.IsUnspecified() && r.Bind.Is4() != a.Is4():
			c.add(path, "is of the other IP version than rtp.bind", "remove it, or remove rtp.bind to use both versions")
		}
		seen[a.Is4()] = i
	}
	c.notNegative("rtp.timeout", r.Timeout, "write 0 to never end a call for it")
	c.notNegative("rtp.quarantine", r.Quarantine, "write 0 to give ports out again at once")
}

// otherWayRound is the mend of a range that ends before it begins. One that is small when turned is more likely a slip
// of the pen than two ports in the wrong order.
func otherWayRound(p PortRange) string {
	const enough = 100
	if turned := (PortRange{p.Max &^ 1, p.Min | 1}); turned.Size() >= enough {
		return fmt.Sprintf("write %s", turned)
	}
	return "write the lower port first, such as 30000-39999"
}

func (c *checker) portRange(p PortRange) {
	const path = "rtp.ports"
	switch {
	case p.Min < 1024:
		c.add(path, "reaches below port 1024, which belongs to the system", "write a range such as 30000-39999")
	case p.Max < p.Min:
		c.add(path, "ends before it begins", otherWayRound(p))
	case p.Min%2 != 0 || p.Max%2 == 0:
		c.add(path, "must begin with an even and end with an odd port, as RTP takes the even and RTCP the odd one", fmt.Sprintf("write %s", PortRange{p.Min &^ 1, p.Max | 1}))
	case p.Size() < portsPerCall:
		c.add(path, fmt.Sprintf("is too small for one call, which takes %d ports", portsPerCall), fmt.Sprintf("write %s or more", PortRange{p.Min, p.Min + portsPerCall - 1}))
	}
}

// socket is a port the edge wants for itself.
type socket struct {
	path    string
	network string // of the kernel: udp or tcp
	addr    netip.AddrPort
}

// overlaps tells whether two sockets cannot both be bound. Wildcards take their own IP version only.
func (s socket) overlaps(t socket) bool {
	return s.network == t.network && s.addr.Port() == t.addr.Port() && s.addr.Port() != 0 && sameAddress(s.addr.Addr(), t.addr.Addr())
}

func sameAddress(a, b netip.Addr) bool {
	return a.Is4() == b.Is4() && (a == b || a.IsUnspecified() || b.IsUnspecified())
}

// sockets reports every pair of sockets that cannot both be bound, and those that lie in the range of RTP ports.
func (c *checker) sockets(o Options) {
	var all []socket
	for i, l := range o.SIP.Listeners {
		network := "tcp"
		if l.Network == "udp" {
			network = "udp"
		}
		if l.Address.IsValid() {
			all = append(all, socket{fmt.Sprintf("sip.listeners[%d].address", i), network, l.Address})
		}
	}
	all = append(all, socket{"http.address", "tcp", o.HTTP.Address})
	if o.Sim.Enabled {
		all = append(all, socket{"sim.address", "udp", o.Sim.Address}, socket{"sim.address", "tcp", o.Sim.Address})
	}
	if o.ALI.Listen.IsValid() {
		all = append(all, socket{"ali.listen", "tcp", o.ALI.Listen})
	}
	for i, s := range all {
		for _, t := range all[:i] {
			if s.overlaps(t) {
				c.clash(s, t)
			}
		}
		if s.network == "udp" && o.RTP.Ports.Contains(s.addr.Port()) && (!o.RTP.Bind.IsValid() || sameAddress(o.RTP.Bind, s.addr.Addr())) {
			c.inRange(s, o.RTP.Ports)
		}
	}
}

// clash reports two sockets on one address, at the one that somebody wrote.
func (c *checker) clash(s, t socket) {
	if !c.written(s.path) && c.written(t.path) {
		s, t = t, s
	}
	c.add(s.path, fmt.Sprintf("takes the same %s port as %s (%s)", s.network, t.path, t.addr), "give one of them another port")
}

// inRange reports a socket among the RTP ports, at the one of the two that somebody wrote.
func (c *checker) inRange(s socket, p PortRange) {
	if c.written("rtp.ports") && !c.written(s.path) {
		c.add("rtp.ports", fmt.Sprintf("includes the port of %s (%s)", s.path, s.addr), "move one of them")
		return
	}
	c.add(s.path, fmt.Sprintf("lies among the RTP ports (rtp.ports %s)", p), "move one of them")
}
