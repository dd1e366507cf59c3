package directory

import (
	"errors"
	"net/netip"
	"strconv"
	"strings"
)

// simHost is the URI host that stands for the built-in simulated centres.
const simHost = "sim"

// resolveURI checks the URI of a centre, sip or sips with a user part, and puts the simulator's address in where the
// host is "sim".
func resolveURI(s string, sim netip.AddrPort) (string, error) {
	scheme, rest, _ := strings.Cut(s, ":")
	scheme = strings.ToLower(scheme)
	if scheme != "sip" && scheme != "sips" {
		return "", errors.New("is not a sip: or sips: URI")
	}
	user, rest, ok := strings.Cut(rest, "@")
	if !ok || user == "" {
		return "", errors.New("has no user part")
	}
	if strings.Trim(user, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.!~*'()&=+$,;?/%") != "" {
		return "", errors.New("has a character in its user part that must be escaped")
	}
	hostport, params := rest, ""
	if i := strings.IndexByte(rest, ';'); i >= 0 {
		hostport, params = rest[:i], rest[i:]
	}
	if strings.ContainsAny(params, " \t\r\n<>\"@?") {
		return "", errors.New("has parameters that cannot be read")
	}
	if hostport == simHost {
		return scheme + ":" + user + "@" + sim.String() + params, nil
	}
	if err := checkHostPort(hostport); err != nil {
		return "", err
	}
	return scheme + ":" + user + "@" + hostport + params, nil
}

func checkHostPort(s string) error {
	host, port := s, ""
	if i := strings.LastIndexByte(s, ':'); i >= 0 && !strings.HasSuffix(s, "]") {
		host, port = s[:i], s[i+1:]
		if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
			return errors.New("has a port that is not 1 to 65535")
		}
	}
	if inner, ok := strings.CutPrefix(host, "["); ok {
		if a, err := netip.ParseAddr(strings.TrimSuffix(inner, "]")); err != nil || !a.Is6() {
			return errors.New("has a host that is no IPv6 address")
		}
		return nil
	}
	if strings.Contains(host, ":") || !validHost(strings.ToLower(host)) {
		return errors.New("has a host that is no host name or address")
	}
	return nil
}
