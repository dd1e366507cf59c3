package guide

import (
	"regexp"
	"slices"
	"strings"
	"testing"
)

func TestEachGuideIsThereAndEachFileIsOne(t *testing.T) {
	t.Parallel()
	files, err := pages.ReadDir(".")
	if err != nil || len(files) != len(All()) {
		t.Fatal(len(files), len(All()), err)
	}
	for _, g := range All() {
		text, err := Text(strings.ToUpper(g.Name))
		if err != nil || !strings.HasPrefix(text, "# ") || !strings.Contains(text, "For labs only") || g.About == "" {
			t.Errorf("%s: %v", g.Name, err)
		}
	}
	if _, err := Text("cisco"); err == nil || err.Error() != `there is no guide "cisco": there are 3cx, freepbx, asterisk, linphone, baresip` {
		t.Error(err)
	}
	if _, err := Text("../guide"); err == nil {
		t.Error("another file is read")
	}
}

// pjsip are options of pjsip.conf that the guides may use, by the type of their section, as its reference has them
// (res_pjsip, res_pjsip_endpoint_identifier_ip).
var pjsip = map[string][]string{
	"transport": {"protocol", "bind", "method", "ca_list_file", "verify_server", "cert_file", "priv_key_file"},
	"endpoint": {
		"transport", "context", "disallow", "allow", "aors", "outbound_auth", "outbound_proxy", "from_domain", "from_user", "send_pai", "send_rpid",
		"trust_id_outbound", "direct_media", "rtp_symmetric", "force_rport", "rewrite_contact", "dtmf_mode", "timers", "media_encryption",
		"media_encryption_optimistic", "callerid",
	},
	"aor":      {"contact", "qualify_frequency", "max_contacts"},
	"auth":     {"auth_type", "username", "password", "realm"},
	"identify": {"endpoint", "match"},
}

func TestThePJSIPOptionsAreThoseOfTheReference(t *testing.T) {
	t.Parallel()
	text, err := Text("asterisk")
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile("(?ms)^```ini\n; pjsip.conf.*?\n(.*?)^```$").FindAllStringSubmatch(text, -1)
	if len(blocks) != 2 {
		t.Fatal(len(blocks), "blocks")
	}
	for _, b := range blocks {
		kind := ""
		for line := range strings.Lines(b[1]) {
			line = strings.TrimSpace(line)
			key, value, ok := strings.Cut(line, "=")
			switch {
			case line == "":
			case strings.HasPrefix(line, "[") && strings.HasSuffix(line, "]"):
				kind = ""
			case !ok:
				t.Errorf("%q is neither a section nor an option", line)
			case key == "type":
				if kind = value; pjsip[kind] == nil {
					t.Errorf("no section is of type %q", kind)
				}
			case !slices.Contains(pjsip[kind], key):
				t.Errorf("%q has no option %q", kind, key)
			case strings.Contains(strings.ReplaceAll(value, `\;`, ""), ";"):
				t.Errorf("%q: what follows the semicolon would be a comment", line)
			}
		}
	}
}
