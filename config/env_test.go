package config

import (
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestEveryOptionHasItsOwnVariable(t *testing.T) {
	seen := map[string]string{}
	for _, k := range Keys() {
		if other, twice := seen[k.Env]; twice {
			t.Errorf("%s sets both %s and %s", k.Env, other, k.Path)
		}
		seen[k.Env] = k.Path
	}
	for env, path := range map[string]string{
		"CALLBOX_DATA": "data", "CALLBOX_AUTH_TOKEN": "auth.token", "CALLBOX_HTTP_ADDRESS": "http.address",
		"CALLBOX_LOG_LEVEL": "log.level", "CALLBOX_SIP_TLS_KEY": "sip.tls.key",
	} {
		if seen[env] != path {
			t.Errorf("%s sets %q", env, seen[env])
		}
	}
}

func TestEveryVariableTakesItsOptionsDefault(t *testing.T) {
	var environ []string
	for _, k := range Keys() {
		environ = append(environ, k.Env+"="+k.Default)
	}
	o, problems := Parse("", nil, environ)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	if diff := cmp.Diff(Defaults(), o, compareAddresses); diff != "" {
		t.Error(diff)
	}
}

func TestVariablesSetOptions(t *testing.T) {
	addr := netip.MustParseAddrPort
	for _, test := range []struct {
		name, env string
		got       func(Options) any
		want      any
	}{
		{"a listener of each kind", "CALLBOX_SIP_LISTENERS=udp:127.0.0.1:0, tls:[::]:5061=sip.example.com",
			func(o Options) any { return o.SIP.Listeners },
			[]Listener{{Network: "udp", Address: addr("127.0.0.1:0")}, {Network: "tls", Address: addr("[::]:5061"), Advertise: "sip.example.com"}}},
		{"addresses separated by commas", "CALLBOX_RTP_ADVERTISE=192.0.2.1, 2001:db8::1",
			func(o Options) any { return o.RTP.Advertise },
			[]netip.Addr{netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("2001:db8::1")}},
		{"a switch", "CALLBOX_SIM_ENABLED=false", func(o Options) any { return o.Sim.Enabled }, false},
		{"a range", "CALLBOX_RTP_PORTS=40000-40099", func(o Options) any { return o.RTP.Ports }, PortRange{40000, 40099}},
		{"text that YAML would take for something else", "CALLBOX_AUTH_TOKEN=true", func(o Options) any { return string(o.Auth.Token) }, "true"},
		{"a value with an equals sign", "CALLBOX_AUTH_TOKEN=a=b", func(o Options) any { return string(o.Auth.Token) }, "a=b"},
		{"an empty one counts as unset", "CALLBOX_LOG_LEVEL=", func(o Options) any { return o.Log.Level }, "info"},
		{"one that Kubernetes sets for a service", "CALLBOX_PORT_5060_UDP_ADDR=10.0.0.1", func(o Options) any { return o.HTTP.Address }, addr("127.0.0.1:8080")},
		{"one of another program", "LOG_LEVEL=debug", func(o Options) any { return o.Log.Level }, "info"},
	} {
		t.Run(test.name, func(t *testing.T) {
			o, problems := Parse("", nil, []string{test.env})
			if len(problems) > 0 {
				t.Fatal(problems)
			}
			if diff := cmp.Diff(test.want, test.got(o), compareAddresses); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestBadVariablesAreNamed(t *testing.T) {
	for _, test := range []struct{ name, env, want string }{
		{"a wrong type", "CALLBOX_RTP_TIMEOUT=30",
			`CALLBOX_RTP_TIMEOUT: rtp.timeout: "30": is a duration without a unit; write 30s for seconds`},
		{"a value without sense", "CALLBOX_LOG_LEVEL=loud",
			`CALLBOX_LOG_LEVEL: log.level: "loud": is not known; write trace, debug, info, warn or error`},
		{"a bad listener", "CALLBOX_SIP_LISTENERS=udp:0.0.0.0:5060,sctp:0.0.0.0:80",
			`CALLBOX_SIP_LISTENERS: sip.listeners: "sctp:0.0.0.0:80": is not a listener; write network:address:port such as udp:0.0.0.0:5060 or tls:[::]:5061=sip.example.com`},
		{"a listener without a port", "CALLBOX_SIP_LISTENERS=udp:0.0.0.0",
			`CALLBOX_SIP_LISTENERS: sip.listeners: "0.0.0.0": is an address without a port; write 0.0.0.0:5060 with the port you mean`},
		{"no listener at all", "CALLBOX_SIP_LISTENERS=,",
			`CALLBOX_SIP_LISTENERS: sip.listeners: ",": has no entry; list at least one {network, address}, or remove the key for the defaults`},
		{"one of several addresses", "CALLBOX_RTP_ADVERTISE=192.0.2.1,lan",
			`CALLBOX_RTP_ADVERTISE: rtp.advertise[1]: "lan": is not an IP address; write one such as 192.0.2.1 or 2001:db8::1`},
		{"a secret with a space", "CALLBOX_AUTH_TOKEN=two words",
			`CALLBOX_AUTH_TOKEN: auth.token: "***": has a space, control or non-ASCII character; use letters, digits and punctuation`},
		{"a misspelt name", "CALLBOX_LOGLEVEL=debug",
			`CALLBOX_LOGLEVEL: unknown variable; did you mean CALLBOX_LOG_LEVEL?`},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, problems := Parse("callbox.yaml", nil, []string{test.env})
			if diff := cmp.Diff(test.want, problems.Error()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestProblemsOfFileAndVariablesComeTogether(t *testing.T) {
	_, problems := Parse("callbox.yaml", []byte("log: {level: loud}\nhtpp: 1\n"), []string{"CALLBOX_LOG_FORMAT=xml", "CALLBOX_DRAIN_LIMIT=soon"})
	if len(problems) != 4 {
		t.Error(problems)
	}
}

func TestParseListenerReadsWhatStringWrites(t *testing.T) {
	for _, word := range []string{"udp:127.0.0.1:5060", "tls:[::1]:5061=sip.example.com:5061", "tcp:0.0.0.0:0"} {
		l, err := ParseListener(word)
		if err != nil || l.String() != word {
			t.Errorf("%s: %s, %v", word, l, err)
		}
	}
	for _, word := range []string{"", "udp", "5060", "udp:", "udp:localhost:5060", "sctp:127.0.0.1:5060"} {
		if l, err := ParseListener(word); err == nil {
			t.Errorf("%q is read as %v", word, l)
		}
	}
}
