package directory

import (
	"flag"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"callbox/routing/area"
	"callbox/sip/location"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite golden files")

func load(t *testing.T, path string, o Options) *Snapshot {
	t.Helper()
	src, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	s, problems := Load(filepath.Base(path), src, o)
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	return s
}

// Each bad example is paired with the exact text of every problem in it.
func TestABadDirectoryReportsEveryProblemWithItsLine(t *testing.T) {
	files, err := filepath.Glob("testdata/bad/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatal("no examples", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".yaml"), func(t *testing.T) {
			src, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			s, problems := Load(filepath.Base(file), src, Options{})
			if s != nil || len(problems) == 0 {
				t.Fatal("loaded")
			}
			golden := strings.TrimSuffix(file, ".yaml") + ".txt"
			got := problems.Error() + "\n"
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestTheLeastDirectoryLoads(t *testing.T) {
	s := load(t, "testdata/good/minimal.yaml", Options{})
	n, _ := s.Number("+14155550100")
	d, _ := s.Domain("lab.sip.twilio.com")
	if n.Registered() || n.Service != ServiceNone || !n.OnDomain(d) || n.AccountSID != d.Account.SID {
		t.Errorf("number: %+v", n)
	}
	ecc, _ := s.ECC("US")
	if ecc.URI != "sip:911@192.0.2.1:5080;transport=tcp" || ecc.Ring != 30*time.Second || !ecc.Probe || !ecc.ECC {
		t.Errorf("ecc: %+v", ecc)
	}
	if got := s.Test().URI; got != "sip:test-service@127.0.0.1:5070" {
		t.Errorf("test service at %s", got)
	}
	if got := s.Announcement(); got != "sip:announce@127.0.0.1:5070" {
		t.Errorf("announcement at %s", got)
	}
}

func TestEveryKeyOfADirectoryFileIsTaken(t *testing.T) {
	s := load(t, "testdata/good/everything.yaml", Options{Sim: netip.MustParseAddrPort("192.0.2.7:6070")})
	d, _ := s.Domain("lab.sip.us1.twilio.com")
	if !d.Emergency || d.CallerIDMode != CallerIDAlways || d.CallerID != "+6448310100" || !d.Registration || !d.Secure ||
		d.SID != "SD00000000000000000000000000000001" || d.Access.ACLs[0].Name != "office" || d.Access.Credentials[0].Name != "phones" {
		t.Errorf("domain: %+v", d)
	}
	if h, ok := d.Access.Credentials[0].HA1("alice"); !ok || h != MakeHA1("alice", "Callbox-lab-911") {
		t.Error("alice's password is not known")
	}
	if len(d.Registrars) != 1 || d.Registrars[0] != d.Access.Credentials[0] {
		t.Errorf("registrars %v", d.Registrars)
	}
	other, _ := s.Domain("other.sip.twilio.com")
	trunk, _ := s.Trunk("trunk.example.org")
	n, _ := s.Number("+6448310100")
	if !n.OnDomain(d) || n.OnDomain(other) || n.OnTrunk(trunk) {
		t.Error("the number is tied to its list alone")
	}
	psap, level := s.Serving(n.Address)
	if psap.ID != "psap-wellington" || level != area.ByESN || n.Address.ESN() != "6401" {
		t.Errorf("served by %s, %s", psap.ID, level)
	}
	if psap.Ring != 15*time.Second || psap.Format != FormatSIP || psap.SRTP != SRTPRequired || psap.Capacity != 3 || psap.Probe ||
		psap.Policy != (AnswerPolicy{FollowRedirects: true, HideEarlyMedia: true, QueueAnswers: true}) {
		t.Errorf("psap: %+v", psap)
	}
	if got := slices.Collect(psap.PANI.All()); !psap.PANI.Always || len(got) != 5 || got[3] != "+6448310903" || got[4] != "+6448310910" {
		t.Errorf("pANIs %v, always %v", got, psap.PANI.Always)
	}
	who, ok := s.Network().Responders("6401")
	if want := (Responders{"Wellington Police", "Fire and Emergency New Zealand", "Wellington Free Ambulance"}); !ok || who != want {
		t.Errorf("responders %+v, %v", who, ok)
	}
	if _, ok := s.Network().Responders(""); ok {
		t.Error("responders of no ESN")
	}
	if got := psap.Chain()[0].URI; got != "sip:auckland@192.0.2.7:6070" {
		t.Errorf("overflow at %s", got)
	}
	if p, _ := s.Locate(area.Place{Country: "NZ", City: "Bluff"}); p != psap {
		t.Error("the whole country is served")
	}
	if p, ok := s.At(location.Point{Lat: -44, Lon: -176.5}); !ok || p != psap {
		t.Error("the Chatham Islands are served by nobody")
	}
	if c, _, _, ok := s.Nearest(location.Point{Lat: -41.278, Lon: 174.777}, 100); !ok || c.Street != "1 Molesworth Street" {
		t.Errorf("the nearest address is %+v", c)
	}
	if s.Announcement() != "" || s.Test().Ring != 5*time.Second || s.Test().URI != "sip:test@192.0.2.2" {
		t.Errorf("services: %q %+v", s.Announcement(), s.Test())
	}
	if got := n.Address.Line(); got != "1 Molesworth St, Level 2, Wellington, WGN, 6011, NZ" {
		t.Error(got)
	}
}

func TestAnAddressReadsAsInItsCountry(t *testing.T) {
	lab := LabContents(netip.AddrPort{})
	want := []string{
		"645 Harrison St, San Francisco, CA 94105, US",
		"350 5th Ave, Fl 21, New York, NY 10118, US",
		"110 Laurier Ave W, Ottawa, ON K1P 1J1, CA",
		"10 Downing St, London, SW1A 2AA, GB",
		"1 Kildare St, Dublin, D02 A272, IE",
		"483 George St, Sydney, NSW 2000, AU",
		"55 Rue du Faubourg Saint-Honoré, 75008 Paris, FR",
		"Platz der Republik 1, 11011 Berlin, DE",
		"Ballhausplatz 2, 1010 Wien, AT",
	}
	var got []string
	for _, r := range lab.Addresses {
		a, err := MakeAddress(r)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, a.Line())
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestAFilesDigestCoversItsStreetRanges(t *testing.T) {
	src := []byte("msag: [ranges.csv]\naccounts: [{sid: AC00000000000000000000000000000001}]\n")
	parse := func(ranges string) *File {
		f, problems := Parse("dir/directory.yaml", src, Options{Read: func(name string) ([]byte, error) {
			if name != filepath.Join("dir", "ranges.csv") {
				t.Errorf("%s is read", name)
			}
			return []byte(ranges), nil
		}})
		if err := problems.Err(); err != nil {
			t.Fatal(err)
		}
		return f
	}
	const head = "country,state,community,postal_code,prd,stn,sts,pod,low,high,parity,esn\n"
	const harrison9999 = head + "US,CA,SAN FRANCISCO,94105,,HARRISON,ST,,601,699,O,9999\n"
	none, one := parse(head+"US,CA,OAKLAND,94607,,HARRISON,ST,,601,699,O,9998\n"), parse(harrison9999)
	if none.Digest == one.Digest {
		t.Error("the digest does not follow the ranges")
	}
	if none.Network.GuideDigest() == one.Network.GuideDigest() || one.Network.GuideDigest() != parse(harrison9999).Network.GuideDigest() {
		t.Error("the guide's digest does not follow the ranges alone")
	}
	harrison := area.Civic{Street: "645 Harrison St", City: "San Francisco", State: "CA", PostalCode: "94105", Country: "US"}
	if a, b := none.Network.Guide().Check(harrison).ESN, one.Network.Guide().Check(harrison).ESN; a != "" || b != "9999" {
		t.Errorf("the lab's street has ESN %q where a file has others of the country, and %q by the file", a, b)
	}
	downing := area.Civic{Street: "10 Downing St", City: "London", PostalCode: "SW1A 2AA", Country: "GB"}
	if f := one.Network.Guide().Check(downing); f.ESN == "" {
		t.Errorf("the lab's other countries are gone: %+v", f)
	}
}

func TestOnlyAnAddressAsItStandsInTheGuideHasAnESN(t *testing.T) {
	src := `
accounts: [{sid: AC00000000000000000000000000000001}]
addresses:
  - {id: right, street: 645 Harrison Street, secondary: Fl 2, city: san francisco, state: California, postal_code: "94105", country: us}
  - {id: near, street: 645 Harison St, city: San Francisco, state: CA, postal_code: "94105", country: US}
  - {id: nowhere, street: 1 No Such Rd, city: San Francisco, state: CA, postal_code: "94105", country: US}
`
	f, problems := Parse("esn.yaml", []byte(src), Options{})
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, a := range f.Addresses {
		got = append(got, a.ID+" "+a.ESN)
	}
	if diff := cmp.Diff([]string{"right 2101", "near ", "nowhere "}, got); diff != "" {
		t.Error(diff)
	}
}

func TestAProblemOfAnEntryPointsAtIt(t *testing.T) {
	src, err := os.ReadFile("testdata/good/everything.yaml")
	if err != nil {
		t.Fatal(err)
	}
	f, problems := Parse("everything.yaml", src, Options{})
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, at := range []struct{ sid, key string }{
		{f.Customers.Accounts[0].SID, ""}, {f.Customers.Domains[0].SID, "name"}, {f.Customers.Domains[1].SID, ""},
		{f.Customers.CredentialLists[0].Users[0].SID, "user"}, {f.Customers.CredentialLists[0].Users[0].SID, "password"},
		{f.Numbers[0].SID, "number"}, {f.Numbers[0].SID, "no such key"}, {f.Addresses[0].SID, "id"}, {"PN1", "number"},
	} {
		got = append(got, f.Problem(at.sid, at.key, "is taken", "write another").String())
	}
	want := []string{
		`everything.yaml:11: accounts[0]: is taken; write another`,
		`everything.yaml:20: domains[0].name: "Lab.sip.us1.twilio.com": is taken; write another`,
		`everything.yaml:37: domains[1]: is taken; write another`,
		`everything.yaml:17: credential_lists[0].users[0].user: "alice": is taken; write another`,
		`everything.yaml:17: credential_lists[0].users[0].password: "***": is taken; write another`,
		`everything.yaml:60: numbers[0].number: "+6448310100": is taken; write another`,
		`everything.yaml:59: numbers[0]: is taken; write another`,
		`everything.yaml:49: addresses[0].id: "wellington": is taken; write another`,
		`everything.yaml:2: is taken; write another`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func FuzzLoad(f *testing.F) {
	f.Add(labYAML)
	for _, pattern := range []string{"testdata/bad/*.yaml", "testdata/good/*.yaml"} {
		files, _ := filepath.Glob(pattern)
		for _, file := range files {
			if src, err := os.ReadFile(file); err == nil {
				f.Add(src)
			}
		}
	}
	read := func(name string) ([]byte, error) { // what the fuzzer names may have no end
		switch name {
		case "testdata/good/ranges.csv", "testdata/good/areas.geojson", "testdata/good/points.geojson":
			return os.ReadFile(name)
		}
		return nil, fs.ErrNotExist
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		file, problems := Parse("fuzz.yaml", src, Options{Read: read})
		if (file == nil) != (len(problems) > 0) {
			t.Errorf("file %v with %d problems", file, len(problems))
		}
		if file == nil {
			return
		}
		s, err := file.Snapshot()
		if err != nil {
			t.Errorf("a good file leaves out %v", err)
		}
		for n := range s.Numbers() {
			if _, ok := s.ECC(n.Country); !ok {
				t.Errorf("%s of %s has no ECC", n.E164, n.Country)
			}
		}
	})
}
