package config

import (
	"fmt"
	"strings"
	"testing"
)

func TestAdvertiseTakesHostsAndNothingElse(t *testing.T) {
	const v4, v6 = "0.0.0.0:5060", "[::]:5060"
	for _, test := range []struct {
		name, bind, advertise, problem string
	}{
		{"a name", v4, "sip.example.com", ""},
		{"a name with a port", v4, "sip.example.com:5080", ""},
		{"a name that ends in a dot", v4, "sip.example.com.", ""},
		{"an IPv4 address", v4, "203.0.113.7", ""},
		{"an IPv4 address with a port", v4, "203.0.113.7:5080", ""},
		{"a bare IPv6 address", v6, "2001:db8::7", ""},
		{"an IPv6 address in brackets", v6, "[2001:db8::7]", ""},
		{"an IPv6 address with a port", v6, "[2001:db8::7]:5080", ""},
		{"an IPv4 address in brackets", v4, "[203.0.113.7]", "is not a host"},
		{"brackets that do not close", v6, "[2001:db8::7", "is not a host"},
		{"something behind the brackets", v6, "[2001:db8::7]x", "is not a host"},
		{"a port with a sign", v4, "sip.example.com:+5060", "is not a host"},
		{"a port out of range", v4, "sip.example.com:65536", "is not a host"},
		{"an empty port", v4, "sip.example.com:", "is not a host"},
		{"port 0", v4, "sip.example.com:0", "has port 0"},
		{"an address with a typing mistake", v4, "203.0.113.777", "is not a host"},
		{"an underscore", v4, "sip_edge.example.com", "is not a host"},
		{"a hyphen in the wrong place", v4, "-sip.example.com", "is not a host"},
		{"two dots", v4, "sip..example.com", "is not a host"},
		{"a label that is too long", v4, strings.Repeat("a", 64) + ".com", "is not a host"},
		{"a line break", v4, "sip.example.com\r\nX: y", "is not a host"},
		{"a header parameter", v4, "sip.example.com;maddr=1", "is not a host"},
		{"a URI", v4, "sips:sip.example.com", "is a URI"},
		{"a URL", v4, "https://sip.example.com", "is a URI"},
		{"the wildcard", v4, "0.0.0.0", "is no address that peers can reach"},
		{"a multicast address", v6, "ff02::1", "is no address that peers can reach"},
		{"the other IP version", v6, "203.0.113.7", "is of the other IP version"},
	} {
		t.Run(test.name, func(t *testing.T) {
			src := fmt.Sprintf("sip: {listeners: [{network: udp, address: %q, advertise: %q}]}", test.bind, test.advertise)
			_, problems := Parse("c.yaml", []byte(src), nil)
			switch {
			case test.problem == "" && len(problems) > 0:
				t.Error(problems)
			case test.problem != "" && (len(problems) != 1 || !strings.HasPrefix(problems[0].Message, test.problem)):
				t.Errorf("got %q, want one problem that %s", problems.Error(), test.problem)
			}
		})
	}
}

func TestSocketsThatCannotBothBeBound(t *testing.T) {
	for _, test := range []struct {
		name, src, want string
	}{
		{"wildcards of both IP versions stand side by side",
			`sip: {listeners: [{network: udp, address: "0.0.0.0:5060"}, {network: udp, address: "[::]:5060"}]}`, ""},
		{"udp and tcp stand side by side",
			`sip: {listeners: [{network: udp, address: "0.0.0.0:5060"}, {network: tls, address: "0.0.0.0:5060"}]}`, ""},
		{"port 0 is never taken",
			`sip: {listeners: [{network: udp, address: "127.0.0.1:0"}, {network: udp, address: "127.0.0.1:0"}]}`, ""},
		{"a simulator that is switched off takes no port",
			`{sim: {enabled: false}, sip: {listeners: [{network: udp, address: "0.0.0.0:5070"}]}}`, ""},
		{"RTP bound to another address leaves a port free",
			`{rtp: {ports: 5060-5099, bind: 192.0.2.1}, sip: {listeners: [{network: udp, address: "192.0.2.2:5060"}]}}`, ""},
		{"TCP is no trouble for RTP ports",
			`{rtp: {ports: 8000-8999}}`, ""},
		{"tcp and tls share one port",
			`sip: {listeners: [{network: tcp, address: "0.0.0.0:5060"}, {network: tls, address: "0.0.0.0:5060"}]}`,
			`sip.listeners[1].address: "0.0.0.0:5060": takes the same tcp port as sip.listeners[0].address`},
		{"a wildcard takes every address",
			`sip: {listeners: [{network: udp, address: "127.0.0.1:5060"}, {network: udp, address: "0.0.0.0:5060"}]}`,
			`sip.listeners[1].address: "0.0.0.0:5060": takes the same udp port as sip.listeners[0].address`},
		{"the one that was written is blamed, not a default",
			`sip: {listeners: [{network: udp, address: "127.0.0.1:5070"}]}`,
			`sip.listeners[0].address: "127.0.0.1:5070": takes the same udp port as sim.address`},
		{"moving HTTP onto a listener's port",
			`http: {address: "127.0.0.1:5060"}`, `http.address: "127.0.0.1:5060": takes the same tcp port as sip.listeners[1].address`},
		{"moving a listener among the default RTP ports",
			`sip: {listeners: [{network: udp, address: "127.0.0.1:30000"}]}`, `lies among the RTP ports (rtp.ports 30000-39999)`},
		{"moving RTP ports over a default listener",
			`rtp: {ports: 5060-5069}`, `rtp.ports: "5060-5069": includes the port of sip.listeners[0].address`},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, problems := Parse("c.yaml", []byte(test.src), nil)
			switch {
			case test.want == "" && len(problems) > 0:
				t.Error(problems)
			case test.want != "" && (len(problems) != 1 || !strings.Contains(problems.Error(), test.want)):
				t.Errorf("got %q, want %q", problems.Error(), test.want)
			}
		})
	}
}

func TestProbesDoNotOutlastTheirInterval(t *testing.T) {
	for src, want := range map[string]string{
		"psap: {probe_interval: 0, probe_timeout: 1h}":   "",
		"psap: {probe_interval: 3s}":                     "",
		"psap: {probe_interval: 2s}":                     "psap.probe_interval",
		"psap: {probe_timeout: 11s}":                     "psap.probe_timeout",
		"psap: {probe_interval: 2s, probe_timeout: 3s}":  "psap.probe_timeout",
		"psap: {probe_timeout: 0}":                       "psap.probe_timeout",
		"psap: {probe_timeout: -1s, probe_interval: -1}": "psap.probe_timeout psap.probe_interval",
	} {
		_, problems := Parse("", []byte(src), nil)
		var paths []string
		for _, p := range problems {
			paths = append(paths, p.Path)
		}
		if got := strings.Join(paths, " "); got != want {
			t.Errorf("%s: %q, want %q", src, got, want)
		}
	}
}

func TestPortRangeReadsTwoPorts(t *testing.T) {
	for text, want := range map[string]PortRange{
		"30000-39999": {30000, 39999}, "30000 - 39999": {30000, 39999}, "65534-65535": {65534, 65535},
	} {
		var p PortRange
		if err := p.UnmarshalText([]byte(text)); err != nil || p != want {
			t.Errorf("%s: %v %v", text, p, err)
		}
	}
	for _, text := range []string{"", "-", "30000", "30000-", "a-b", "30000-65536", "1-2-3", "+1-2"} {
		var p PortRange
		if err := p.UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q is read as %v", text, p)
		}
	}
	if p := (PortRange{65534, 65535}); p.Size() != 2 || !p.Contains(65535) || p.Contains(65533) || (PortRange{5, 4}).Size() != 0 {
		t.Error("a range does not know its ports")
	}
}

// FuzzParse holds that no file and no variable brings the checks down, and that each problem can be printed on one line.
func FuzzParse(f *testing.F) {
	f.Add([]byte("sip: {listeners: [{network: udp, address: '[::1]:5060', advertise: '[x'}]}"), "CALLBOX_SIP_LISTENERS=udp:[::]:1=,tls")
	f.Add([]byte("rtp: {ports: 65535-0, advertise: ['::ffff:1.2.3.4', fe80::1%eth0]}\nsip: {listeners: []}"), "CALLBOX_RTP_BIND=::")
	f.Add([]byte("auth: &a {token: *a}\nlog: {<<: *a}"), "CALLBOX_AUTH_TOKEN=\x00")
	f.Fuzz(func(t *testing.T, src []byte, variable string) {
		o, problems := Parse("c.yaml", src, []string{variable})
		for _, p := range problems {
			if strings.ContainsAny(p.String(), "\r\n") {
				t.Errorf("%q", p)
			}
		}
		if len(problems) == 0 && (len(o.SIP.Listeners) == 0 || o.RTP.Ports.Size() < portsPerCall) {
			t.Errorf("%+v passes", o)
		}
	})
}

func TestOneMistakeGivesOneProblem(t *testing.T) {
	for _, test := range []struct {
		name, src string
		environ   []string
		want      []string
	}{
		{"an address that cannot be read is not missing as well",
			"sip: {listeners: [{network: udp, address: x}]}", nil, []string{"sip.listeners[0].address"}},
		{"a misspelt key leaves its option at the default, which is fine",
			"rtp: {port: 1-2}", nil, []string{"rtp.port"}},
		{"three listeners on one port are two too many",
			`sip: {listeners: [&a {network: udp, address: "127.0.0.1:5060"}, *a, *a]}`, nil,
			[]string{"sip.listeners[1].address", "sip.listeners[2].address"}},
		{"a section of the wrong shape is not checked within",
			"sip: {listeners: 5}", nil, []string{"sip.listeners"}},
		{"a bad value in the file counts even where a variable overrides it",
			"log: {level: [x]}", []string{"CALLBOX_LOG_LEVEL=debug"}, []string{"log.level"}},
		{"a value without sense in the file does not, where a variable overrides it",
			"log: {level: loud}", []string{"CALLBOX_LOG_LEVEL=debug"}, nil},
		{"a clash of a variable with the file is reported once, at the file",
			`http: {address: "127.0.0.1:9000"}`, []string{"CALLBOX_SIP_LISTENERS=tcp:127.0.0.1:9000"}, []string{"http.address"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, problems := Parse("c.yaml", []byte(test.src), test.environ)
			var paths []string
			for _, p := range problems {
				paths = append(paths, p.Path)
			}
			if strings.Join(paths, " ") != strings.Join(test.want, " ") {
				t.Errorf("problems at %v, want %v:\n%v", paths, test.want, problems)
			}
		})
	}
}

func TestUserAgentStaysOneShortLine(t *testing.T) {
	for value, ok := range map[string]bool{
		`""`: true, `"callbox lab/1.0 (3CX)"`: true, `"é"`: true,
		`"a\r\nVia: x"`: false, `"a\tb"`: false, `"a\u0085b"`: false, `"` + strings.Repeat("a", 101) + `"`: false,
	} {
		_, problems := Parse("c.yaml", []byte("sip: {user_agent: "+value+"}"), nil)
		if ok != (len(problems) == 0) {
			t.Errorf("%s: %v", value, problems)
		}
	}
}

func TestTheTokenFitsAnAuthorizationHeader(t *testing.T) {
	for value, ok := range map[string]bool{
		"Callbox-lab-911": true, "a:b/c=+~!": true, "a b": false, "a\tb": false, "pässword": false, "a\x7f": false,
	} {
		_, problems := Parse("", nil, []string{"CALLBOX_AUTH_TOKEN=" + value})
		if ok != (len(problems) == 0) || strings.Contains(problems.Error(), value) {
			t.Errorf("%q: %v", value, problems)
		}
	}
}
