package config

import (
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestChangedTellsWhatAReloadCanDo(t *testing.T) {
	for _, test := range []struct {
		name          string
		change        func(*Options)
		live, restart []string
	}{
		{"nothing", func(*Options) {}, nil, nil},
		{"a directory", func(o *Options) { o.Directory = "sites.yaml" }, []string{"directory"}, nil},
		{"a certificate", func(o *Options) { o.SIP.TLS = TLS{Certificate: "a", Key: "b"} }, []string{"sip.tls.certificate", "sip.tls.key"}, nil},
		{"an entry of the listeners", func(o *Options) { o.SIP.Listeners[1].Advertise = "sip.example.com" }, nil, []string{"sip.listeners"}},
		{"another listener", func(o *Options) { o.SIP.Listeners = append(o.SIP.Listeners, Listener{Network: "udp"}) }, nil, []string{"sip.listeners"}},
		{"an address", func(o *Options) { o.HTTP.Address = netip.MustParseAddrPort("127.0.0.1:1") }, nil, []string{"http.address"}},
		{"the token", func(o *Options) { o.Auth.Token = "new" }, nil, []string{"auth.token"}},
		{"some of both", func(o *Options) { o.Log = Log{"debug", "console"}; o.RTP.Timeout = time.Second },
			[]string{"log.level"}, []string{"log.format", "rtp.timeout"}},
		{"an empty list for none", func(o *Options) { o.RTP.Advertise = []netip.Addr{} }, nil, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			o := Defaults()
			test.change(&o)
			live, restart := Changed(Defaults(), o)
			if diff := cmp.Diff([][]string{test.live, test.restart}, [][]string{live, restart}); diff != "" {
				t.Error(diff)
			}
			if slices.Contains(live, "") {
				t.Error("an option without a name")
			}
		})
	}
}

func TestEachOptionIsNoticedByChanged(t *testing.T) {
	// Every variable set to something else than its default must show up once.
	other := map[string]string{
		"sip.listeners": "udp:127.0.0.1:0", "http.address": "127.0.0.1:1", "rtp.ports": "40000-40003", "rtp.bind": "127.0.0.1",
		"rtp.advertise": "192.0.2.1", "sim.enabled": "false", "sim.address": "127.0.0.1:2", "sim.voice": "builtin",
		"log.level": "error", "log.format": "console", "psap.probe_interval": "20s",
		"http.tls": "files", "http.plain": "true", "database.url": "sqlite:other", "auth.read_token": "another", "auth.algorithms": "MD5", "auth.nonce_life": "7s",
		"registrar.min_expires": "90s", "registrar.max_expires": "2h", "registrar.default_expires": "30m", "registrar.max_bindings": "7",
		"registrar.keepalive": "crlf", "registrar.keepalive_interval": "7s",
		"twilio.emergency_status": "strict", "twilio.address_validation": "lenient", "lab.delays": "realistic",
		"lab.fail_registration": "+14155550199", "psap.probe_timeout": "4s", "rtp.timeout": "7s", "rtp.quarantine": "7s", "call.max_duration": "7s", "call.session_expires": "30m",
		"call.min_session_expires": "100s", "drain.limit": "7s",
		"ali.listen": "127.0.0.1:3", "ali.allow": "192.0.2.0/24", "ali.company": "OTHER", "ali.linger": "7s", "ali.class_of_service": "BUSN",
		"emergency_data.base_url": "https://edge.example", "emergency_data.domain": "edge.example", "emergency_data.provider.id_series": "NENA",
		"emergency_data.provider.contact": "tel:911",
		"lost.access":                     "open", "lost.name": "lost.example.com",
		"smtp.address": "mail.example.com:25", "smtp.from": "edge@example.com", "smtp.tls": "tls",
	}
	var environ, want []string
	for _, k := range Keys() {
		value, ok := other[k.Path]
		if !ok {
			value = "other"
		}
		environ, want = append(environ, k.Env+"="+value), append(want, k.Path)
	}
	o, problems := Parse("", nil, environ)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	live, restart := Changed(Defaults(), o)
	got := append(live, restart...)
	slices.Sort(got)
	slices.Sort(want)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
