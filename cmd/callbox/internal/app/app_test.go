package app

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
	"golang.org/x/sys/unix"

	"callbox/cmd/callbox/internal/web"
	"callbox/config"
	"callbox/config/strict"
	"callbox/psap/sim"
	"callbox/routing/directory"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestAPortThatCannotBeHadIsExplained(t *testing.T) {
	t.Parallel()
	taken := &net.OpError{Op: "listen", Net: "udp", Addr: &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 5060}}
	with := func(errno error) error {
		e := *taken
		e.Err = os.NewSyscallError("bind", errno)
		return fmt.Errorf("listen udp: %w", &e)
	}
	tests := []struct {
		name string
		err  error
		want []string
	}{
		{"in use", with(unix.EADDRINUSE), []string{"sip port 5060 is in use", "udp 127.0.0.1:5060", "another callbox", "--sip"}},
		{"not ours to take", with(unix.EACCES), []string{"5060 may not be used", "CAP_NET_BIND_SERVICE"}},
		{"IPv6 where there is none", with(unix.EAFNOSUPPORT), []string{"IPv6, which this machine does not have", "--sip"}},
		{"not this machine's", with(unix.EADDRNOTAVAIL), []string{"127.0.0.1:5060 is none of this machine's", "--sip"}},
		{"without an address", fmt.Errorf("bind: %w", unix.EADDRINUSE), []string{"sip port is in use", "given", "--sip"}},
		{"something else", errors.New("the moon"), []string{"start sip: the moon"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := bindError("sip", "given", "--sip", tt.err)
			for _, want := range tt.want {
				if !strings.Contains(got.Error(), want) {
					t.Errorf("no %q in %q", want, got)
				}
			}
			if !errors.Is(got, tt.err) {
				t.Error("the cause is lost")
			}
		})
	}
}

func TestMemoryIsTheLeastOfMachineAndGroup(t *testing.T) {
	t.Parallel()
	const meminfo = "MemTotal:        2048 kB\nMemFree:         1 kB\n"
	tests := []struct {
		name  string
		files map[string]string
		want  int64
	}{
		{"nothing known", nil, 0},
		{"the machine's", map[string]string{"proc/meminfo": meminfo}, 2 << 20},
		{"the group's is less", map[string]string{"proc/meminfo": meminfo, "sys/fs/cgroup/memory.max": "1048576\n"}, 1 << 20},
		{"the group has no limit", map[string]string{"proc/meminfo": meminfo, "sys/fs/cgroup/memory.max": "max\n"}, 2 << 20},
		{"an old kernel's group", map[string]string{"proc/meminfo": meminfo, "sys/fs/cgroup/memory/memory.limit_in_bytes": "4096"}, 4096},
		{"an old kernel's group without a limit", map[string]string{"proc/meminfo": meminfo, "sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712"}, 2 << 20},
		{"nonsense", map[string]string{"proc/meminfo": "MemTotal: lots kB\n"}, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			root := t.TempDir()
			for name, text := range tt.files {
				path := filepath.Join(root, name)
				if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if got := memoryAvailable(root); got != tt.want {
				t.Errorf("%d, want %d", got, tt.want)
			}
		})
	}
}

func TestProblemsBecomeTheAPIsFaultsEachOnce(t *testing.T) {
	t.Parallel()
	twice := strict.Problem{File: "d.yaml", Line: 3, Path: "domains[0]", Value: "x", Message: "is unknown", Mend: "did you mean y?"}
	got := faults(strict.Problems{twice, {File: "CALLBOX_DATA", Message: "is empty"}, twice, {Path: "sip.tls", Message: "is bad"}})
	want := web.Faults{
		{Message: "is unknown; did you mean y?", Location: "d.yaml:3: domains[0]", Value: "x"},
		{Message: "is empty", Location: "CALLBOX_DATA"},
		{Message: "is bad", Location: "sip.tls"},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

func TestEveryLiveSettingIsAdopted(t *testing.T) {
	t.Parallel()
	a := &App{settings: config.Defaults()}
	next := config.Defaults()
	next.Directory, next.Log.Level, next.Drain.Limit = "d.yaml", "debug", 1
	next.SIP.TLS = config.TLS{Certificate: "c", Key: "k"}
	next.HTTP.Certificate, next.HTTP.Key = "hc", "hk"
	next.SMTP = config.SMTP{Address: "mail.example.com:25", From: "a@example.com", User: "a", Password: "b", TLS: "tls"}
	next.Data, next.HTTP.Address = "elsewhere", netip.MustParseAddrPort("127.0.0.1:1")
	before, _ := config.Changed(a.settings, next)
	live := 0
	for _, k := range config.Keys() {
		if k.Live {
			live++
		}
	}
	if len(before) != live {
		t.Fatalf("the test changes %v, but %d settings are live: change them all", before, live)
	}
	a.adopt(next)
	left, restart := config.Changed(a.settings, next)
	if len(left) != 0 {
		t.Errorf("said to be in force and are not: %v", left)
	}
	if d := cmp.Diff([]string{"data", "http.address"}, restart); d != "" {
		t.Errorf("what waits for a restart is named again (-want +got):\n%s", d)
	}
}

func TestOnlyCentresAtTheSimulatorAreSimulated(t *testing.T) {
	t.Parallel()
	got := simulated([]directory.PSAP{
		{ID: "a", Name: "A", URI: "sip:psap-a@127.0.0.1:5070"},
		{ID: "b", Name: "B", URI: "sip:psap-b@127.0.0.1:5070;transport=tcp"},
		{ID: "c", URI: "sip:psap-c@127.0.0.1:5071"},
		{ID: "d", URI: "sip:127.0.0.1:5070"},
		{ID: "e", URI: "tel:112"},
	}, netip.MustParseAddrPort("127.0.0.1:5070"))
	want := []sim.Centre{{ID: "psap-a", Name: "A"}, {ID: "psap-b", Name: "B"}}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

func TestADirectoryThatCannotBeReadIsAProblem(t *testing.T) {
	t.Parallel()
	_, problems := LoadDirectory(filepath.Join(t.TempDir(), "gone.yaml"), netip.AddrPort{})
	if len(problems) != 1 || !strings.Contains(problems[0].Message, "no such file") || problems[0].Mend == "" {
		t.Errorf("%v", problems)
	}
}
