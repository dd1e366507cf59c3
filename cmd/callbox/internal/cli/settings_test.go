package cli

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"

	"callbox/config"
	"callbox/config/strict"
)

// parse returns the settings that a command line gives.
func parse(t *testing.T, args ...string) *settings {
	t.Helper()
	s := &settings{}
	cmd := &cobra.Command{Use: "x", Run: func(*cobra.Command, []string) {}}
	s.add(cmd)
	if err := cmd.ParseFlags(args); err != nil {
		t.Fatal(err)
	}
	return s
}

// The tests change the environment, which is the process's, so they do not run beside each other.

func TestFlagsStandAboveFileAndEnvironment(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "edge.yaml")
	text := "data: from-file\nhttp: {address: \"127.0.0.1:1001\"}\nlog: {level: warn}\nsim: {enabled: false}\n" +
		"sip: {listeners: [{network: udp, address: \"127.0.0.1:1002\"}]}\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("CALLBOX_LOG_LEVEL", "debug")
	t.Setenv("CALLBOX_HTTP_ADDRESS", "127.0.0.1:1003")
	words := func(o config.Options) map[string]string {
		m := map[string]string{
			"data": filepath.Base(o.Data), "http": o.HTTP.Address.String(), "log": o.Log.Level, "rtp": o.RTP.Ports.String(),
			"sim": "off", "directory": o.Directory,
		}
		if o.Sim.Enabled {
			m["sim"] = o.Sim.Address.String()
		}
		for _, l := range o.SIP.Listeners {
			m["sip"] += l.String() + " "
		}
		return m
	}
	tests := []struct {
		name string
		args []string
		want map[string]string
	}{
		{
			"no flags: file, and the environment above it", nil,
			map[string]string{"data": "from-file", "http": "127.0.0.1:1003", "log": "debug", "rtp": "30000-39999", "sim": "off", "sip": "udp:127.0.0.1:1002 ", "directory": ""},
		},
		{
			"every flag",
			[]string{
				"--data", "from-flag", "--http", "127.0.0.1:1004", "--log-level", "error", "--rtp-ports", "20000-20099",
				"--sim", "127.0.0.1:1005", "--sip", "udp:127.0.0.1:1006", "--sip", "tls:[::1]:1007=edge.example",
			},
			map[string]string{
				"data": "from-flag", "http": "127.0.0.1:1004", "log": "error", "rtp": "20000-20099", "sim": "127.0.0.1:1005",
				"sip": "udp:127.0.0.1:1006 tls:[::1]:1007=edge.example ", "directory": "",
			},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o, problems := parse(t, append(tt.args, "--config", file)...).load()
			if len(problems) > 0 {
				t.Fatal(problems)
			}
			if d := cmp.Diff(tt.want, words(o)); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		})
	}
}

func TestSimOffIsAFlagToo(t *testing.T) {
	o, problems := parse(t, "--sim", "off").load()
	if len(problems) > 0 || o.Sim.Enabled {
		t.Errorf("enabled %v, problems %v", o.Sim.Enabled, problems)
	}
}

func TestAFlagLetsHTTPOutWithoutTLS(t *testing.T) {
	if _, problems := parse(t, "--http", "0.0.0.0:8080").load(); len(problems) != 1 || problems[0].File != "--http" {
		t.Errorf("without the flag: %v", problems)
	}
	for _, more := range [][]string{{"--http-plain"}, {"--http-tls", "auto"}} {
		if _, problems := parse(t, append(more, "--http", "0.0.0.0:8080")...).load(); len(problems) > 0 {
			t.Errorf("%v: %v", more, problems)
		}
	}
}

func TestFlagsClashLikeAnyOtherSetting(t *testing.T) {
	_, problems := parse(t, "--sip", "udp:127.0.0.1:5070").load() // the simulated centres' own
	if len(problems) == 0 {
		t.Error("two sockets on one port are no problem")
	}
}

func TestOnlyFlagsAreToBlameForAUsageError(t *testing.T) {
	t.Parallel()
	var f *failure
	flags := strict.Problems{{File: "--http", Message: "is no address"}}
	if err := blame(flags); !errors.As(err, &f) || f.code != exitUsage {
		t.Errorf("%v is no usage error", err)
	}
	mixed := append(flags, strict.Problem{File: "edge.yaml", Message: "is wrong"})
	var problems strict.Problems
	if err := blame(mixed); !errors.As(err, &problems) || errors.As(err, new(*failure)) {
		t.Errorf("%v: a file is to blame, too", err)
	}
	if err := blame(nil); err != nil {
		t.Errorf("blame(nil) = %v", err)
	}
}
