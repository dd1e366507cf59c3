package directory

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestAHostIsFoundInAnyOfItsForms(t *testing.T) {
	s := load(t, "testdata/good/everything.yaml", Options{})
	rows := []struct{ name, host, domain, trunk string }{
		{"as written", "lab.sip.us1.twilio.com", "lab.sip.us1.twilio.com", ""},
		{"in capitals", "LAB.SIP.US1.TWILIO.COM", "lab.sip.us1.twilio.com", ""},
		{"with a final dot", "lab.sip.us1.twilio.com.", "lab.sip.us1.twilio.com", ""},
		{"without a region", "lab.sip.twilio.com", "lab.sip.us1.twilio.com", ""},
		{"at another region", "lab.sip.dublin.twilio.com", "lab.sip.us1.twilio.com", ""},
		{"below an extra suffix", "lab.sip.lab.example", "lab.sip.us1.twilio.com", ""},
		{"by an alias", "sip.example.org", "lab.sip.us1.twilio.com", ""},
		{"by an IPv4 address", "192.0.2.9", "lab.sip.us1.twilio.com", ""},
		{"by an IPv6 address", "2001:db8::9", "lab.sip.us1.twilio.com", ""},
		{"another name is another domain", "other.sip.us1.twilio.com", "other.sip.twilio.com", ""},
		{"an unknown name is none", "nobody.sip.twilio.com", "", ""},
		{"a label too many is none", "a.lab.sip.twilio.com", "", ""},
		{"a region too many is none", "lab.sip.a.b.twilio.com", "", ""},
		{"the suffix alone is none", "sip.twilio.com", "", ""},
		{"another provider is none", "lab.sip.us1.twilio.com.example.org", "", ""},
		{"nothing is none", "", "", ""},
		{"dots are none", "...", "", ""},
		{"what is endless is none", strings.Repeat("a", 300), "", ""},
		{"a trunk without a region", "lab.pstn.twilio.com", "", "lab.pstn.twilio.com"},
		{"a trunk at an edge", "lab.pstn.ashburn.twilio.com", "", "lab.pstn.twilio.com"},
		{"a trunk below an extra suffix", "lab.pstn.lab.example", "", "lab.pstn.twilio.com"},
		{"a trunk by an alias", "trunk.example.org", "", "lab.pstn.twilio.com"},
	}
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			var domain, trunk string
			if d, ok := s.Domain(r.host); ok {
				domain = d.Name
			}
			if tr, ok := s.Trunk(r.host); ok {
				trunk = tr.Name
			}
			if domain != r.domain || trunk != r.trunk {
				t.Errorf("%q is domain %q and trunk %q", r.host, domain, trunk)
			}
		})
	}
}

func TestLookUpsAllocateNothing(t *testing.T) {
	s := Lab(netip.AddrPort{})
	acl := s.Domains()[0].Access.ACLs[0]
	list := s.Trunks()[0].Access.Credentials[0]
	source, domain := netip.MustParseAddr("::ffff:127.0.0.1"), s.Domains()[0]
	n, _ := s.Number("+14155550100")
	allocated := testing.AllocsPerRun(100, func() {
		s.Domain("LAB.sip.dublin.twilio.com.")
		s.Trunk("lab.pstn.twilio.com")
		s.Number("+14155550100")
		s.ECC("US")
		s.Centre("psap-sf")
		acl.Contains(source)
		list.HA1("alice")
		s.Serving(n.Address)
		n.Address.Civic()
		n.OnDomain(domain)
	})
	if allocated != 0 {
		t.Errorf("%v allocations", allocated)
	}
}

func TestACentresURI(t *testing.T) {
	sim := netip.MustParseAddrPort("[::1]:6070")
	rows := []struct{ name, uri, want, problem string }{
		{"the simulator's address is put in", "sip:psap-sf@sim", "sip:psap-sf@[::1]:6070", ""},
		{"parameters stay", "sip:psap-sf@sim;transport=tcp", "sip:psap-sf@[::1]:6070;transport=tcp", ""},
		{"the scheme becomes lower case", "SIPS:911@psap.example.org", "sips:911@psap.example.org", ""},
		{"an address and port are taken", "sip:911@192.0.2.1:5080", "sip:911@192.0.2.1:5080", ""},
		{"an IPv6 address is taken", "sip:911@[2001:db8::1]:5080", "sip:911@[2001:db8::1]:5080", ""},
		{"tel is not for centres", "tel:911", "", "is not a sip: or sips: URI"},
		{"a user part is needed", "sip:psap.example.org", "", "has no user part"},
		{"an empty user part is none", "sip:@psap.example.org", "", "has no user part"},
		{"a user part is escaped", "sip:a b@psap.example.org", "", "has a character in its user part that must be escaped"},
		{"a host is needed", "sip:911@", "", "has a host that is no host name or address"},
		{"a port is a number", "sip:911@host:sip", "", "has a port that is not 1 to 65535"},
		{"a port is at most 65535", "sip:911@host:65536", "", "has a port that is not 1 to 65535"},
		{"brackets are for IPv6", "sip:911@[192.0.2.1]", "", "has a host that is no IPv6 address"},
		{"IPv6 needs brackets", "sip:911@2001:db8::1", "", "has a host that is no host name or address"},
		{"headers are refused", "sip:911@host;a=b?X-Evil=1", "", "has parameters that cannot be read"},
		{"line breaks are refused", "sip:911@host;a=b\r\nX: 1", "", "has parameters that cannot be read"},
	}
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			got, err := resolveURI(r.uri, sim)
			problem := ""
			if err != nil {
				problem = err.Error()
			}
			if got != r.want || problem != r.problem {
				t.Errorf("%q: %q, %q", r.uri, got, problem)
			}
		})
	}
}

func TestASnapshotNeverPrintsItsSecrets(t *testing.T) {
	s := Lab(netip.AddrPort{})
	list := s.Trunks()[0].Access.Credentials[0]
	h, ok := list.HA1("alice")
	if !ok {
		t.Fatal("no alice")
	}
	j, err := json.Marshal(map[string]any{"h": h, "l": list, "f": LabContents(netip.AddrPort{}).Customers, "s": s})
	if err != nil {
		t.Fatal(err)
	}
	all := string(j)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		all += fmt.Sprintf(verb, s) + fmt.Sprintf(verb, list) + fmt.Sprintf(verb, *list) + fmt.Sprintf(verb, s.Edit()) +
			fmt.Sprintf(verb, *s) + fmt.Sprintf(verb, *s.customers) + fmt.Sprintf(verb, LabContents(netip.AddrPort{}))
	}
	for _, secret := range []string{h.MD5, h.SHA256, "Callbox-lab-911"} {
		if strings.Contains(all, secret) || strings.Contains(all, fmt.Sprintf("%x", secret)) {
			t.Errorf("%q is printed", secret)
		}
	}
}

func TestAnACLTakesMappedAddressesAndNoStrangers(t *testing.T) {
	l := &ACL{Networks: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("fe80::/10")}}
	for source, want := range map[string]bool{
		"127.0.0.1": true, "::ffff:127.0.0.1": true, "fe80::1%eth0": true,
		"128.0.0.1": false, "::1": false, "::ffff:192.0.2.1": false,
	} {
		if got := l.Contains(netip.MustParseAddr(source)); got != want {
			t.Errorf("Contains(%s) = %v", source, got)
		}
	}
	if l.Contains(netip.Addr{}) {
		t.Error("no address is in no network")
	}
}

func TestSIDsAreTheSameAtEveryStart(t *testing.T) {
	a, b := Lab(netip.AddrPort{}), Lab(netip.MustParseAddrPort("192.0.2.1:5070"))
	for n := range a.Numbers() {
		if other, _ := b.Number(n.E164); n.SID() != other.SID() || !validSID(sidNumber, n.SID()) {
			t.Errorf("%s: %s, %s", n.E164, n.SID(), other.SID())
		}
	}
	if got := a.Accounts()[0].SID; got != "AC00000000000000000000000000000911" {
		t.Error(got)
	}
	if d := a.Domains()[0]; !validSID(sidDomain, d.SID) || !validSID(sidACL, d.Access.ACLs[0].SID) {
		t.Errorf("domain %s", d.SID)
	}
}

func TestUsersOfAllListsHaveSIDsOfTheirOwn(t *testing.T) {
	f, problems := Parse("directory.yaml", []byte(`
accounts: [{sid: AC00000000000000000000000000000001}]
credential_lists:
  - {name: a, users: [{user: b/c, password: Secret-password-1}]}
  - {name: a/b, users: [{user: c, password: Secret-password-1}]}
`), Options{})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	if l := f.Customers.CredentialLists; l[0].Users[0].SID == l[1].Users[0].SID {
		t.Error("two users are", l[0].Users[0].SID)
	}
}

func TestWordsOfEnumerationsGoBothWays(t *testing.T) {
	for _, want := range strings.Fields(serviceWords + " " + statusWords + " " + formatWords + " " + modeWords) {
		var service Service
		var status AddressStatus
		var format Format
		var mode CallerIDMode
		known := 0
		for _, v := range []interface {
			UnmarshalText([]byte) error
			MarshalText() ([]byte, error)
		}{&service, &status, &format, &mode} {
			if v.UnmarshalText([]byte(want)) != nil {
				continue
			}
			known++
			if got, err := v.MarshalText(); err != nil || string(got) != want {
				t.Errorf("%q became %q", want, got)
			}
		}
		if known != 1 {
			t.Errorf("%q is known to %d enumerations", want, known)
		}
	}
	if got := Service(9).String(); !strings.HasPrefix(got, "unknown(") {
		t.Error(got)
	}
}

func TestADeliverySaysWhatItDelivers(t *testing.T) {
	got := []string{
		Delivery{}.String(), Delivery{Number: true}.String(), Delivery{Number: true, Address: true}.String(),
		Delivery{Number: true, Address: true, Format: FormatSIP}.String(),
	}
	want := []string{"nothing", "number", "number and address (pidf)", "number and address (sip)"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestTheLabsCentresAreGivenOutAsCopies(t *testing.T) {
	s := Lab(netip.MustParseAddrPort("127.0.0.1:6070"))
	list := s.PSAPs()
	eccs := 0
	for _, p := range list {
		if p.URI != "sip:"+p.ID+"@127.0.0.1:6070" {
			t.Errorf("%s is at %s", p.ID, p.URI)
		}
		if p.ECC {
			eccs++
		}
	}
	if countries := s.Plan().Countries(); eccs != len(countries) {
		t.Errorf("%d ECCs for %v", eccs, countries)
	}
	list[0].URI = "changed"
	if p, _ := s.Centre(list[0].ID); p.URI == "changed" {
		t.Error("the snapshot was changed through the list")
	}
}
