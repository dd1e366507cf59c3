package systest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	api "github.com/twilio/twilio-go/rest/api/v2010"

	"callbox/sip/call"
)

// linphone is a linphonec without a sound card: it plays tone.wav, and writes what it hears to heard.wav in dir.
type linphone struct {
	console
	dir string
}

// startLinphone starts linphonec with the lines of its configuration that make an account, and returns when it can
// call. It needs a route to somewhere, or it takes the network for gone, so a machine without one skips the test.
func startLinphone(t *testing.T, account, more string) linphone {
	t.Helper()
	path, err := exec.LookPath("linphonec")
	if err != nil {
		t.Skip("linphonec is not installed (Debian: apt-get install linphone-cli)")
	}
	p := linphone{dir: t.TempDir()}
	for _, dir := range []string{".local/share/linphone", ".config/linphone"} { // it ends up half working without them
		if err := os.MkdirAll(filepath.Join(p.dir, dir), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	config := "[rtp]\naudio_rtp_port=18100-18999\n[sip]\nsip_port=-1\nsip_tcp_port=-1\nsip_tls_port=-1\nverify_server_certs=0\nverify_server_cn=0\n" + more + account
	if err := os.WriteFile(filepath.Join(p.dir, "rc"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	writeWAV(t, filepath.Join(p.dir, "tone.wav"), tone(30))
	p.console = startConsole(t, p.dir, path, "-c", "rc", "-d", "4", "-l", "log")
	up := time.NewTimer(30 * time.Second)
	defer up.Stop()
	again := time.NewTicker(100 * time.Millisecond)
	defer again.Stop()
	for {
		log, _ := os.ReadFile(filepath.Join(p.dir, "log"))
		if strings.Contains(string(log), "SIP network reachability state is now [UP]") {
			break
		}
		select {
		case <-again.C:
		case <-up.C:
			t.Skip("linphone sees no network here")
		}
	}
	p.do(t, "soundcard use files")
	p.do(t, "play "+filepath.Join(p.dir, "tone.wav"))
	p.do(t, "record "+filepath.Join(p.dir, "heard.wav"))
	return p
}

// linphoneAccount is a phone that sends by way of the edge and does not register.
func linphoneAccount(edge, transport string) string {
	return fmt.Sprintf("default_proxy=0\n[proxy_0]\nreg_proxy=<sip:%[1]s;transport=%[2]s>\n"+
		"reg_route=<sip:%[1]s;transport=%[2]s;lr>\nreg_identity=<sip:+14155550100@lab.sip.us1.twilio.com>\nreg_sendregister=0\n",
		edge, transport)
}

func TestLinphoneTalksToACallTaker(t *testing.T) {
	t.Parallel()
	const secure = "media_encryption=srtp\nmedia_encryption_mandatory=1\n"
	for transport, more := range map[string]string{"udp": "", "tcp": "", "tls": secure} {
		t.Run(transport, func(t *testing.T) {
			t.Parallel()
			l := startLab(t, settings{})
			edge := l.sip()
			if transport == "tls" {
				edge = l.sips()
				l.makeSecure(t, "lab.sip.us1.twilio.com")
			}
			p := startLinphone(t, linphoneAccount(edge, transport), more)
			p.do(t, "call sip:911@lab.sip.us1.twilio.com")
			p.await(t, "Media streams established", 1)
			id := l.theCall(t)
			l.recordWhen(t, id, "linphone is heard", func(r call.Record) bool {
				return r.Media.FromCaller.Packets > 250 && r.Media.FromCentre.Packets > 250
			})
			p.do(t, "terminate")
			r := l.record(t, id)
			if r.AnsweredBy != "psap-sf" || r.EndReason != call.EndCallerHungUp || r.Transport != transport || r.Media.OneWay {
				t.Errorf("answered by %q over %s, ended by %v; media %+v", r.AnsweredBy, r.Transport, r.EndReason, r.Media)
			}
			p.await(t, "ended (No error)", 1)
			if s := readWAV(t, filepath.Join(p.dir, "heard.wav")); s.active < time.Second {
				t.Errorf("linphone heard %+v", s)
			}
		})
	}
}

// makeSecure has a domain of the lab take TLS and SRTP alone.
func (l *lab) makeSecure(t *testing.T, name string) {
	t.Helper()
	c := l.customer(t)
	for _, d := range ok[[]api.ApiV2010SipDomain](t)(c.api.ListSipDomain(&api.ListSipDomainParams{})) {
		if *d.DomainName == name {
			ok[any](t)(c.api.UpdateSipDomain(*d.Sid, (&api.UpdateSipDomainParams{}).SetSecure(true)))
		}
	}
}
