package systest

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"net/netip"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"callbox/sip/call"
)

const (
	secureTrunk  = "secure.pstn.ashburn.twilio.com"
	plainTrunk   = "plain.pstn.ashburn.twilio.com"
	secureTrunks = `
accounts: [{sid: AC00000000000000000000000000000911, name: Secure}]
acls: [{name: here, networks: [127.0.0.0/8]}]
trunks:
  - {name: ` + secureTrunk + `, secure: true, acls: [here]}
  - {name: ` + plainTrunk + `, acls: [here]}
addresses: [{id: sf, street: 645 Harrison St, city: San Francisco, state: CA, postal_code: "94105", country: US}]
numbers: [{number: "` + sanFrancisco + `", service: e911, address: sf}]
psaps:
  - {id: psap-sf, name: First, uri: "sip:psap-sf@sim", ring: 20s, srtp: %s, serves: {country: US, postal_codes: ["941"]}}
eccs: [{id: ecc-us, name: National, country: US, uri: "sip:ecc-us@sim", ring: 20s}]
test_service: {uri: "sip:test-service@sim"}
announcement: sip:announce@sim
`
)

// secureLab is an edge with a secure trunk and a plain one, and a centre of which the directory says srtp and its script
// takes, which gives back what it hears.
func secureLab(t *testing.T, srtp, takes string) *lab {
	t.Helper()
	l := startLab(t, settings{directory: fmt.Sprintf(secureTrunks, srtp), probeInterval: -1})
	script := fmt.Sprintf(`{"greeting": "", "read_back": false, "closing": "", "then": "echo", "ring": "0s", "srtp": %q}`, takes)
	l.put(t, "/api/v1/psaps/psap-sf/script", script, 200)
	return l
}

func (l *lab) secureArgs(trunk string, more ...string) []string {
	args := []string{"911", "--from", sanFrancisco, "--domain", trunk}
	if trunk == secureTrunk {
		args = append(args, "--transport", "tls", "--insecure", "--edge", l.sips())
	} else {
		args = append(args, "--edge", l.sip())
	}
	return append(args, more...)
}

// Each leg has the media that its trunk or centre wants, and the tone comes back through both.
func TestEachLegHasItsOwnSRTP(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ trunk, phone, centre, takes, fromCaller, fromCentre string }{
		{secureTrunk, "required", "off", "off", "AEAD_AES_256_GCM", ""},
		{secureTrunk, "optional", "required", "required", "AEAD_AES_256_GCM", "AEAD_AES_256_GCM"},
		{plainTrunk, "off", "required", "optional", "", "AEAD_AES_256_GCM"},
		{plainTrunk, "optional", "optional", "off", "", ""},
	} {
		t.Run(tc.phone+" to "+tc.centre, func(t *testing.T) {
			t.Parallel()
			l := secureLab(t, tc.centre, tc.takes)
			got := phone(t, 0, l.secureArgs(tc.trunk, "--srtp", tc.phone, "--tone", "--duration", "2s")...)
			if got.PacketsReceived < 50 || got.Level < -25 {
				t.Errorf("the softphone tells %+v", got)
			}
			m := l.record(t, got.CallID).Media
			if m.FromCaller.SRTP != tc.fromCaller || m.FromCentre.SRTP != tc.fromCentre || m.FromCaller.Dropped+m.FromCentre.Dropped > 0 {
				t.Errorf("media %+v", m)
			}
		})
	}
}

func TestMediaThatDoesNotSuitATrunkIsRefused(t *testing.T) {
	t.Parallel()
	l := secureLab(t, "off", "off")
	for _, tc := range []struct {
		args           []string
		status         int
		code, sentence string
	}{
		{l.secureArgs(secureTrunk), 488, "32208", "SRTP is required"},
		{l.secureArgs(plainTrunk, "--srtp", "required"), 488, "32207", "only RTP/SAVP; switch SRTP off"},
		{[]string{"911", "--from", sanFrancisco, "--domain", secureTrunk, "--edge", l.sip(), "--srtp", "required"}, 403, "32209", "TLS"},
	} {
		got := phone(t, 4, tc.args...)
		if got.Status != tc.status || got.ErrorCode != tc.code || !strings.Contains(got.Sentence, tc.sentence) {
			t.Errorf("%v: %+v", tc.args, got)
		}
	}
}

// An old PBX offers a line of RTP and a line of SRTP, with keys of which only the last can be used.
func TestSIPpOffersRTPAndSRTP(t *testing.T) {
	t.Parallel()
	l := secureLab(t, "off", "off")
	_, id := l.call(t, caller{scenario: "srtp.xml", to: "911", domain: secureTrunk, transport: "tls"}).answer()
	if r := l.record(t, id); r.AnsweredBy != "psap-sf" || r.Media.FromCaller.SRTP != "AES_CM_128_HMAC_SHA1_32" {
		t.Errorf("answered by %q, media %+v", r.AnsweredBy, r.Media)
	}
}

// packet is one RTP packet as tshark saw it.
type packet struct {
	from, to string // host:port
	seq      int
	payload  []byte // SRTP: with the tag
	raw      []byte // the datagram
}

// packets waits until the RTP packets captured so far are enough and returns them.
func (c *capture) packets(t *testing.T, enough func([]packet) error) (all []packet) {
	t.Helper()
	eventually(t, 30*time.Second, "the capture has the packets", func() error {
		cmd := exec.Command(c.tshark, "-r", c.file, "-o", "rtp.heuristic_rtp:TRUE", "-Y", "rtp && !icmp", "-T", "fields",
			"-e", "ip.src", "-e", "udp.srcport", "-e", "ip.dst", "-e", "udp.dstport", "-e", "rtp.seq", "-e", "udp.payload")
		out, err := cmd.Output() // the file may end within a packet
		if err != nil && len(out) == 0 {
			return fmt.Errorf("tshark: %w", err)
		}
		all = nil
		for line := range strings.Lines(string(out)) {
			f := strings.Split(strings.TrimRight(line, "\r\n"), "\t")
			if len(f) < 6 {
				continue
			}
			raw, err := hex.DecodeString(strings.ReplaceAll(f[5], ":", ""))
			if seq, _ := strconv.Atoi(f[4]); err == nil && len(raw) > 12 {
				all = append(all, packet{f[0] + ":" + f[1], f[2] + ":" + f[3], seq, raw[12:], raw})
			}
		}
		return enough(all)
	})
	return all
}

// at tells whether an address is on a host.
func at(address, host string) bool { return strings.HasPrefix(address, host+":") }

func TestBaresipCallsBySRTP(t *testing.T) {
	t.Parallel()
	l, p := secureLab(t, "off", "off"), newSoftphone(t)
	p.account = account(sanFrancisco, secureTrunk, "tls", l.sips(), "regint=0", "mediaenc=srtp-mand")
	p.modules = []string{"sndfile", "srtp"}
	wire := startCapture(t, "udp and host "+l.host)
	said := p.run(t, "sip:911@"+secureTrunk, 8*time.Second, 30*time.Second)
	if !strings.Contains(said, "Call established") {
		t.Fatalf("baresip was not answered:\n%s", said)
	}
	r := l.record(t, l.theCall(t))
	f := r.Media.FromCaller
	if r.AnsweredBy != "psap-sf" || r.Transport != "tls" || !strings.HasPrefix(f.SRTP, "AES_CM_128") && !strings.HasPrefix(f.SRTP, "AEAD_AES") {
		t.Errorf("answered by %q over %s, media %+v", r.AnsweredBy, r.Transport, r.Media)
	}
	if f.Packets < 100 || r.Media.FromCentre.Packets < 100 || f.Forged+f.Replayed > 2 {
		t.Errorf("media: %+v", r.Media)
	}
	if s := p.heard(t); s.active < time.Second || s.level < -40 { // its own tone, back from the centre
		t.Errorf("baresip heard %+v", s)
	}
	checkSealed(t, wire, l, r)
}

// checkSealed holds what went between a phone and the edge to what went on in the clear, which was all on the edge's own
// host: no payload of it is the same, and each has a tag.
func checkSealed(t *testing.T, wire *capture, l *lab, r call.Record) {
	t.Helper()
	var in, out []packet
	clear := map[string]bool{}
	want, plain := int(r.Media.FromCaller.Packets), 0
	wire.packets(t, func(all []packet) error {
		in, out, plain = nil, nil, 0
		for _, p := range all {
			switch here, there := at(p.from, l.host), at(p.to, l.host); {
			case here && there && len(p.payload) == 160:
				clear[string(p.payload[:32])], plain = true, plain+1
			case there && !here:
				in = append(in, p)
			case here && !there:
				out = append(out, p)
			}
		}
		if len(in) < want || len(out) < 100 || plain < want {
			return fmt.Errorf("%d packets in, %d out, %d in the clear; %d came from the caller", len(in), len(out), plain, want)
		}
		return nil
	})
	short := 0
	for _, p := range append(in, out...) {
		if len(p.payload) <= 160 {
			short++ // baresip begins with an empty packet without protection, which opens ways through NAT
			continue
		}
		if clear[string(p.payload[:32])] {
			t.Fatalf("packet %d from %s to %s is in the clear", p.seq, p.from, p.to)
		}
	}
	if short > 2 {
		t.Errorf("%d packets have no room for a tag", short)
	}
}

// Somebody on the network sends copies of a call's packets, and packets of his own making, to the edge.
func TestForgedAndReplayedSRTPIsDroppedAndCounted(t *testing.T) {
	t.Parallel()
	l := secureLab(t, "off", "off")
	wire := startCapture(t, "udp and dst host "+l.host)
	done := make(chan placed, 1)
	go func() {
		defer close(done)
		done <- phone(t, 0, l.secureArgs(secureTrunk, "--srtp", "required", "--tone", "--duration", "12s")...)
	}()
	r := l.recordWhen(t, l.theCall(t), "media flows", func(r call.Record) bool { return r.Media.FromCaller.Packets > 10 })
	var seen []packet
	wire.packets(t, func(all []packet) error {
		seen = slices.DeleteFunc(all, func(p packet) bool { return !at(p.from, "127.0.0.1") })
		if len(seen) < 10 {
			return fmt.Errorf("%d packets of the phone", len(seen))
		}
		return nil
	})
	edge := netip.MustParseAddrPort(seen[0].to)
	stranger := openMedia(t, newHost(), 16000)
	const each = 50
	for i := range each {
		p := seen[i%5].raw
		stranger.to(t, edge, p)
		forged := bytes.Clone(p)
		forged[2], forged[3], forged[30] = byte(200+i), byte(i), forged[30]^1
		stranger.to(t, edge, forged)
	}
	got, ok := <-done
	if !ok {
		t.FailNow()
	}
	if got.PacketsReceived < 100 || got.Level < -25 {
		t.Errorf("the softphone tells %+v", got)
	}
	r = l.record(t, got.CallID)
	if f := r.Media.FromCaller; f.Replayed != each || f.Forged != each || f.LatchSwitches != 0 {
		t.Errorf("of %d copies and %d forged packets: %+v", each, each, f)
	}
	if n := stranger.heard(t); n != 0 {
		t.Errorf("the stranger heard %d packets", n)
	}
	_, figures := l.get(t, "/metrics")
	for _, line := range []string{`callbox_media_dropped_packets_total{reason="forged"} 50`, `callbox_media_dropped_packets_total{reason="replayed"} 50`} {
		if !strings.Contains(string(figures), line) {
			t.Errorf("the metrics lack %s", line)
		}
	}
}
