package directory

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestTheLoSTServerOfANetwork(t *testing.T) {
	t.Parallel()
	const start = "accounts: [{sid: AC00000000000000000000000000000001}]\npsaps:\n  - {id: a, uri: \"sip:a@192.0.2.1\"}\n"
	tests := []struct {
		name, section string
		want          *LoST
	}{
		{"none", "", nil},
		{"its URL is enough", "lost: {url: \"https://lost.example.com/lost\"}\n",
			&LoST{URL: "https://lost.example.com/lost", Timeout: 500 * time.Millisecond, Cache: time.Hour}},
		{"everything", "lost: {url: \"http://127.0.0.1/lost\", timeout: 1s, cache: 0s, default: a}\n",
			&LoST{URL: "http://127.0.0.1/lost", Timeout: time.Second, Default: "a"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f, problems := Parse("lost.yaml", []byte(start+tt.section), Options{})
			if len(problems) > 0 {
				t.Fatal(problems)
			}
			s, err := f.Snapshot()
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(tt.want, s.LoST()); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestACentreIsFoundByItsURI(t *testing.T) {
	t.Parallel()
	src := `accounts: [{sid: AC00000000000000000000000000000001}]
psaps:
  - {id: plain, uri: "sip:plain@Psap.Example.com"}
  - {id: port, uri: "sips:port@psap.example.com:5061;transport=tcp"}
  - {id: sim, uri: "sip:sim@sim"}
eccs: [{id: ecc, country: US, uri: "sip:ecc@psap.example.com"}]
`
	f, problems := Parse("lost.yaml", []byte(src), Options{})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	tests := []struct{ uri, want string }{
		{"sip:plain@psap.example.com", "plain"}, {"SIP:plain@PSAP.example.com:5060;user=phone", "plain"},
		{"sips:port@psap.example.com", "port"}, {"sip:port@psap.example.com", ""}, {"sip:Plain@psap.example.com", ""},
		{"sip:sim@127.0.0.1:5070", "sim"}, {"sip:ecc@psap.example.com", ""}, {"xmpp:plain@psap.example.com", ""}, {"", ""},
	}
	for _, tt := range tests {
		got := ""
		if p, ok := f.Network.ByURI(tt.uri); ok {
			got = p.ID
		}
		if got != tt.want {
			t.Errorf("%q is %q, want %q", tt.uri, got, tt.want)
		}
	}
}
