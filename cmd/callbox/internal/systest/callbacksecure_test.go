package systest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	trunking "github.com/twilio/twilio-go/rest/trunking/v1"
)

// securePBX runs a baresip that answers calls by TLS and SRTP alone, with a certificate that ca is for.
func securePBX(t *testing.T, p softphone, ca string) *buffer {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "pbx"}, IPAddresses: []net.IP{net.ParseIP(p.host)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
	}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	public := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert}))
	for name, text := range map[string]string{
		ca:                              public,
		filepath.Join(p.dir, "pbx.pem"): string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret})) + public,
	} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	p.account = "<sip:pbx@" + p.host + ":6061;transport=tls>;regint=0;answermode=auto;audio_codecs=PCMU/8000/1;mediaenc=srtp-mand\n"
	p.config, p.modules = "sip_certificate "+p.dir+"/pbx.pem\n", []string{"srtp"}
	said := p.start(t).said
	eventually(t, 30*time.Second, "the PBX listens", func() error { return taken(p.host+":6061", true) })
	return said
}

// The PBX of a secure trunk is called back by TLS and SRTP, from a call centre that has neither.
func TestASecureTrunkIsCalledBackBySRTP(t *testing.T) {
	t.Parallel()
	p := newSoftphone(t)
	host, ca := p.host, filepath.Join(p.dir, "ca.pem")
	said := securePBX(t, p, ca)
	l := startLab(t, settings{more: fmt.Sprintf("  tls: {ca: %q}\n", ca)})
	l.script(t, "psap-sf", `{"hang_up_after": "5s"}`)
	c := l.customer(t)
	all := ok[[]trunking.TrunkingV1Trunk](t)(c.trunk.ListTrunk(&trunking.ListTrunkParams{}))
	i := slices.IndexFunc(all, func(k trunking.TrunkingV1Trunk) bool { return *k.DomainName == trunk })
	if i < 0 {
		t.Fatal("the lab has no trunk")
	}
	ok[any](t)(c.trunk.UpdateTrunk(*all[i].Sid, (&trunking.UpdateTrunkParams{}).SetSecure(true)))
	l.originate(t, "clear", "sip:pbx@"+host+":6060;transport=udp", 10, 10)
	l.originate(t, "pbx", "sip:pbx@"+host+":6061;transport=tls", 20, 10)
	wire := startCapture(t, "host "+host)
	r := l.record(t, l.callback(t, "psap-sf", map[string]string{"number": sanFrancisco}))
	if r.AnsweredBy != "pbx" || tried(r) != "pbx answered" {
		t.Fatalf("answered by %q, tried %s; %v\n%s", r.AnsweredBy, tried(r), r.Trace, said)
	}
	if in := r.Media.FromCentre; !strings.HasPrefix(in.SRTP, "AES_CM_128") && !strings.HasPrefix(in.SRTP, "AEAD_AES") || in.Packets < 50 {
		t.Errorf("media %+v", r.Media)
	}
	if r.Media.FromCaller.SRTP != "" {
		t.Errorf("the call centre's media is %s", r.Media.FromCaller.SRTP)
	}
	eventually(t, 20*time.Second, "tshark sees TLS and no SIP", func() error {
		see := func(filter string) string {
			out, _ := exec.Command(wire.tshark, "-r", wire.file, "-d", "tcp.port==6061,tls", "-Y", filter).Output()
			return string(out)
		}
		if clear := see("sip"); clear != "" {
			t.Fatalf("SIP in the clear: %s", clear)
		}
		if see("tls.handshake.type == 1 && ip.dst == "+host) == "" {
			return errors.New("no TLS")
		}
		return nil
	})
}
