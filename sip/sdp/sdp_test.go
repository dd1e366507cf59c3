package sdp

import (
	"flag"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	pion "github.com/pion/sdp/v3"
)

var update = flag.Bool("update", false, "write the golden files anew")

func ours() Local {
	return Local{Addr: netip.MustParseAddr("192.0.2.1"), RTP: 30000, ID: 911, Version: 7}
}

func mustParse(t testing.TB, text string) *Session {
	t.Helper()
	s, err := Parse([]byte(text))
	if err != nil {
		t.Fatalf("parse: %v\n%s", err, text)
	}
	return s
}

// offers returns the descriptions of testdata/offers by file name.
func offers(t testing.TB) map[string]string {
	t.Helper()
	files, err := filepath.Glob("testdata/offers/*.sdp")
	if err != nil || len(files) == 0 {
		t.Fatalf("no offers: %v", err)
	}
	all := make(map[string]string)
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		all[filepath.Base(file)] = string(text)
	}
	return all
}

// ofTheCaller matches what must not pass: addresses, host names, keys, products.
var ofTheCaller = regexp.MustCompile(`\d+\.\d+\.\d+\.\d+|2001:db8|callers\.example|\.local|inline:|cname|candidate|` +
	`ice-|fingerprint|3cxPS|Polycom|baresip|Cisco|alice|jdoe|Talk|555`)

func TestOffersOfRealPhonesPassWithoutTheirNetwork(t *testing.T) {
	for name, text := range offers(t) {
		t.Run(name, func(t *testing.T) {
			in := mustParse(t, text)
			out := string(in.Rewrite(nil, ours(), RoleOffer))

			path := filepath.Join("testdata/golden", name)
			if *update {
				if err := os.WriteFile(path, []byte(out), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), out); diff != "" {
				t.Errorf("%s (-want +got):\n%s", path, diff)
			}
			for _, found := range ofTheCaller.FindAllString(out, -1) {
				if found != "192.0.2.1" {
					t.Errorf("%q of the caller shows in:\n%s", found, out)
				}
			}
			agreesWithPion(t, in, out)
		})
	}
}

// agreesWithPion reads what was rewritten with another parser.
func agreesWithPion(t *testing.T, in *Session, out string) {
	t.Helper()
	if strings.Contains(out, "m=image") {
		return // which pion does not know
	}
	var other pion.SessionDescription
	if err := other.Unmarshal([]byte(out)); err != nil {
		t.Fatalf("pion: %v", err)
	}
	if got, want := len(other.MediaDescriptions), len(in.Media()); got != want {
		t.Fatalf("pion sees %d m-lines, want %d", got, want)
	}
	audio, usable := in.Audio()
	for i, m := range other.MediaDescriptions {
		relayed := usable && i == audio.Index
		if port := m.MediaName.Port.Value; (port == 30000) != relayed || (port == 0) == relayed {
			t.Errorf("pion sees port %d in m-line %d", port, i)
		}
		if relayed {
			if diff := cmp.Diff(audio.Formats, m.MediaName.Formats); diff != "" {
				t.Errorf("pion's formats (-want +got):\n%s", diff)
			}
		}
	}
}

func TestAudioOfRealPhones(t *testing.T) {
	type facts struct {
		Index     int
		RTP, RTCP string
		Mux, Held bool
		Direction string
		Formats   string
		PTime     int
	}
	tests := map[string]facts{
		"3cx.sdp":     {0, "203.0.113.77:9124", "203.0.113.77:9125", false, false, "sendrecv", "110 9 0 8 18 101", 20},
		"baresip.sdp": {0, "[2001:db8:5::7]:17882", "[2001:db8:5::7]:17883", true, false, "sendrecv", "96 0 8 101", 20},
		"linphone.sdp": {0, "203.0.113.103:61794", "203.0.113.103:50735", false, false, "sendrecv",
			"96 0 8 18 97 98", 0},
		"sipp-lf.sdp":      {0, "127.0.1.1:6000", "127.0.1.1:6001", false, false, "sendrecv", "0 8 101", 0},
		"polycom-hold.sdp": {0, "192.168.9.74:2222", "192.168.9.74:2223", false, false, "sendonly", "9 0 8 18 127", 0},
		"yealink-srtp-optional.sdp": {1, "10.0.0.52:11820", "10.0.0.52:11821", false, false, "sendrecv",
			"0 8 101", 20},
		"cisco-old-hold.sdp": {0, "none:27866", "none:27867", false, true, "sendonly", "0 8 18 101", 0},
		"fqdn-schedule.sdp":  {0, "none:5004", "none:5005", false, false, "sendrecv", "0 101", 0},
	}
	show := func(a netip.AddrPort) string {
		if a.IsValid() {
			return a.String()
		}
		return "none:" + strings.TrimPrefix(netip.AddrPortFrom(netip.IPv4Unspecified(), a.Port()).String(), "0.0.0.0:")
	}
	for name, text := range offers(t) {
		t.Run(name, func(t *testing.T) {
			s := mustParse(t, text)
			m, ok := s.Audio()
			want, usable := tests[name]
			if ok != usable || (s.Unusable() == "") != usable {
				t.Fatalf("usable %v, want %v, sentence %q", ok, usable, s.Unusable())
			}
			if !usable {
				return
			}
			got := facts{m.Index, show(m.RTP), show(m.RTCP), m.Mux, m.Held, m.Direction.String(),
				strings.Join(m.Formats, " "), m.PTime}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("audio (-want +got):\n%s", diff)
			}
		})
	}
}

func TestUnusableSaysWhy(t *testing.T) {
	tests := []struct{ name, media, want string }{
		{"no audio", "m=video 4000 RTP/AVP 96\r\n", "the session description has no audio line"},
		{"nothing", "", "the session description has no audio line"},
		{"audio switched off", "m=audio 0 RTP/AVP 0\r\n", "every audio line of the session description has port 0"},
		{"audio by SRTP alone", "m=audio 4000 RTP/SAVP 0\r\nm=audio 0 RTP/AVP 0\r\n",
			"the session description has no plain RTP audio line (RTP/AVP), only RTP/SAVP"},
		{"audio without a format", "m=audio 4000 RTP/AVP\r\n", "the session description has an audio line without a payload type"},
		{"usable audio", "m=audio 4000 RTP/AVP 0\r\n", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := mustParse(t, "v=0\r\n"+tt.media).Unusable(); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}
