package systest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"callbox/sip/call"
)

func TestWrongSourceIsRefused(t *testing.T) {
	t.Parallel()
	l := startLab(t, settings{directory: directoryFor(t, "192.0.2.0/24",
		target{id: "psap-first", uri: "sip:psap-first@sim"}, target{id: "ecc-us", uri: "sip:ecc-us@sim"})})
	final, id := l.call(t, caller{scenario: "refused.xml", to: "911"}).answer()
	if diff := cmp.Diff(refused(403, 32201), outcomeOf(l.record(t, id))); diff != "" {
		t.Errorf("the record differs (-want +got):\n%s", diff)
	}
	checkRefusal(t, final, 32201)
}

func TestIPv6CallerTalksToAnIPv4Centre(t *testing.T) {
	t.Parallel()
	free, err := net.ListenPacket("udp", "[::1]:0")
	if err != nil {
		t.Skipf("no IPv6 here: %v", err)
	}
	edge := free.LocalAddr().String()
	_ = free.Close()
	psap := startCentre(t, centre{scenario: "uas_answer.xml", media: true})
	l := startLab(t, settings{
		anyAddress: true, more: fmt.Sprintf("    - {network: udp, address: %q}", edge),
		directory: directoryFor(t, "::1/128", target{id: "psap-first", uri: psap.uri()}, target{id: "ecc-us", uri: "sip:ecc-us@sim"}),
	})
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "speech.ulaw"), ulaw(tone(5)), 0o600); err != nil {
		t.Fatal(err)
	}
	said := l.call(t, caller{scenario: "talk.xml", to: "911", at: "::1", edge: edge, dir: dir, hold: 2 * time.Second})
	ok, _ := said.find(func(m message) bool { return m.received && isOK(m) })
	if !strings.Contains(ok.body, "c=IN IP6 ::1") {
		t.Errorf("the caller is told to send media to\n%s", ok.body)
	}
	_, id := said.answer()
	r := l.record(t, id)
	if r.Media.FromCaller.Packets < 60 || r.Media.FromCentre.Packets < 60 || r.EndReason != call.EndCallerHungUp {
		t.Errorf("the call ended by %v, media %+v", r.EndReason, r.Media)
	}
	psap.stop(t)
}

// certify writes a certificate of the given serial number where the lab takes it from.
func (l *lab) certify(t *testing.T, serial int64) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: "systest"}, DNSNames: []string{"edge.example.com"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	l.write(t, "key.pem", string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret})))
	l.write(t, "certificate.pem", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert})))
}

// serial returns the serial number of the certificate the edge shows.
func (l *lab) serial() (int64, error) {
	conn, err := tls.Dial("tcp", l.sips(), &tls.Config{InsecureSkipVerify: true}) // signed by nobody
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	return conn.ConnectionState().PeerCertificates[0].SerialNumber.Int64(), nil
}

func TestCertificateIsReloadedWithoutARestart(t *testing.T) {
	t.Parallel()
	l := prepareLab(t, settings{tls: true})
	l.certify(t, 1)
	l.start(t)
	for serial := range int64(2) {
		serial++
		l.certify(t, serial)
		l.signal(t, syscall.SIGHUP)
		eventually(t, 5*time.Second, "the new certificate is shown", func() error {
			if got, err := l.serial(); err != nil || got != serial {
				return fmt.Errorf("serial number %d (%v), want %d", got, err, serial)
			}
			return nil
		})
	}
	l.write(t, "key.pem", "no key")
	l.signal(t, syscall.SIGHUP)
	eventually(t, 5*time.Second, "the log says why", func() error {
		if !strings.Contains(l.log.String(), "key.pem") {
			return fmt.Errorf("not yet")
		}
		return nil
	})
	if got, err := l.serial(); err != nil || got != 2 {
		t.Errorf("after a bad key the certificate is %d (%v)", got, err)
	}
}

func TestSimulatedCentresServeAloneToo(t *testing.T) {
	t.Parallel()
	host := newHost()
	centres := exec.Command(callbox(t), "psap", "--address", host+":6070")
	said := &buffer{}
	centres.Stdout, centres.Stderr = said, said
	centres.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := centres.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = centres.Process.Signal(syscall.SIGTERM)
		if err := centres.Wait(); err != nil {
			t.Errorf("callbox psap: %v\n%s", err, said)
		}
	})
	eventually(t, 10*time.Second, "callbox psap listens", func() error { return taken(host+":6070", false) })
	text := directoryOf(t, target{id: "psap-first", uri: "sip:psap-sf@" + host + ":6070"}, target{id: "ecc-us", uri: "sip:ecc-us@" + host + ":6070"})
	l := startLab(t, settings{noSim: true, directory: strings.ReplaceAll(text, "@sim", "@"+host+":6070")})
	if by := answeredBy(t, l); by != "psap-first" {
		t.Errorf("answered by %q\n%s", by, said)
	}
}
