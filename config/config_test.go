package config

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"gopkg.in/yaml.v3"
)

// compareAddresses lets cmp see netip's types as values.
var compareAddresses = cmp.Options{
	cmp.Comparer(func(a, b netip.Addr) bool { return a == b }),
	cmp.Comparer(func(a, b netip.AddrPort) bool { return a == b }),
}

func TestDefaultsAreTheEmbeddedLab(t *testing.T) {
	addr := netip.MustParseAddrPort
	o, problems := Parse("", nil, nil)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	want := []Listener{{Network: "udp", Address: addr("0.0.0.0:5060")}, {Network: "tcp", Address: addr("0.0.0.0:5060")}, {Network: "tls", Address: addr("0.0.0.0:5061")}}
	if diff := cmp.Diff(want, o.SIP.Listeners, compareAddresses); diff != "" {
		t.Error(diff)
	}
	if o.HTTP.Address != addr("127.0.0.1:8080") || o.Sim.Address != addr("127.0.0.1:5070") || !o.Sim.Enabled {
		t.Errorf("HTTP %v, simulator %v", o.HTTP, o.Sim)
	}
	if o.RTP.Ports != (PortRange{30000, 39999}) || o.RTP.Bind.IsValid() || o.Data != "./callbox-data" || o.Directory != "" || o.Auth.Token != "" {
		t.Errorf("%+v", o)
	}
}

func TestDefaultsAreFreshEachTime(t *testing.T) {
	a := Defaults()
	a.SIP.Listeners[0].Network = "changed"
	if Defaults().SIP.Listeners[0].Network != "udp" {
		t.Error("two callers share the default listeners")
	}
}

// comments returns the paths of a YAML tree, list positions left out, each with the comments on its key.
func comments(n *yaml.Node, path string, into map[string]string) {
	switch n.Kind {
	case yaml.DocumentNode, yaml.SequenceNode:
		for _, c := range n.Content {
			comments(c, path, into)
		}
	case yaml.MappingNode:
		for i := 0; i < len(n.Content); i += 2 {
			k, v := n.Content[i], n.Content[i+1]
			p := strings.TrimPrefix(path+"."+k.Value, ".")
			into[p] += k.HeadComment + k.LineComment + v.HeadComment + v.LineComment
			comments(v, p, into)
		}
	}
}

func TestTheFullExampleHasAndExplainsEveryKey(t *testing.T) {
	src, err := os.ReadFile(filepath.Join(examples, "good/full.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var doc yaml.Node
	if err := yaml.Unmarshal(src, &doc); err != nil {
		t.Fatal(err)
	}
	seen := map[string]string{}
	comments(&doc, "", seen)
	for _, k := range Keys() {
		text, ok := seen[k.Path]
		if !ok {
			t.Errorf("%s is missing", k.Path)
			continue
		}
		want := []string{k.Env, "No default"}
		if k.Default != "" {
			want[1] = "Default: " + k.Default + " ("
		}
		for _, w := range want {
			if !strings.Contains(text, w) {
				t.Errorf("the comment of %s does not say %q", k.Path, w)
			}
		}
		if strings.Contains(text, "Takes effect at a reload") != k.Live {
			t.Errorf("the comment of %s is wrong about reloads", k.Path)
		}
	}
	for _, key := range []string{"network", "address", "advertise", "client_auth"} {
		if seen["sip.listeners."+key] == "" {
			t.Errorf("sip.listeners[].%s is missing or not explained", key)
		}
	}
}

func TestFileOverridesDefaultsAndVariablesOverrideTheFile(t *testing.T) {
	src := "http: {address: 127.0.0.1:9000}\nlog: {level: debug}\n"
	o, problems := Parse("callbox.yaml", []byte(src), []string{"CALLBOX_LOG_LEVEL=error"})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	if o.HTTP.Address.Port() != 9000 || o.Log.Level != "error" || o.Log.Format != "json" {
		t.Errorf("%+v %+v", o.HTTP, o.Log)
	}
}

func TestRelativePathsOfAFileAreRelativeToIt(t *testing.T) {
	src := "data: d\ndirectory: sites/lab.yaml\nsip: {tls: {certificate: /etc/c.pem, key: ../k.pem}}\nsim: {scripts: s.yaml}\n"
	o, problems := Parse("/etc/callbox/callbox.yaml", []byte(src), []string{"CALLBOX_SIM_SCRIPTS=s.yaml"})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	got := []string{o.Data, o.Directory, o.SIP.TLS.Certificate, o.SIP.TLS.Key, o.Sim.Scripts}
	want := []string{"/etc/callbox/d", "/etc/callbox/sites/lab.yaml", "/etc/c.pem", "/etc/k.pem", "s.yaml"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	o, _ = Parse("/etc/callbox/callbox.yaml", nil, nil)
	if o.Data != "./callbox-data" {
		t.Errorf("the default data directory moved to %s", o.Data)
	}
}

func TestLoadWithoutAFileTakesTheEnvironment(t *testing.T) {
	o, problems := Load("", []string{"CALLBOX_DATA=" + t.TempDir()})
	if len(problems) > 0 || o.Data == "./callbox-data" {
		t.Error(o.Data, problems)
	}
}

func TestLoadSaysWhyAFileCannotBeRead(t *testing.T) {
	dir := t.TempDir()
	for path, want := range map[string]string{
		filepath.Join(dir, "none.yaml"): "no such file",
		dir:                             "is a directory",
	} {
		_, problems := Load(path, nil)
		if len(problems) != 1 || problems[0].File != path || !strings.Contains(problems[0].Message, want) {
			t.Errorf("%s: %v", path, problems)
		}
	}
}

func TestLoadRefusesAFileThatIsTooLarge(t *testing.T) {
	path := filepath.Join(t.TempDir(), "big.yaml")
	if err := os.WriteFile(path, bytes.Repeat([]byte("#\n"), 5<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	_, problems := Load(path, nil)
	if len(problems) != 1 || !strings.Contains(problems[0].Message, "larger than") {
		t.Error(problems)
	}
}

func TestTheTokenNeverShows(t *testing.T) {
	o, problems := Parse("", nil, []string{"CALLBOX_AUTH_TOKEN=hunter2hunter2"})
	if len(problems) > 0 || string(o.Auth.Token) != "hunter2hunter2" {
		t.Fatal(problems)
	}
	asJSON, err := json.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []string{fmt.Sprint(o), fmt.Sprintf("%+v", o), fmt.Sprintf("%#v", o), string(asJSON)} {
		if strings.Contains(s, "hunter2") {
			t.Errorf("the token shows in %s", s)
		}
	}
}

func TestMediaIsAdvertisedWhereItIsBoundUnlessToldOtherwise(t *testing.T) {
	t.Parallel()
	v4, other, v6 := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("203.0.113.9"), netip.MustParseAddr("2001:db8::1")
	for _, tt := range []struct {
		name string
		rtp  RTP
		want []netip.Addr
	}{
		{"nothing set", RTP{}, nil},
		{"bound to every address", RTP{Bind: netip.IPv6Unspecified()}, nil},
		{"bound to one", RTP{Bind: v4}, []netip.Addr{v4}},
		{"behind a NAT", RTP{Bind: v4, Advertise: []netip.Addr{other}}, []netip.Addr{other}},
		{"the other version is set", RTP{Bind: v4, Advertise: []netip.Addr{v6}}, []netip.Addr{v6, v4}},
	} {
		if got := tt.rtp.Advertised(); !slices.Equal(got, tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
}
