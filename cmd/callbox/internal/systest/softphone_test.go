package systest

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// softphone is a baresip without a sound card: its own tone goes out, and with the module sndfile what it hears is
// written to a dump-*-dec.wav in dir. Zero values leave the rest to newSoftphone and its usual configuration.
type softphone struct {
	host    string   // of its own, where it takes SIP at port 6060
	dir     string   // has its files
	listen  string   // where it takes SIP instead
	account string   // a line of its accounts file
	config  string   // more lines of its configuration
	modules []string // beside those of the codec and of the tone
	tone    int      // seconds, 30 if 0
}

// newSoftphone has a host and a directory of its own.
func newSoftphone(t *testing.T) softphone { return softphone{host: newHost(), dir: t.TempDir()} }

// account is a line of baresip's accounts file: a user of a domain who calls by way of an edge.
func account(user, domain, transport, edge string, params ...string) string {
	return fmt.Sprintf("<sip:%s@%s;transport=%s>;outbound=\"sip:%s;transport=%[3]s\";audio_codecs=PCMU/8000/1;%[5]s\n",
		user, domain, transport, edge, strings.Join(params, ";"))
}

// proves are the parameters of an account that registers.
func proves(user, password, seconds string) []string {
	return []string{"auth_user=" + user, "auth_pass=" + password, "regint=" + seconds}
}

// write writes its files.
func (p softphone) write(t *testing.T) {
	t.Helper()
	listen, length := p.host+":6060", 30
	if p.listen != "" {
		listen = p.listen
	}
	if p.tone != 0 {
		length = p.tone
	}
	local, _, _ := strings.Cut(listen, ":")
	var config strings.Builder
	fmt.Fprintf(&config, "sip_listen %s\nnet_interface %s\nrtp_ports 17000-17900\n"+
		"audio_source aufile,%[3]s/tone.wav\naudio_player aubridge,nil\naudio_alert aubridge,nil\nsnd_path %[3]s\n%smodule_path %s\n",
		listen, local, p.dir, p.config, baresipModules())
	for _, m := range append([]string{"g711", "aufile", "aubridge"}, p.modules...) {
		fmt.Fprintf(&config, "module %s.so\n", m)
	}
	config.WriteString("module_tmp account.so\nmodule_app menu.so\n")
	writeWAV(t, filepath.Join(p.dir, "tone.wav"), tone(length))
	for name, text := range map[string]string{"contacts": "", "accounts": p.account, "config": config.String()} {
		if err := os.WriteFile(filepath.Join(p.dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// baresipModules is the directory of its modules.
func baresipModules() (dir string) {
	for _, m := range []string{"/usr/lib/baresip/modules", "/usr/lib/x86_64-linux-gnu/baresip/modules", "/usr/lib/aarch64-linux-gnu/baresip/modules"} {
		if _, err := os.Stat(m); err == nil {
			dir = m
		}
	}
	return dir
}

// start runs it until the test ends or it is stopped.
func (p softphone) start(t *testing.T, args ...string) console {
	t.Helper()
	path := need(t, "baresip", "baresip-core")
	p.write(t)
	return startConsole(t, p.dir, path, slices.Concat([]string{"-f", p.dir}, args)...)
}

// run runs it until it has dialled and quit, and returns what it said. It is killed when it has not quit so much too late.
func (p softphone) run(t *testing.T, to string, quit, late time.Duration) string {
	t.Helper()
	c := p.start(t, "-e", "/dial "+to, "-t", seconds(quit))
	stuck := time.AfterFunc(quit+late, func() { _ = c.process.Kill() })
	defer stuck.Stop()
	if err := c.wait(); err != nil {
		t.Fatalf("baresip: %v", err)
	}
	return c.said.String()
}

// register starts it and waits until the edge has its registration. Debian's baresip 1.0 gives up on two challenges, and
// gets one when it comes again.
func (p softphone) register(t *testing.T, l *lab, args ...string) console {
	t.Helper()
	c := p.start(t, args...)
	eventually(t, 60*time.Second, "the phone is registered", func() error {
		_, body := l.get(t, "/api/v1/registrations")
		switch {
		case strings.Contains(string(body), p.host+":"):
			return nil
		case strings.Contains(c.said.String(), "not implemented"):
			c.stop(os.Kill)
			c = p.start(t, args...)
		}
		return fmt.Errorf("%s\n%s", body, c.said)
	})
	return c
}

// heard reads the one file of what it heard.
func (p softphone) heard(t *testing.T) sound {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(p.dir, "dump-*-dec.wav"))
	if err != nil || len(files) != 1 {
		t.Fatalf("baresip wrote %v", files)
	}
	return readWAV(t, files[0])
}
